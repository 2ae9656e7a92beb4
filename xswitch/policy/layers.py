"""What one layer of policies says about an action: identity policies, a boundary, a level of SCPs, a trust policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from xswitch.policy.conditions import Unmet, Verdict, judged
from xswitch.policy.documents import Statement, statements
from xswitch.policy.model import Document
from xswitch.policy.principals import Grant
from xswitch.policy.variables import Context, expanded_arn
from xswitch.policy.wildcard import compiled, lowered, matches

NamesCaller = Callable[[object], frozenset[Grant]]
"""Tells how a Principal element names the caller; identity policies have none and bind who they are attached to."""


@dataclass(frozen=True, slots=True)
class Place:
    """A statement: the index of its document in the layer, its own index, and its Sid."""

    document: int
    statement: int
    sid: str


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a layer says.

    :ivar place: the statement that decided, or, where the layer is silent, the Allow that came nearest.
    :ivar grants: how the trust policy names the caller: in the Allow statements that match, or, where none does, in
        all its Allow statements.
    :ivar unmet: what kept the nearest Allow from matching; empty where it fails before its conditions.
    :ivar vacuous: why conditions of the deciding Allow held for want of a value.
    """

    effect: Literal["allow", "deny", "silent"]
    place: Place | None = None
    grants: frozenset[Grant] = frozenset()
    unmet: tuple[Unmet, ...] = ()
    vacuous: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """One action on one resource in one context."""

    action: str
    resource: str
    context: Context


@dataclass(frozen=True, slots=True)
class _Reached:
    """A statement about the action, and what became of its conditions."""

    place: Place
    statement: Statement
    grants: frozenset[Grant]
    verdict: Verdict


def ruling(documents: Iterable[Document], asked: Asked, names_caller: NamesCaller | None = None) -> Ruling:
    """Return what valid documents say together: any Deny denies, else any Allow allows, else they are silent."""
    reached: list[_Reached] = []
    naming: set[Grant] = set()
    for place, statement in _each(documents):
        grants = names_caller(statement.principal) if names_caller else frozenset[Grant]()
        if names_caller and not grants:
            continue
        if statement.effect == "Allow":
            naming |= grants
        if _covers(statement, asked):
            reached.append(_Reached(place, statement, grants, judged(statement, asked.context)))
    return _together(reached, frozenset(naming))


def _together(reached: Sequence[_Reached], naming: frozenset[Grant]) -> Ruling:
    holding = [found for found in reached if not found.verdict.unmet]
    denies = [found for found in holding if found.statement.effect == "Deny"]
    allows = [found for found in holding if found.statement.effect == "Allow"]
    granted = frozenset(grant for found in allows for grant in found.grants) if allows else naming
    if denies:
        return Ruling("deny", denies[0].place, granted)
    if allows:
        best = min(allows, key=lambda found: len(found.verdict.vacuous))
        return Ruling("allow", best.place, granted, vacuous=best.verdict.vacuous)
    near = [found for found in reached if found.verdict.unmet and found.statement.effect == "Allow"]
    if not near:
        return Ruling("silent", grants=naming)
    nearest = min(near, key=lambda found: len(found.verdict.unmet))
    return Ruling("silent", nearest.place, naming, nearest.verdict.unmet)


def _each(documents: Iterable[Document]) -> Iterator[tuple[Place, Statement]]:
    for index, document in enumerate(documents):
        for statement in statements(document):
            yield Place(index, statement.index, statement.sid), statement


def _covers(statement: Statement, asked: Asked) -> bool:
    """Tell whether a statement is about the action, without regard to case, and about the resource, with it."""
    action = asked.action.lower()
    excluded = statement.not_actions is not None
    listed = statement.not_actions if statement.not_actions is not None else statement.actions
    if any(matches(lowered(compiled(text)), action) for text in listed) == excluded:
        return False
    if statement.resources is None and statement.not_resources is None:
        return True  # A trust policy has no Resource: its role is the resource.
    if statement.resources is not None:
        return any(_is_resource(text, statement, asked) for text in statement.resources)
    found = [_is_resource(text, statement, asked) for text in statement.not_resources or ()]
    if None in found and statement.effect == "Allow":
        return False
    return not any(found)


def _is_resource(text: str, statement: Statement, asked: Asked) -> bool | None:
    """Tell whether a Resource value matches; None where a variable in it has no value, so that it matches nothing."""
    pattern = expanded_arn(text, asked.context, variables=statement.variables)
    return None if pattern is None else matches(pattern, asked.resource)
