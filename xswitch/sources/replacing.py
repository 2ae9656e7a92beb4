"""Replacing a file that is the person's own, by one that is the same but for what they asked for."""

from __future__ import annotations

from pathlib import Path

from xswitch.errors import VaultUnavailable
from xswitch.files import make_private_folder, write_atomically
from xswitch.text import clean


def replace_own(file: Path, content: bytes, *, before: bytes | None = None) -> None:
    """Replace ``file`` in one step, its permissions kept, a link followed; a new one is 0600 in a private folder.

    ``before``, where it is given, is what it has to hold still. Raises VaultUnavailable; then it is as it was.
    """
    try:
        make_private_folder(file.parent)
        mode = file.stat().st_mode & 0o777 if file.exists() else 0o600
        if before is not None and (file.read_bytes() if file.exists() else b"") != before:
            raise VaultUnavailable(f"{clean(str(file))} was changed meanwhile", "it is as it was; try again")
        write_atomically(file, content, mode=mode)
    except RuntimeError:  # a link that leads to itself, in Python 3.11 and 3.12
        raise _unwritten(file, "it is a link that leads nowhere") from None
    except OSError as error:
        raise _unwritten(file, (error.strerror or type(error).__name__).lower()) from None


def _unwritten(file: Path, reason: str) -> VaultUnavailable:
    return VaultUnavailable(f"{clean(str(file))} can't be written: {reason}", "it is as it was")
