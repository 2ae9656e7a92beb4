"""How long to wait before a call is made again: botocore's standard mode, exponential back-off with full jitter."""

from __future__ import annotations

import os
from typing import Final

LONGEST: Final = 20.0
"""Seconds that no wait of one's own choice exceeds."""
_THROTTLED, _OTHERWISE = 1.0, 0.05
"""Seconds that the first wait is below."""
_MORE: Final = 5.0
"""Seconds beyond one's own wait that a server's wish is followed."""


def pause(attempt: int, *, throttled: bool, fraction: float, wish: str = "") -> float:
    """Return the seconds to wait after the ``attempt``-th try, counted from 1.

    ``fraction`` is random, from 0 to 1; ``wish`` is the x-amz-retry-after header, in milliseconds.
    """
    own = fraction * min((_THROTTLED if throttled else _OTHERWISE) * (1 << (attempt - 1)), LONGEST)
    if not (wish.isascii() and wish.isdigit()) or len(wish) > 9:
        return own
    return max(own, min(int(wish) / 1000, own + _MORE))


def random_fraction() -> float:
    """Return a number from 0 to 1 out of the system's randomness: importing ``random`` takes longer than a wait."""
    return int.from_bytes(os.urandom(6), "big") / (1 << 48)
