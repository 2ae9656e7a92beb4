"""The identities of the catalog, and what is known of each."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from xswitch.cli.output import Result, table

if TYPE_CHECKING:
    from xswitch.cli.context import Context


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("--json", action="store_true")


def run(_: argparse.Namespace, context: Context) -> Result:
    """List them. Nothing of AWS is asked."""
    found = context.engine.identities()
    rows = [(view.name, view.kind, view.account_id, view.arn or "not known yet") for view in found]
    data = [
        {
            "name": view.name,
            "kind": view.kind,
            "account_id": view.account_id or None,
            "arn": view.arn or None,
            "expires": None,
            "key_age_days": view.key_age_days,
        }
        for view in found
    ]
    return Result(table(rows, head=("NAME", "KIND", "ACCOUNT", "ARN")), data)
