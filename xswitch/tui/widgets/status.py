"""One line that is blank most of the time: what is waited for, what was done, or why a key can't work."""

from __future__ import annotations

from collections.abc import Sequence

from xswitch.text import clean
from xswitch.tui.desk import Desk
from xswitch.tui.draw import Line, Span, fit
from xswitch.tui.widgets.painted import Painted

SHOWN_FOR = 6.0
"""Seconds that a remark stays; what is waited for stays until it ends."""


class Status(Painted):
    """The line above the footer."""

    DEFAULT_CSS = "Status { height: 1; width: 1fr; }"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "status")
        self._waiting: tuple[str, float] | None = None
        self._remark: tuple[list[Span], float] | None = None

    def wait_for(self, words: str, since: float) -> None:
        """Say what is waited for, and since when (epoch seconds); "" where nothing is any more."""
        self._waiting = (clean(words), since) if words else None
        self.show()

    def say(self, words: str, hue: str = "muted", *spans: Span) -> None:
        """Say something for a few seconds."""
        self._remark = ([Span(clean(words), hue), *spans], self.desk.now + SHOWN_FOR)
        self.show()

    def tick(self) -> None:
        """Show what has changed in a second."""
        if self._remark is not None and self.desk.now >= self._remark[1]:
            self._remark = None
        self.show()

    def lines(self, width: int, height: int) -> Sequence[Line]:  # noqa: ARG002
        """Return the line, if there is something to say."""
        margin = Span("  " if width >= 40 else " ")
        if self._waiting is not None:
            words, since = self._waiting
            seconds = max(0, int(self.desk.now - since))
            keys = [Span("  "), Span("esc", "accent", bold=True), Span(" stops waiting", "muted")]
            return [[margin, Span(f"{words}, {seconds}s", "text"), *keys]]
        if self._remark is not None:
            first, *rest = self._remark[0]
            cut = self.desk.glyphs.cut
            return [[margin, first._replace(text=fit(first.text, width - 4, cut)), *rest]]
        return ()
