"""Opening a session that is renewed while a program runs, and running the program.

What renewal needs is settled before the program starts: with MFA the code goes to GetSessionToken, whose session then
stands in for the person to its end, as the grant of a guarded environment does. Where nothing could stand in it is
refused at once, and not in the middle of the night.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xswitch.aws.dates import of_iso
from xswitch.errors import PersonNeeded, RecordDamaged, Unreachable, VaultUnavailable
from xswitch.session import grants
from xswitch.session.renewer import AT_LEAST, Renewer
from xswitch.shell import launch, renewing
from xswitch.shell.renewing import Renewal
from xswitch.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable

    from xswitch.engine.core import Engine
    from xswitch.engine.people import People
    from xswitch.session.model import Options, Person, Plan, Session
    from xswitch.shell.environment import Look


@dataclass(frozen=True, slots=True)
class Kept:
    """An open session that is renewed while a program runs.

    ``until`` (epoch seconds, AWS's time) is when renewal will need a person, None where nothing says that it ever will;
    ``what`` is what ends then.
    """

    session: Session
    until: float | None
    what: str
    engine: Engine
    look: Look
    renewer: Renewer
    role_arn: str
    options: Options

    def shell(self, program: str, say: Callable[[str], None], typed: str = "") -> int:
        """Run a subshell; return its exit status. ``say`` tells the person a line. Blocks; main thread only.

        ``typed`` is the TARGET as the person wrote it: what `xs .` asks for again.
        """
        from xswitch.shell import detect
        from xswitch.shell.again import Again

        environ, state, clock = self.engine.environ, self.engine.paths.state, self.engine.clock
        found = detect.find(program, environ)
        renewal = Renewal(self.renewer.give, self.role_arn, say)
        again = Again.of(self.session, self.options, typed, state)
        with self.renewer, renewing.served(renewal, self.session, environ, self.look, state=state) as inside:
            return launch.subshell(
                found, self.session, environ, self.look, state=state, clock=clock, inside=inside, again=again
            )

    def run(self, command: list[str], say: Callable[[str], None]) -> int:
        """Run a command; return its exit status. ``say`` tells the person a line. Blocks; main thread only.

        Raises NotFound, NotExecutable.
        """
        environ, state, clock = self.engine.environ, self.engine.paths.state, self.engine.clock
        renewal = Renewal(self.renewer.give, self.role_arn, say)
        with self.renewer:
            return renewing.command(command, self.session, renewal, environ, self.look, state=state, clock=clock)


def again(plan: Plan) -> str:
    """Say what a person does in another terminal, so that a process that waits for them goes on."""
    return f"run once in a terminal: xswitch exec {shlex.quote(clean(plan.target.name))} --renew -- true"


@dataclass(frozen=True, slots=True)
class Hands:
    """What renewing takes of the engine: its people, its audit log, and how it shows an environment."""

    people: People
    log: Callable[[Plan, Session], None]
    look: Callable[[Session], Look]


def keep(engine: Engine, hands: Hands, plan: Plan, person: Person, alone: Person, *, min_left: int) -> Kept:
    """Open ``plan``, so that it is renewed without the person from then on; ``alone`` is who is asked instead.

    Blocks. Raises PersonNeeded where the first renewal would need a person already, and whatever
    :meth:`~xswitch.engine.core.Engine.open` raises.
    """
    if _asks_every_time(plan):
        raise PersonNeeded(
            f"every session of {clean(plan.target.name)} wants a new MFA code, so nobody can renew it alone",
            f"leave out --renew, or give the identity {clean(plan.identity.name)} an mfa_process",
        )
    session = engine.open(plan, person, min_left=min_left)
    plan = engine.plan(plan.target, plan.options)
    ends = _ends(engine, hands.people, plan)
    if ends is None:
        # A session of before is live, and what it was opened from is over: asking now beats failing within the hour.
        session = engine.open(plan, person, fresh=True)
        ends = _ends(engine, hands.people, plan) or {}

    not_ended = _not_ended(engine, hands.people, plan, session.record)

    def allow() -> None:
        _allow(engine, plan)
        not_ended()

    def renew(seconds: int) -> Session:
        opened = hands.people.session(plan, alone, fresh=False, min_left=seconds)
        if opened.fresh:
            hands.log(plan, opened)
        return opened

    renewer = Renewer(
        session,
        look=lambda: hands.people.live(plan),
        renew=renew,
        allow=allow,
        now=engine.now,
        life=float(plan.duration),
    )
    what = min(ends, key=lambda name: ends[name], default="")
    return Kept(session, ends.get(what), what, engine, hands.look(session), renewer, plan.target.arn, plan.options)


def _asks_every_time(plan: Plan) -> bool:
    return any(hop.mfa_serial for hop in plan.hops[-1:]) and not plan.identity.mfa_process


def _allow(engine: Engine, plan: Plan) -> None:
    """Raise PersonNeeded where the plan's guard has no live grant."""
    if plan.guard is None or grants.live_grant(engine.vault, plan.target, plan.guard, engine.now()) is not None:
        return
    message = f"{clean(plan.guard.name)} is guarded, and what was confirmed for {clean(plan.target.name)} is over"
    raise PersonNeeded(message, again(plan))


def _not_ended(engine: Engine, people: People, plan: Plan, record: str) -> Callable[[], None]:
    """Return what raises PersonNeeded once the person ended the session, for as long as nobody opens it again.

    What is set aside is remembered for an hour, and whoever renews looks more often than that.
    """
    began = engine.clock()
    ended = False

    def check() -> None:
        nonlocal ended
        try:
            aside = engine.vault.set_aside_headers()
            ended = ended or any(one.header.name == record and one.at >= began for one in aside)
            ended = ended and people.live(plan) is None
        except VaultUnavailable:
            return  # whoever serves finds that out, and serves what it has
        if ended:
            raise PersonNeeded(f"the session of {clean(plan.target.name)} was ended here", again(plan))

    return check


def _ends(engine: Engine, people: People, plan: Plan) -> dict[str, float] | None:
    """Return what stands in for the person, with its end in epoch seconds; None where nothing does and a code would.

    Raises PersonNeeded where the identity's own keys or login can't be had without a person.
    """
    now = engine.now()
    ends: dict[str, float] = {}
    code = next((place for place, hop in enumerate(plan.hops) if hop.mfa_serial), None)
    if plan.by_login:
        ends |= _logins_end(engine, people, plan)
    elif code is None or plan.identity.mfa_process:
        people.own_credentials(plan.identity)
        until = _environments_end(engine, plan)
        if until is not None:
            ends["the environment's own session"] = until
    else:
        end = _header_end(engine, people.broker.names(plan)[code])
        if end - now < AT_LEAST:
            return None
        ends["the MFA session"] = end
    if plan.guard is not None:
        granted = grants.granted_until(engine.vault, plan.target, plan.guard, now)
        if granted is not None:
            ends["the confirmation"] = granted
    return ends


def _logins_end(engine: Engine, people: People, plan: Plan) -> dict[str, float]:
    """Return when the login ends, where nothing renews it; or the session that it opened, which outlives it.

    Raises PersonNeeded where neither is there, and what getting a token raises.
    """
    try:
        people.token_of(plan.identity)
    except PersonNeeded:
        end = _header_end(engine, people.broker.names(plan)[0]) if plan.chained else 0.0
        if end - engine.now() < AT_LEAST:
            raise
        return {"the login's own session": end}
    except Unreachable:
        pass  # AWS may be back by the time that it is needed
    login = people.login(plan.identity)
    return {} if login.renews else {"the login": login.expires}


def _header_end(engine: Engine, record: str) -> float:
    try:
        header = engine.vault.header(record)
    except RecordDamaged:
        return 0.0
    return 0.0 if header is None else header.expires or 0.0


def _environments_end(engine: Engine, plan: Plan) -> float | None:
    """Return when the session that the environment holds ends, where it says so."""
    if plan.identity.kind != "environment" or not engine.environ.get("AWS_SESSION_TOKEN"):
        return None
    try:
        return of_iso(engine.environ.get("AWS_CREDENTIAL_EXPIRATION", ""))
    except ValueError:
        return None
