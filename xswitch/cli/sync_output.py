"""How a change of a catalog source is told: for people a line each, for programs by kind."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import fields
from types import TracebackType
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from xswitch.sources.install import Difference

_SIGNS: Final = {
    "new": "+ account",
    "gone": "- account",
    "renamed": "~ renamed",
    "moved": "~ moved",
    "changed": "~ changed",
    "roles_new": "+ role",
    "roles_gone": "- role",
}
BAR: Final = 24
"""Cells of a progress bar."""
SHOWN: Final = 20
"""Lines of one kind that are shown of what is written; of the rest, how many. A dry run shows all."""


def difference_lines(changes: Difference, *, whole: bool = False) -> list[str]:
    """Return the changes, a line each, and all of them for the ``whole``; one line says that there is none."""
    lines: list[str] = []
    for name, sign in _SIGNS.items():
        found: tuple[str, ...] = getattr(changes, name)
        lines += shown([f"{sign} {one}" for one in found], f"{sign} ", whole=whole)
    return lines or ["nothing changes"]


def shown(lines: list[str], lead: str, *, whole: bool) -> list[str]:
    """Return all lines, or the first and how many more there are, behind ``lead``."""
    more = len(lines) - SHOWN
    return lines if whole or more <= 0 else [*lines[:SHOWN], f"{lead}… and {more} more: --json has all"]


def difference_data(changes: Difference) -> dict[str, list[str]]:
    """Return the changes for ``--json``."""
    return {field.name: list(getattr(changes, field.name)) for field in fields(changes)}


class ProgressLine:
    """One line on a terminal that tells how far a long reading is; nothing where there is no terminal."""

    def __init__(self, stream: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._shown = stream.isatty()
        self._clock = clock
        self._last = 0.0
        self._drawn = False

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def show(self, kind: str, done: int, whole: int) -> None:
        """Draw ``kind``, how much is done, and of how much (0: not known), at most ten times a second."""
        if not self._shown or (self._clock() - self._last < 0.1 and done != whole):
            return
        self._last = self._clock()
        self._drawn = True
        self._stream.write(f"\r\x1b[K{progress_words(kind, done, whole)}")
        self._stream.flush()


def progress_words(kind: str, done: int, whole: int) -> str:
    """Say how far a reading is, with a bar where its whole is known."""
    if not whole:
        return f"reading {kind}, {done:,} so far"
    filled = BAR * min(done, whole) // whole
    return f"reading {kind}  {'━' * filled}{'╌' * (BAR - filled)}  {done:,} of {whole:,}, {whole - done:,} left"
