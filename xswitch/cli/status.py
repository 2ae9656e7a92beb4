"""What this switched shell is and how long it has. Outside one it says so."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from xswitch.cli.output import Result
from xswitch.shell import renewed
from xswitch.shell.prompt import inside
from xswitch.text import clean, iso8601, say_duration

if TYPE_CHECKING:
    from xswitch.cli.context import Context


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace, context: Context) -> Result:
    """Read the environment that the switch made."""
    here = inside(context.environ)
    if here is None:
        return Result("not in a switched shell", {})
    expires = here.expires
    if here.renewing:
        expires = max(expires, renewed.latest(renewed.folder_in(context.paths.state), here.account_id, here.role))
    left = expires - context.clock() - here.skew
    words = f"{say_duration(left)} left" if left > 0 else f"ended {say_duration(-left)} ago"
    if here.renewing:
        words += ", renewed as it runs"
    text = f"{clean(here.target)}  {clean(here.environment) or 'no environment'}  {words}"
    if here.depth > 1:
        text += f"  depth {here.depth}"
    data = {
        "target": here.target,
        "account_id": here.account_id,
        "role": here.role,
        "environment": here.environment or None,
        "expires": iso8601(expires),
        "remaining": max(0, int(left)),
        "depth": here.depth,
        "renewing": here.renewing,
    }
    return Result(text, data)
