"""The question for the vault's passphrase, where there is no OS keyring."""

from __future__ import annotations

from textual import events

from xswitch.tui.desk import Desk, EnvView
from xswitch.tui.draw import Line, Span, wrap
from xswitch.tui.field import Field
from xswitch.tui.keys import bindings
from xswitch.tui.modals.card import Question, key_line


class PassphraseModal(Question[str]):
    """Returns the passphrase, asked twice where it is being chosen, or None where the person goes back."""

    BINDINGS = bindings("back", "accept", "next", "quit")
    title_words = "the vault's passphrase"

    def __init__(self, desk: Desk, *, first: bool) -> None:
        super().__init__(desk, EnvView())
        self.first = first
        self.fields = [Field(), Field()] if first else [Field()]
        self.at = 0

    @property
    def missing(self) -> str:
        """Say what is missing, "" where Enter gives the answer."""
        if not self.fields[0].text:
            return "it is empty"
        return "the two differ" if self.first and self.fields[0].text != self.fields[1].text else ""

    def content(self, width: int) -> list[Line | None]:
        """Return what it is for, the fields, the keys. What is typed shows as dots, and never as itself."""
        words = (
            "There is no OS keyring here. Choose a passphrase: it opens the vault, and nothing else can."
            if self.first
            else "It opens the vault, in which the sessions are kept."
        )
        lines: list[Line | None] = [None, *([Span(line, "text")] for line in wrap(words, width)), None]
        for number, field in enumerate(self.fields):
            shown = ("*" if self.desk.glyphs.ascii else "·") * min(len(field.text), width - 3)
            tip = Span(" ", bg="accent") if number == self.at else Span("")
            label = "Again" if number else "Passphrase"
            lines += [
                [Span(label, "muted")],
                [Span(f" {shown}", "strong", bg="field"), tip, Span(" " * (width - len(shown) - 2), bg="field")],
            ]
            lines.append(None)
        keys = [("enter", "open the vault", self.missing)]
        if self.first:
            keys.append(("tab", "next field", ""))
        return [*lines, key_line([*keys, ("esc", "back", "")]), None]

    def on_key(self, event: events.Key) -> None:
        """Type into the field."""
        if self.fields[self.at].press(event.key, event.character) is not None:
            event.stop()
            self.card.show()

    def on_paste(self, event: events.Paste) -> None:
        """Paste into the field."""
        event.stop()
        self.fields[self.at].insert(event.text.strip("\r\n"))
        self.card.show()

    def action_next(self) -> None:
        """Go to the other field."""
        self.at = (self.at + 1) % len(self.fields)
        self.card.show()

    def action_accept(self) -> None:
        """Give the answer if nothing is missing, else go on to what is."""
        if self.missing:
            self.action_next()
        else:
            self.dismiss(self.fields[0].text)
