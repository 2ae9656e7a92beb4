"""Sessions as records of the vault: facts that can be read without the key, and the keys themselves, sealed."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from xswitch.credentials import Credentials
from xswitch.secret import Secret
from xswitch.session.duration import GIVEN, SET, SHORTER_BY
from xswitch.session.limits import ON_THE_WAY
from xswitch.session.model import Hop, Plan, Session
from xswitch.session.sts import Issued
from xswitch.vault.record import Record

SESSION: Final = "session"
SESSION_TOKEN: Final = "session-token"  # noqa: S105


def session_of(plan: Plan, place: int, name: str, issued: Issued, now: float) -> Session:
    """Return the session that the call at ``place`` of ``plan`` gave. ``now`` is AWS's time, in epoch seconds."""
    hop = plan.hops[place]
    last = place == len(plan.hops) - 1
    account, _, role = hop.target.rpartition("/")
    life = max(0, round((issued.credentials.expires or now) - now))
    credentials = issued.credentials
    if hop.kind == "portal":
        duration, why, asked = _given(hop, life)
        if asked is not None:
            credentials = replace(credentials, expires=now + duration)
    else:
        short = life < hop.duration - SHORTER_BY
        duration = life if short else hop.duration
        why, asked = (GIVEN, plan.asked or hop.duration) if short else (plan.why, plan.asked)
    return Session(
        target=hop.target,
        account_id=hop.account_id,
        account=account,
        role=role,
        environment=hop.environment,
        arn=issued.arn,
        identity=plan.identity.name,
        region=plan.region if last else "",
        credentials=credentials,
        issued=now,
        duration=duration,
        request_id=issued.request_id,
        source_identity=issued.source_identity or hop.source_identity,
        fresh=True,
        why=why if last else "",
        asked=asked if last else None,
        record=name,
    )


def whole(life: int) -> int:
    """Return the session duration of a permission set, which is of whole minutes, by what is left of it on arrival."""
    minutes = round(life / 60) * 60
    return minutes if abs(minutes - life) <= ON_THE_WAY else life


def _given(hop: Hop, life: int) -> tuple[int, str, int | None]:
    """Return for how long what the portal gave is used, what decided that, and how long it would be where it is cut.

    AWS takes no duration there, so an environment's maximum is kept here: what is handed out says that it ends so.
    """
    duration = whole(life)
    if hop.most and hop.most < duration:
        return hop.most, f"{hop.environment}'s maximum", duration
    return duration, SET, None


def kind_of(hop: Hop) -> str:
    """Return the kind of record that a call's session is."""
    return SESSION if hop.opens_role else SESSION_TOKEN


def facts_of(
    session: Session, plan: Plan, names: tuple[str, ...], place: int, endpoint: str
) -> dict[str, str | int | float]:
    """Return what a record says of a session without the key.

    ``endpoint`` is the address that stood in for AWS's own when it was opened, "" for none. ``before`` has the names of
    the records that the session can be renewed from, the nearest last; ``mfa`` is 1 where a code is needed once none of
    them is live, ``direct`` where it is needed at every renewal.
    """
    return {
        "target": session.target,
        "account_id": session.account_id,
        "account": session.account,
        "role": session.role,
        "environment": session.environment,
        "arn": session.arn,
        "identity": session.identity,
        "region": session.region,
        "duration": session.duration,
        "request_id": session.request_id,
        "source_identity": session.source_identity,
        "why": session.why,
        "asked": session.asked or 0,
        "mfa": int(any(hop.mfa_serial for hop in plan.hops[: place + 1])),
        "direct": int(bool(plan.hops[place].mfa_serial)),
        "before": " ".join(names[:place]),
        "endpoint": endpoint,
    }


def sealed(credentials: Credentials) -> bytes:
    """Return the keys as a record's payload: one value a line, as none of them holds a line break."""
    token = credentials.session_token
    lines = (credentials.access_key_id, credentials.secret_access_key.reveal(), token.reveal() if token else "")
    if any("\n" in line for line in lines):
        raise ValueError("a key does not hold a line break")
    return "\n".join(lines).encode()


def credentials_in(record: Record) -> Credentials:
    """Return the keys that a record holds. Raises ValueError where it holds something else."""
    access_key_id, secret, token = record.payload.decode().split("\n")
    return Credentials(access_key_id, Secret(secret), Secret(token) if token else None, record.header.expires)


def stored_session(record: Record) -> Session:
    """Return the session that a record holds. Raises ValueError, RecordDamaged where it holds something else."""
    header, facts = record.header, record.header.facts
    return Session(
        target=_text(facts, "target"),
        account_id=_text(facts, "account_id"),
        account=_text(facts, "account"),
        role=_text(facts, "role"),
        environment=_text(facts, "environment"),
        arn=_text(facts, "arn"),
        identity=_text(facts, "identity"),
        region=_text(facts, "region"),
        credentials=credentials_in(record),
        issued=header.issued,
        duration=_number(facts, "duration"),
        request_id=_text(facts, "request_id"),
        source_identity=_text(facts, "source_identity"),
        why=_text(facts, "why"),
        asked=_number(facts, "asked") or None,
        record=header.name,
    )


def _text(facts: dict[str, str | int | float], name: str) -> str:
    return str(facts.get(name, ""))


def _number(facts: dict[str, str | int | float], name: str) -> int:
    return int(facts.get(name, 0))
