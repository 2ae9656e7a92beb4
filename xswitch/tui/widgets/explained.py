"""A denial on a page: the verdict, the smallest change, the wire with its break, both sides of the handshake."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from xswitch.tui.desk import Desk
from xswitch.tui.draw import Line, Span, cells, fit, pad, rule, spread, width_of, wrap
from xswitch.tui.widgets.page import Page, filled
from xswitch.tui.words import clock_seconds

if TYPE_CHECKING:
    from xswitch.govern.denial import Check, Explanation, SideView

LABEL: Final = 15
_VERDICTS: Final = {"allows": "live", "denies": "danger", "can't be told": "warn"}


class Explained(Page):
    """Why a switch was denied."""

    def __init__(self, desk: Desk, explanation: Explanation) -> None:
        super().__init__(desk, "page")
        self.explanation = explanation

    def page(self, width: int) -> Sequence[Line]:
        """Every line of the page."""
        roomy = self.size.height >= 28
        gap: list[Line] = [(), ()] if roomy else [()]
        lines = [*([()] if roomy else []), *self._band(width, roomy), *gap]
        lines += [*self._change(width), *gap]
        lines += self._wire(width) if width >= 84 else self._wire_down(width)
        lines += [*gap, *self._sides(width)]
        return [*lines, (), *self._aws(width)]

    def _band(self, width: int, roomy: bool) -> list[Line]:
        told, glyphs = self.explanation, self.desk.glyphs
        inner = width - 6
        request = f"request {told.request_id[:8]}" if told.request_id else ""
        facts = "  ".join(part for part in (told.aws_code, clock_seconds(told.at, self.desk.zone), request) if part)
        title = [
            self.desk.badge("DENIED", "danger"),
            Span("  "),
            Span(fit(told.target, max(8, inner - 12), glyphs.cut), "strong", bold=True),
        ]
        body: list[Line] = [spread(title, [Span(facts, "faint")], inner)]
        sure = Span(told.sure, "muted")
        sentence = wrap(told.sentence, inner) or [""]
        alone = len(sentence) > 1 or cells(told.sentence) + cells(told.sure) + 2 > inner
        for number, text in enumerate(sentence):
            what = [Span(text, "strong", bold=True)]
            body.append(what if alone or number else spread(what, [sure], inner))
        if alone:
            body += [[sure._replace(text=line)] for line in wrap(told.sure, inner)]
        edge: list[Line] = [()] if roomy else []
        return [
            filled([Span(glyphs.guarded, "danger"), Span("  "), *line], width, "panel")
            for line in [*edge, *body, *edge]
        ]

    def _wire(self, width: int) -> list[Line]:
        """Return the way across: what was reached solid, the break, what was not reached dashed."""
        told, glyphs = self.explanation, self.desk.glyphs
        stops = told.wire
        room = width - 6 - sum(cells(stop.name) + 2 for stop in stops) - 2 * (len(stops) - 1) - 4
        if len(stops) < 2 or room < 4 * len(stops):
            return self._wire_down(width)
        parts = len(stops) - 1 + 1  # the broken one is two
        each, rest = divmod(room, parts)
        first: list[Span] = [Span("   ")]
        second: list[Span] = [Span("   ")]
        for number, stop in enumerate(stops):
            last = number == len(stops) - 1
            reached = number <= told.broken_after
            sign = glyphs.end if last else glyphs.hop
            first += [Span(sign, "danger" if last else "muted" if reached else "faint", bold=True), Span(" ")]
            second.append(Span(" " * (width_of(first) - width_of(second))))
            second.append(Span(stop.note, "muted"))
            first.append(Span(stop.name, "strong" if last else "text" if reached else "faint", bold=last))
            if last:
                break
            length = each + (1 if number < rest else 0)
            if number != told.broken_after:
                first += [
                    Span(" "),
                    Span(glyphs.across * length if reached else glyphs.gone * length, "faint"),
                    Span(" "),
                ]
                continue
            first += [Span(" "), Span(glyphs.across * length, "faint"), Span(" "), Span(glyphs.no, "danger", bold=True)]
            here = width_of(first) - 1
            second.append(Span(" " * max(1, here - 1 - width_of(second))))
            second.append(Span("stops here", "danger"))
            first += [Span(" "), Span(glyphs.gone * each, "faint"), Span(" ")]
        return [first, second]

    def _wire_down(self, width: int) -> list[Line]:
        told, glyphs = self.explanation, self.desk.glyphs
        lines: list[Line] = []
        for number, stop in enumerate(told.wire):
            last = number == len(told.wire) - 1
            sign = Span(glyphs.end if last else glyphs.hop, "danger" if last else "muted", bold=True)
            ink = "strong" if last else "text" if number <= told.broken_after else "faint"
            lines.append([Span("   "), sign, Span("  "), Span(fit(stop.name, width - 8, glyphs.cut), ink, bold=last)])
            down = Span(glyphs.down if number < told.broken_after else " ", "faint")
            if stop.note:
                lines.append([Span("   "), down, Span("  "), Span(fit(stop.note, width - 8, glyphs.cut), "muted")])
            if number == told.broken_after:
                lines.append(
                    [Span("   "), Span(glyphs.no, "danger", bold=True), Span("  "), Span("stops here", "danger")]
                )
        return lines

    def _sides(self, width: int) -> list[Line]:
        told, glyphs = self.explanation, self.desk.glyphs
        if width < 84:
            inner = width - 6
            both = [*self._side("Caller's side", told.caller, inner), (), *self._side("Role's side", told.role, inner)]
            return [[Span("   "), *line] for line in both]
        half = width // 2 - 1
        left, right = (
            self._side("Caller's side", told.caller, half - 4),
            self._side("Role's side", told.role, width - half - 5),
        )
        lines: list[Line] = []
        for one, other in zip_longest(left, right, fillvalue=()):
            line = [Span("   "), *one]
            line += [Span(" " * max(0, half + 1 - width_of(line))), Span(glyphs.down, "line"), Span(" "), *other]
            lines.append(line)
        return lines

    def _side(self, title: str, side: SideView, width: int) -> list[Line]:
        head = [Span(title, "strong", bold=True), Span("  "), Span(side.verdict, _VERDICTS[side.verdict], bold=True)]
        shift = Span(" ") if self.size.width >= 84 and title.startswith("Role") else Span("")
        lines: list[Line] = [
            [shift, *head],
            [shift, Span(fit(side.known_from, width - 1, self.desk.glyphs.cut), "faint")],
            (),
        ]
        longest = max((cells(check.name) for check in side.checks), default=0)
        label = max(LABEL if width >= 50 else 13, min(longest + 1, LABEL + 3, width // 2))
        for check in side.checks:
            lines += self._check(check, width, shift, label)
        return lines

    def _check(self, check: Check, width: int, shift: Span, label: int) -> list[Line]:
        glyphs = self.desk.glyphs
        sign, hue = {"ok": (glyphs.ok, "live"), "no": (glyphs.no, "danger"), "unknown": (glyphs.unknown, "warn")}[
            check.state
        ]
        no = check.state == "no"
        if width < 30:
            return self._narrow(check, width, Span(sign, hue, bold=True))
        words = wrap(check.words, width - label - 3) or [""]
        lines: list[Line] = []
        for number, text in enumerate(words):
            mark = Span(sign if not number else " ", hue, bold=True)
            name = Span(
                pad(fit(check.name, label - 1, glyphs.cut) if not number else "", label),
                "strong" if no else "text",
                bold=no,
            )
            line = [shift, mark, Span(" "), name, Span(text, "strong" if no else "muted")]
            lines.append(filled(line, width, "sel-guard") if no else line)
        return lines

    def _narrow(self, check: Check, width: int, mark: Span) -> list[Line]:
        """Return a check with its name over its words, where both don't fit on a line."""
        no, cut = check.state == "no", self.desk.glyphs.cut
        name = Span(fit(check.name, width - 2, cut), "strong" if no else "text", bold=no)
        lines: list[Line] = [[mark, Span(" "), name]]
        return [*lines, *([Span("  "), Span(text, "muted")] for text in wrap(check.words, width - 2))]

    def _change(self, width: int) -> list[Line]:
        told, glyphs = self.explanation, self.desk.glyphs
        inner = width - 6
        title = [Span("Smallest change", "muted", bold=True)]
        right = [Span(fit(told.change_title, max(0, inner - 20), glyphs.cut), "faint")] if told.change_title else []
        lines: list[Line] = [[Span("   "), *rule(title, inner, glyphs, right)], ()]
        for sentence in told.change:
            if sentence.startswith("+ "):
                added = [
                    Span(" "),
                    Span("+", "live", bold=True),
                    Span(" "),
                    Span(fit(sentence[2:], inner - 2, glyphs.cut), "strong"),
                ]
                lines += [[Span("  "), *filled(added, width - 5, "field")], ()]
            else:
                lines += [[Span("   "), Span(text, "muted")] for text in wrap(sentence, inner)]
        return lines

    def _aws(self, width: int) -> list[Line]:
        told = self.explanation
        if not told.aws_message:
            return []
        lines: list[Line] = [
            [Span("   "), *rule([Span("What AWS said", "muted", bold=True)], width - 6, self.desk.glyphs)]
        ]
        return [*lines, *([Span("   "), Span(text, "faint")] for text in wrap(told.aws_message, width - 6))]


def message_for_owner(told: Explanation) -> str:
    """Return a message that can be sent to whoever owns the role; it holds no secret and no external id."""
    checks = [
        f"  {check.name}: {check.words}" for check in (*told.caller.checks, *told.role.checks) if check.state != "ok"
    ]
    way = " -> ".join(stop.name for stop in told.wire)
    parts = [
        f"AWS denied {told.target}: {told.sentence}", f"  way: {way}", f"  {told.aws_code}, request {told.request_id}",
        f"  {told.aws_message}", *checks, "Smallest change:", *(f"  {sentence}" for sentence in told.change),
    ]  # fmt: skip
    return "\n".join(part for part in parts if part.strip()) + "\n"
