"""Name every error and warning of the catalog."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from xswitch.catalog import check
from xswitch.cli.output import Result, fail, say
from xswitch.errors import InvalidConfig

if TYPE_CHECKING:
    from xswitch.cli.context import Context


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace, context: Context) -> Result:
    """Check it."""
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
