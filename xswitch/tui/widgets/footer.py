"""The last line of every screen: the keys, faint where one can't work now. A click on a key presses it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import events
from textual.message import Message

from xswitch.tui.desk import Desk
from xswitch.tui.draw import Line, Span, width_of
from xswitch.tui.keys import Hint, Keys
from xswitch.tui.widgets.painted import Painted


class Footer(Painted):
    """The keys of a screen; the last ones yield first.

    On a terminal too low for a line of its own, ``instead`` gives what is waited for or was done in place of them.
    """

    DEFAULT_CSS = "Footer { height: 1; width: 1fr; }"

    class Pressed(Message):
        """A key of the footer was clicked."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self, desk: Desk, keys: Keys) -> None:
        super().__init__(desk, "footer")
        self.keys = keys
        self.hints: Sequence[Hint] = ()
        self.instead: Callable[[int], Line] | None = None
        self._spots: list[tuple[int, int, str]] = []

    def set(self, hints: Sequence[Hint]) -> None:
        """Show these keys."""
        if hints != self.hints:
            self.hints = hints
            self.show()

    def lines(self, width: int, height: int) -> Sequence[Line]:  # noqa: ARG002
        """Return the one line, at the widest wording that fits."""
        remark = self.instead(width) if self.instead is not None else ()
        if remark:
            self._spots = []
            return [remark]
        room = width - 4 if width >= 40 else width - 2
        for gap, brief, short in ((3, False, False), (2, False, False), (2, True, False), (2, True, True)):
            if gap == 3 and width < 160:
                continue
            line = self._line(self.hints, gap, brief, short)
            if width_of(line) <= room:
                return [self._placed(self.hints, line, gap, width)]
        hints = list(self.hints)
        while hints and width_of(line := self._line(hints, 2, True, True)) > room:
            hints.pop()
        return [self._placed(hints, line, 2, width)] if hints else []

    def _line(self, hints: Sequence[Hint], gap: int, brief: bool, short: bool) -> list[Span]:
        line: list[Span] = []
        for hint in hints:
            key = hint.key or self.keys.of(hint.action, brief=brief)
            label = hint.brief if short else hint.long
            off = bool(hint.refused)
            line += [
                Span(key, "faint" if off else "accent", bold=not off),
                Span(f" {label}", "faint" if off else "muted"),
            ]
            line.append(Span(" " * gap))
        return line[:-1]

    def _placed(self, hints: Sequence[Hint], line: list[Span], gap: int, width: int) -> list[Span]:
        margin = 2 if width >= 40 else 1
        at, self._spots = margin, []
        for number, hint in enumerate(hints):
            size = width_of(line[3 * number : 3 * number + 2])
            self._spots.append((at, at + size, hint.action))
            at += size + gap
        return [Span(" " * margin), *line]

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked."""
        for start, end, action in self._spots:
            if start <= event.x < end:
                event.stop()
                self.post_message(self.Pressed(action))
