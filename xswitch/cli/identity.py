"""The identities: who you are before any role."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from xswitch.cli import group

if TYPE_CHECKING:
    from xswitch.cli.context import Context
    from xswitch.cli.output import Result

ACTIONS: Final = {
    "list": "identity_list",
    "add": "identity_add",
    "login": "identity_login",
    "logout": "identity_logout",
    "rotate": "identity_rotate",
    "remove": "identity_remove",
    "external-id": "identity_external_id",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    group.declare(parser, ACTIONS)


def run(args: argparse.Namespace, context: Context) -> Result:
    """Do the one that was asked for."""
    result: Result = group.module_of(ACTIONS[args.action]).run(args, context)
    return result
