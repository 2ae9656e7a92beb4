"""The AWS CLI's files, ``config`` and ``credentials``, read with the line of every section.

What the values are is botocore's to say (:mod:`botocore.configloader`, on Python's RawConfigParser), and a test holds
this reader to it; ten thousand profiles take botocore the better part of a second, which is too long to look at a file.
What no AWS client could read is an error here as well, with the line's number and not its words: one that lost its
key or its ``=`` may be a secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from xswitch.tomlfile import quoted, read_bytes, refusal

Value = str | dict[str, str]
"""A setting's value; an indented block below a bare ``key =`` is a table of its own."""

_COMMENTS = ("#", ";")
_BLOCK_INDENT = "    "


@dataclass(slots=True)
class Section:
    """One section: its header as written between the brackets, its 1-based line, and its settings, keys lower case.

    ``lines`` has the 1-based line at which each setting begins.
    """

    name: str
    line: int
    values: dict[str, Value] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)


def read(file: Path) -> tuple[Section, ...]:
    """Return the sections of a file, in their order; none where there is no file. Raises InvalidConfig."""
    return parse(read_bytes(file), file) if file.exists() else ()


def parse(content: bytes, file: Path) -> tuple[Section, ...]:
    """Return the sections that ``content`` holds; ``file`` is for messages. Raises InvalidConfig, with the line."""
    try:
        text = content.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        at = content.count(b"\n", 0, error.start) + 1
        raise refusal(file, "is not UTF-8 from here on", "save it as UTF-8", at) from None
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    found: dict[str, Section] = {}
    section: Section | None = None
    key = ""
    blanks = depth = 0
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.strip()
        if not stripped:
            blanks += 1
            continue
        if stripped[0] in _COMMENTS:
            continue
        indent = line.index(stripped[0]) if line[0] != stripped[0] else 0
        if key and indent > depth and section is not None:
            section.values[key] = "\n".join((str(section.values[key]), *[""] * blanks, stripped))
            blanks = 0
            continue
        depth, blanks = indent, 0
        if _is_header(stripped):
            section, key = _begin(found, stripped, number, file), ""
        elif section is None:
            why = "this is no section" if stripped[0] == "[" else "no section begins before this line"
            raise refusal(file, why, "a profile begins with [profile NAME]", number)
        else:
            key = _set(section, stripped, number, file)
    for one in found.values():
        _nest(one, file)
    return tuple(found.values())


def leading(lines: Sequence[bytes]) -> int:
    """Return how many of these lines come before their first section, where a setting without indent is above them."""
    depth = 0
    for at, line in enumerate(lines):
        text = line.decode("utf-8", "replace")
        stripped = text.strip()
        if not is_setting(line):
            continue
        indent = text.index(stripped[0])
        if indent <= depth:
            if _is_header(stripped):
                return at
            depth = indent
    return len(lines)


def is_setting(line: bytes) -> bool:
    """Tell whether a line is no comment and not blank: a header, a setting or a part of one."""
    stripped = line.decode("utf-8", "replace").strip()
    return bool(stripped) and stripped[0] not in _COMMENTS


def written(key: str, value: Value) -> list[str]:
    """Return the lines of a setting, from which :func:`parse` reads the same."""
    if isinstance(value, str):
        first, *more = value.split("\n")
    else:
        first, more = "", [f"{name} = {text}" for name, text in value.items()]
    return [f"{key} = {first}".rstrip(), *(_BLOCK_INDENT + line if line else "" for line in more)]


def _is_header(line: str) -> bool:
    return line[0] == "[" and line.rfind("]") > 1


def _begin(found: dict[str, Section], line: str, number: int, file: Path) -> Section:
    name = line[1:].rpartition("]")[0]
    if name in found:
        at = found[name].line
        raise refusal(file, f"the section {quoted(name)} stands twice", f"line {at} has the first", number)
    section = found[name] = Section(name, number)
    return section


def _set(section: Section, line: str, number: int, file: Path) -> str:
    """Take a setting, parted at the first ``=`` or ``:`` as RawConfigParser does, and return its key."""
    at, colon = line.find("="), line.find(":")
    if colon >= 0 and (at < 0 or colon < at):
        at = colon
    key = line[:at].rstrip().lower() if at > 0 else ""
    if not key:
        raise refusal(file, "this is no setting", "a setting is written as key = value", number)
    if key in section.values:
        raise refusal(file, f"{quoted(key)} is set twice in {quoted(section.name)}", "keep one of them", number)
    section.values[key] = line[at + 1 :].lstrip()
    section.lines[key] = number
    return key


def _nest(section: Section, file: Path) -> None:
    """Turn the blocks below a bare ``key =`` into tables, as botocore does for ``s3 =``."""
    for key, value in section.values.items():
        if not isinstance(value, str) or not value.startswith("\n"):
            continue
        table: dict[str, str] = {}
        for line in filter(None, map(str.strip, value.splitlines())):
            name, equals, rest = line.partition("=")
            if not equals:
                raise refusal(file, f"below {quoted(key)} stands what is no setting", "as key = value", section.line)
            table[name.strip()] = rest.strip()
        section.values[key] = table
