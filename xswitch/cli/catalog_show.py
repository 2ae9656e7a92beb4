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
    environment = target.account.environment
    facts = [
        ("account", f"{target.account.name} ({target.account.id})"),
        ("permission set", last.permission_set) if last.permission_set else ("role", target.arn),
        ("OU", target.account.ou or "none"),
        ("environment", (environment.upper() if plan.guard else environment) or "none"),
        ("guard", _guard(outlook, context.engine.now())),
        *_way(outlook),
        ("lasts", f"{say_duration(plan.duration)}{', ' + plan.why if plan.why else ''}"),
        *_sent(target, outlook),
        ("region", plan.region or "none"),
        ("tags", " ".join(f"{key}={value}" for key, value in target.account.tags) or "none"),
        ("written in", locate(target) or target.origin),
    ]
    return Result(f"{clean(target.name)}\n" + table(facts), as_json(context, [target], live)[0])


def _guard(outlook: Outlook, now: float) -> str:
    """Say what the environment's guard asks for, or for how long it has been passed."""
    from xswitch.govern.guard import guard_wants

    guard = outlook.plan.guard
    if guard is None:
        return "opens without asking to confirm"
    if outlook.granted_until is not None:
        return f"confirmed for another {say_duration(outlook.granted_until - now)}"
    return f"asks for {guard_wants(guard)}"


def _way(outlook: Outlook) -> list[tuple[str, str]]:
    """Say from whom the way to the target leads, a line for each step before it."""
    from xswitch.engine.views import KINDS

    identity, hops = outlook.plan.identity, outlook.plan.hops[:-1]
    steps = [f"{hop.target}, assumed first" if hop.target else "an MFA session" for hop in hops]
    return [("opens from", f"{identity.name}, {KINDS[identity.kind]}"), *(("", step) for step in steps)]


def _sent(target: Target, outlook: Outlook) -> list[tuple[str, str]]:
    """Say what the person is asked for and what goes with the call: with that of a permission set nothing does."""
    plan = outlook.plan
    login = ("login", "nobody is signed in" if outlook.login else "no login wanted")
    if plan.by_login and not plan.chained:
        return [login]
    external = (
        "none" if target.external_id is None else "from the vault" if hasattr(target.external_id, "name") else "set"
    )
    first = login if plan.by_login else ("MFA", _code(outlook))
    return [first, ("external id", external), ("source id", target.source_identity or "none")]


def _code(outlook: Outlook) -> str:
    """Say whether a code is asked for, what it goes with, and which setting of the person's decides that."""
    plan = outlook.plan
    asking = next((hop for hop in plan.hops if hop.mfa_serial), None)
    if asking is None or not outlook.code:
        return "no code wanted"
    goes = f"code asked, with the call for {asking.target}" if asking.target else "code asked, for an MFA session"
    return goes if plan.mfa_session == "auto" else f"{goes} (mfa_session is {plan.mfa_session})"
