"""The lines of a TOML text: where every key, table header and array item stands.

tomli tells no positions, so a text is walked a second time where one is wanted. The walk trusts that the text is TOML.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

Keys = tuple[str | int, ...]
"""Where a value stands: ``("accounts", 3, "roles", 0, "name")``, from the top of the file."""

BARE: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
"""A key that needs no quotes."""


def line_at(lines: Mapping[Keys, int], keys: Keys) -> int:
    """Return the line of ``keys``, or of the nearest thing around them that has one."""
    while keys not in lines and keys:
        keys = keys[:-1]
    return lines.get(keys, 1)


_BLANK: Final = re.compile(r"[ \t]*")
_GAP: Final = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_STRING: Final = re.compile(
    r'"""(?:[^"\\]|\\[\s\S]|"(?!""))*"""(?:"{1,2}(?!"))?'
    r"|'''(?:[^']|'(?!''))*'''(?:'{1,2}(?!'))?"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
)
_SCALAR: Final = re.compile(r"[^,\]}#\r\n]*")
_ESCAPE: Final = re.compile(r'\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([btnfre"\\]))')
_SHORT: Final = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b", '"': '"', "\\": "\\"}


@lru_cache(maxsize=4)
def lines_of(text: str) -> Mapping[Keys, int]:
    """Return the 1-based line of every key, table header and array item of a text that is valid TOML.

    For text that is not, the lines up to the place where it stops being TOML.
    """
    scan = _Scan(text)
    try:
        scan.run()
    except (_LostError, RecursionError):
        return scan.lines
    return scan.lines


class _LostError(Exception):
    """The text is not TOML here."""


class _Scan:
    """Walks a TOML text once. Methods take the keys of what they are in, and move ``at`` past what they read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Keys, int] = {}
        self._breaks = [found.start() for found in re.finditer("\n", text)]
        self._lengths: dict[Keys, int] = {}

    def run(self) -> None:
        """Read the whole text: headers, and keys with their values."""
        table: Keys = ()
        text = self.text
        while True:
            self._skip(_GAP)
            if self.at >= len(text):
                return
            if text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _note(self, keys: Keys, at: int) -> None:
        line = bisect_right(self._breaks, at - 1) + 1 if at else 1
        for length in range(1, len(keys) + 1):
            self.lines.setdefault(keys[:length], line)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()

    def _expect(self, mark: str) -> None:
        if not self.text.startswith(mark, self.at):
            raise _LostError
        self.at += len(mark)

    def _header(self) -> Keys:
        start = self.at
        many = self.text.startswith("[[", start)
        self.at += 2 if many else 1
        names = self._key()
        self._expect("]]" if many else "]")
        keys: Keys = ()
        for place, name in enumerate(names):
            keys = (*keys, name)
            if many and place == len(names) - 1:
                number = self._lengths.get(keys, 0)
                self._lengths[keys] = number + 1
                keys = (*keys, number)
            elif keys in self._lengths:
                keys = (*keys, self._lengths[keys] - 1)
        self._note(keys, start)
        return keys

    def _key(self) -> list[str]:
        names: list[str] = []
        while True:
            self._skip(_BLANK)
            bare = BARE.match(self.text, self.at)
            found = bare or _STRING.match(self.text, self.at)
            if found is None:
                raise _LostError
            self.at = found.end()
            names.append(found[0] if bare else _unquoted(found[0]))
            self._skip(_BLANK)
            if not self.text.startswith(".", self.at):
                return names
            self.at += 1

    def _pair(self, table: Keys) -> None:
        start = self.at
        keys = (*table, *self._key())
        self._note(keys, start)
        self._expect("=")
        self._value(keys)

    def _value(self, keys: Keys) -> None:
        self._skip(_BLANK)
        mark = self.text[self.at : self.at + 1]
        if mark in ('"', "'"):
            self._skip(_STRING) if _STRING.match(self.text, self.at) else self._expect("\0")
        elif mark == "[":
            self._array(keys)
        elif mark == "{":
            self._inline(keys)
        else:
            self._skip(_SCALAR)

    def _array(self, keys: Keys) -> None:
        self.at += 1
        number = 0
        while True:
            self._skip(_GAP)
            if self.text.startswith("]", self.at):
                self.at += 1
                return
            before = self.at
            self._note((*keys, number), before)
            self._value((*keys, number))
            self._separator("]", before)
            number += 1

    def _inline(self, keys: Keys) -> None:
        self.at += 1
        while True:
            self._skip(_GAP)
            if self.text.startswith("}", self.at):
                self.at += 1
                return
            before = self.at
            self._pair(keys)
            self._separator("}", before)

    def _separator(self, end: str, before: int) -> None:
        self._skip(_GAP)
        if self.text.startswith(",", self.at):
            self.at += 1
        elif not self.text.startswith(end, self.at) or self.at == before:
            raise _LostError


def _unquoted(text: str) -> str:
    if text.startswith("'"):
        return text[1:-1]
    return _ESCAPE.sub(_unescaped, text[1:-1])


def _unescaped(found: re.Match[str]) -> str:
    short = found[4]
    if short:
        return _SHORT[short]
    code = int(found[1] or found[2] or found[3], 16)
    return chr(code) if code <= 0x10FFFF else ""
