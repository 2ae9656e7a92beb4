"""Policy documents in a form that can be evaluated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from xswitch.policy.model import Document

VERSION: Final = "2012-10-17"
"""The version of the policy language that has variables; a document that names none is of 2008-10-17."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a valid document, each element as a tuple; ``index`` is its place in the document."""

    index: int
    sid: str
    effect: str
    variables: bool
    actions: tuple[str, ...]
    not_actions: tuple[str, ...] | None
    resources: tuple[str, ...] | None
    not_resources: tuple[str, ...] | None
    principal: object
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]


def statements(document: Document) -> tuple[Statement, ...]:
    """Return the statements of a document in which :func:`xswitch.policy.validation.problems` finds nothing."""
    variables = document.get("Version") == VERSION
    held = document.get("Statement", ())
    items = (held,) if isinstance(held, Mapping) else held
    return tuple(_statement(index, item, variables) for index, item in enumerate(items))


def texts(value: object) -> tuple[str, ...]:
    """Return the values of an element, one or a list, as the text that AWS compares."""
    items = value if isinstance(value, list | tuple) else (value,)
    return tuple(_text(item) for item in items)


def parsed(text: str) -> Any:
    """Return the JSON of a policy's text.

    Raises ValueError where it is not JSON, nests too deep, or holds one key twice, which the policy grammar forbids
    ("Individual elements must not contain multiple instances of the same key").
    """
    import json

    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("the document nests too deep") from error


def _statement(index: int, item: Mapping[str, Any], variables: bool) -> Statement:
    def optional(name: str) -> tuple[str, ...] | None:
        return texts(item[name]) if name in item else None

    return Statement(
        index=index,
        sid=str(item.get("Sid", "")),
        effect=str(item["Effect"]),
        variables=variables,
        actions=optional("Action") or (),
        not_actions=optional("NotAction"),
        resources=optional("Resource"),
        not_resources=optional("NotResource"),
        principal=item.get("Principal"),
        conditions=tuple(
            (operator, key, texts(values))
            for operator, block in item.get("Condition", {}).items()
            for key, values in block.items()
        ),
    )


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} stands twice in one element")
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
