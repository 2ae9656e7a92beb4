"""Short words for policies and callers, for the tests of this room."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from xswitch.policy import Caller, Decision, Request, Role, assume_role

HOME, AWAY = "111122223333", "444455556666"
USER = f"arn:aws:iam::{HOME}:user/ada"
OPS = f"arn:aws:iam::{HOME}:role/Ops"
SESSION = f"arn:aws:sts::{HOME}:assumed-role/Ops/ada"
DEPLOY = f"arn:aws:iam::{AWAY}:role/Deploy"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def document(*statements: dict[str, Any], version: str | None = "2012-10-17") -> dict[str, Any]:
    held: dict[str, Any] = {"Version": version} if version else {}
    return {**held, "Statement": list(statements)}


def allow(action: Any = "sts:*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "sts:*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def trusting(principal: Any, action: Any = "sts:*", effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Principal": principal, "Action": action, **more}


ROOT_OF_HOME = {"AWS": f"arn:aws:iam::{HOME}:root"}
ADA = Caller(arn=USER, account=HOME, kind="user", identity_policies=(document(allow()),))
OPS_SESSION = replace(ADA, arn=SESSION, kind="role-session", issued_by=OPS)
ROLE = Role(arn=DEPLOY, account=AWAY, trust=document(trusting(ROOT_OF_HOME)))
NEAR = replace(ROLE, arn=DEPLOY.replace(AWAY, HOME), account=HOME)
WORK = Request(session_name="work", time=NOON, source_ip="203.0.113.10")


def with_trust(role: Role, *statements: dict[str, Any]) -> Role:
    return replace(role, trust=document(*statements))


def judge(condition: dict[str, Any], request: Request = WORK, caller: Caller = ADA, **more: Any) -> Decision:
    """Return the decision where the trust policy allows under one condition."""
    role = replace(ROLE, trust=document(trusting(ROOT_OF_HOME, Condition=condition), **more))
    return assume_role(caller, role, request)
