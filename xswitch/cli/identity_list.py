"""The identities of the catalog, and what is known of each."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from xswitch.cli.output import Result, table
from xswitch.text import iso8601, say_duration

if TYPE_CHECKING:
    from xswitch.cli.context import Context
    from xswitch.engine.views import IdentityView


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("--json", action="store_true")


def run(_: argparse.Namespace, context: Context) -> Result:
    """List them. Nothing of AWS is asked."""
    found = context.engine.identities()
    now = context.engine.now()
    logins = any(view.kind == "sso" for view in found)
    head = ("NAME", "KIND", "ACCOUNT", *(("LOGIN",) if logins else ()), "ARN")
    rows = [
        (
            view.name,
            view.kind,
            view.account_id,
            *((_login(view, now),) if logins else ()),
            view.arn or ("" if view.kind == "sso" else "not known yet"),
        )
        for view in found
    ]
    data = [
        {
            "name": view.name,
            "kind": view.kind,
            "account_id": view.account_id or None,
            "arn": view.arn or None,
            "expires": None if view.expires is None else iso8601(view.expires),
            "key_age_days": view.key_age_days,
        }
        for view in found
    ]
    return Result(table(rows, head=head), data)


def _login(view: IdentityView, now: float) -> str:
    """Say in a word or two how long a login lasts."""
    if view.kind != "sso":
        return ""
    if view.expires is None:
        return "none"
    if view.renews:
        return "renews itself"
    return f"{say_duration(view.expires - now)} left" if view.expires > now else "ended"
