"""How open shells learn that a session was renewed elsewhere: a small file a role, without a secret.

A shell reads it at each prompt with a builtin of its own, so that looking costs no process. It holds when the latest
session of that role ends, in epoch seconds, UTC; a shell whose own session ends before that takes the later one. Where
the person has ended the session there is no file, and a prompt renews nothing.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xswitch.files import make_private_folder, write_atomically
from xswitch.text import clean, prompt_safe

if TYPE_CHECKING:
    from xswitch.session.model import Session

KEPT: Final = 86400.0
"""Seconds after which a note that nobody wrote again goes: a shell left alone for a day renews nothing by itself."""


def folder_in(state: Path) -> Path:
    """Return where the notes are, in the state folder."""
    return state / "renewed"


def name_of(account_id: str, role: str) -> str:
    """Return the name of a role's note. A shell makes the same of XSWITCH_ACCOUNT_ID and XSWITCH_ROLE."""
    return f"{account_id}-{prompt_safe(clean(role)).replace('/', '_')}"


def announce(folder: Path, session: Session) -> None:
    """Tell open shells that there is ``session``. They only learn later of it where the note can't be written."""
    announce_end(folder, session.account_id, session.role, session.expires)


def announce_end(folder: Path, account_id: str, role: str, expires: float) -> None:
    """Tell open shells that a role's session ends at ``expires``, in epoch seconds."""
    with contextlib.suppress(OSError):
        make_private_folder(folder)
        write_atomically(folder / name_of(account_id, role), b"%d\n" % int(expires), durable=False)
        _sweep(folder)


def latest(folder: Path, account_id: str, role: str) -> int:
    """Return when the latest session of a role ends, in epoch seconds; 0 where that is not known."""
    try:
        return int((folder / name_of(account_id, role)).read_bytes()[:16])
    except (OSError, ValueError):
        return 0


def forget(folder: Path, account_id: str, role: str) -> None:
    """Take the note away: the person has ended the session."""
    with contextlib.suppress(OSError):
        (folder / name_of(account_id, role)).unlink()


def _sweep(folder: Path) -> None:
    """Remove the notes that nobody wrote again for a day. The files' own times are this machine's."""
    now = time.time()
    for note in folder.iterdir():
        if now - note.stat().st_mtime > KEPT:
            note.unlink(missing_ok=True)
