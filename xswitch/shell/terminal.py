"""The controlling terminal: who is in its foreground, its modes and its title, remembered and given back."""

from __future__ import annotations

import contextlib
import os
import signal
import termios
from typing import Final

_PUSH_TITLE: Final = b"\x1b[22;0t"
_POP_TITLE: Final = b"\x1b[23;0t"
_SANE: Final = b"\x1b[?2004l\x1b[?1000l\x1b[?1l\x1b>\x1b[?25h\x1b[0m"
"""Leaves bracketed paste, mouse reports and application keys, shows the cursor, ends every style (xterm, ctlseqs)."""
_UNTITLED: Final = ("", "dumb", "linux", "cons25", "emacs", "vt100", "vt220")


class Terminal:
    """The terminal of this process, as it was when this was made."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._group = os.getpgrp()
        self._ours = self.in_foreground()
        self._titled = False
        self._modes: list[object] | None = None
        with contextlib.suppress(termios.error):
            self._modes = termios.tcgetattr(descriptor)

    @classmethod
    def controlling(cls) -> Terminal | None:
        """Return the controlling terminal, or None where there is none."""
        try:
            return cls(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
        except OSError:
            return None

    def in_foreground(self) -> bool:
        """Tell whether this process's group is the terminal's foreground group, which gets what is typed."""
        try:
            return os.tcgetpgrp(self._descriptor) == self._group
        except OSError:
            return False

    def give(self, group: int) -> None:
        """Make ``group`` the foreground group. Does nothing where that can't be."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
        try:
            with contextlib.suppress(OSError):
                os.tcsetpgrp(self._descriptor, group)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def take(self) -> None:
        """Take the foreground back, where it was ours: a shell that was killed leaves a dead group in it."""
        if self._ours and not self.in_foreground():
            self.give(self._group)

    def mend(self) -> None:
        """Bring back the modes of before, after a program that could not do it: one that a signal ended."""
        if not self._ours or self._modes is None:
            return
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
        try:
            self._write(_SANE)
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._modes)  # type: ignore[arg-type]
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def set_title(self, title: str, term: str) -> None:
        """Remember the window's title (XTWINOPS 22) and set another (OSC 0); ``title`` is text made safe to show."""
        if self._ours and term not in _UNTITLED:
            self._write(_PUSH_TITLE + b"\x1b]0;" + title.encode("utf-8", "replace") + b"\x07")
            self._titled = True

    def close(self) -> None:
        """Bring the title back and let go of the terminal."""
        if self._titled:
            self._write(_POP_TITLE)
            self._titled = False
        os.close(self._descriptor)

    def _write(self, sequence: bytes) -> None:
        with contextlib.suppress(OSError):
            os.write(self._descriptor, sequence)
