"""Colours: the tokens of every theme, and the inks (Rich styles) made of them.

A theme names each token once, as the hex of true colour and as the index of the 256-colour table; the index is used
where the terminal has no true colour, never the nearest match of the hex. ``terminal`` follows the terminal's own 16
colours, and ``mono`` has none at all: both fill nothing except by reverse video.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from rich.color import Color
from rich.style import Style

ThemeName = Literal["dark", "light", "contrast", "terminal", "mono"]
Depth = Literal["truecolor", "256"]

THEMES: Final[tuple[ThemeName, ...]] = ("dark", "light", "contrast", "terminal", "mono")

_NAMES: Final = [
    "bg",
    "panel",
    "field",
    "sel",
    "sel-guard",
    "line",
    "faint",
    "muted",
    "text",
    "strong",
    "accent",
    "live",
    "warn",
    "danger",
    "orange",
    "yellow",
    "green",
    "teal",
    "blue",
    "violet",
]


def _table(hexes: str, indexes: str) -> Mapping[str, tuple[str, int]]:
    return {
        name: (f"#{code}", int(index)) for name, code, index in zip(_NAMES, hexes.split(), indexes.split(), strict=True)
    }


_TOKENS: Final[Mapping[str, Mapping[str, tuple[str, int]]]] = {
    "dark": _table(
        "0f1319 131922 1a212c 202a38 33191f 2b3545 768297 9ba7b8 cbd3de f5f8fc 6fc3ff 74d3a0 f2b65c ff6b70 "
        "f2935c e3c15f 86c98a 5cc9c0 7fa9f5 b59af0",
        "233 234 235 237 52 239 244 247 252 231 75 115 215 203 209 179 114 79 111 141",
    ),
    "light": _table(
        "fbfaf7 f4f2ed eeebe4 e3e9f1 f8dcdc d3cec3 736d62 575249 2c2a26 0c0b09 0a62b8 126e42 8f5600 bd1428 "
        "a1460a 7c6200 27702f 0b6e6a 2450b5 6a3dc0",
        "231 255 254 189 224 252 242 240 235 232 25 29 94 124 130 58 22 23 19 61",
    ),
    "contrast": _table(
        "000000 000000 1c1c1c 00263f 4f0000 808080 b2b2b2 d0d0d0 ffffff ffffff 5fd7ff 5fff87 ffd75f ff8787 "
        "ffaf5f ffd75f 5fff87 5fffd7 87afff d7afff",
        "16 16 234 17 52 244 249 252 231 231 81 84 221 210 215 221 84 86 111 183",
    ),
}

_ANSI: Final[Mapping[str, str]] = {
    "line": "bright_black", "accent": "bright_blue", "live": "green", "warn": "yellow", "danger": "red",
    "orange": "yellow", "yellow": "bright_yellow", "green": "green", "teal": "cyan", "blue": "blue",
    "violet": "magenta",
}  # fmt: skip

_QUIET: Final = frozenset({"faint", "muted", "line"})
_GROUNDS: Final = frozenset({"bg", "panel", "field", "sel", "sel-guard"})
_HUES: Final[Mapping[str, str]] = {
    "red": "danger", "orange": "orange", "yellow": "yellow", "green": "green", "teal": "teal", "cyan": "teal",
    "blue": "blue", "violet": "violet", "purple": "violet", "magenta": "violet", "grey": "muted", "gray": "muted",
}  # fmt: skip


def hue_of(colour: str, *, guarded: bool) -> str:
    """Return the token for an environment's ``colour``; one that has none is red if guarded, else muted."""
    return _HUES.get(colour.lower(), "danger" if guarded else "muted")


def choose_palette(colour_system: str | None, theme: ThemeName, *, no_color: bool) -> Palette:
    """Return the inks for a terminal, as Rich names what it can show."""
    if no_color or colour_system is None:
        return Palette("mono")
    if colour_system in ("standard", "windows"):
        return Palette("terminal")
    return Palette(theme, "256" if colour_system == "256" else "truecolor")


class Palette:
    """The inks of one theme. ``fills`` tells whether grounds are painted; where not, rules and reverse stand in."""

    def __init__(self, name: ThemeName = "dark", depth: Depth = "truecolor") -> None:
        self.name = name
        self.fills = name in _TOKENS
        self.coloured = name != "mono"
        self._colours: dict[str, Color] = {}
        for token, (code, index) in _TOKENS.get(name, {}).items():
            self._colours[token] = Color.parse(code) if depth == "truecolor" else Color.from_ansi(index)
        if name == "terminal":
            self._colours = {token: Color.parse(colour) for token, colour in _ANSI.items()}
        self._inks: dict[tuple[str, str, bool, bool], Style] = {}

    def ink(self, fg: str, bg: str = "bg", bold: bool = False, underline: bool = False) -> Style:
        """Return the style for text of token ``fg`` on token ``bg``. On a field or a cursor row faint turns muted.

        A ``bg`` that is not a ground (``danger``, ``accent``, …) is a filled badge: the text takes the ground's colour.
        """
        key = (fg, bg, bold, underline)
        found = self._inks.get(key)
        if found is None:
            found = self._inks[key] = self._make(*key)
        return found

    def _make(self, fg: str, bg: str, bold: bool, underline: bool) -> Style:
        badge = bg not in _GROUNDS
        if self.fills:
            if badge:
                fg = "bg"
            elif fg == "faint" and bg in ("field", "sel", "sel-guard"):
                fg = "muted"
            return Style(color=self._colours[fg], bgcolor=self._colours[bg], bold=bold, underline=underline)
        hue = self._colours.get(bg if badge else fg)
        dim = fg in _QUIET and not badge and not bold
        return Style(color=hue, bold=bold or fg == "strong", underline=underline, reverse=badge, dim=dim)

    def veil(self, style: Style, share: float = 0.36) -> Style:
        """Return ``style`` as it looks behind a question: ``share`` of itself over the ground, or dim without fills."""
        if not self.fills:
            caret = style.reverse and not style.bold
            return Style(color=style.color, bgcolor=style.bgcolor, reverse=style.reverse and not caret, dim=True)
        if style.bgcolor == self._colours["accent"]:  # a caret: there is one on the screen, and it is not here
            style = self.ink("text", "field")
        ground = self._colours["bg"].get_truecolor()

        def blend(colour: Color | None, fallback: str) -> Color:
            over = (colour or self._colours[fallback]).get_truecolor()
            return Color.from_rgb(*(round(low + (high - low) * share) for low, high in zip(ground, over, strict=True)))

        return Style(color=blend(style.color, "text"), bgcolor=blend(style.bgcolor, "bg"))

    def hex(self, token: str) -> str:
        """Return the CSS colour of a token, for what Textual itself paints."""
        found = _TOKENS.get(self.name, {}).get(token)
        return found[0] if found else "ansi_default"
