r"""Starting a program and waiting for it, so that every signal ends up where it belongs.

What the terminal sends (Ctrl-C, Ctrl-\\, Ctrl-Z, a new size) it sends to its whole foreground group, the child in it.
The parent therefore lets such a signal pass while it is itself in the foreground, and hands on every signal that was
sent to it alone. It never ends before its child. A shell with job control makes a group of its own and takes the
foreground; when it stops, the parent stops too, so that the shell outside gets its prompt back.

Everything is written for the main thread: Python runs signal handlers nowhere else.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from xswitch.shell.programs import RESTORED, refusal, through_shell

if TYPE_CHECKING:
    from xswitch.shell.terminal import Terminal


def _those(*names: str) -> frozenset[int]:
    """Return the signals of these names that this system has."""
    return frozenset(one for name in names if (one := getattr(signal, f"SIG{name}", None)) is not None)


_OWN: Final = _those("KILL", "STOP", "CHLD", "CONT", "TSTP", "TTIN", "TTOU") | _those(
    "SEGV", "BUS", "FPE", "ILL", "ABRT", "SYS", "TRAP", "EMT"
)
"""What can't be caught, what is about children and stopping, and what the system sends for a fault of our own."""
_FORWARDED: Final = frozenset(int(number) for number in signal.valid_signals()) - _OWN
_FROM_TERMINAL: Final = _those("INT", "QUIT", "WINCH", "INFO")
_ENDING: Final = frozenset((signal.SIGHUP, signal.SIGTERM))
_REMINDERS: Final = 5


def run(
    file: str,
    argv: Sequence[str],
    environ: Mapping[str, str],
    terminal: Terminal | None,
    *,
    interactive: bool = False,
    started: Callable[[int], None] | None = None,
    ending: Callable[[int], None] | None = None,
) -> int:
    """Run ``file`` and return its exit status, 128 + n where signal n ended it. Blocks; main thread only.

    ``started`` is called with the child's process id, ``ending`` with each SIGTERM and SIGHUP that came for this
    process too, once the child is over. An ``interactive`` shell ignores SIGTERM, so that it also gets SIGHUP, which it
    obeys; one that obeys neither for some seconds is killed. The terminal's foreground is taken back, and its modes
    where the child could not have. Raises NotFound or NotExecutable.
    """
    with _signals() as (wakeup, mask):
        pid = _spawn(file, argv, environ, mask)
        if started is not None:
            started(pid)
        waiter = _Waiter(pid, terminal, interactive=interactive)
        try:
            status = waiter.wait(wakeup)
        finally:
            if terminal is not None:
                terminal.take()
        if terminal is not None and os.WIFSIGNALED(status):
            terminal.mend()
    if ending is not None:
        for number in waiter.ending:
            ending(number)
    code: int = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code


def _spawn(file: str, argv: Sequence[str], environ: Mapping[str, str], mask: Collection[int]) -> int:
    """Start ``file`` with the signals of ``mask`` blocked, and return its process id."""
    import errno

    # What Python handles is reset by exec itself; what was ignored outside stays so (nohup).
    reset = [number for number in (*RESTORED, signal.SIGTSTP) if signal.getsignal(number) != signal.SIG_DFL]
    try:
        return os.posix_spawn(file, list(argv), dict(environ), setsigdef=reset, setsigmask=mask)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise refusal(error, file) from None
    try:
        return os.posix_spawn("/bin/sh", through_shell(file, argv), dict(environ), setsigdef=reset, setsigmask=mask)
    except OSError as error:
        raise refusal(error, file) from None


def _noted(number: int, frame: FrameType | None) -> None:
    """Handle a signal by doing nothing: its number is on its way through the wake-up pipe."""


@contextlib.contextmanager
def _signals() -> Iterator[tuple[int, Collection[int]]]:
    """Send the number of every signal of interest through a pipe, whichever thread it came to.

    Yields the pipe's end, and which signals were blocked before: those of interest are not meanwhile, since whoever
    started us with SIGCHLD blocked would have us wait for ever.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    handlers: dict[int, Any] = {}
    mask: Collection[int] = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        for number in (*_FORWARDED, signal.SIGCHLD, signal.SIGCONT):
            if signal.getsignal(number) != signal.SIG_IGN or number in (signal.SIGCHLD, signal.SIGCONT):
                handlers[number] = signal.signal(number, _noted)
        if signal.getsignal(signal.SIGTSTP) != signal.SIG_IGN:
            handlers[signal.SIGTSTP] = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, handlers)
        yield reader, mask
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in handlers.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        signal.set_wakeup_fd(wakeup)
        os.close(reader)
        os.close(writer)


class _Waiter:
    """Waits for one child, hands signals on to it, and stops and goes on with it."""

    def __init__(self, pid: int, terminal: Terminal | None, *, interactive: bool) -> None:
        self._pid = pid
        self._terminal = terminal
        self._interactive = interactive
        self._reminders = 0
        self.ending: list[int] = []
        """The signals that asked to end, in the order they came."""

    def wait(self, wakeup: int) -> int:
        """Return the child's wait status."""
        numbers = b""
        while True:
            pid, status = os.waitpid(self._pid, os.WNOHANG | os.WUNTRACED)
            if pid and not os.WIFSTOPPED(status):
                return status
            if signal.SIGCONT in numbers:
                self._resume()
            elif pid:
                self._stop()
            for number in numbers:
                self._hand_on(number)
            numbers = self._next(wakeup)

    def _next(self, wakeup: int) -> bytes:
        """Wait for signals. A shell that was told to end, and has not within a second, is told again, a few times.

        bash misses a SIGHUP that comes while its line editor is about to wait for a key, and would sit there until one
        is typed. One that hears none of them is killed: whoever asked is not kept waiting.
        """
        if self._reminders:
            import select

            if not select.select([wakeup], [], [], 1.0)[0]:
                self._reminders -= 1
                os.kill(self._pid, signal.SIGHUP if self._reminders else signal.SIGKILL)
                return b""
        return os.read(wakeup, 512)

    def _hand_on(self, number: int) -> None:
        if number not in _FORWARDED:
            return
        if number in _ENDING:
            self.ending.append(number)
        if number in _FROM_TERMINAL and self._terminal is not None and self._terminal.in_foreground():
            return
        os.kill(self._pid, number)
        if number in _ENDING:
            if self._interactive:
                self._reminders = _REMINDERS
                if number == signal.SIGTERM:
                    os.kill(self._pid, signal.SIGHUP)
            os.kill(self._pid, signal.SIGCONT)

    def _stop(self) -> None:
        """Stop as the child did, and go on with it.

        Where nobody could continue us (an orphaned group) the kernel drops the signal, and the child goes on at once.
        """
        if self._terminal is not None:
            self._terminal.take()
        signal.raise_signal(signal.SIGTSTP)
        self._resume()

    def _resume(self) -> None:
        group = os.getpgid(self._pid)
        if group == os.getpgrp():
            os.kill(self._pid, signal.SIGCONT)
            return
        if self._terminal is not None and self._terminal.in_foreground():
            self._terminal.give(group)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGCONT)
