"""`exec` where STS has to be called, beside a program that makes the same AssumeRole by boto3 and becomes the command.

Each run has a session name of its own, so that the vault never has the session.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

from bench import BIN, TARGET, ratio, row

from xswitch.catalog import load
from xswitch.cli.demo import isolated
from xswitch.engine import Engine
from xswitch.paths import Paths
from xswitch.sandbox import Sandbox, practice
from xswitch.secret import Secret

BOTO3 = """
import os, sys, boto3
role, name, *command = sys.argv[1:]
answer = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName=name, DurationSeconds=3600)
keys = answer["Credentials"]
os.environ.update(AWS_ACCESS_KEY_ID=keys["AccessKeyId"], AWS_SECRET_ACCESS_KEY=keys["SecretAccessKey"])
os.environ.update(AWS_SESSION_TOKEN=keys["SessionToken"])
os.execvp(command[0], command)
"""


def cold(home: Path) -> None:
    """Measure both against the practice organization over HTTP."""
    made = practice.build()
    with Sandbox(made.organization) as sandbox:
        environ = isolated(dict(os.environ), home, sandbox.url, "") | {"PATH": f"{BIN}:{os.environ['PATH']}"}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        paths = Paths.of(environ)
        paths.config.mkdir(parents=True)
        paths.catalog_file.write_text(made.catalog_toml())
        paths.preferences_file.write_text("plaintext_key = true\nkernel_keyring = false\n")
        key_id, secret = made.user_access_key
        Engine(paths, environ, time.time).store_identity("central", key_id, Secret(secret), made.caller_arn)
        role = next(target.arn for target in load(paths).targets if target.name == TARGET)
        names = (f"cold-{number}" for number in count())
        keys = {"AWS_ACCESS_KEY_ID": key_id, "AWS_SECRET_ACCESS_KEY": secret, "AWS_DEFAULT_REGION": "eu-west-1"}

        def run(argv: list[str], more: dict[str, str]) -> None:
            subprocess.run(argv, env=environ | more, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)

        def ours() -> None:
            run([str(BIN / "xswitch"), "exec", TARGET, "--session-name", next(names), "--", "true"], {})

        def boto3() -> None:
            run([sys.executable, "-c", BOTO3, role, next(names), "true"], keys)

        row("`exec` where STS is called", "the same AssumeRole by boto3", ratio(ours, boto3), "≤ 0.5")
        opened = sum(call.action == "AssumeRole" and call.outcome == "ok" for call in sandbox.calls)
        if opened != 32:
            raise SystemExit(f"32 sessions were to be opened, not {opened}")


def main() -> None:
    """Print the row."""
    with tempfile.TemporaryDirectory() as home:
        cold(Path(home))


if __name__ == "__main__":
    main()
