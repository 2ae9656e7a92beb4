"""A page of lines that scrolls where it is longer than the screen."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from xswitch.tui.draw import Line, Span
from xswitch.tui.widgets.painted import Painted


class Page(Painted):
    """A child says all its lines in :meth:`page`; the page shows those that fit from ``top`` on."""

    DEFAULT_CSS = "Page { width: 1fr; height: 1fr; }"
    top = 0

    def page(self, width: int) -> Sequence[Line]:  # noqa: ARG002
        """Return every line for a width."""
        return ()

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the lines in sight."""
        every = self.page(width)
        self.top = max(0, min(self.top, len(every) - height))
        return every[self.top : self.top + height]

    @property
    def more(self) -> bool:
        """Tell whether the page is longer than the screen."""
        return len(self.page(self.size.width)) > self.size.height

    def scroll_by(self, lines: int) -> None:
        """Scroll down by a number of lines."""
        self.top = max(0, self.top + lines)
        self.show()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll down."""
        event.stop()
        self.scroll_by(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll up."""
        event.stop()
        self.scroll_by(-3)


def filled(line: Line, width: int, ground: str) -> list[Span]:
    """Put a line on a ground of its own, over the whole width."""
    from xswitch.tui.draw import width_of

    spans = [span if span.bg else span._replace(bg=ground) for span in line]
    return [*spans, Span(" " * max(0, width - width_of(spans)), bg=ground)]
