"""A subshell with a session of TARGET. Its exit status is the shell's; leave it with exit.

In bash, zsh and fish the prompt shows the time left and renews the session before it ends, in the background, where
nobody has to be asked and the guard's grant still holds; where somebody has to be, it says what for. `xs .` renews the
shell in place, and asks. XSWITCH_PROMPT_RENEW=0 leaves renewing to you.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from xswitch.cli import output
from xswitch.cli.switching import keep_session, open_session, renew_argument, switch_arguments
from xswitch.shell import detect
from xswitch.text import clean, say_duration, time_of_day

if TYPE_CHECKING:
    from xswitch.cli import OpenTui
    from xswitch.cli.context import Context
    from xswitch.engine.renewing import Kept
    from xswitch.session.model import Session


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("target", metavar="TARGET")
    parser.add_argument("--shell", metavar="PATH", default="", help="the shell to start; $SHELL otherwise")
    renew_argument(parser)
    switch_arguments(parser)


def announcement(session: Session, now: float) -> str:
    """Say which session the shell has, for how long and why, and how to leave it."""
    left = say_duration(session.expires - now + 0.5)
    why = f" ({session.why}; {say_duration(session.asked)} was asked for)" if session.asked else ""
    return f"{clean(session.target)} for {left}{why}, until {time_of_day(session.expires, now)}. Leave with exit."


def run(args: argparse.Namespace, context: Context) -> int | OpenTui:
    """Switch, start the shell, return its status."""

    def check() -> None:
        detect.find(args.shell, context.environ)

    if args.renew:

        def use_kept(kept: Kept) -> int:
            output.say(f"{clean(kept.session.target)}, renewed as long as this shell runs. Leave with exit.")
            return kept.shell(args.shell, output.say, args.target)

        return keep_session(context, args.target, use_kept, check=check)

    def use(session: Session) -> int:
        output.say(announcement(session, context.engine.now()))
        return context.engine.shell(session, args.shell, context.options, args.target)

    return open_session(context, args.target, use, check=check)
