"""The name of a session's record: a hash of the whole request that makes the session.

What would make AWS answer with another session makes another name, so a changed catalog can't serve what was opened
before the change. In it are: who calls, the partition, another endpoint than AWS's own, and of every call up to this
one the role ARN, session name, ExternalId, SourceIdentity, tags, transitive tags, policies, duration and MFA device;
of a call of the portal its own endpoint, account, permission set and for how long it is used at most, as there is
nothing else to ask for. Not in it: the target's name, since it never leaves this machine; an account's id elsewhere,
since the role's ARN or the caller's key says it; and the region, since credentials hold in every region of their
partition.

The encoding is unambiguous: each value goes with its type and length, so no two requests are written alike. It is kept
true by a test vector; changing it only means that sessions are opened anew once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import sha256

from xswitch.catalog.model import VaultRef
from xswitch.session.model import Hop, Plan

VersionOf = Callable[[VaultRef], str]
"""Gives the version of a value in the vault: another one after every change, and readable without the key."""

_FORMAT = "xswitch session 1"


def encoded(value: object) -> bytes:
    """Return ``value`` (text, number, None or a tuple of such) as bytes that no other value is written as."""
    if value is None:
        return b"n"
    if isinstance(value, str):
        text = value.encode("utf-8", "surrogatepass")
        return b"s%d:%b" % (len(text), text)
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, int):
        return b"i%d;" % value
    if isinstance(value, tuple):
        return b"l%d:%b" % (len(value), b"".join(encoded(part) for part in value))
    raise TypeError(f"a {type(value).__name__} has no place in a request")


def record_names(plan: Plan, version_of: VersionOf, endpoint: str = "", portal: str = "") -> tuple[str, ...]:
    """Return the record's name for each call of ``plan``, in their order; the last is the session's own.

    ``endpoint`` is the address that stands in for AWS's own, ``portal`` that of Identity Center's, "" for none.
    """
    said: list[object] = [_FORMAT, caller_of(plan), plan.target.partition, endpoint]
    names: list[str] = []
    for hop in plan.hops:
        said.append(_of_portal(hop, portal) if hop.kind == "portal" else _call(hop, version_of))
        names.append("session-" + sha256(encoded(tuple(said))).hexdigest())
    return tuple(names)


def caller_of(plan: Plan) -> tuple[str, ...]:
    """Return what tells the caller from others: an access key, or where keys and tokens come and go what stays.

    That is a profile's name or a program, with the ARN, and of a login where it is made, under which name and which of
    those that were made there.
    """
    if plan.identity.kind == "sso":
        made = (plan.identity.start_url, plan.identity.sso_region, plan.identity.sso_session)
        return ("sso", *made, plan.caller.fingerprint)
    if plan.identity.kind == "profile":
        return ("profile", plan.identity.profile or plan.identity.name, plan.caller.arn)
    if plan.identity.kind == "process":
        return ("process", plan.caller.fingerprint, plan.caller.arn)
    return ("key", plan.caller.fingerprint, "" if plan.caller.fingerprint else plan.identity.name)


def _call(hop: Hop, version_of: VersionOf) -> tuple[object, ...]:
    external: object = hop.external_id
    if isinstance(external, VaultRef):
        external = (external.source, external.name, version_of(external))
    return (
        hop.kind,
        hop.duration,
        hop.role_arn,
        hop.session_name,
        external,
        hop.source_identity,
        _sorted(hop.tags),
        _sorted(hop.transitive_tags),
        hop.policy,
        _sorted(hop.policy_arns),
        hop.mfa_serial,
    )


def _of_portal(hop: Hop, portal: str) -> tuple[object, ...]:
    return (hop.kind, portal, hop.account_id, hop.permission_set, hop.most)


def _sorted(values: Iterable[str] | Iterable[tuple[str, str]]) -> tuple[object, ...]:
    """Return a set's members in one order, since AWS makes the same session of them in any."""
    return tuple(sorted(values))
