"""Colours of the prompt marker, as SGR parameters (ECMA-48) that a shell only has to copy.

A theme's colour is its index of the 256-colour table; a terminal that does not say it has one gets its own 16 colours
and reverse video. Styles never hold anything but digits and semicolons.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

_HUES: Final = ("ground", "red", "orange", "yellow", "green", "teal", "blue", "violet", "muted", "warn")
_INDEXES: Final[Mapping[str, tuple[int, ...]]] = {
    "dark": (233, 203, 209, 179, 114, 79, 111, 141, 247, 215),
    "light": (231, 124, 130, 58, 22, 23, 19, 61, 240, 94),
    "contrast": (16, 210, 215, 221, 84, 86, 111, 183, 252, 221),
}
_ANSI: Final[Mapping[str, str]] = {
    "red": "31", "orange": "33", "yellow": "33", "green": "32", "teal": "36", "blue": "34", "violet": "35",
    "muted": "", "warn": "33",
}  # fmt: skip
_SAME: Final[Mapping[str, str]] = {
    "cyan": "teal",
    "purple": "violet",
    "magenta": "violet",
    "grey": "muted",
    "gray": "muted",
}

MONO: Final = ("7", "1", "7")
"""Badge, soon and ending without colour, in a guarded environment; elsewhere the badge is dim."""
DIM: Final = "2"


def hue(colour: str, *, guarded: bool) -> str:
    """Return the hue for an environment's ``colour``; one that is none of ours is red if guarded, else muted."""
    name = colour.strip().lower()
    name = _SAME.get(name, name)
    return name if name in _ANSI and name != "warn" else ("red" if guarded else "muted")


def styles(colour: str, environ: Mapping[str, str], *, guarded: bool, theme: str = "dark") -> tuple[str, str, str]:
    """Return the SGR parameters of the badge, of *soon* and of *ending* for the terminal that ``environ`` tells of.

    ``theme`` is dark, light, contrast, terminal (the 16 colours) or mono.
    """
    if theme == "mono":
        return (MONO[0] if guarded else DIM, *MONO[1:])
    name = hue(colour, guarded=guarded)
    if theme not in _INDEXES or not _has_256(environ):
        badge = ";".join(filter(None, ("1", _ANSI[name], "7" if guarded else "")))
        return badge, f"1;{_ANSI['warn']}", f"1;{_ANSI['red']};7"
    table = dict(zip(_HUES, _INDEXES[theme], strict=True))
    ground = table["ground"]
    badge = f"1;38;5;{ground};48;5;{table[name]}" if guarded else f"1;38;5;{table[name]}"
    return badge, f"1;38;5;{table['warn']}", f"1;38;5;{ground};48;5;{table['red']}"


def _has_256(environ: Mapping[str, str]) -> bool:
    return "256color" in environ.get("TERM", "") or environ.get("COLORTERM", "") in ("truecolor", "24bit")
