"""Text as it is compared: without accents or invisible characters, and the way back to what is shown.

Matching happens on the folded text; a person sees the clean one (:func:`xswitch.text.clean`). A :class:`Folded` keeps,
for each folded character, the position of the shown character that it came from.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from xswitch.text import clean

# Letters that Unicode does not decompose, and that people type without their stroke or ligature.
_PLAIN: Final = str.maketrans(
    {
        "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ħ": "h", "Ħ": "H",
        "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "TH", "ı": "i", "ß": "ss", "ẞ": "SS",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Folded:
    """A text to match in. ``origin`` is None where each character stands at its shown position."""

    text: str
    origin: tuple[int, ...] | None = None

    def shown(self, at: Iterable[int]) -> tuple[int, ...]:
        """Return, in order and each once, the shown positions of the folded positions ``at``."""
        if self.origin is None:
            return tuple(sorted(set(at)))
        return tuple(sorted({self.origin[position] for position in at}))

    def characters(self, octets: Iterable[int]) -> list[int]:
        """Return the folded positions of ``octets``, which count bytes of UTF-8."""
        if self.text.isascii():
            return list(octets)
        starts: list[int] = []
        for position, character in enumerate(self.text):
            starts.extend([position] * len(character.encode()))
        return sorted({starts[octet] for octet in octets})


def fold(text: str) -> Folded:
    """Return ``text`` as it is compared. ASCII keeps its case, since capitals mark where a word begins."""
    text = clean(text)
    if text.isascii():
        return Folded(text)
    pieces: list[str] = []
    origin: list[int] = []
    for position, character in enumerate(text):
        piece = character if character.isascii() else _fold_character(character)
        pieces.append(piece)
        origin.extend([position] * len(piece))
    return Folded("".join(pieces), tuple(origin))


def _fold_character(character: str) -> str:
    plain = _without_marks(character.translate(_PLAIN))
    return plain if plain.isascii() else _without_marks(plain.casefold())


def _without_marks(text: str) -> str:
    return "".join(part for part in unicodedata.normalize("NFKD", text) if not unicodedata.combining(part))
