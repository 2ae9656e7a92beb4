"""One searchable field: its distinct values, and how well a word matches each.

An organization of 10,000 targets has 1,000 account names, a dozen roles, OUs and environments: a word is matched with
every distinct value once, never with every row.

The score of a match is frizbee's, under weights that favour the beginnings of words: after a gap, a letter that begins
a word counts nearly as the next letter would, and one inside of a word counts nothing. They are chosen so that, with
one step between account and role, ``payprod`` finds payments-prod before a role PayProdReader, ``dep`` a role Deploy
before data-lake-prod, and ``ro`` a role ReadOnly before the letters in payments-prod.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal

from frizbee import Haystacks, Matcher, Scoring

from xswitch.catalog.folding import Folded, fold
from xswitch.catalog.query import Mode

UNIT: Final = 64  # of the score's points; what is under one point only settles ties
STEP: Final = 10  # points between one field's weight and the next one's
EXACT: Final = 16  # points for a word that is the whole value
LETTER: Final = 12

_SCORING: Final = Scoring(
    match_score=LETTER,
    mismatch_penalty=2 * LETTER,
    gap_open_penalty=LETTER,
    gap_extend_penalty=0,
    prefix_bonus=18,
    capitalization_bonus=7,
    matching_case_bonus=0,
    exact_match_bonus=0,
    delimiter_bonus=12,
)
_PARTS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")
_LITERAL: Final[Mapping[Mode, Literal["substring", "prefix", "suffix", "exact"]]] = {
    "substring": "substring",
    "boundary": "substring",
    "prefix": "prefix",
    "suffix": "suffix",
    "whole": "exact",
}
_KEPT: Final = 64  # words whose hits are remembered
_KEPT_SPOTS: Final = 4096  # positions that are remembered


class Table:
    """The distinct values of one field, each with its owners (accounts, or for roles the role itself)."""

    def __init__(self, name: str, weight: int, values: Iterable[str], *, strict: bool = False, exact: int = 0) -> None:
        """Take ``weight`` in steps and ``exact``, points for the whole value. ``strict``: short words begin a word."""
        self.name = name
        self.weight = weight * STEP
        self.strict = strict
        self.exact = exact
        self.folded: list[Folded] = [fold(value) for value in values]
        self._parts: list[int] = []
        self._equal: dict[str, list[int]] = {}
        self._haystacks: Haystacks | None = None
        self._spots: dict[tuple[int, str, Mode, int], tuple[tuple[int, ...], bool]] = {}
        self._hits: OrderedDict[tuple[str, Mode, int], dict[int, int]] = OrderedDict()

    def warm(self) -> Haystacks:
        """Build what the first match needs, and return frizbee's copy of the values."""
        haystacks = self._haystacks
        if haystacks is None:
            equal: dict[str, list[int]] = {}
            for number, value in enumerate(self.folded):
                equal.setdefault(value.text.casefold(), []).append(number)
            self._equal = equal
            self._parts = [min(15, len(_PARTS.findall(value.text))) for value in self.folded]
            # Last, so that a thread that warms and one that searches never see half a table.
            self._haystacks = haystacks = Haystacks([value.text for value in self.folded])
        return haystacks

    def equal(self, text: str) -> Sequence[int]:
        """Return the values that are ``text``, which is folded, whatever their case."""
        self.warm()
        return self._equal.get(text.casefold(), ())

    def hits(self, text: str, mode: Mode, typos: int = 0) -> dict[int, int]:
        """Return the values that match, each with its score in UNITs, field weight included, always above zero."""
        asked = (text, mode, typos)
        known = self._hits.get(asked)
        if known is not None:
            self._hits.move_to_end(asked)
            return known
        found = self._match(text, mode, typos)
        self._hits[asked] = found
        if len(self._hits) > _KEPT:
            self._hits.popitem(last=False)
        return found

    def _match(self, text: str, mode: Mode, typos: int) -> dict[int, int]:
        haystacks = self.warm()
        if mode == "open":
            return self._open(text)
        if not text:
            return dict.fromkeys(range(len(self.folded)), 1)
        parts, weight = self._parts, self.weight
        if mode == "fuzzy":
            floor = self.floor(text, typos)
            matches = matcher(text, mode, typos).match_list(haystacks)
            found = {(at := m.index): (s + weight) * UNIT - 4 * parts[at] for m in matches if (s := m.score) >= floor}
        else:
            matches = matcher(text, mode).match_list(haystacks)
            found = {m.index: (m.score + weight) * UNIT - 4 * parts[m.index] for m in matches}
            if mode == "boundary":
                alone = _alone(text)
                found = {number: units for number, units in found.items() if alone.search(self.folded[number].text)}
        for number in self._equal.get(text.casefold(), ()) if self.exact else ():
            if number in found:
                found[number] += self.exact * UNIT
        return found

    def _open(self, text: str) -> dict[int, int]:
        """Match as a selector's field does, with the end left open."""
        whole, begun = opened(self.name, text)
        found: dict[int, int] = {}
        for number, value in enumerate(self.folded):
            shown = value.text.casefold()
            if begun(shown):
                found[number] = ((EXACT if whole(shown) else 0) + self.weight) * UNIT + 1
        return found

    def floor(self, text: str, typos: int = 0) -> int:
        """Return the least score, in points, of a fuzzy match that does not look like chance."""
        length = len(text)
        if typos:
            return 7 * length
        if self.strict and length <= 3:
            return LETTER * length + 1
        if length <= 2:
            return (LETTER * length) - 4
        return (9 if self.strict else 8) * length

    def positions(self, number: int, text: str, mode: Mode, typos: int = 0) -> tuple[tuple[int, ...], bool]:
        """Return the shown positions that ``text`` matches in a value, and whether its letters stand side by side."""
        asked = (number, text, mode, typos)
        known = self._spots.get(asked)
        if known is None:
            if len(self._spots) >= _KEPT_SPOTS:
                self._spots.clear()
            known = self._spots[asked] = self._locate(number, text, mode, typos)
        return known

    def _locate(self, number: int, text: str, mode: Mode, typos: int) -> tuple[tuple[int, ...], bool]:
        value = self.folded[number]
        if not text:
            return (), False
        if mode == "open":
            return value.shown(self._open_positions(value.text.casefold(), text)), True
        if mode == "boundary":
            found_alone = _alone(text).search(value.text)
            return (value.shown(range(*found_alone.span())), True) if found_alone else ((), False)
        literal = matcher(text, "substring" if mode == "fuzzy" else mode).match_one_indices(value.text, 0)
        if literal is not None:
            return value.shown(value.characters(literal.indices)), True
        if mode != "fuzzy":
            return (), False
        found = matcher(text, mode, typos).match_one_indices(value.text, 0)
        if found is None or found.score < self.floor(text, typos):
            return (), False
        at = value.characters(found.indices)
        if len(at) < len(text) - typos:
            at = _spell(text.casefold(), value.text) or at
        return value.shown(at), False

    def _open_positions(self, value: str, text: str) -> list[int]:
        """Return where the longest literal piece of a field's text stands."""
        piece = max(text.casefold().replace("-", "" if self.name == "id" else "-").split("*"), key=len).strip("/")
        at = f"/{value}".find(f"/{piece}") if self.name == "ou" else value.find(piece)
        at = value.find(piece) if at < 0 else at
        return [] if at < 0 else list(range(at, at + len(piece)))


def _alone(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_]){re.escape(text)}(?![^\W_])", re.IGNORECASE)


def _spell(text: str, value: str) -> list[int]:
    """Return the tightest stretch of ``value`` that spells ``text``: frizbee tells no letter that scored nothing."""
    lower = value.casefold()
    if len(lower) != len(value):
        return []
    best: list[int] = []
    start = lower.find(text[0])
    while start >= 0:
        at = [start]
        for letter in text[1:]:
            following = lower.find(letter, at[-1] + 1)
            if following < 0:
                return best
            at.append(following)
        if not best or at[-1] - at[0] < best[-1] - best[0]:
            best = at
        start = lower.find(text[0], start + 1)
    return best


def matcher(text: str, mode: Mode, typos: int = 0) -> Matcher:
    """Return frizbee's matcher for folded ``text``."""
    return Matcher(
        text,
        max_typos=typos,
        casing="ignore",
        matching=_LITERAL.get(mode, "fuzzy"),
        sort="index_asc",
        scoring=_SCORING,
    )


def opened(field: str, text: str) -> tuple[Callable[[str], bool], Callable[[str], bool]]:
    """Return two tests of a casefolded value: is it what ``text`` asks for, and does it begin so."""
    asked = text.casefold()
    if field == "ou":
        asked = asked.strip("/")
        return (
            lambda path: any(_glob(asked, part) for part in _stretches(path)),
            lambda path: any(_glob(asked + "*", path[start:]) for start in _starts(path)),
        )
    if field == "id":
        digits = asked.replace("-", "")
        return lambda value: _glob(digits, value), lambda value: _glob(f"*{digits}*", value)
    if field == "tag" and "=" not in asked:
        return lambda tag: _glob(asked, tag.partition("=")[0]), lambda tag: _glob(asked + "*", tag)
    if field in ("account", "role"):
        return lambda value: _glob(asked, value), lambda value: _glob(asked, value)
    return lambda value: _glob(asked, value), lambda value: _glob(asked + "*", value)


def _starts(path: str) -> list[int]:
    return [0, *(at + 1 for at, character in enumerate(path) if character == "/")]


def _stretches(path: str) -> list[str]:
    """Return every run of whole segments of a path."""
    segments = path.split("/")
    ends = range(1, len(segments) + 1)
    return ["/".join(segments[start:end]) for end in ends for start in range(end)]


def _glob(pattern: str, value: str) -> bool:
    """Tell whether ``value`` is ``pattern``, where ``*`` is any letters; in linear time, whatever is typed."""
    first, *rest = pattern.split("*")
    if not rest:
        return value == pattern
    *middle, last = rest
    if not value.startswith(first):
        return False
    at = len(first)
    for piece in middle:
        found = value.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return len(value) - len(last) >= at and value.endswith(last)
