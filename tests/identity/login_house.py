"""A person with a login to IAM Identity Center, the service over HTTP, and a browser that does what it is told."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from xswitch.catalog.model import Identity
from xswitch.identity import sso, sso_login, sso_tokens
from xswitch.identity.sso_login import Shown, Way
from xswitch.identity.sso_tokens import Token
from xswitch.sandbox import Faults, Organization, Sandbox

CORP = Identity("corp", "sso", sso_session="acme", start_url="https://acme.awsapps.com/start", sso_region="eu-west-1")
OTHER = replace(CORP, name="other", start_url="https://other.awsapps.com/start")
NEAR = 3600 - 299
"""Seconds after a login at which its token has less than five minutes left."""
BEGIN = 1_772_366_400.0


class LoginHouse:
    """``clock`` is the one that the person and AWS share; ``pause`` waits by moving it."""

    def __init__(self, home: Path) -> None:
        self.now = BEGIN
        self.organization = Organization("805312947761", "acme-management", clock=self.clock)
        self.directory = self.organization.directory
        self.directory.add_set("ReadOnly")
        self.organization.add_account("444455556666", "payments-prod", parent=self.organization.root_id)
        self.directory.assign(self.organization, "ada", "444455556666", "ReadOnly")
        self.faults = Faults()
        self.sandbox = Sandbox(self.organization, self.clock, self.faults)
        self.sandbox.start()
        self.home = home
        self.environ = {"HOME": str(home), "AWS_ENDPOINT_URL": self.sandbox.url}
        self.state = home / "x" / "state"
        self.folder = sso_tokens.folder_in(self.environ, self.state)
        self.shown: list[Shown] = []
        self.pauses: list[float] = []

    def clock(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def close(self) -> None:
        self.sandbox.stop()
        assert self.sandbox.crashes == []

    def calls(self, action: str) -> int:
        """How many calls of an action were answered well."""
        return sum(call.action == action and call.outcome == "ok" for call in self.sandbox.calls)

    @property
    def file(self) -> Path:
        return sso_tokens.file_of(CORP, self.folder)

    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.file.read_text())
        return found

    def way(self, *, device: bool = False, browse: Callable[[str], object] | None = None, **changes: Any) -> Way:
        settings: dict[str, Any] = {"sleep": self.pause, "longest": 600.0 if device else 30.0} | changes
        return Way(self.shown.append, browse or (lambda address: get_all(address)), device, self.clock, **settings)

    def sign_in(self, identity: Identity = CORP, **way: Any) -> Token:
        """Sign in and keep the tokens."""
        token = sso_login.sign_in(identity, self.environ, self.folder, self.way(**way))
        sso.keep(identity, self.environ, self.state, token)
        return token

    def token(self, identity: Identity = CORP, **settings: Any) -> Token:
        given = {"sleep": self.pause} | settings
        return sso.token_of(identity, self.environ, self.state, self.now, **given)

    def sign_out(self, identity: Identity = CORP) -> sso.SignedOut:
        return sso.sign_out(identity, self.environ, self.state, self.now, self.pause)

    def accepted(self, token: Token) -> bool:
        """Tell whether AWS takes a token."""
        return self.directory.grant_of(token.access.reveal(), self.now) is not None


def get(address: str, method: str = "GET") -> tuple[int, str, Mapping[str, str]]:
    """Ask for one page; return status, body and headers."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    try:
        connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


def get_all(address: str) -> str:
    """Go where a page leads, as a browser does; return the body of the last one."""
    status, body, headers = get(address)
    while status == 302:
        status, body, headers = get(headers["location"])
    assert status == 200, body
    return body


def in_background(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def field(address: str, name: str) -> str:
    """Return one parameter of an address."""
    return parse_qs(urlsplit(address).query)[name][0]
