"""The full-screen picker and session board."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from xswitch.cli import OpenTui
from xswitch.cli.switching import session_arguments
from xswitch.errors import PersonNeeded, Usage

if TYPE_CHECKING:
    from xswitch.cli.context import Context


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.prog = "xswitch"
    parser.add_argument("-q", "--query", default="", metavar="QUERY", help="start with this search")
    session_arguments(parser)


def run(args: argparse.Namespace, context: Context) -> OpenTui:
    """Open it, where there is a terminal to open it on and a catalog to show."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise PersonNeeded(
            "the picker needs a terminal", "in scripts: xswitch exec TARGET -- CMD, or xswitch env TARGET"
        )
    if os.environ.get("TERM", "") in ("", "dumb"):
        raise Usage(
            "this terminal can't show the picker (TERM is empty or dumb)", "set TERM, or use xswitch shell TARGET"
        )
    if not context.engine.first_run:
        _ = context.engine.catalog
    context.engine.asked = context.options
    return OpenTui(context.engine, args.query)
