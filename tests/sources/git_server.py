"""A real git server over HTTPS on loopback: git's own http-backend, behind Python's server, with a private CA."""

from __future__ import annotations

import os
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class GitServer:
    """Serves the repositories below ``root``. ``ca`` is the file of the authority that signed its certificate."""

    def __init__(self, root: Path, context: ssl.SSLContext, ca: Path) -> None:
        self.root = root
        self.ca = ca
        self.requests: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server._serve(self)

            do_POST = do_GET

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        self.requests.append(request.path)
        path, _, query = request.path.partition("?")
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        environ = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": request.command,
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(["git", "http-backend"], env=environ, input=body, capture_output=True, timeout=60)
        head, _, answer = done.stdout.partition(b"\r\n\r\n")
        lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        request.send_response(int(lines.pop("Status", "200").split()[0]))
        for name, value in lines.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(answer)))
        request.end_headers()
        request.wfile.write(answer)


def repository(root: Path, name: str) -> Path:
    """Create a bare repository to serve, and return a work tree that pushes to it."""
    bare, work = root / f"{name}.git", root.parent / f"{name}-work"
    run(root, "init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    run(root, "clone", "--quiet", str(bare), str(work))
    run(work, "checkout", "--quiet", "-B", "main")
    return work


def commit(work: Path, message: str = "change") -> str:
    """Commit everything in a work tree, push it, and return the commit."""
    run(work, "add", "--all", "--force")
    run(work, "commit", "--quiet", "--allow-empty", "--message", message)
    run(work, "push", "--quiet", "--force", "origin", "HEAD:main")
    return run(work, "rev-parse", "HEAD").strip()


def run(folder: Path, *words: str) -> str:
    """Run git as the person who keeps the repository."""
    environ = os.environ | {
        "GIT_AUTHOR_NAME": "team", "GIT_AUTHOR_EMAIL": "team@acme.example", "GIT_COMMITTER_NAME": "team",
        "GIT_COMMITTER_EMAIL": "team@acme.example", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
    }  # fmt: skip
    settings = ("-c", "protocol.file.allow=always")
    done = subprocess.run(
        ["git", *settings, *words], cwd=folder, env=environ, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done
    return done.stdout
