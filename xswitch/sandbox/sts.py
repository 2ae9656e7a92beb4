"""The actions of AWS Security Token Service, with every rule of its API reference.

Each action takes the organization and a call, and returns the content of its result element, or raises Refusal with
AWS's own code and text. The order is AWS's: malformed requests first, then the MFA code, then permission, then what a
permitted caller may still ask for too much of (the role's maximum, the hour of a chain).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from xswitch.sandbox import authority, rules
from xswitch.sandbox.mfa import check_code
from xswitch.sandbox.packing import packed_percent, session_policies
from xswitch.sandbox.refusal import SESSION_MAY_NOT, Refusal, access_denied, not_authorized, validation
from xswitch.sandbox.rules import Checker, Number, Text
from xswitch.sandbox.state import Document, IssuedSession, Principal, SessionKind
from xswitch.sandbox.wire import iso

if TYPE_CHECKING:
    from xswitch.sandbox.organization import Call, Organization

DEFAULT_ROLE_SECONDS: Final = 3600
DEFAULT_TOKEN_SECONDS: Final = 43200
MOST_TOKEN_SECONDS: Final = 129600
_ROLE_ARN: Final = re.compile(r"arn:aws(?:-[a-z]+)*:iam::\d{12}:role/[\u0021-\u007E]+", re.ASCII)
_POLICY_TEXT: Final = r"[\u0009\u000A\u000D\u0020-\u00FF]+"
_ARN_TEXT: Final = Text("arn", 20, 2048, r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD]+")


def assume_role(org: Organization, call: Call) -> dict[str, Any]:
    """AssumeRole."""
    asked = _read_assume_role(org, call)
    wanted, caller = asked.wanted, call.principal
    with_code = check_code(org, caller, asked.serial, asked.code, call.now)
    role = authority.check_assume_role(org, call, wanted, with_code=with_code)
    account = role.arn.split(":")[4]
    carried = tuple(key for key, _ in wanted.inherited)
    session = _issue(
        org,
        call,
        kind="role-session",
        account=account,
        arn=f"arn:aws:sts::{account}:assumed-role/{role.name}/{wanted.session_name}",
        unique_id=f"{role.id}:{wanted.session_name}",
        owner=role.arn,
        seconds=wanted.duration or DEFAULT_ROLE_SECONDS,
        tags=(*wanted.inherited, *wanted.tags),
        transitive=(*carried, *wanted.transitive),
        source_identity=wanted.source_identity or (caller.session.source_identity if caller.session else ""),
        policies=asked.policies,
        token_size=asked.token_size,
    )
    result: dict[str, Any] = {
        "AssumedRoleUser": {"AssumedRoleId": session.unique_id, "Arn": session.arn},
        "Credentials": credentials(session),
    }
    if session.source_identity:
        result["SourceIdentity"] = session.source_identity
    if asked.percent is not None:
        result["PackedPolicySize"] = asked.percent
    return result


@dataclass(frozen=True, slots=True)
class _Asked:
    """An AssumeRole call whose form is right: what is wanted, and what goes with it."""

    wanted: authority.Wanted
    serial: str | None
    code: str | None
    token_size: int
    percent: int | None
    policies: tuple[Document, ...] | None


def _read_assume_role(org: Organization, call: Call) -> _Asked:
    """Return what an AssumeRole call asks for; raises Refusal for everything that is wrong with the call itself."""
    check = Checker(call.params)
    role_arn = check.text(Text("RoleArn", 20, 2048, _ARN_TEXT.pattern, required=True)) or ""
    name = check.text(Text("RoleSessionName", 2, 64, rules.SESSION_NAME, required=True)) or ""
    policy, policy_arns = _policies(check)
    duration = check.number(Number("DurationSeconds", 900, 43200))
    tags = check.tags()
    transitive = check.tag_keys("TransitiveTagKeys")
    external_id = check.text(Text("ExternalId", 2, 1224, rules.EXTERNAL_ID))
    serial, code = _mfa(check)
    source_identity = check.text(Text("SourceIdentity", 2, 64, rules.SESSION_NAME))
    token_size = check.number(Number("MinimumSessionTokenSize", 0, 4096)) or 0
    check.done()
    authority.may_assume_at_all(call.principal, role_arn)
    if not _ROLE_ARN.fullmatch(role_arn):
        raise validation(f"{role_arn} is invalid")
    inherited = _inherited(call.principal)
    _check_tags(tags, transitive, inherited)
    wanted = authority.Wanted(
        role_arn=role_arn,
        session_name=name,
        duration=duration,
        external_id=external_id,
        source_identity=source_identity,
        tags=tags,
        transitive=transitive,
        inherited=tuple(inherited.items()),
        policy=policy,
        policy_arns=policy_arns,
    )
    percent = packed_percent(policy, policy_arns, tags)
    policies = session_policies(org, role_arn.split(":")[4], policy, policy_arns)
    return _Asked(wanted, serial, code, token_size, percent, policies)


def get_session_token(org: Organization, call: Call) -> dict[str, Any]:
    """GetSessionToken: for an IAM user's own keys. It asks for no permission, as AWS documents."""
    check = Checker(call.params)
    duration = check.number(Number("DurationSeconds", 900, MOST_TOKEN_SECONDS))
    serial, code = _mfa(check)
    token_size = check.number(Number("MinimumSessionTokenSize", 0, 4096)) or 0
    check.done()
    caller = _long_term(call.principal, "GetSessionToken")
    with_code = check_code(org, caller, serial, code, call.now)
    session = _issue(
        org,
        call,
        kind="session-token",
        account=caller.account,
        arn=caller.arn,
        unique_id=caller.unique_id,
        owner=caller.owner,
        seconds=duration or DEFAULT_TOKEN_SECONDS,
        mfa_at=call.now if with_code else None,
        token_size=token_size,
    )
    return {"Credentials": credentials(session)}


def get_federation_token(org: Organization, call: Call) -> dict[str, Any]:
    """GetFederationToken: for an IAM user's own keys that are allowed sts:GetFederationToken."""
    check = Checker(call.params)
    name = check.text(Text("Name", 2, 32, rules.SESSION_NAME, required=True)) or ""
    policy, policy_arns = _policies(check)
    duration = check.number(Number("DurationSeconds", 900, MOST_TOKEN_SECONDS))
    tags = check.tags()
    token_size = check.number(Number("MinimumSessionTokenSize", 0, 4096)) or 0
    check.done()
    caller = _long_term(call.principal, "GetFederationToken")
    _check_tags(tags, (), {})
    percent = packed_percent(policy, policy_arns, tags)
    policies = session_policies(org, caller.account, policy, policy_arns)
    arn = f"arn:aws:sts::{caller.account}:federated-user/{name}"
    for action in ("sts:GetFederationToken", *(("sts:TagSession",) if tags else ())):
        authority.require(org, call, action, arn, authority.tag_context(tags))
    session = _issue(
        org,
        call,
        kind="federated",
        account=caller.account,
        arn=arn,
        unique_id=f"{caller.account}:{name}",
        owner=caller.owner,
        seconds=duration or DEFAULT_TOKEN_SECONDS,
        tags=tags,
        policies=policies or (),
        token_size=token_size,
    )
    result: dict[str, Any] = {
        "Credentials": credentials(session),
        "FederatedUser": {"FederatedUserId": session.unique_id, "Arn": arn},
    }
    if percent is not None:
        result["PackedPolicySize"] = percent
    return result


def get_caller_identity(_org: Organization, call: Call) -> dict[str, Any]:
    """GetCallerIdentity: for everybody whose signature holds; no permission is asked for and no Deny prevents it."""
    return {"Arn": call.principal.arn, "UserId": call.principal.unique_id, "Account": call.principal.account}


def get_access_key_info(org: Organization, call: Call) -> dict[str, Any]:
    """GetAccessKeyInfo: the account that a key id belongs to."""
    check = Checker(call.params)
    key_id = check.text(Text("AccessKeyId", 16, 128, r"[\w]*", required=True)) or ""
    check.done()
    if call.principal.kind in ("session-token", "federated"):
        raise access_denied(SESSION_MAY_NOT.format(action="GetAccessKeyInfo"))
    authority.require(org, call, "sts:GetAccessKeyInfo", "*", {})
    key = org.users_by_key.get(key_id) or org.sessions.get(key_id)
    if key is None:
        raise validation(f"AccessKeyId {key_id} is invalid")
    return {"Account": key.account}


def credentials(session: IssuedSession) -> dict[str, str]:
    """Return the Credentials element of a session."""
    return {
        "AccessKeyId": session.key_id,
        "SecretAccessKey": session.secret,
        "SessionToken": session.token,
        "Expiration": iso(session.expires),
    }


def _mfa(check: Checker) -> tuple[str | None, str | None]:
    serial = check.text(Text("SerialNumber", 9, 256, rules.SERIAL))
    code = check.text(Text("TokenCode", 6, 6, rules.DIGITS))
    return serial, code


def _policies(check: Checker) -> tuple[str | None, tuple[str, ...]]:
    policy = check.text(Text("Policy", 1, 2048, _POLICY_TEXT))
    arns = []
    for number, item in enumerate(check.items("PolicyArns", 10), 1):
        arn = item.get("arn", item.get("Arn")) if isinstance(item, dict) else None
        if not isinstance(arn, str):
            check.fault(None, f"policyArns.{number}.member.arn", "not be null")
            continue
        check.value(arn, f"policyArns.{number}.member.arn", _ARN_TEXT)
        arns.append(arn)
    return policy, tuple(arns)


def _long_term(caller: Principal, action: str) -> Principal:
    if caller.kind == "user":
        return caller
    if caller.kind == "root":
        raise not_authorized(caller.arn, f"sts:{action}", caller.arn)
    raise access_denied(SESSION_MAY_NOT.format(action=action))


def _inherited(caller: Principal) -> dict[str, str]:
    if caller.session is None:
        return {}
    carried = {key.lower() for key in caller.session.transitive}
    return {key: value for key, value in caller.session.tags if key.lower() in carried}


def _check_tags(tags: tuple[tuple[str, str], ...], transitive: tuple[str, ...], inherited: dict[str, str]) -> None:
    keys = [key for key, _ in tags]
    if rules.duplicate(keys) is not None or rules.duplicate(transitive) is not None:
        raise Refusal(
            "InvalidParameterValue", "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        )
    sent = {key.lower() for key in keys}
    if not {key.lower() for key in transitive} <= sent:
        raise Refusal(
            "InvalidParameterValue", "The specified transitive tag key must be included in the requested tags."
        )
    if sent & {key.lower() for key in inherited}:
        raise Refusal(
            "InvalidParameterValue",
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from "
            "the calling session.",
        )


def _issue(
    org: Organization,
    call: Call,
    *,
    kind: SessionKind,
    account: str,
    arn: str,
    unique_id: str,
    owner: str,
    seconds: int,
    mfa_at: float | None = None,
    tags: tuple[tuple[str, str], ...] = (),
    transitive: tuple[str, ...] = (),
    source_identity: str = "",
    policies: tuple[Document, ...] | None = None,
    token_size: int = 0,
) -> IssuedSession:
    lasts = min(seconds, call.lifetime) if call.lifetime else seconds
    session = IssuedSession(
        kind=kind,
        key_id=org.make_key_id("ASIA"),
        secret=org.make_secret(),
        token=org.make_token(token_size),
        account=account,
        arn=arn,
        unique_id=unique_id,
        owner=owner,
        issued=call.now,
        expires=float(int(call.now) + lasts),
        mfa_at=mfa_at,
        tags=tags,
        transitive=transitive,
        source_identity=source_identity,
        policies=policies,
    )
    org.sessions[session.key_id] = session
    return session


ACTIONS: Final = {
    "AssumeRole": assume_role,
    "GetSessionToken": get_session_token,
    "GetFederationToken": get_federation_token,
    "GetCallerIdentity": get_caller_identity,
    "GetAccessKeyInfo": get_access_key_info,
}
