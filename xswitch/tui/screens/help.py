"""Help: every key, how to search, and what the signs mean."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

from textual.app import ComposeResult

from xswitch.tui.desk import Desk
from xswitch.tui.draw import Line, Span, fuse, pad, rule, width_of, wrap
from xswitch.tui.keys import ACTIONS, LATER, Hint, Keys, bindings, shown
from xswitch.tui.screens.base import Board
from xswitch.tui.widgets.footer import Footer
from xswitch.tui.widgets.header import BARE, Header
from xswitch.tui.widgets.page import Page
from xswitch.tui.widgets.status import Status

_PLACES: Final = ("picker, sessions", "picker", "sessions", "questions", "everywhere")
_SEARCH: Final = (
    ("pay prod", "every word has to match: account, role, id, OU, environment or tag"),
    ("'exact", "as it stands, nothing between the letters"),
    ("^start end$", "at the start, at the end"),
    ("!word", "without it"),
    ("env:prod ou:security", "in one field: account, role, ou, env, id, tag:key=value, live:yes"),
    ("arn:aws:iam::…", "a pasted role ARN, account id or console URL finds its target"),
)


class HelpPage(Page):
    """The page itself."""

    def __init__(self, desk: Desk, keys: Keys) -> None:
        super().__init__(desk, "page")
        self.keys = keys

    def page(self, width: int) -> Sequence[Line]:
        """Return keys by where they work, the search, the signs: side by side where there is room."""
        if width < 112:
            inner, label = width - 8, 22 if width >= 60 else 12
            every = [*self._keys(_PLACES, inner, label), (), *self._search(inner, label)]
            return [(), *([Span("    "), *line] for line in every)]
        half = width // 2 - 6
        lines: list[Line] = [()]
        asked = [*self._keys(("questions",), half, 23), (), *self._search(half, 23)]
        places = [where for where in _PLACES if where != "questions"]
        for left, right in zip_longest(self._keys(places, half, 15), asked, fillvalue=()):
            gap = Span(" " * (half + 4 - width_of(left)))
            lines.append([Span("    "), *left, gap, *right])
        return lines

    def _keys(self, places: Sequence[str], inner: int, label: int) -> list[Line]:
        lines: list[Line] = []
        for where in places:
            lines += [(), *self._head(where, inner)] if lines else self._head(where, inner)
            for action in (action for action in ACTIONS if action.where == where):
                keys = " ".join(shown(key) for key in self.keys.all_of(action.id))
                reason = LATER.get(action.id, "")
                lines += self._pair(keys, reason or action.help, label, inner, "faint" if reason else "accent")
        return lines

    def _search(self, inner: int, label: int) -> list[Line]:
        lines = self._head("search", inner)
        for typed, meaning in _SEARCH:
            lines += self._pair(typed.replace("…", self.desk.glyphs.cut), meaning, label, inner, "text")
        return [*lines, (), *self._head("signs", inner), *self._signs(label, inner)]

    def _head(self, words: str, inner: int) -> list[Line]:
        return [rule([Span(words[:1].upper() + words[1:], "muted", bold=True)], inner, self.desk.glyphs)]

    def _pair(self, left: str, right: str, label: int, inner: int, hue: str) -> list[Line]:
        found: list[Line] = []
        for number, text in enumerate(wrap(right, inner - label)):
            key = pad(left if not number else "", label - 1)
            found.append([Span(key, hue, bold=hue == "accent"), Span(" "), Span(text, "muted")])
        return found

    def _signs(self, label: int, inner: int) -> list[Line]:
        glyphs = self.desk.glyphs
        signs: list[tuple[Line, str]] = [
            ([Span(f"{glyphs.guarded} PROD", "danger", bold=True)], "a guarded environment: it asks before it opens"),
            ([Span(glyphs.rail, "blue"), Span(" shared", "blue")], "any other environment"),
            (fuse(0.7, 8, glyphs, "live"), "a live session, and what is left of it"),
            ([Span(f"{glyphs.soon} 11m", "warn", bold=True)], "soon over: a quarter of its life, at most 15 minutes"),
            ([Span(" 2m 48s ", bg="danger", bold=True)], "ending: a twelfth of its life, at most 5 minutes"),
            ([Span(glyphs.pin, "muted")], "pinned to the top"),
        ]
        lines: list[Line] = []
        for sign, meaning in signs:
            taken = sum(len(span.text) for span in sign)
            for number, text in enumerate(wrap(meaning, inner - label)):
                lead = [*sign, Span(" " * max(1, label - taken))] if not number else [Span(" " * label)]
                lines.append([*lead, Span(text, "muted")])
        return lines


class Help(Board):
    """Every key."""

    BINDINGS = bindings("up", "down", "page_up", "page_down", "back", "quit")
    AUTO_FOCUS = ""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.page: HelpPage | None = None

    def compose(self) -> ComposeResult:
        """Header, page, remark, footer."""
        self.page = HelpPage(self.desk, self.host.keys)
        yield Header(self.desk, ["help"], bare=BARE if self.desk.engine.first_run else "")
        yield self.page
        yield Status(self.desk)
        yield Footer(self.desk, self.host.keys)

    def hints(self) -> Sequence[Hint]:
        """Return the keys."""
        return [Hint("down", "scroll"), Hint("page_down", "further"), Hint("back", "back")]

    def _scroll(self, lines: int) -> None:
        if self.page is not None:
            self.page.scroll_by(lines)

    def action_up(self) -> None:
        """Scroll up."""
        self._scroll(-1)

    def action_down(self) -> None:
        """Scroll down."""
        self._scroll(1)

    def action_page_up(self) -> None:
        """Scroll up by a page."""
        self._scroll(2 - self.size.height)

    def action_page_down(self) -> None:
        """Scroll down by a page."""
        self._scroll(self.size.height - 4)

    def action_back(self) -> None:
        """Go back."""
        self.dismiss()
