"""Whether a statement's Condition holds in the context of a request.

Operators are ANDed, keys of one operator are ANDed, values of one key are ORed, and NORed for a negated operator (IAM
User Guide, "Conditions with multiple context keys or values").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from xswitch.policy.documents import Statement
from xswitch.policy.operators import Applied, applied
from xswitch.policy.variables import Context, expanded
from xswitch.policy.wildcard import Pattern, compiled

IF_EXISTS: Final = "if-exists-missing-key"
EMPTY_SET: Final = "forallvalues-empty-set"
NEGATED: Final = "negated-missing-key"


@dataclass(frozen=True, slots=True)
class Unmet:
    """A condition that does not hold: its key as written, and whether the request lacks it."""

    operator: str
    key: str
    missing: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a Condition: the unmet ones, and why others held without a value to compare."""

    unmet: tuple[Unmet, ...] = ()
    vacuous: tuple[str, ...] = ()


def judged(statement: Statement, context: Context) -> Verdict:
    """Return the verdict on a statement's conditions; it holds where nothing is unmet."""
    unmet: list[Unmet] = []
    vacuous: list[str] = []
    for name, key, values in statement.conditions:
        operator = applied(name)
        actual = context.get(key.lower(), ())
        if operator is None:
            unmet.append(Unmet(name, key, not actual))
            continue
        held, reason = _held(operator, actual, values, statement, context)
        if not held:
            unmet.append(Unmet(name, key, not actual))
        elif reason:
            vacuous.append(reason)
    return Verdict(tuple(unmet), tuple(vacuous))


def _held(
    operator: Applied, actual: tuple[str, ...], values: tuple[str, ...], statement: Statement, context: Context
) -> tuple[bool, str]:
    """Tell whether one condition holds, and, where it does for want of a value, why."""
    if operator.operator.name == "Null":
        missing = "false" if actual else "true"
        return any(operator.operator.compare(missing, compiled(value)) for value in values), ""
    if not actual and operator.if_exists:
        return True, IF_EXISTS
    found = [_pattern(operator, value, statement, context) for value in values]
    patterns = [pattern for pattern in found if pattern is not None]
    if None in found and statement.effect == "Allow" and operator.operator.negated:
        # A variable without a value makes a statement invalid ("Variables and tags"): a negated comparison with it
        # must not let anybody in. In a Deny it matches nothing, so that the Deny stands.
        return False, ""
    if not actual:
        return _without_value(operator)
    each = _each(operator, patterns)
    if operator.for_all:
        return all(map(each, actual)), ""
    if operator.for_any or not operator.operator.negated:
        return any(map(each, actual)), ""
    return all(map(each, actual)), ""


def _without_value(operator: Applied) -> tuple[bool, str]:
    """Judge a missing key: true for ForAllValues and for negated operators, false for ForAnyValue and the others."""
    if operator.for_all:
        return True, EMPTY_SET
    if operator.for_any:
        return False, ""
    return operator.operator.negated, NEGATED if operator.operator.negated else ""


def _each(operator: Applied, patterns: list[Pattern]) -> Callable[[str], bool]:
    """Return the test of one value: it matches one of the policy's, or none of them for a negated operator."""
    compare, negated = operator.operator.compare, operator.operator.negated

    def test(value: str) -> bool:
        results = [compare(value, pattern) for pattern in patterns]
        if None in results:
            return False
        return not any(results) if negated else any(results)

    return test


def _pattern(operator: Applied, value: str, statement: Statement, context: Context) -> Pattern | None:
    if not operator.operator.variables:
        return compiled(value)
    return expanded(value, context, variables=statement.variables)
