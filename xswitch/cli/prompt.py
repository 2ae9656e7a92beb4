"""One short segment for a prompt: environment, target and the time left. Nothing outside a switched shell."""

from __future__ import annotations

import sys

from xswitch.cli.output import Result
from xswitch.shell.prompt import segment

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from xswitch.cli.context import Context


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare that it takes nothing."""


def run(args: argparse.Namespace, context: Context) -> Result:
    """Return the segment."""
    return segment_for(context.environ, context.clock())


def segment_for(environ: Mapping[str, str], now: float) -> Result:
    """Return the segment at ``now``, in epoch seconds; in colour on a terminal."""
    colour = sys.stdout.isatty() and "NO_COLOR" not in environ
    return Result(segment(environ, now, colour=colour))
