"""Forget a stored access key."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from xswitch.cli.output import Result

if TYPE_CHECKING:
    from xswitch.cli.context import Context


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace, context: Context) -> Result:
    """Forget it."""
    context.engine.remove_identity(args.name)
    return Result(f"the key of {args.name} is forgotten here; deactivate it in IAM as well", {"name": args.name})
