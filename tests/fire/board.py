"""Numbers that forked processes share."""

from __future__ import annotations

import mmap
import struct

_SLOT = struct.Struct("d")  # of the machine's own kind: written in one piece


class Board:
    """Rows of numbers in shared memory. Whoever writes one is alone in doing so: by its place, or under a lock."""

    def __init__(self, rows: int, columns: int = 1) -> None:
        self.rows = rows
        self.columns = columns
        self._memory = mmap.mmap(-1, rows * columns * _SLOT.size)

    def get(self, row: int, column: int = 0) -> float:
        """Return a number, 0 at first."""
        return float(_SLOT.unpack_from(self._memory, (row * self.columns + column) * _SLOT.size)[0])

    def put(self, row: int, value: float, column: int = 0) -> None:
        """Set a number."""
        _SLOT.pack_into(self._memory, (row * self.columns + column) * _SLOT.size, value)

    def add(self, row: int, column: int = 0, value: float = 1) -> None:
        """Add to a number."""
        self.put(row, self.get(row, column) + value, column)

    def sum(self, column: int = 0) -> float:
        """Return the sum of a column."""
        return sum(self.get(row, column) for row in range(self.rows))
