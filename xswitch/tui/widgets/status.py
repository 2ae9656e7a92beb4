"""One line that is blank most of the time: what is waited for, what was done, or why a key can't work."""

from __future__ import annotations

from collections.abc import Sequence

from xswitch.text import clean
from xswitch.tui.desk import Desk
from xswitch.tui.draw import Line, Span, fit, width_of
from xswitch.tui.widgets.painted import Painted

SHOWN_FOR = 6.0
"""Seconds that a remark stays; what is waited for stays until it ends."""


class Status(Painted):
    """The line above the footer."""

    DEFAULT_CSS = "Status { height: 1; width: 1fr; }"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "status")
        self._remark: tuple[list[Span], float] | None = None

    def say(self, words: str, hue: str = "muted", *spans: Span) -> None:
        """Say something for a few seconds."""
        self._remark = ([Span(clean(words), hue), *spans], self.desk.here + SHOWN_FOR)
        self.show()

    def forget(self) -> None:
        """Take the remark back: what it said no longer holds."""
        if self._remark is not None:
            self._remark = None
            self.show()

    def tick(self) -> None:
        """Show what has changed in a second."""
        if self._remark is not None and self.desk.here >= self._remark[1]:
            self._remark = None
        self.show()

    def lines(self, width: int, height: int) -> Sequence[Line]:  # noqa: ARG002
        """Return the line, if there is something to say."""
        line = self.line(width)
        return [line] if line else ()

    def line(self, width: int) -> Line:
        """Return what there is to say, in ``width`` cells."""
        margin = Span("  " if width >= 40 else " ")
        if self.desk.waiting is not None:
            return [margin, *self._waiting(width - len(margin.text))]
        if self._remark is not None:
            first, *rest = self._remark[0]
            cut = self.desk.glyphs.cut
            return [margin, first._replace(text=fit(first.text, width - 4, cut)), *rest]
        return ()

    def _waiting(self, room: int) -> Line:
        """Say what is waited for and how long; for which target too, where the key was pressed again meanwhile."""
        waiting, here = self.desk.waiting, self.desk.here
        if waiting is None:
            return ()
        cut = self.desk.glyphs.cut
        words = f"{clean(waiting.words)}, {max(0, int(here - waiting.since))}s"
        keys = [Span("  "), Span("esc", "accent", bold=True), Span(" stops waiting", "muted")]
        if here >= waiting.said_until:
            said = Span(words, "text")
        else:
            under = f" is under way: {words}"
            name = fit(clean(waiting.target), max(12, room - len(under) - width_of(keys)), cut)
            said = Span(f"{name}{under}", "strong", bold=True)
        return [said, *keys] if width_of([said, *keys]) <= room else [said._replace(text=fit(said.text, room, cut))]
