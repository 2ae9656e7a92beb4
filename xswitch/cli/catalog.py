"""The catalog: what there is to switch to, and where it comes from."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from xswitch.cli import group

if TYPE_CHECKING:
    from xswitch.cli.context import Context
    from xswitch.cli.output import Result

ACTIONS: Final = {
    "list": "catalog_list",
    "show": "catalog_show",
    "check": "catalog_check",
    "path": "catalog_path",
    "add": "catalog_add",
    "remove": "catalog_remove",
    "sync": "catalog_sync",
    "import": "catalog_import",
    "export": "catalog_export",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    group.declare(parser, ACTIONS)


def run(args: argparse.Namespace, context: Context) -> Result:
    """Do the one that was asked for."""
    result: Result = group.module_of(ACTIONS[args.action]).run(args, context)
    return result
