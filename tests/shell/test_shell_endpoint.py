"""The endpoint over raw sockets: who gets a session, and everybody who does not."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from people_and_shells import SENTINEL, make_session

from xswitch.errors import Denied, PersonNeeded, Unreachable, VaultUnavailable, XswitchError
from xswitch.session.model import Session
from xswitch.shell import endpoint as endpoint_module
from xswitch.shell.endpoint import MOST_CONNECTIONS, MOST_HEAD, PATH, CredentialServer

ROLE = "arn:aws:iam::444455556666:role/ci/Deploy"


class Client:
    """Speaks to a server as its program would, or as somebody who should not."""

    def __init__(self, server: CredentialServer) -> None:
        self.url = server.endpoint.url
        self.token = server.endpoint.token.reveal()
        self.host = self.url.removeprefix("http://").removesuffix(PATH)
        self.port = int(self.host.partition(":")[2])

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def head(self, line: str = f"GET {PATH} HTTP/1.1", **changes: str | None) -> bytes:
        """Return the head of a good request, with headers changed, added or left out (None)."""
        headers: dict[str, str | None] = {"Host": self.host, "Accept": "*/*", "Authorization": self.token}
        headers |= {name.replace("_", "-"): value for name, value in changes.items()}
        lines = [line, *(f"{name}: {value}" for name, value in headers.items() if value is not None)]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"

    def send(self, data: bytes) -> tuple[int, dict[str, str], bytes]:
        """Send bytes; return status, headers and all that comes until the other side closes."""
        with self.connect() as connection:
            connection.sendall(data)
            return self.answer(connection)

    def answer(self, connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
        got = b""
        while more := connection.recv(65536):
            got += more
        top, _, body = got.partition(b"\r\n\r\n")
        first, *lines = top.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        assert headers["connection"] == "close"
        assert int(headers["content-length"]) == len(body), "one answer, and no more"
        return int(first.split(" ")[1]), headers, body

    def refused(self, data: bytes, status: int) -> str:
        """Send bytes and see them refused, without a word of the session; return the code."""
        got, headers, body = self.send(data)
        assert got == status, body
        assert "access-control-allow-origin" not in headers
        assert SENTINEL.encode() not in body
        assert self.token.encode() not in body
        document = json.loads(body)
        assert sorted(document) == ["code", "message"]
        return str(document["code"])


@pytest.fixture
def serve() -> Iterator[Callable[..., Client]]:
    servers: list[CredentialServer] = []

    def start(give: Callable[[], Session] = make_session, **settings: float) -> Client:
        server = CredentialServer(give, role_arn=ROLE, **settings)
        server.__enter__()
        servers.append(server)
        return Client(server)

    before = set(threading.enumerate())
    yield start
    for server in servers:
        server.__exit__(None, None, None)
    for thread in set(threading.enumerate()) - before:
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture
def client(serve: Callable[..., Client]) -> Client:
    return serve()


def test_the_session_as_sdks_read_it(client: Client) -> None:
    status, headers, body = client.send(client.head())
    assert status == 200
    assert headers["content-type"] == "application/json"
    assert headers["cache-control"] == "no-store"
    assert json.loads(body) == {
        "AccessKeyId": "ASIAEXAMPLEEXAMPLE12",
        "SecretAccessKey": SENTINEL,
        "Token": "token==",
        "Expiration": "2026-11-18T11:06:40Z",
        "AccountId": "444455556666",
        "RoleArn": ROLE,
    }


def test_it_listens_on_loopback_alone_at_a_port_of_its_own(serve: Callable[..., Client]) -> None:
    one, other = serve(), serve()
    assert one.port != other.port
    assert one.token != other.token
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", one.token)
    listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines() if " 0A " in line]
    assert f"0100007F:{one.port:04X}" in listening
    everywhere = Path("/proc/net/tcp6").read_text() if Path("/proc/net/tcp6").exists() else ""
    assert f":{one.port:04X} " not in everywhere


def test_localhost_is_a_name_of_it(client: Client) -> None:
    assert client.send(client.head(Host=f"localhost:{client.port}"))[0] == 200
    assert client.send(client.head(f"GET {PATH} HTTP/1.0"))[0] == 200


@pytest.mark.parametrize("token", [None, "", "x", "Bearer {}", "{}x", "x{}", "{} {}", "é"])
def test_a_wrong_token_is_refused(client: Client, token: str | None) -> None:
    given = None if token is None else token.replace("{}", client.token)
    assert client.refused(client.head(Authorization=given), 403) == "wrong-token"


def test_a_token_that_is_nearly_right_is_refused(client: Client) -> None:
    changed = client.token[:-1] + ("a" if client.token[-1] != "a" else "b")
    assert client.refused(client.head(Authorization=changed), 403) == "wrong-token"
    assert client.refused(client.head(Authorization=client.token.swapcase()), 403) == "wrong-token"
    twice = client.head(Authorization=f"{client.token}\r\nAuthorization: {client.token}")
    assert client.refused(twice, 403) == "wrong-token"


def test_the_token_is_compared_in_constant_time(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def spy(given: bytes, wanted: bytes) -> bool:
        compared.append((given, wanted))
        return False

    monkeypatch.setattr(endpoint_module.hmac, "compare_digest", spy)
    for token in ("x", client.token):
        client.refused(client.head(Authorization=token), 403)
    assert compared == [(b"x", client.token.encode()), (client.token.encode(), client.token.encode())]


@pytest.mark.parametrize("host", [None, "", "127.0.0.1", "127.0.0.1:1", "evil.example:{}", "[::1]:{}", "127.0.0.1.:{}"])
def test_a_wrong_host_is_refused(client: Client, host: str | None) -> None:
    """As a page has it whose name was made to resolve to 127.0.0.1."""
    given = None if host is None else host.replace("{}", str(client.port))
    assert client.refused(client.head(Host=given), 403) == "wrong-host"


def test_two_hosts_are_one_too_many(client: Client) -> None:
    assert client.refused(client.head(Host=f"{client.host}\r\nHost: {client.host}"), 403) == "wrong-host"


@pytest.mark.parametrize("name", ["Origin", "Referer", "Sec_Fetch_Site", "sec_fetch_mode"])
def test_a_browser_is_refused(client: Client, name: str) -> None:
    assert client.refused(client.head(**{name: "null"}), 403) == "browser"


@pytest.mark.parametrize("path", ["/", "/session/", "/session?x=1", "//session", "/Session", "/%73ession", "*", "{}"])
def test_there_is_one_path(client: Client, path: str) -> None:
    target = path.replace("{}", client.url)
    assert client.refused(client.head(f"GET {target} HTTP/1.1"), 404) == "not-found"


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "DELETE", "OPTIONS", "get", "CONNECT"])
def test_other_methods_are_refused(client: Client, method: str) -> None:
    assert client.refused(client.head(f"{method} {PATH} HTTP/1.1"), 405) == "wrong-method"
    assert client.send(client.head(f"{method} {PATH} HTTP/1.1"))[1]["allow"] == "GET"


@pytest.mark.parametrize("change", [{"Content_Length": "3"}, {"Content_Length": "x"}, {"Transfer_Encoding": "chunked"}])
def test_a_body_is_refused(client: Client, change: dict[str, str]) -> None:
    assert client.refused(client.head(**change) + b"abc", 400) == "wrong-request"
    assert client.send(client.head(Content_Length="0"))[0] == 200


@pytest.mark.parametrize(
    "head",
    [
        b"GET /session\r\n\r\n",
        b"GET  /session HTTP/1.1\r\n\r\n",
        b"GET /session HTTP/1.1\r\nHost 127.0.0.1\r\n\r\n",
        b"GET /session HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n",
        b"GET /session HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        b"GET /session HTTP/1.1\r\nHost: a\x00\r\n\r\n",
        b"GET /session HTTP/1.1\r\nHost: a\nAuthorization: b\r\n\r\n",
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused(client: Client, head: bytes) -> None:
    assert client.refused(head, 400) == "wrong-request"


def test_http_of_another_version_is_refused(client: Client) -> None:
    assert client.refused(client.head(f"GET {PATH} HTTP/2.0"), 400) == "wrong-request"


def test_a_huge_head_is_refused_and_the_answer_arrives(client: Client) -> None:
    assert client.refused(client.head(X="x" * MOST_HEAD), 431) == "too-large"
    for _ in range(20):  # what was sent in vain resets no connection before the answer is read
        assert client.refused(b"GET /" + b"x" * 16 * MOST_HEAD, 431) == "too-large"
    assert client.send(client.head(X="x" * (MOST_HEAD // 2)))[0] == 200


def test_a_header_that_is_none_is_found_out_in_one_pass(client: Client) -> None:
    before = time.process_time()
    assert client.refused(client.head(X=" " * (MOST_HEAD - 400) + "\x01"), 400) == "wrong-request"
    assert time.process_time() - before < 0.5  # a pass takes microseconds, one from each blank on seconds


def test_of_pipelined_requests_one_is_answered(client: Client) -> None:
    wrong = client.head(Authorization="x")
    assert client.refused(wrong + client.head(), 403) == "wrong-token"
    status, _, body = client.send(client.head() * 3)
    assert (status, json.loads(body)["AccountId"]) == (200, "444455556666")


def test_a_request_may_come_in_pieces(client: Client) -> None:
    with client.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in client.head():
            connection.sendall(bytes([byte]))
        assert client.answer(connection)[0] == 200


def test_a_slow_client_holds_up_nobody_and_is_dropped(serve: Callable[..., Client]) -> None:
    client = serve(seconds=3.0)
    with client.connect() as slow, client.connect() as dripping:
        slow.sendall(b"GET /session HTTP/1.1\r\n")
        assert client.send(client.head())[0] == 200
        stop = time.monotonic() + 20
        with pytest.raises(OSError):  # a drop for every byte in time does not add up to more time
            while time.monotonic() < stop:
                dripping.sendall(b"x")
                time.sleep(0.05)
        assert slow.recv(100) == b""


def test_too_many_idle_clients_make_room_for_one_that_asks(client: Client) -> None:
    idle = [client.connect() for _ in range(2 * MOST_CONNECTIONS)]
    try:
        assert client.send(client.head())[0] == 200
        assert sum(_open(connection) for connection in idle) <= MOST_CONNECTIONS
    finally:
        for connection in idle:
            connection.close()


def test_refused_clients_that_stay_make_room_for_one_that_asks(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_module, "_LINGER", 600.0)
    refused = [client.connect() for _ in range(MOST_CONNECTIONS)]
    try:
        for connection in refused:
            connection.sendall(client.head(Authorization="x"))
            assert client.answer(connection)[0] == 403
        assert client.send(client.head())[0] == 200
    finally:
        for connection in refused:
            connection.close()


def _open(connection: socket.socket) -> bool:
    connection.settimeout(0.001)
    try:
        return connection.recv(1) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


def test_a_fetch_that_waits_holds_up_no_other(serve: Callable[..., Client]) -> None:
    first, go = threading.Event(), threading.Event()

    def give() -> Session:
        if not first.is_set():
            first.set()
            go.wait(20)
        return make_session()

    client = serve(give)
    with client.connect() as waiting:
        waiting.sendall(client.head())
        assert first.wait(20)
        assert client.send(client.head())[0] == 200
        go.set()
        assert client.answer(waiting)[0] == 200


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (PersonNeeded("a code is needed", "open it once"), 403, "person-needed"),
        (Denied("AWS denied it", "open it once"), 403, "denied"),
        (Unreachable("AWS can't be reached", "open it once"), 503, "unreachable"),
        (VaultUnavailable("the vault is locked", "open it once"), 503, "vault"),
    ],
)
def test_an_error_is_told_in_the_words_of_sdks(
    serve: Callable[..., Client], error: XswitchError, status: int, code: str
) -> None:
    def give() -> Session:
        raise error

    client = serve(give)
    got, _, body = client.send(client.head())
    assert got == status
    assert json.loads(body) == {"code": code, "message": f"{error.message}; open it once"}


def test_a_fault_of_ours_tells_nothing(serve: Callable[..., Client], capfd: pytest.CaptureFixture[str]) -> None:
    def give() -> Session:
        raise ValueError("s3ntinel")

    client = serve(give)
    status, _, body = client.send(client.head())
    assert (status, json.loads(body)) == (
        500,
        {"code": "fault", "message": "a fault of xswitch itself, ValueError"},
    )
    assert capfd.readouterr() == ("", "")


def test_nothing_is_logged(client: Client, capfd: pytest.CaptureFixture[str]) -> None:
    client.send(client.head())
    client.refused(client.head(Authorization="x"), 403)
    with client.connect() as gone:
        gone.sendall(b"GET /sess")
    assert capfd.readouterr() == ("", "")


def test_it_stops() -> None:
    before = set(threading.enumerate())
    with CredentialServer(make_session, role_arn=ROLE, seconds=600) as server:
        client = Client(server)
        idle = client.connect()
        client.send(client.head())
    assert idle.recv(1) == b""
    idle.close()
    with pytest.raises(ConnectionRefusedError):
        client.connect()
    for thread in set(threading.enumerate()) - before:
        thread.join(20)
        assert not thread.is_alive()


def test_its_token_is_in_no_repr(client: Client) -> None:
    with CredentialServer(make_session, role_arn=ROLE) as server:
        assert server.endpoint.token.reveal() not in repr(server.endpoint) + repr(vars(server))
