"""What a switched shell is, read from its environment: for ``status`` and for the segment that ``prompt`` prints.

Nothing is imported that a prompt would have to wait for.
"""

from __future__ import annotations

from xswitch.countdown import prompt_words, step_between

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

_SAFE: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/@+-")
_STYLE: Final = frozenset("0123456789;")


class Inside:
    """A switched shell, as its environment tells it. ``expires`` is in seconds since the epoch, UTC.

    ``skew`` is by how many seconds AWS's clock, which ``expires`` is of, was ahead of this machine's.
    """

    __slots__ = ("account", "account_id", "depth", "environment", "expires", "renewing", "role", "skew", "target")

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.target = environ["XSWITCH_TARGET"]
        self.account_id = environ.get("XSWITCH_ACCOUNT_ID", "")
        self.account = environ.get("XSWITCH_ACCOUNT", "")
        self.role = environ.get("XSWITCH_ROLE", "")
        self.environment = environ.get("XSWITCH_ENVIRONMENT", "")
        self.expires = _number(environ.get("XSWITCH_EXPIRES", ""))
        self.depth = max(1, _number(environ.get("XSWITCH_DEPTH", "")))
        self.renewing = environ.get("XSWITCH_RENEWING") == "1"
        self.skew = _skew(environ)


def inside(environ: Mapping[str, str]) -> Inside | None:
    """Return which switched shell ``environ`` is of, or None outside of any."""
    return Inside(environ) if environ.get("XSWITCH_TARGET") else None


def segment(environ: Mapping[str, str], now: float, *, colour: bool = False) -> str:
    """Return the segment for a prompt at epoch second ``now``: environment, target, time left; "" outside.

    ``now`` is this machine's time. A shell whose processes are renewed as they run has no end to count to.
    Without ``colour`` it is plain text of ``[A-Za-z0-9._/@+-]``, blanks, ``!``, ``[]`` and ``()``; with it, styles
    (SGR) stand in it as in the marker of a switched shell, to be counted as nothing by whoever prints it.
    """
    target = safe(environ.get("XSWITCH_PROMPT_TARGET") or environ.get("XSWITCH_TARGET", ""))
    if not target:
        return ""
    guarded = bool(environ.get("XSWITCH_PROMPT_GUARDED"))
    word = safe(environ.get("XSWITCH_PROMPT_ENVIRONMENT") or environ.get("XSWITCH_ENVIRONMENT", ""))
    steps = environ.get("XSWITCH_PROMPT_STEPS", "900:300").partition(":")
    left = _number(environ.get("XSWITCH_EXPIRES", "")) - now - _skew(environ)
    reached = step_between(left, _number(steps[0]), _number(steps[2]))
    badge, soon, ending = _styles(environ) if colour else ("", "", "")
    depth = _number(environ.get("XSWITCH_DEPTH", ""))
    words = prompt_words(left)
    if environ.get("XSWITCH_RENEWING"):
        words, reached = "renewing", "calm"
    parts = [
        (_filled(word, badge) if guarded else _painted(word, badge)) if word else "",
        _painted(target, "1" if colour else ""),
        f"({depth})" if depth > 1 else "",
        words if reached == "calm" else _painted(f"! {words}", soon) if reached == "soon" else _filled(words, ending),
    ]
    return " ".join(part for part in parts if part)


def safe(text: str) -> str:
    """Return what a prompt may hold of ``text``: all else than ``[A-Za-z0-9._/@+-]`` as ``_``."""
    return "".join(character if character in _SAFE else "_" for character in text)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _skew(environ: Mapping[str, str]) -> int:
    text = environ.get("XSWITCH_PROMPT_SKEW", "")
    return -_number(text[1:]) if text.startswith("-") else _number(text)


def _styles(environ: Mapping[str, str]) -> tuple[str, str, str]:
    if "NO_COLOR" in environ:
        return ("7" if environ.get("XSWITCH_PROMPT_GUARDED") else "2"), "1", "7"
    given = environ.get("XSWITCH_PROMPT_STYLES", "").split(":")
    known = [style if style and _STYLE.issuperset(style) else "1" for style in given]
    badge, soon, ending = (known + ["1"] * 3)[:3]
    return badge, soon, ending


def _painted(text: str, style: str) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if style else text


def _filled(text: str, style: str) -> str:
    return _painted(f" {text} ", style) if style else f"[{text}]"
