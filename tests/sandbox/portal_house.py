"""A person who opens accounts by a login of IAM Identity Center: home, catalog, vault, and the practice portal."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

from signed_in import IDENTITY, keep, sign_in, sign_out

from xswitch.engine import Engine
from xswitch.paths import Paths
from xswitch.sandbox import Sandbox, practice

VIEW, DEVELOPER, GUARDED = "payments-staging/ViewOnly", "payments-staging/Developer", "payments-prod/ViewOnly"
HUB, VIA = "identity-hub/ViewOnly", "identity-hub/Via"
ACCOUNTS = {"payments-staging": "555566667777", "payments-prod": "444455556666", "identity-hub": "111122223333"}
CATALOG = f"""\
version = 1
[defaults]
identity = "corp"
region = "eu-west-1"
{IDENTITY}
[environments.prod]
colour = "red"
confirm = "type"
max_duration = "1h"
[[accounts]]
id = "555566667777"
name = "payments-staging"
roles = [{{ name = "ViewOnly" }}, {{ name = "Developer" }}, {{ name = "Unassigned" }}]
[[accounts]]
id = "444455556666"
name = "payments-prod"
environment = "prod"
roles = [{{ name = "ViewOnly" }}]
[[accounts]]
id = "111122223333"
name = "identity-hub"
roles = [{{ name = "ViewOnly" }}, {{ name = "Via", via = "identity-hub/ViewOnly" }}]
"""


class PortalHouse:
    """The person's clock can be moved within AWS's quarter of an hour; ``calls`` is what AWS was asked since."""

    def __init__(self, home: Path) -> None:
        self.shift = 0.0
        self.practice = practice.build(self.clock)
        self.organization = self.practice.organization
        self.sandbox = Sandbox(self.organization, self.clock)
        self.sandbox.start()
        self.faults = self.sandbox.faults
        self.home = home
        self.environ = {
            "HOME": str(home),
            "XSWITCH_HOME": str(home / "x"),
            "XSWITCH_NO_INPUT": "1",
            "AWS_ENDPOINT_URL": self.sandbox.url,
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "LOGNAME": "ada",
        }
        self.paths = Paths.of(self.environ)
        self.paths.config.mkdir(parents=True)
        self.paths.catalog_file.write_text(CATALOG)
        self.paths.preferences_file.write_text("plaintext_key = true\nkernel_keyring = false\n")
        self._trust_the_permission_set()
        self._seen = len(self.sandbox.calls)

    def _trust_the_permission_set(self) -> None:
        """Let the role Via trust the role that ViewOnly has become in its account."""
        role = self.organization.directory.role(self.organization, ACCOUNTS["identity-hub"], "ViewOnly")
        assert role is not None
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": role.arn}}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        root = self.organization.root(ACCOUNTS["identity-hub"])
        root.iam("CreateRole", RoleName="Via", AssumeRolePolicyDocument=trust)

    def close(self) -> None:
        self.sandbox.stop()
        assert not self.sandbox.crashes, self.sandbox.crashes

    def clock(self) -> float:
        return time.time() + self.shift

    def engine(self, **environ: str) -> Engine:
        return Engine(self.paths, self.environ | environ, self.clock)

    def sign_in(self, seconds: int = 3600, **changes: object) -> str:
        """Sign the person in, in the file that the AWS CLI shares, and return the access token."""
        token = sign_in(self.organization, self.clock(), seconds=seconds)
        keep(replace(token, **changes), self.home)  # type: ignore[arg-type]
        return token.access.reveal()

    def sign_out(self) -> None:
        """End the login, there and here."""
        sign_out(self.organization)
        for file in (self.home / ".aws" / "sso" / "cache").glob("*.json"):
            file.unlink()

    def calls(self) -> list[str]:
        """Return what AWS was asked for and how it went, since this was called last."""
        made, self._seen = self.sandbox.calls[self._seen :], len(self.sandbox.calls)
        return [f"{call.action} {call.outcome}" for call in made]
