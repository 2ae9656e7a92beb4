"""Visits that wait to be entered: what a fast command leaves, since it has no time to rewrite a ledger.

A line is appended to ``<ledger>.new`` under the ledger's own lock, and whoever changes the ledger the next time enters
all lines and empties the file, under the same lock. So none is lost.
"""

from __future__ import annotations

import os

from xswitch import flatjson

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

_PATIENCE: Final = 2.0  # seconds to wait for another process's change, which takes a few milliseconds
_PAUSE: Final = 0.01
_LARGEST: Final = 1 << 20  # bytes of visits that wait; one more is no news then
_LATEST: Final = 1e12  # epoch seconds
_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


def take_lock(ledger: str, pause: Callable[[float], None] | None = None) -> int:
    """Return a descriptor that holds the lock of ``ledger`` until it is closed; the kernel lets go of it at a death.

    Raises TimeoutError after two seconds, since a stopped process must not stop this one, and OSError.
    """
    import fcntl
    from time import sleep

    folder, _, name = ledger.rpartition("/")
    descriptor = os.open(f"{folder}/.{name}.lock", _FLAGS, 0o600)
    try:
        for _ in range(int(_PATIENCE / _PAUSE)):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                (pause or sleep)(_PAUSE)
            else:
                return descriptor
        raise TimeoutError(f"another process holds the lock of {name}")
    except BaseException:
        os.close(descriptor)
        raise


def leave(ledger: str, target: str, at: float) -> None:
    """Leave a visit of ``target`` at ``at``, in epoch seconds. The folder has to be there. Raises OSError."""
    lock = take_lock(ledger)
    try:
        descriptor = os.open(f"{ledger}.new", _FLAGS | os.O_APPEND, 0o600)
        try:
            if os.fstat(descriptor).st_size < _LARGEST:
                os.write(descriptor, f"{at:.3f} {flatjson.quoted(target)}\n".encode("utf-8", "replace"))
        finally:
            os.close(descriptor)
    finally:
        os.close(lock)


def waiting(ledger: str) -> list[tuple[str, float]]:
    """Return the visits that wait, without what is none. Raises OSError."""
    import json

    try:
        descriptor = os.open(f"{ledger}.new", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return []
    with os.fdopen(descriptor, "rb") as file:
        lines = file.read(2 * _LARGEST).decode("utf-8", "replace").split("\n")
    found: list[tuple[str, float]] = []
    for line in lines[:-1]:
        at, _, quoted = line.partition(" ")
        try:
            target, moment = json.loads(quoted), float(at)
        except (ValueError, RecursionError):
            continue
        if isinstance(target, str) and abs(moment) < _LATEST:
            found.append((target, moment))
    return found


def empty(ledger: str) -> None:
    """Forget the visits that wait: they were entered. The lock is held. Raises OSError."""
    os.truncate(f"{ledger}.new", 0)
