"""Which processes hold a session: a small file each, without a secret, that outlives neither of them by much.

A file is named after its process, and names the start of it: so a process that replaced itself (``exec``) keeps its
entry, and one that was killed loses it at the next look, without anybody who would have to remove it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xswitch.files import make_private_folder
from xswitch.shell.process import runs, start_mark
from xswitch.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Use:
    """A running process that holds a session. ``began`` is in seconds since the epoch, UTC.

    ``words`` say what it is, such as ``shell`` or ``exec terraform``.
    """

    pid: int
    target: str
    words: str
    began: float


def folder_in(state: Path) -> Path:
    """Return where the files are, in the state folder."""
    return state / "uses"


def register(folder: Path, target: str, words: str, *, began: float, pid: int | None = None) -> Path | None:
    """Note that process ``pid`` (this one by default) holds a session of ``target``; return the file.

    Only a list is poorer without it: where the file can't be written, None is returned and nothing is raised.
    """
    number = os.getpid() if pid is None else pid
    name = f"{number}-{secrets.token_hex(4)}"
    lines = (start_mark(number), f"{began:.3f}", clean(target), clean(words))
    temporary = folder / f".{name}"
    try:
        make_private_folder(folder)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            os.write(descriptor, "\n".join(lines).encode("utf-8", "replace"))
        finally:
            os.close(descriptor)
        return temporary.rename(folder / name)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        return None


def forget(file: Path | None) -> None:
    """Remove what :func:`register` wrote."""
    if file is not None:
        with contextlib.suppress(OSError):
            file.unlink()


def current(folder: Path, *, alive: Callable[[int, str], bool] = runs) -> tuple[Use, ...]:
    """Return the processes that still run, longest first, and remove the files of those that don't."""
    found: list[Use] = []
    try:
        names = sorted(file.name for file in folder.iterdir() if stat.S_ISREG(file.lstat().st_mode))
    except OSError:
        return ()
    for name in names:
        pid = name.lstrip(".").partition("-")[0]
        if not (pid.isascii() and pid.isdigit()):
            continue
        use = _read(folder / name, int(pid), alive)
        if use is None:
            forget(folder / name)
        elif not name.startswith("."):
            found.append(use)
    return tuple(sorted(found, key=lambda use: use.began))


def _read(file: Path, pid: int, alive: Callable[[int, str], bool]) -> Use | None:
    """Return the use that ``file`` tells of, None where its process is gone or the file says nothing."""
    if file.name.startswith("."):
        # It is being written, for a moment, by a process that need not be the one it tells of.
        return Use(pid, "", "", 0.0) if start_mark(pid) else None
    try:
        mark, began, target, words = file.read_text(encoding="utf-8").split("\n")
        return Use(pid, target, words, float(began)) if alive(pid, mark) else None
    except (OSError, ValueError):
        return None
