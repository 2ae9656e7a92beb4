"""The steps of a session's countdown, the same in the TUI, the prompts and the headers.

A session is calm, then *soon* at most a quarter of its life and at most 15 minutes before its end, then *ending* at
most a twelfth and at most 5 minutes before it, then ended. The shells do the same sums at each prompt, from
:func:`thresholds`. Nothing is imported here: ``xswitch prompt`` has to cost next to nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Step = Literal["calm", "soon", "ending", "ended"]


def thresholds(life: float) -> tuple[int, int]:
    """Return at how many seconds left *soon* and *ending* begin, for a session of ``life`` seconds in all."""
    whole = max(0, int(life))
    return min(15 * 60, whole // 4), min(5 * 60, whole // 12)


def step(left: float, life: float) -> Step:
    """Return the step of a session of ``life`` seconds with ``left`` seconds to go."""
    soon, ending = thresholds(life)
    return step_between(left, soon, ending)


def step_between(left: float, soon: int, ending: int) -> Step:
    """Return the step for ``left`` seconds, given the seconds left at which *soon* and *ending* begin."""
    if left <= 0:
        return "ended"
    if left <= ending:
        return "ending"
    return "soon" if left <= soon else "calm"


def prompt_words(left: float) -> str:
    """Say ``left`` seconds as a prompt does: ``3h 12m``, ``1h``, ``42m``, ``2m``, ``48s``, and ``ended``.

    A prompt is as old as the command typed at it, so it shows seconds in the last minute only.
    """
    whole = int(left)
    if left <= 0:
        return "ended"
    if whole < 60:
        return f"{whole}s"
    hours, minutes = divmod(whole // 60, 60)
    if not hours:
        return f"{minutes}m"
    return f"{hours}h {minutes:02d}m" if minutes else f"{hours}h"
