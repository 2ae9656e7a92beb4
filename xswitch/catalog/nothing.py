"""Why a selector matches nothing, and what is near to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Final

from xswitch.catalog.model import Catalog, Target
from xswitch.catalog.selector import Field, Selector, Term
from xswitch.errors import NoSuchTarget
from xswitch.text import clean, plural
from xswitch.tomlfile import nearest

_SAID: Final = 8
"""Values of a field that a hint tells."""
_OPERATORS: Final = re.compile(r"^['^]+|[$']+$")
_PLAIN: Final = re.compile(r'[^\s":!]+')

_VALUES: Final[Mapping[Field, Callable[[Target], Iterable[str]]]] = {
    "env": lambda target: (target.account.environment,),
    "id": lambda target: (target.account.id,),
    "role": lambda target: (target.role,),
    "account": lambda target: (target.account.name,),
    "tag": lambda target: (f"{key}={value}" for key, value in target.account.tags),
    "ou": lambda target: target.account.ou.split("/"),
    "arn": lambda target: (target.arn.removeprefix("arn:"),),
}


def unmatched(catalog: Catalog, text: str, live: Container[str]) -> NoSuchTarget:
    """Return the error for a selector that matches nothing, with the nearest one that matches, or what there is.

    ``live`` has the names of the targets with a live session. Raises Usage where ``text`` is no selector.
    """
    targets = list(catalog.targets)

    def count(written: str) -> int:
        selector = Selector.parse(written)
        return sum(selector.matches(target, live=target.name in live) for target in targets)

    terms = Selector.parse(text).terms
    if not terms:
        return NoSuchTarget("there is no target", "no account of the catalog has a role")
    failing = next((term for term in terms if not count(term.given)), None)
    if failing is None:
        hint = "each of its words matches something, and no target matches them all"
    elif failing.negated:
        hint = f"every target matches {clean(failing.given[1:])}"
    elif failing.field == "live":
        hint = "`xswitch sessions` lists the live sessions"
    else:
        near = _near(catalog, targets, failing)
        number = count(near) if near else 0
        hint = f"nearest: {clean(near)}, {plural(number, 'target')}" if number else ""
    return NoSuchTarget(f"nothing matches {clean(text)}", hint or _there_is(targets, failing))


def _near(catalog: Catalog, targets: list[Target], term: Term) -> str:
    """Return a term like ``term`` that may match, as a selector writes it, or ""."""
    if term.field != "word":
        name = nearest(term.text, _values(targets, term.field))
        return f"{term.field}:{_written(name)}" if name else ""
    word = _OPERATORS.sub("", term.text)
    if "*" in word:
        return f"account:{_written(word)}"
    if word and word != term.text:
        return _written(word)
    from xswitch.catalog.search import Index

    return _written(Index(catalog.targets, catalog.environments).nearest(word))


def _there_is(targets: list[Target], term: Term | None) -> str:
    """Say which values a term's field has; for a word, what it is looked for in."""
    if term is None or term.field not in _VALUES:
        return "a word is looked for in names, ids, OUs, environments and tags, letter by letter"
    values = _values(targets, term.field)
    said = ", ".join(clean(value) for value in values[:_SAID]) + (", …" if len(values) > _SAID else "")
    return f"{term.field}: is one of {said}" if values else f"no target has any {term.field}:"


def _values(targets: list[Target], field: Field) -> list[str]:
    """Return every value of a field once, in the catalog's order."""
    return list(dict.fromkeys(value for target in targets for value in _VALUES[field](target) if value))


def _written(value: str) -> str:
    """Return a value as a selector takes it."""
    return value if not value or _PLAIN.fullmatch(value) else f'"{value.replace(chr(34), "")}"'
