"""Live sessions with the time left. `renew` gets new ones in their place, `end` forgets them here."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

from xswitch.cli.output import Result, say, table
from xswitch.cli.switching import plan_for, switch_arguments
from xswitch.errors import Cancelled, NoSuchTarget, Usage, XswitchError
from xswitch.text import clean, iso8601, say_duration

if TYPE_CHECKING:
    from xswitch.cli.context import Context
    from xswitch.engine import Live


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("action", nargs="?", choices=("renew", "end"))
    parser.add_argument("target", nargs="?", metavar="TARGET", default="")
    parser.add_argument("--all", action="store_true", help="every live session")
    parser.add_argument("--json", action="store_true")
    switch_arguments(parser)


def run(args: argparse.Namespace, context: Context) -> Result:
    """List, renew or end."""
    if args.action is None and args.all:
        raise Usage("--all goes with renew or end", "xswitch sessions end --all")
    if args.action is None:
        return _list(context)
    if bool(args.target) == args.all:
        raise Usage("name one TARGET, or give --all", f"xswitch sessions {args.action} --all")
    live = [session.target for session in context.engine.live()]
    if args.all and not live:
        return Result("", [], notes=("no live sessions",))
    names = sorted(set(live)) if args.all else [_name(context, args.target, live)]
    return _renew(context, names) if args.action == "renew" else _end(context, names)


def _name(context: Context, text: str, live: list[str]) -> str:
    """Return the session that ``text`` names: a live one first, since its target may have left the catalog."""
    if text in live:
        return text
    name = context.engine.resolve(text).name
    if name not in live:
        raise NoSuchTarget(f"{name} has no live session", "`xswitch sessions` lists them")
    return name


def _list(context: Context) -> Result:
    now = context.clock()
    live = context.engine.live()
    rows = [
        (
            session.target,
            session.environment.upper() if context.engine.guards(session.environment) else session.environment,
            say_duration(session.expires - now),
            time.strftime("%H:%M", time.localtime(session.expires)),
            ", ".join(kind for kind, _ in session.in_use_by) or "nothing",
            session.renewal,
        )
        for session in live
    ]
    text = table(rows, head=("TARGET", "ENVIRONMENT", "LEFT", "ENDS", "IN USE BY", "RENEWING")) if rows else ""
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


def _renew(context: Context, names: list[str]) -> Result:
    now = context.clock()
    renewed = []
    failed: XswitchError | None = None
    for name in names:
        try:
            session = context.engine.open(plan_for(context, name), context.person, fresh=True)
            renewed.append((name, session.expires))
        except Cancelled:
            raise
        except XswitchError as error:
            if len(names) == 1:
                raise
            say(f"{clean(name)} is not renewed: {clean(error.message)}")
            failed = failed or error
    lines = [f"{name} for {say_duration(expires - now)}" for name, expires in renewed]
    data = [{"target": name, "expires": iso8601(expires)} for name, expires in renewed]
    return Result("\n".join(lines), data, status=failed.exit_status if failed else 0)


def _end(context: Context, names: list[str]) -> Result:
    ended = [name for name in names if context.engine.end(name)]
    lines = [f"{name} is forgotten here" for name in ended]
    note = "AWS honours what was handed out until it expires"
    return Result("\n".join(lines), [{"target": name} for name in ended], notes=(note,) if ended else ())
