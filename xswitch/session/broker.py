"""The one place that opens sessions: the vault first, STS only under the lock of that very request.

::

    session(plan) ── live in the vault? ─────────────────────────────────────────────► served
         │ no                                                             ▲
         ▼                                                                │ yes
    lock of this request ── somebody opened it meanwhile? ────────────────┘
         │ no
         ▼
    the call before it, the same way ── the identity's own keys ── a code, where this call carries one
         │
         ▼
    STS ── account and role as asked? ── written to the vault ── returned

Locks are taken from the target back to the identity, never the other way, so two switches can't wait for each other.
A record is only ever written over by its successor. What STS gave is returned even where the vault fails to keep it
(``Session.unkept`` says why): a code that was paid for is not lost to a full disk.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from xswitch.catalog.model import Identity, VaultRef
from xswitch.credentials import Credentials
from xswitch.errors import Denied, PersonNeeded, RecordDamaged, Unreachable, VaultUnavailable
from xswitch.secret import Secret
from xswitch.session.asking import CodePrompt, call_with_code
from xswitch.session.callers import caller_from
from xswitch.session.codes import CodeGiver, SpentCodes
from xswitch.session.duration import HOUR
from xswitch.session.externals import external_id, versions
from xswitch.session.keys import record_names
from xswitch.session.learnt import Learnt
from xswitch.session.limits import MIN_LEFT
from xswitch.session.model import Caller, Hop, Person, Plan, Session
from xswitch.session.plan import stepped_down, within
from xswitch.session.records import credentials_in, facts_of, kind_of, sealed, session_of, stored_session
from xswitch.session.refusals import EXPIRED, UNKNOWN_KEY, DurationRefused
from xswitch.session.store import RecordStore
from xswitch.session.sts import Issued, Sts
from xswitch.text import clean
from xswitch.vault.locks import LockTimeout

PATIENCE: Final = 120.0
"""Seconds to wait for another process that opens the same session: a person may be typing a code there."""


class Broker:
    """Opens sessions, one call to STS for all who ask for the same. Safe for threads; every method may block.

    ``credentials_of`` gives an identity's own keys; ``fingerprint_of`` tells them from others without the network;
    ``code_of`` gives MFA codes. ``clock`` gives epoch seconds, UTC; ``sleep`` waits for seconds.
    """

    def __init__(
        self,
        vault: RecordStore,
        sts: Sts,
        learnt: Learnt,
        clock: Callable[[], float],
        *,
        credentials_of: Callable[[Identity], Credentials],
        fingerprint_of: Callable[[Identity], str],
        code_of: CodeGiver,
        sleep: Callable[[float], None] = time.sleep,
        patience: float = PATIENCE,
    ) -> None:
        self._vault = vault
        self._sts = sts
        self._learnt = learnt
        self._clock = clock
        self._credentials_of = credentials_of
        self._fingerprint_of = fingerprint_of
        self._code_of = code_of
        self._sleep = sleep
        self._patience = patience
        self._spent = SpentCodes(vault, self.now)
        self._unkept: dict[str, Session] = {}

    @property
    def skew(self) -> float:
        """Seconds that AWS's clock is ahead of ours, as it was last seen."""
        return self._learnt.skew if self._sts.skew is None else self._sts.skew

    def now(self) -> float:
        """Return AWS's time, in epoch seconds."""
        return self._clock() + self.correction

    @property
    def correction(self) -> float:
        """Seconds to add to our clock for AWS's time: 0 where the two differ by the network's own seconds."""
        skew = self.skew
        return skew if abs(skew) > 5 else 0.0

    def left(self, session: Session) -> float:
        """Return for how many seconds AWS still honours ``session``."""
        return session.expires - self.now()

    def names(self, plan: Plan) -> tuple[str, ...]:
        """Return the record's name for each call of ``plan``, without the key. Raises VaultUnavailable."""
        return record_names(plan, versions(self._vault), self._sts.endpoint)

    def record(self, plan: Plan) -> str:
        """Return the name of the record that serves ``plan``, by what is known of its roles' maxima now."""
        return self.names(within(plan, self._learnt.maxima()))[-1]

    # -- who calls

    def known_caller(self, identity: Identity) -> Caller:
        """Return what is known of whose keys an identity's are, without the network."""
        fingerprint = self._fingerprint_of(identity)
        return self._learnt.caller(identity.name, fingerprint) or Caller(identity.name, fingerprint=fingerprint)

    def learn_caller(self, identity: Identity, *, partition: str = "", region: str = "") -> Caller:
        """Ask AWS whose keys an identity's are, and remember it. Raises Denied, Unreachable, PersonNeeded."""
        fingerprint = self._fingerprint_of(identity)
        credentials = self._credentials_of(identity)
        who = self._sts.who_am_i(
            credentials, identity=identity.name, partition=partition, region=region or identity.region
        )
        self._note_skew()
        caller = caller_from(identity.name, who, temporary=credentials.temporary, fingerprint=fingerprint)
        self._learnt.learn_caller(caller)
        return caller

    def settled(self, identity: Identity, planner: Callable[[Caller], Plan]) -> Plan:
        """Return the plan that ``planner`` makes of a caller, once that is known as well as the plan needs."""
        plan = planner(self.known_caller(identity))
        if plan.needs_caller:
            caller = self.learn_caller(identity, partition=plan.target.partition, region=plan.region)
            plan = planner(caller)
        return plan

    # -- sessions

    def live(self, plan: Plan, min_left: float = MIN_LEFT) -> Session | None:
        """Return the session of ``plan`` with at least ``min_left`` seconds left, or None. No call to AWS.

        Raises VaultUnavailable.
        """
        plan = within(plan, self._learnt.maxima())
        found = self._found(plan, self.names(plan)[-1])
        return found if found is not None and self.left(found) >= min_left else None

    def session(self, plan: Plan, person: Person, *, fresh: bool = False, min_left: float = MIN_LEFT) -> Session:
        """Return the session of ``plan``: from the vault, or from STS where that has none.

        ``fresh`` opens a new one even if one is live; the old one stays until the new one is there. ``min_left`` is the
        least number of seconds to be left of one that is served. Raises Denied (WrongCode, CodeReused), PersonNeeded,
        Cancelled, Unreachable, VaultUnavailable, InvalidConfig; ValueError for a plan that still needs its caller.
        """
        if plan.needs_caller:
            raise ValueError("the plan has to be settled first")
        plan = within(plan, self._learnt.maxima())
        names = self.names(plan)
        before = self._found(plan, names[-1])
        if before is not None and not fresh and self.left(before) >= min_left:
            return before
        with self._alone(plan, names, len(names) - 1):
            meanwhile = self._found(plan, names[-1])
            if meanwhile is not None and self.left(meanwhile) >= min(min_left, HOUR / 4) and _other(meanwhile, before):
                return meanwhile
            shorter = within(plan, self._learnt.maxima())
            if shorter is plan:
                try:
                    return self._open(plan, names, len(names) - 1, person)
                except _ShorterError as refused:
                    shorter = refused.plan
        return self.session(shorter, person, fresh=fresh, min_left=min_left)

    def _open(self, plan: Plan, names: tuple[str, ...], place: int, person: Person) -> Session:
        """Make the call at ``place``, after those before it, check what it gave and keep it. The lock is held."""
        hop = plan.hops[place]
        credentials, stored = self._before(plan, names, place, person)
        try:
            issued = self._issue(plan, place, credentials, person)
        except DurationRefused as refused:
            raise self._refused(plan, place, refused) from None
        except Denied as denied:
            if not stored or denied.aws_code not in EXPIRED | UNKNOWN_KEY:
                raise
            credentials, _ = self._before(plan, names, place, person, anew=True)
            issued = self._issue(plan, place, credentials, person)
        self._note_skew()
        if hop.kind == "assume-role":
            _check(hop, issued)
            if hop.duration > HOUR:
                self._learnt.learn_granted(hop.role_arn, hop.duration)
        return self._keep(session_of(plan, place, names[place], issued, self.now()), plan, names, place, person)

    def _before(
        self, plan: Plan, names: tuple[str, ...], place: int, person: Person, *, anew: bool = False
    ) -> tuple[Credentials, bool]:
        """Return the keys that sign the call at ``place``, and whether they come from the vault.

        ``anew`` passes over what the vault has, which AWS did not take.
        """
        if place == 0:
            return self._credentials_of(plan.identity), False
        known = self._step(names[place - 1])
        if known is not None and not anew:
            return known, True
        with self._alone(plan, names, place - 1):
            meanwhile = self._step(names[place - 1])
            if meanwhile is not None and not (anew and known == meanwhile):
                return meanwhile, True
            return self._open(plan, names, place - 1, person).credentials, False

    def _issue(self, plan: Plan, place: int, credentials: Credentials, person: Person) -> Issued:
        hop = plan.hops[place]
        external = self._external_id(plan, hop)

        def call(code: Secret | None) -> Issued:
            person.note("asking AWS")
            return self._sts.issue(
                hop,
                credentials,
                identity=plan.identity.name,
                partition=plan.target.partition,
                region=plan.region or plan.identity.region,
                external_id=external,
                code=code,
            )

        if not hop.mfa_serial:
            return call(None)
        certain = hop.duration <= HOUR or self._learnt.granted(hop.role_arn) >= hop.duration
        prompt = CodePrompt(plan, hop, certain, self._code_of, self._spent, self._sleep, self.now)
        return call_with_code(prompt, person, call)

    def _external_id(self, plan: Plan, hop: Hop) -> Secret | None:
        if isinstance(hop.external_id, VaultRef):
            return external_id(self._vault, hop.external_id, wanted_by=hop.target, origin=plan.target.origin)
        return Secret(hop.external_id) if hop.external_id else None

    def _refused(self, plan: Plan, place: int, refused: DurationRefused) -> Exception:
        """Return what to raise for a duration that AWS refused: the shorter plan, once there is one."""
        hop = plan.hops[place]
        self._note_skew()
        if hop.duration <= HOUR:
            return refused
        if not refused.chain:
            self._learnt.learn_maximum(hop.role_arn, HOUR)
        return _ShorterError(stepped_down(plan, hop=place, chain=refused.chain))

    def _keep(self, session: Session, plan: Plan, names: tuple[str, ...], place: int, person: Person) -> Session:
        """Write the session down before it is returned; where that fails, keep it in this process and say so."""
        try:
            self._vault.write(
                session.record,
                kind_of(plan.hops[place]),
                sealed(session.credentials),
                issued=session.issued,
                expires=session.expires,
                facts=facts_of(session, plan, names, place),
            )
        except VaultUnavailable as error:
            person.note(f"{error.message}; this session lives only as long as this program")
            session = replace(session, unkept=error.message)
            self._unkept[session.record] = session
            return session
        self._unkept.pop(session.record, None)
        return session

    def _found(self, plan: Plan, name: str) -> Session | None:
        """Return the session of a record that still has time left, under the names that the catalog has now."""
        try:
            record = self._vault.read(name)
            found = stored_session(record) if record is not None else None
        except (RecordDamaged, ValueError):
            found = None
        unkept = self._unkept.get(name)
        if unkept is not None and (found is None or found.issued < unkept.issued):
            found = unkept
        if found is None or self.left(found) <= 0 or self._later(found.issued):
            return None
        account = plan.target.account
        return replace(
            found,
            target=plan.target.name,
            account=account.name,
            environment=account.environment,
            identity=plan.identity.name,
            region=plan.region,
            why=plan.why,
            asked=plan.asked,
            fresh=False,
        )

    def _step(self, name: str) -> Credentials | None:
        """Return the keys of a call on the way, if they last long enough to make the next."""
        try:
            record = self._vault.read(name)
            good = record is not None and not self._later(record.header.issued)
            found = credentials_in(record) if record is not None and good else None
        except (RecordDamaged, ValueError):
            found = None
        if found is None and name in self._unkept:
            found = self._unkept[name].credentials
        return found if found is not None and (found.expires or 0.0) - self.now() >= MIN_LEFT else None

    def _later(self, issued: float) -> bool:
        """Tell whether a session is of a time that has not come: then the clock was set back, and its end says nothing.

        AWS tells the time with the next answer.
        """
        return self.now() < issued - MIN_LEFT

    @contextmanager
    def _alone(self, plan: Plan, names: tuple[str, ...], place: int) -> Iterator[None]:
        """Hold the lock of one call's record. Raises PersonNeeded, Unreachable where another keeps it too long."""
        hop = plan.hops[place]
        what = clean(hop.target) or f"the MFA session of {clean(plan.identity.name)}"
        lock = self._vault.lock(names[place], timeout=self._patience, purpose=f"opening {what}")
        try:
            lock.__enter__()
        except LockTimeout as error:
            if any(one.mfa_serial for one in plan.hops[: place + 1]):
                raise PersonNeeded(f"{error.message}: it may be asking for a code", error.hint) from None
            raise Unreachable(error.message, error.hint) from None
        try:
            yield
        finally:
            lock.__exit__(None, None, None)

    def _note_skew(self) -> None:
        if self._sts.skew is not None:
            self._learnt.learn_skew(self._sts.skew)


class _ShorterError(Exception):
    """AWS refused the duration; ``plan`` asks for less."""

    def __init__(self, plan: Plan) -> None:
        super().__init__("a shorter session")
        self.plan = plan


def _other(found: Session, before: Session | None) -> bool:
    """Tell whether ``found`` was opened since ``before`` was looked at."""
    return before is None or found.credentials.access_key_id != before.credentials.access_key_id


def _check(hop: Hop, issued: Issued) -> None:
    """Compare the account and role that AWS answered with those asked for. Raises Denied; nothing is handed over."""
    partition, role = hop.role_arn.split(":")[1], hop.role_arn.rpartition("/")[2]
    wanted = f"arn:{partition}:sts::{hop.account_id}:assumed-role/{role}/"
    own_account = hop.role_arn.split(":")[4]
    if issued.arn.startswith(wanted) and own_account == hop.account_id:
        return
    raise Denied(
        f"AWS answered with {clean(issued.arn) or 'no role'}, not with {clean(hop.target)}; nothing was handed over",
        "check the account id and the ARN of the role in the catalog, and what AWS_ENDPOINT_URL points to",
        side="request",
        target=hop.target,
        request_id=issued.request_id,
    )
