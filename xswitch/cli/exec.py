"""One command with a session of TARGET. Its exit status is the command's; signals reach it.

xswitch exec payments-prod/ReadOnly -- aws s3 ls

With --renew the command gets no keys: it fetches them from this program, which waits for it and renews them in time.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from xswitch.cli import output
from xswitch.cli.switching import keep_session, open_session, renew_argument, span, switch_arguments
from xswitch.errors import Usage
from xswitch.shell import launch

if TYPE_CHECKING:
    from xswitch.cli import OpenTui
    from xswitch.cli.context import Context
    from xswitch.session.model import Session

TAKES_COMMAND = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.usage = f"{parser.prog} TARGET [options] -- CMD [ARG ...]"
    parser.add_argument("target", metavar="TARGET")
    parser.add_argument("--min-ttl", type=span, metavar="TIME", default=0, help="renew first if less than this is left")
    renew_argument(parser)
    switch_arguments(parser)


def run(args: argparse.Namespace, context: Context) -> int | OpenTui:
    """Switch, run the command, return its status."""
    command: list[str] = args.command or []
    if not command:
        raise Usage("no command to run", "xswitch exec TARGET -- CMD")

    def check() -> None:
        launch.find(command, context.environ)

    if args.renew:
        return keep_session(
            context, args.target, lambda kept: kept.run(command, output.say), min_left=args.min_ttl, check=check
        )

    def use(session: Session) -> int:
        return context.engine.run(session, command)

    return open_session(context, args.target, use, min_left=args.min_ttl, check=check)
