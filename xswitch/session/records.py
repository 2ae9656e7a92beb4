"""Sessions as the vault keeps them: what is secret in the payload, what is shown in the header's facts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from xswitch.credentials import Credentials
from xswitch.secret import Secret
from xswitch.session.model import Hop, Plan, Session
from xswitch.session.sts import Issued
from xswitch.vault.record import Record

KIND: Final = "session"
Facts = dict[str, str | int | float]


@dataclass(frozen=True, slots=True)
class Kept:
    """A session apart from any plan: what AWS answered, when (epoch seconds, UTC), and the seconds asked for."""

    credentials: Credentials
    arn: str
    request_id: str
    source_identity: str
    issued: float
    duration: int

    @classmethod
    def of(cls, issued: Issued, now: float, duration: int) -> Kept:
        """Return what was just issued."""
        return cls(issued.credentials, issued.arn, issued.request_id, issued.source_identity, now, duration)

    def session(self, plan: Plan, record: str, *, fresh: bool = False, stored: bool = True) -> Session:
        """Return it as the session of ``plan``: names, environment and region are the plan's, as they are now."""
        target = plan.target
        return Session(
            target=target.name,
            account_id=target.account.id,
            account=target.account.name,
            role=target.role,
            environment=target.account.environment,
            arn=self.arn,
            identity=plan.identity.name,
            region=plan.region,
            credentials=self.credentials,
            issued=self.issued,
            duration=self.duration,
            request_id=self.request_id,
            source_identity=self.source_identity,
            fresh=fresh,
            why=plan.why,
            asked=plan.asked,
            record=record,
            kept=stored,
        )


def sealed(kept: Kept, plan: Plan, hop: Hop) -> tuple[bytes, Facts]:
    """Return a record's payload and facts. A call that opens no target has no ``target`` among them."""
    credentials = kept.credentials
    token = credentials.session_token
    payload = json.dumps(
        {
            "access_key_id": credentials.access_key_id,
            "secret_access_key": credentials.secret_access_key.reveal(),
            "session_token": token.reveal() if token is not None else "",
            "expires": credentials.expires,
            "arn": kept.arn,
            "request_id": kept.request_id,
            "source_identity": kept.source_identity,
            "issued": kept.issued,
            "duration": kept.duration,
        }
    ).encode()
    facts: Facts = {"identity": plan.identity.name, "duration": kept.duration}
    if hop.target:
        account, _, role = hop.target.partition("/")
        facts |= {
            "target": hop.target,
            "account_id": hop.account_id,
            "account": account,
            "role": role,
            "environment": hop.environment,
            "arn": kept.arn,
            "region": plan.region,
            "why": plan.why,
            "asked": plan.asked or 0,
        }
    return payload, facts


def opened(record: Record) -> Kept:
    """Return what a record holds."""
    found = json.loads(record.payload)
    token = found["session_token"]
    return Kept(
        Credentials(
            found["access_key_id"],
            Secret(found["secret_access_key"]),
            Secret(token) if token else None,
            found["expires"],
        ),
        found["arn"],
        found["request_id"],
        found["source_identity"],
        found["issued"],
        found["duration"],
    )
