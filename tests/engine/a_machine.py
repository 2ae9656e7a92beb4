"""A machine to examine: a home, an environment, an engine on them, and servers that answer oddly."""

from __future__ import annotations

import contextlib
import http.server
import ssl
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any, ClassVar

from xswitch.engine import Engine
from xswitch.engine.checks.machine import Finding, Machine
from xswitch.paths import Paths

CATALOG = """\
version = 1
[defaults]
identity = "central"
region = "eu-west-1"
[identities.central]
kind = "keys"
account_id = "111122223333"
[[accounts]]
id = "444455556666"
name = "payments-prod"
roles = [{ name = "ReadOnly" }]
"""
PREFERENCES = "plaintext_key = true\nkernel_keyring = false\n"
SENTINEL = "sentinel" * 5


class Here:
    """The pieces of a machine, to be changed before it is looked at."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bin").mkdir(parents=True)
        self.environ = {
            "HOME": str(folder), "XSWITCH_HOME": str(folder / "xswitch"), "PATH": str(folder / "bin"),
            "LANG": "C.UTF-8", "TERM": "xterm-256color", "SHELL": "/bin/sh",
        }  # fmt: skip
        self.now: float | None = None

    @property
    def paths(self) -> Paths:
        return Paths.of(self.environ)

    def engine(self) -> Engine:
        return Engine(self.paths, self.environ, lambda: time.time() if self.now is None else self.now)

    def machine(self) -> Machine:
        return Machine(self.engine())

    def write(self, catalog: str = CATALOG, preferences: str = PREFERENCES) -> None:
        self.paths.config.mkdir(parents=True, exist_ok=True)
        self.paths.catalog_file.write_text(catalog)
        self.paths.preferences_file.write_text(preferences)

    def program(self, name: str, *lines: str) -> Path:
        """Put a program on PATH that prints lines."""
        return self.script(name, *(f"echo '{line}'" for line in lines))

    def script(self, name: str, *lines: str) -> Path:
        file = self.folder / "bin" / name
        file.write_text("\n".join(["#!/bin/sh", *lines, ""]))
        file.chmod(0o755)
        return file

    def aws_file(self, name: str, text: str) -> None:
        (self.folder / ".aws").mkdir(exist_ok=True)
        (self.folder / ".aws" / name).write_text(text)


def said(findings: Any) -> list[tuple[str, str]]:
    """Return level and message of findings."""
    return [(one.level, one.message) for one in findings]


def only(findings: Any) -> Finding:
    """Return the one finding."""
    found = list(findings)
    assert len(found) == 1, found
    first = found[0]
    assert isinstance(first, Finding)
    return first


class Odd(http.server.BaseHTTPRequestHandler):
    """Answers every request alike, and keeps what it was asked."""

    asked: ClassVar[list[tuple[str, str, str]]] = []
    date: ClassVar[str | None] = None

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append((self.command, self.path, self.headers.get("Proxy-Authorization", "")))
        self.send_response_only(403)
        if self.date is not None:
            self.send_header("Date", self.date)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_CONNECT(self) -> None:
        self.asked.append((self.command, self.path, self.headers.get("Proxy-Authorization", "")))
        self.send_error(407)

    def log_message(self, *arguments: object) -> None:
        pass


@contextlib.contextmanager
def serving(date: float | str | None, context: ssl.SSLContext | None = None) -> Iterator[tuple[str, list[Any]]]:
    """Yield a server's address, and what it is asked; ``date`` is its time, or what it says instead."""
    said_date = formatdate(date, usegmt=True) if isinstance(date, float | int) else date
    handler = type("Handler", (Odd,), {"asked": [], "date": said_date})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}", handler.asked  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
