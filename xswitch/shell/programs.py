"""Finding the program of a command, and saying why it can't be started."""

from __future__ import annotations

import os
import signal
from os.path import exists, isdir, isfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

    from xswitch.errors import NotExecutable, NotFound, XswitchError

RESTORED: Final = (signal.SIGPIPE, signal.SIGXFSZ)
"""Python ignores these, and a child would inherit that."""


def resolve(name: str, path: str | None) -> str:
    """Return the file to execute for ``name``: itself if it holds a slash, else the first match on ``path``.

    Raises NotFound (127) and NotExecutable (126), as a POSIX shell does (Shell Command Language, 2.8.2).
    """
    if not name:
        raise _not_found("an empty command", "write the program after --")
    if "/" in name:
        if not exists(name):
            raise _not_found(f"{_shown(name)}: no such file", "check the path")
        if isdir(name):
            raise _not_executable(f"{_shown(name)}: is a folder", "name the program in it")
        if not os.access(name, os.X_OK):
            raise _not_executable(f"{_shown(name)}: not executable", f"chmod +x {_shown(name)}")
        return name
    refused = ""
    for folder in (os.defpath if path is None else path).split(os.pathsep):
        candidate = f"{folder or os.curdir}/{name}"
        if isfile(candidate):
            if os.access(candidate, os.X_OK):
                return candidate
            refused = refused or candidate
    if refused:
        raise _not_executable(f"{_shown(refused)}: not executable", f"chmod +x {_shown(refused)}")
    raise _not_found(f"{_shown(name)}: command not found", "check the spelling, and PATH")


def refusal(error: OSError, name: str) -> XswitchError:
    """Return the error for a program that exists and could not be started."""
    import errno

    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return _not_found(
            f"{_shown(name)}: it, or the interpreter on its first line, does not exist",
            "look at its first line, and reinstall it",
        )
    hint = "see whether it is a program for this machine"
    return _not_executable(f"{_shown(name)}: {error.strerror or 'it could not be started'}", hint)


def through_shell(file: str, argv: Sequence[str]) -> list[str]:
    """Return what runs a script without a first line that names its interpreter: the shell (POSIX, execvp).

    A file that is no text is none; raises NotExecutable for it, as bash does.
    """
    with open(file, "rb") as stream:
        if b"\0" in stream.read(128):
            raise _not_executable(
                f"{_shown(file)}: a binary file that this machine can't execute", "get it for this machine"
            )
    return ["/bin/sh", file, *argv[1:]]


def _shown(name: str) -> str:
    from xswitch.text import clean

    return clean(name)


def _not_found(message: str, hint: str) -> NotFound:
    """Return an error; its class is loaded only where one is due, since `exec` has to cost next to nothing."""
    from xswitch.errors import NotFound

    return NotFound(message, hint)


def _not_executable(message: str, hint: str) -> NotExecutable:
    from xswitch.errors import NotExecutable

    return NotExecutable(message, hint)
