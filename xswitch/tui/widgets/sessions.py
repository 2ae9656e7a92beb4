"""The board's list: what is live, soonest to end first, and what has ended."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from xswitch.countdown import step
from xswitch.text import clean, say_duration
from xswitch.tui.desk import Desk
from xswitch.tui.draw import Line, Span, rule, width_of
from xswitch.tui.grid import Grid
from xswitch.tui.widgets.listing import Listing
from xswitch.tui.widgets.session_rows import ended_line, first_line, places, second_line, uses_words
from xswitch.tui.words import ago

if TYPE_CHECKING:
    from xswitch.engine import Ended, Live


class Item(NamedTuple):
    """A line: the ``part``-th of a session, an ended one, a head, or a blank line."""

    name: str = ""
    part: int = 0
    ended: bool = False
    head: str = ""


class SessionList(Listing[Item]):
    """Live sessions in three lines each, or one where they don't fit; ended ones below."""

    placeholder = "Search sessions"

    def __init__(self, desk: Desk, moved: Callable[[], None]) -> None:
        super().__init__(desk, moved)
        self.places = places(120)
        self.tall = True

    # What there is.

    def _matching(self) -> tuple[list[Live], list[Ended]]:
        words = self.field.text.casefold().split()
        desk = self.desk

        def fits(name: str) -> bool:
            return all(word in clean(name).casefold() for word in words)

        live = [one for one in desk.live if one.expires > desk.now and fits(one.target)]
        gone = [one for one in desk.ended if fits(one.target)]
        return sorted(live, key=lambda one: one.expires), gone

    def find(self) -> Sequence[Item]:
        """Return the lines."""
        live, gone = self._matching()
        below = len(gone) + 2 if gone else 0
        self.tall = self.grid.height >= 16 and 3 * len(live) + below <= self.room
        items: list[Item] = []
        for one in live:
            items.append(Item(one.target))
            if self.tall:
                items += [Item(one.target, 1), Item()]
        if gone:
            items += [*([Item()] if items and not self.tall else []), Item(head="Ended")]
            items += [Item(one.target, ended=True) for one in gone]
        return items

    def selectable(self, number: int) -> bool:
        """Return the first line of a session, and ended ones."""
        return 0 <= number < len(self.items) and bool(self.items[number].name) and self.items[number].part == 0

    @property
    def live(self) -> Live | None:
        """The live session under the cursor."""
        item = self.current
        return self.desk.live_by.get(item.name) if item is not None and not item.ended else None

    @property
    def ended(self) -> Ended | None:
        """The ended session under the cursor."""
        item = self.current
        if item is None or not item.ended:
            return None
        return next((one for one in self.desk.ended if one.target == item.name), None)

    def go_to_ended(self, name: str) -> None:
        """Put the cursor on a session that ended."""
        at = next((number for number, item in enumerate(self.items) if item.ended and item.name == name), -1)
        if at >= 0:
            self.move_to(at)

    def counted(self) -> str:
        """Say how many are live."""
        live, _ = self._matching()
        return f"{len(live)} live"

    # How it looks.

    def lay_out(self, grid: Grid, width: int) -> None:
        """Take the grid of the screen, and its own width."""
        self.grid = grid
        self.places = places(width)
        self._strips.clear()
        self.search(keep=True)

    def search(self, *, keep: bool = False) -> None:
        """Find the lines; ``keep`` stays on the same session."""
        name = self.current.name if keep and self.current is not None else ""
        super().search(keep=keep)
        at = next(
            (number for number, item in enumerate(self.items) if name and item.name == name and not item.part), -1
        )
        if at >= 0:
            self.move_to(at)

    def above(self, y: int) -> Line:
        """Return the labels of the columns."""
        at = self.places
        if y != self.grid.body - 1 or not self.grid.airy or not at.renewing:
            return ()
        spans = [Span(" " * at.target), Span("target", "faint")]
        spans += [Span(" " * (at.time - 4 - width_of(spans))), Span("left", "faint")]
        for start, label in ((at.ends, "ends"), (at.use, "in use by"), (at.renewing, "renewing")):
            spans += [Span(" " * (start - width_of(spans))), Span(label, "faint")]
        return spans

    def key_of(self, number: int) -> Hashable:
        """Return the line, and what its session shows."""
        item = self.items[number]
        live = self.desk.live_by.get(item.name)
        if not item.name or item.ended or live is None:
            return (
                item,
                ago(self._end_of(item), self.desk.here) if item.ended else "",
                item.ended and self.ended is not None,
            )
        left = live.expires - self.desk.now
        halves = round(left / live.duration * 2 * self.places.fuse_width)
        return (
            item,
            live,
            say_duration(left),
            step(left, live.duration),
            halves,
            uses_words(self.desk, live),
            self._session_at_cursor(item),
        )

    def _end_of(self, item: Item) -> float:
        return next((self.desk.end_of(one) for one in self.desk.ended if one.target == item.name), 0.0)

    def _session_at_cursor(self, item: Item) -> bool:
        here = self.current
        return here is not None and here.name == item.name and not here.ended

    def draw(self, number: int, at_cursor: bool) -> tuple[Line, str]:
        """Draw a line of a session."""
        item = self.items[number]
        if item.head:
            lead = self.places.target
            title = [Span(item.head, "muted", bold=True)]
            return [Span(" " * lead), *rule(title, self.size.width - lead - 1, self.desk.glyphs)], "bg"
        if item.ended:
            ended = next((one for one in self.desk.ended if one.target == item.name), None)
            if ended is None:
                return (), "bg"
            return ended_line(self.desk, self.places, ended, here=at_cursor), "sel" if at_cursor else "bg"
        live = self.desk.live_by.get(item.name)
        if live is None:
            return (), "bg"
        here = self._session_at_cursor(item)
        env = self.desk.environment(live.environment)
        ground = ("sel-guard" if env.guarded else "sel") if here else "bg"
        if item.part:
            return second_line(self.desk, self.places, live, here=here), ground
        return first_line(self.desk, self.places, live, here=here, alone=not self.tall), ground

    def instead(self, y: int) -> Line:
        """Say what to do where nothing is live."""
        lines: list[Line] = [
            (),
            [Span("    "), Span("No session matches." if self.field.text else "Nothing is live.", "strong", bold=True)],
            [
                Span("    "),
                Span("A session is listed here from the moment it is opened until an hour after its end.", "faint"),
            ],
        ]
        return lines[y] if y < len(lines) else ()

    def refresh_item(self, number: int) -> None:
        """Repaint a session with its second line."""
        super().refresh_item(number)
        if self.tall and self.selectable(number):
            super().refresh_item(number + 1)

    def tick(self) -> None:
        """Repaint the countdowns in sight, and let those that ended go."""
        if any(item.name and not item.ended and self._over(item.name) for item in self.items):
            self.desk.refresh()
            self.search(keep=True)
            return
        for number in range(self.first, min(len(self.items), self.first + self.room)):
            at_cursor = number == self.cursor
            if self.items[number].name and (self.key_of(number), at_cursor, self.size.width) not in self._strips:
                super().refresh_item(number)

    def _over(self, name: str) -> bool:
        live = self.desk.live_by.get(name)
        return live is None or live.expires <= self.desk.now
