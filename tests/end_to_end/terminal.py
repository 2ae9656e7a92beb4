"""A real pseudo-terminal with a screen that can be read: what a person sees, and the keys they press."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from types import TracebackType

import pexpect
import pyte


class Terminal:
    """A program on a pty of ``columns`` by ``rows``, drawn by a terminal emulator."""

    def __init__(
        self, argv: list[str], env: Mapping[str, str], *, columns: int = 120, rows: int = 38, cwd: str | None = None
    ) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.raw = b""
        self.process = pexpect.spawn(
            argv[0], argv[1:], env=dict(env), dimensions=(rows, columns), cwd=cwd, timeout=30, echo=True
        )
        self.process.delaybeforesend = None

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.close(force=True)

    def text(self) -> str:
        """Return the screen as it stands, one line a row, blanks at the ends dropped."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def row(self, needle: str) -> int:
        """Return the index of the first row that holds ``needle``."""
        return next(index for index, line in enumerate(self._screen.display) if needle in line)

    def cell(self, row: int, column: int) -> pyte.screens.Char:
        """Return one cell with its colours."""
        return self._screen.buffer[row][column]

    def feed(self, seconds: float) -> bool:
        """Take what arrives within ``seconds``; return False once the program has ended."""
        try:
            data = self.process.read_nonblocking(65536, timeout=seconds)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.raw += data
        for piece in re.split(rb"(?=\x1b\[\?1049[hl])", data):
            if piece.startswith(b"\x1b[?1049"):
                self._screen.reset()  # the emulator knows one screen: entering and leaving the other clears it
            self._stream.feed(piece)
        return True

    def wait(self, pattern: str, *, seconds: float = 30) -> re.Match[str]:
        """Wait until the screen matches ``pattern``; fail with the screen as it stands."""
        end = time.monotonic() + seconds
        while True:
            found = re.search(pattern, self.text(), re.MULTILINE)
            if found:
                return found
            if time.monotonic() > end or not self.feed(0.05):
                found = re.search(pattern, self.text(), re.MULTILINE)
                if found:
                    return found
                raise AssertionError(f"{pattern!r} did not come; the screen:\n{self.text()}")

    def gone(self, pattern: str, *, seconds: float = 30) -> None:
        """Wait until the screen no longer matches ``pattern``."""
        end = time.monotonic() + seconds
        while re.search(pattern, self.text(), re.MULTILINE):
            if time.monotonic() > end or not self.feed(0.05):
                raise AssertionError(f"{pattern!r} stays; the screen:\n{self.text()}")

    def send(self, keys: str) -> None:
        """Press keys."""
        self.process.send(keys)

    def end(self, *, seconds: float = 30) -> int:
        """Wait for the program to end; return its exit status as a shell would give it."""
        end = time.monotonic() + seconds
        while self.feed(0.05):
            assert time.monotonic() < end, f"it does not end; the screen:\n{self.text()}"
        self.process.wait()
        status = self.process.exitstatus
        return int(status) if status is not None else 128 + int(self.process.signalstatus)
