"""The limits of request parameters, checked as AWS checks them: all at once, before anybody is asked for permission.

Source: the request parameters of each action in the STS and IAM API references. Patterns are ASCII only and must match
the whole value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from xswitch.sandbox.refusal import Refusal, validation

SESSION_NAME: Final = r"[\w+=,.@-]*"
EXTERNAL_ID: Final = r"[\w+=,.@:\/-]*"
SERIAL: Final = r"[\w+=/:,.@-]*"
DIGITS: Final = r"[\d]*"
IAM_NAME: Final = r"[\w+=,.@-]+"
IAM_PATH: Final = r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)"
_TAG_SIGNS: Final = frozenset("_.:/=+-@")


@dataclass(frozen=True, slots=True)
class Text:
    """A text parameter: its name on the wire, its least and greatest length, and its pattern ("" for any)."""

    name: str
    least: int
    most: int
    pattern: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """An integer parameter with its range."""

    name: str
    least: int
    most: int
    required: bool = False


class Checker:
    """Collects what is wrong with a request, in the order of its parameters, and refuses it all at once."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._params = params
        self._wrong: list[str] = []

    def fault(self, value: object, where: str, constraint: str) -> None:
        """Note one violation in AWS's words."""
        shown = "null" if value is None else f"'{value}'"
        self._wrong.append(f"Value {shown} at '{where}' failed to satisfy constraint: Member must {constraint}")

    def text(self, rule: Text) -> str | None:
        """Return the parameter's text, or None where it was not sent."""
        value = self._params.get(rule.name)
        where = member(rule.name)
        if value is None:
            if rule.required:
                self.fault(None, where, "not be null")
            return None
        if not isinstance(value, str):
            raise Refusal("MalformedInput", f"{rule.name} must be a text")
        self.value(value, where, rule)
        return value

    def value(self, value: str, where: str, rule: Text) -> None:
        """Check one text against a rule, at whatever place it stands."""
        if len(value) < rule.least:
            self.fault(value, where, f"have length greater than or equal to {rule.least}")
        if len(value) > rule.most:
            self.fault(value, where, f"have length less than or equal to {rule.most}")
        if rule.pattern and not re.fullmatch(rule.pattern, value, re.ASCII):
            self.fault(value, where, f"satisfy regular expression pattern: {rule.pattern}")

    def number(self, rule: Number) -> int | None:
        """Return the parameter's number, or None where it was not sent."""
        raw = self._params.get(rule.name)
        where = member(rule.name)
        if raw is None:
            if rule.required:
                self.fault(None, where, "not be null")
            return None
        if not re.fullmatch(r"[+-]?\d{1,18}", str(raw), re.ASCII):
            raise Refusal("MalformedInput", f"{rule.name} must be a number")
        value = int(raw)
        if value < rule.least:
            self.fault(value, where, f"have value greater than or equal to {rule.least}")
        if value > rule.most:
            self.fault(value, where, f"have value less than or equal to {rule.most}")
        return value

    def items(self, name: str, most: int) -> list[Any]:
        """Return a list parameter ([] where it was not sent or is empty)."""
        value = self._params.get(name)
        if value is None or value == "":
            return []
        if not isinstance(value, list):
            raise Refusal("MalformedInput", f"{name} must be a list")
        if len(value) > most:
            self.fault(f"[{', '.join(map(str, value))}]", member(name), f"have length less than or equal to {most}")
        return value

    def tags(self, name: str = "Tags", most: int = 50) -> tuple[tuple[str, str], ...]:
        """Return tags as pairs, with key (1 to 128) and value (0 to 256) checked."""
        found = []
        for number, tag in enumerate(self.items(name, most), 1):
            if not isinstance(tag, dict) or not isinstance(tag.get("Key"), str):
                self.fault(None, f"{member(name)}.{number}.member.key", "not be null")
                continue
            key, value = tag["Key"], tag.get("Value")
            if not isinstance(value, str):
                self.fault(None, f"{member(name)}.{number}.member.value", "not be null")
                continue
            self._tag(key, f"{member(name)}.{number}.member.key", 1, 128)
            self._tag(value, f"{member(name)}.{number}.member.value", 0, 256)
            found.append((key, value))
        return tuple(found)

    def tag_keys(self, name: str) -> tuple[str, ...]:
        """Return a list of tag keys, each checked."""
        keys = tuple(str(key) for key in self.items(name, 50))
        for number, key in enumerate(keys, 1):
            self._tag(key, f"{member(name)}.{number}.member", 1, 128)
        return keys

    def _tag(self, text: str, where: str, least: int, most: int) -> None:
        self.value(text, where, Text("", least, most))
        if not all(letter in _TAG_SIGNS or unicodedata.category(letter)[0] in "LZN" for letter in text):
            sign = "+" if least else "*"
            self.fault(text, where, rf"satisfy regular expression pattern: [\p{{L}}\p{{Z}}\p{{N}}_.:/=+\-@]{sign}")

    def done(self) -> None:
        """Raise ValidationError with everything found, or return."""
        if self._wrong:
            count = len(self._wrong)
            errors = "error" if count == 1 else "errors"
            raise validation(f"{count} validation {errors} detected: {'; '.join(self._wrong)}")


def member(name: str) -> str:
    """Return a parameter's name as AWS's validation errors have it: ``roleSessionName``."""
    if name.isupper():
        return name.lower()
    return name[:1].lower() + name[1:]


def duplicate(keys: Sequence[str]) -> str | None:
    """Return the first key that another one equals but for case, as AWS compares tag keys."""
    seen: set[str] = set()
    for key in keys:
        if key.lower() in seen:
            return key
        seen.add(key.lower())
    return None
