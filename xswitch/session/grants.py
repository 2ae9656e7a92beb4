"""Grants: a guard that a person passed is not asked again until the grant ends.

A grant is a record in the vault for one role and one environment. What it says without the key (until when) is for
showing; what counts is read with the key, so that nobody writes one by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from xswitch.catalog.model import Environment, Target
from xswitch.errors import RecordDamaged
from xswitch.session import limits
from xswitch.session.keys import encoded
from xswitch.session.store import RecordStore
from xswitch.vault.steady import Beat, beat

KIND: Final = "grant"


@dataclass(frozen=True, slots=True)
class Grant:
    """A guard that was passed. Times are epoch seconds, UTC."""

    target: str
    environment: str
    reason: str
    since: float
    until: float


def grant(
    store: RecordStore,
    target: Target,
    environment: Environment,
    reason: str,
    now: float,
    moment: Beat | None = None,
) -> Grant:
    """Write down that a person passed the guard of ``environment`` for ``target``. Raises VaultUnavailable.

    ``moment`` is that of the steady clock, now unless given.
    """
    import json

    boot, seconds = moment or beat()
    made = Grant(target.name, environment.name, reason, now, now + (environment.max_duration or limits.GRANT))
    payload = json.dumps([made.target, made.environment, made.reason, made.since, made.until]).encode()
    facts: dict[str, str | int | float] = {
        "target": target.name,
        "environment": environment.name,
        "boot": boot,
        "steady": int(seconds),
    }
    store.write(record_name(target, environment), KIND, payload, issued=now, expires=made.until, facts=facts)
    return made


def live_grant(
    store: RecordStore, target: Target, environment: Environment, now: float, moment: Beat | None = None
) -> Grant | None:
    """Return the grant that is in force, or None. Raises VaultUnavailable.

    A clock that was set back makes no grant longer: one from the future is none, one that has lasted its time by the
    steady clock of this boot (``moment``, now unless given) is over, and the environment's maximum counts as it is now.
    """
    import json

    try:
        record = store.read(record_name(target, environment))
    except RecordDamaged:
        return None
    if record is None:
        return None
    found = Grant(*json.loads(record.payload))
    lasted = limits.lasted(record.header.facts, *(moment or beat()))
    until = limits.granted_until(found.since, found.until, environment.max_duration, now, lasted)
    if until is None:
        return None
    return Grant(found.target, found.environment, found.reason, found.since, until)


def granted_until(store: RecordStore, target: Target, environment: Environment, now: float) -> float | None:
    """Return until when a grant says it lasts, without the key: to show, not to rely on. Raises VaultUnavailable."""
    try:
        header = store.header(record_name(target, environment))
    except RecordDamaged:
        return None
    if header is None or header.expires is None or not now < header.expires:
        return None
    return header.expires


def revoke(store: RecordStore, target: Target, environment: Environment) -> bool:
    """Forget a grant; tell whether there was one. Raises VaultUnavailable."""
    return store.remove(record_name(target, environment))


def record_name(target: Target, environment: Environment) -> str:
    """Return the name of the record of a grant: one for each role and environment."""
    return "grant-" + sha256(encoded(("xswitch grant 1", target.arn, environment.name))).hexdigest()
