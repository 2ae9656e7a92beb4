"""What the vault has of the sessions of a plan, and what it could not keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from xswitch.credentials import Credentials
from xswitch.errors import RecordDamaged, VaultUnavailable
from xswitch.session.limits import MIN_LEFT
from xswitch.session.model import Person, Plan, Session
from xswitch.session.records import credentials_in, facts_of, kind_of, sealed, stored_session
from xswitch.session.store import RecordStore


class Kept:
    """Sessions by their records; a damaged one counts as one that is not there. ``now`` gives AWS's epoch seconds."""

    def __init__(self, vault: RecordStore, now: Callable[[], float]) -> None:
        self._vault = vault
        self._now = now
        self._unkept: dict[str, Session] = {}

    def found(self, plan: Plan, name: str) -> Session | None:
        """Return the session of a record that still has time left, under the names that the catalog has now."""
        try:
            record = self._vault.read(name)
            found = stored_session(record) if record is not None else None
        except (RecordDamaged, ValueError):
            found = None
        unkept = self._unkept.get(name)
        if unkept is not None and (found is None or found.issued < unkept.issued):
            found = unkept
        if found is None or found.expires <= self._now() or self._later(found.issued):
            return None
        account = plan.target.account
        given = found.duration < plan.duration  # AWS gave less than was asked for, and its record says so
        return replace(
            found,
            target=plan.target.name,
            account=account.name,
            environment=account.environment,
            identity=plan.identity.name,
            region=plan.region,
            why=found.why if given else plan.why,
            asked=found.asked if given else plan.asked,
            fresh=False,
        )

    def step(self, name: str) -> Credentials | None:
        """Return the keys of a call on the way, if they last long enough to make the next."""
        try:
            record = self._vault.read(name)
            good = record is not None and not self._later(record.header.issued)
            found = credentials_in(record) if record is not None and good else None
        except (RecordDamaged, ValueError):
            found = None
        if found is None and name in self._unkept:
            found = self._unkept[name].credentials
        return found if found is not None and (found.expires or 0.0) - self._now() >= MIN_LEFT else None

    def _later(self, issued: float) -> bool:
        """Tell whether a session is of a time that has not come: then the clock was set back, and its end says nothing.

        AWS tells the time with the next answer.
        """
        return self._now() < issued - MIN_LEFT

    def keep(
        self, session: Session, plan: Plan, names: tuple[str, ...], place: int, endpoint: str, person: Person
    ) -> Session:
        """Write the session of the call at ``place`` down; where that fails, keep it in this process and say so."""
        try:
            self._vault.write(
                session.record,
                kind_of(plan.hops[place]),
                sealed(session.credentials),
                issued=session.issued,
                expires=session.expires,
                facts=facts_of(session, plan, names, place, endpoint),
            )
        except VaultUnavailable as error:
            person.note(f"{error.message}; this session lives only as long as this program")
            session = replace(session, unkept=error.message)
            self._unkept[session.record] = session
            return session
        self._unkept.pop(session.record, None)
        return session
