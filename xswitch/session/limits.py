"""The limits within which a session is served, the same for every command; nothing is imported."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

MIN_LEFT: Final = 60.0
"""Seconds that a session must have left to be of any use."""
ON_THE_WAY: Final = 5
"""Seconds on the way from AWS, by which a new session may have less left than it lasts."""
SERVED_ABOVE: Final = 900
"""``credential-process``: with more than this many seconds left a session is served as it is."""
GRANT: Final = 3600
"""Seconds that a grant lasts where its environment has no maximum duration."""
_CLOCKS: Final = 60
"""Seconds by which the clock may be behind the one that a grant was written by."""


def granted_until(since: float, until: float, longest: int | None, now: float, lasted: float) -> float | None:
    """Return until when a grant is in force, or None where it is not. Times are epoch seconds, UTC.

    A clock that was set back makes no grant longer: one from the future is none, one that ``lasted`` its seconds by the
    steady clock is over, and the environment's maximum (``longest``, in seconds) counts as it is now.
    """
    end = min(until, since + (longest or GRANT))
    return end if since - _CLOCKS <= now < end and lasted < end - since else None


def lasted(facts: Mapping[str, str | int | float], boot: str, seconds: float) -> float:
    """Return for how many seconds a grant has lasted by the steady clock of this boot; 0 where it is of another."""
    began = facts.get("steady")
    return seconds - began if facts.get("boot") == boot and isinstance(began, (int, float)) else 0.0
