"""A subshell with a session of TARGET. Its exit status is the shell's; leave it with exit."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from xswitch.cli.switching import open_session, switch_arguments

if TYPE_CHECKING:
    from xswitch.cli import OpenTui
    from xswitch.cli.context import Context
    from xswitch.session.model import Session


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("target", metavar="TARGET")
    parser.add_argument("--shell", metavar="PATH", default="", help="the shell to start; $SHELL otherwise")
    switch_arguments(parser)


def run(args: argparse.Namespace, context: Context) -> int | OpenTui:
    """Switch, start the shell, return its status."""

    def use(session: Session) -> int:
        return context.engine.shell(session, args.shell)

    return open_session(context, args.target, use)
