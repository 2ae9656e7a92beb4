"""Whether AWS would allow a call: the state of the sandbox, put to the rules of :mod:`xswitch.policy`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from xswitch import policy as rules_of_aws
from xswitch.policy.model import Caller, Decision, Request
from xswitch.policy.model import Role as AskedRole
from xswitch.sandbox.refusal import ROOT_MAY_NOT, Refusal, access_denied, invalid_token, not_authorized
from xswitch.sandbox.state import Document, Principal, Role, User
from xswitch.sandbox.trust import trust_of

if TYPE_CHECKING:
    from xswitch.sandbox.organization import Call, Organization

ContextValue: TypeAlias = str | Sequence[str]
_NOTHING: Final[Document] = {"Version": "2012-10-17", "Statement": []}
_STATUS: Final = {"AccessDenied": 403}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an AssumeRole call asks for, checked for form. ``inherited`` are the tags carried down the chain."""

    role_arn: str
    session_name: str
    duration: int | None
    external_id: str | None
    source_identity: str | None
    tags: tuple[tuple[str, str], ...]
    transitive: tuple[str, ...]
    inherited: tuple[tuple[str, str], ...]
    policy: str | None
    policy_arns: tuple[str, ...]


def may_assume_at_all(caller: Principal, role_arn: str) -> None:
    """Raise AccessDenied for those who can never call AssumeRole: root users and federated users."""
    if caller.kind == "root":
        raise access_denied(ROOT_MAY_NOT)
    if caller.kind == "federated":
        raise not_authorized(caller.arn, "sts:AssumeRole", role_arn)


def may_use_service(service: str, caller: Principal) -> None:
    """Raise what AWS answers where temporary credentials can't call a service at all.

    IAM takes neither federated users nor session tokens without MFA ("Compare AWS STS credentials", IAM User Guide).
    """
    if service != "iam" or caller.session is None:
        return
    if caller.kind == "federated" or (caller.kind == "session-token" and caller.session.mfa_at is None):
        raise invalid_token()


def check_assume_role(org: Organization, call: Call, wanted: Wanted, *, with_code: bool) -> Role:
    """Return the role where AWS would let the caller assume it; raises Refusal with AWS's code and text."""
    role = org.role(wanted.role_arn)
    request = Request(
        session_name=wanted.session_name,
        duration=wanted.duration,
        external_id=wanted.external_id,
        source_identity=wanted.source_identity,
        tags=dict(wanted.tags),
        transitive_tag_keys=wanted.transitive,
        policy=wanted.policy,
        policy_arns=wanted.policy_arns,
        source_ip=call.source_ip or None,
        region=call.region,
        time=datetime.fromtimestamp(int(call.now), UTC),
    )
    caller = _caller(org, call.principal, call.now, with_code=with_code)
    _obey(rules_of_aws.assume_role(caller, _asked(org, wanted.role_arn, role), request))
    if role is None:
        raise not_authorized(call.principal.arn, "sts:AssumeRole", wanted.role_arn)
    return role


def require(org: Organization, call: Call, action: str, resource: str, context: Mapping[str, ContextValue]) -> None:
    """Raise AccessDenied unless the caller's own policies allow an action, within its own account."""
    caller = _caller(org, call.principal, call.now)
    facts: dict[str, ContextValue] = {
        "aws:CurrentTime": datetime.fromtimestamp(int(call.now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:RequestedRegion": call.region,
        **({"aws:SourceIp": call.source_ip} if call.source_ip else {}),
        **context,
    }
    _obey(rules_of_aws.authorize(caller, action, resource, facts))


def tag_context(tags: Sequence[tuple[str, str]]) -> dict[str, ContextValue]:
    """Return the condition keys that tags in a request give: aws:RequestTag/… and aws:TagKeys."""
    if not tags:
        return {}
    found: dict[str, ContextValue] = {f"aws:RequestTag/{key}": value for key, value in tags}
    found["aws:TagKeys"] = [key for key, _ in tags]
    return found


def _obey(decision: Decision) -> None:
    if not decision.allowed:
        code = decision.code or "AccessDenied"
        raise Refusal(code, decision.message, _STATUS.get(code, 400))


def _caller(org: Organization, principal: Principal, now: float, *, with_code: bool = False) -> Caller:
    session = principal.session
    entity = org.user(principal.owner) or org.role(principal.owner)
    member = org.member(principal.account)
    mfa_age = 0.0 if with_code else None
    if session is not None and session.mfa_at is not None and not with_code:
        mfa_age = now - session.mfa_at
    carried = {key.lower() for key in session.transitive} if session else set()
    sent = session.tags if session else ()
    limits: tuple[Document, ...] = session.policies or () if session else ()
    if principal.kind == "federated" and not limits:
        limits = (_NOTHING,)
    return Caller(
        arn=principal.arn,
        account=principal.account,
        kind=principal.kind,
        issued_by=principal.owner if session else "",
        mfa_age=mfa_age,
        tags=_laid_over(entity.tags if entity else {}, sent),
        transitive_tags={key: value for key, value in sent if key.lower() in carried},
        source_identity=(session.source_identity or None) if session else None,
        org_id=org.id if member else None,
        org_path=org.org_path(principal.account) if member else None,
        org_management=principal.account == org.management_id,
        identity_policies=_documents(org, entity),
        boundary=_boundary(org, entity),
        session_policies=limits,
        scps=_levels(org, principal.account, "SERVICE_CONTROL_POLICY"),
        unique_id=entity.id if entity else "",
        issued_at=datetime.fromtimestamp(int(session.issued), UTC) if session else None,
    )


def _asked(org: Organization, arn: str, role: Role | None) -> AskedRole:
    account = arn.split(":")[4]
    member = org.member(account)
    return AskedRole(
        arn=arn,
        account=account,
        trust=trust_of(org, role) if role else None,
        max_session_duration=role.max_session if role else 3600,
        exists=role is not None,
        org_management=account == org.management_id,
        org_id=org.id if member else None,
        org_path=org.org_path(account) if member else None,
        rcps=_levels(org, account, "RESOURCE_CONTROL_POLICY"),
        tags=role.tags if role else {},
        unique_id=role.id if role else "",
    )


def _laid_over(own: Mapping[str, str], sent: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return principal tags: a session tag takes the place of the role's own of that key, whatever its case."""
    over = {key.lower(): (key, value) for key, value in own.items()}
    over |= {key.lower(): (key, value) for key, value in sent}
    return dict(over.values())


def _documents(org: Organization, entity: User | Role | None) -> tuple[Document, ...]:
    if entity is None:
        return ()
    managed = [org.policy(arn) for arn in entity.attached]
    texts = [*entity.inline.values(), *(policy.document for policy in managed if policy)]
    return tuple(_parsed(text) for text in texts)


def _boundary(org: Organization, entity: User | Role | None) -> Document | None:
    policy = org.policy(entity.boundary) if entity and entity.boundary else None
    return _parsed(policy.document) if policy else None


def _levels(org: Organization, account: str, kind: str) -> tuple[tuple[Document, ...], ...]:
    """Return the organization's policies that bind an account, a level each, root first; none outside of it."""
    if kind not in org.policy_types:
        return ()
    return tuple(
        tuple(
            _parsed(policy.content)
            for policy in org.org_policies.values()
            if policy.type == kind and level in policy.targets
        )
        for level in org.lineage(account)
    )


def _parsed(text: str) -> Any:
    return json.loads(text)
