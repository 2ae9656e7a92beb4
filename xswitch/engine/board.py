"""What is live, what ended, and what Enter will do: all of it read from the headers of records, without the key."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from xswitch.aws.endpoints import endpoint_override
from xswitch.engine.views import Ended, Live, Outlook, Renewal
from xswitch.errors import XswitchError
from xswitch.session import grants
from xswitch.session.externals import versions
from xswitch.session.keys import record_names
from xswitch.session.limits import MIN_LEFT
from xswitch.session.records import SESSION
from xswitch.shell import renewed, uses

if TYPE_CHECKING:
    from xswitch.catalog import Target
    from xswitch.engine.core import Engine
    from xswitch.session.model import Plan
    from xswitch.vault import Header

REMEMBERED: Final = 3600
"""Seconds for which an ended session stands on the board."""
UNDO: Final = 30
"""Seconds within which an ended session can be brought back."""


class Board:
    """The session board of one engine. Ends of sessions are AWS's time, records set aside this machine's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._notes = renewed.folder_in(engine.paths.state)

    def live(self) -> tuple[Live, ...]:
        """Return the live sessions, soonest to end first; of two of one target, the one that lasts longer."""
        now = self._engine.now()
        latest: dict[str, Header] = {}
        for header in self._sessions():
            target = self._name(header)
            known = latest.get(target)
            if _live(header, now) and (known is None or _end(known) < _end(header)):
                latest[target] = header
        using: dict[str, list[tuple[str, float]]] = {}
        for use in uses.current(uses.folder_in(self._engine.paths.state)):
            using.setdefault(use.target, []).append((use.words, use.began))
        found = (self._view(header, tuple(using.get(target, ()))) for target, header in latest.items())
        return tuple(sorted(found, key=lambda session: session.expires))

    def ended(self) -> tuple[Ended, ...]:
        """Return what ended within the last hour, latest first, without what is live again."""
        now = self._engine.now()
        live = {session.target for session in self.live()}
        found: dict[str, Ended] = {}
        for header in self._sessions():
            target, at = self._name(header), _end(header)
            if at <= now < at + REMEMBERED:
                found[target] = Ended(target, at, by_person=False, restorable=False)
        here = self._engine.clock()
        for aside in self._engine.vault.set_aside_headers():
            target = self._name(aside.header)
            if here < aside.at + REMEMBERED:
                restorable = here < aside.at + UNDO and _end(aside.header) > now
                found[target] = Ended(target, aside.at, by_person=True, restorable=restorable)
        return tuple(sorted((one for one in found.values() if one.target not in live), key=lambda one: -one.at))

    def end(self, target: str) -> int:
        """Set the sessions of ``target`` aside; return how many."""
        found = [header for header in self._sessions() if self._name(header) == target]
        for header in found:
            renewed.forget(self._notes, str(header.facts["account_id"]), str(header.facts["role"]))
        return sum(bool(self._engine.vault.set_aside(header.name)) for header in found)

    def restore(self, target: str) -> bool:
        """Bring back what was set aside less than half a minute ago."""
        now = self._engine.clock()
        brought = False
        for aside in self._engine.vault.set_aside_headers():
            header = aside.header
            if self._name(header) == target and now < aside.at + UNDO and self._engine.vault.bring_back(header.name):
                facts = header.facts
                renewed.announce_end(self._notes, str(facts["account_id"]), str(facts["role"]), _end(header))
                brought = True
        return brought

    def outlook(self, plan: Plan) -> Outlook:
        """Say what opening ``plan`` will do, given what is in the vault now."""
        headers = self._headers(plan, slice(None))
        last = headers[-1] if headers else None
        ahead = self._ahead(plan, headers)
        granted = self.granted_until(plan)
        return Outlook(
            plan=plan,
            live=self._view(last, (), plan) if last is not None and not ahead.calls else None,
            code=ahead.code,
            confirm=plan.guard is not None and granted is None,
            granted_until=granted,
            login=ahead.login,
        )

    def _headers(self, plan: Plan, calls: slice) -> list[Header | None]:
        """Return what the vault has of the ``calls`` of a plan, in order."""
        environ, vault = self._engine.environ, self._engine.vault
        places = endpoint_override(environ), endpoint_override(environ, "sso")
        return [vault.header(name) for name in record_names(plan, versions(vault), *places)[calls]]

    def _ahead(self, plan: Plan, headers: list[Header | None]) -> _Ahead:
        """Return what is left to do of a plan behind the last of ``headers`` that is live, as the broker takes it."""
        now = self._engine.now()
        enough = (header and _live(header, now) and _end(header) - now >= MIN_LEFT for header in headers)
        reached = max((place for place, good in enumerate(enough) if good), default=-1)
        login = plan.by_login and reached < 0 and not self._engine.people.login(plan.identity).lives
        calls = plan.hops[reached + 1 :]
        return _Ahead(len(headers) - 1 - reached, any(hop.mfa_serial for hop in calls), login)

    def granted_until(self, plan: Plan) -> float | None:
        """Return until when the plan's guard was passed, as the grant's header says; None where it has to be asked."""
        if plan.guard is None:
            return None
        return grants.granted_until(self._engine.vault, plan.target, plan.guard, self._engine.now())

    def _sessions(self) -> list[Header]:
        """Return the headers of targets' sessions: those of GetSessionToken belong to no target."""
        return [header for header in self._engine.vault.headers(SESSION) if header.facts.get("target")]

    @cached_property
    def _now_called(self) -> dict[tuple[str, str], Target]:
        """The catalog's targets by account id and role name, since a session outlives a renamed account."""
        return {(target.account.id, target.role): target for target in self._engine.catalog.targets}

    def _target(self, header: Header) -> Target | None:
        facts = header.facts
        return self._now_called.get((str(facts.get("account_id", "")), str(facts.get("role", ""))))

    def _name(self, header: Header) -> str:
        """Return what the session's target is called now, or was when it was opened."""
        found = self._target(header)
        return str(header.facts["target"]) if found is None else found.name

    def _view(self, header: Header, in_use_by: tuple[tuple[str, float], ...], plan: Plan | None = None) -> Live:
        facts = header.facts

        def text(name: str) -> str:
            return str(facts.get(name, ""))

        found = self._target(header)
        name = self._name(header)
        renewal = self._renewal(name) if plan is None else "no code"
        return Live(
            target=name,
            account_id=text("account_id"),
            account=text("account") if found is None else found.account.name,
            role=text("role"),
            environment=text("environment") if found is None else found.account.environment,
            arn=text("arn"),
            identity=text("identity"),
            region=text("region"),
            issued=header.issued,
            expires=_end(header),
            duration=int(facts.get("duration", 0)),
            renewal=renewal,
            in_use_by=in_use_by,
            why=text("why"),
            asked=int(facts.get("asked", 0)) or None,
        )

    def _renewal(self, target: str) -> Renewal:
        """Say what a new session in place of this one would need of the person."""
        try:
            plan = self._engine.plan(self._engine.resolve(target))
            headers = self._headers(plan, slice(-1))
        except XswitchError:
            return "can't"
        if plan.guard is not None and self.granted_until(plan) is None:
            return "confirmation"
        ahead = self._ahead(plan, headers)
        return "a login" if ahead.login else "a code" if ahead.code else "no code"


class _Ahead(NamedTuple):
    """What a plan has before it: calls whose session is not live, and whether they want a code or a login first."""

    calls: int
    code: bool
    login: bool


def _live(header: Header, now: float) -> bool:
    """Tell whether a session is live; one of a time that has not come says nothing: the clock was set back."""
    return header.issued - MIN_LEFT <= now < _end(header)


def _end(header: Header) -> float:
    return header.expires or 0.0
