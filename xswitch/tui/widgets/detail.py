"""The pane that says what Enter will do: target, guard, wire, facts, the account's other roles, the command."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from xswitch.countdown import step
from xswitch.text import clean, say_duration
from xswitch.tui.desk import Desk, EnvView, Row
from xswitch.tui.draw import Line, Span, cells, fit, fuse, pad, rule, wrap
from xswitch.tui.plans import enter_words, facts, guard_words, wire
from xswitch.tui.widgets.painted import Painted
from xswitch.tui.words import ago, hue_of

if TYPE_CHECKING:
    from xswitch.catalog.model import Target
    from xswitch.engine import Live, Outlook

LABEL = 12
"""Width of a fact's label."""


class Detail(Painted):
    """What the target under the cursor is, and what Enter does with it."""

    DEFAULT_CSS = "Detail { width: 46; height: 1fr; }"
    ground = "panel"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "detail")
        self.target: Target | None = None
        self.number = -1

    def set(self, target: Target | None) -> None:
        """Show this target."""
        self.target = target
        self.number = self.desk.number_of[target.name] if target is not None else -1
        self.show()

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the pane, the divider in the environment's colour at its left."""
        desk = self.desk
        inner = width - 5
        row = desk.row(self.number) if self.target is not None else None
        hue = row.env.hue if row is not None and row.env.guarded else "line"
        body: list[Line] = []
        tail: list[Line] = []
        if self.target is not None and row is not None:
            body = self._body(self.target, row, inner, height - 3)
            tail = self._command(row, inner)
        if len(body) + len(tail) + 3 > height:
            body = body[: max(0, height - 3 - len(tail))]
            tail = tail if height > 12 else []
        blanks = height - 2 - len(body) - len(tail)
        all_lines: list[Line] = [(), *body, *([()] * max(0, blanks)), *tail, ()]
        edge = Span(desk.glyphs.divider, hue, bg="panel")
        return [[edge, Span("  "), *line] for line in all_lines[:height]]

    def _body(self, target: Target, row: Row, width: int, height: int) -> list[Line]:
        desk = self.desk
        outlook = desk.outlook(target)
        body: list[Line] = [[Span(fit(row.name, width, desk.glyphs.cut), "strong", bold=True)]]
        where = "  ".join(part for part in (row.id, row.ou, clean(target.region)) if part)
        body.append([Span(fit(where, width, desk.glyphs.cut), "muted")])
        if outlook is None:
            return [*body, (), [Span("This can't be planned: see xswitch catalog check", "warn")]]
        sections = [self._guard(row.env, outlook, width), self._enter(outlook), self._left(outlook.live, width)]
        if outlook.live is None:
            sections.append(self._over(target))
        sections += [wire(desk, outlook, row, width), facts(desk, outlook, width - LABEL), self._others(target, width)]
        for section in sections:
            if section and len(body) + 1 + len(section) <= height:
                body += [(), *section]
        return body

    def _guard(self, env: EnvView, outlook: Outlook, width: int) -> list[Line]:
        if not env.word:
            return []
        words, hue = guard_words(self.desk, env, outlook)
        word = self.desk.sign_of(env)
        room = width - len(word.text) - 1
        first, *rest = wrap(words, room) or [""]
        return [[word, Span(f" {first}", hue)], *([Span(" " * (len(word.text) + 1)), Span(more, hue)] for more in rest)]

    def _enter(self, outlook: Outlook) -> list[Line]:
        first, second = enter_words(outlook)
        lines: list[Line] = [[Span("enter", "accent", bold=True), Span(f" {first}", "strong")]]
        if second:
            lines.append([Span("      "), Span(second, "muted")])
        return lines

    def _left(self, live: Live | None, width: int) -> list[Line]:
        if live is None:
            return []
        desk = self.desk
        left = live.expires - desk.now
        now = step(left, live.duration)
        if now == "ended":
            return [[Span(f"ended at {desk.time_of(live.expires)}", "faint")]]
        words = desk.time_left(live, bold=True, after=" left")
        gap = max(1, LABEL - len(words.text))
        burning = fuse(left / live.duration, width - len(words.text) - gap, desk.glyphs, hue_of(now))
        ends = f"of {say_duration(live.duration)}, ends {desk.time_of(live.expires)}"
        return [[words, Span(" " * gap), *burning], [Span(" " * LABEL), Span(ends, "muted")]]

    def _over(self, target: Target) -> list[Line]:
        """Say how long ago the target's last session ended, where none is live."""
        ended = next((one for one in self.desk.ended if one.target == target.name), None)
        if ended is None:
            return []
        return [[Span(f"ended {ago(self.desk.end_of(ended), self.desk.here)}", "faint")]]

    def _others(self, target: Target, width: int) -> list[Line]:
        """Return the other roles of the same account."""
        desk = self.desk
        lines: list[Line] = []
        longest = max((cells(clean(one.role)) for one in desk.roles_of(target.account.id)), default=0)
        label = max(LABEL, min(longest + 2, width // 2))
        for other in desk.roles_of(target.account.id):
            if other.name == target.name:
                continue
            words = desk.outlook(other)
            live = desk.live_by.get(other.name)
            if live is not None and live.expires > desk.now:
                says = desk.time_left(live, calm="live", before="live, ", after=" left")
            elif words is None:
                says = Span("can't be planned", "warn")
            else:
                through = f", through {clean(other.via.rpartition('/')[0])}" if other.via else ""
                says = Span(
                    fit(f"{say_duration(words.plan.duration)}{through}", width - label, desk.glyphs.cut), "muted"
                )
            name = fit(clean(other.role), label - 1, desk.glyphs.cut)
            lines.append([Span(pad(name, label), "text"), says])
            if len(lines) == 8:
                break
        return [rule([Span("Same account", "muted", bold=True)], width, desk.glyphs), *lines] if lines else []

    def _command(self, row: Row, width: int) -> list[Line]:
        name = shlex.quote(row.name)
        if len(name) + 16 <= width:
            return [[Span("$ ", "faint"), Span(f"xswitch shell {name}", "muted")]]
        return [
            [Span("$ ", "faint"), Span("xswitch shell", "muted")],
            [Span("    "), Span(fit(name, width - 4, self.desk.glyphs.cut), "muted")],
        ]
