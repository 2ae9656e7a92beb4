"""`catalog show` says of a target what the screens say, in their words, within 80 columns."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def shown(tmp_path: Path, target: str) -> dict[str, str]:
    """The facts of a target of a small catalog, by their labels; lines without one belong to the label above."""
    config = tmp_path / "config"
    config.mkdir(exist_ok=True)
    (config / "catalog.toml").write_text(CATALOG)
    done = subprocess.run(
        [sys.executable, "-m", "xswitch", "catalog", "show", target],
        env={"XSWITCH_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done
    head, *lines = done.stdout.splitlines()
    assert head == target
    facts: dict[str, str] = {}
    label = ""
    for line in lines:
        assert len(line) <= 80 or line.startswith("written in")
        label = line[:13].strip() or label
        facts[label] = f"{facts[label]} | {line[13:]}" if label in facts else line[13:]
    return facts


CATALOG = """
version = 1
[defaults]
identity = "central"
[identities.central]
kind = "keys"
account_id = "111122223333"
mfa_serial = "arn:aws:iam::111122223333:mfa/ada"
[environments.prod]
confirm = "type"
reason = true
[environments.staging]
confirm = "ask"
[environments.dev]
[[accounts]]
id = "111122223333"
name = "hub"
roles = [{ name = "Hub" }]
[[accounts]]
id = "222222222222"
name = "pay-prod"
environment = "prod"
roles = [{ name = "Deploy", via = "hub/Hub" }]
[[accounts]]
id = "333333333333"
name = "pay-staging"
environment = "staging"
roles = [{ name = "Admin", mfa = true }]
[[accounts]]
id = "444444444444"
name = "pay-dev"
environment = "dev"
roles = [{ name = "Admin" }]
"""


def test_a_guard_its_environment_and_the_way_are_in_the_words_of_the_screens(tmp_path: Path) -> None:
    prod = shown(tmp_path, "pay-prod/Deploy")
    assert (prod["environment"], prod["guard"]) == ("PROD", "asks for the name and a reason")
    assert prod["opens from"] == "central, IAM user | hub/Hub, assumed first"
    staging = shown(tmp_path, "pay-staging/Admin")
    assert (staging["environment"], staging["guard"]) == ("STAGING", "asks for a yes")
    assert staging["opens from"].startswith("central, IAM user")
    assert staging["MFA"].startswith("code asked, ")
    dev = shown(tmp_path, "pay-dev/Admin")
    assert (dev["environment"], dev["guard"], dev["MFA"]) == (
        "dev",
        "opens without asking to confirm",
        "no code wanted",
    )
    assert not any("->" in value for facts in (prod, staging, dev) for value in facts.values())
