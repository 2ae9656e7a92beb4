"""The picker's list: pinned, recent and by OU on an empty query, else what matches, best first."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Final

from xswitch.countdown import step
from xswitch.text import say_duration
from xswitch.tui.desk import Desk, Row
from xswitch.tui.draw import Line, Span, cells, fit, fuse, rule, width_of
from xswitch.tui.grid import Columns, Grid, columns
from xswitch.tui.widgets.groups import Groups, Item
from xswitch.tui.widgets.listing import Listing
from xswitch.tui.widgets.nothing import Nothing
from xswitch.tui.words import hue_of, last_used, plural

if TYPE_CHECKING:
    from xswitch.catalog.model import Target
    from xswitch.catalog.search import Result
    from xswitch.countdown import Step

LIMIT: Final = 200
"""Matches that are listed; the count tells of the others."""


class TargetList(Listing[Item]):
    """Every target, or those that match."""

    placeholder = "Search accounts, roles, OUs, tags"

    def __init__(self, desk: Desk, moved: Callable[[], None], query: str = "") -> None:
        super().__init__(desk, moved, query)
        self.groups = Groups(desk)
        self.folded = self.groups.folded
        self.columns: Columns = columns(74, side=True)
        self.result: Result | None = None
        self._nothing: Nothing | None = None

    # What there is.

    def find(self) -> Sequence[Item]:
        """Return the groups for an empty query, else the matches."""
        desk = self.desk
        if not self.field.text.strip():
            self.result = None
            return self.groups.items(airy=self.grid.airy)
        pins = {desk.number_of.get(name) for name in desk.pins}
        self.result = desk.index.search(
            self.field.text, visits=desk.visits, live=desk.live_by, now=desk.here, limit=LIMIT
        )
        return [Item(row, pinned=row in pins) for row in self.result.rows]

    @property
    def target(self) -> Target | None:
        """The target under the cursor."""
        item = self.current
        return self.desk.targets[item.row] if item is not None and item.row >= 0 else None

    def selectable(self, number: int) -> bool:
        """Targets, and the heads of folded groups."""
        if not 0 <= number < len(self.items):
            return False
        item = self.items[number]
        return item.row >= 0 or (item.folds is not None and item.folds in self.folded)

    def go_to(self, name: str) -> None:
        """Put the cursor on a target, where it first stands."""
        row = self.desk.number_of.get(name, -1)
        at = next((number for number, item in enumerate(self.items) if item.row == row), -1)
        if at >= 0:
            self.move_to(at)

    def counted(self) -> str:
        """Say how many match, of how many."""
        total = len(self.desk.targets)
        if self.result is None:
            return plural(total, "target")
        like = "near: " if self.result.typos else ""
        return f"{like}{self.result.total:,} of {total:,}"

    # Folding.

    def fold(self) -> bool:
        """Fold the group of the cursor's line; return whether there is one."""
        if self.result is not None:
            return False
        at = self.cursor
        while at >= 0 and not self.items[at].is_head:
            at -= 1
        group = self.items[at].folds if at >= 0 else None
        if group is None or group in self.folded:
            return False
        self.folded.add(group)
        self._refold(group, 0)
        return True

    def unfold(self) -> bool:
        """Open the folded group under the cursor; return whether there is one."""
        item = self.current
        if item is None or item.folds is None:
            return False
        self.folded.discard(item.folds)
        self._refold(item.folds, 1)
        return True

    def _refold(self, group: str, further: int) -> None:
        self.items = self.find()
        self.cursor = next(number for number, item in enumerate(self.items) if item.folds == group) + further
        self._scroll()
        self.repaint()
        self.moved()

    # How it looks.

    def lay_out(self, grid: Grid, width: int) -> None:
        """Take the grid of the screen, and its own width."""
        changed = grid.airy != self.grid.airy
        self.grid = grid
        self.columns = columns(width, side=bool(grid.side))
        self._strips.clear()
        if changed and self.result is None:
            self.search(keep=True)
        self._scroll()
        self.refresh()

    def above(self, y: int) -> Line:
        """Return the labels of the columns, where there are any."""
        at = self.columns
        if not self.grid.labels or y != self.grid.body - 2:
            return ()
        labels = [
            (at.account, "account"),
            (at.role, "role"),
            (at.env, "env"),
            (at.id, "id"),
            (at.tags, "tags"),
            (at.last, "last used"),
        ]
        spans: list[Span] = []
        for start, label in labels:
            if start:
                spans += [Span(" " * (start - width_of(spans))), Span(label, "faint")]
        return [*spans, Span(" " * (at.time - width_of(spans) - 9)), Span("time left", "faint")]

    def key_of(self, number: int) -> Hashable:
        """Return the item, what its session shows, and what the query matches in it."""
        item = self.items[number]
        if item.row < 0:
            return item, item.folds in self.folded
        row = self.desk.row(item.row)
        query = self.field.text if self.result is not None else ""
        return item, query, self._time(item.row), self._last(item.row) if self.columns.last else "", row.env

    def _time(self, row: int) -> tuple[str, Step, int] | None:
        """Return what is left of a live session: words, step, and half cells of the fuse."""
        live = self.desk.live_by.get(self.desk.targets[row].name)
        if live is None:
            return None
        left = live.expires - self.desk.now
        if left <= 0:
            return None
        share = left / max(1, live.duration)
        return say_duration(left), step(left, live.duration), round(min(1.0, share) * 2 * self.columns.fuse_width)

    def _last(self, row: int) -> str:
        visit = self.desk.visits.get(self.desk.targets[row].name)
        return last_used(visit[2], self.desk.here, self.desk.zone) if visit else ""

    def draw(self, number: int, at_cursor: bool) -> tuple[Line, str]:
        """Draw a target, a head or a blank line."""
        item = self.items[number]
        if item.row >= 0:
            return self._row(item, at_cursor)
        if item.is_head:
            return self._head(item, at_cursor), "sel" if at_cursor else "bg"
        return (), "bg"

    def _head(self, item: Item, at_cursor: bool) -> Line:
        glyphs, width = self.desk.glyphs, self.size.width
        margin = "  " if width >= 40 else " "
        if item.folds is None:
            return [Span(margin), *rule([Span(item.title, "muted", bold=True)], width - len(margin) - 1, glyphs)]
        sign = glyphs.folded if item.folds in self.folded else glyphs.opened
        title = [Span(sign, "accent" if at_cursor else "muted"), Span(" ")]
        ink = "strong" if at_cursor else "muted"
        parts = self.desk.row(self.groups.first(item.folds)).ou.split("/") if item.folds else ["No OU"]
        for place, part in enumerate(parts):
            title += [*([Span(" / ", "faint")] if place else []), Span(fit(part, 28, glyphs.cut), ink, bold=True)]
        right = [Span(plural(item.accounts, "account"), "faint")] if width >= 40 else []
        return [Span(margin), *rule(title, width - len(margin) - 1, glyphs, right)]

    def _row(self, item: Item, at_cursor: bool) -> tuple[Line, str]:
        desk, at = self.desk, self.columns
        row, glyphs = desk.row(item.row), desk.glyphs
        ground = ("sel-guard" if row.env.guarded else "sel") if at_cursor else "bg"
        found = self.result.positions(item.row) if self.result is not None else {}
        rail = self._rail(row)
        mark = (
            Span(glyphs.cursor, row.env.hue if row.env.guarded else "accent", bold=True)
            if at_cursor
            else Span(glyphs.pin if item.pinned else " ", "muted")
        )
        name_ink = "strong" if at_cursor else "faint" if item.again else "text"
        spans: list[Span] = [rail]

        def put(start: int, *what: Span) -> None:
            spans.append(Span(" " * max(0, start - width_of(spans))))
            spans.extend(what)

        put(1 if at.account == 2 else 2, mark)
        if at.joined:
            put(at.account, *self._marked(row.name, at.account_width, name_ink, at_cursor, ()))
        else:
            put(at.account, *self._marked(row.account, at.account_width, name_ink, at_cursor, found.get("account", ())))
            put(
                at.role,
                *self._marked(
                    row.role, at.role_width, "strong" if at_cursor else "text", at_cursor, found.get("role", ())
                ),
            )
        self._environment(put, row, at_cursor)
        if at.ou:
            put(at.ou, Span(fit(row.ou, at.ou_width - 1, glyphs.cut), "faint"))
        if at.id and not item.again:
            put(at.id, Span(row.id, "faint"))
        if at.tags:
            put(at.tags, Span(fit(row.tags, at.tags_width, glyphs.cut), "faint"))
        if at.last:
            put(at.last, Span(self._last(item.row), "faint"))
        self._countdown(put, item.row, at_cursor)
        return spans, ground

    def _rail(self, row: Row) -> Span:
        glyphs, env = self.desk.glyphs, row.env
        if env.guarded:
            return Span(glyphs.guarded, env.hue)
        return Span(glyphs.rail, env.hue) if env.word and self.desk.palette.coloured else Span(" ")

    def _marked(self, text: str, width: int, fg: str, bold: bool, found: Sequence[int]) -> list[Span]:
        cut = fit(text, width, self.desk.glyphs.cut)
        if not found or cut != text:
            if cut != text and found:
                found = _through_cut(text, cut, found)
            if not found:
                return [Span(cut, fg, bold=bold)]
        hits = set(found)
        spans: list[Span] = []
        start = 0
        for place in range(1, len(cut) + 1):
            if place == len(cut) or (place in hits) != (start in hits):
                hit = start in hits
                spans.append(Span(cut[start:place], "accent" if hit else fg, bold=bold or hit, underline=hit))
                start = place
        return spans

    def _environment(self, put: Callable[..., None], row: Row, at_cursor: bool) -> None:
        at, env, palette = self.columns, row.env, self.desk.palette
        if not env.word:
            return
        word = fit(env.word, at.env_width, self.desk.glyphs.cut) if at.env_width > 1 else env.word[:1]
        if env.guarded and (at_cursor or not palette.fills):
            put(at.env - 1, self.desk.badge(word, env.hue))
        elif env.guarded and self.desk.glyphs.ascii:
            put(at.env - 1, Span(f"[{word}]", env.hue, bold=True))
        else:
            put(at.env, Span(word, env.hue if palette.coloured else "faint", bold=env.guarded))

    def _countdown(self, put: Callable[..., None], number: int, at_cursor: bool) -> None:
        shown = self._time(number)
        if shown is None:
            return
        _, now, halves = shown
        at, desk = self.columns, self.desk
        if at.fuse:
            put(at.fuse, *fuse(max(1, halves) / (2 * at.fuse_width), at.fuse_width, desk.glyphs, hue_of(now)))
        words = desk.time_left(desk.live_by[desk.targets[number].name], calm="strong" if at_cursor else "text")
        put(at.time - cells(words.text) + (now == "ending"), words)

    def instead(self, y: int) -> Line:
        """Say what to do where nothing matches."""
        if self.result is None:
            return ()
        if self._nothing is None or self._nothing.query != self.field.text:
            self._nothing = Nothing.of(self.desk, self.field.text)
        lines = self._nothing.lines(self.desk, self.size.width)
        return lines[y] if y < len(lines) else ()

    @property
    def offered(self) -> str:
        """The search that is offered in place of one that matches nothing, or ""."""
        return self._nothing.instead if self.result is not None and not self.items and self._nothing else ""

    def tick(self) -> None:
        """Repaint the countdowns in sight."""
        for number in range(self.first, min(len(self.items), self.first + self.room)):
            row = self.items[number].row
            if row >= 0 and self.desk.targets[row].name in self.desk.live_by:
                at_cursor = number == self.cursor
                if (self.key_of(number), at_cursor, self.size.width) not in self._strips:
                    self.refresh_item(number)


def _through_cut(text: str, cut: str, found: Sequence[int]) -> list[int]:
    """Return where the positions of a text stand after its middle was cut out."""
    head = next((place for place, (one, other) in enumerate(zip(text, cut, strict=False)) if one != other), len(cut))
    shift = len(text) - len(cut)
    return [place if place < head else place - shift for place in found if place < head or place - shift > head]
