"""The one place that opens sessions: the vault first, STS only under the lock of that very request.

::

    session(plan) ── live in the vault? ─────────────────────────────────────────────► served
         │ no                                                             ▲
         ▼                                                                │ yes
    lock of this request ── somebody opened it meanwhile? ────────────────┤
         │ no                                                             │ tried, and AWS said no: the same error
         ▼
    more than the role is known to give ── GetRole, by a session in that account ── the plan made again
         │
         ▼
    the call before it, the same way ── the identity's own keys, or its login ── a code, where this call carries one
         │
         ▼
    AWS ── account and role as asked? ── written to the vault ── returned
         └─ more than the role gives: that is remembered, and the catalog's wish or an hour asked for

Locks are taken from the target back to the identity, never the other way, so two switches can't wait for each other.
A record is only ever written over by its successor. What STS gave is returned even where the vault fails to keep it
(``Session.unkept`` says why): a code that was paid for is not lost to a full disk.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Final, TypeGuard

from xswitch.catalog.model import Identity
from xswitch.credentials import Credentials
from xswitch.errors import Denied, PersonNeeded, Unreachable
from xswitch.session.callers import caller_from
from xswitch.session.calling import Calls
from xswitch.session.codes import CodeGiver, SpentCodes
from xswitch.session.duration import HOUR
from xswitch.session.externals import versions
from xswitch.session.failures import Failures
from xswitch.session.kept import Kept
from xswitch.session.keys import record_names
from xswitch.session.learnt import Learnt
from xswitch.session.limits import MIN_LEFT, ON_THE_WAY
from xswitch.session.maxima import Maxima
from xswitch.session.model import Caller, Person, Plan, Session
from xswitch.session.permission_sets import user_in
from xswitch.session.plan import refused as after_refusal
from xswitch.session.plan import within
from xswitch.session.portal import Portal
from xswitch.session.records import session_of
from xswitch.session.refusals import EXPIRED, UNKNOWN_KEY, DurationRefused
from xswitch.session.store import RecordStore
from xswitch.session.sts import Sts
from xswitch.text import clean
from xswitch.vault.locks import LockTimeout

PATIENCE: Final = 120.0
"""Seconds to wait for another process that opens the same session: a person may be typing a code there."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was there when somebody found that a new session is due: what others opened since will do instead.

    ``session`` is the live one, ``failure`` the mark of the last failure's note, ``at`` AWS's time in epoch seconds.
    """

    session: Session | None
    failure: str
    at: float


@dataclass(frozen=True, slots=True)
class _Wish:
    """What whoever asks for a session wants of it. ``again`` makes the plan anew; ``read``: IAM may be asked first."""

    person: Person
    fresh: bool
    min_left: float
    patience: float
    again: Callable[[], Plan] | None
    seen: Seen | None = None
    read: bool = True


@dataclass(frozen=True, slots=True)
class _Opening:
    """A plan under way, with the names of its records; ``until`` is when locks are waited for no more (monotonic)."""

    plan: Plan
    names: tuple[str, ...]
    wish: _Wish
    until: float


class Broker:
    """Opens sessions, one call to STS for all who ask for the same. Safe for threads; every method may block.

    ``portal`` opens what a login opens; ``credentials_of`` gives an identity's own keys; ``fingerprint_of`` tells them
    from others without the network; ``code_of`` gives MFA codes. ``clock`` gives epoch seconds, UTC; ``sleep`` waits
    for seconds.
    """

    def __init__(
        self,
        vault: RecordStore,
        sts: Sts,
        learnt: Learnt,
        failures: Failures,
        clock: Callable[[], float],
        *,
        portal: Portal,
        credentials_of: Callable[[Identity], Credentials],
        fingerprint_of: Callable[[Identity], str],
        code_of: CodeGiver,
        sleep: Callable[[float], None] = time.sleep,
        patience: float = PATIENCE,
    ) -> None:
        self._vault = vault
        self._sts = sts
        self._learnt = learnt
        self._failures = failures
        self._clock = clock
        self._credentials_of = credentials_of
        self._fingerprint_of = fingerprint_of
        self._patience = patience
        self._portal = portal
        self._calls = Calls(vault, sts, portal, learnt, code_of, SpentCodes(vault, self.now), sleep, self.now)
        self._maxima = Maxima(vault, sts, learnt, self.now)
        self._kept = Kept(vault, self.now)

    @property
    def skew(self) -> float:
        """Seconds that AWS's clock is ahead of ours, as it was last seen; 0 once ours was set since."""
        return self._learnt.skew

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
        return record_names(plan, versions(self._vault), self._sts.endpoint, self._portal.endpoint)

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
        try:
            who = self._sts.who_am_i(
                credentials, identity=identity.name, partition=partition, region=region or identity.region
            )
        finally:
            self._calls.note_skew()
        caller = caller_from(identity.name, who, temporary=credentials.temporary, fingerprint=fingerprint)
        self._learnt.learn_caller(caller)
        return caller

    def settled(self, identity: Identity, planner: Callable[[Caller], Plan], person: Person) -> Plan:
        """Return the plan that ``planner`` makes of a caller, once that is known as well as the plan needs.

        One process asks AWS for all. A login tells by the session that the plan begins with. Raises Denied,
        Unreachable, PersonNeeded, VaultUnavailable.
        """
        plan = planner(self.known_caller(identity))
        if not plan.needs_caller:
            return plan
        purpose = f"asking whose keys those of {clean(identity.name)} are"
        with self._locked(f"caller/{identity.name}", purpose, self._patience, code=False):
            plan = planner(self.known_caller(identity))
            if plan.needs_caller and plan.by_login:
                plan = planner(replace(plan.caller, user=self._user_of_login(plan, person)))
            elif plan.needs_caller:
                plan = planner(self.learn_caller(identity, partition=plan.target.partition, region=plan.region))
        return plan

    def _user_of_login(self, plan: Plan, person: Person) -> str:
        """Return who is signed in, by the session of the portal that ``plan`` begins with: live, or opened now."""
        wish = _Wish(person, False, MIN_LEFT, self._patience, None)
        opening = _Opening(plan, self.names(plan), wish, time.monotonic() + wish.patience)
        with self._alone(opening, 0):
            name = opening.names[0]
            header = self._vault.header(name) if self._kept.step(name) is not None else None
            return user_in(self._open(opening, 0).arn if header is None else str(header.facts.get("arn", "")))

    # -- sessions

    def live(self, plan: Plan, min_left: float = MIN_LEFT) -> Session | None:
        """Return the session of ``plan`` with at least ``min_left`` seconds left, or None. No call to AWS.

        Raises VaultUnavailable.
        """
        plan = within(plan, self._learnt.maxima())
        found = self._kept.found(plan, self.names(plan)[-1])
        return found if found is not None and self.left(found) >= min_left else None

    def session(
        self,
        plan: Plan,
        person: Person,
        *,
        fresh: bool = False,
        min_left: float = MIN_LEFT,
        patience: float | None = None,
        again: Callable[[], Plan] | None = None,
        seen: Seen | None = None,
    ) -> Session:
        """Return the session of ``plan``: from the vault, or from STS where that has none.

        ``fresh`` opens a new one even if one is live; the old one stays until the new one is there. ``seen`` asks for
        another than that, by whomever it was opened. ``min_left`` is the least number of seconds to be left of one that
        is served; one that was opened meanwhile is served with less, as AWS would give no more. ``patience`` is how
        many seconds to wait for another who opens the same. ``again`` makes the plan anew, once it is learnt that the
        role gives more. Raises Denied (WrongCode, CodeReused), PersonNeeded, Cancelled, Unreachable, VaultUnavailable,
        InvalidConfig; ValueError for a plan that still needs its caller.
        """
        if plan.needs_caller:
            raise ValueError("the plan has to be settled first")
        patience = self._patience if patience is None else patience
        anew = fresh or (seen is not None and seen.session is not None)
        wish = _Wish(person, anew, min_left, patience, again, seen)
        while True:
            try:
                return self._session(within(plan, self._learnt.maxima()), wish)
            except _OtherPlanError as other:
                # What was seen is of another record.
                plan, wish = other.plan, replace(wish, read=wish.read and not other.asked, seen=None)

    def seen(self, plan: Plan) -> Seen:
        """Return what there is of ``plan`` now, for :meth:`session`. Raises VaultUnavailable."""
        plan = within(plan, self._learnt.maxima())
        return self._see(plan, self.names(plan)[-1])

    def _see(self, plan: Plan, name: str) -> Seen:
        # The mark first: a failure of one who was faster than that counts as one of before.
        mark = self._failures.mark(name)
        return Seen(self._kept.found(plan, name), mark, self.now())

    def mfa_session(self, plan: Plan, person: Person) -> Credentials:
        """Return the keys that GetSessionToken, the only call of ``plan``, gave or gives for a code. Raises so too."""
        names = self.names(plan)
        wish = _Wish(person, fresh=False, min_left=MIN_LEFT, patience=self._patience, again=None)
        opening = _Opening(plan, names, wish, time.monotonic() + self._patience)
        found, _ = self._before(opening, len(names))
        assert found is not None, "GetSessionToken gives keys"
        return found

    def _session(self, plan: Plan, wish: _Wish) -> Session:
        """Return the session of this very plan. Raises _OtherPlanError where another has to be taken."""
        names = self.names(plan)
        opening, last = _Opening(plan, names, wish, time.monotonic() + wish.patience), len(names) - 1
        seen = wish.seen or self._see(plan, names[last])
        if not wish.fresh and seen.session is not None and self._has(seen.session, wish.min_left):
            return seen.session
        with self._alone(opening, last):
            meanwhile = self._kept.found(plan, names[last])
            if _other(meanwhile, seen.session):
                # What was opened since is as good as what a call would give now, also if that is less than was wanted.
                opened_since = meanwhile.issued >= seen.at - ON_THE_WAY
                if opened_since or self._has(meanwhile, wish.min_left):
                    return meanwhile
            failed = self._failures.since(names[last], seen.failure)
            if failed is not None:
                raise failed
            self._measure(opening, last)
            try:
                session = self._open(opening, last)
            except (Denied, Unreachable) as error:
                self._failures.note(names[last], error)
                raise
        if seen.failure:
            self._failures.clear(names[last])
        return session

    def _has(self, session: Session, seconds: float) -> bool:
        """Tell whether a session has so many seconds left, or had when it came, a moment ago."""
        left, now = self.left(session), self.now()
        return left >= seconds or (now - session.issued <= ON_THE_WAY and left + ON_THE_WAY >= seconds)

    def _measure(self, opening: _Opening, place: int) -> None:
        """Learn what the role gives, if that can be had, and raise _OtherPlanError where it changes the plan."""
        plan, wish = opening.plan, opening.wish
        read = wish.read and self._maxima.read(plan, place, opening.names, wish.person)
        other = within(wish.again() if read and wish.again else plan, self._learnt.maxima())
        if other is not plan and self.names(other) != opening.names:
            raise _OtherPlanError(other, asked=read)

    def _open(self, opening: _Opening, place: int) -> Session:
        """Make the call at ``place``, after those before it, and keep what it gave. The lock is held."""
        plan, names, person = opening.plan, opening.names, opening.wish.person
        credentials, stored = self._before(opening, place)
        try:
            issued = self._calls.make(plan, place, credentials, person)
        except DurationRefused as refused:
            raise self._refused(plan, place, refused) from None
        except Denied as denied:
            if not stored or denied.aws_code not in EXPIRED | UNKNOWN_KEY:
                raise
            credentials, _ = self._before(opening, place, anew=True)
            issued = self._calls.make(plan, place, credentials, person)
        session = session_of(plan, place, names[place], issued, self.now())
        return self._kept.keep(session, plan, names, place, self._sts.endpoint, person)

    def _before(self, opening: _Opening, place: int, *, anew: bool = False) -> tuple[Credentials | None, bool]:
        """Return the keys that sign the call at ``place``, and whether they come from the vault; a login has none.

        ``anew`` passes over what the vault has, which AWS did not take.
        """
        if place == 0:
            return None if opening.plan.by_login else self._credentials_of(opening.plan.identity), False
        name = opening.names[place - 1]
        known = self._kept.step(name)
        if known is not None and not anew:
            return known, True
        with self._alone(opening, place - 1):
            meanwhile = self._kept.step(name)
            if meanwhile is not None and not (anew and known == meanwhile):
                return meanwhile, True
            self._measure(opening, place - 1)
            return self._open(opening, place - 1).credentials, False

    def _refused(self, plan: Plan, place: int, refused: DurationRefused) -> Exception:
        """Return what to raise for a duration that AWS refused: the shorter plan, once there is one."""
        hop = plan.hops[place]
        if hop.duration <= HOUR:
            return refused
        if not refused.chain:
            self._learnt.learn_maximum(hop.role_arn, hop.duration, read=False)
        return _OtherPlanError(after_refusal(plan, hop=place, seconds=hop.duration, chain=refused.chain), asked=True)

    @contextmanager
    def _alone(self, opening: _Opening, place: int) -> Iterator[None]:
        """Hold the lock of one call's record. Raises PersonNeeded, Unreachable where another keeps it too long."""
        plan = opening.plan
        what = clean(plan.hops[place].target) or f"the MFA session of {clean(plan.identity.name)}"
        code = any(one.mfa_serial for one in plan.hops[: place + 1])
        patience = min(opening.wish.patience, math.ceil(max(0.0, opening.until - time.monotonic())))
        with self._locked(opening.names[place], f"opening {what}", patience, code=code):
            yield

    @contextmanager
    def _locked(self, name: str, purpose: str, patience: float, *, code: bool) -> Iterator[None]:
        """Hold a lock; ``code`` tells that its holder may be asking a person for one."""
        with ExitStack() as stack:
            try:
                stack.enter_context(self._vault.lock(name, timeout=patience, purpose=purpose))
            except LockTimeout as error:
                if code:
                    raise PersonNeeded(f"{error.message}: it may be asking for a code", error.hint) from None
                raise Unreachable(error.message, error.hint) from None
            yield


class _OtherPlanError(Exception):
    """Another plan has to be taken: AWS refused the duration, or somebody learnt meanwhile what the role gives.

    ``asked`` tells that AWS was asked for that: one such call is enough.
    """

    def __init__(self, plan: Plan, *, asked: bool) -> None:
        super().__init__("another plan")
        self.plan = plan
        self.asked = asked


def _other(found: Session | None, before: Session | None) -> TypeGuard[Session]:
    """Tell whether ``found`` is a session, and another than ``before``."""
    return found is not None and (before is None or found.credentials.access_key_id != before.credentials.access_key_id)
