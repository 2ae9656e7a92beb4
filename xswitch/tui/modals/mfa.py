"""The question for an MFA code: six boxes, sent at the sixth digit."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from textual import events

from xswitch.text import clean
from xswitch.tui.desk import NO_ENV, Desk, env_view
from xswitch.tui.draw import Line, Span, fit, fuse, wrap
from xswitch.tui.keys import bindings
from xswitch.tui.modals.card import Question, key_line

if TYPE_CHECKING:
    from xswitch.engine import Practice
    from xswitch.session.model import CodeAsk

DIGITS: Final = 6
PERIOD: Final = 30
"""Seconds for which a code stands (RFC 6238, and AWS's devices)."""
_BOXES: Final = 37


class MfaModal(Question[str]):
    """Returns six digits, or None where the person goes back."""

    BINDINGS = bindings("back", "take", "quit")
    title_words = "MFA code"

    def __init__(self, desk: Desk, ask: CodeAsk) -> None:
        super().__init__(desk, env_view(ask.environment) if ask.environment is not None else NO_ENV)
        self.ask = ask
        self.digits = ""
        self.practice: Practice | None = None
        self._practice_at = 0.0
        self._asking = False
        self._until = desk.here + ask.wait

    def on_mount(self) -> None:
        """Look for the practice authenticator, which is there in the demo alone."""
        super().on_mount()
        self._look()

    def _look(self) -> None:
        """Ask what the practice authenticator shows, off the screen's thread."""
        if self._asking:
            return
        self._asking = True
        engine, tell = self.desk.engine, self.app.call_later

        def look() -> None:
            tell(self._seen, engine.practice())

        threading.Thread(target=look, name="practice", daemon=True).start()

    def _seen(self, practice: Practice | None) -> None:
        self._asking = False
        self.practice, self._practice_at = practice, self.desk.here
        if self.is_attached:
            self.lay_out()

    def tick(self) -> None:
        """Show what has changed in a second."""
        if self.practice is not None:
            self._look()
        super().tick()

    @property
    def left(self) -> int:
        """Seconds until the device shows another code."""
        if self.practice is not None:
            return max(0, self.practice.left - int(self.desk.here - self._practice_at))
        return PERIOD - int(self.desk.now) % PERIOD

    def content(self, width: int) -> list[Line | None]:
        """Who is asked for what, the boxes, the time, and what the code is good for."""
        ask, cut = self.ask, self.desk.glyphs.cut
        who = f"{clean(ask.user)} in {clean(ask.identity)}" if ask.user else clean(ask.identity)
        name, _, rest = who.partition(" ")
        to = f"{' ' if rest else ''}{rest}, to open {clean(ask.target)}"
        lines: list[Line | None] = [None]
        lines.append([Span(name, "strong", bold=True), Span(fit(to, width - len(name), cut), "text")])
        lines.append([Span(fit(clean(ask.serial), width, cut), "faint")])
        lines += self._problem(width)
        lines += [*self._boxes(width), None, *self._time(width), None, *self._practice(), *self._words(width), None]
        keys = [("esc", "back", "")]
        if self.practice is not None:
            keys.insert(0, ("ctrl+t", "type what it shows", "spent" if self.practice.spent else ""))
        return [*lines, key_line(keys, width), None]

    def _problem(self, width: int) -> list[Line | None]:
        wait = int(self._until - self.desk.here)
        words = wrap(clean(self.ask.problem), width)
        if wait > 0:
            words.append(f"The next code comes in {wait}s.")
        if not words:
            return [None, None]
        return [None, *([Span(line, "warn", bold=True)] for line in words), None]

    def _boxes(self, width: int) -> list[Line]:
        if width < _BOXES or self.app.size.height < 16:
            shown = [f"[{digit}]" for digit in self.digits.ljust(DIGITS)]
            return [[Span(" ".join(shown[:3]) + "  " + " ".join(shown[3:]), "strong", bold=True)]]
        box = self.desk.glyphs.light_box
        rows: list[list[Span]] = [[Span(" " * ((width - _BOXES) // 2))] for _ in range(3)]
        for place in range(DIGITS):
            gap = Span("   " if place == 3 else " " if place else "")
            filled, here = place < len(self.digits), place == len(self.digits)
            hue = "muted" if filled else "accent" if here else "line"
            inside = Span(self.digits[place], "strong", bold=True) if filled else Span(" ", bg="accent" if here else "")
            rows[0] += [gap, Span(box[0] + box[1] * 3 + box[2], hue)]
            rows[1] += [gap, Span(box[7] + " ", hue), inside, Span(" " + box[3], hue)]
            rows[2] += [gap, Span(box[6] + box[5] * 3 + box[4], hue)]
        return list(rows)

    def _time(self, width: int) -> list[Line]:
        lead = Span(" " * max(0, (width - _BOXES) // 2))
        line = fuse(self.left / PERIOD, min(width, _BOXES), self.desk.glyphs, "muted")
        return [[lead, *line], [lead, Span(f"the code changes in {self.left}s", "muted")]]

    def _practice(self) -> list[Line | None]:
        seen = self.practice
        if seen is None:
            return []
        code = f"{seen.code[:3]} {seen.code[3:]}"
        words = "  used already" if seen.spent else ""
        ink = "faint" if seen.spent else "live"
        return [[Span("practice authenticator  ", "muted"), Span(code, ink, bold=True), Span(words, "warn")], None]

    def _words(self, width: int) -> list[Line]:
        typed = wrap("Type or paste it; it is sent at the sixth digit.", width)
        return [[Span(line, "muted")] for line in (*typed, *wrap(clean(self.ask.covers), width))]

    def on_key(self, event: events.Key) -> None:
        """Take digits."""
        if event.key in ("backspace", "ctrl+h"):
            self.digits = self.digits[:-1]
        elif event.key == "ctrl+u":
            self.digits = ""
        elif event.character is not None and event.character in "0123456789":
            self._add(event.character)
        else:
            return
        event.stop()
        self.card.show()

    def on_paste(self, event: events.Paste) -> None:
        """Take a pasted code, however it is spaced."""
        event.stop()
        self._add("".join(letter for letter in event.text if letter in "0123456789"))

    def _add(self, digits: str) -> None:
        if not digits:
            return
        self.digits = (self.digits + digits)[:DIGITS]
        self.card.show()
        if len(self.digits) == DIGITS and self.is_current:
            self.dismiss(self.digits)

    def action_take(self) -> None:
        """Type what the practice authenticator shows."""
        if self.practice is not None and not self.practice.spent:
            self.digits = ""
            self._add(self.practice.code)
