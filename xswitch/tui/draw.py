"""Lines: spans of text with a token each, made into Textual strips of an exact width."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from xswitch.tui.glyphs import Glyphs
from xswitch.tui.themes import Palette


class Span(NamedTuple):
    """A run of text in one ink. ``bg`` is "" for the line's own ground, a ground, or a hue for a filled badge."""

    text: str
    fg: str = "text"
    bold: bool = False
    underline: bool = False
    bg: str = ""


Line = Sequence[Span]


def width_of(spans: Iterable[Span]) -> int:
    """Return the number of cells that the spans take."""
    return sum(cells(span.text) for span in spans)


def cells(text: str) -> int:
    """Return the number of cells of a text."""
    return len(text) if text.isascii() else cell_len(text)


def fit(text: str, width: int, cut: str = "…") -> str:
    """Shorten ``text`` in the middle to ``width`` cells: the end of a name tells it from its neighbours."""
    if cells(text) <= width:
        return text
    if width <= len(cut):
        return cut[: max(0, width)]
    room = width - len(cut)
    if text.isascii():
        head = room // 2
        return text[:head] + cut + text[len(text) - (room - head) :]
    head_text = set_cell_size(text, room // 2).rstrip(" ")
    tail = text
    while cells(tail) > room - cells(head_text):
        tail = tail[1:]
    return head_text + cut + tail


def pad(text: str, width: int) -> str:
    """Fill ``text`` with blanks to ``width`` cells."""
    return text + " " * (width - cells(text))


def strip_of(spans: Iterable[Span], width: int, palette: Palette, ground: str = "bg") -> Strip:
    """Make a strip of exactly ``width`` cells; what does not fit is cut off."""
    runs: list[tuple[str, Style, str]] = []
    left = width
    for text, fg, bold, underline, bg in (*spans, Span(" " * width)):
        size = cells(text)
        if size > left:
            text, size = set_cell_size(text, left), left
        if not size:
            continue
        left -= size
        under = bg or ground
        if runs and under == runs[-1][2] and text.isspace() and not underline and not runs[-1][1].underline:
            runs[-1] = (runs[-1][0] + text, runs[-1][1], under)  # a blank has no ink: one run less to send
        else:
            runs.append((text, palette.ink(fg, under, bold, underline), under))
    return Strip([Segment(text, style) for text, style, _ in runs], width)


def clip(line: Line, width: int) -> list[Span]:
    """Cut a line at ``width`` cells."""
    kept: list[Span] = []
    left = width
    for span in line:
        size = cells(span.text)
        kept.append(span if size <= left else span._replace(text=set_cell_size(span.text, max(0, left))))
        left -= min(size, max(0, left))
    return kept


def spread(left: Line, right: Line, width: int) -> list[Span]:
    """Put ``left`` at the left and ``right`` at the right of ``width`` cells; ``right`` goes where there is no room."""
    gap = width - width_of(left) - width_of(right)
    return [*left, Span(" " * gap), *right] if gap >= 1 else list(left)


def fuse(share: float, width: int, glyphs: Glyphs, hue: str) -> list[Span]:
    """Draw what is left of a time, ``share`` of ``width`` cells, to the half cell; a rest is never drawn as nothing."""
    halves = min(2 * width, max(0, round(share * width * 2)))
    if share > 0 and not halves:
        halves = 1
    full, half = divmod(halves, 2)
    burning = glyphs.left * full + (glyphs.left_half if half else "")
    return [Span(burning, hue), Span(glyphs.gone * (width - len(burning)), "faint")]


def rule(title: Line, width: int, glyphs: Glyphs, right: Line = ()) -> list[Span]:
    """Return a heading: a title, a rule over the rest of ``width`` cells, and a word at its end."""
    taken = width_of(title) + width_of(right) + (1 if title else 0) + (1 if right else 0)
    line = [Span(" ")] if title else []
    line.append(Span(glyphs.across * max(0, width - taken), "line"))
    return [*title, *line, *([Span(" ")] if right else []), *right]


def wrap(text: str, width: int) -> list[str]:
    """Break ``text`` between words into lines of at most ``width`` cells; a longer word is broken where it must be."""
    width = max(1, width)
    lines: list[str] = []
    line = ""
    for word in text.split():
        while cells(word) > width:
            if line:
                lines.append(line)
                line = ""
            head = set_cell_size(word, width).rstrip(" ") or word[:1]
            lines.append(head)
            word = word[len(head) :]
        if not word:
            continue
        if line and cells(line) + 1 + cells(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    if line:
        lines.append(line)
    return lines
