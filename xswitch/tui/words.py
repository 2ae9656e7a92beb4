"""Words for time, as the screens say it. Times are epoch seconds, UTC, in; the person's own zone, out."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Final

from xswitch.text import plural, say_duration

__all__ = ["ago", "clock", "clock_seconds", "hue_of", "last_used", "last_used_fully", "plural"]

if TYPE_CHECKING:
    from xswitch.countdown import Step

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def hue_of(now: Step) -> str:
    """Return the token that a countdown is drawn in."""
    return {"calm": "live", "soon": "warn", "ending": "danger", "ended": "faint"}[now]


def clock(at: float, zone: tzinfo | None) -> str:
    """Say a time of day: ``11:24``."""
    when = datetime.fromtimestamp(at, zone)
    return f"{when:%H:%M}"


def clock_seconds(at: float, zone: tzinfo | None) -> str:
    """Say a time of day to the second: ``11:24:07``."""
    return f"{datetime.fromtimestamp(at, zone):%H:%M:%S}"


def _day(at: float, now: float, zone: tzinfo | None, near: str) -> str:
    when, today = datetime.fromtimestamp(at, zone), datetime.fromtimestamp(now, zone)
    days = (today.date() - when.date()).days
    if days <= 0:
        return near
    if days == 1:
        return "yesterday"
    if days < 7:
        return _DAYS[when.weekday()]
    if when.year == today.year:
        return f"{_MONTHS[when.month - 1]} {when.day}"
    return f"{_MONTHS[when.month - 1]} {when.year}"


def last_used(at: float, now: float, zone: tzinfo | None) -> str:
    """Say when something was last used, in a column: ``now``, ``12m ago``, ``4h ago``, ``Tue``, ``Nov 4``."""
    ago = now - at
    if ago < 60:
        return "now"
    near = f"{int(ago // 60)}m ago" if ago < 3600 else f"{int(ago // 3600)}h ago"
    return near if ago < 6 * 3600 else _day(at, now, zone, near)


def last_used_fully(at: float, times: int, now: float, zone: tzinfo | None) -> str:
    """Say when and how often: ``Tue 09:12, 14 times``."""
    often = "once" if times == 1 else f"{times:,} times"
    return f"{_day(at, now, zone, 'today')} {clock(at, zone)}, {often}"


def ago(at: float, now: float) -> str:
    """Say how long ago: ``18m ago``."""
    return f"{say_duration(max(0, now - at))} ago" if now - at >= 60 else "just now"
