"""Policy variables: ``${aws:username}``, defaults and the three escapes (IAM User Guide, "Variables and tags").

They are replaced in documents of Version 2012-10-17 alone; in others they are literal text. Names are not case
sensitive. A key with several values can't stand in a variable. What is put in is literal: it holds no wildcards.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, TypeAlias

from xswitch.policy.wildcard import Pattern, Wild, compiled

Context: TypeAlias = Mapping[str, tuple[str, ...]]
"""The request context: condition keys in lower case, with their values. A key without a value is missing."""

_VARIABLE: Final = re.compile(r"\$\{([^{}]*)\}")
_NAMED: Final = re.compile(r"\s*([^,\s']+)\s*(?:,\s*'([^']*)')?\s*")
_ESCAPES: Final = frozenset("*?$")
_ARN_PARTS: Final = 6


def expanded(text: str, context: Context, *, variables: bool) -> Pattern | None:
    """Return the pattern of a text; None where a variable in it has neither value nor default."""
    if not variables or "${" not in text:
        return compiled(text)
    pieces: list[str | Wild] = []
    position = 0
    for found in _VARIABLE.finditer(text):
        pieces.extend(compiled(text[position : found.start()]))
        value = _value(found.group(1), found.group(0), context)
        if value is None:
            return None
        if value:
            pieces.append(value)
        position = found.end()
    pieces.extend(compiled(text[position:]))
    return tuple(pieces)


def expanded_arn(text: str, context: Context, *, variables: bool) -> Pattern | None:
    """Return the pattern of a ``Resource`` value; variables count only after the ARN's fifth colon.

    An ARN with fewer than six parts is completed with wildcards ("Resource", on incomplete ARNs).
    """
    if text == "*":
        return (Wild.ANY,)
    parts = text.split(":", _ARN_PARTS - 1)
    if len(parts) < _ARN_PARTS:
        return compiled(":".join([*parts, *["*"] * (_ARN_PARTS - len(parts))]))
    last = expanded(parts[-1], context, variables=variables)
    return None if last is None else (*compiled(":".join(parts[:-1]) + ":"), *last)


def literal(pattern: Pattern) -> str:
    """Return a pattern as plain text, for operators that take no wildcards."""
    return "".join(piece if isinstance(piece, str) else piece.value for piece in pattern)


def _value(inside: str, whole: str, context: Context) -> str | None:
    if inside in _ESCAPES:
        return inside
    named = _NAMED.fullmatch(inside)
    if named is None:
        return whole
    values = context.get(named.group(1).lower(), ())
    return values[0] if len(values) == 1 else named.group(2)
