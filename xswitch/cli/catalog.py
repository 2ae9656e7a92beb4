"""The catalog: what there is to switch to.

list [SELECTOR ...]   every target, or those that the selector matches
show TARGET           one target with everything effective, and the file it comes from
check                 every error and warning
path                  the files it is read from
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from xswitch.catalog import Selector, check, locate, sources
from xswitch.cli.output import Result, fail, say, table
from xswitch.errors import InvalidConfig, NoSuchTarget, Usage
from xswitch.text import iso8601, say_duration

if TYPE_CHECKING:
    from xswitch.catalog import Target
    from xswitch.cli.context import Context
    from xswitch.engine import Live


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("action", choices=("list", "show", "check", "path"))
    parser.add_argument("words", nargs="*", metavar="SELECTOR or TARGET")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace, context: Context) -> Result:
    """Do the one that was asked for."""
    if args.action == "list":
        return _list(args, context)
    if args.action == "show":
        if len(args.words) != 1:
            raise Usage("name one TARGET", "xswitch catalog show TARGET")
        return _show(args.words[0], context)
    if args.words:
        raise Usage(f"`catalog {args.action}` takes no further words", "xswitch catalog --help")
    return _check(args, context) if args.action == "check" else _path(context)


def _list(args: argparse.Namespace, context: Context) -> Result:
    selector = Selector.parse(" ".join(args.words))
    live = {session.target: session for session in context.engine.live()}
    chosen = [target for target in context.engine.catalog.targets if selector.matches(target, live=target.name in live)]
    if not chosen and args.words:
        raise NoSuchTarget(
            f"nothing matches {' '.join(args.words)}", "a selector is literal; see `xswitch catalog list`"
        )
    if args.json:
        return Result(None, as_json(context, chosen, live))
    rows = []
    for target in chosen:
        environment = target.account.environment
        shown = environment.upper() if context.engine.guards(environment) else environment
        left = say_duration(live[target.name].expires - context.clock()) if target.name in live else ""
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


def _show(text: str, context: Context) -> Result:
    target = context.engine.resolve(text)
    outlook = context.engine.outlook(target)
    plan = outlook.plan
    live = {session.target: session for session in context.engine.live()}
    external = (
        "none" if target.external_id is None else "from the vault" if hasattr(target.external_id, "name") else "set"
    )
    hops = " -> ".join([plan.identity.name, *(hop.target or "MFA session" for hop in plan.hops)])
    facts = [
        ("account", f"{target.account.name} ({target.account.id})"),
        ("role", target.arn),
        ("ou", target.account.ou or "none"),
        ("environment", target.account.environment or "none"),
        ("guard", plan.guard.confirm if plan.guard else "none"),
        ("way", hops),
        ("lasts", f"{say_duration(plan.duration)}{', ' + plan.why if plan.why else ''}"),
        ("MFA", "a code will be asked for" if outlook.code else "no code wanted"),
        ("external id", external),
        ("source id", target.source_identity or "none"),
        ("region", plan.region or "none"),
        ("tags", ", ".join(f"{key}={value}" for key, value in target.account.tags) or "none"),
        ("from", locate(target) or target.origin),
    ]
    return Result(f"{target.name}\n" + table(facts), as_json(context, [target], live)[0])


def _check(args: argparse.Namespace, context: Context) -> Result:
    errors, warnings = check(context.paths)
    data = [_problem("error", problem) for problem in errors] + [_problem("warning", problem) for problem in warnings]
    if args.json:
        return Result(None, data, status=InvalidConfig.exit_status if errors else 0)
    for problem in warnings:
        say(f"warning: {problem}")
    if errors:
        for problem in errors[1:]:
            say(f"xswitch: {problem}" + (f" ({problem.hint})" if problem.hint else ""))
        return Result(status=fail(InvalidConfig(errors[:1]), as_json=False))
    catalog = context.engine.catalog
    return Result(f"{len(catalog.accounts)} accounts, {len(catalog.targets)} targets, {len(warnings)} warnings")


def _problem(level: str, problem: Any) -> dict[str, Any]:
    return {
        "level": level,
        "file": problem.file,
        "line": problem.line,
        "key": problem.key,
        "message": problem.message,
        "hint": problem.hint,
    }


def _path(context: Context) -> Result:
    files = [str(path) for path in sources(context.paths)] or [str(context.paths.catalog_file)]
    return Result("\n".join(files), files)
