"""Loaded by every Python that a watched run starts (it is first on PYTHONPATH): notes what Python itself would hide.

Every program that is started goes down in a file with its arguments and environment, and every file that is about to be
removed or renamed is copied first, so that nothing is too short-lived to be seen. ``WATCHED`` names the folder.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

_FOLDER = os.environ.get("WATCHED", "")
_busy = False
_count = 0


def _text(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, dict):
        return {_text(name): _text(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_text(one) for one in value]
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _note(name: str, data: bytes) -> None:
    global _count
    _count += 1
    descriptor = os.open(f"{_FOLDER}/{name}-{os.getpid()}-{_count}", os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(descriptor, data)
    os.close(descriptor)


def _started(program: Any, argv: Any, environ: Any) -> None:
    inherited = dict(os.environ) if environ is None else environ
    line = {"program": _text(program), "argv": _text(argv), "environ": _text(inherited), "by": sys.argv}
    _note("started", json.dumps(line).encode())


def _keep(path: Any, folder: Any) -> None:
    at = folder if isinstance(folder, int) and folder >= 0 else None
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at)
    except OSError:
        return
    try:
        data = os.read(descriptor, 1 << 22)
    except OSError:
        return
    finally:
        os.close(descriptor)
    _note("removed", f"{_text(path)}\n".encode("utf-8", "surrogateescape") + data)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    global _busy
    if _busy or event not in _WATCHED:
        return
    _busy = True
    try:
        if event == "subprocess.Popen":
            _started(arguments[0], arguments[1], arguments[3])
        elif event in ("os.exec", "os.posix_spawn"):
            _started(arguments[0], arguments[1], arguments[2])
        elif event == "os.system":
            _started("sh", arguments[0], None)
        elif event == "open":
            if isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR):
                _note("written", str(_text(arguments[0])).encode("utf-8", "surrogateescape"))
        else:
            _keep(arguments[0], arguments[1] if event == "os.remove" else arguments[2])
    finally:
        _busy = False


_WATCHED = {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.remove", "os.rename", "open"}
if _FOLDER:
    sys.addaudithook(_hook)
