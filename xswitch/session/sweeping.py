"""Clearing away what is over, once an hour, in a process of its own that nobody waits for.

Whoever has just switched begins it, and goes on at once: the session is handed over before anything is swept. The
process is left to init by the shell that starts it, so a command that xswitch becomes has no child that it did not
start. It needs no key, no secret and no environment, and where it fails the next one does the work.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

EVERY: Final = 3600.0
"""Seconds from one sweep to the next."""
STAMP: Final = "swept"
"""The file in the state folder whose time tells when the last one began."""
_NOTES_KEPT: Final = 86400.0
_DETACHED: Final = 'exec "$@" </dev/null >/dev/null 2>&1 &'
_NEEDED: Final = ("PATH", "LANG", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")

Start = Callable[[list[str], dict[str, str]], None]
"""Starts a program, given its arguments and environment, and does not wait for it. Raises OSError."""


def begin(state: Path, now: float, environ: Mapping[str, str], start: Start | None = None) -> bool:
    """Begin a sweep of the state folder, if the last one began an hour before ``now``; tell whether one was due.

    ``now`` is in seconds since the epoch, by this machine's clock. In a folder where none ever began, nothing is old:
    the hour begins. Nothing is raised, and it takes a few milliseconds at most.
    """
    stamp = state / STAMP
    try:
        try:
            due = not 0 <= now - stamp.stat().st_mtime < EVERY
        except FileNotFoundError:
            due = False
            os.close(os.open(stamp, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
            os.utime(stamp, (now, now))
        if due:
            os.utime(stamp, (now, now))
            needed = {name: environ[name] for name in _NEEDED if name in environ}
            (start or _start)([sys.executable, "-I", "-m", __name__, str(state)], needed)
    except OSError:
        return False
    return due


def sweep(state: Path, clock: Callable[[], float]) -> int:
    """Clear away what is over; return how many records were removed. Raises VaultUnavailable.

    Sessions end by AWS's clock, what a person set aside is of this machine's.
    """
    from xswitch.session.failures import Failures
    from xswitch.session.learnt import Learnt
    from xswitch.vault.folder import Folder
    from xswitch.vault.holders import FileHolder
    from xswitch.vault.store import Vault

    Failures(state, clock).sweep(_NOTES_KEPT)
    folder = Folder(str(state / "vault"))
    vault = Vault(folder.path, FileHolder(folder), clock=clock)
    return vault.sweep(clock() + Learnt(state, clock).skew)


def _start(argv: list[str], environ: dict[str, str]) -> None:
    """Start a program that is nobody's child. Raises OSError."""
    shell = os.posix_spawn("/bin/sh", ["sh", "-c", _DETACHED, "sh", *argv], environ)
    os.waitpid(shell, 0)


def main() -> None:
    """Sweep the state folder that the first argument names."""
    from xswitch.errors import VaultUnavailable

    os.nice(10)
    try:
        sweep(Path(sys.argv[1]), time.time)
    except VaultUnavailable:
        return


if __name__ == "__main__":
    main()
