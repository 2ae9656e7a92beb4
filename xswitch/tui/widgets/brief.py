"""The three lines that stand in for the detail pane on a narrow terminal; one line on a low one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xswitch.text import clean, say_duration
from xswitch.tui.desk import Desk, Row
from xswitch.tui.draw import Line, Span, fit, spread, width_of
from xswitch.tui.plans import asks_for, external_id_words, person_of, roles_on
from xswitch.tui.widgets.painted import Painted

if TYPE_CHECKING:
    from xswitch.catalog.model import Target
    from xswitch.engine import Outlook


class Brief(Painted):
    """What Enter does with the target under the cursor, in little room."""

    DEFAULT_CSS = "Brief { width: 1fr; height: 4; }"
    ground = "panel"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "brief")
        self.target: Target | None = None
        self.number = -1

    def set(self, target: Target | None) -> None:
        """Show this target."""
        self.target = target
        self.number = self.desk.number_of[target.name] if target is not None else -1
        self.show()

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the lines; the first is a rule where nothing is filled."""
        target, glyphs, palette = self.target, self.desk.glyphs, self.desk.palette
        top: list[Line] = []
        if height > 1:
            across = "" if palette.fills else glyphs.across * (width - 4)
            top = [[Span("  ", bg="bg"), Span(across, "line", bg="bg"), Span(" " * (width - 2 - len(across)), bg="bg")]]
        if target is None:
            return [*top, *([[Span(" " * width, bg="bg")]] * (height - len(top)))]
        row, outlook = self.desk.row(self.number), self.desk.outlook(target)
        rail = glyphs.guarded if row.env.guarded else glyphs.rail if row.env.word and palette.coloured else " "
        room = width - 4 if width >= 40 else width - 2
        body = [self._first(row, outlook, room)]
        if height > 1 and outlook is not None:
            body += [self._second(outlook), self._third(row, outlook)]
        return [*top, *([Span(rail, row.env.hue), Span(" "), *line] for line in body)]

    def _first(self, row: Row, outlook: Outlook | None, room: int) -> Line:
        env = row.env
        word = self.desk.sign_of(env)
        right = self._right(row, outlook)
        for what in (right, Span("")):
            lead = [word, Span(" ")] if env.word and room >= 36 else []
            left = room - width_of(lead) - width_of([what]) - 2
            if left >= min(len(row.name), 16) or not what.text:
                name = Span(
                    fit(row.name, max(1, left + 2 * (not what.text)), self.desk.glyphs.cut), "strong", bold=True
                )
                return spread([*lead, name], [what] if what.text else [], room)
        return ()

    def _right(self, row: Row, outlook: Outlook | None) -> Span:
        if outlook is None:
            return Span("can't be planned", "warn")
        words = asks_for(outlook)
        if words:
            return Span(words, row.env.hue if outlook.confirm else "warn")
        if outlook.live is not None:
            return self.desk.time_left(outlook.live, calm="live", before="live, ", after=" left")
        return Span("no code", "muted")

    def _second(self, outlook: Outlook) -> Line:
        plan = outlook.plan
        lasts = say_duration(plan.duration if outlook.live is None else outlook.live.expires - self.desk.now)
        line = [Span("enter", "accent", bold=True), Span(f" shell for {lasts}", "strong")]
        line += [Span(" as ", "muted"), Span(person_of(plan))]
        hops = roles_on(plan)
        if len(hops) > 1:
            line += [Span(" through ", "muted"), Span(", ".join(clean(hop.target) for hop in hops[:-1]))]
        return line

    def _third(self, row: Row, outlook: Outlook) -> Line:
        plan = outlook.plan
        said = [row.id]
        hops = roles_on(plan)
        ids = [hop for hop in hops if hop.external_id is not None]
        if ids:
            said.append(f"external id {external_id_words(ids[-1])}")
        if hops and hops[-1].source_identity:
            said.append(f"source id {clean(hops[-1].source_identity)}")
        if plan.why:
            said.append(
                f"chained: {say_duration(plan.duration)}"
                if plan.chained
                else f"{say_duration(plan.duration)}, {clean(plan.why)}"
            )
        return [Span("  ".join(said), "muted")]
