"""Replacing a file that is the person's own, by one that is the same but for what they asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from xswitch.errors import VaultUnavailable
from xswitch.files import make_private_folder, write_atomically
from xswitch.text import clean
from xswitch.tomlfile import read_bytes

_TRIES: Final = 3
"""How often a change is worked out before the other program, which writes every time, is told of instead."""


class ChangedMeanwhile(VaultUnavailable):
    """Another program wrote to the file; it is as that one left it."""


def content_of(file: Path) -> bytes:
    """Return what a file holds, b"" where there is none. Raises InvalidConfig."""
    return read_bytes(file) if file.exists() else b""


def rework_own(file: Path, work_out: Callable[[bytes], bytes]) -> None:
    """Replace ``file`` by what ``work_out`` makes of what it holds; the same writes nothing.

    Where another program writes meanwhile, it is worked out anew from what is there then, so that nothing is lost.
    Raises ChangedMeanwhile where that goes on, VaultUnavailable, InvalidConfig, what ``work_out`` raises; then the
    file is as it was.
    """
    for left in reversed(range(_TRIES)):
        before = content_of(file)
        content = work_out(before)
        try:
            if content != before:
                replace_own(file, content, before=before)
        except ChangedMeanwhile:
            if not left:
                raise
        else:
            return


def replace_own(file: Path, content: bytes, *, before: bytes | None = None) -> None:
    """Replace ``file`` in one step, its permissions kept, a link followed; a new one is 0600 in a private folder.

    ``before``, where it is given, is what it has to hold still. Raises VaultUnavailable, of it
    ChangedMeanwhile where it doesn't; then it is as it was.
    """
    try:
        make_private_folder(file.parent)
        mode = file.stat().st_mode & 0o777 if file.exists() else 0o600
        if before is not None and content_of(file) != before:
            raise ChangedMeanwhile(f"{clean(str(file))} was changed meanwhile", "it is as it was; try again")
        write_atomically(file, content, mode=mode)
    except RuntimeError:  # a link that leads to itself, in Python 3.11 and 3.12
        raise _unwritten(file, "it is a link that leads nowhere") from None
    except OSError as error:
        raise _unwritten(file, (error.strerror or type(error).__name__).lower()) from None


def _unwritten(file: Path, reason: str) -> VaultUnavailable:
    return VaultUnavailable(f"{clean(str(file))} can't be written: {reason}", "it is as it was")
