"""The first line of every screen: where this is, who is asking, what is amiss and what ends next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from xswitch.countdown import step
from xswitch.text import clean, say_duration
from xswitch.tui.desk import Desk
from xswitch.tui.draw import Line, Span, fit, spread, width_of
from xswitch.tui.widgets.painted import Painted

if TYPE_CHECKING:
    from xswitch.countdown import Step
    from xswitch.engine import Live

CLOCK_OFF: Final = 30.0
"""Seconds between this machine's clock and AWS's from which the header says so."""
BARE: Final = "nothing is written yet"
"""What a header says where there is no catalog yet."""
_LOUD: Final[tuple[Step, ...]] = ("ending", "soon", "calm")


@dataclass(slots=True)
class _Facts:
    """What a header could say. ``amiss`` and ``ends`` are ways to say one thing, the longest first."""

    left: list[Span]
    who: list[Span] = field(default_factory=list)
    count: list[Span] = field(default_factory=list)
    amiss: list[Span] = field(default_factory=list)
    ends: list[Span] = field(default_factory=list)
    loud: bool = False
    """Something ends soon: that stands at the very right, and never goes."""

    def right(self) -> list[Span]:
        """Return the facts at the right, the most important last."""
        last = [*self.amiss[:1], *self.ends[:1]] if self.loud else [*self.ends[:1], *self.amiss[:1]]
        return [*self.who, *self.count, *last]

    def yield_one(self) -> bool:
        """Let the least important fact go, or say one in fewer words; return whether there was any."""
        if self.who:
            self.who.clear()
        elif self.amiss and self.ends and not self.loud:
            self.ends.clear()
        elif len(self.amiss) > 2:
            self.amiss.pop(0)
        elif len(self.ends) > 3:
            self.ends.pop(0)
        elif len(self.left) > 1:
            self.left.pop()
        elif self.count and (self.amiss or self.ends):
            self.count.clear()
        elif len(self.amiss) > 1:
            self.amiss.pop(0)
        elif len(self.ends) > 1:
            self.ends.pop(0)
        elif self.loud and self.amiss:
            self.amiss.clear()
        elif self.left:
            self.left.clear()
        else:
            return False
        return True


class Header(Painted):
    """``title`` is what stands after the program's name; facts at either side yield when there is no room."""

    DEFAULT_CSS = "Header { height: 1; width: 1fr; }"

    def __init__(self, desk: Desk, title: Sequence[str] = (), *, bare: str = "") -> None:
        super().__init__(desk, "header")
        self.title = tuple(title)
        self.bare = bare

    def lines(self, width: int, height: int) -> Sequence[Line]:  # noqa: ARG002
        """Return the one line, with as many facts as there is room for."""
        facts = self._facts()
        margin = 2 if width >= 40 else 1
        room = width - 2 * margin
        while width_of(_joined(facts.left)) + width_of(_joined(facts.right())) + 1 > room:
            if not facts.yield_one():
                break
        left, right = _joined(facts.left), _joined(facts.right())
        if left:
            return [[Span(" " * margin), *spread(left, right, room)]]
        only = right[-1]
        return [[Span(" " * margin), only._replace(text=fit(only.text, room, self.desk.glyphs.cut))]]

    def _facts(self) -> _Facts:
        desk = self.desk
        facts = _Facts([Span("xswitch", "strong", bold=True), *(Span(fact, "muted") for fact in self.title)])
        if self.bare:
            facts.count = [Span(self.bare, "muted")]
            return facts
        live = sorted((one for one in desk.live if one.expires > desk.now), key=lambda one: one.expires)
        steps = [step(one.expires - desk.now, one.duration) for one in live]
        now = next((loud for loud in _LOUD if loud in steps), "calm")
        facts.loud = now != "calm"
        facts.amiss = self._amiss()
        if facts.loud:
            facts.ends = self._ending([one for one, its in zip(live, steps, strict=True) if its == now])
        if desk.trouble:
            return facts
        facts.who = [Span(desk.who, "muted")] if desk.who else []
        facts.count = [Span(f"{len(live)} live", "live") if live else Span("nothing live", "faint")]
        if live and not facts.loud:
            facts.ends = [Span(f"next ends in {say_duration(live[0].expires - desk.now)}", "muted")]
        return facts

    def _ending(self, these: Sequence[Live]) -> list[Span]:
        """Name the session that ends first of those that end soon, in four ways."""
        desk, first, more = self.desk, these[0], len(these) - 1
        name, cut = clean(first.target), desk.glyphs.cut
        ways = [
            (f"{name} ends in ", f", {more} more soon" if more else ""), (f"{name} ends in ", ""),
            (f"{fit(name, 24, cut)} ends in ", ""), (f"{fit(name, 16, cut)} ", ""),
        ]  # fmt: skip
        return [desk.time_left(first, before=before, after=after) for before, after in ways]

    def _amiss(self) -> list[Span]:
        """Say what is amiss: that the vault can't be read, else that this clock is off."""
        desk = self.desk
        if desk.trouble:
            ways = [fit(desk.trouble, room, desk.glyphs.cut) for room in (58, 30, 16)]
        elif abs(desk.ahead) > CLOCK_OFF:
            off = say_duration(abs(desk.ahead))
            this = f"this clock is {off} {'behind' if desk.ahead > 0 else 'ahead of'} AWS"
            ways = [f"{this}, the time left is AWS's", this, f"clock {off} {'behind' if desk.ahead > 0 else 'ahead'}"]
        else:
            ways = []
        return [Span(f"{desk.glyphs.soon} {way}", "warn", bold=True) for way in ways]


def _joined(facts: Sequence[Span]) -> list[Span]:
    return [part for fact in facts for part in (fact, Span("  "))][:-1]
