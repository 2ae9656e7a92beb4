"""The condition keys of a request, in lower case, with their values.

Sources: IAM User Guide, "AWS global condition context keys", and the Service Authorization Reference for STS.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from xswitch.policy.model import Caller, Request, Role
from xswitch.policy.variables import Context

_TYPES: Final = {
    "user": "User",
    "session-token": "User",
    "role-session": "AssumedRole",
    "federated": "FederatedUser",
    "root": "Account",
}


def caller_context(caller: Caller) -> dict[str, tuple[str, ...]]:
    """Return the keys that describe the principal, whatever it calls."""
    found: dict[str, str | None] = {
        "aws:principalarn": caller.principal_arn,
        "aws:principalaccount": caller.account,
        "aws:principaltype": _TYPES[caller.kind],
        "aws:principalisawsservice": "false",
        "aws:viaawsservice": "false",
        "aws:securetransport": "true",
        "aws:userid": caller.user_id or None,
        "aws:sourceidentity": caller.source_identity,
        "aws:principalorgid": caller.org_id,
        "aws:principalorgpaths": caller.org_path,
        "aws:username": _user_name(caller),
    }
    if caller.issued_at is not None and caller.kind not in ("user", "root"):
        found["aws:tokenissuetime"] = moment(caller.issued_at)
    found |= _mfa(caller)
    for key, value in caller.tags.items():
        found.setdefault(f"aws:principaltag/{key}".lower(), value)
    return {key: (value,) for key, value in found.items() if value is not None}


def assume_role_context(caller: Caller, role: Role, request: Request) -> Context:
    """Return the keys of one AssumeRole call."""
    found: dict[str, str | None] = {
        "sts:externalid": request.external_id,
        "sts:rolesessionname": request.session_name,
        "sts:sourceidentity": request.source_identity,
        "aws:sourceip": request.source_ip,
        "aws:requestedregion": request.region,
        "aws:currenttime": moment(request.time),
        "aws:epochtime": str(int(request.time.timestamp())),
        "aws:resourceaccount": role.account,
        "aws:resourceorgid": role.org_id,
        "aws:resourceorgpaths": role.org_path,
    }
    for prefix in ("aws:resourcetag/", "iam:resourcetag/"):
        for key, value in role.tags.items():
            found.setdefault(prefix + key.lower(), value)
    for key, value in request.tags.items():
        found.setdefault(f"aws:requesttag/{key}".lower(), value)
    several = {"aws:tagkeys": tuple(request.tags), "sts:transitivetagkeys": tuple(request.transitive_tag_keys)}
    return caller_context(caller) | {key: (value,) for key, value in found.items() if value is not None} | several


def given_context(given: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    """Return condition keys as somebody else wrote them: any case, a value or several, None for a missing key."""
    found: dict[str, tuple[str, ...]] = {}
    for key, value in given.items():
        several = value if isinstance(value, list | tuple | set | frozenset) else (value,)
        found[key.lower()] = tuple(_text(item) for item in several if item is not None)
    return found


def moment(time: datetime) -> str:
    """Return a moment as AWS writes it: UTC, with the fraction of a second where it has one."""
    text = time.astimezone(UTC).isoformat()
    return text.replace("+00:00", "Z")


def _mfa(caller: Caller) -> dict[str, str | None]:
    """Long-term keys without a code have no MFA key at all; temporary ones without MFA have it false, and no age."""
    if caller.mfa_age is None:
        return {} if caller.kind in ("user", "root") else {"aws:multifactorauthpresent": "false"}
    return {"aws:multifactorauthpresent": "true", "aws:multifactorauthage": str(int(caller.mfa_age))}


def _user_name(caller: Caller) -> str | None:
    return caller.principal_arn.rpartition("/")[2] if caller.kind in ("user", "session-token") else None


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
