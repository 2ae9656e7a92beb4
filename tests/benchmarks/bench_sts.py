"""`exec` where STS has to be called, against a program that makes the same AssumeRole by boto3 and becomes the same command.

Each run has a session name of its own, so that the vault never has the session.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from itertools import count

BOTO3 = """
import os, sys, boto3
role, name, *command = sys.argv[1:]
keys = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName=name, DurationSeconds=3600)["Credentials"]
os.environ.update(AWS_ACCESS_KEY_ID=keys["AccessKeyId"], AWS_SECRET_ACCESS_KEY=keys["SecretAccessKey"])
os.environ.update(AWS_SESSION_TOKEN=keys["SessionToken"])
os.execvp(command[0], command)
"""


def cold_exec(
    xswitch: str, target: str, role_arn: str, environ: Mapping[str, str], keys: tuple[str, str]
) -> tuple[Callable[[], object], Callable[[], object]]:
    """Return the two programs to measure: ours, and boto3's with ``keys`` (id and secret) in its environment."""
    names = (f"cold-{number}" for number in count())
    given = {"AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1], "AWS_DEFAULT_REGION": "eu-west-1"}

    def run(argv: list[str], more: Mapping[str, str]) -> None:
        subprocess.run(argv, env={**environ, **more}, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=True)

    def ours() -> None:
        run([xswitch, "exec", target, "--session-name", next(names), "--", "true"], {})

    def theirs() -> None:
        run([sys.executable, "-c", BOTO3, role_arn, next(names), "true"], given)

    return ours, theirs
