"""Locks between processes, and between the threads of one.

A lock is flock(2) on a file of its own: the kernel lets go of it when its holder ends, by SIGKILL too. The wait is
bounded, and says who is being waited for. A lock file may be swept away by whoever holds it; so the one who gets a lock
looks whether the file is still the one that everybody else will open.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from xswitch.errors import VaultUnavailable
from xswitch.text import clean
from xswitch.vault.folder import Folder
from xswitch.vault.trouble import unavailable

SUFFIX: Final = ".lock"
_FIRST_PAUSE: Final = 0.002
_LONGEST_PAUSE: Final = 0.05


class LockTimeout(VaultUnavailable):
    """A lock stayed with another process or thread. ``pid`` is its process, 0 where that can't be told."""

    code = "lock-timeout"

    def __init__(self, message: str, hint: str = "", *, pid: int = 0) -> None:
        super().__init__(message, hint)
        self.pid = pid


@contextmanager
def hold(folder: Folder, file: str, *, timeout: float, purpose: str, shared: bool = False) -> Iterator[None]:
    """Hold the lock ``file`` of ``folder``, alone or with every other ``shared`` holder.

    ``timeout`` is in seconds; 0 tries once. ``purpose`` completes "who is …" for those who wait; who shares the lock
    says nothing, and clears what a killed holder said. It is not reentrant: a thread that asks twice waits for itself.
    Raises LockTimeout, and VaultUnavailable where locks can't be made.
    """
    descriptor = _acquire(folder, file, time.monotonic() + timeout, timeout, shared)
    try:
        _sign(descriptor, "" if shared else purpose)
        yield
    finally:
        try:
            if not shared:
                _sign(descriptor, "")
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        finally:
            os.close(descriptor)


def sweep(folder: Folder, now: float, idle: float) -> None:
    """Remove lock files that nobody holds and nobody took within ``idle`` seconds of ``now``.

    What is held stays, whatever the clock says.
    """
    for name in folder.names(SUFFIX):
        found = folder.status(name)
        if found is None or abs(now - found.st_mtime) < idle:
            continue
        try:
            descriptor = folder.open_lock(name, make=False)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _current(folder, name, descriptor):
                folder.remove(name)
        except BlockingIOError:
            continue
        finally:
            os.close(descriptor)


def _acquire(folder: Folder, file: str, deadline: float, timeout: float, shared: bool) -> int:
    kind = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
    pause = _FIRST_PAUSE
    while True:
        descriptor = folder.open_lock(file)
        try:
            while not _try(descriptor, kind, f"{folder.path}/{file}"):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise _timed_out(descriptor, timeout)
                time.sleep(min(pause, left))
                pause = min(pause * 1.5, _LONGEST_PAUSE)
            if _current(folder, file, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _try(descriptor: int, kind: int, where: str) -> bool:
    try:
        fcntl.flock(descriptor, kind)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EINTR):
            return False
        raise unavailable("lock", where, error) from None
    return True


def _current(folder: Folder, file: str, descriptor: int) -> bool:
    """Tell whether the locked file is still the one that its name leads to."""
    own = os.fstat(descriptor)
    named = folder.status(file)
    return named is not None and (named.st_ino, named.st_dev) == (own.st_ino, own.st_dev)


def _sign(descriptor: int, purpose: str) -> None:
    """Say in the file who holds it, or nothing; a lock holds without, so a full disk is no reason to fail.

    A file that has another name as well is never written: it may be anything.
    """
    words = f"{os.getpid()} {clean(purpose)[:200]}\n".encode("utf-8", "replace") if purpose else b""
    try:
        found = os.fstat(descriptor)
        if found.st_nlink > 1 or not (words or found.st_size):
            return
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, words, 0)
    except OSError:
        return


def _timed_out(descriptor: int, timeout: float) -> LockTimeout:
    """Return the error that names the holder as its file does."""
    try:
        words = os.pread(descriptor, 1024, 0).decode("utf-8", "replace").strip()
    except OSError:
        words = ""
    number, _, purpose = words.partition(" ")
    waited = f"after {timeout:g} seconds" if timeout else "now"
    if not (number.isascii() and number.isdigit() and len(number) < 12):
        return LockTimeout(f"another xswitch holds the lock still {waited}", "try again in a moment")
    pid = int(number)
    who = "this process itself" if pid == os.getpid() else f"process {pid}"
    doing = f", which is {clean(purpose)}" if purpose else ""
    hint = "try again in a moment" if pid == os.getpid() else f"wait for it, or end it: kill {pid}"
    return LockTimeout(f"{who}{doing}, holds the lock still {waited}", hint, pid=pid)
