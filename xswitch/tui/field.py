"""One line of text being typed: the query of a list, a name, a reason, a code."""

from __future__ import annotations

from dataclasses import dataclass

from xswitch.text import clean


@dataclass(slots=True)
class Field:
    """Text and where the caret stands in it. Every edit returns whether anything changed."""

    text: str = ""
    at: int = 0
    limit: int = 512

    def set(self, text: str) -> None:
        """Replace the text; the caret goes to its end."""
        self.text = text[: self.limit]
        self.at = len(self.text)

    def insert(self, text: str) -> bool:
        """Put text at the caret, made safe to show: a paste can hold anything."""
        safe = clean(text)[: self.limit - len(self.text)]
        self.text = self.text[: self.at] + safe + self.text[self.at :]
        self.at += len(safe)
        return bool(safe)

    def press(self, key: str, character: str | None, *, arrows: bool = True) -> bool | None:
        """Take one key. None: the key is not for a field; False: taken, and nothing changed; True: the text changed.

        ``arrows`` False leaves left, right, home and end to others.
        """
        if character is not None and character.isprintable() and len(character) == 1:
            return self.insert(character)
        if arrows and key in ("left", "right", "home", "end"):
            last = len(self.text)
            self.at = {"left": max(0, self.at - 1), "right": min(last, self.at + 1), "home": 0, "end": last}[key]
            return False
        before = self.text
        if key in ("backspace", "ctrl+h"):
            self._cut(max(0, self.at - 1), self.at)
        elif key == "delete":
            self._cut(self.at, self.at + 1)
        elif key in ("ctrl+w", "alt+backspace", "ctrl+backspace"):
            head = self.text[: self.at].rstrip()
            self._cut(head.rfind(" ") + 1, self.at)
        elif key == "ctrl+u":
            self._cut(0, self.at)
        else:
            return None
        return self.text != before

    def _cut(self, start: int, end: int) -> None:
        self.text = self.text[:start] + self.text[end:]
        self.at = start
