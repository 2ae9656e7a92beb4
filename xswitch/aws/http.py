"""One HTTP/1.1 request on one connection, within a deadline: a small part of RFC 9112, and all that AWS's answers need.

The standard library's client costs three times an empty Python to import, and its time-outs are those of one read: an
answer that drips a byte a second never ends. Here connecting has a time-out, and the answer as a whole has another.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple, Protocol
from urllib.parse import quote, urlsplit

MOST_HEAD: Final = 64 * 1024
"""Bytes that the status line and the headers of an answer may have."""
MOST_BODY: Final = 1024 * 1024
"""Bytes that the body of an answer may have: many times what STS and IAM ever send."""
_TOKEN: Final = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_HEX: Final = b"0123456789ABCDEFabcdef"
_HOST: Final = "abcdefghijklmnopqrstuvwxyz0123456789.-_"
_PORTS: Final = {"http": 80, "https": 443}
_INTERIM: Final = 8
"""Interim answers (1xx) that are read over before the real one."""

Kind = Literal["no-connection", "timeout", "broken", "certificate", "no-tls", "not-aws", "proxy", "proxy-login"]


class Trouble(Exception):
    """No answer of AWS came of a request. ``detail`` is a word or two more, such as the status that a proxy gave."""

    def __init__(self, kind: Kind, detail: str = "") -> None:
        super().__init__(kind)
        self.kind: Kind = kind
        self.detail = detail

    @property
    def passing(self) -> bool:
        """Tell whether the same request may well have an answer in a moment."""
        return not self.detail and self.kind in ("no-connection", "timeout", "broken", "proxy")


class Address(NamedTuple):
    """Where a request goes. ``host`` is in lower case, an IPv6 address without its brackets."""

    scheme: str
    host: str
    port: int
    path: str = "/"

    @classmethod
    def of(cls, url: str) -> Address:
        """Return the address of an http or https URL; a name and password in it are left out. Raises ValueError."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = parts.port if parts.port is not None else _PORTS.get(parts.scheme, 0)
        if parts.scheme not in _PORTS or not 0 < port < 65536 or parts.query or parts.fragment:
            raise ValueError("not an address of HTTP")
        if ":" in host:
            socket.inet_pton(socket.AF_INET6, host)
        elif not host or host.strip(_HOST) or host[0] in ".-" or len(host) > 253:
            raise ValueError("not a host")
        return cls(parts.scheme, host, port, quote(parts.path, safe="/~%!$&'()*+,;=:@") or "/")

    @property
    def bracketed(self) -> str:
        """The host as a URL has it."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def host_header(self) -> str:
        """The host as the Host header has it: with its port where that is not the scheme's own."""
        return self.bracketed if self.port == _PORTS[self.scheme] else f"{self.bracketed}:{self.port}"


class Response(NamedTuple):
    """An answer. The names of ``headers`` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Limits(NamedTuple):
    """Seconds: ``connect`` for each step on the way to a connection, ``answer`` for the whole of the answer."""

    connect: float
    answer: float


class Stream(Protocol):
    """What a request goes through: a socket, or TLS over one."""

    def settimeout(self, value: float | None, /) -> None:
        """Set the seconds that the next operation may take."""

    def sendall(self, data: bytes, /) -> None:
        """Send every byte."""

    def recv(self, size: int, /) -> bytes:
        """Return some bytes, none at the end. Raises OSError."""

    def close(self) -> None:
        """Close it."""


class Reader:
    """Reads a stream until a moment of the monotonic clock. Raises Trouble: timeout, broken, not-aws."""

    def __init__(self, stream: Stream, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._end = clock() + seconds
        self._ahead = b""

    def line(self, most: int) -> bytes:
        """Return the next line with its end."""
        while (end := self._ahead.find(b"\n") + 1) == 0:
            if len(self._ahead) > most:
                raise Trouble("not-aws")
            self._ahead += self._some()
        return self._take(end)

    def exactly(self, size: int) -> bytes:
        """Return so many bytes."""
        while len(self._ahead) < size:
            self._ahead += self._some()
        return self._take(size)

    def rest(self, most: int) -> bytes:
        """Return everything to the end of the stream."""
        while len(self._ahead) <= most:
            if not (data := self._receive()):
                return self._take(len(self._ahead))
            self._ahead += data
        raise Trouble("not-aws")

    def _take(self, size: int) -> bytes:
        taken, self._ahead = self._ahead[:size], self._ahead[size:]
        return taken

    def _some(self) -> bytes:
        data = self._receive()
        if not data:
            raise Trouble("broken")
        return data

    def _receive(self) -> bytes:
        left = self._end - self._clock()
        if left <= 0:
            raise Trouble("timeout")
        self._stream.settimeout(left)
        return self._stream.recv(65536)


def read_response(reader: Reader) -> Response:
    """Read one answer, interim ones passed over. Raises Trouble."""
    for _ in range(_INTERIM):
        status, headers = read_head(reader)
        if status >= 200:
            return Response(status, headers, _body(reader, status, headers))
    raise Trouble("not-aws")


def read_head(reader: Reader) -> tuple[int, dict[str, str]]:
    """Read a status line and the headers after it; a header that comes twice is joined by commas. Raises Trouble."""
    version, _, rest = reader.line(MOST_HEAD).rstrip(b"\r\n").partition(b" ")
    code, more = rest[:3], rest[3:4]
    if version not in (b"HTTP/1.1", b"HTTP/1.0") or not code.isdigit() or len(code) < 3 or more not in (b"", b" "):
        raise Trouble("not-aws")
    headers: dict[str, str] = {}
    size = 0
    while line := reader.line(MOST_HEAD).rstrip(b"\r\n"):
        size += len(line)
        field, colon, value = line.partition(b":")
        if not field or field.strip(_TOKEN) or not colon or size > MOST_HEAD:
            raise Trouble("not-aws")
        name, text = field.decode().lower(), value.strip(b" \t").decode("latin-1")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return int(code), headers


def _body(reader: Reader, status: int, headers: Mapping[str, str]) -> bytes:
    """Read a body by the rules of RFC 9112, 6.3."""
    if status in (204, 304):
        return b""
    coding = headers.get("transfer-encoding")
    if coding is not None:
        if coding.lower() != "chunked":
            raise Trouble("not-aws")
        return _chunks(reader)
    length = headers.get("content-length")
    if length is None:
        return reader.rest(MOST_BODY)
    sizes = {size.strip() for size in length.split(",")}
    size = sizes.pop()
    if sizes or not (size.isascii() and size.isdigit()) or len(size) > 9 or int(size) > MOST_BODY:
        raise Trouble("not-aws")
    return reader.exactly(int(size))


def _chunks(reader: Reader) -> bytes:
    body = b""
    while True:
        digits = reader.line(MOST_HEAD).partition(b";")[0].strip(b" \t\r\n")
        if not 0 < len(digits) <= 8 or digits.strip(_HEX) or len(body) + int(digits, 16) > MOST_BODY:
            raise Trouble("not-aws")
        size = int(digits, 16)
        if size == 0:
            while reader.line(MOST_HEAD).rstrip(b"\r\n"):
                pass  # trailers say nothing that is asked for
            return body
        body += reader.exactly(size)
        if reader.line(2).rstrip(b"\r\n"):
            raise Trouble("not-aws")


def request_bytes(target: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
    """Return a POST of ``body`` as it goes over the wire, or a GET where that is None.

    Raises ValueError where a header would end its line early.
    """
    length = {} if body is None else {"Content-Length": str(len(body))}
    given = {**headers, **length, "Accept-Encoding": "identity", "Connection": "close"}
    return head_bytes(f"{'GET' if body is None else 'POST'} {target} HTTP/1.1", given) + (body or b"")


def head_bytes(first: str, headers: Mapping[str, str]) -> bytes:
    """Return a request's first line and headers. Raises ValueError where one holds a control character."""
    lines = [first, *(f"{name}: {value}" for name, value in headers.items())]
    if any(ord(letter) < 32 or ord(letter) == 127 for line in lines for letter in line):
        raise ValueError("a header holds a control character")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
