"""The first line of every screen: where this is, who is asking, and what ends next."""

from __future__ import annotations

from collections.abc import Sequence

from xswitch.countdown import step
from xswitch.text import clean, say_duration
from xswitch.tui.desk import Desk
from xswitch.tui.draw import Line, Span, fit, spread, width_of
from xswitch.tui.widgets.painted import Painted


class Header(Painted):
    """``title`` is what stands after the program's name; facts at either side yield when there is no room."""

    DEFAULT_CSS = "Header { height: 1; width: 1fr; }"

    def __init__(self, desk: Desk, title: Sequence[str] = (), *, bare: str = "") -> None:
        super().__init__(desk, "header")
        self.title = tuple(title)
        self.bare = bare

    def lines(self, width: int, height: int) -> Sequence[Line]:  # noqa: ARG002
        """Return the one line, with as many facts as there is room for."""
        left: list[list[Span]] = [
            [Span("xswitch", "strong", bold=True)],
            *([Span(fact, "muted")] for fact in self.title),
        ]
        right = [[Span(self.bare, "muted")]] if self.bare else self._right()
        margin = 2 if width >= 40 else 1
        room = width - 2 * margin
        while left and width_of(_joined(left)) + width_of(_joined(right)) + 1 > room:
            if len(right) > 2 or (len(left) == 1 and len(right) > 1):
                right.pop(0)
            else:
                left.pop()
        if left:
            return [[Span(" " * margin), *spread(_joined(left), _joined(right), room)]]
        return [[Span(" " * margin), *right[-1]]]

    def _right(self) -> list[list[Span]]:
        """Facts in the order in which they yield, the first first; what ends next never does."""
        desk = self.desk
        if desk.trouble:
            return [[Span(fit(f"{desk.glyphs.soon} {desk.trouble}", 60, desk.glyphs.cut), "warn", bold=True)]]
        facts = [[Span(desk.who, "muted")]] if desk.who else []
        live = [one for one in desk.live if one.expires > desk.now]
        if not live:
            return [*facts, [Span("nothing live", "faint")]]
        facts.append([Span(f"{len(live)} live", "live")])
        first = min(live, key=lambda one: one.expires)
        left = first.expires - desk.now
        name, words = clean(first.target), say_duration(left)
        now = step(left, first.duration)
        if now == "calm":
            facts.append([Span(f"next ends in {words}", "muted")])
        elif now == "soon":
            facts.append([Span(f"{desk.glyphs.soon} {name} ends in {words}", "warn", bold=True)])
        else:
            facts.append([self.desk.badge(f"{name} ends in {words}", "danger")])
        return facts


def _joined(facts: Sequence[Sequence[Span]]) -> list[Span]:
    return [span for fact in facts for span in (*fact, Span("  "))][:-1]
