"""The container-credentials endpoint: one path on loopback, for whoever holds the token and is no browser.

SDKs fetch from it as from a container's agent ("AWS SDKs and Tools Reference Guide", container credential provider):
GET of the whole URI with the token in Authorization, answered by JSON; an error is JSON ``{code, message}``.

::

    accept ── a thread a connection ── head read in time? ── GET, our path, our Host, no browser, our token? ── give()
                                            │ no                          │ no
                                         dropped                    4xx, nothing told

Every answer closes its connection, and nothing is ever logged. Sockets are not inherited, so the endpoint ends with its
process, however that ends. Any user of this machine can connect: what they can hold up is bounded, since of too many
connections the oldest that has not shown the token is dropped, be it still sending or taking a refusal.
"""

from __future__ import annotations

import contextlib
import errno
import hmac
import json
import re
import secrets
import socket
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from xswitch.errors import Unreachable, VaultUnavailable, XswitchError
from xswitch.secret import Secret
from xswitch.shell.environment import Endpoint
from xswitch.text import iso8601

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from xswitch.session.model import Session

PATH: Final = "/session"
MOST_HEAD: Final = 16 * 1024
"""Bytes that the head of a request may have."""
MOST_CONNECTIONS: Final = 64
SECONDS: Final = 5.0
"""How long a client may take to send its request, and to take the answer."""
_LINGER: Final = 0.5
"""Seconds for which what a refused client still sends is taken, so that it reads the answer and not a reset."""
_HEADER: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*+([^\x00-\x08\x0a-\x1f\x7f]*+)", re.ASCII)
"""Possessive, so that a header that is none is found out in one pass over it."""
_REASONS: Final = {
    200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    431: "Request Header Fields Too Large", 500: "Internal Server Error", 503: "Service Unavailable",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    document: Mapping[str, str]


class _Refused(Exception):
    """The request gets no session; what it gets is ``answer``."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.answer = _Answer(status, {"code": code, "message": message})


class CredentialServer:
    """Serves what ``give`` returns, from the ``with`` statement on to its end.

    ``give`` is called in a thread of its own for every fetch; it may block, and may raise any XswitchError.
    ``role_arn`` is the role whose sessions they are; a client has so many ``seconds`` to send its request. Raises
    Unreachable where loopback has no port left.
    """

    def __init__(self, give: Callable[[], Session], *, role_arn: str, seconds: float = SECONDS) -> None:
        self._give = give
        self._role_arn = role_arn
        self._seconds = seconds
        self._token = Secret(secrets.token_urlsafe(32))
        try:
            self._listening = socket.create_server(("127.0.0.1", 0), backlog=MOST_CONNECTIONS)
        except OSError as error:
            raise Unreachable(f"no endpoint can be opened on 127.0.0.1: {error.strerror}") from None
        self._port: int = self._listening.getsockname()[1]
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._unproven: dict[socket.socket, None] = {}
        self._stopping = False
        self._thread = threading.Thread(target=self._accept, name="endpoint", daemon=True)

    @property
    def endpoint(self) -> Endpoint:
        """Where to fetch, and with which token."""
        return Endpoint(f"http://127.0.0.1:{self._port}{PATH}", self._token)

    def __enter__(self) -> CredentialServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection and stop to listen."""
        self._stopping = True
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=SECONDS):
            self._thread.join(SECONDS)  # the connection wakes it
        self._listening.close()
        with self._lock:
            for connection in self._open:
                _shut(connection)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError as error:
                if self._stopping or error.errno in (errno.EBADF, errno.EINVAL):
                    return
                time.sleep(0.1)  # no descriptor is free: some will be
                continue
            if self._stopping:
                connection.close()
                return
            if not self._admit(connection):
                connection.close()
                continue
            try:
                threading.Thread(target=self._serve, args=(connection,), name="endpoint client", daemon=True).start()
            except RuntimeError:  # the machine has no thread to give
                with self._lock:
                    self._forget(connection)
                connection.close()

    def _admit(self, connection: socket.socket) -> bool:
        """Make room for a connection; tell whether there is any."""
        with self._lock:
            if len(self._open) >= MOST_CONNECTIONS:
                if not self._unproven:
                    return False
                oldest = next(iter(self._unproven))
                self._forget(oldest)
                _shut(oldest)
            self._open.add(connection)
            self._unproven[connection] = None
            return True

    def _forget(self, connection: socket.socket) -> None:
        self._open.discard(connection)
        self._unproven.pop(connection, None)

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                self._check(self._read(connection))
                with self._lock:
                    self._unproven.pop(connection, None)
                answer = self._answer()
            except _Refused as refused:
                answer = refused.answer
            except OSError:
                answer = None
            if answer is not None:
                with contextlib.suppress(OSError):
                    _send(connection, answer)
            with self._lock:
                self._forget(connection)

    def _read(self, connection: socket.socket) -> str:
        """Return the head of a request, without the empty line at its end. Raises OSError where none comes in time."""
        deadline = time.monotonic() + self._seconds
        data, end = b"", -1
        while end < 0 and len(data) <= MOST_HEAD:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            connection.settimeout(left)
            more = connection.recv(4096)
            if not more:
                raise ConnectionResetError
            data += more
            end = data.find(b"\r\n\r\n")
        if not 0 <= end <= MOST_HEAD:
            raise _Refused(431, "too-large", f"a request's head has {MOST_HEAD} bytes at most")
        return data[:end].decode("latin-1")

    def _answer(self) -> _Answer:
        try:
            session = self._give()
        except XswitchError as error:
            message = f"{error.message}; {error.hint}" if error.hint else error.message
            return _Answer(_status(error), {"code": error.code, "message": message})
        except Exception as error:
            # Its class only: what it says may hold a secret.
            return _Answer(500, {"code": "fault", "message": f"a fault of xswitch itself, {type(error).__name__}"})
        return _Answer(200, _document(session, self._role_arn))

    def _check(self, head: str) -> None:
        """Raise _Refused unless the request is one for the session, by somebody who was handed the token."""
        first, *lines = head.split("\r\n")
        method, target, version = _words(first)
        headers = _headers(lines)
        if headers.get("host") not in ([f"127.0.0.1:{self._port}"], [f"localhost:{self._port}"]):
            raise _Refused(403, "wrong-host", "this is not the host that was asked for")
        if any(name in ("origin", "referer") or name.startswith("sec-fetch-") for name in headers):
            raise _Refused(403, "browser", "no web page gets a session")
        if target != PATH:
            raise _Refused(404, "not-found", "there is nothing here")
        if method != "GET":
            raise _Refused(405, "wrong-method", "a session is fetched by GET")
        if version not in ("HTTP/1.1", "HTTP/1.0") or "transfer-encoding" in headers:
            raise _Refused(400, "wrong-request", "a plain request of HTTP/1.1 is expected")
        if headers.get("content-length", ["0"]) != ["0"]:
            raise _Refused(400, "wrong-request", "a request for a session has no body")
        given = headers.get("authorization", [])
        token = self._token.reveal().encode()
        if len(given) != 1 or not hmac.compare_digest(given[0].encode("latin-1"), token):
            raise _Refused(403, "wrong-token", "AWS_CONTAINER_AUTHORIZATION_TOKEN of this process is needed")


def _words(line: str) -> tuple[str, str, str]:
    words = line.split(" ")
    if len(words) != 3:
        raise _Refused(400, "wrong-request", "a plain request of HTTP/1.1 is expected")
    return words[0], words[1], words[2]


def _headers(lines: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None:
            raise _Refused(400, "wrong-request", "a header that is none")
        found.setdefault(header[1].lower(), []).append(header[2].rstrip(" \t"))
    return found


def _status(error: XswitchError) -> int:
    """Return the HTTP status of an error. SDKs try again after a 5xx, which helps where AWS may be back."""
    return 503 if isinstance(error, Unreachable | VaultUnavailable) else 403


def _document(session: Session, role_arn: str) -> dict[str, str]:
    credentials = session.credentials
    return {
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key.reveal(),
        "Token": credentials.session_token.reveal() if credentials.session_token else "",
        "Expiration": iso8601(session.expires),
        "AccountId": session.account_id,
        "RoleArn": role_arn,
    }


def _send(connection: socket.socket, answer: _Answer) -> None:
    body = json.dumps(answer.document).encode()
    lines = [
        f"HTTP/1.1 {answer.status} {_REASONS[answer.status]}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        *(["Allow: GET"] if answer.status == 405 else []),
        "Connection: close",
    ]
    connection.settimeout(SECONDS)
    connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    connection.shutdown(socket.SHUT_WR)
    deadline = time.monotonic() + _LINGER
    while (left := deadline - time.monotonic()) > 0:
        connection.settimeout(left)
        if not connection.recv(65536):
            return


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
