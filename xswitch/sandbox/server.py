"""The sandbox as a server: real HTTP on loopback, one thread a connection, and none left once it stops."""

from __future__ import annotations

import contextlib
import hmac
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Final, cast

from xswitch.sandbox import totp
from xswitch.sandbox.faults import Faults
from xswitch.sandbox.gateway import Answer, Gateway, RecordedCall
from xswitch.sandbox.limits import Limits
from xswitch.sandbox.organization import Organization
from xswitch.sandbox.sigv4 import HttpRequest
from xswitch.sandbox.wire import http_date

MOST_BODY: Final = 1024 * 1024
"""Bytes that a request's body may have."""

IDLE_SECONDS: Final = 60.0


class Sandbox:
    """A small, strict AWS on 127.0.0.1, at a port of the system's choice.

    ``clock`` (epoch seconds) is the server's: it dates answers, judges signatures and codes and ends sessions.
    ``practice_token``, where given, opens ``/practice/<token>/authenticator``: the current code of the organization's
    ``shown_device``. ``source_ip`` stands for the address that callers come from, for policies that ask for it ("" for
    a call without one, as through a VPC endpoint). ``ssl_context``, where given, makes it speak HTTPS. Used as a
    context manager, or with :meth:`start` and :meth:`stop`.
    """

    def __init__(
        self,
        organization: Organization,
        clock: Callable[[], float] = time.time,
        faults: Faults | None = None,
        *,
        practice_token: str = "",
        source_ip: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self.organization = organization
        self.clock = clock
        self.faults = faults or Faults()
        self.practice_token = practice_token
        self.source_ip = source_ip
        self.ssl_context = ssl_context
        self._stopping = threading.Event()
        self.limits = Limits(time.monotonic)
        self._gateway = Gateway(organization, clock, self.faults, self._stopping.wait, self.limits)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The endpoint of every service, such as ``http://127.0.0.1:43210``. Raises RuntimeError before the start."""
        if self._server is None:
            raise RuntimeError("the sandbox is not running")
        scheme = "http" if self.ssl_context is None else "https"
        return f"{scheme}://127.0.0.1:{self._server.server_address[1]}"

    @property
    def calls(self) -> list[RecordedCall]:
        """Every call so far, in the order in which they were answered."""
        return self._gateway.calls

    @property
    def crashes(self) -> list[Exception]:
        """What went wrong in the sandbox itself: always empty, or it has a fault."""
        return self._gateway.crashes

    def start(self) -> None:
        """Listen, and answer in threads. Raises OSError where loopback has no port left."""
        if self._server is not None:
            raise RuntimeError("the sandbox is running")
        self._stopping.clear()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.sandbox = self
        self._thread = threading.Thread(target=self._serve, args=(self._server,), name="sandbox", daemon=True)
        self._thread.start()

    def _serve(self, server: _Server) -> None:
        while not self._stopping.is_set():
            server.handle_request()

    def stop(self) -> None:
        """Close every connection and wait for every thread. Does nothing where it is not running."""
        server, thread = self._server, self._thread
        if server is None or thread is None:
            return
        self._stopping.set()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", server.server_port)):
            pass  # wakes the thread that waits for a connection
        thread.join()
        server.drop_connections()
        server.server_close()
        self._server = self._thread = None

    def answer(self, request: HttpRequest) -> Answer:
        """Answer one request of AWS's protocols."""
        return self._gateway.answer(request)

    def authenticator(self) -> dict[str, Any] | None:
        """Return what the practice authenticator shows: code, seconds left, and whether the code was spent."""
        device = self.organization.shown_device
        if device is None:
            return None
        now = self.clock()
        step = totp.counter(now)
        with self.organization.lock:
            spent = step in device.spent
        return {"code": totp.code_of(device.seed, step), "left": totp.STEP - int(now) % totp.STEP, "spent": spent}


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 128
    allow_reuse_address = True
    sandbox: Sandbox

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(address, handler)

    def server_bind(self) -> None:
        # HTTPServer's own looks up the host's name, which can take seconds without a network.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        context = self.sandbox.ssl_context
        if context is not None:
            # The handshake is left to the connection's own thread: one that hangs keeps nobody else waiting.
            connection = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def drop_connections(self) -> None:
        with self._open_lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that the other side dropped; anything else is a fault of ours, and is told."""
        import sys

        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError, ssl.SSLError)):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout: ClassVar[float] = IDLE_SECONDS
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path.startswith("/practice/"):
            self._practice()
        else:
            self._aws()

    def do_POST(self) -> None:
        self._aws()

    do_PUT = do_DELETE = do_POST  # noqa: N815 - the names that http.server calls

    def _aws(self) -> None:
        body = self._body()
        if body is None:
            return
        path, _, query = self.path.partition("?")
        headers = tuple((name.lower(), value) for name, value in self.headers.items())
        sandbox = cast("_Server", self.server).sandbox
        address = self.client_address[0] if sandbox.source_ip is None else sandbox.source_ip
        answer = sandbox.answer(HttpRequest(self.command, path, query, headers, body, address))
        if answer.reset:
            self._reset()
            return
        lines = [("x-amzn-RequestId", answer.request_id), ("Content-Type", answer.content_type), *answer.headers]
        self._send(answer.status, lines, answer.body, cut=answer.cut)

    def _body(self) -> bytes | None:
        """Read the request's body; answer and return None where it is not one that can be read."""
        text = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not (text.isascii() and text.isdigit()):
            self.close_connection = True
            self._send(HTTPStatus.LENGTH_REQUIRED, [("Content-Type", "text/plain")], b"a length is required\n")
            return None
        if int(text) > MOST_BODY:
            self.close_connection = True
            self._send(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, [("Content-Type", "text/plain")], b"too large\n")
            return None
        body = self.rfile.read(int(text))
        if len(body) < int(text):
            self.close_connection = True
            return None
        return body

    def _practice(self) -> None:
        sandbox = cast("_Server", self.server).sandbox
        host = (self.headers.get("Host") or "").rsplit(":", 1)[0]
        wanted = f"/practice/{sandbox.practice_token}/authenticator"
        shown = None
        local = bool(sandbox.practice_token) and host in ("127.0.0.1", "localhost", "[::1]")
        if local and hmac.compare_digest(self.path.encode(), wanted.encode()):
            shown = sandbox.authenticator()
        status = HTTPStatus.OK if shown is not None else HTTPStatus.NOT_FOUND
        kind = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
        self._send(status, kind, json.dumps(shown or {}).encode())

    def _send(self, status: int, headers: list[tuple[str, str]], body: bytes, *, cut: bool = False) -> None:
        sandbox = cast("_Server", self.server).sandbox
        close = cut or self.close_connection
        lines = [
            f"HTTP/1.1 {int(status)} {HTTPStatus(status).phrase}",
            f"Date: {http_date(sandbox.clock())}",
            *(f"{name}: {value}" for name, value in headers),
            f"Content-Length: {len(body)}",
            *(["Connection: close"] if close else []),
        ]
        shown = body[: len(body) // 2] if cut else body
        self.close_connection = close
        self.wfile.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + shown)

    def _reset(self) -> None:
        """Close so that the other side sees a reset, not an end."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that http.server has
        """Write nothing: stderr belongs to the program that runs the sandbox."""
