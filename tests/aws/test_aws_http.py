"""HTTP answers off the wire: whole, in pieces, half, dripping, and everything that is none."""

from __future__ import annotations

import http.client
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import examples

from xswitch.aws.http import MOST_BODY, MOST_HEAD, Address, Reader, Response, Trouble, read_response, request_bytes


class Pieces:
    """A stream that gives so many bytes at a time; each takes ``seconds`` of the clock."""

    def __init__(self, data: bytes, size: int = 1 << 20, seconds: float = 0.0) -> None:
        self._data = io.BytesIO(data)
        self._size = size
        self._seconds = seconds
        self.now = 0.0
        self.timeouts: list[float | None] = []

    def recv(self, size: int, /) -> bytes:
        self.now += self._seconds
        return self._data.read(min(size, self._size))

    def settimeout(self, value: float | None, /) -> None:
        assert value is not None
        assert value > 0
        self.timeouts.append(value)

    def sendall(self, data: bytes, /) -> None:
        raise AssertionError

    def close(self) -> None:
        raise AssertionError

    def clock(self) -> float:
        return self.now


def answer(data: bytes, size: int = 1 << 20, seconds: float = 0.0) -> Response:
    pieces = Pieces(data, size, seconds)
    return read_response(Reader(pieces, 10.0, pieces.clock))


class Given(io.BytesIO):
    """A socket as http.client sees it."""

    def makefile(self, *_: object) -> io.BytesIO:
        return self


def by_http_client(data: bytes) -> Response:
    found = http.client.HTTPResponse(Given(data), method="POST")  # type: ignore[arg-type]
    found.begin()
    body = found.read()
    return Response(found.status, {name.lower(): value for name, value in found.getheaders()}, body)


TOKENS = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,12}", fullmatch=True).filter(
    lambda name: name.lower() not in ("content-length", "transfer-encoding", "connection")
)
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
HEADERS = st.dictionaries(TOKENS.map(str.lower), VALUES, max_size=5)
STATUSES = st.sampled_from([200, 201, 400, 403, 404, 429, 500, 503])


@st.composite
def framed(draw: Any) -> bytes:
    """An answer in one of the three ways in which a body can have its end."""
    body = draw(st.binary(max_size=200))
    lines = [f"HTTP/1.{draw(st.integers(0, 1))} {draw(STATUSES)} {draw(st.sampled_from(['OK', '', 'Not Found']))}"]
    lines += [f"{name}: {value}" for name, value in draw(HEADERS).items()]
    framing = draw(st.sampled_from(["length", "chunked", "end"]))
    if framing == "length":
        lines.append(f"Content-Length: {len(body)}")
    elif framing == "chunked":
        lines.append("Transfer-Encoding: chunked")
        cuts = sorted(draw(st.lists(st.integers(0, len(body)), max_size=4)))
        parts = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
        extension = draw(st.sampled_from([b"", b";a=b", b" ; a"]))
        chunks = b"".join(b"%x%s\r\n%s\r\n" % (len(part), extension, part) for part in parts if part)
        body = chunks + b"0\r\n" + draw(st.sampled_from([b"", b"Trailer: x\r\n"])) + b"\r\n"
    interim = draw(st.sampled_from(["", "HTTP/1.1 100 Continue\r\n\r\n"]))
    return (interim + "\r\n".join(lines) + "\r\n\r\n").encode() + body


@examples(400)
@given(framed(), st.sampled_from([1, 3, 7, 1 << 20]))
def test_an_answer_is_what_the_standard_library_reads(data: bytes, size: int) -> None:
    assert answer(data, size) == by_http_client(data)


@examples(200)
@given(framed(), st.data())
def test_half_an_answer_is_none(data: bytes, cut: st.DataObject) -> None:
    """Where the end of the connection is the end of the body, nobody can tell: what the body says has to."""
    short = data[: cut.draw(st.integers(0, len(data) - 1))]
    try:
        found = answer(short)
    except Trouble as trouble:
        assert trouble.kind == "broken"
    else:
        assert not {"content-length", "transfer-encoding"} & set(found.headers)


@examples(500)
@given(st.binary(max_size=300) | st.binary(max_size=200).map(lambda rest: b"HTTP/1.1 200 OK\r\n" + rest))
def test_any_bytes_are_an_answer_or_none(data: bytes) -> None:
    try:
        found = answer(data)
    except Trouble as trouble:
        assert trouble.kind in ("broken", "not-aws")
    else:
        assert 200 <= found.status <= 999


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        OK + b"no colon\r\n\r\n",
        OK + b": no name\r\n\r\n",
        OK + b"a b: name with a blank\r\n\r\n",
        OK + b"A: b\r\n folded\r\n\r\n",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: 1_0\r\n\r\n",
        OK + b"Content-Length: \xb2\r\n\r\n",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        OK + b"Content-Length: 99999999999\r\n\r\n",
        OK + b"Content-Length: %d\r\n\r\n" % (MOST_BODY + 1),
        OK + b"\r\n" + b"x" * (MOST_BODY + 1),
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nx\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"fffff\r\n" + b"x" * 0xFFFFF + b"\r\nffff\r\n",
        OK + b"A: " + b"x" * MOST_HEAD + b"xxxx",
        OK + b"".join(b"A%d: %s\r\n" % (number, b"x" * 1000) for number in range(70)) + b"\r\n",
        b"x" * (MOST_HEAD + 1000),
        b"HTTP/1.1 100 Continue\r\n\r\n" * 9,
    ],
)
def test_what_is_no_answer_and_what_has_no_end(data: bytes) -> None:
    with pytest.raises(Trouble) as caught:
        answer(data)
    assert caught.value.kind == "not-aws"


def test_an_answer_without_a_body_waits_for_none() -> None:
    assert answer(b"HTTP/1.1 204 No Content\r\n\r\nleft alone").body == b""
    assert answer(OK + b"Content-Length: 2, 2\r\n\r\nabc") == Response(200, {"content-length": "2, 2"}, b"ab")


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 100\r\n\r\n", b"\r\n", b"Transfer-Encoding: chunked\r\n\r\n64\r\n"]
)
def test_an_answer_that_drips_is_given_up_as_a_whole(framing: bytes) -> None:
    """Each byte comes within a time-out of its own; all of them together do not."""
    with pytest.raises(Trouble) as caught:
        answer(OK + framing + b"x" * 100, size=1, seconds=0.9)
    assert caught.value.kind == "timeout"


def test_a_wait_is_what_is_left() -> None:
    pieces = Pieces(OK + b"Content-Length: 0\r\n\r\n", size=10, seconds=2.0)
    read_response(Reader(pieces, 10.0, pieces.clock))
    assert pieces.timeouts == [10.0, 8.0, 6.0, 4.0]


# ── addresses and requests


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://sts.amazonaws.com", Address("https", "sts.amazonaws.com", 443)),
        ("http://LocalHost:4566/", Address("http", "localhost", 4566)),
        ("http://local_stack:4566", Address("http", "local_stack", 4566)),
        ("http://[::1]:80/a/b/", Address("http", "::1", 80, "/a/b/")),
        ("https://user:pass@h/x%20y z", Address("https", "h", 443, "/x%20y%20z")),
    ],
)
def test_addresses(url: str, found: Address) -> None:
    assert Address.of(url) == found


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:1",
        "not an address",
        "http://",
        "ftp://x",
        "ftp//x",
        "http://a b",
        "https://.a",
        "http://-a",
        "http://a:0",
        "http://a:65536",
        "http://a:x",
        "http://[::1",
        "http://[zz]",
        "http://a?b",
        "http://a#b",
        "http://é",
        "http://" + "a" * 300,
        "file:///etc/passwd",
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises((ValueError, OSError)):
        Address.of(url)


def test_a_request_says_its_length_and_wants_no_compression() -> None:
    assert (
        request_bytes("/a", {"Host": "h", "X": "ü"}, b"body")
        == (
            "POST /a HTTP/1.1\r\nHost: h\r\nX: ü\r\nContent-Length: 4\r\nAccept-Encoding: identity\r\n"
            "Connection: close\r\n\r\nbody"
        ).encode()
    )
