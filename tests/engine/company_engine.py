"""Engines of one person, each as a process that starts now would have it, against the practice organization."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from xswitch.cli.person import Nobody
from xswitch.engine import Engine
from xswitch.paths import Paths
from xswitch.sandbox import Sandbox, practice
from xswitch.sandbox.practice_accounts import PLACES
from xswitch.secret import Secret
from xswitch.session.model import Options, Session

ACCOUNT = "web-dev"


class Office:
    """A person, their vault and AWS, on one clock that can be moved within AWS's quarter of an hour."""

    def __init__(self, home: Path) -> None:
        self.shift = 0.0
        self.practice = practice.build(self.clock)
        self.sandbox = Sandbox(self.practice.organization, self.clock)
        self.sandbox.start()
        self.faults = self.sandbox.faults
        self.environ = {"XSWITCH_HOME": str(home), "AWS_ENDPOINT_URL": self.sandbox.url, "PATH": "/usr/bin:/bin"}
        self.paths = Paths.of(self.environ)
        self.paths.config.mkdir(parents=True)
        self.prefer("")
        self.roles("")
        key, secret = self.practice.user_access_key
        self.engine().store_identity("central", key, Secret(secret), self.practice.caller_arn)
        self._seen = len(self.sandbox.calls)

    def clock(self) -> float:
        return time.time() + self.shift

    def engine(self, **environ: str) -> Engine:
        return Engine(self.paths, self.environ | environ, self.clock)

    def prefer(self, text: str) -> None:
        self.paths.preferences_file.write_text(f"plaintext_key = true\nkernel_keyring = false\n{text}")

    def roles(self, settings: str, identity: str = "", *, environment: str = "") -> None:
        """Write a catalog of ReadOnly and PowerUser of one account, with ``settings`` for PowerUser."""
        account_id = next(place.id for place in PLACES if place.name == ACCOUNT)
        lines = ["version = 1", "[defaults]", 'identity = "central"', "[identities.central]", 'kind = "keys"']
        lines += ['account_id = "111122223333"', f'mfa_serial = "{self.practice.mfa_serial}"', identity, environment]
        lines += ["[[accounts]]", f'id = "{account_id}"', f'name = "{ACCOUNT}"']
        lines += ['environment = "kept"'] if environment else []
        lines += ["[[accounts.roles]]", 'name = "ReadOnly"', "[[accounts.roles]]", 'name = "PowerUser"', settings]
        self.paths.catalog_file.write_text("\n".join(lines) + "\n")

    def serve(self, role: str = "PowerUser", environ: Mapping[str, str] | None = None) -> Session:
        """Serve an SDK, with nobody to ask."""
        engine = self.engine(**(environ or {}))
        return engine.serve(engine.plan(engine.resolve(f"{ACCOUNT}/{role}")), Nobody())

    def open(self, role: str = "PowerUser", *, code: bool = False, min_left: int = 0, **options: int) -> Session:
        """Open a session, with the code in the environment, or with nobody to ask."""
        engine = self.engine(**({"XSWITCH_MFA_CODE": self.practice.code()} if code else {}))
        plan = engine.plan(engine.resolve(f"{ACCOUNT}/{role}"), Options(**options))
        return engine.open(plan, Nobody(), min_left=min_left)

    def calls(self) -> list[str]:
        """Return what AWS was asked for and how it went, since this was called last."""
        made, self._seen = self.sandbox.calls[self._seen :], len(self.sandbox.calls)
        return [f"{call.action} {call.outcome}" for call in made]

    def deactivate(self) -> None:
        """Take the person's key away, so that AWS denies every call."""
        key = self.practice.user_access_key[0]
        root = self.practice.organization.root("111122223333")
        root.iam("UpdateAccessKey", UserName="ada", AccessKeyId=key, Status="Inactive")
