"""The lines under the board: what becomes of the session under the cursor, and what its keys do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xswitch.text import clean, say_duration
from xswitch.tui.desk import Desk
from xswitch.tui.draw import Line, Span, cells, fit, width_of
from xswitch.tui.plans import shorter_words
from xswitch.tui.widgets.painted import Painted

if TYPE_CHECKING:
    from xswitch.engine import Ended, Live


class Outcome(Painted):
    """Three lines about one session."""

    DEFAULT_CSS = "Outcome { width: 1fr; height: 3; }"
    ground = "panel"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "outcome")
        self.live: Live | None = None
        self.ended: Ended | None = None

    def set(self, live: Live | None, ended: Ended | None) -> None:
        """Show this session."""
        self.live, self.ended = live, ended
        self.show()

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Say what happens at its end, and what renewing and ending do."""
        if self.live is not None:
            return self._live(self.live, width)
        if self.ended is not None:
            return self._ended(self.ended)
        return [[Span(" " * width, bg="bg")]] * height

    def _live(self, live: Live, width: int) -> Sequence[Line]:
        desk = self.desk
        env, glyphs = desk.environment(live.environment), desk.glyphs
        rail = glyphs.guarded if env.guarded else glyphs.rail if env.word and desk.palette.coloured else " "
        at = desk.time_of(live.expires)
        name, uses = fit(clean(live.target), max(8, width - 50), glyphs.cut), len(live.in_use_by)
        kinds = {clean(words).split(" ")[0] for words, _ in live.in_use_by}
        users = {1: "one", 2: "two", 3: "three"}.get(uses, str(uses)) + (
            f" {kinds.pop()}" if len(kinds) == 1 else " users"
        )
        users += "s" if uses > 1 and not users.endswith("s") else ""
        with_it = f" and {users} with it" if uses and live.renewal != "by itself" else ""
        lead = [Span(rail, env.hue), Span("   ")]
        first = [*lead, Span(f"{name} ends at {at}{with_it}.", "strong")]
        second = [*lead, *self._renewing(live)]
        whys = shorter_words(live)
        if whys and width_of(first) + cells(whys[0]) + 4 <= width:
            first += [Span("  "), Span(whys[0], "muted")]
        elif whys:
            room = width - width_of(second) - 3
            second += [Span(" "), Span(next((why for why in whys if cells(why) <= room), ""), "muted")]
        if not whys or len(first) > len(lead) + 1:
            second.append(Span(" Open shells follow at their next prompt.", "muted"))
        forgets = f" forgets it here. AWS honours its keys until {at} all the same."
        return [first, second, [*lead, Span("ctrl+x", "accent", bold=True), Span(forgets, "muted")]]

    def _renewing(self, live: Live) -> list[Span]:
        """Say what renewing needs."""
        how = {
            "by itself": "It renews by itself", "no code": "renews it, no code", "a code": "renews it with a code",
            "a login": "renews it with a login", "confirmation": "renews it once you confirm again",
            "can't": "can't renew it: the catalog has its target no more",
        }[live.renewal]  # fmt: skip
        if live.renewal == "by itself":
            return [Span(f"{how} before that.", "muted")]
        return [Span("ctrl+r", "accent", bold=True), Span(f" {how}.", "muted")]

    def _ended(self, ended: Ended) -> Sequence[Line]:
        lead = Span("    ")
        who = "You ended it" if ended.by_person else "It ran out"
        lines: list[Line] = [
            [lead, Span(f"{clean(ended.target)} is over. {who} at {self.desk.ended_at(ended)}.", "strong")]
        ]
        if ended.restorable:
            left = say_duration(max(0, ended.at + 30 - self.desk.here))
            lines.append(
                [lead, Span("ctrl+r", "accent", bold=True), Span(f" brings it back, for another {left}.", "muted")]
            )
        lines.append([lead, Span("enter", "accent", bold=True), Span(" opens a new one.", "muted")])
        return lines
