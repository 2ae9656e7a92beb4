"""From a plan to a session: the vault, else STS; and everybody who asks for one request waits for one call.

::

    session(plan) ── the vault has it ─────────────────────────────────────────► Session
          │ no
          └─ lock of that request ─ the vault has it now ──────────────────────► Session
                    │ no
                    └─ for each call after the last live one: lock, code, STS, vault ► Session

A record is written before its session is handed out, and an old one stands until then. A code is never sent twice. What
AssumeRole answers is compared with the target before anything is handed over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from xswitch.credentials import Credentials
from xswitch.errors import CodeReused, Denied, RecordDamaged, VaultUnavailable, WrongCode
from xswitch.secret import Secret
from xswitch.session.codes import CodeGiver, SpentCodes
from xswitch.session.duration import HOUR
from xswitch.session.externals import external_id, versions
from xswitch.session.keys import record_names
from xswitch.session.learnt import Learnt
from xswitch.session.model import CodeAsk, Hop, Person, Plan, Session
from xswitch.session.plan import stepped_down, within
from xswitch.session.records import KIND, Kept, opened, sealed
from xswitch.session.refusals import EXPIRED, DurationRefused
from xswitch.session.store import RecordStore
from xswitch.session.sts import Issued, Sts
from xswitch.text import clean, say_duration

AT_LEAST: Final = 60
"""A session with fewer seconds left is not handed out."""
_PATIENCE: Final = 120.0
"""Seconds to wait for whoever opens the same session: they may be asking a person for a code."""
_CODES: Final = 3
_WAITS: Final = 5


Keyring = Callable[[Plan, Person], Credentials]
"""Gives the credentials of a plan's identity. Blocks. Raises PersonNeeded, Denied, Unreachable, VaultUnavailable."""


@dataclass(frozen=True, slots=True)
class _Reached:
    """How far along the chain we are: the credentials, which call made them (-1: the identity's own)."""

    hop: int
    credentials: Credentials
    stored: bool


class Broker:
    """Opens sessions. Safe for threads; ``clock`` gives epoch seconds, UTC."""

    def __init__(
        self,
        store: RecordStore,
        sts: Sts,
        keyring: Keyring,
        codes: CodeGiver,
        learnt: Learnt,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._sts = sts
        self._keyring = keyring
        self._codes = codes
        self._learnt = learnt
        self._clock = clock
        self._spent = SpentCodes(store, clock)

    def names(self, plan: Plan) -> tuple[str, ...]:
        """Return the records' names of the plan's calls, the session's own last."""
        return record_names(plan, versions(self._store), self._sts.endpoint)

    def live(self, plan: Plan, *, min_left: int = AT_LEAST) -> Session | None:
        """Return the plan's session from the vault, with ``min_left`` seconds left, or None. Raises VaultUnavailable."""
        plan = within(plan, self._learnt.maxima())
        kept = self._kept(self.names(plan)[-1], min_left)
        return None if kept is None else kept.session(plan, self.names(plan)[-1])

    def session(self, plan: Plan, person: Person, *, fresh: bool = False, min_left: int = AT_LEAST) -> Session:
        """Return the plan's session, from the vault or from AWS. Blocks.

        ``fresh`` wants a new one even where one is live; the old one stands until the new one is stored. ``min_left``
        is how many seconds it must have left. Raises any of :mod:`xswitch.errors`.
        """
        plan = within(plan, self._learnt.maxima())
        began = self._clock()
        if not fresh and (found := self.live(plan, min_left=min_left)) is not None:
            return found
        self._store.unlock()
        refused = False
        ignored: frozenset[str] = frozenset()
        while True:
            try:
                return self._opened(plan, person, began if fresh else None, min_left, ignored)
            except DurationRefused as error:
                if refused:
                    raise
                refused = True
                plan = self._shorter(plan, error)
            except _Stale as stale:
                if stale.name in ignored:
                    raise stale.denied from None
                ignored |= {stale.name}

    def _opened(
        self, plan: Plan, person: Person, newer_than: float | None, min_left: int, ignored: frozenset[str]
    ) -> Session:
        names = self.names(plan)
        purpose = f"opening {clean(plan.target.name)}"
        with self._store.lock(names[-1], timeout=_PATIENCE, purpose=purpose):
            kept = None if names[-1] in ignored else self._kept(names[-1], min_left)
            if kept is not None and (newer_than is None or kept.issued >= newer_than):
                return kept.session(plan, names[-1])
            reached = self._reached(plan, names, person, ignored)
            for number in range(reached.hop + 1, len(plan.hops) - 1):
                with self._store.lock(names[number], timeout=_PATIENCE, purpose=purpose):
                    reached = self._step(plan, names, number, reached, person, ignored)
            made = self._call(plan, len(plan.hops) - 1, reached, names, person)
            return self._keep(plan, names, len(plan.hops) - 1, made)

    def _reached(self, plan: Plan, names: tuple[str, ...], person: Person, ignored: frozenset[str]) -> _Reached:
        """Return the last call on the way whose session is live, or the identity's own credentials."""
        for number in range(len(names) - 2, -1, -1):
            kept = None if names[number] in ignored else self._kept(names[number], AT_LEAST)
            if kept is not None:
                return _Reached(number, kept.credentials, stored=True)
        return _Reached(-1, self._keyring(plan, person), stored=False)

    def _step(
        self,
        plan: Plan,
        names: tuple[str, ...],
        number: int,
        reached: _Reached,
        person: Person,
        ignored: frozenset[str],
    ) -> _Reached:
        """Make one call on the way, unless somebody else has made it while we waited for its lock."""
        kept = None if names[number] in ignored else self._kept(names[number], AT_LEAST)
        if kept is not None:
            return _Reached(number, kept.credentials, stored=True)
        session = self._keep(plan, names, number, self._call(plan, number, reached, names, person))
        return _Reached(number, session.credentials, stored=False)

    def _call(self, plan: Plan, number: int, reached: _Reached, names: tuple[str, ...], person: Person) -> Issued:
        """Make one call of STS and compare its answer with what was asked for. Raises Denied with the hop's target."""
        hop = plan.hops[number]
        try:
            issued = self._coded(plan, hop, reached, person) if hop.mfa_serial else self._issue(plan, hop, reached, None)
        except DurationRefused as error:
            error.target = hop.target
            raise
        except Denied as error:
            if error.aws_code in EXPIRED and reached.stored:
                raise _Stale(names[reached.hop], error) from None
            error.target = error.target or hop.target
            raise
        finally:
            if self._sts.skew is not None:
                self._learnt.learn_skew(self._sts.skew)
        _compare(hop, issued)
        return issued

    def _issue(self, plan: Plan, hop: Hop, reached: _Reached, code: Secret | None) -> Issued:
        value: Secret | None = None
        if isinstance(hop.external_id, str):
            value = Secret(hop.external_id)
        elif hop.external_id is not None:
            value = external_id(self._store, hop.external_id, wanted_by=hop.target, origin=plan.target.origin)
        return self._sts.issue(
            hop,
            reached.credentials,
            identity=plan.identity.name,
            partition=plan.target.partition,
            region=plan.region or plan.identity.region,
            external_id=value,
            code=code,
        )

    def _coded(self, plan: Plan, hop: Hop, reached: _Reached, person: Person) -> Issued:
        """Make a call that carries a code: ask, never send one twice, ask again where AWS did not accept it."""
        problem, wrong = "", 0
        for _ in range(_CODES + _WAITS):
            ask = CodeAsk(
                serial=hop.mfa_serial,
                identity=plan.identity.name,
                user=plan.caller.user,
                target=plan.target.name,
                environment=plan.guard,
                problem=problem,
                wait=self._spent.wait(hop.mfa_serial),
                covers=self._covers(plan, hop),
            )
            code, source = self._codes(plan.identity, ask, person)
            rest = self._spent.spend(hop.mfa_serial, code)
            if rest:
                problem = f"That code was used already, and a code is good once: wait for the next, in {rest}s."
                if source == "person":
                    continue
                raise CodeReused(
                    "the MFA code was used already, and a code is good once", f"wait {rest}s for the next", wait=rest
                )
            try:
                return self._issue(plan, hop, reached, code)
            except WrongCode:
                wrong += 1
                problem = "AWS did not accept that code."
                if source != "person" or wrong == _CODES:
                    raise
        raise CodeReused("no new MFA code was given", "wait for the device to show another")

    def _covers(self, plan: Plan, hop: Hop) -> str:
        """Say what one code opens and how long that holds."""
        if hop.kind == "session-token":
            until = say_duration(hop.duration)
            return f"One code for {until}: no role of {plan.caller.user or plan.identity.name} asks again until then."
        words = f"This code opens {plan.target.name} alone, for {say_duration(hop.duration)}."
        if hop.duration > HOUR and self._learnt.granted(hop.role_arn) < hop.duration:
            words += " If the role allows less, a second code is asked for, for an hour."
        return words

    def _shorter(self, plan: Plan, error: DurationRefused) -> Plan:
        """Return the plan with an hour for the call that was refused, and remember why."""
        number = next((n for n, hop in enumerate(plan.hops) if hop.target == error.target), len(plan.hops) - 1)
        if not error.chain:
            self._learnt.learn_maximum(plan.hops[number].role_arn, HOUR)
        return stepped_down(plan, hop=number, seconds=HOUR, chain=error.chain)

    def _keep(self, plan: Plan, names: tuple[str, ...], number: int, issued: Issued) -> Session:
        """Write the record and return the session. Where the vault can't keep it, it lives in this process alone."""
        hop, now = plan.hops[number], self._clock()
        kept = Kept.of(issued, now, hop.duration)
        try:
            payload, facts = sealed(kept, plan, hop)
            self._store.write(names[number], KIND, payload, issued=now, expires=kept.credentials.expires, facts=facts)
            stored = True
        except VaultUnavailable:
            stored = False
        if hop.role_arn:
            self._learnt.learn_granted(hop.role_arn, hop.duration)
        return kept.session(plan, names[number], fresh=True, stored=stored)

    def _kept(self, name: str, min_left: int) -> Kept | None:
        """Return what the vault keeps under ``name`` where it has the time; a damaged record is as good as none."""
        try:
            header = self._store.header(name)
            if header is None or (header.expires or 0.0) - self._clock() < min_left:
                return None
            record = self._store.read(name)
        except RecordDamaged:
            return None
        return None if record is None else opened(record)


class _Stale(Exception):
    """AWS says that a session of the vault on the way is over, whatever its record says."""

    def __init__(self, name: str, denied: Denied) -> None:
        super().__init__(name)
        self.name = name
        self.denied = denied


def _compare(hop: Hop, issued: Issued) -> None:
    """Raise Denied unless the session is one of the role that was asked for (AssumedRoleUser in STS's answer)."""
    if hop.kind != "assume-role":
        return
    parts = issued.arn.split(":", 5)
    role = hop.role_arn.rpartition("/")[2]
    if len(parts) == 6 and parts[4] == hop.account_id and parts[5].split("/")[:2] == ["assumed-role", role]:
        return
    raise Denied(
        f"AWS answered with {clean(issued.arn) or 'no role'} where {clean(hop.target)} was asked for; nothing is handed over",
        "check AWS_ENDPOINT_URL and whoever answers there",
        side="unknown",
        target=hop.target,
    )
