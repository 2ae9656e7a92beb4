"""Show one target with everything effective, and the file that it comes from."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from xswitch.catalog import locate
from xswitch.cli.catalog_list import as_json
from xswitch.cli.output import Result, table
from xswitch.text import clean, say_duration

if TYPE_CHECKING:
    from xswitch.catalog import Target
    from xswitch.cli.context import Context
    from xswitch.engine import Outlook
    from xswitch.session.model import Hop


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("target", metavar="TARGET")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace, context: Context) -> Result:
    """Show it."""
    target = context.engine.resolve(args.target)
    outlook = context.engine.outlook(target)
    plan = outlook.plan
    live = {session.target: session for session in context.engine.live()}
    last = plan.hops[-1]
    hops = " -> ".join([plan.identity.name, *(_step(hop) for hop in plan.hops)])
    facts = [
        ("account", f"{target.account.name} ({target.account.id})"),
        ("permission set", last.permission_set) if last.permission_set else ("role", target.arn),
        ("ou", target.account.ou or "none"),
        ("environment", target.account.environment or "none"),
        ("guard", plan.guard.confirm if plan.guard else "none"),
        ("way", hops if plan.mfa_session == "auto" else f"{hops} (mfa_session is {plan.mfa_session})"),
        ("lasts", f"{say_duration(plan.duration)}{', ' + plan.why if plan.why else ''}"),
        *_sent(target, outlook),
        ("region", plan.region or "none"),
        ("tags", ", ".join(f"{key}={value}" for key, value in target.account.tags) or "none"),
        ("from", locate(target) or target.origin),
    ]
    return Result(f"{clean(target.name)}\n" + table(facts), as_json(context, [target], live)[0])


def _sent(target: Target, outlook: Outlook) -> list[tuple[str, str]]:
    """Say what the person is asked for and what goes with the call: with that of a permission set nothing does."""
    code = ("MFA", "a code will be asked for" if outlook.code else "no code wanted")
    login = ("login", "nobody is signed in" if outlook.login else "none wanted")
    if outlook.plan.by_login and not outlook.plan.chained:
        return [login]
    external = (
        "none" if target.external_id is None else "from the vault" if hasattr(target.external_id, "name") else "set"
    )
    first = login if outlook.plan.by_login else code
    return [first, ("external id", external), ("source id", target.source_identity or "none")]


def _step(hop: Hop) -> str:
    """Name one call of the way, and the code where it goes with a role's own call."""
    return f"{hop.target} (with the code)" if hop.target and hop.mfa_serial else hop.target or "MFA session"
