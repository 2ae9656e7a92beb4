"""Whether the clock can be believed: it is compared with one that nobody sets.

A clock that is set a year ahead makes every session look long expired. So nothing is removed for its age until the wall
clock has kept time with the steady clock of this boot for an hour.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from xswitch import bootclock
from xswitch.vault.folder import Folder

FILE: Final = "clock"
_HOUR: Final = 3600.0


class Beat(NamedTuple):
    """A moment of the steady clock: which boot it counts from, and its seconds, sleep included where that is told."""

    boot: str
    seconds: float


def beat() -> Beat:
    """Return the moment of CLOCK_BOOTTIME (Linux), else of the monotonic clock."""
    return Beat(*bootclock.moment())


def kept_time(first: Beat, wall: float, now: float, moment: Beat) -> bool:
    """Tell whether nobody set the wall clock between two moments: from ``wall`` at ``first`` to ``now`` at ``moment``.

    Both are epoch seconds. What was before this boot can't be told, and counts as set.
    """
    elapsed = moment.seconds - first.seconds
    return first.boot == moment.boot and elapsed >= 0 and abs((now - wall) - elapsed) <= bootclock.DRIFT


def trusted(folder: Folder, now: float, moment: Beat) -> bool:
    """Tell whether ``now`` (seconds since the epoch) has agreed with the steady clock for an hour; begins to watch it.

    Raises VaultUnavailable where that can't be written down.
    """
    marked = _mark(folder)
    if marked is not None and kept_time(*marked, now, moment):
        return moment.seconds - marked[0].seconds >= _HOUR
    folder.write(FILE, f"{moment.boot} {moment.seconds!r} {now!r}\n".encode())
    return False


def _mark(folder: Folder) -> tuple[Beat, float] | None:
    words = (folder.read(FILE, 256) or b"").decode("ascii", "replace").split()
    try:
        boot, seconds, wall = words
        return Beat(boot, float(seconds)), float(wall)
    except ValueError:
        return None
