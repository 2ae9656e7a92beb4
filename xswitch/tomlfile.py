"""Reading a TOML file so that everything wrong in it can be named at once, with file, line and dotted key.

tomli tells no positions for what it parsed, so the line of a key is looked up afterwards, by :mod:`xswitch.tomllines`,
and only when there is a problem to report: a good file costs nothing more than tomli itself.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from xswitch.errors import InvalidConfig, Problem
from xswitch.text import clean
from xswitch.tomllines import BARE, Keys, line_at, lines_of

Fault = tuple[Keys, str, str]
"""Something wrong with a value: where below it, a message, and a hint ("" for none)."""

Check = Callable[[object], "Iterable[Fault]"]
"""A rule for one value: yields what is wrong with it, nothing where it is right."""

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of the largest file that is read: more than a hundred thousand accounts need, less than memory."""


@dataclass(frozen=True, slots=True)
class Document:
    """A TOML file as it was read: its name for messages, its text and its values."""

    file: str
    text: str
    data: dict[str, object]

    def place(self, keys: Keys) -> str:
        """Return ``file:line`` of what stands at ``keys``, safe to show."""
        return f"{clean(self.file)}:{line_at(lines_of(self.text), keys)}"


def read_bytes(path: Path) -> bytes:
    """Return the content of a regular file. Raises InvalidConfig for a folder, a device, or what can't be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise refusal(path, "there is no such file", "check the path, and XSWITCH_CATALOG if that names it") from None
    except OSError as error:
        raise refusal(path, f"can't be read: {_reason(error)}", "check who owns it and its permissions") from None
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise refusal(path, "is a folder, not a file", "move it away, or name a file")
        if not stat.S_ISREG(status.st_mode):
            raise refusal(path, "is not a regular file", "write it to a file first")
        if status.st_size > LARGEST:
            raise refusal(path, f"is larger than {LARGEST // 1024 // 1024} MiB")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read()
    except OSError as error:
        raise refusal(path, f"can't be read: {_reason(error)}") from None
    finally:
        os.close(descriptor)


def parse_document(path: Path, content: bytes) -> Document:
    """Return the document that ``content`` is; a UTF-8 byte order mark is passed over, as editors write one.

    Raises InvalidConfig, with the line where that is known, for what is not UTF-8 or not TOML.
    """
    import tomli

    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refusal(path, "is in UTF-16", "save it as UTF-8")
    try:
        text = content.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise refusal(path, "is not UTF-8 from here on", "save it as UTF-8", line) from None
    try:
        return Document(str(path), text, tomli.loads(text))
    except tomli.TOMLDecodeError as error:
        raise refusal(path, f"is not TOML: {_lower(error.msg)}", "see https://toml.io", error.lineno) from None
    except (ValueError, RecursionError) as error:
        raise refusal(path, f"is not TOML that can be read: {_lower(str(error))}") from None


def read_document(path: Path) -> Document:
    """Read and parse a TOML file. Raises InvalidConfig."""
    return parse_document(path, read_bytes(path))


def refusal(path: Path, message: str, hint: str = "", line: int | None = None) -> InvalidConfig:
    """Return the error for a file that can't be used as a whole."""
    return InvalidConfig((Problem(clean(str(path)), line, "", message, hint),))


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def _lower(text: str) -> str:
    return clean(text[:1].lower() + text[1:])


class Report:
    """Gathers what is wrong in any number of files, and looks the lines up when it is asked for all of it."""

    __slots__ = ("_documents", "_found", "_whole")

    def __init__(self) -> None:
        self._documents: dict[str, Document] = {}
        self._found: dict[tuple[str, Keys, str, str], None] = {}
        self._whole: list[Problem] = []

    def add(self, document: Document, keys: Keys, message: str, hint: str = "") -> None:
        """Note a problem at ``keys`` of a document. For a key that is missing, its line is that of its table."""
        self._documents.setdefault(document.file, document)
        self._found[document.file, keys, message, hint] = None

    def add_whole(self, error: InvalidConfig) -> None:
        """Note the problems of a file that could not be read or parsed at all."""
        self._whole.extend(error.problems)

    def __bool__(self) -> bool:
        return bool(self._found or self._whole)

    def problems(self) -> tuple[Problem, ...]:
        """Return everything that was noted: files in the order they were first noted in, then by line."""
        placed: list[Problem] = []
        for file, document in self._documents.items():
            lines = lines_of(document.text)
            here = [
                Problem(clean(file), line_at(lines, keys), dotted(keys), message, hint)
                for name, keys, message, hint in self._found
                if name == file
            ]
            placed.extend(sorted(here, key=lambda problem: problem.line or 0))
        return (*self._whole, *placed)

    @property
    def whole(self) -> bool:
        """Tell whether some file could not be read or parsed at all."""
        return bool(self._whole)

    @property
    def count(self) -> int:
        """The number of problems noted so far."""
        return len(self._found) + len(self._whole)

    def raise_any(self, hint: str = "") -> None:
        """Raise InvalidConfig with every problem, if there is one."""
        if self:
            raise InvalidConfig(self.problems(), hint)


def check_table(
    report: Report,
    document: Document,
    keys: Keys,
    table: Mapping[str, object],
    rules: Mapping[str, Check],
    *,
    required: Iterable[str] = (),
    elsewhere: Mapping[str, str] | None = None,
) -> dict[str, object]:
    """Check a table against the rules of its keys; return what is right of it.

    Notes unknown keys with the nearest known one (or what ``elsewhere`` says of them), wrong values, and required
    keys that are missing.
    """
    good: dict[str, object] = {}
    for key, value in table.items():
        rule = rules.get(key)
        if rule is None:
            hint = (elsewhere or {}).get(key) or known_hint(key, rules)
            report.add(document, (*keys, key), f"unknown key {quoted(key)}", hint)
            continue
        faults = tuple(rule(value))
        for below, message, hint in faults:
            report.add(document, (*keys, key, *below), message, hint)
        if not faults:
            good[key] = value
    for key in required:
        if key not in table:
            report.add(document, (*keys, key), f"{key} is missing")
    return good


def known_hint(word: str, known: Iterable[str]) -> str:
    """Return the hint for an unknown word: the nearest known one, else all of them."""
    known = list(known)
    found = nearest(word, known)
    if found:
        return f"did you mean {quoted(found)}?"
    return f"known here: {', '.join(sorted(clean(name) for name in known))}" if 0 < len(known) <= 24 else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that is most like ``word``, or ""."""
    from difflib import get_close_matches

    choices: dict[str, str] = {}
    for name in known:
        choices.setdefault(name.casefold(), name)
    found = get_close_matches(word[:200].casefold(), choices, n=1, cutoff=0.6)
    return choices[found[0]] if found else ""


def quoted(text: str) -> str:
    """Return a name from a file as messages show it: safe, short enough, in double quotes."""
    safe = clean(text)
    return f'"{safe if len(safe) <= 80 else safe[:79] + "…"}"'


def said(value: object) -> str:
    """Say what a TOML value is, for a message about a wrong type."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, int):
        return "a whole number"
    if isinstance(value, float):
        return "a number"
    if isinstance(value, dict):
        return "a table"
    return "an array" if isinstance(value, list) else "a date or time"


def dotted(keys: Keys) -> str:
    """Return keys as one dotted key, safe to show: ``accounts[3].roles[0].name``; the first of an array is 0."""
    parts: list[str] = []
    for key in keys:
        if isinstance(key, int):
            parts.append(f"[{key}]")
        else:
            word = key if BARE.fullmatch(key) else quoted(key)
            parts.append(f".{word}" if parts else word)
    return "".join(parts)
