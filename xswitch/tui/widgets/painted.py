"""The base of the small widgets: lines of spans, painted in the theme's inks, repainted only where they changed."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from xswitch.tui.desk import Desk
from xswitch.tui.draw import Line, strip_of


class Plain(Widget):
    """A widget without border, padding or styles of its own: its lines go to the screen as they are.

    Textual would put each line through the widget's CSS first, which costs more than drawing it.
    """

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the lines of a region."""
        width = self.size.width
        lines = [self.render_line(y) for y in crop.line_range]
        if crop.x == 0 and crop.width == width:
            return lines
        return [line.crop(crop.x, crop.right) for line in lines]


class Painted(Plain):
    """A widget that says its lines in :meth:`lines`; :meth:`show` repaints those that differ from what is shown."""

    ground = "bg"

    def __init__(self, desk: Desk, name: str) -> None:
        super().__init__(id=name)
        self.desk = desk
        self._shown: list[Strip] = []
        self._for: tuple[int, int] = (-1, -1)

    def lines(self, width: int, height: int) -> Sequence[Line]:  # noqa: ARG002
        """Return the lines for a size in cells. A child says what it shows here."""
        return ()

    def show(self) -> None:
        """Paint anew, sending only the lines that changed."""
        width, height = self.size
        if not width or not height:
            self._for = (-1, -1)
            self.refresh()
            return
        before = self._shown if self._for == (width, height) else []
        self._paint(width, height)
        for y, strip in enumerate(self._shown):
            if y >= len(before) or before[y] != strip:
                self.refresh(Region(0, y, width, 1))

    def _paint(self, width: int, height: int) -> None:
        palette = self.desk.palette
        painted = [strip_of(line, width, palette, self.ground) for line in self.lines(width, height)[:height]]
        blank = strip_of((), width, palette, self.ground)
        self._shown = painted + [blank] * (height - len(painted))
        self._for = (width, height)

    def render_line(self, y: int) -> Strip:
        """Return one line as it was painted."""
        width, height = self.size
        if self._for != (width, height):
            self._paint(width, height)
        return self._shown[y] if y < len(self._shown) else Strip.blank(width)
