"""What AWS refuses to save: MalformedPolicyDocument.

Sources: IAM User Guide, "Grammar of the IAM JSON policy language", the pages of each element, and "IAM Access Analyzer
policy check reference" (its errors); Organizations User Guide, "SCP syntax" and "RCP syntax". The texts are AWS's
where they are known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, Literal, TypeAlias

from xswitch.policy.documents import VERSION, texts
from xswitch.policy.operators import Applied, applied
from xswitch.policy.principals import is_aws_principal
from xswitch.policy.wildcard import compiled, lowered, matches

PolicyKind: TypeAlias = Literal["identity", "trust", "scp", "rcp", "session"]
"""The kind of a document; a permissions boundary is of kind ``identity``."""

_SYNTAX: Final = "Syntax errors in policy."
_TOP: Final = frozenset({"Version", "Id", "Statement"})
_ELEMENTS: Final = frozenset(
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"]
)
_ACTION: Final = re.compile(r"\*|\*:\*|[A-Za-z0-9-]+:[^\s:]+", re.ASCII)
_ARN_SERVICE: Final = 2
"""Colons before the part of an ARN that follows the service's."""
_SID: Final = re.compile(r"[A-Za-z0-9]*", re.ASCII)
_PROVIDER: Final = re.compile(r"[^*?\s]+", re.ASCII)
_TRUST_ACTIONS: Final = (
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:setcontext",
    "sts:setsourceidentity",
    "sts:tagsession",
)
_FULL_ACCESS: Final = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


def problems(document: object, kind: PolicyKind) -> tuple[str, ...]:
    """Return what AWS refuses in a document when it is saved, empty for one that it takes.

    Never raises, whatever the JSON is. Whether the principals that a trust policy names exist is not known here.
    """
    return tuple(dict.fromkeys((*_structure(document, kind), *_on_saving(document, kind))))


def malformed(document: object, kind: PolicyKind) -> tuple[str, ...]:
    """Return what makes a document unfit to be evaluated: everything but rules that only saving knows."""
    return tuple(dict.fromkeys(_structure(document, kind)))


def _structure(document: object, kind: PolicyKind) -> Iterator[str]:
    if not isinstance(document, Mapping):
        yield _SYNTAX
        return
    if unknown := [key for key in document if key not in _TOP]:
        yield f"{_SYNTAX} Unknown element {unknown[0]!r}."
    if "Version" in document and document["Version"] not in (VERSION, "2008-10-17"):
        yield "The policy must contain a valid version string"
    if "Id" in document and (kind in ("identity", "session") or not isinstance(document["Id"], str)):
        yield "Has prohibited field Id"
    held = document.get("Statement")
    items = [held] if isinstance(held, Mapping) else held
    if not isinstance(items, list | tuple):
        yield "Missing required field Statement" if held is None else _SYNTAX
        return
    for item in items:
        yield from _statement(item, kind)
    sids = [item["Sid"] for item in items if isinstance(item, Mapping) and isinstance(item.get("Sid"), str)]
    if len([sid for sid in sids if sid]) != len({sid for sid in sids if sid}):
        yield "Statement IDs (SID) in a single policy must be unique."


def _statement(item: object, kind: PolicyKind) -> Iterator[str]:
    if not isinstance(item, Mapping):
        yield _SYNTAX
        return
    if unknown := [key for key in item if key not in _ELEMENTS]:
        yield f"{_SYNTAX} Unknown element {unknown[0]!r}."
    if item.get("Effect") not in ("Allow", "Deny"):
        yield f"Invalid effect: {item['Effect']!r}" if "Effect" in item else "Missing required field Effect"
    sid = item.get("Sid", "")
    if not isinstance(sid, str) or not _SID.fullmatch(sid):
        yield "Statement IDs (SID) must be alpha-numeric."
    yield from _principal(item, kind)
    yield from _actions(item, kind)
    yield from _resources(item, kind)
    yield from _conditions(item.get("Condition", {}))


def _principal(item: Mapping[str, object], kind: PolicyKind) -> Iterator[str]:
    if kind in ("identity", "session", "scp"):
        if "Principal" in item or "NotPrincipal" in item:
            yield "Policy document should not specify a principal."
        return
    if "NotPrincipal" in item:
        yield "Has prohibited field NotPrincipal"
    if "Principal" not in item:
        yield "Missing required field Principal"
        return
    principal = item["Principal"]
    if principal == "*":
        return
    if kind == "rcp" and principal != {"AWS": "*"}:
        yield "Invalid principal in policy: a resource control policy takes only *"
        return
    if not isinstance(principal, Mapping) or not principal:
        yield f"Invalid principal in policy: {principal!r}"
        return
    for name, values in principal.items():
        yield from _principal_values(name, values)


def _principal_values(name: object, values: object) -> Iterator[str]:
    if name not in ("AWS", "Service", "Federated") or not _is_strings(values):
        yield f"Invalid principal in policy: {name!r}"
        return
    for value in texts(values):
        good = is_aws_principal(value) if name == "AWS" else _PROVIDER.fullmatch(value)
        if not good and not (name == "Federated" and value == "*"):
            yield f'Invalid principal in policy: "{name}":"{value}"'


def _actions(item: Mapping[str, object], kind: PolicyKind) -> Iterator[str]:
    held = [name for name in ("Action", "NotAction") if name in item]
    if len(held) != 1:
        yield "Statement must contain either Action or NotAction." if held else "Missing required field Action"
        return
    values = item[held[0]]
    if not _is_strings(values):
        yield _SYNTAX
        return
    for action in texts(values):
        if not _ACTION.fullmatch(action):
            yield "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
        elif kind == "trust" and held == ["Action"] and not action.lower().startswith("sts:"):
            yield "AssumeRole policy may only specify STS AssumeRole actions."


def _resources(item: Mapping[str, object], kind: PolicyKind) -> Iterator[str]:
    held = [name for name in ("Resource", "NotResource") if name in item]
    if kind == "trust":
        yield from (f"Has prohibited field {name}" for name in held)
        return
    if len(held) != 1:
        yield "Statement must contain either Resource or NotResource." if held else "Missing required field Resource"
        return
    values = item[held[0]]
    if not _is_strings(values):
        yield _SYNTAX
        return
    for resource in texts(values):
        if resource != "*" and not resource.startswith("arn:"):
            yield f'Resource {resource} must be in ARN format or "*".'
        elif set("*?") & set("".join(resource.split(":")[2:3])) and resource.count(":") > _ARN_SERVICE:
            yield "Resource vendor must be fully qualified and cannot contain regexes."


def _conditions(blocks: object) -> Iterator[str]:
    if not isinstance(blocks, Mapping):
        yield _SYNTAX
        return
    for name, block in blocks.items():
        operator = applied(name) if isinstance(name, str) else None
        if operator is None:
            yield f"Invalid Condition type : {name}."
        elif not isinstance(block, Mapping):
            yield _SYNTAX
        else:
            for key, values in block.items():
                yield from _condition(operator, key, values)


def _condition(operator: Applied, key: object, values: object) -> Iterator[str]:
    if not isinstance(key, str) or ":" not in key or key.startswith(":") or key != key.strip():
        yield "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
    items = values if isinstance(values, list | tuple) else [values]
    if not all(isinstance(item, str | int | float) for item in items):
        yield _SYNTAX
        return
    for value in texts(values):
        if not operator.operator.readable(value):
            yield f"Invalid value {value!r} for the condition operator {operator.operator.name}."


def _on_saving(document: object, kind: PolicyKind) -> Iterator[str]:
    if not isinstance(document, Mapping):
        return
    if kind in ("scp", "rcp") and document.get("Version") != VERSION:
        yield "The provided policy document does not meet the requirements of the specified policy type."
    held = document.get("Statement")
    items = [held] if isinstance(held, Mapping) else held
    for item in items if isinstance(items, list | tuple) else ():
        if isinstance(item, Mapping) and kind == "trust" and _is_strings(item.get("Action")):
            for action in texts(item["Action"]):
                pattern = lowered(compiled(action))
                if not any(matches(pattern, known) for known in _TRUST_ACTIONS):
                    yield "AssumeRole policy may only specify STS AssumeRole actions."
        elif isinstance(item, Mapping) and kind == "rcp" and not _is_rcp_statement(item):
            yield "The provided policy document does not meet the requirements of the specified policy type."


def _is_rcp_statement(item: Mapping[str, object]) -> bool:
    """Tell whether a resource control policy may hold a statement: a Deny of named services, or the full access one."""
    if {key: value for key, value in item.items() if key != "Sid"} == _FULL_ACCESS:
        return True
    actions = texts(item["Action"]) if "Action" in item else ()
    return item.get("Effect") == "Deny" and "NotAction" not in item and not {"*", "*:*"} & set(actions)


def _is_strings(value: object) -> bool:
    items = value if isinstance(value, list | tuple) else [value]
    return all(isinstance(item, str) for item in items)
