"""Live sessions with the time left. `renew` gets new ones in their place, `end` forgets them here.

Shells that are open with a session take the new one at their next prompt.
"""

from __future__ import annotations

import argparse
import contextlib
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from xswitch.cli.output import Result, say, show, table
from xswitch.cli.person import Unattended
from xswitch.cli.switching import plan_for, span, switch_arguments, with_plan
from xswitch.errors import Cancelled, NoSuchTarget, Usage, VaultUnavailable, XswitchError
from xswitch.files import write_atomically
from xswitch.shell import renewed
from xswitch.text import clean, iso8601, say_duration, time_of_day

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xswitch.cli import OpenTui
    from xswitch.cli.context import Context
    from xswitch.engine import Live
    from xswitch.session.model import Person, Plan, Session

_NEEDED: Final = {4: "denied", 5: "person", 6: "vault", 7: "network"}
"""What a prompt has to say of each exit status that it can say something of."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("action", nargs="?", choices=("renew", "end"))
    parser.add_argument("target", nargs="?", metavar="TARGET", default="")
    parser.add_argument("--all", action="store_true", help="every live session")
    parser.add_argument("--below", type=span, metavar="TIME", help="renew only what has less than this left")
    parser.add_argument("--json", action="store_true")
    # What a prompt runs in the background: no terminal, no window, and FILE gets in one word what was needed.
    parser.add_argument("--report", metavar="FILE", help=argparse.SUPPRESS)
    switch_arguments(parser)


def run(args: argparse.Namespace, context: Context) -> Result | int | OpenTui:
    """List, renew or end."""
    if args.action is None and args.all:
        raise Usage("--all goes with renew or end", "xswitch sessions end --all")
    if args.action is None:
        return _list(context)
    if bool(args.target) == args.all:
        raise Usage("name one TARGET, or give --all", f"xswitch sessions {args.action} --all")
    if args.action == "end" and args.below:
        raise Usage("--below goes with renew", "xswitch sessions renew --all --below 20m")
    if args.report:
        return _renew_for_a_prompt(args, context)
    live = {session.target: session for session in context.engine.live()}
    if args.all and not live:
        return Result("", [], notes=("no live sessions",))
    if args.action == "end":
        return _end(context, sorted(live) if args.all else [_name(context, args.target, live)])
    if args.all:
        return _renew(context, live)
    return with_plan(context, args.target, lambda plan: show(_renew_one(context, plan, live), as_json=args.json))


def _name(context: Context, text: str, live: Mapping[str, Live]) -> str:
    """Return the session that ``text`` names: a live one first, since its target may have left the catalog."""
    if text in live:
        return text
    return _live(context.engine.resolve(text).name, live)


def _live(name: str, live: Mapping[str, Live]) -> str:
    """Return ``name``. Raises NoSuchTarget where it has no live session."""
    if name not in live:
        raise NoSuchTarget(f"{name} has no live session", "`xswitch sessions` lists them")
    return name


def _list(context: Context) -> Result:
    now = context.engine.now()
    live = context.engine.live()
    rows = [
        (
            session.target,
            session.environment.upper() if context.engine.guards(session.environment) else session.environment,
            say_duration(session.expires - now),
            time_of_day(session.expires, now),
            ", ".join(kind for kind, _ in session.in_use_by) or "nothing",
            session.renewal,
            f"not {say_duration(session.asked)}: {clean(session.why)}" if session.asked else "",
        )
        for session in live
    ]
    head = ("TARGET", "ENVIRONMENT", "LEFT", "ENDS", "IN USE BY", "RENEWING", "SHORTER")
    shorter = any(session.asked for session in live)
    text = table(rows if shorter else [row[:-1] for row in rows], head=head if shorter else head[:-1]) if rows else ""
    return Result(text, [as_json(session, now) for session in live], notes=() if rows else ("no live sessions",))


def as_json(session: Live, now: float) -> dict[str, Any]:
    """Return a session in the shape of ``sessions --json``."""
    return {
        "target": session.target,
        "account_id": session.account_id,
        "role": session.role,
        "environment": session.environment or None,
        "arn": session.arn,
        "identity": session.identity,
        "expires": iso8601(session.expires),
        "remaining": max(0, int(session.expires - now)),
        "duration": session.duration,
        "renewable": session.renewal in ("by itself", "no code"),
        "in_use_by": [kind for kind, _ in session.in_use_by],
    }


def _renew(context: Context, live: Mapping[str, Live]) -> Result:
    """Renew every one of them; one that fails leaves the others to be renewed."""
    opened = []
    failed: XswitchError | None = None
    for name in sorted(live):
        try:
            opened.append(_open(context, _such_as(context, plan_for(context, name), live), context.person))
        except Cancelled:
            raise
        except XswitchError as error:
            if len(live) == 1:
                raise
            say(f"{clean(name)} is not renewed: {clean(error.message)}")
            failed = failed or error
    return _renewed(context, opened, status=failed.exit_status if failed else 0)


def _renew_one(context: Context, plan: Plan, live: Mapping[str, Live]) -> Result:
    """Renew one that is live, or open it where --below says how much it has to have left."""
    if context.args.below is None:
        _live(plan.target.name, live)
    return _renewed(context, [_open(context, _such_as(context, plan, live), context.person)])


def _such_as(context: Context, plan: Plan, live: Mapping[str, Live]) -> Plan:
    """Return the plan of another session such as the live one: as long, and under the same name.

    What the person says of either now counts, and what AWS gave no more of is asked for again. What Identity Center
    gives is not theirs to choose.
    """
    found = live.get(plan.target.name)
    if found is None or plan.hops[-1].kind == "portal":
        return plan
    asked = plan.options
    lasts = found.asked or found.duration
    if asked.duration is None and lasts != (plan.asked or plan.duration):
        asked = replace(asked, duration=lasts)
    name = found.arn.rpartition("/")[2]
    if not asked.session_name and not plan.needs_caller and name != plan.hops[-1].session_name:
        asked = replace(asked, session_name=name)
    return plan if asked == plan.options else context.engine.plan(plan.target, asked)


def _renewed(context: Context, opened: list[Session], status: int = 0) -> Result:
    now = context.engine.now()
    lines = [f"{clean(session.target)} for {say_duration(session.expires - now)}" for session in opened]
    data = [{"target": session.target, "expires": iso8601(session.expires)} for session in opened]
    return Result("\n".join(lines), data, status=status)


def _open(context: Context, plan: Plan, person: Person) -> Session:
    """Return a new session, or one that has as much left as ``--below`` wants."""
    below: int | None = context.args.below
    # Where more is asked for than a session lasts, one that is new has to do: clocks may differ by some seconds.
    enough = 0 if below is None else min(below, plan.duration - 10)
    session = context.engine.open(plan, person, fresh=below is None, min_left=enough, strict=False)
    if session.unkept:
        raise VaultUnavailable(session.unkept, "what is renewed has to be written down; the old session is as it was")
    return session


def _renew_for_a_prompt(args: argparse.Namespace, context: Context) -> Result:
    """Renew one session without a person, apart from the terminal, and leave in one word how it went."""
    with contextlib.suppress(OSError):
        os.setsid()
    context.engine.unattended = True
    nobody = Unattended()
    word = "failed"
    try:
        session = _open(context, plan_for(context, args.target), nobody)
        renewed.announce(renewed.folder_in(context.paths.state), session)
        word = "renewed"
    except XswitchError as error:
        word = nobody.wanted or _NEEDED.get(error.exit_status, word)
        raise
    finally:
        with contextlib.suppress(OSError):
            write_atomically(Path(args.report), f"{word}\n".encode(), durable=False)
    return Result("")


def _end(context: Context, names: list[str]) -> Result:
    ended = [name for name in names if context.engine.end(name)]
    lines = [f"{clean(name)} is forgotten here" for name in ended]
    notes = (
        "AWS honours what was handed out until it expires",
        "for half a minute the session board of `xswitch` can bring it back",
    )
    return Result("\n".join(lines), [{"target": name} for name in ended], notes=notes if ended else ())
