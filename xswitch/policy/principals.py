"""Who a Principal element names, and how directly (IAM User Guide, "AWS JSON policy elements: Principal")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from xswitch.policy.documents import texts
from xswitch.policy.model import Caller

Grant: TypeAlias = Literal["account", "user", "role", "session", "anyone"]
"""How a principal names the caller: by its account, by the user's or role's ARN, by the session's, or with ``*``."""

_ENTITIES: Final[dict[str, Grant]] = {"role-session": "role", "user": "user", "session-token": "user"}
_ACCOUNT: Final = re.compile(r"\d{12}", re.ASCII)
_UNIQUE_ID: Final = re.compile(r"A(?:ID|RO)A[A-Z0-9]{1,124}", re.ASCII)
_ARN: Final = re.compile(
    r"arn:[a-z0-9-]+:(?:iam::\d{12}:(?:root|(?:user|role)/[^*?\s]+)"
    r"|sts::\d{12}:(?:assumed-role/[^*?/\s]+/[^*?/\s]+|federated-user/[^*?\s]+))",
    re.ASCII,
)


def is_unique_id(text: str) -> bool:
    """Tell whether a principal is a unique id: what a user or role becomes that is deleted after it was named."""
    return _UNIQUE_ID.fullmatch(text) is not None


def is_aws_principal(text: str) -> bool:
    """Tell whether a text has the form of a value of ``{"AWS": …}``; a wildcard can't match part of a principal."""
    return text == "*" or any(form.fullmatch(text) for form in (_ACCOUNT, _ARN, _UNIQUE_ID))


def aws_principals(principal: object) -> tuple[str, ...]:
    """Return the AWS principals of a Principal element; ``*`` alone is the same as ``{"AWS": "*"}``."""
    if principal == "*":
        return ("*",)
    if isinstance(principal, Mapping) and "AWS" in principal:
        return texts(principal["AWS"])
    return ()


def grants(principal: object, caller: Caller) -> frozenset[Grant]:
    """Return the ways in which a Principal element names the caller, none where it does not.

    Services and federated providers never name somebody who calls AssumeRole with keys of their own.
    """
    found = (_grant(named, caller) for named in aws_principals(principal))
    return frozenset(grant for grant in found if grant)


def _grant(named: str, caller: Caller) -> Grant | None:
    if named == "*":
        return "anyone"
    partition = caller.arn.split(":")[1:2]
    if named in (caller.account, f"arn:{''.join(partition)}:iam::{caller.account}:root"):
        return "account"
    if named == caller.arn:
        return "user" if caller.kind in ("user", "session-token") else "session"
    by_id = bool(caller.unique_id) and named == caller.unique_id
    if not by_id and named != caller.principal_arn:
        return None
    return _ENTITIES.get(caller.kind)
