"""Numbers that forked processes share."""

from __future__ import annotations

import mmap


class Board:
    """Rows of numbers in shared memory. Whoever writes one is alone in doing so: by its place, or under a lock."""

    def __init__(self, rows: int, columns: int = 1) -> None:
        self.rows = rows
        self.columns = columns
        # A view stores a number in one piece; struct.pack_into has it zero for an instant, in which a kill may fall.
        self._numbers = memoryview(mmap.mmap(-1, rows * columns * 8)).cast("d")

    def get(self, row: int, column: int = 0) -> float:
        """Return a number, 0 at first."""
        return float(self._numbers[row * self.columns + column])

    def put(self, row: int, value: float, column: int = 0) -> None:
        """Set a number."""
        self._numbers[row * self.columns + column] = value

    def add(self, row: int, column: int = 0, value: float = 1) -> None:
        """Add to a number."""
        self.put(row, self.get(row, column) + value, column)

    def sum(self, column: int = 0) -> float:
        """Return the sum of a column."""
        return sum(self.get(row, column) for row in range(self.rows))
