"""Processes that are killed, and calls that fail, at any point that a test chooses.

A kill is SIGKILL after the n-th call that changes something: the interpreter's own profile hook sees every call of the
modules posix and fcntl, however it was imported, so no point is missed and none has to be listed. It needs no ptrace, so
it works in any container. A process that is killed before such a call has left what the call before it left.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from xswitch.vault import folder as folder_module

# fmt: off
CHANGING = frozenset((
    "open", "write", "pwrite", "ftruncate", "replace", "rename", "link", "symlink", "unlink", "remove",
    "mkdir", "rmdir", "chmod", "fchmod", "utime", "flock",
))
# fmt: on
"""Functions of posix and fcntl that change files, open where it may make one, and locks. No fsync: SIGKILL loses nothing
of what was written, so what is found after one is what was found before."""
LIMIT = 120
"""Seconds after which a forked process ends itself: nothing here waits for ever."""


def fork(work: Callable[[], object]) -> int:
    """Run ``work`` in a process of its own, forked from this warm one; return its id."""
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pytest-xdist has a thread, and it holds none of our locks
        pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(LIMIT)
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.setprofile(None)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def join(pid: int) -> int:
    """Wait for a forked process; return its exit status, negative where a signal ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def run(work: Callable[[], object]) -> int:
    """Run ``work`` in a process of its own to its end."""
    return join(fork(work))


def kill_after(point: int, work: Callable[[], object]) -> bool:
    """Run ``work`` in a process that is killed after its ``point``-th change; tell whether it got that far."""

    def deadly() -> None:
        with dying(point):
            work()

    return _killed(run(deadly))


@contextmanager
def dying(point: int) -> Iterator[None]:
    """Let this process be killed after its ``point``-th change from here, unless it is through before."""
    left, reading = point, False
    real, seam = os.open, folder_module._open

    def marked(path: str, flags: int, *more: int, **named: int) -> int:
        nonlocal reading
        reading = not flags & (os.O_CREAT | os.O_TRUNC)
        return real(path, flags, *more, **named)

    def watch(frame: object, event: str, called: object) -> None:
        nonlocal left, reading
        if event not in ("c_return", "c_exception") or not changes(called):
            return
        passed, reading = reading or event == "c_exception", False
        if passed:
            return
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    os.open = folder_module._open = marked
    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(None)
        os.open, folder_module._open = real, seam


def tear(point: int, size: int, work: Callable[[], object]) -> bool:
    """Run ``work`` in a process that is killed in its ``point``-th write, of which ``size`` bytes are written."""

    def deadly() -> None:
        left = point
        whole = os.write

        def write(descriptor: int, data: bytes) -> int:
            nonlocal left
            if not left:
                whole(descriptor, bytes(data)[:size])
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            return whole(descriptor, data)

        os.write = folder_module._write = write  # type: ignore[assignment]
        work()

    return _killed(run(deadly))


def changes(called: object) -> bool:
    """Tell whether a function of the interpreter's own may change a file."""
    return getattr(called, "__module__", "") in ("posix", "fcntl") and getattr(called, "__name__", "") in CHANGING


def _killed(status: int) -> bool:
    assert status in (0, -signal.SIGKILL), f"the process ended with {status}"
    return status != 0


SEAMS = (
    "open",
    "write",
    "pwrite",
    "fsync",
    "ftruncate",
    "replace",
    "rename",
    "mkdir",
    "chmod",
    "fchmod",
    "utime",
    "unlink",
)
FULL = frozenset({"open", "write", "pwrite", "fsync", "replace", "rename", "mkdir"})
"""What fails on a full disk: whatever may need another block."""


class Faults:
    """How many calls were let pass and how many failed."""

    def __init__(self, point: int) -> None:
        self.left = point
        self.failed = 0


@contextmanager
def failing(point: int, code: int, calls: frozenset[str] = frozenset(SEAMS), *, once: bool = False) -> Iterator[Faults]:
    """Let this thread's first ``point`` changing calls pass, then fail each (``once``: one) with ``code``."""
    faults = Faults(point)
    thread = threading.get_ident()
    saved: list[tuple[object, str, object]] = []

    def faulty(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **more: object) -> object:
            reading = name == "open" and not int(str(arguments[1])) & (os.O_CREAT | os.O_WRONLY | os.O_RDWR)
            if reading or threading.get_ident() != thread or (once and faults.failed):
                return real(*arguments, **more)
            faults.left -= 1
            if faults.left >= 0:
                return real(*arguments, **more)
            faults.failed += 1
            raise OSError(code, "injected")

        return call

    for name in SEAMS:
        if name not in calls:
            continue
        for module, attribute in ((os, name), (folder_module, f"_{name}")):
            if hasattr(module, attribute):
                saved.append((module, attribute, getattr(module, attribute)))
                setattr(module, attribute, faulty(name, getattr(module, attribute)))
    try:
        yield faults
    finally:
        for module, attribute, real in saved:
            setattr(module, attribute, real)


def fresh_copy(template: Path, place: Path) -> Path:
    """Put a copy of ``template`` in place of what is at ``place``, times of modification and all."""
    shutil.rmtree(place, ignore_errors=True)
    if template.exists():
        shutil.copytree(template, place, symlinks=True)
    return place


def leftovers(folder: Path) -> list[str]:
    """Return the temporary files under a folder."""
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.name.endswith(".tmp")]
