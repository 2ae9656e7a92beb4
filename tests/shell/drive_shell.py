"""Starts what the shell room offers, as the command line will: driven by one JSON argument."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from xswitch.credentials import Credentials
from xswitch.errors import XswitchError
from xswitch.secret import Secret
from xswitch.session.model import Session
from xswitch.shell import launch, renewing
from xswitch.shell.detect import find
from xswitch.shell.environment import Look
from xswitch.shell.renewing import Renewal


def main() -> int:
    asked = json.loads(sys.argv[1])
    now = time.time()
    life = asked.get("life", 3600)
    session = Session(
        target=asked.get("target", "payments-prod/Deploy"),
        account_id="444455556666",
        account="payments-prod",
        role="Deploy",
        environment=asked.get("environment", "prod"),
        arn="arn:aws:sts::444455556666:assumed-role/Deploy/ada",
        identity="central",
        region=asked.get("region", "eu-west-1"),
        credentials=Credentials("ASIAEXAMPLE", Secret(asked["secret"]), Secret("t0ken"), now + asked.get("left", 3595)),
        issued=now,
        duration=life,
    )
    look = Look(asked.get("guarded", True), asked.get("colour", "red"), asked.get("theme", "dark"))
    state = Path(asked["state"])
    try:
        if "shell" in asked:
            status = launch.subshell(
                find(asked["shell"], os.environ), session, os.environ, look, state=state, clock=time.time
            )
        elif "renewed" in asked:
            renewal = Renewal(lambda: session, "arn:aws:iam::444455556666:role/Deploy", lambda _: None)
            status = renewing.command(
                asked["renewed"], session, renewal, os.environ, look, state=state, clock=time.time
            )
        elif "run" in asked:
            status = launch.run(asked["run"], os.environ)
        else:
            launch.command(asked["command"], session, os.environ, look, state=state, clock=time.time)
    except XswitchError as error:
        print(f"xswitch: {error.message}", file=sys.stderr)
        status = error.exit_status
    if asked.get("report", True):
        print(f"STATUS={status};", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
