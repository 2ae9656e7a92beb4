"""A switch: the guard, the session, the log. Everything that hands a session over comes through here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xswitch.engine.left import RENEWAL_PATIENCE, SERVED_AT_LEAST, check_left, check_length, has_left, served_above
from xswitch.errors import VaultUnavailable
from xswitch.session.model import GuardAsk, Person, Plan, Session

if TYPE_CHECKING:
    from xswitch.engine.core import Engine
    from xswitch.session.broker import Seen
    from xswitch.session.grants import Grant


class Switch:
    """Switches for one engine, which knows whom to ask."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(
        self, plan: Plan, person: Person, *, fresh: bool, min_left: int, strict: bool, seen: Seen | None = None
    ) -> Session:
        """Pass the guard, get the session (``fresh``: a new one even if one is live), check it, log it. Blocks.

        ``min_left`` is the number of seconds that the session has to have left; unless ``strict``, a new one that AWS
        gave for less will do. ``seen`` is what was there when it was found that a new one is due. Raises any of
        :mod:`xswitch.errors`.
        """
        people = self._engine.people
        if people.certain(plan):
            check_length(plan, min_left)
        reason, _ = self._pass_guard(plan, person)
        session = people.session(plan, person, fresh=fresh, min_left=min_left, seen=seen)
        lasted = session.expires - session.issued >= min_left and not session.fresh
        if strict and lasted and not has_left(session, self._engine.now(), min_left):
            # It was another's, and was waited for until it was too old to be what was asked for.
            session = people.session(plan, person, min_left=min_left)
        self._opened(plan, session, reason)
        if strict:
            check_left(session, self._engine.now(), min_left)
        return session

    def serve(self, plan: Plan, person: Person, *, patience: float) -> Session:
        """Return a session for an SDK: a live one with 15 minutes left, a new one, or what is left of the old. Blocks.

        A failure to renew counts only where less than a minute is left; else it is not tried again for a minute.
        ``patience`` is how many seconds to wait for another process that opens the same. A guard that is passed is
        logged, whatever is served.
        """
        reason, passed = self._pass_guard(plan, person)
        people = self._engine.people
        plan = people.settled(plan, person)
        seen = people.seen(plan)
        live = people.lasting(seen)
        if live is not None and passed:
            self._log(plan, live, reason)
        if live is not None and live.expires - self._engine.now() > served_above(plan):
            self._note_ready(plan, live)
            return live
        if live is not None:
            if people.failures.recent(live.record):
                return live
            patience = min(patience, RENEWAL_PATIENCE)
        try:
            session = people.session(plan, person, min_left=SERVED_AT_LEAST, patience=patience, seen=seen)
        except Exception as error:
            if live is None or live.expires - self._engine.now() < SERVED_AT_LEAST:
                raise
            people.failures.note(live.record, error)
            return live
        self._opened(plan, session, reason)
        if live is not None and session.expires - self._engine.now() < SERVED_AT_LEAST:
            session = live
        check_left(session, self._engine.now(), SERVED_AT_LEAST)
        return session

    def renewed(self, plan: Plan, session: Session) -> None:
        """Log a session that was renewed while a program runs, with the reason of the grant in force."""
        granted = self._granted(plan)
        self._log(plan, session, "" if granted is None else granted.reason)

    def _pass_guard(self, plan: Plan, person: Person) -> tuple[str, bool]:
        """Return the reason that was given, "" where none was due, and whether the guard was passed just now.

        A live grant, read with the key, passes, and its reason holds for all that is opened within it where no other
        is given. A name that is given and is not the account's passes nothing: who wrote it means another account.
        """
        if plan.guard is None:
            return "", False
        granted, given = self._granted(plan), self._engine.given
        if granted is not None and given.typed in ("", plan.target.account.name):
            return given.reason.strip() or granted.reason, False
        from xswitch.govern import guard
        from xswitch.session import grants

        ask = GuardAsk(plan.target, plan.guard, guard.grant_duration(plan.guard))
        reason = guard.judge(ask, person.guard(ask))
        grants.grant(self._engine.vault, plan.target, plan.guard, reason, self._engine.now())
        return reason, True

    def _granted(self, plan: Plan) -> Grant | None:
        """Return the grant in force for what a plan opens, read with the key, or None."""
        if plan.guard is None:
            return None
        from xswitch.session import grants

        return grants.live_grant(self._engine.vault, plan.target, plan.guard, self._engine.now())

    def _opened(self, plan: Plan, session: Session, reason: str) -> None:
        """Log it, note it for the fast commands, and see to it that another process clears away what is over."""
        from xswitch.session import sweeping

        self._log(plan, session, reason)
        if session.fresh:
            sweeping.begin(self._engine.paths.state, self._engine.clock(), self._engine.environ)
        self._note_ready(plan, session)

    def _log(self, plan: Plan, session: Session, reason: str) -> None:
        """Write the audit line, tell open shells, count the visit. A guarded switch that can't be logged is refused."""
        from xswitch.catalog import visits
        from xswitch.govern import audit
        from xswitch.shell import renewed

        now = self._engine.clock()
        try:
            audit.append(
                self._engine.paths.audit_log,
                audit.line_of(plan, session, now=now, os_user=self._engine.os_user, reason=reason),
            )
        except OSError as error:
            if plan.guard is not None:
                raise VaultUnavailable(
                    f"the switch can't be logged: {error.strerror or error}",
                    f"make {self._engine.paths.audit_log} writable",
                ) from None
        if session.fresh and session.kept:
            renewed.announce(renewed.folder_in(self._engine.paths.state), session)
        try:
            visits.record(self._engine.paths.state / "visits.json", session.target, now)
        except OSError:
            return  # a visit that is not counted moves one row of a list

    def _note_ready(self, plan: Plan, session: Session) -> None:
        """Note what serves this request, so that the fast commands find it."""
        from xswitch.engine import noting

        noting.note(self._engine, plan, session)
