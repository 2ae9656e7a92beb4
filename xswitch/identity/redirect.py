"""The redirect of a sign-in to this machine: one address on loopback, open for as long as the login takes (RFC 8252).

Only the redirect with the state of this very login counts; any other is refused and waited past, so that no page in
the browser can end the login or put a code of its own in its place.
"""

from __future__ import annotations

import hmac
import threading
from http.server import BaseHTTPRequestHandler
from socketserver import BaseRequestHandler, ThreadingTCPServer
from types import TracebackType
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

from xswitch.errors import Cancelled, Denied
from xswitch.secret import Secret
from xswitch.text import clean

PATH: Final = "/oauth/callback"
_FIELDS: Final = 20
"""Parameters that a redirect may have at most."""
_IDLE_SECONDS: Final = 10
"""How long a connection may say nothing: browsers open some ahead."""
_HEADERS: Final = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
)
_PAGE: Final = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>xswitch: {title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 20vh auto 0; padding: 0 1.5rem; }}
h1 {{ font-size: 1.5rem; }}
</style></head>
<body><h1>{title}</h1><p>{words}</p></body></html>
"""


class _Words(NamedTuple):
    """What the page says."""

    title: str
    words: str


_DONE: Final = _Words("You can go back to the terminal", "xswitch goes on there. This page can be closed.")
_DECLINED: Final = _Words("The login was not allowed", "Nothing was signed in. This page can be closed.")
_OTHER: Final = _Words("This is not the login that xswitch waits for", "Use the page that it opened, or begin again.")


class Redirect:
    """Waits for the browser to come back with ``state``; used with ``with``."""

    def __init__(self, state: str) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._found = threading.Event()
        self._code: Secret | None = None
        self._error = ""
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="redirect", daemon=True
        )

    @property
    def uri(self) -> str:
        """The address that the browser is sent to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{PATH}"

    def __enter__(self) -> Redirect:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait(self, seconds: float) -> Secret | None:
        """Return the code, or None where none came in time. Raises Cancelled where the person declined, Denied."""
        if not self._found.wait(seconds):
            return None
        if self._error == "access_denied":
            raise Cancelled("the login was declined in the browser")
        if self._error:
            raise Denied(f"AWS refused the login: {clean(self._error)[:200]}", "try again", side="caller")
        return self._code

    def _judge(self, path: str) -> tuple[int, _Words, bool]:
        """Take what a redirect brings: return the status and the words of the page, and whether the wait is over."""
        try:
            parts = urlsplit(path)
            fields = parse_qs(parts.query, max_num_fields=_FIELDS)
        except ValueError:
            return 400, _OTHER, False
        given = {name: values[0] for name, values in fields.items() if len(values) == 1}
        right = hmac.compare_digest(given.get("state", "").encode(), self._state.encode())
        with self._lock:
            if parts.path != PATH or not right or self._code or self._error:
                return 400, _OTHER, False
            if "code" in given:
                self._code = Secret(given["code"])
                return 200, _DONE, True
            self._error = given.get("error", "the browser came back without a code")
            return 200, _DECLINED, True

    def _handler(self) -> type[BaseRequestHandler]:
        waiting = self

        class Handler(BaseHTTPRequestHandler):
            timeout = _IDLE_SECONDS

            def do_GET(self) -> None:
                status, words, over = waiting._judge(self.path)
                try:
                    self.answer(status, words)
                finally:
                    if over:  # once the page is there: the program may end at any time from now on
                        waiting._found.set()

            def answer(self, status: int, words: _Words) -> None:
                body = _PAGE.format(title=words.title, words=words.words).encode()
                self.send_response(status)
                for name, value in (*_HEADERS, ("Content-Length", str(len(body)))):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def send_error(self, code: int, *_: Any) -> None:
                """Answer what is no GET as anything else that is not the redirect."""
                self.close_connection = True
                self.answer(code, _OTHER)

            def version_string(self) -> str:
                return "xswitch"

            def log_message(self, *_: Any) -> None:
                """Say nothing: the address holds the code."""

        return Handler


class _Server(ThreadingTCPServer):
    """A thread for each connection: one that a browser opens ahead and leaves silent keeps nobody waiting."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a connection that broke: the browser is asked by whoever waits for it."""
