"""The list of commands: every action that the screen has, by name. It holds no targets."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from xswitch.tui.desk import Desk
from xswitch.tui.draw import Line, Span, cells, fit, pad, spread
from xswitch.tui.field import Field
from xswitch.tui.keys import BY_ID, Hint, Keys, bindings
from xswitch.tui.modals.card import Question, key_line
from xswitch.tui.widgets.listing import caret


class Commands(Question[str]):
    """Returns the id of the chosen action."""

    BINDINGS = bindings("back", "accept", "up", "down", "quit")
    title_words = "commands"
    wide = 76

    def __init__(self, desk: Desk, keys: Keys, hints: Sequence[Hint]) -> None:
        super().__init__(desk)
        self.keys = keys
        self.hints = hints
        self.field = Field()
        self.at = 0

    @property
    def found(self) -> list[Hint]:
        """The actions whose words hold every word that is typed; those whose label begins with them come first."""
        words = self.field.text.casefold().split()
        found = [
            hint for hint in self.hints
            if all(word in f"{hint.action} {hint.long} {BY_ID[hint.action].help}".casefold() for word in words)
        ]  # fmt: skip
        return sorted(found, key=lambda hint: _rank(hint, words))

    def content(self, width: int) -> list[Line | None]:
        """Return the field, an action a line, the keys; as tall whatever is typed."""
        glyphs = self.desk.glyphs
        typed = [Span(f" {glyphs.cursor} ", "accent", bold=True, bg="field")]
        typed += [span._replace(bg=span.bg or "field") for span in caret(self.field, width - 6)]
        used = sum(len(span.text) for span in typed)
        lines: list[Line | None] = [None, [*typed, Span(" " * max(0, width - used), bg="field")], None]
        found = self.found
        lines += [self._line(hint, number == self.at, width) for number, hint in enumerate(found)]
        lines += [()] * (len(self.hints) - len(found))
        return [
            *lines,
            None,
            key_line([("enter", "do it", "" if found else "nothing matches"), ("esc", "back", "")]),
            None,
        ]

    def _line(self, hint: Hint, here: bool, width: int) -> Line:
        glyphs, ground = self.desk.glyphs, "sel" if here else "panel"
        ink = "faint" if hint.refused else "strong" if here else "text"
        left = [Span(f" {glyphs.cursor if here else ' '} ", "accent", bold=True, bg=ground)]
        label = max(10, *(cells(one.long) for one in self.hints)) + 1
        left.append(Span(pad(hint.long, label), ink, bold=here, bg=ground))
        words = hint.refused or BY_ID[hint.action].help
        key = self.keys.of(hint.action)
        ink = "faint" if hint.refused else "muted"
        left.append(Span(fit(words, max(0, width - 5 - label - len(key)), glyphs.cut), ink, bg=ground))
        return [
            span if span.bg else span._replace(bg=ground)
            for span in spread(left, [Span(f"{key} ", "faint", bg=ground)], width)
        ]

    def on_key(self, event: events.Key) -> None:
        """Narrow the list."""
        changed = self.field.press(event.key, event.character)
        if changed is not None:
            event.stop()
            self.at = 0 if changed else self.at
            self.card.show()

    def action_up(self) -> None:
        """Move up."""
        self.at = max(0, self.at - 1)
        self.card.show()

    def action_down(self) -> None:
        """Move down."""
        self.at = max(0, min(len(self.found) - 1, self.at + 1))
        self.card.show()

    def action_accept(self) -> None:
        """Choose the action under the cursor."""
        found = self.found
        if self.at < len(found):
            self.dismiss(found[self.at].action)


def _rank(hint: Hint, words: Sequence[str]) -> int:
    """Return 0 where every word begins the label or one of its words, 1 where the label holds them, else 2."""
    label = f"{hint.long} {hint.action}".casefold()
    if all(f" {word}" in f" {label}" for word in words):
        return 0
    return 1 if all(word in label for word in words) else 2
