"""A client of a practice organization, its clock, its randomness and its waits in the test's hands."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from xswitch.aws.client import Client
from xswitch.aws.http import Limits
from xswitch.aws.query import Answer, Refusal
from xswitch.credentials import Credentials
from xswitch.sandbox import Sandbox
from xswitch.sandbox.practice import PracticeOrganization
from xswitch.secret import Secret

PATIENT = Limits(connect=20.0, answer=20.0)


class Aws:
    """A sandbox and calls to it; ``waits`` holds the seconds that the client wanted to wait."""

    def __init__(self, sandbox: Sandbox, organization: PracticeOrganization) -> None:
        self.sandbox = sandbox
        self.organization = organization
        self.waits: list[float] = []
        self.fraction = 0.5
        self.shift = 0.0
        self.known_skew = 0.0
        key, secret = organization.user_access_key
        self.keys = Credentials(key, Secret(secret))

    def client(self, environ: Mapping[str, str] | None = None, **more: Any) -> Client:
        """Return a client whose clock is ``shift`` seconds off."""
        given = dict(environ or {})
        if "AWS_ENDPOINT_URL" not in given:
            given["AWS_ENDPOINT_URL"] = self.sandbox.url
        return Client(
            given,
            lambda: time.time() + self.shift,
            skew=lambda: self.known_skew,
            sleep=self.waits.append,
            fraction=lambda: self.fraction,
            **more,
        )

    def who(self, client: Client | None = None, **more: Any) -> Answer | Refusal:
        """Ask who we are."""
        settings = {"region": "eu-west-1", "doing": "the name behind ada", "limits": PATIENT} | more
        return (client or self.client()).call("sts", "GetCallerIdentity", {}, self.keys, **settings)

    def is_ada(self, found: Answer | Refusal) -> bool:
        """Tell whether an answer is the right one."""
        return isinstance(found, Answer) and found.fields["Arn"] == self.organization.caller_arn

    @property
    def outcomes(self) -> list[str]:
        """How each call went, as AWS saw it."""
        return [call.outcome for call in self.sandbox.calls]
