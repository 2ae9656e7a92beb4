"""IAM's two wildcards, matched in time bounded by pattern length times value length: no backtracking.

``*`` stands for any run of characters, also none, and ``?`` for exactly one (IAM User Guide, "Resource"). A pattern is
held in pieces, so that text put in for a policy variable stays literal whatever it holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import TypeAlias


class Wild(Enum):
    """A wildcard within a pattern."""

    ANY = "*"
    ONE = "?"


Pattern: TypeAlias = tuple[str | Wild, ...]
"""Literal runs and wildcards, in order."""


def compiled(text: str) -> Pattern:
    """Return the pattern that a text with wildcards means."""
    pieces: list[str | Wild] = []
    start = 0
    for index, character in enumerate(text):
        if character in "*?":
            if start < index:
                pieces.append(text[start:index])
            pieces.append(Wild(character))
            start = index + 1
    if start < len(text):
        pieces.append(text[start:])
    return tuple(pieces)


def lowered(pattern: Pattern) -> Pattern:
    """Return the pattern in lower case, for a comparison without regard to case."""
    return tuple(piece.lower() if isinstance(piece, str) else piece for piece in pattern)


def matches(pattern: Pattern, value: str) -> bool:
    """Tell whether the whole value matches the pattern, case sensitively."""
    segments = _segments(pattern)
    first, last = segments[0], segments[-1]
    if len(segments) == 1:
        return _length(first) == len(value) and _at(first, value, 0)
    position, end = _length(first), len(value) - _length(last)
    if position > end or not _at(first, value, 0) or not _at(last, value, end):
        return False
    for segment in segments[1:-1]:
        found = _find(segment, value, position, end)
        if found < 0:
            return False
        position = found + _length(segment)
    return True


def matches_text(pattern: str, value: str) -> bool:
    """Tell whether the whole value matches a pattern given as text, case sensitively."""
    return matches(compiled(pattern), value)


_Segment: TypeAlias = list[str | Wild]


def _segments(pattern: Iterable[str | Wild]) -> list[_Segment]:
    """Split a pattern at its stars; what lies between them has a fixed length."""
    segments: list[_Segment] = [[]]
    for piece in pattern:
        if piece is Wild.ANY:
            segments.append([])
        else:
            segments[-1].append(piece)
    return segments


def _length(segment: _Segment) -> int:
    return sum(len(piece) if isinstance(piece, str) else 1 for piece in segment)


def _at(segment: _Segment, value: str, position: int) -> bool:
    for piece in segment:
        if isinstance(piece, str):
            if not value.startswith(piece, position):
                return False
            position += len(piece)
        else:
            position += 1
    return True


def _find(segment: _Segment, value: str, start: int, end: int) -> int:
    """Return the leftmost place of a segment that ends at or before ``end``; -1 for none."""
    last = end - _length(segment)
    head = segment[0] if segment and isinstance(segment[0], str) else ""
    while start <= last:
        if head:
            start = value.find(head, start)
            if start < 0 or start > last:
                return -1
        if _at(segment, value, start):
            return start
        start += 1
    return -1
