r"""JSON of one flat object, without the json module, whose import costs the fast commands more than their work.

What is written is what ``json.dumps`` writes, to the letter; what is read is what ``json.dumps`` wrote, no more: no
blanks, and whole numbers and texts as values.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Final

    Value = str | int | bool | None | Sequence[str]

_SHORT: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f", "\b": "\\b"}
_KINDS: Final = (b'"', b"\\", b"n", b"r", b"t", b"f", b"b", b"u")
_HEX: Final = frozenset(b"0123456789abcdef")
_CONTROLS: Final = bytes(range(32))
_MOST_DIGITS: Final = 4000  # Python itself refuses more than some


def compact(pairs: Mapping[str, Value]) -> str:
    """Return an object on one line, without blanks, letters of every script as they are."""
    return "{" + ",".join([f"{quoted(name)}:{_value(pairs[name], ',', escape=False)}" for name in pairs]) + "}"


def spaced(pairs: Mapping[str, Value]) -> str:
    """Return an object on one line, a blank after each comma and colon, all in ASCII."""
    return "{" + ", ".join([f"{quoted(name, escape=True)}: {_value(pairs[name], ', ')}" for name in pairs]) + "}"


def indented(pairs: Mapping[str, str]) -> str:
    """Return an object with a line for each pair, all in ASCII."""
    lines = [f"\n  {quoted(name, escape=True)}: {quoted(value, escape=True)}" for name, value in pairs.items()]
    return "{" + ",".join(lines) + "\n}" if lines else "{}"


def _value(value: Value, apart: str, *, escape: bool = True) -> str:
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return quoted(value, escape=escape)
    return "[" + apart.join([quoted(item, escape=escape) for item in value]) + "]"


def quoted(text: str, *, escape: bool = False) -> str:
    r"""Return a text in quotes. ``escape`` writes what is not printable ASCII as ``\uXXXX`` (RFC 8259, section 7)."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join([_escaped(character, escape=escape) for character in text]) + '"'


def _escaped(character: str, *, escape: bool) -> str:
    if character in _SHORT:
        return _SHORT[character]
    number = ord(character)
    if number >= 0x20 and not (escape and number > 0x7E):
        return character
    if number < 0x10000:
        return f"\\u{number:04x}"
    number -= 0x10000
    return f"\\u{0xD800 | number >> 10:04x}\\u{0xDC00 | number & 0x3FF:04x}"


def read(text: bytes) -> dict[str, str | int] | None:
    """Return the texts and whole numbers of an object that ``json.dumps`` wrote without blanks, None for any other."""
    end = len(text) - 1
    if text[:1] != b"{" or text[end:] != b"}" or not text.isascii() or text.translate(None, _CONTROLS) != text:
        return None
    found: dict[str, str | int] = {}
    at = 1
    while at < end:
        name, at = _text(text, at)
        if name is None or text[at : at + 1] != b":":
            return None
        value: str | int | None
        value, at = _text(text, at + 1) if text[at + 1 : at + 2] == b'"' else _number(text, at + 1)
        if value is None or not (at == end or text[at : at + 1] == b","):
            return None
        found[name] = value
        at += 1
    return found if at == end + 1 or text == b"{}" else None


def first_texts(text: bytes, count: int) -> list[str] | None:
    """Return the first ``count`` texts of an array that ``json.dumps`` wrote, None where it begins otherwise."""
    found: list[str] = []
    at = 1
    while text[:1] == b"[":
        value, at = _text(text, at)
        if value is None:
            break
        found.append(value)
        if len(found) == count:
            return found
        if text[at : at + 2] != b", ":
            break
        at += 2
    return None


def _text(text: bytes, at: int) -> tuple[str | None, int]:
    """Return the text whose quote is at ``at``, and where it ends; None for no text."""
    if text[at : at + 1] != b'"':
        return None, at
    close = at
    piece = b"\\"
    while (len(piece) - len(piece.rstrip(b"\\"))) % 2:  # the quote after it is escaped
        close = text.find(b'"', close + 1)
        if close < 0:
            return None, at
        piece = text[at + 1 : close]
    if b"\\" not in piece:
        return piece.decode(), close + 1
    if not _escapes_are_right(piece):
        return None, at
    # Characters beyond 16 bits are written as two halves, put together here.
    halves = piece.decode("unicode_escape")
    return halves.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass"), close + 1


def _escapes_are_right(piece: bytes) -> bool:
    """Tell whether every escape is one that ``json.dumps`` writes: Python's own, which are read here, are more."""
    at = piece.find(b"\\")
    while at >= 0:
        kind = piece[at + 1 : at + 2]
        if kind == b"u" and not (len(piece) >= at + 6 and _HEX.issuperset(piece[at + 2 : at + 6])):
            return False
        if kind not in _KINDS:
            return False
        at = piece.find(b"\\", at + 2)
    return True


def _number(text: bytes, at: int) -> tuple[int | None, int]:
    """Return the whole number at ``at``, and where it ends; None for no number."""
    end = at + (text[at : at + 1] == b"-")
    while text[end : end + 1].isdigit():
        end += 1
    digits = text[at:end].removeprefix(b"-")
    if not digits or len(digits) > _MOST_DIGITS or (digits[:1] == b"0" and len(digits) > 1):
        return None, at
    return int(text[at:end]), end
