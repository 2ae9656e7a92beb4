"""The live session of a request, found without working the request out: by the note of who did.

The catalog's row says what the target is now and whether it is guarded; the note says which record serves it, if all
that it was worked out from is as it was; the record and the guard's grant prove themselves as they are opened, and say
for which account and role they are and until when.
"""

from __future__ import annotations

import os

from xswitch import __version__, bootclock, flatjson
from xswitch.catalog import fast as catalog
from xswitch.fast.places import places
from xswitch.secret import Secret
from xswitch.session import ready
from xswitch.session.limits import MIN_LEFT, SERVED_ABOVE, granted_until, lasted
from xswitch.session.permission_sets import is_session
from xswitch.vault import quick

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from xswitch.fast.asking import Asked
    from xswitch.fast.places import Places
    from xswitch.vault.record import Record


class LiveKeys:
    """The keys of a live session. ``expires`` is in seconds since the epoch, UTC."""

    __slots__ = ("access_key_id", "expires", "secret_access_key", "session_token")

    def __init__(self, access_key_id: str, secret: Secret, token: Secret | None, expires: float) -> None:
        self.access_key_id = access_key_id
        self.secret_access_key = secret
        self.session_token = token
        self.expires: float | None = expires


class Live:
    """A session of the vault under the names that the catalog has now: see :mod:`xswitch.session.held`."""

    __slots__ = (
        "account", "account_id", "arn", "credentials", "duration", "environment", "expires", "fresh", "identity",
        "issued", "region", "request_id", "role", "source_identity", "target",
    )  # fmt: skip

    def __init__(self, row: Row, record: Record, region: str) -> None:
        """Take what the record holds. Raises LookupError or ValueError where it is not the row's session."""
        facts = _facts(record, "session")
        header = record.header
        if facts["account_id"] != row.account_id or facts["role"] != row.role or header.expires is None:
            raise ValueError
        arn = str(facts["arn"])
        if not row.is_of(arn):
            raise ValueError
        access_key_id, secret, token = record.payload.decode().split("\n")
        self.target = row.target
        self.account_id = row.account_id
        self.account = row.account
        self.role = row.role
        self.environment = row.environment
        self.arn = arn
        self.identity = row.identity
        self.region = region
        self.credentials = LiveKeys(access_key_id, Secret(secret), Secret(token) if token else None, header.expires)
        self.issued = header.issued
        self.expires: float = header.expires
        self.duration = int(facts["duration"])
        self.request_id = str(facts["request_id"])
        self.source_identity = str(facts["source_identity"])
        self.fresh = False


class Row:
    """A target as the catalog has it now. ``arn`` is its role's, ``by_login`` tells that it is a permission set.

    ``confirm`` is "no" where there is no guard; ``longest`` is the environment's maximum in seconds, or None.
    """

    __slots__ = (
        "account", "account_id", "arn", "by_login", "colour", "confirm", "environment", "identity", "longest", "mark",
        "role", "target",
    )  # fmt: skip

    def __init__(self, found: catalog.Found, mark: str) -> None:
        """Take a row apart. Raises ValueError for an environment that is not in it, or a role of another account."""
        fields: Any = found
        (owner, role, arn, *_), environment, identity, ways = fields
        self.account_id: str = owner[0]
        self.account: str = owner[1]
        self.environment: str = owner[3]
        self.role: str = role
        self.target = f"{self.account}/{role}"
        self.identity: str = identity[0]
        self.arn: str = arn
        self.by_login: bool = identity[1] == "sso" and not ways
        if arn.split(":", 5)[4] != self.account_id or self.environment != (environment[0] if environment else ""):
            raise ValueError
        self.colour: str = environment[1] if environment else ""
        self.confirm: str = environment[2] if environment else "no"
        self.longest: int | None = environment[4] if environment else None
        self.mark = mark

    def is_of(self, arn: str) -> bool:
        """Tell whether an assumed-role ARN is that of one of its sessions."""
        _, partition, _, _, account_id, resource = self.arn.split(":", 5)
        if self.by_login:
            return is_session(arn, partition, account_id, self.role)
        return arn.startswith(f"arn:{partition}:sts::{account_id}:assumed-role/{resource.rpartition('/')[2]}/")


class Served:
    """A live session with what is needed to hand it over and to log that."""

    __slots__ = ("guarded", "places", "ready", "reason", "row", "session")

    def __init__(self, session: Live, row: Row, found: ready.Ready, here: Places, reason: str) -> None:
        self.session = session
        self.row = row
        self.ready = found
        self.places = here
        self.guarded = row.confirm != "no"
        self.reason = reason
        """What the person gave when the guard was passed, "" where none was due."""


def served(asked: Asked, environ: Mapping[str, str], now: float) -> Served | None:
    """Return the session that the whole program would serve from the vault, or None where that is not certain.

    ``now`` is in epoch seconds. Raises OSError, LookupError or ValueError for None, too.
    """
    here = places(environ)
    row = None if here is None else _row(asked.target, here, now)
    if here is None or row is None or not _private(here.state):
        return None
    request = ready.Request(row.target, asked.duration, asked.region, asked.session_name)
    note = ready.read(here.cache, request)
    if note is None:
        return None
    basis, found = note
    place = (__version__, here.config, here.state, here.catalog_file, here.user, here.host)
    if not basis.holds(place, environ, row.mark, now) or asked.min_ttl > found.duration:
        return None
    guarded = row.confirm != "no"
    records = quick.read(
        f"{here.state}/vault",
        (found.record, found.grant) if guarded else (found.record,),
        kernel_keyring=found.kernel_keyring,
        plaintext_key=found.plaintext_key,
    )
    if records is None or (guarded and not _granted(records[1], row, now + found.skew)):
        return None
    session = Live(row, records[0], found.region)
    if now + found.skew < session.issued - MIN_LEFT:
        return None  # of a time that has not come: the clock was set back, and its end says nothing
    left = session.expires - now - found.skew
    enough = left > SERVED_ABOVE if asked.command == "credential-process" else left >= max(asked.min_ttl, MIN_LEFT)
    return Served(session, row, found, here, _reason(records[1]) if guarded else "") if enough else None


def _row(text: str, here: Places, now: float) -> Row | None:
    known = catalog.find(
        text,
        catalog_file=here.catalog_file,
        folder=f"{here.config}/catalog.d",
        shared=f"{here.state}/shared",
        compiled=f"{here.cache}/catalog",
        version=__version__,
        now=int(now * 1e9),
    )
    return None if known is None else Row(*known)


def _private(folder: str) -> bool:
    found = os.stat(folder)
    return found.st_uid == os.geteuid() and not found.st_mode & 0o077


def _granted(record: Record, row: Row, now: float) -> bool:
    """Tell whether a grant is this row's and in force. ``now`` is AWS's time, in epoch seconds."""
    facts = _facts(record, "grant")
    since, until = record.header.issued, record.header.expires
    if until is None or facts["target"] != row.target or facts["environment"] != row.environment:
        return False
    return granted_until(since, until, row.longest, now, lasted(facts, *bootclock.moment())) is not None


def _reason(record: Record) -> str:
    """Return the reason that a grant holds. Raises ValueError where it is not told."""
    texts = flatjson.first_texts(record.payload, 3)
    if texts is None:
        raise ValueError
    return texts[2]


def _facts(record: Record, kind: str) -> dict[str, str | int]:
    found = flatjson.read(record.header.facts_text)
    if found is None or record.header.kind != kind:
        raise ValueError
    return found
