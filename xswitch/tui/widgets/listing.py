"""The list that every board is made of: one widget that owns a query and the items that match it.

It takes the keys itself and draws each line by :meth:`Listing.render_line`, from strips that it keeps; no widget is
made for an item. A child says what its items are and how each is drawn.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Final, Generic, TypeVar

from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from xswitch.tui.desk import Desk
from xswitch.tui.draw import Line, Span, fit, strip_of, width_of
from xswitch.tui.field import Field
from xswitch.tui.grid import Grid
from xswitch.tui.keys import BY_ID
from xswitch.tui.widgets.painted import Plain

T = TypeVar("T")
_KEPT: Final = 2048


class Listing(Plain, ScrollView, Generic[T], can_focus=True):
    """A query line and a list under it. ``placeholder`` stands in an empty query.

    ``moved`` is called when the cursor stands on another item or the items changed: called, not posted as a message,
    so that what it shows is painted in the same frame as the list.
    """

    DEFAULT_CSS = """
    Listing { width: 1fr; height: 1fr; scrollbar-size: 0 0; overflow: hidden hidden; }
    """
    placeholder = ""

    class Opened(Message):
        """An item was chosen by a double click."""

    def __init__(self, desk: Desk, moved: Callable[[], None], query: str = "") -> None:
        super().__init__(id="list")
        self.desk = desk
        self.moved = moved
        self.field = Field()
        self.field.set(query)
        self.items: Sequence[T] = ()
        self.cursor = 0
        self.first = 0
        self.grid = Grid.of(120, 36)
        self._strips: OrderedDict[Hashable, Strip] = OrderedDict()
        self._drawn: dict[int, Strip] = {}

    # What a child says.

    def find(self) -> Sequence[T]:
        """Return the items for the query as it stands."""
        return ()

    def selectable(self, number: int) -> bool:
        """Tell whether the cursor may stand on an item."""
        return 0 <= number < len(self.items)

    def key_of(self, number: int) -> Hashable:
        """Return everything that decides how an item looks, but for the cursor and the width."""
        raise LookupError(number)

    def draw(self, number: int, at_cursor: bool) -> tuple[Line, str]:  # noqa: ARG002
        """Return an item's spans and the ground that they stand on."""
        raise LookupError(number)

    def counted(self) -> str:
        """Say how many there are, at the right of the query."""
        return ""

    def above(self, y: int) -> Line:  # noqa: ARG002
        """Return the spans of a line between the query and the list."""
        return ()

    def instead(self, y: int) -> Line:  # noqa: ARG002
        """Return the spans of a line where there is no item at all."""
        return ()

    # What happens.

    @property
    def room(self) -> int:
        """The number of lines for items."""
        return max(1, self.size.height - self.grid.body)

    @property
    def current(self) -> T | None:
        """The item under the cursor."""
        return self.items[self.cursor] if self.selectable(self.cursor) else None

    def on_resize(self) -> None:
        """Lay out anew for another size."""
        self._strips.clear()
        self._drawn.clear()
        self._scroll()

    def search(self, *, keep: bool = False) -> None:
        """Find the items for the query; ``keep`` leaves the cursor where it is, as far as can be."""
        self.items = self.find()
        if not keep:
            self.cursor = self.first = 0
        self.cursor = self._nearest(min(self.cursor, max(0, len(self.items) - 1)), 1)
        self._scroll()
        self.repaint()
        self.moved()

    def repaint(self) -> None:
        """Paint anew the lines that changed."""
        width, height = self.size
        lines = [y for y in range(height) if self._drawn.get(y) != self._line(y)]
        if len(self._drawn) != height:
            self.refresh()
        elif lines:
            self.refresh(*(Region(0, y, width, 1) for y in lines))

    def _nearest(self, number: int, step: int) -> int:
        for way in (step, -step):
            at = number
            while 0 <= at < len(self.items):
                if self.selectable(at):
                    return at
                at += way
        return 0

    def move_to(self, number: int, step: int = 1) -> None:
        """Put the cursor on an item, or on the nearest that it may stand on."""
        if not self.items:
            return
        before, top = self.cursor, self.first
        self.cursor = self._nearest(max(0, min(number, len(self.items) - 1)), step)
        self._scroll()
        if self.first != top:
            self.repaint()
        elif self.cursor != before:
            self.refresh_item(before)
            self.refresh_item(self.cursor)
        if self.cursor != before:
            self.moved()

    def _scroll(self) -> None:
        if not self.size.height:
            return
        room = self.room
        if self.cursor < self.first:
            self.first = self.cursor
            while self.first > 0 and not self.selectable(self.first - 1) and self.cursor - self.first < room - 1:
                self.first -= 1
        elif self.cursor >= self.first + room:
            self.first = self.cursor - room + 1
        self.first = max(0, min(self.first, len(self.items) - room))
        self.virtual_size = Size(self.size.width, self.grid.body + len(self.items))

    def refresh_item(self, number: int) -> None:
        """Repaint one item, if it is in sight."""
        y = number - self.first + self.grid.body
        if self.grid.body <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def type(self, query: str) -> None:
        """Put a query in place of what was typed."""
        self.field.set(query)
        self.search()

    def on_key(self, event: events.Key) -> None:
        """Take what is typed; other keys are the screen's."""
        if not self.field.text and event.key in ("question_mark", "colon"):
            return
        changed = self.field.press(event.key, event.character, arrows=bool(self.field.text))
        if changed is None:
            return
        event.stop()
        event.prevent_default()
        if changed:
            self.search()
        else:
            self.refresh(Region(0, self.grid.query, self.size.width, 1))

    def on_paste(self, event: events.Paste) -> None:
        """Take what is pasted."""
        event.stop()
        if self.field.insert(event.text.strip()):
            self.search()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where it was clicked; a double click opens."""
        number = self.first + event.y - self.grid.body
        if event.y >= self.grid.body and self.selectable(number):
            self.move_to(number)
            if event.chain >= 2:
                self.post_message(self.Opened())

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll; the cursor stays in sight."""
        self._wheel(event, 3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll; the cursor stays in sight."""
        self._wheel(event, -3)

    def _wheel(self, event: events.MouseEvent, lines: int) -> None:
        event.stop()
        event.prevent_default()
        top = max(0, min(self.first + lines, len(self.items) - self.room))
        if top == self.first:
            return
        self.first = top
        before = self.cursor
        inside = max(top, min(self.cursor, top + self.room - 1))
        self.cursor = self._nearest(inside, 1 if lines > 0 else -1)
        self.repaint()
        if self.cursor != before:
            self.moved()

    # How it is drawn.

    def render_line(self, y: int) -> Strip:
        """Return one line, and take note of what is drawn there."""
        strip = self._drawn[y] = self._line(y)
        return strip

    def _line(self, y: int) -> Strip:
        """Return one line: the query, a line under it, or an item."""
        width, body = self.size.width, self.grid.body
        number = self.first + y - body
        if y < body or not self.items:
            return self._top(y, width)
        if number >= len(self.items):
            return strip_of((), width, self.desk.palette)
        at_cursor = number == self.cursor and self.selectable(number)
        key = (self.key_of(number), at_cursor, width)
        strip = self._strips.get(key)
        if strip is None:
            spans, ground = self.draw(number, at_cursor)
            strip = strip_of(spans, width, self.desk.palette, ground)
            self._strips[key] = strip
            if len(self._strips) > _KEPT:
                self._strips.popitem(last=False)
        return strip

    def _top(self, y: int, width: int) -> Strip:
        palette = self.desk.palette
        if y == self.grid.query:
            return strip_of(self._query(width), width, palette, "field")
        if y < self.grid.body:
            line = self.above(y)
            if not line and y == self.grid.query + 1 and not palette.fills and self.grid.body > 1:
                line = [Span("  "), Span(self.desk.glyphs.across * max(0, width - 4), "line")]
            return strip_of(line, width, palette)
        return strip_of(self.instead(y - self.grid.body), width, palette)

    def _query(self, width: int) -> Line:
        field, glyphs = self.field, self.desk.glyphs
        narrow = width < 40
        lead = [Span(" " if narrow else "  "), Span(glyphs.cursor, "accent", bold=True), Span(" ")]
        right = Span(self.counted(), "muted")
        room = width - width_of(lead) - width_of([right]) - 3
        if room < 8:
            right, room = Span(""), max(1, width - width_of(lead) - 2)
        if field.text:
            line = [*lead, *caret(field, room)]
        else:
            line = [*lead, Span(" ", bg="accent"), Span(fit(self.placeholder, room - 1, glyphs.cut), "muted")]
        gap = width - width_of(line) - width_of([right]) - 1
        return [*line, Span(" " * max(0, gap)), right]


def caret(field: Field, room: int) -> list[Span]:
    """Draw a field's text with its caret, the part around the caret where it is longer than ``room`` cells."""
    start = max(0, field.at - room + 1)
    text = field.text[start : start + room]
    at = field.at - start
    under = text[at : at + 1] or " "
    return [
        Span(text[:at], "strong", bold=True),
        Span(under, bg="accent"),
        Span(text[at + 1 :], "strong", bold=True),
    ]


KEYS_OF_LISTS: Final = tuple(name for name in ("up", "down", "page_up", "page_down") if name in BY_ID)
