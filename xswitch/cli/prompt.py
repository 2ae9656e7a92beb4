"""One short segment for a prompt: environment, target and the time left. Nothing outside a switched shell."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from xswitch.cli.output import Result
from xswitch.shell.prompt import segment

if TYPE_CHECKING:
    from xswitch.cli.context import Context


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare that it takes nothing."""


def run(args: argparse.Namespace, context: Context) -> Result:
    """Return the segment."""
    colour = sys.stdout.isatty() and "NO_COLOR" not in context.environ
    return Result(segment(context.environ, context.clock(), colour=colour))
