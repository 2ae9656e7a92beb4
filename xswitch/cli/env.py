"""Assignments of a session of TARGET, every value quoted for the program that reads them.

eval "$(xswitch env payments-dev/Admin)"
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from xswitch.cli import output
from xswitch.cli.switching import open_session, switch_arguments
from xswitch.errors import Usage

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
    switch_arguments(parser)


def run(args: argparse.Namespace, context: Context) -> int | OpenTui:
    """Switch and print the assignments."""
    if sys.stdout.isatty() and not args.reveal:
        raise Usage("the session's keys would stand on the screen", "eval the output, or add --reveal")
    form = "json" if args.json else args.format or _form_of_shell(context)

    def use(session: Session) -> int:
        output.write(context.engine.environment_text(session, form))
        return 0

    return open_session(context, args.target, use)


def _form_of_shell(context: Context) -> str:
    shell = context.environ.get("SHELL", "").rpartition("/")[2]
    return shell if shell in ("zsh", "fish") else "bash"
