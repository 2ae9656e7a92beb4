"""Things at the other end of a connection: one that says what it is told to, relays, a forward proxy."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from types import TracebackType
from urllib.parse import urlsplit


def read_request(connection: socket.socket) -> bytes:
    """Return one request, head and body; what was sent so far where the other side closed."""
    data = b""
    while b"\r\n\r\n" not in data and (more := connection.recv(65536)):
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length and (more := connection.recv(65536)):
        body += more
    return head + b"\r\n\r\n" + body


class Listener:
    """Answers each connection in a thread of its own; every one is closed at the end."""

    def __init__(self, answer: Callable[[socket.socket], None], host: str = "127.0.0.1") -> None:
        self._answer = answer
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listening = socket.create_server((host, 0), family=family, backlog=64)
        self.host = host
        self.port: int = self._listening.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._ended = False

    @property
    def url(self) -> str:
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    def __enter__(self) -> Listener:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = True
        with contextlib.suppress(OSError), socket.create_connection((self.host, self.port)):
            pass  # wakes the thread that waits for a connection
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(30)
        self._listening.close()

    def follow(self, connection: socket.socket) -> None:
        """Close a connection at the end, whoever waits on it."""
        with self._lock:
            self._open.add(connection)

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            if self._ended:
                connection.close()
                return
            self.follow(connection)
            self._start(lambda connection=connection: self._serve(connection))  # type: ignore[misc]

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            self._answer(connection)


@contextlib.contextmanager
def saying(*pieces: bytes | float | None, listens: bool = True) -> Iterator[tuple[str, list[bytes]]]:
    """Serve every request with ``pieces``: bytes are sent, a number waits for seconds, None resets the connection.

    One that does not listen speaks at once, whatever was sent.
    """
    requests: list[bytes] = []
    ending = threading.Event()

    def answer(connection: socket.socket) -> None:
        requests.append(read_request(connection) if listens else connection.recv(65536))
        for piece in pieces:
            if piece is None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            if isinstance(piece, bytes):
                connection.sendall(piece)
            elif ending.wait(piece):
                return

    with Listener(answer) as listener:
        try:
            yield listener.url, requests
        finally:
            ending.set()


def pump(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until either side ends."""

    def carry(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    back = threading.Thread(target=carry, args=(other, one), daemon=True)
    back.start()
    carry(one, other)
    back.join(30)


class Relay(Listener):
    """Passes every connection on to a port of loopback."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        super().__init__(self._pass_on, host)
        self._target = port

    def _pass_on(self, connection: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", self._target)) as onward:
            self.follow(onward)
            pump(connection, onward)


class ForwardProxy(Listener):
    """A forward proxy: requests of http by their absolute URI, CONNECT for https. ``seen`` holds first lines.

    ``login`` is the name and password that it wants, as ``name:password``. ``refuse`` is a status for every request.
    ``hosts`` are names that only this proxy knows, and their ports on loopback. ``tls`` wraps what comes in.
    """

    def __init__(
        self,
        login: str = "",
        refuse: int = 0,
        hosts: dict[str, int] | None = None,
        tls: Callable[[socket.socket], socket.socket] | None = None,
    ) -> None:
        super().__init__(self._forward)
        self._login = f"Basic {b64encode(login.encode()).decode()}" if login else ""
        self._refuse = refuse
        self._hosts = hosts or {}
        self._tls = tls
        self.seen: list[str] = []

    def _forward(self, connection: socket.socket) -> None:
        if self._tls is not None:
            connection = self._tls(connection)
            self.follow(connection)
        with connection:
            request = read_request(connection)
            head, _, body = request.partition(b"\r\n\r\n")
            first, *fields = head.decode("latin-1").split("\r\n")
            self.seen.append(first)
            headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
            if self._login and headers.get("proxy-authorization") != self._login:
                connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            elif self._refuse:
                connection.sendall(f"HTTP/1.1 {self._refuse} No\r\nContent-Length: 0\r\n\r\n".encode())
            elif first.startswith("CONNECT "):
                host, _, port = first.split()[1].rpartition(":")
                self._tunnel(connection, host, int(port))
            else:
                self._pass_on(connection, first, fields, body)

    def _onward(self, host: str, port: int) -> socket.socket:
        place = ("127.0.0.1", self._hosts[host]) if host in self._hosts else (host, port)
        onward = socket.create_connection(place)
        self.follow(onward)
        return onward

    def _tunnel(self, connection: socket.socket, host: str, port: int) -> None:
        with self._onward(host, port) as onward:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            pump(connection, onward)

    def _pass_on(self, connection: socket.socket, first: str, fields: list[str], body: bytes) -> None:
        method, target, version = first.split()
        parts = urlsplit(target)
        kept = [field for field in fields if not field.lower().startswith("proxy-")]
        with self._onward(parts.hostname or "", parts.port or 80) as onward:
            head = "\r\n".join([f"{method} {parts.path or '/'} {version}", *kept]) + "\r\n\r\n"
            onward.sendall(head.encode("latin-1") + body)
            while data := onward.recv(65536):
                connection.sendall(data)


def free_port() -> int:
    """Return a port of loopback at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port
