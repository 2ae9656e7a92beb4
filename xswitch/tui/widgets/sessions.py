"""The board's list: what is live, soonest to end first, and what has ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from xswitch.countdown import step
from xswitch.text import clean, say_duration
from xswitch.tui.desk import Desk
from xswitch.tui.draw import Line, Span, cells, fit, fuse, rule, width_of
from xswitch.tui.grid import Grid
from xswitch.tui.widgets.listing import Listing
from xswitch.tui.words import ago, hue_of

if TYPE_CHECKING:
    from xswitch.engine import Ended, Live


class Item(NamedTuple):
    """A line: the ``part``-th of a session, an ended one, a head, or a blank line."""

    name: str = ""
    part: int = 0
    ended: bool = False
    head: str = ""


class Places(NamedTuple):
    """Where the parts of a session stand; 0 where one is not shown."""

    target: int
    time: int
    fuse: int
    fuse_width: int
    ends: int
    use: int
    renewing: int


def places(width: int) -> Places:
    """Return the places for a list of this width."""
    if width >= 112:
        renewing = width - 11
        use = renewing - 19
        ends = use - 7
        time = 52 if width < 150 else 60
        return Places(4, time, time + 3, ends - time - 5, ends, use, renewing)
    if width >= 84:
        use = width - 20
        ends = use - 7
        return Places(4, 46, 48, ends - 50, ends, use, 0)
    if width >= 60:
        ends = width - 8
        return Places(4, ends - 2, 0, 0, ends, 0, 0)
    return Places(4 if width >= 30 else 2, width - 1, 0, 0, 0, 0, 0)


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
            self._uses(live),
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
            return self._gone(item, at_cursor), "sel" if at_cursor else "bg"
        live = self.desk.live_by.get(item.name)
        if live is None:
            return (), "bg"
        here = self._session_at_cursor(item)
        env = self.desk.environment(live.environment)
        ground = ("sel-guard" if env.guarded else "sel") if here else "bg"
        return (self._second(live, here) if item.part else self._first(live, here)), ground

    def _rail(self, live: Live) -> Span:
        env, glyphs = self.desk.environment(live.environment), self.desk.glyphs
        if env.guarded:
            return Span(glyphs.guarded, env.hue)
        return Span(glyphs.rail if env.word and self.desk.palette.coloured else " ", env.hue)

    def _first(self, live: Live, here: bool) -> Line:
        desk, at = self.desk, self.places
        env, glyphs = desk.environment(live.environment), desk.glyphs
        left = live.expires - desk.now
        now = step(left, live.duration)
        words = desk.time_left(live, bold=True)
        mark = Span(glyphs.cursor if here else " ", env.hue if env.guarded else "accent", bold=True)
        spans: list[Span] = [
            self._rail(live),
            Span(" " * (1 if at.target > 2 else 0)),
            mark,
            Span(" " * (1 if at.target > 2 else 0)),
        ]
        room = at.time - width_of(spans) - 10
        ink = "strong" if here else "text"
        if not self.tall and env.word and at.ends:
            room -= 10
        shown = fit(f"{clean(live.account)}/{clean(live.role)}", room, glyphs.cut)
        account, slash, role = shown.rpartition("/")
        spans += [Span(account, ink, bold=here), Span(slash, "faint"), Span(role, ink, bold=here)]
        if not self.tall and env.word and at.ends:
            word = (
                self.desk.badge(env.word, env.hue)
                if env.guarded and not desk.palette.fills
                else Span(env.word, env.hue, bold=env.guarded)
            )
            spans += [Span(" " * (at.time - 19 - width_of(spans))), word]

        def put(start: int, *what: Span) -> None:
            spans.append(Span(" " * max(0, start - width_of(spans))))
            spans.extend(what)

        put(at.time - cells(words.text) + (now == "ending"), words)
        if at.fuse:
            put(at.fuse, *fuse(left / live.duration, at.fuse_width, glyphs, hue_of(now)))
        if at.ends:
            put(at.ends, Span(desk.time_of(live.expires), "text"))
        if at.use:
            uses = self._uses(live)
            put(at.use, Span(fit(uses, 18, glyphs.cut), "faint" if uses == "nothing" else "muted"))
        if at.renewing:
            put(at.renewing, Span(live.renewal, "live" if live.renewal == "by itself" else "muted"))
        return spans

    def _second(self, live: Live, here: bool) -> Line:
        desk, at = self.desk, self.places
        env = desk.environment(live.environment)
        spans: list[Span] = [self._rail(live), Span(" " * (at.target - 1))]
        if env.guarded and not desk.palette.fills:
            spans[-1] = Span(" " * (at.target - 2))
            spans.append(self.desk.badge(env.word, env.hue))
        else:
            spans.append(Span(fit(env.word, 9, desk.glyphs.cut), env.hue, bold=env.guarded))
        spans += [
            Span(" " * max(1, at.target + 10 - width_of(spans))),
            Span(live.account_id, "muted" if here else "faint"),
        ]
        if at.ends:
            spans += [Span(" " * max(1, at.ends - width_of(spans))), Span(f"of {say_duration(live.duration)}", "faint")]
        if at.use and loses(live, desk.now):
            words = f"loses AWS at {desk.time_of(live.expires)}"
            spans += [Span(" " * max(1, at.use - width_of(spans))), Span(words, "warn")]
        return spans

    def _uses(self, live: Live) -> str:
        if not live.in_use_by:
            return "nothing"
        if len(live.in_use_by) == 1:
            words, since = live.in_use_by[0]
            return f"{clean(words)}, {say_duration(max(0, self.desk.here - since))}"
        kinds = Counter(clean(words).split(" ")[0] for words, _ in live.in_use_by)
        return ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in kinds.items())

    def _gone(self, item: Item, at_cursor: bool) -> Line:
        desk, at = self.desk, self.places
        ended = next((one for one in desk.ended if one.target == item.name), None)
        if ended is None:
            return ()
        mark = Span(desk.glyphs.cursor if at_cursor else " ", "accent", bold=True)
        words = f"{'by you, ' if ended.by_person else ''}{ago(desk.end_of(ended), desk.here)}"
        spans: list[Span] = [Span(" " * (at.target - 2)), mark, Span(" ")]
        room = at.time - at.target - len(words) - 2
        spans.append(
            Span(fit(clean(ended.target), room, desk.glyphs.cut), "strong" if at_cursor else "faint", bold=at_cursor)
        )
        spans += [Span(" " * max(1, at.time - len(words) - width_of(spans))), Span(words, "faint")]
        if at.ends:
            spans += [Span(" " * max(1, at.ends - width_of(spans))), Span(desk.ended_at(ended), "faint")]
        if at.use and ended.restorable:
            spans += [
                Span(" " * max(1, at.use - width_of(spans))),
                Span("ctrl+r", "accent", bold=True),
                Span(" bring back", "muted"),
            ]
        return spans

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


def loses(live: Live, now: float) -> bool:
    """Tell whether something in use loses AWS soon, since nothing renews it by itself."""
    if not live.in_use_by or live.renewal == "by itself":
        return False
    return step(live.expires - now, live.duration) == "ending"
