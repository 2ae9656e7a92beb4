"""The first run: what was found here, and the ways to a catalog."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from textual import events
from textual.app import ComposeResult

from xswitch.secret import Secret
from xswitch.shell.again import own_program
from xswitch.tui.desk import Desk
from xswitch.tui.draw import Line, Span, fit, wrap
from xswitch.tui.keys import Hint, bindings
from xswitch.tui.screens.base import Board
from xswitch.tui.ways_in import Way, ways
from xswitch.tui.widgets.footer import Footer
from xswitch.tui.widgets.header import BARE, Header
from xswitch.tui.widgets.page import Page, filled
from xswitch.tui.widgets.status import Status

_LABEL: Final = 12
"""Width of a fact's label."""


class Ways(Page):
    """The ways, the one under the cursor explained."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "page")
        self.ways = ways(desk.engine)
        self.at = len(self.ways) - 1 if self.ways[0].refused else 0

    @property
    def way(self) -> Way:
        """The way under the cursor."""
        return self.ways[self.at]

    def page(self, width: int) -> Sequence[Line]:
        """Every line."""
        label = 26 if width >= 70 else 4
        title: Line = [Span("    "), Span("No catalog yet. These are the ways in.", "strong", bold=True)]
        more: Line = [Span("    "), Span("Nothing of AWS is read until you choose.", "muted")]
        below = self._below(self.way, width, airy=True)
        tall = 4 + len(self.ways) * (3 if label > 4 else 4) + len(below) <= self.size.height
        lines: list[Line] = [(), title, more, ()] if tall else [(), title, ()]
        for number, way in enumerate(self.ways):
            rows = self._way(way, number == self.at, width, label)
            lines += [*rows, ()] if tall else rows if number == self.at else rows[:1]
        return [*lines, *below] if tall else [*lines, (), *self._below(self.way, width, airy=False)]

    def _way(self, way: Way, here: bool, width: int, label: int) -> list[Line]:
        glyphs = self.desk.glyphs
        mark = Span(glyphs.cursor if here else " ", "accent", bold=True)
        ink = "strong" if here else "faint" if way.refused else "text"
        name = [Span("  "), mark, Span(" "), Span(way.name, ink, bold=here)]
        room = max(8, width - label - 6)
        found = Span(fit(way.found, room, glyphs.cut), "faint" if way.refused else "text")
        more = Span(fit(way.more, room, glyphs.cut), "muted" if here else "faint")
        if label > 4:
            rows: list[Line] = [[*name, Span(" " * (label - len(way.name))), found], [Span(" " * (label + 4)), more]]
        else:
            rows = [name, [Span("    "), found], [Span("    "), more]]
        return [filled(row, width, "sel") if here else row for row in rows]

    def _below(self, way: Way, width: int, *, airy: bool) -> list[Line]:
        """Return what Enter does, and what it copies or writes; ``airy`` where there is room for blank lines."""
        if way.refused:
            rows: list[Line] = [[Span(text, "warn")] for text in wrap(way.refused, width - 8)]
        else:
            rows = [[Span("enter", "accent", bold=True), Span(f" {way.enter}", "strong")]]
        if way.copied or way.facts:
            rows.append(())
        for text in way.copied.splitlines():
            if way.toml and (text or airy):
                rows.append([Span(text, "muted")])
            elif not way.toml:
                rows += [[Span("$ " if not at else "    ", "faint"), Span(part, "muted")]
                         for at, part in enumerate(wrap(text, width - 12))]  # fmt: skip
        rows += self._facts(way, width - 8)
        edge: list[Line] = [filled((), width, "panel")] if airy else []
        return [*edge, *(filled([Span("    "), *row], width, "panel") for row in rows), *edge]

    def _facts(self, way: Way, width: int) -> list[Line]:
        rows: list[Line] = []
        before = ""
        for label, words in way.facts:
            for text in wrap(words, width - _LABEL):
                shown = label if label != before else ""
                rows.append([Span(f"{shown:<{_LABEL}}", "faint"), Span(text, "text")])
                before = label
        return rows


class FirstRun(Board):
    """Shown where there is no catalog at all."""

    BINDINGS = bindings("shell", "up", "down", "page_up", "page_down", "help", "back", "quit")
    AUTO_FOCUS = ""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.page = Ways(desk)

    def compose(self) -> ComposeResult:
        """Header, page, remark, footer."""
        yield Header(self.desk, ["first run"], bare=BARE)
        yield self.page
        yield Status(self.desk)
        yield Footer(self.desk, self.host.keys)

    def hints(self) -> Sequence[Hint]:
        """Return the keys."""
        way = self.page.way
        more = [Hint("page_down", "further")] if self.page.more else []
        return [
            Hint("shell", way.key, way.refused), Hint("down", "choose", key="up/down"), *more,
            Hint("help", key="?"), Hint("back", "leave"),
        ]  # fmt: skip

    def on_resize(self) -> None:
        """Say anew whether there is more than is in sight."""
        self.call_after_refresh(self.tell_keys)

    def tick(self) -> None:
        """Go on to the picker where there is a catalog meanwhile: of a command in another window, say."""
        super().tick()
        if not self.desk.engine.first_run and self.app.screen is self:
            self._go_on("")

    def _go_on(self, remark: str) -> None:
        """Show the catalog that there is now; one that can't be read is a problem, and this stays."""
        if self.attempt(lambda: self.desk.engine.catalog) is not None:
            self.host.begin(remark)

    def on_click(self, event: events.Click) -> None:
        """Clicks choose nothing here; the keys do."""
        event.stop()

    def _move(self, by: int) -> None:
        self.page.at = max(0, min(len(self.page.ways) - 1, self.page.at + by))
        self.page.top = 0
        self.page.show()
        self.tell_keys()

    def action_up(self) -> None:
        """Move up."""
        self._move(-1)

    def action_down(self) -> None:
        """Move down."""
        self._move(1)

    def action_page_up(self) -> None:
        """Scroll up."""
        self.page.scroll_by(-5)

    def action_page_down(self) -> None:
        """Scroll down."""
        self.page.scroll_by(5)

    def action_shell(self) -> None:
        """Go the chosen way."""
        from xswitch.engine import takeover
        from xswitch.tui.clipboard import copy
        from xswitch.tui.terminal import run_command

        way = self.page.way
        if self.refused("shell"):
            return
        if way.taken is not None:
            taken = way.taken
            if self.attempt(lambda: takeover.take_over(self.desk.engine, taken)) is not None:
                left = "left out: see `xswitch catalog import aws-config --dry-run`"
                self._go_on(left if taken.left else "imported from the AWS config")
        elif way.copied:
            how = copy(self.host, Secret(way.copied))
            where = f"paste it into {way.found}" if way.toml else "paste into your shell, with your own words put in"
            self.say(f"copied (by {how}): {where}")
        else:
            run_command(self.host, [*own_program(sys.argv[0], sys.executable), "demo"], "xswitch demo")

    def action_back(self) -> None:
        """Leave."""
        self.host.exit(0)
