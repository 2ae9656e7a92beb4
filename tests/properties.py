"""How many examples a property gets, by the profile that is loaded."""

from __future__ import annotations

from hypothesis import settings


def examples(count: int) -> settings:
    """Settings of two fifths of ``count`` examples at `make test`, and of twenty times ``count`` at `make fuzz`."""
    return settings(max_examples=max(1, count * settings().max_examples // 100), deadline=None)
