"""What each policy says about an action of an AssumeRole call, and which of it stands in the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xswitch.policy.causes import DENIED_BY, SET_SOURCE_IDENTITY, SIDES, TAG_SESSION, of_condition, of_silent_identity
from xswitch.policy.documents import statements
from xswitch.policy.layers import Asked, Ruling, ruling
from xswitch.policy.model import Caller, Document, Finding, Role, Where
from xswitch.policy.principals import Grant, aws_principals, grants, is_unique_id


@dataclass(frozen=True, slots=True)
class Seen:
    """The rulings of every layer on one action; None for a layer that is not there."""

    asked: Asked
    identity: Ruling
    boundary: Ruling | None
    session: Ruling | None
    scps: tuple[Ruling, ...]
    trust: Ruling | None = None
    rcps: tuple[Ruling, ...] = ()

    @property
    def grants(self) -> frozenset[Grant]:
        """How the trust policy names the caller."""
        return self.trust.grants if self.trust else frozenset()

    def allowing(self) -> tuple[Finding, ...]:
        """Return the statements that allow, of the caller's policies and of the trust policy."""
        layers: tuple[tuple[Where, Ruling | None], ...] = (
            ("identity", self.identity),
            ("boundary", self.boundary),
            ("session", self.session),
            ("trust", self.trust),
        )
        found = (_finding(where, self.asked, one, "allow") for where, one in layers if one and one.effect == "allow")
        return tuple(found)


def look(caller: Caller, role: Role | None, asked: Asked) -> Seen:
    """Return what every layer says about one action; without a role, what those of the caller's account say."""
    seen = Seen(
        asked,
        ruling(caller.identity_policies, asked),
        None if caller.boundary is None else ruling((caller.boundary,), asked),
        ruling(caller.session_policies, asked) if caller.session_policies else None,
        () if caller.org_management else tuple(ruling(level, asked) for level in caller.scps),
    )
    if role is None:
        return seen
    trust = _trust_document(role)
    return Seen(
        seen.asked,
        seen.identity,
        seen.boundary,
        seen.session,
        seen.scps,
        None if trust is None else ruling((trust,), asked, lambda named: grants(named, caller)),
        _rcps(caller, role, asked),
    )


def caller_findings(caller: Caller, role: Role, seen: Seen) -> Iterator[Finding]:
    """Yield what stands in the way on the caller's side."""
    yield from _explicit(seen)
    yield from _silent_scps(seen)
    same_account = caller.account == role.account
    ways = [_missing(seen, ("identity", "boundary", "session"))]
    if same_account:
        ways.extend(_missing(seen, _limits(grant, caller)) for grant in sorted(seen.grants - {"account"}))
    yield from min(ways, key=len)


def role_findings(role: Role, seen: Seen) -> Iterator[Finding]:
    """Yield what stands in the way on the role's side.

    RCPs only ever deny: RCPFullAWSAccess is attached everywhere and can't be detached, and no other may allow.
    """
    for level, one in enumerate(seen.rcps):
        if one.effect == "deny":
            yield _finding("rcp", seen.asked, one, DENIED_BY["rcp"], level=level)
    if seen.trust is None:
        yield Finding("trust", seen.asked.action, "silent", "role-does-not-exist", "role")
    elif seen.trust.effect == "deny":
        yield _finding("trust", seen.asked, seen.trust, DENIED_BY["trust"])
    elif seen.trust.effect == "silent":
        for cause in _silent_trust(role, seen.trust, seen.asked.action):
            yield _finding("trust", seen.asked, seen.trust, cause)


def within_account(caller: Caller, asked: Asked) -> list[Finding]:
    """Return what keeps a caller from an action in its own account; SCPs alone bind a root user."""
    seen = look(caller, None, asked)
    found = [*_explicit(seen), *_silent_scps(seen)]
    if caller.kind != "root":
        found.extend(_missing(seen, ("identity", "boundary", "session")))
    return sorted(found, key=lambda finding: finding.effect != "deny")


def _limits(grant: Grant, caller: Caller) -> tuple[Where, ...]:
    """Return which of the caller's own limits have to allow where a trust policy of its account names it directly.

    A role's ARN leaves its sessions under the boundary and the session policies, a session's own ARN and ``*`` do not
    ("Policy evaluation logic", "Principal"). A user's boundary has to allow sts:AssumeRole all the same ("Update a role
    trust policy"), though the general rule for users named in resource-based policies says otherwise.
    """
    if grant == "role":
        return ("boundary", "session")
    return ("boundary",) if caller.kind in ("user", "session-token") else ()


def _missing(seen: Seen, layers: tuple[Where, ...]) -> list[Finding]:
    """Return a finding for each of the layers that is there and silent."""
    found: list[Finding] = []
    rulings = {"identity": seen.identity, "boundary": seen.boundary, "session": seen.session}
    for where in layers:
        one = rulings[where]
        if one is None or one.effect != "silent":
            continue
        named = where == "identity"
        causes = of_silent_identity(seen.asked.action, one.unmet) if named else (DENIED_BY[where],)
        found.extend(_finding(where, seen.asked, one, cause) for cause in causes)
    return found


def _explicit(seen: Seen) -> Iterator[Finding]:
    layers: tuple[tuple[Where, Ruling | None], ...] = (
        ("identity", seen.identity),
        ("boundary", seen.boundary),
        ("session", seen.session),
    )
    for where, one in layers:
        if one is not None and one.effect == "deny":
            yield _finding(where, seen.asked, one, DENIED_BY[where])
    for level, one in enumerate(seen.scps):
        if one.effect == "deny":
            yield _finding("scp", seen.asked, one, DENIED_BY["scp"], level=level)


def _silent_scps(seen: Seen) -> Iterator[Finding]:
    """Every level from the root to the account has to allow ("SCP evaluation")."""
    for level, one in enumerate(seen.scps):
        if one.effect == "silent":
            yield _finding("scp", seen.asked, one, DENIED_BY["scp"], level=level)


def _silent_trust(role: Role, trust: Ruling, action: str) -> tuple[str, ...]:
    conditions = tuple(dict.fromkeys(of_condition(unmet) for unmet in trust.unmet))
    if action == TAG_SESSION:
        return ("tag-session", *conditions)
    if action == SET_SOURCE_IDENTITY:
        return ("set-source-identity-trust", *conditions)
    if conditions:
        return conditions
    if trust.grants:
        return ("trust-action",)
    document = _trust_document(role)
    named = [
        principal
        for statement in (statements(document) if document else ())
        if statement.effect == "Allow"
        for principal in aws_principals(statement.principal)
    ]
    if named and all(map(is_unique_id, named)):
        return ("principal-does-not-exist", "trust-principal")
    return ("trust-principal",)


def _rcps(caller: Caller, role: Role, asked: Asked) -> tuple[Ruling, ...]:
    if role.org_management:
        return ()
    return tuple(ruling(level, asked, lambda named: grants(named, caller)) for level in role.rcps)


def _trust_document(role: Role) -> Document | None:
    return role.trust if role.exists else None


def _finding(where: Where, asked: Asked, one: Ruling, cause: str, *, level: int | None = None) -> Finding:
    return Finding(
        where,
        asked.action,
        one.effect,
        cause,
        SIDES[where],
        level,
        one.place.document if one.place else None,
        one.place.statement if one.place else None,
        one.place.sid if one.place else "",
        tuple(dict.fromkeys(unmet.key for unmet in one.unmet)),
    )
