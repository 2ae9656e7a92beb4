"""Forget the vault's key: the next command gets it from the OS keyring or asks for the passphrase."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from xswitch.cli.output import Result

if TYPE_CHECKING:
    from xswitch.cli.context import Context


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace, context: Context) -> Result:
    """Clear the key from the kernel keyring."""
    context.engine.lock()
    return Result("the vault is locked", {"locked": True})
