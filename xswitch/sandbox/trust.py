"""Trust policies and whom they name.

Saving a trust policy checks that the users and roles it names exist, and ties it to their unique ids, as AWS does: a
user that is deleted and made again is somebody else ("AWS JSON policy elements: Principal", IAM User Guide).
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from xswitch.sandbox.packing import read_policy
from xswitch.sandbox.refusal import Refusal
from xswitch.sandbox.state import Document, Role

if TYPE_CHECKING:
    from xswitch.sandbox.organization import Organization

TRUST_SIZE: Final = 2048
"""Characters of a trust policy, white space not counted (IAM quotas)."""


def trust_of(org: Organization, role: Role) -> Document:
    """Return the trust policy as it holds now: who is gone or was made again stands as the unique id it was tied to."""
    document: Document = json.loads(role.trust)
    if all(_unique_id(org, arn) == unique_id for arn, unique_id in role.trusted.items()):
        return document

    def now(name: str) -> str:
        tied = role.trusted.get(name)
        return name if tied is None or _unique_id(org, name) == tied else tied

    return _rename(document, now)


def _unique_id(org: Organization, arn: str) -> str:
    entity = org.user(arn) or org.role(arn)
    return entity.id if entity else ""


def tie(org: Organization, text: str) -> dict[str, str]:
    """Check a trust policy to be saved; return the unique ids of whom it names. Raises MalformedPolicyDocument."""
    document = read_policy(text, "trust")
    if len("".join(text.split())) > TRUST_SIZE:
        raise Refusal("LimitExceeded", f"Cannot exceed quota for ACLSizePerRole: {TRUST_SIZE}", 409)
    tied: dict[str, str] = {}
    for name in _names(document):
        if not _exists(org, name):
            raise Refusal("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{name}"')
        unique_id = _unique_id(org, name)
        if unique_id:
            tied[name] = unique_id
    return tied


def _exists(org: Organization, name: str) -> bool:
    if name == "*":
        return True
    if name.isascii() and name.isdigit():
        return name in org.accounts
    parts = name.split(":", 5)
    if len(parts) != 6:
        return any(name == entity.id for entity in _entities(org))
    account, resource = org.accounts.get(parts[4]), parts[5]
    if account is None:
        return False
    if parts[2] == "sts":
        kind, _, rest = resource.partition("/")
        return kind == "federated-user" or (kind == "assumed-role" and rest.split("/")[0].lower() in account.roles)
    return resource == "root" or bool(_unique_id(org, name))


def _entities(org: Organization) -> Iterator[Any]:
    for account in org.accounts.values():
        yield from account.users.values()
        yield from account.roles.values()


def _statements(document: Document) -> list[dict[str, Any]]:
    found = document.get("Statement", [])
    return found if isinstance(found, list) else [found]


def _names(document: Document) -> Iterator[str]:
    for statement in _statements(document):
        principal = statement.get("Principal")
        if isinstance(principal, dict):
            named = principal.get("AWS", [])
            yield from [named] if isinstance(named, str) else named


def _rename(document: Document, change: Callable[[str], str]) -> Document:
    changed = copy.deepcopy(document)
    for statement in _statements(changed):
        principal = statement.get("Principal")
        if isinstance(principal, dict) and "AWS" in principal:
            named = principal["AWS"]
            principal["AWS"] = change(named) if isinstance(named, str) else [change(name) for name in named]
    return changed
