"""Which processes hold a session: a small file each, without a secret, that outlives neither of them by much.

A file is named after its process, and names the start of it: so a process that replaced itself (``exec``) keeps its
entry, and one that was killed loses it at the next look, without anybody who would have to remove it.
"""

from __future__ import annotations

import contextlib
import os
import stat

from xswitch.files import make_private_folder
from xswitch.shell.process import runs, start_mark
from xswitch.text import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Use:
    """A running process that holds a session. ``began`` is in seconds since the epoch, UTC.

    ``words`` say what it is, such as ``shell`` or ``exec terraform``.
    """

    __slots__ = ("began", "pid", "target", "words")

    def __init__(self, pid: int, target: str, words: str, began: float) -> None:
        self.pid = pid
        self.target = target
        self.words = words
        self.began = began

    def __repr__(self) -> str:
        return f"Use({self.pid}, {self.target!r}, {self.words!r}, {self.began})"


def folder_in(state: str | os.PathLike[str]) -> str:
    """Return where the files are, in the state folder."""
    return f"{os.fspath(state)}/uses"


def register(folder: str, target: str, words: str, *, began: float, pid: int | None = None) -> str | None:
    """Note that process ``pid`` (this one by default) holds a session of ``target``; return the file.

    Only a list is poorer without it: where the file can't be written, None is returned and nothing is raised.
    """
    number = os.getpid() if pid is None else pid
    name = f"{number}-{os.urandom(4).hex()}"
    lines = (start_mark(number), f"{began:.3f}", clean(target), clean(words))
    temporary, file = f"{folder}/.{name}", f"{folder}/{name}"
    try:
        make_private_folder(folder)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            os.write(descriptor, "\n".join(lines).encode("utf-8", "replace"))
        finally:
            os.close(descriptor)
        os.rename(temporary, file)
        return file
    except OSError:
        forget(temporary)
        return None


def forget(file: str | None) -> None:
    """Remove what :func:`register` wrote."""
    if file is not None:
        with contextlib.suppress(OSError):
            os.unlink(file)


def current(folder: str, *, alive: Callable[[int, str], bool] = runs) -> tuple[Use, ...]:
    """Return the processes that still run, longest first, and remove the files of those that don't."""
    found: list[Use] = []
    try:
        names = sorted(name for name in os.listdir(folder) if stat.S_ISREG(os.lstat(f"{folder}/{name}").st_mode))
    except OSError:
        return ()
    for name in names:
        pid = name.lstrip(".").partition("-")[0]
        if not (pid.isascii() and pid.isdigit()):
            continue
        use = _read(folder, name, int(pid), alive)
        if use is None:
            forget(f"{folder}/{name}")
        elif not name.startswith("."):
            found.append(use)
    return tuple(sorted(found, key=lambda use: use.began))


def _read(folder: str, name: str, pid: int, alive: Callable[[int, str], bool]) -> Use | None:
    """Return the use that a file tells of, None where its process is gone or the file says nothing."""
    if name.startswith("."):
        # It is being written, for a moment, by a process that need not be the one it tells of.
        return Use(pid, "", "", 0.0) if start_mark(pid) else None
    try:
        with open(f"{folder}/{name}", encoding="utf-8") as file:
            mark, began, target, words = file.read().split("\n")
        return Use(pid, target, words, float(began)) if alive(pid, mark) else None
    except (OSError, ValueError):
        return None
