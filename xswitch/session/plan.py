"""How a target will be opened: pure data, worked out from the catalog and from what is known, without any I/O.

Who calls first decides it (AWS's rules are in :mod:`xswitch.session.duration` and :mod:`xswitch.session.names`)::

    an IAM user's own keys, no MFA         AssumeRole, up to 12 hours
    the same, MFA, an hour is enough       GetSessionToken with the code, kept 12 hours for every role; AssumeRole, 1 h
    the same, MFA, longer                  AssumeRole with the code, up to 12 hours; the code serves this role alone
    the same, mfa_session always           GetSessionToken whatever is asked; AssumeRole, 1 h
    the same, mfa_session never            AssumeRole with the code whatever is asked; via another, the first of them
    the same, via another target           with MFA GetSessionToken first; the via target's hops; AssumeRole, 1 h
    the same, MFA, renewed meanwhile       GetSessionToken with the code; AssumeRole, 1 h at a time
    a login of Identity Center             GetRoleCredentials, as long as the set says; via it AssumeRole, 1 h
    anything temporary                     AssumeRole, 1 h: its own sign-in has or lacks MFA, a code can't add it
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from xswitch.catalog.model import Account, Catalog, Environment, Identity, Target
from xswitch.errors import NoSuchTarget, Usage
from xswitch.session import by_login, names
from xswitch.session.duration import (
    CHAIN,
    HOUR,
    ROLE,
    SESSION_TOKEN_LIFE,
    SHORTEST,
    RefusedFrom,
    below,
    checked,
    ladder,
)
from xswitch.session.model import Caller, Hop, Options, Plan
from xswitch.text import clean

if TYPE_CHECKING:
    from xswitch.preferences import MfaSession

_REGION: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+){1,5}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Given:
    """What every hop of one plan is worked out from."""

    catalog: Catalog
    identity: Identity
    caller: Caller
    learnt: Mapping[str, int]
    os_user: str
    host: str
    chained: bool
    mfa_session: MfaSession


def chain_of(catalog: Catalog, target: Target) -> tuple[Target, ...]:
    """Return the targets to assume one after the other, ``target`` last. Raises NoSuchTarget, Usage."""
    chain = [target]
    while chain[0].via:
        via = next((one for one in catalog.targets if one.name == chain[0].via), None)
        if via is None:
            raise NoSuchTarget(f"{clean(chain[0].name)} goes via {clean(chain[0].via)}, which does not exist")
        if via in chain:
            raise Usage(f"the way to {clean(target.name)} leads back to {clean(via.name)}", "mend via in the catalog")
        chain.insert(0, via)
    return tuple(chain)


def identity_of(catalog: Catalog, target: Target) -> Identity:
    """Return who makes the first call on the way to ``target``. Raises NoSuchTarget, Usage."""
    first = chain_of(catalog, target)[0]
    name = first.identity or catalog.default_identity
    if not name:
        raise Usage(f"no identity is given for {clean(first.name)}", "name one in [defaults]: identity = …")
    identity = catalog.identities.get(name)
    if identity is None:
        raise Usage(f"the identity {clean(name)} of {clean(first.name)} is not defined", f"add [identities.{name}]")
    return identity


def plan(
    catalog: Catalog,
    target: Target,
    options: Options,
    caller: Caller,
    learnt: Mapping[str, int],
    *,
    os_user: str,
    host: str,
    environment: Environment | None = None,
    mfa_session: MfaSession = "auto",
) -> Plan:
    """Say how ``target`` will be opened.

    ``caller`` is what is known of the identity of :func:`identity_of`; ``learnt`` holds the most seconds that a role's
    maximum is known to allow, by role ARN; ``environment`` stands in for the catalog's where a target is not in it;
    ``mfa_session`` is the person's setting.
    Raises Usage for an option that AWS would refuse or a permission set does not take, an identity that can't be opened
    or MFA without a device; NoSuchTarget for a missing ``via``.
    """
    chain = chain_of(catalog, target)
    identity = identity_of(catalog, target)
    caller = _settled(identity, caller)
    environment = environment or catalog.environment_of(target)
    mfa = any(one.mfa for one in chain)
    given = _Given(catalog, identity, caller, learnt, os_user, host, len(chain) > 1, mfa_session)
    device = _device(given, chain, mfa=mfa)
    if identity.kind == "sso" and len(chain) == 1:
        by_login.check(target, options)
        duration, why, asked = by_login.lasts(target, environment, learnt)
    else:
        duration, why, asked = ladder(
            checked(options.duration),
            target.duration,
            chained=given.chained or (options.renewing and bool(device)),
            caller=caller,
            environment=environment,
            role_maximum=learnt.get(target.arn),
            shared=bool(device) and mfa_session == "always",
        )
    hops = _hops(given, chain, options, duration, device)
    return Plan(
        target=target,
        identity=identity,
        caller=caller,
        hops=hops,
        duration=duration,
        why=why,
        asked=asked,
        guard=environment if environment is not None and environment.guarded else None,
        region=_region(options.region or target.region),
        needs_caller=_needs_caller(caller, chain[1:] if identity.kind == "sso" else chain, options),
        options=options,
        mfa_session=mfa_session,
    )


def stepped_down(plan: Plan, *, hop: int = -1, seconds: int = HOUR, why: str = ROLE) -> Plan:
    """Return ``plan`` with at most ``seconds`` for one of its calls, after AWS refused more or is known to.

    ``why`` says what decided it. It is the plan that :func:`plan` makes once this is learnt: where
    the refused call carried the code and an hour is left, the next code goes with GetSessionToken instead.
    """
    place = hop % len(plan.hops)
    refused = plan.hops[place]
    before, after = plan.hops[:place], plan.hops[place + 1 :]
    seconds = max(SHORTEST, min(seconds, refused.duration))
    shorter = replace(refused, duration=seconds)
    direct = refused.mfa_serial and refused.kind == "assume-role"
    if direct and seconds <= HOUR and plan.mfa_session != "never":
        shorter = replace(shorter, mfa_serial="")
        before = (*before, _session_token(plan.identity, plan.caller, refused.mfa_serial))
    hops = (*before, shorter, *after)
    if after:
        return replace(plan, hops=hops)
    asked = plan.asked or (plan.duration if plan.duration > seconds else None)
    return replace(plan, hops=hops, duration=seconds, why=why, asked=asked)


def refused(plan: Plan, *, hop: int, seconds: int, chain: bool = False) -> Plan:
    """Return ``plan`` after AWS refused ``seconds`` for one of its calls; ``chain``: it named the chain's limit.

    The last call falls to the catalog's wish where that is shorter, else to an hour, as every other call does.
    """
    if chain:
        return stepped_down(plan, hop=hop, why=CHAIN)
    shorter, why = below(seconds, plan.target.duration if hop == len(plan.hops) - 1 else None)
    return stepped_down(plan, hop=hop, seconds=shorter, why=why)


def mfa_plan(identity: Identity, caller: Caller) -> Plan:
    """Return the plan of GetSessionToken with a code alone, for calls of a user's own that are no switch."""
    account = Account(caller.account_id or identity.account_id, identity.name)
    partition = caller.arn.split(":")[1] if caller.arn else "aws"
    target = Target(account, "IAM", f"arn:{partition}:iam::{account.id}:user/{caller.user}")
    hop = _session_token(identity, caller, identity.mfa_serial)
    return Plan(target, identity, caller, (hop,), hop.duration, why="", asked=None, guard=None, region="")


def within(plan: Plan, learnt: Mapping[str, int]) -> Plan:
    """Return ``plan`` within what is known of its roles' maxima now: itself where nothing was learnt since."""
    for role_arn, most in learnt.items():
        for place, hop in enumerate(plan.hops):
            if hop.role_arn != role_arn:
                continue
            if isinstance(most, RefusedFrom):
                if hop.duration >= most and hop.duration > HOUR:
                    plan = refused(plan, hop=place, seconds=most)
                    break
            elif hop.duration > most:
                plan = stepped_down(plan, hop=place, seconds=most)
                break
    return plan


def _settled(identity: Identity, caller: Caller) -> Caller:
    """Return the caller with the kind that its identity's own kind already tells. Raises Usage for the root user."""
    if caller.kind == "root":
        raise Usage(
            f"{clean(identity.name)} holds keys of the root user, which can't assume roles",
            "use the keys of an IAM user, and remove those of the root user",
        )
    if identity.kind == "sso" and caller.kind == "unknown":
        return replace(caller, identity=identity.name, kind="role")
    if identity.kind == "keys" and caller.kind == "unknown":
        return replace(caller, identity=identity.name, kind="user", account_id=caller.account_id or identity.account_id)
    return caller if caller.identity == identity.name else replace(caller, identity=identity.name)


def _needs_caller(caller: Caller, chain: tuple[Target, ...], options: Options) -> bool:
    """Tell whether the plan may change once GetCallerIdentity has answered. ``chain``: the roles that are assumed."""
    if caller.arn or not chain:
        return False
    if caller.kind == "unknown":
        return True
    templates = [one.source_identity for one in chain] + [one.session_name for one in chain[:-1]]
    if not options.session_name:
        templates.append(chain[-1].session_name)
    return not caller.user and any(names.uses_user(template) for template in templates)


def _device(given: _Given, chain: tuple[Target, ...], *, mfa: bool) -> str:
    """Return the serial number of the MFA device whose code is needed, "" for none. Raises Usage without a device."""
    if not mfa or given.caller.kind != "user":
        return ""
    if not given.identity.mfa_serial:
        wants = next(one for one in chain if one.mfa)
        raise Usage(
            f"{clean(wants.name)} wants MFA and the identity {clean(given.identity.name)} names no device",
            f"add mfa_serial to [identities.{clean(given.identity.name)}]",
        )
    return given.identity.mfa_serial


def _hops(given: _Given, chain: tuple[Target, ...], options: Options, duration: int, device: str) -> tuple[Hop, ...]:
    """Return the calls, one after the other. ``duration`` is the last one's."""
    direct = bool(device) and (duration > HOUR or given.mfa_session == "never")
    hops: list[Hop] = []
    if device and not direct:
        hops.append(_session_token(given.identity, given.caller, device))
    carried: dict[str, str] = {}
    source = ""
    for position, target in enumerate(chain):
        last = position == len(chain) - 1
        if position == 0 and given.identity.kind == "sso":
            hops.append(by_login.hop(target, given.catalog.environment_of(target), given.learnt))
            continue
        seconds = duration if last else _via_duration(given, target, own_keys=position == 0 and (direct or not device))
        hop = _assume_role(given, target, options if last else Options(), seconds)
        hop = _inherited(hop, carried, source)
        source = hop.source_identity or source
        hops.append(replace(hop, mfa_serial=device) if direct and position == 0 else hop)
    return tuple(hops)


def _via_duration(given: _Given, target: Target, *, own_keys: bool) -> int:
    """Return the seconds of a target on the way: what it would get opened alone, so that both share one session.

    ``own_keys`` tells that the person's own keys open it, not a session.
    """
    seconds, _, _ = ladder(
        None,
        target.duration,
        chained=not own_keys,
        caller=given.caller,
        environment=given.catalog.environment_of(target),
        role_maximum=given.learnt.get(target.arn),
    )
    return seconds


def _session_token(identity: Identity, caller: Caller, device: str) -> Hop:
    """Return the call that turns one code into keys for every role."""
    account = caller.account_id or identity.account_id
    return Hop(kind="session-token", duration=SESSION_TOKEN_LIFE, account_id=account, mfa_serial=device)


def _assume_role(given: _Given, target: Target, options: Options, duration: int) -> Hop:
    values = {
        "user": given.caller.user or given.os_user,
        "os_user": given.os_user,
        "host": given.host,
        "account": target.account.name,
        "role": target.role,
    }
    return Hop(
        kind="assume-role",
        duration=duration,
        target=target.name,
        role_arn=target.arn,
        account_id=target.account.id,
        session_name=_session_name(options.session_name) or names.filled(target.session_name or "{user}", values),
        external_id=target.external_id,
        source_identity=names.filled(target.source_identity, values) if target.source_identity else "",
        tags=target.session_tags,
        transitive_tags=target.transitive_tags,
        policy=target.policy,
        policy_arns=target.policy_arns,
        environment=target.account.environment,
    )


def _inherited(hop: Hop, carried: dict[str, str], source: str) -> Hop:
    """Leave out the tags that the chain carries already, which AWS refuses to be passed again, and note the new ones.

    Tag keys are compared without regard to case (IAM User Guide, "Pass session tags in AWS STS"). Raises Usage where a
    carried tag or the source identity would have to change, which AWS allows to nobody.
    """
    if source and hop.source_identity and hop.source_identity != source:
        raise Usage(
            f"{clean(hop.target)} wants another source identity than the role before it, and it can't be changed",
            "give the whole chain one source_identity",
        )
    kept: list[tuple[str, str]] = []
    for key, value in hop.tags:
        if key.casefold() not in carried:
            kept.append((key, value))
        elif carried[key.casefold()] != value:
            raise Usage(
                f"the tag {clean(key)} comes down the chain to {clean(hop.target)} and can't be changed there",
                "leave it out of the later role, or out of transitive_tags of the first",
            )
    sent = {key.casefold() for key, _ in kept}
    transitive = tuple(key for key in hop.transitive_tags if key.casefold() in sent)
    passed_on = {key.casefold() for key in transitive}
    carried.update({key.casefold(): value for key, value in kept if key.casefold() in passed_on})
    return replace(hop, tags=tuple(kept), transitive_tags=transitive)


def _session_name(asked: str) -> str:
    """Return the session name that a person asked for. Raises Usage where STS would refuse it."""
    if asked and not names.valid(asked):
        raise Usage(f"AWS does not accept the session name {clean(asked)!r}", "2 to 64 of A-Z a-z 0-9 _ + = , . @ -")
    return asked


def _region(region: str) -> str:
    if region and (len(region) > 32 or _REGION.fullmatch(region) is None):
        raise Usage(f"{clean(region)!r} is not the name of a region", "such as eu-west-1")
    return region
