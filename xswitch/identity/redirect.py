"""The redirect of a sign-in to this machine: one address on loopback, open for as long as the login takes (RFC 8252).

Only the redirect with the state of this very login counts; any other is refused and waited past, so that no page in
the browser can end the login or put a code of its own in its place.
"""

from __future__ import annotations

import hmac
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from xswitch.errors import Cancelled, Denied
from xswitch.secret import Secret
from xswitch.text import clean

PATH: Final = "/oauth/callback"
_DONE: Final = "You are signed in. Close this page and go back to the terminal."
_OTHER: Final = "This is not the login that xswitch waits for."
_DECLINED: Final = "The login was declined. Go back to the terminal."


class Redirect:
    """Waits for the browser to come back with ``state``; used with ``with``."""

    def __init__(self, state: str) -> None:
        self._state = state
        self._found = threading.Event()
        self._code: Secret | None = None
        self._error = ""
        waiting = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                status, words = waiting._answer(self.path)
                body = f"<!doctype html><meta charset=utf-8><title>xswitch</title><p>{words}</p>".encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", "no-store")
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing: the address holds the code."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
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
        step = 0.2
        for _ in range(int(seconds / step)):
            if self._found.wait(step):
                break
        if self._error == "access_denied":
            raise Cancelled("the login was declined in the browser")
        if self._error:
            raise Denied(f"the login was refused: {clean(self._error)}", "try again", side="caller")
        return self._code

    def _answer(self, path: str) -> tuple[int, str]:
        parts = urlsplit(path)
        given = {name: values[0] for name, values in parse_qs(parts.query).items()}
        right = hmac.compare_digest(given.get("state", "").encode(), self._state.encode())
        if parts.path != PATH or not right or self._found.is_set():
            return 400, _OTHER
        if "code" in given:
            self._code = Secret(given["code"])
        else:
            self._error = given.get("error", "no code came")
        self._found.set()
        return 200, _DONE if self._code else _DECLINED
