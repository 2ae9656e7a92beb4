"""The few signs that the screens draw with, and what stands for them where only ASCII can be shown."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of signs; every one is a single cell wide."""

    cursor: str = "❯"
    guarded: str = "▌"
    rail: str = "▏"
    left: str = "━"
    left_half: str = "╸"
    gone: str = "╌"
    hop: str = "○"
    end: str = "●"
    across: str = "─"
    down: str = "│"
    ok: str = "✓"
    no: str = "✗"
    unknown: str = "?"
    opened: str = "▾"
    folded: str = "▸"
    cut: str = "…"
    pin: str = "*"
    soon: str = "!"
    divider: str = "┃"
    light_box: str = "╭─╮│╯─╰│"
    heavy_box: str = "┏━┓┃┛━┗┃"
    ascii: bool = False


UNICODE = Glyphs()
ASCII = Glyphs(
    cursor=">", guarded="#", rail="|", left="=", left_half="=", gone="-", hop="o", end="@", across="-", down="|",
    ok="+", no="x", opened="v", folded=">", cut="~", divider="|", light_box="+-+|+-+|", heavy_box="+=+#+=+#",
    ascii=True,
)  # fmt: skip


def choose(environ: Mapping[str, str], *, ascii_only: bool = False) -> Glyphs:
    """Return the set for a terminal: ASCII if asked for, on a plain console, or where the locale isn't UTF-8."""
    if ascii_only or environ.get("TERM", "") in ("linux", "dumb", "vt100", "vt220"):
        return ASCII
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    encoding = locale.partition(".")[2].partition("@")[0]
    if encoding:
        try:
            return UNICODE if codecs.lookup(encoding).name == "utf-8" else ASCII
        except LookupError:
            return UNICODE
    return ASCII if locale in ("C", "POSIX") else UNICODE
