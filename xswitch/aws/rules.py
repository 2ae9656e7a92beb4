"""Endpoint rule sets: the small language in which botocore's data says where a service is.

Six functions are all that the rules of STS and IAM call. A rule set that needs more is left to botocore's own reader by
whoever asks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

_REFERENCE: Final = r"\{([A-Za-z]\w*)(?:#(\w+))?\}"
_Scope = dict[str, Any]


class UnknownRule(Exception):
    """A rule that this reader does not understand."""


class NoEndpoint(Exception):
    """The rules have no endpoint for what was asked; the message is theirs."""


def partition_of(partitions: Sequence[Mapping[str, Any]], region: str) -> Mapping[str, Any] | None:
    """Return the first partition that lists the region or whose pattern matches it, or None."""
    for partition in partitions:
        if region in partition["regions"] or re.match(partition["regionRegex"], region):
            return partition
    return None


class RuleSet:
    """One service's rules, as read from botocore's data, and the partitions that they ask about."""

    def __init__(self, data: Mapping[str, Any], partitions: Sequence[Mapping[str, Any]]) -> None:
        self._rules = data["rules"]
        self._defaults = {name: about.get("default") for name, about in data["parameters"].items()}
        self._partitions = partitions

    def resolve(self, given: Mapping[str, str | bool]) -> tuple[str, str]:
        """Return the URL, and the region to sign for ("" where that is the one that was asked about).

        ``given`` holds parameters of the rule set; those left out have their defaults. Raises NoEndpoint, UnknownRule.
        """
        scope = self._defaults | {name: value for name, value in given.items() if name in self._defaults}
        found = self._first(self._rules, scope)
        if found is None:
            raise NoEndpoint("no rule has an endpoint for it")
        endpoint, scope = found
        schemes = endpoint.get("properties", {}).get("authSchemes", [{"name": "sigv4"}])
        signing = next((scheme for scheme in schemes if scheme.get("name") == "sigv4"), None)
        if signing is None:
            raise UnknownRule("authSchemes")
        return str(self._value(endpoint["url"], scope)), str(self._value(signing.get("signingRegion", ""), scope))

    def _first(self, rules: Sequence[Mapping[str, Any]], scope: _Scope) -> tuple[Mapping[str, Any], _Scope] | None:
        """Return the endpoint of the first rule whose conditions hold, and what they have assigned."""
        for rule in rules:
            inner = dict(scope)
            if not all(self._holds(condition, inner) for condition in rule["conditions"]):
                continue
            if rule["type"] == "error":
                raise NoEndpoint(str(self._value(rule["error"], inner)))
            if rule["type"] == "endpoint":
                return rule["endpoint"], inner
            if (found := self._first(rule["rules"], inner)) is not None:
                return found
        return None

    def _holds(self, condition: Mapping[str, Any], scope: _Scope) -> bool:
        value = self._call(condition, scope)
        if "assign" in condition:
            scope[condition["assign"]] = value
        return value is not None and value is not False

    def _value(self, expression: Any, scope: _Scope) -> Any:
        """Return what an expression stands for: a call, a reference, a text with references in it, or itself."""
        if isinstance(expression, str):
            return re.sub(_REFERENCE, lambda found: str(_attribute(scope[found[1]], found[2])), expression)
        if isinstance(expression, Mapping):
            return scope.get(expression["ref"]) if "ref" in expression else self._call(expression, scope)
        return expression

    def _call(self, call: Mapping[str, Any], scope: _Scope) -> Any:
        values = [self._value(one, scope) for one in call["argv"]]
        if call["fn"] == "aws.partition":
            partition = partition_of(self._partitions, values[0]) or self._partitions[0]
            return {**partition["outputs"], "name": partition["id"]}
        function = _FUNCTIONS.get(call["fn"])
        if function is None:
            raise UnknownRule(call["fn"])
        return function(*values)


def _attribute(value: Any, name: str | None) -> Any:
    """Return an attribute of a value, or itself where none is asked for. Paths and indexes are left to botocore."""
    if name is None:
        return value
    if name not in value:
        raise UnknownRule(name)
    return value[name]


_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "isSet": lambda value: value is not None,
    "not": lambda value: not value,
    "getAttr": _attribute,
    "booleanEquals": lambda one, other: one is other,
    "stringEquals": lambda one, other: one == other,
}
