"""The first run: what was found here, and the ways in that this version has."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from textual import events
from textual.app import ComposeResult

from xswitch.secret import Secret
from xswitch.shell.again import own_program
from xswitch.text import clean
from xswitch.tui.desk import Desk
from xswitch.tui.draw import Line, Span, fit, wrap
from xswitch.tui.keys import Hint, bindings
from xswitch.tui.screens.base import Board
from xswitch.tui.widgets.footer import Footer
from xswitch.tui.widgets.header import Header
from xswitch.tui.widgets.page import Page, filled
from xswitch.tui.widgets.status import Status

EXAMPLE: Final = """\
version = 1

[identities.central]
kind = "keys"
account_id = "111122223333"

[[accounts]]
id = "444455556666"
name = "payments-dev"
roles = [{ name = "ReadOnly" }]
"""


@dataclass(frozen=True, slots=True)
class Way:
    """A way in: what it is, what was found, one more line, and what Enter does; ``later`` says why it can't."""

    name: str
    found: str
    more: str
    enter: str
    key: str = ""
    later: str = ""


def ways(desk: Desk) -> list[Way]:
    """Return the ways in, with what was found for each."""
    environ, catalog = desk.engine.environ, clean(str(desk.engine.paths.catalog_file))
    config = Path(environ.get("AWS_CONFIG_FILE") or Path(environ.get("HOME", "/")) / ".aws" / "config").expanduser()
    found = f"{clean(str(config))} is here" if config.is_file() else f"no file at {clean(str(config))}"
    opens, copies = "opens the practice organization", "copies the example, to paste into that file"
    practice = Way(
        "Practice organization", "no AWS needed", "every screen and command, for trying out", opens, "open it"
    )
    write = Way("Write a catalog", catalog, "accounts and roles, as the example below", copies, "copy it")
    later = "importing profiles comes with a later version"
    return [practice, write, Way("AWS config", found, "read only", "", later=later)]


class Ways(Page):
    """The ways, the one under the cursor explained."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "page")
        self.ways = ways(desk)
        self.at = 0

    def page(self, width: int) -> Sequence[Line]:
        """Every line."""
        label = 26 if width >= 70 else 4
        lines: list[Line] = [(), [Span("    "), Span("No catalog yet. These are the ways in.", "strong", bold=True)]]
        lines += [[Span("    "), Span("Nothing of AWS is read until you choose.", "muted")], ()]
        below = self._below(self.ways[self.at], width)
        tall = len(lines) + len(self.ways) * (3 if label > 4 else 4) + len(below) <= self.size.height
        for number, way in enumerate(self.ways):
            rows = self._way(way, number == self.at, width, label)
            lines += [*rows, ()] if tall else rows if number == self.at else rows[:1]
        return [*lines, *([] if tall else [()]), *below]

    def _way(self, way: Way, here: bool, width: int, label: int) -> list[Line]:
        glyphs = self.desk.glyphs
        mark = Span(glyphs.cursor if here else " ", "accent", bold=True)
        ink = "strong" if here else "faint" if way.later else "text"
        name = [Span("  "), mark, Span(" "), Span(way.name, ink, bold=here)]
        room = max(8, width - label - 6)
        found = Span(fit(way.found, room, glyphs.cut), "faint" if way.later else "text")
        more = Span(fit(way.later or way.more, room, glyphs.cut), "faint")
        if label > 4:
            rows: list[Line] = [[*name, Span(" " * (label - len(way.name))), found], [Span(" " * (label + 4)), more]]
        else:
            rows = [name, [Span("    "), found], [Span("    "), more]]
        return [filled(row, width, "sel") if here else row for row in rows]

    def _below(self, way: Way, width: int) -> list[Line]:
        if way.later:
            rows: list[Line] = [[Span(way.later, "warn")]]
        else:
            rows = [[Span("enter", "accent", bold=True), Span(f" {way.enter}", "strong")]]
        if way.name == "Write a catalog":
            rows += [(), *([Span(text, "muted")] for text in EXAMPLE.splitlines())]
            rows += [
                (),
                *(
                    [Span(text, "faint")]
                    for text in wrap("Then xswitch identity add central keeps its key in the vault.", width - 8)
                ),
            ]
        return [
            filled((), width, "panel"),
            *(filled([Span("    "), *row], width, "panel") for row in rows),
            filled((), width, "panel"),
        ]


class FirstRun(Board):
    """Shown where there is no catalog at all."""

    BINDINGS = bindings("shell", "up", "down", "page_up", "page_down", "help", "back", "quit")
    AUTO_FOCUS = ""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.page = Ways(desk)

    def compose(self) -> ComposeResult:
        """Header, page, remark, footer."""
        yield Header(self.desk, ["first run"], bare="nothing is written yet")
        yield self.page
        yield Status(self.desk)
        yield Footer(self.desk, self.host.keys)

    def hints(self) -> Sequence[Hint]:
        """Return the keys."""
        way = self.page.ways[self.page.at]
        return [
            Hint("shell", way.key or "go", way.later),
            Hint("down", "choose", key="up/down"),
            Hint("help", key="?"),
            Hint("back", "leave"),
        ]

    def on_click(self, event: events.Click) -> None:
        """Clicks choose nothing here; the keys do."""
        event.stop()

    def _move(self, by: int) -> None:
        self.page.at = max(0, min(len(self.page.ways) - 1, self.page.at + by))
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
        from xswitch.tui.clipboard import copy
        from xswitch.tui.terminal import run_command

        if self.refused("shell"):
            return
        if self.page.at == 0:
            run_command(self.host, [*own_program(sys.argv[0], sys.executable), "demo"], "xswitch demo")
        else:
            way = copy(self.host, Secret(EXAMPLE))
            path = shlex.quote(clean(str(self.desk.engine.paths.catalog_file)))
            self.say(f"copied (by {way}): paste it into {path}")

    def action_back(self) -> None:
        """Leave."""
        self.host.exit(0)
