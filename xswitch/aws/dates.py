"""The two ways in which AWS writes a moment, the Date header and ISO 8601; other tools write the latter loosely."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def of_header(text: str) -> float | None:
    """Return a Date header in epoch seconds, None where it is none (RFC 9110, 5.6.7: IMF-fixdate alone is sent)."""
    words = text.split(" ")
    if len(text) != 29 or not text.isascii() or len(words) != 6 or words[2] not in _MONTHS or words[5] != "GMT":
        return None
    try:
        hour, minute, second = (int(part) for part in words[4].split(":"))
        month = _MONTHS.index(words[2]) + 1
        return datetime(int(words[3]), month, int(words[1]), hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None


def of_iso(text: str) -> float:
    """Return a moment such as ``2026-03-01T12:00:00Z`` in epoch seconds. Raises ValueError where it says no zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone")
    return moment.timestamp()


def of_loose_iso(text: str) -> float:
    """Return the same of a moment that another tool wrote: where it says no zone, it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
