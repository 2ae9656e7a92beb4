"""Text that is safe to show, and the words for time.

Account, OU and role names, tags and AWS's messages can hold anything: :func:`clean` is the one function that makes
such text safe to show, and it is called wherever such text reaches a terminal, a title or a log line.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import tzinfo
    from typing import Final

_PROMPT_SAFE: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/@+-")
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANK_LETTERS: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0") | {
    chr(n) for n in range(0xFE00, 0xFE10)
}
"""Letters and variation selectors that show nothing, whatever their category says."""
_DURATION: Final = r"(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,7})s)?"


def clean(text: str) -> str:
    """Return ``text`` without C0, C1, bidirectional, zero-width and other invisible characters.

    Line breaks and tabs become one blank, so that nothing moves the cursor; letters of every script stay.
    """
    if text.isascii() and text.isprintable():
        return text
    import unicodedata

    kept: list[str] = []
    for character in text:
        category = unicodedata.category(character)
        if character in "\t\n\r\v\f\u0085\u2028\u2029":
            kept.append(" ")
        elif category not in _INVISIBLE and character not in _BLANK_LETTERS:
            kept.append(character)
    return "".join(kept)


def prompt_safe(text: str) -> str:
    """Return ``text`` with everything outside ``[A-Za-z0-9._/@+-]`` as ``_``: what a prompt variable may hold."""
    return "".join(character if character in _PROMPT_SAFE else "_" for character in text)


def shorten(text: str, width: int, mark: str = "…") -> str:
    """Shorten ``text`` in the middle to ``width`` characters, since the end of a name tells it from its neighbours."""
    if len(text) <= width:
        return text
    if width <= len(mark):
        return mark[:width]
    room = width - len(mark)
    head = room // 2
    return text[:head] + mark + text[len(text) - (room - head) :]


def parse_duration(text: str) -> int:
    """Return the seconds of a duration such as ``1h``, ``90m``, ``1h30m`` or ``3600`` (seconds).

    Raises ValueError for anything else, for nothing and for zero.
    """
    import re

    if re.fullmatch(r"\d{1,7}", text, re.ASCII):
        seconds = int(text)
    else:
        found = re.fullmatch(_DURATION, text, re.ASCII)
        if found is None or not text:
            raise ValueError(f"not a duration: {clean(text)!r}")
        hours, minutes, rest = (int(part or 0) for part in found.groups())
        seconds = hours * 3600 + minutes * 60 + rest
    if seconds <= 0:
        raise ValueError(f"not a duration: {clean(text)!r}")
    return seconds


def write_duration(seconds: int) -> str:
    """Write a span as a catalog has it, for :func:`parse_duration` to read: ``2h``, ``1h30m``, ``0s``."""
    parts = (seconds // 3600, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s")
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"


def say_duration(seconds: float) -> str:
    """Say a span in the words of the screens: ``3h 12m``, ``42m``, ``1h``; seconds only under five minutes."""
    whole = max(0, int(seconds // 1))
    if whole < 300:
        minutes, rest = divmod(whole, 60)
        if not minutes:
            return f"{rest}s"
        return f"{minutes}m {rest:02d}s" if rest else f"{minutes}m"
    hours, minutes = divmod(whole // 60, 60)
    if not hours:
        return f"{minutes}m"
    return f"{hours}h {minutes:02d}m" if minutes else f"{hours}h"


def plural(count: int, word: str) -> str:
    """Say a number of things: ``1 account``, ``1,284 targets``."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def time_of_day(at: float, now: float, zone: tzinfo | None = None) -> str:
    """Say an epoch second to come as a time of day of ``zone``, the machine's own for None: ``11:24 tomorrow``."""
    from datetime import datetime

    when, today = datetime.fromtimestamp(at, zone), datetime.fromtimestamp(now, zone)
    return f"{when:%H:%M} tomorrow" if (when.date() - today.date()).days == 1 else f"{when:%H:%M}"


def iso8601(epoch: float) -> str:
    """Return an epoch second as AWS writes times: ``2026-11-02T16:20:11Z``, UTC, whole seconds rounded down."""
    import time

    year, month, day, hour, minute, second = time.gmtime(epoch)[:6]
    return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}Z"
