"""A problem that is no denial: what happened, then what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xswitch.text import clean
from xswitch.tui.desk import Desk, EnvView
from xswitch.tui.draw import Line, Span, wrap
from xswitch.tui.keys import bindings
from xswitch.tui.modals.card import Question, key_line

if TYPE_CHECKING:
    from xswitch.errors import XswitchError

_TITLES: Final = {
    "person-needed": "you are needed", "vault": "the vault", "record-damaged": "a damaged record",
    "unreachable": "AWS can't be reached", "invalid-config": "the catalog", "not-found": "no such program",
    "not-executable": "no such program", "no-such-target": "no such target",
}  # fmt: skip


class Problem(Question[None]):
    """Shows an error's one line and its hint."""

    BINDINGS = bindings("back", "accept", "quit")
    wide = 68

    def __init__(self, desk: Desk, error: XswitchError) -> None:
        super().__init__(desk, EnvView())
        self.error = error
        self.title_words = _TITLES.get(error.code, "it did not work")

    def content(self, width: int) -> list[Line | None]:
        """Return the message, the hint, the key."""
        lines: list[Line | None] = [None]
        lines += [[Span(line, "strong", bold=True)] for line in wrap(clean(self.error.message), width)]
        if self.error.hint:
            lines += [None, *([Span(line, "muted")] for line in wrap(clean(self.error.hint), width))]
        return [*lines, None, key_line([("esc", "back", "")], width), None]

    def action_accept(self) -> None:
        """Go back."""
        self.dismiss(None)
