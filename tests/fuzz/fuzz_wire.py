"""Targets of what comes over a wire: HTTP and XML of whatever answers in AWS's place, requests to our own endpoint."""

from __future__ import annotations

import contextlib
import json
from functools import cache

from fuzz_catalog import shown, text_of

from xswitch import flatjson
from xswitch.aws import documents
from xswitch.aws.dates import of_header, of_iso
from xswitch.aws.http import MOST_BODY, Address, Reader, Response, Trouble, read_response
from xswitch.aws.query import Answer, Refusal, read
from xswitch.aws.signing import signed_headers
from xswitch.catalog.model import Identity
from xswitch.errors import Unreachable, XswitchError
from xswitch.session import portal
from xswitch.session.model import Hop
from xswitch.session.records import sealed
from xswitch.session.refusals import error_of
from xswitch.session.sts import _issued
from xswitch.shell.endpoint import CredentialServer, _Refused

KINDS = ("timeout", "broken", "not-aws")


class _Wire:
    """A connection on which ``data`` comes in pieces of at most ``size`` bytes."""

    def __init__(self, data: bytes, size: int) -> None:
        self.data = data
        self.size = size

    def settimeout(self, value: float | None, /) -> None:
        pass

    def sendall(self, data: bytes, /) -> None:
        pass

    def recv(self, size: int, /) -> bytes:
        piece, self.data = self.data[: self.size], self.data[self.size :]
        return piece

    def close(self) -> None:
        pass


def http_answer(data: bytes) -> None:
    """Bytes are an answer or trouble, the same in whatever pieces they come."""
    found = {_received(data, size) for size in (1, 7, 65536)}
    assert len(found) == 1, found
    (only,) = found
    if only[0] != "trouble":
        assert 200 <= int(only[0]) <= 999
        assert len(only[2]) <= MOST_BODY


def _received(data: bytes, size: int) -> tuple[str, str, bytes]:
    try:
        answer = read_response(Reader(_Wire(data, size), 60.0, clock=lambda: 0.0))
    except Trouble as trouble:
        assert trouble.kind in KINDS
        return "trouble", trouble.kind, b""
    return str(answer.status), repr(sorted(answer.headers.items())), answer.body


def aws_answer(data: bytes) -> None:
    """A document is a session, a refusal in words that are safe to show, or no answer of AWS's.

    The first line is the status, the second the Date header; the rest is the document.
    """
    status, date, body = [*data.split(b"\n", 2), b"", b""][:3]
    when = of_header(date.decode("latin-1"))
    assert when is None or when == int(when)
    with contextlib.suppress(ValueError):
        of_iso(date.decode("latin-1"))
    number = int(status) if status.isdigit() and len(status) == 3 else 200
    try:
        outcome = read("AssumeRole", Response(number, {}, body), 0.0)
    except Trouble as trouble:
        assert trouble.kind == "not-aws"
        return
    if isinstance(outcome, Refusal):
        error = error_of(outcome, doing="a/b", identity="central")
        assert error.exit_status in (4, 7)
        shown(error.message, error.hint)
        return
    assert isinstance(outcome, Answer)
    try:
        issued = _issued(outcome, "a/b")
    except Unreachable as error:
        shown(error.message, error.hint)
        return
    keys = issued.credentials
    assert keys.access_key_id
    assert keys.secret_access_key
    assert keys.session_token
    assert keys.expires is not None


def portal_answer(data: bytes) -> None:
    """A document of the portal is a session that can be signed with and kept, words that are safe, or no answer.

    The first line is the status, the second the error's name in its header; the rest is the document.
    """
    status, name, body = [*data.split(b"\n", 2), b"", b""][:3]
    number = int(status) if status.isdigit() and len(status) == 3 else 200
    headers = {"x-amzn-errortype": name.decode("latin-1")} if name else {}
    hop = Hop("portal", 3600, "a/b", account_id="444455556666", permission_set="b")
    try:
        outcome = documents.read(Response(number, headers, body), 0.0)
    except Trouble as trouble:
        assert trouble.kind == "not-aws"
        return
    try:
        if isinstance(outcome, Refusal):
            raise portal._error(outcome, Identity("corp", "sso"), hop)
        keys = portal._granted(outcome, hop).credentials
    except XswitchError as error:
        assert error.exit_status in (4, 5, 7)
        shown(error.message, error.hint)
        return
    address = Address.of("https://sts.amazonaws.com")
    assert signed_headers(address, b"", keys, service="sts", region="eu-west-1", when=0.0)
    assert sealed(keys).count(b"\n") == 2
    assert keys.expires is not None


def flat_json(data: bytes) -> None:
    """What is read is what json reads, and what is written is what json writes."""
    found = flatjson.read(data)
    if found is not None:
        assert json.loads(data) == found
    text = text_of(data)
    pairs: dict[str, str | int | bool | list[str] | None] = {"a": text, text: 7, "b": [text, ""], "c": None, "d": True}
    assert flatjson.compact(pairs) == json.dumps(pairs, ensure_ascii=False, separators=(",", ":"))
    assert flatjson.spaced(pairs) == json.dumps(pairs)
    assert flatjson.indented({"a": text, text: "b"}) == json.dumps({"a": text, text: "b"}, indent=2)
    plain = {"n": len(text), text: text}
    assert flatjson.read(json.dumps(plain, separators=(",", ":")).encode()) in (plain, None)
    if text.isprintable():
        assert flatjson.read(json.dumps(plain, separators=(",", ":")).encode()) == plain


@cache
def server() -> CredentialServer:
    """An endpoint that nobody connects to."""
    return CredentialServer(_never, role_arn="arn:aws:iam::111122223333:role/X")


def _never() -> object:
    raise AssertionError("nobody is served")


def endpoint_request(data: bytes) -> None:
    """Nobody gets a session whose request does not have the token, the host and the path, and is no browser's.

    TOKEN and PORT stand for what they are.
    """
    where = server().endpoint
    port = where.url.split(":")[2].partition("/")[0]
    head = data.decode("latin-1").replace("TOKEN", where.token.reveal()).replace("PORT", port)
    try:
        server()._check(head)
    except _Refused as refused:
        assert 400 <= refused.answer.status < 500
        assert where.token.reveal() not in json.dumps(refused.answer.document)
        return
    lines = head.lower().split("\r\n")
    assert lines[0] in ("get /session http/1.1", "get /session http/1.0")
    assert sum(line.startswith("authorization:") for line in lines) == 1
    assert where.token.reveal() in head
    assert any(line.startswith("host:") and port in line for line in lines)
    assert not [line for line in lines if line.startswith(("origin:", "referer:", "sec-fetch-", "transfer-encoding:"))]
