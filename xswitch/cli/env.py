"""Assignments of a session of TARGET, every value quoted for the program that reads them.

eval "$(xswitch env payments-dev/Admin)"
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from xswitch.cli import output
from xswitch.cli.switching import open_session, plan_for, switch_arguments
from xswitch.errors import Usage
from xswitch.shell.prompt import inside
from xswitch.text import time_of_day

if TYPE_CHECKING:
    from xswitch.cli import OpenTui
    from xswitch.cli.context import Context
    from xswitch.session.model import Session

FORMS = ("bash", "zsh", "fish", "powershell", "dotenv", "docker", "json")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("target", metavar="TARGET")
    parser.add_argument("--format", choices=FORMS, default="", help="$SHELL's own by default")
    parser.add_argument("--reveal", action="store_true", help="print to a terminal all the same")
    parser.add_argument("--json", action="store_true", help="the same as --format json")
    # How a switched shell renews itself: with what the vault has, quietly; or anew, because the person typed `xs .`.
    parser.add_argument("--follow", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--again", action="store_true", help=argparse.SUPPRESS)
    switch_arguments(parser)


def run(args: argparse.Namespace, context: Context) -> int | OpenTui:
    """Switch and print the assignments."""
    if sys.stdout.isatty() and not args.reveal:
        raise Usage("the session's keys would stand on the screen", "eval the output, or add --reveal")
    form = "json" if args.json else args.format or _form_of_shell(context)
    if args.follow or args.again:
        return _renew(context, args.target, form, quietly=args.follow)

    def use(session: Session) -> int:
        output.write(context.engine.environment_text(session, form))
        return 0

    return open_session(context, args.target, use)


def _renew(context: Context, target: str, form: str, *, quietly: bool) -> int:
    """Print what renews the shell that asks: the vault's session where that ends later than the shell's own.

    Otherwise a new one, or nothing where it has to be quiet. A shell whose processes are renewed as they run has no
    session of its own, and gets nothing: they take the new one by themselves.
    """
    engine = context.engine
    engine.unattended = quietly
    plan = plan_for(context, target)
    here = inside(context.environ)
    renewing = here is not None and here.renewing
    seen = None if quietly else engine.seen(plan)  # a prompt opens nothing
    session = None if renewing else engine.newer(plan, context.person, here.expires if here else 0)
    if session is None and not quietly:
        session = engine.open(plan, context.person, fresh=True, seen=seen)
    if session is not None and not renewing:
        output.write(engine.environment_text(session, form, renews=True, quietly=quietly))
    if session is not None and not quietly:
        output.say(f"renewed until {time_of_day(session.expires, engine.now())}")
    return 0


def _form_of_shell(context: Context) -> str:
    shell = context.environ.get("SHELL", "").rpartition("/")[2]
    return shell if shell in ("zsh", "fish") else "bash"
