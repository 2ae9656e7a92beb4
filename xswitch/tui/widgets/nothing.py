"""What the picker says where nothing matches: what was looked for, and the nearest name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from xswitch.tui.desk import Desk
from xswitch.tui.draw import Line, Span, fit
from xswitch.tui.words import plural

_FIELD: Final = re.compile(r"!?(?:account|role|ou|env|id|tag|live):\S*")


@dataclass(frozen=True, slots=True)
class Nothing:
    """A search without a match. ``instead`` is the search that is offered, with ``found`` targets, or ""."""

    query: str
    words: str
    fields: str
    nearest: str
    instead: str
    found: int
    without: int
    problem: str

    @classmethod
    def of(cls, desk: Desk, query: str) -> Nothing:
        """Look for what is near to ``query``."""
        fields = " ".join(_FIELD.findall(query))
        words = " ".join(_FIELD.sub(" ", query).split())
        index = desk.index

        def count(text: str) -> int:
            return index.search(text, live=desk.live_by, now=desk.here, limit=1).total

        nearest = index.nearest(query)
        instead, found = "", 0
        for candidate in (f"{fields} {nearest}".strip(), nearest) if nearest else ():
            found = count(candidate)
            if found:
                instead = candidate
                break
        without = count(words) if words and fields else 0
        problem = index.search(query, live=desk.live_by, now=desk.here, limit=1).problem
        return cls(query, words, fields, nearest, instead, found, without, problem)

    def lines(self, desk: Desk, width: int) -> Sequence[Line]:
        """Return the lines to show; the first stands a line under the query."""
        lead = Span("    " if width >= 40 else " ")
        room = width - 8
        sentence = f'Nothing matches "{self.words}"' if self.words else f"Nothing is in {self.fields}"
        if self.words and self.fields:
            sentence += f" in {self.fields}"
        lines: list[Line] = [(), [lead, Span(fit(f"{sentence}.", room, desk.glyphs.cut), "strong", bold=True)]]
        if self.problem:
            lines.append([lead, Span(self.problem, "warn")])
        if self.instead:
            lines.append([
                lead, Span("Nearest: ", "muted"), Span(self.nearest, "text", bold=True),
                Span(f", {plural(self.found, 'target')}  ", "muted"),
                Span("ctrl+t", "accent", bold=True), Span(" take it", "muted"),
            ])  # fmt: skip
        lines.append(())
        if self.words and self.fields:
            other = (
                f"{plural(self.without, 'target')} match"
                if self.without > 1
                else "one target matches"
                if self.without
                else "nothing matches either"
            )
            lines.append([lead, Span("Without ", "faint"), Span(self.fields, "muted"), Span(f" {other}.", "faint")])
        lines.append([lead, Span("A role ARN, an account id or a console URL can be pasted too.", "faint")])
        return lines
