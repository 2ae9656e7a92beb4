"""List every target, or those that a selector matches.

Words are literal; env:, id:, role:, account: and tag: match the whole value, with *; ou: matches whole path segments.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from xswitch.catalog import Selector, unmatched
from xswitch.cli.output import Result, table
from xswitch.text import iso8601, say_duration

if TYPE_CHECKING:
    from xswitch.catalog import Target
    from xswitch.cli.context import Context
    from xswitch.engine import Live


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("words", nargs="*", metavar="SELECTOR")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace, context: Context) -> Result:
    """List them."""
    selector = Selector.parse(" ".join(args.words))
    live = {session.target: session for session in context.engine.live()}
    chosen = [target for target in context.engine.catalog.targets if selector.matches(target, live=target.name in live)]
    if not chosen and args.words:
        raise unmatched(context.engine.catalog, " ".join(args.words), live)
    if args.json:
        return Result(None, as_json(context, chosen, live))
    rows = []
    now = context.engine.now()
    for target in chosen:
        environment = target.account.environment
        shown = environment.upper() if context.engine.guards(environment) else environment
        left = say_duration(live[target.name].expires - now) if target.name in live else ""
        rows.append((target.account.name, target.role, shown, target.account.id, target.account.ou, left))
    return Result(table(rows, head=("ACCOUNT", "ROLE", "ENVIRONMENT", "ID", "OU", "LEFT")))


def as_json(context: Context, targets: list[Target], live: dict[str, Live]) -> list[dict[str, Any]]:
    """Return targets in the shape of ``catalog list --json``."""
    pins = frozenset(context.engine.pins())
    visits = context.engine.visits()
    rows = []
    for target in targets:
        session = live.get(target.name)
        visit = visits.get(target.name)
        rows.append(
            {
                "target": target.name,
                "account": target.account.name,
                "account_id": target.account.id,
                "role": target.role,
                "arn": target.arn,
                "ou": target.account.ou,
                "environment": target.account.environment or None,
                "guarded": context.engine.guards(target.account.environment),
                "tags": dict(target.account.tags),
                "identity": target.identity,
                "via": target.via or None,
                "mfa": target.mfa,
                "duration": target.duration,
                "live": session is not None,
                "expires": iso8601(session.expires) if session else None,
                "pinned": target.name in pins,
                "last_used": iso8601(visit[2]) if visit else None,
            }
        )
    return rows
