"""The identities of the catalog, and what is known of each."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from xswitch.cli.output import Result, table
from xswitch.text import clean, iso8601, plural, say_duration

if TYPE_CHECKING:
    from xswitch.cli.context import Context
    from xswitch.engine.views import IdentityView


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("--json", action="store_true")


def run(_: argparse.Namespace, context: Context) -> Result:
    """List them, and warn of old keys. Nothing of AWS is asked."""
    found = context.engine.identities()
    now = context.engine.now()
    logins, keys = (any(view.kind == kind for view in found) for kind in ("sso", "keys"))
    head = ("NAME", "KIND", "ACCOUNT", *(("LOGIN",) if logins else ()), *(("KEY",) if keys else ()), "ARN")
    rows = [
        (
            view.name,
            view.kind,
            view.account_id,
            *((_login(view, now),) if logins else ()),
            *((_age(view),) if keys else ()),
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
            "key_age_known": view.key_age_known,
        }
        for view in found
    ]
    notes = tuple(
        f"the key of {clean(view.name)} is {view.key_age_days} days old: xswitch identity rotate {clean(view.name)}"
        for view in found
        if view.key_is_old
    )
    return Result(table(rows, head=head), data, notes=notes)


def _age(view: IdentityView) -> str:
    """Return how old its key is, or for how long the vault has had it where IAM did not say when it was made."""
    if view.key_age_days is None:
        return "none" if view.kind == "keys" else ""
    days = plural(view.key_age_days, "day")
    return f"{days} old" if view.key_age_known else f"here for {days}"


def _login(view: IdentityView, now: float) -> str:
    """Say in a word or two how long a login lasts."""
    if view.kind != "sso":
        return ""
    if view.expires is None:
        return "none"
    if view.renews:
        return "renews itself"
    return f"{say_duration(view.expires - now)} left" if view.expires > now else "ended"
