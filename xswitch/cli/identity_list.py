"""The identities of the catalog, and what is known of each."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from xswitch.cli.output import Result, table
from xswitch.text import clean

if TYPE_CHECKING:
    from xswitch.cli.context import Context
    from xswitch.engine.views import IdentityView


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("--json", action="store_true")


def run(_: argparse.Namespace, context: Context) -> Result:
    """List them, and warn of old keys. Nothing of AWS is asked."""
    found = context.engine.identities()
    rows = [(view.name, view.kind, view.account_id, view.arn or "not known yet", _age(view)) for view in found]
    data = [
        {
            "name": view.name,
            "kind": view.kind,
            "account_id": view.account_id or None,
            "arn": view.arn or None,
            "expires": None,
            "key_age_days": view.key_age_days,
            "key_age_known": view.key_age_known,
        }
        for view in found
    ]
    notes = tuple(
        f"the key of {clean(view.name)} is {view.key_age_days} days old: xswitch identity rotate {clean(view.name)}"
        for view in found
        if view.key_is_old
    )
    return Result(table(rows, head=("NAME", "KIND", "ACCOUNT", "ARN", "KEY")), data, notes=notes)


def _age(view: IdentityView) -> str:
    """Return how old its key is, or for how long the vault has had it where IAM did not say when it was made."""
    if view.key_age_days is None:
        return "none" if view.kind == "keys" else ""
    days = f"{view.key_age_days} day{'s' if view.key_age_days != 1 else ''}"
    return f"{days} old" if view.key_age_known else f"here for {days}"
