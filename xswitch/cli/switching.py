"""What the commands that switch have in common: their arguments, and from TARGET to a session."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from xswitch.cli import OpenTui, output
from xswitch.errors import Denied, NoSuchTarget, Usage, XswitchError
from xswitch.text import clean, parse_duration, time_of_day

if TYPE_CHECKING:
    from xswitch.cli.context import Context
    from xswitch.engine.renewing import Kept
    from xswitch.session.model import Plan, Session

SHORTEST, LONGEST = 900, 43200
"""What DurationSeconds of AssumeRole may be (AWS STS API Reference, AssumeRole)."""


def span(text: str) -> int:
    """Parse a span of time for argparse. A bare number is seconds, and one too small to be that wants a unit."""
    if text.isascii() and text.isdigit() and int(text[:5]) < SHORTEST:
        raise argparse.ArgumentTypeError(f"{text} has no unit; write {text}m for minutes, {text}s for seconds")
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}; write 45m, 1h or 1h30m") from None


def session_length(text: str) -> int:
    """Parse ``--duration``: what AssumeRole takes, 15m to 12h."""
    seconds = span(text)
    if not SHORTEST <= seconds <= LONGEST:
        raise argparse.ArgumentTypeError(f"{text} is outside 15m to 12h")
    return seconds


def session_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what a session may be asked to be."""
    parser.add_argument("--duration", type=session_length, metavar="TIME", help="how long, 15m to 12h")
    parser.add_argument("--region", metavar="REGION", help="the region of the session's commands")
    parser.add_argument("--session-name", metavar="NAME", help="the RoleSessionName")


def switch_arguments(parser: argparse.ArgumentParser, *, asks: bool = True) -> None:
    """Declare what every command that switches takes."""
    session_arguments(parser)
    parser.add_argument("--confirm", metavar="NAME", help="pass the guard of an environment: the account's name")
    parser.add_argument("--reason", metavar="TEXT", help="the reason that a guard asks for")
    no_input = "never ask; exit 5 where a person is needed" if asks else argparse.SUPPRESS
    parser.add_argument("--no-input", action="store_true", help=no_input)


def can_pick(context: Context) -> bool:
    """Tell whether a person can be asked to pick: on the terminal itself, whatever stdin, stdout and stderr are."""
    from xswitch.cli.person import Nobody

    there = None not in (sys.__stdin__, sys.__stdout__, sys.__stderr__)
    return there and not isinstance(context.person, Nobody) and context.environ.get("TERM", "") not in ("", "dumb")


def renew_argument(parser: argparse.ArgumentParser) -> None:
    """Declare ``--renew``."""
    parser.add_argument("--renew", action="store_true", help="renew the session for as long as it runs")


def open_session(
    context: Context,
    text: str,
    use: Callable[[Session], int],
    *,
    min_left: int = 0,
    check: Callable[[], None] = lambda: None,
) -> int | OpenTui:
    """Switch to the target that ``text`` names and hand the session to ``use``, or what was picked in its place.

    ``check`` is called once the target is known, and raises where ``use`` could not do its work: a mistake costs
    neither a call of AWS nor a code.
    """
    from xswitch.cli.person import Nobody

    def go(plan: Plan) -> int:
        check()
        session = context.engine.open(plan, context.person, min_left=min_left)
        if isinstance(context.person, Nobody):
            mention(session)
        return use(session)

    return with_plan(context, text, go)


def keep_session(
    context: Context,
    text: str,
    use: Callable[[Kept], int],
    *,
    min_left: int = 0,
    check: Callable[[], None] = lambda: None,
) -> int | OpenTui:
    """Do as :func:`open_session`, with a session that is renewed; say where that has an end."""
    from xswitch.cli.person import Nobody
    from xswitch.engine.renewing import again

    def go(plan: Plan) -> int:
        check()
        alone = Nobody(how=again(plan))
        kept = context.engine.keep(plan, context.person, alone, min_left=min_left)
        if kept.until is not None:
            at = time_of_day(kept.until, context.engine.now())
            output.say(f"xswitch: renewed until {at}, when {kept.what} ends")
        return use(kept)

    return with_plan(context, text, go)


def with_plan(context: Context, text: str, then: Callable[[Plan], int]) -> int | OpenTui:
    """Hand the plan for the target that ``text`` names to ``then``.

    Where ``text`` names none and a person can be asked, the picker opens with it as the query, and ``then`` gets the
    plan for what was picked.
    """

    def go(plan: Plan) -> int:
        try:
            return then(plan)
        except Denied as denied:
            denied.hint = context.engine.change_for(denied, plan)
            raise

    try:
        plan = plan_for(context, text)
    except NoSuchTarget:
        if not can_pick(context):
            raise
    else:
        return go(plan)

    def picked(name: str) -> int:
        try:
            return go(plan_for(context, name))
        except XswitchError as error:
            return output.fail(error, as_json=bool(getattr(context.args, "json", False)))

    return OpenTui(context.engine, text, picked)


def mention(session: Session) -> None:
    """Say on stderr that the vault could not keep a session, and why; a person at a terminal was told already."""
    if session.unkept:
        output.say(f"{clean(session.unkept)}; this session is handed over all the same, and not kept")


def plan_for(context: Context, text: str) -> Plan:
    """Return the plan for the target that ``text`` names exactly."""
    if not text:
        raise Usage("an empty TARGET", "write account-name/role-name; `xswitch catalog list` shows them")
    return context.engine.plan(context.engine.resolve(text), context.options)
