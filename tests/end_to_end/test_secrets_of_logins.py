"""The tokens of a login are in the file that the AWS CLI shares, and nowhere else."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from guarded_house import PASSPHRASE, GuardedHouse
from login_home import BROWSER, CATALOG

CACHE = r"\S+/\.aws/sso/cache/"
NAME = r"[0-9a-f]{40}\.json"
OWN = re.compile(rf"in (the file {CACHE}\.{NAME}\S+\.tmp|a file that is gone, {CACHE}(\.{NAME}\S+\.tmp|{NAME}))$")
"""A token file while it is written, and when a logout has removed it."""


@pytest.fixture
def house(tmp_path: Path, xswitch: str) -> Iterator[GuardedHouse]:
    with GuardedHouse(tmp_path, xswitch) as made:
        made.paths.catalog_file.write_text(made.practice.catalog_toml() + CATALOG)
        made.practice.organization.directory.poll_seconds = 1
        script = tmp_path / "browser.py"
        script.write_text(BROWSER)
        made.environ["BROWSER"] = f"{sys.executable} {script}"
        yield made


def secrets(house: GuardedHouse, seen: dict[str, str]) -> dict[str, str]:
    """Add the tokens, codes and client secrets that there are by now to those seen before, which are gone by now."""
    directory = house.practice.organization.directory
    for client in directory.clients.values():
        seen[f"the secret of client {client.id}"] = client.secret
    for code in [*directory.authorizations, *directory.devices]:
        seen[f"code {code[:4]}"] = code
    for grant in directory.grants:
        seen |= {
            f"access token {grant.access[8:14]}": grant.access,
            f"refresh token {grant.refresh[8:14]}": grant.refresh,
        }
    return seen


def test_logins_refreshes_failures_and_a_logout_leave_no_token_elsewhere(house: GuardedHouse) -> None:
    directory = house.practice.organization.directory
    handed = {"XSWITCH_PASSPHRASE": PASSPHRASE, "XSWITCH_MFA_CODE": "482913"}
    house.codes.append("482913")
    seen: dict[str, str] = {}
    directory.access_seconds = 200
    with house.terminal("identity", "login", "corp", **handed) as screen:
        assert screen.end() == 0, screen.text()
        house.keep(screen)
    secrets(house, seen)
    assert len(seen) == 4
    refresh = (
        "import os, pathlib, time\nfrom xswitch.engine import Engine\nfrom xswitch.identity import sso\n"
        "from xswitch.paths import Paths\nengine = Engine(Paths.of(os.environ), os.environ, time.time)\n"
        "print(sso.token_of(engine.catalog.identities['corp'], os.environ, engine.paths.state, time.time()))\n"
    )
    done = house.evidence.run([sys.executable, "-c", refresh], house.environ)
    assert done.stdout.startswith(b"Token(access=[hidden]")
    assert len(secrets(house, seen)) == 6
    with house.terminal("identity", "login", "corp", "--device") as screen:
        code = screen.wait(r"shows this code: +(\w{4}-\w{4})")[1]
        directory.decide(code, allow=True)
        assert screen.end() == 0, screen.text()
        house.keep(screen)
    secrets(house, seen)
    house.sandbox.faults.deny(1, "CreateToken")
    with house.terminal("identity", "login", "corp", "--json") as screen:
        assert screen.end() == 4, screen.text()
        house.keep(screen)
    house.say("identity", "list", "--json")
    house.say("identity", "list")
    house.say("identity", "logout", "corp", "--json")
    secrets(house, seen)
    assert not (house.home / ".aws" / "sso" / "cache" / "293abb6b76d7791c0732cc517d38c4b5c734b87f.json").exists()
    files = tuple({path.rpartition("/")[2] for path, _ in house.evidence.files if "/.aws/sso/cache/" in path})
    found = house.finds(handed=("the passphrase", "code 482913"), files=files, more=seen)
    assert [one for one in found if not OWN.search(one)] == []
    assert any(OWN.search(one) for one in found), "the watch sees what is written"
    assert house.strays() == []


def test_a_fault_wherever_a_token_is_at_hand_is_told_without_it(house: GuardedHouse) -> None:
    """Every function that holds a token on the way to a logout breaks once, with an error that quotes it."""
    practice = {"XSWITCH_PRACTICE": "http://127.0.0.1:9/none"}
    with house.terminal("identity", "login", "corp", **practice) as screen:
        assert screen.end() == 0, screen.text()
    shutil.copytree(house.environ["XSWITCH_HOME"], house.environ["XSWITCH_HOME"] + ".before")
    seen = secrets(house, {})
    asked = json.dumps({"argv": ["identity", "logout", "corp"], "secrets": list(seen.values())})
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("faulty.py")), asked],
        env={**house.environ, **practice}, capture_output=True, timeout=300, check=True, cwd=house.home,
    )  # fmt: skip
    sound, *broken = json.loads(done.stdout)
    assert (sound["status"], sound["stderr"]) == (0, "")
    assert "signed out of corp" in sound["stdout"]
    assert {one["at"] for one in broken} >= {"identity/sso_tokens.py:read", "aws/boto.py:caller.<locals>.call"}
    for one in broken:
        assert one["status"] == 1, one
        assert re.fullmatch(r"xswitch: a fault of xswitch itself, Fault at [\w.]+:\d+\n  hint: .*\n", one["stderr"]), (
            one
        )
        assert not [secret for secret in seen.values() if secret in one["stdout"] + one["stderr"]]
