"""Name every error and warning of the catalog."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from xswitch.catalog import check
from xswitch.cli.output import Result, say
from xswitch.errors import InvalidConfig
from xswitch.text import plural

if TYPE_CHECKING:
    from xswitch.cli.context import Context
    from xswitch.errors import Problem


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace, context: Context) -> Result:
    """Check it. Raises InvalidConfig with every error."""
    errors, warnings = check(context.paths)
    if args.json and not errors:
        return Result(None, [_as_json(problem) for problem in warnings])
    for problem in () if args.json else warnings:
        say(f"warning: {problem}")
    if errors:
        raise InvalidConfig(errors)
    catalog = context.engine.catalog
    counts = ((catalog.accounts, "account"), (catalog.targets, "target"), (warnings, "warning"))
    return Result(", ".join(plural(len(found), word) for found, word in counts))


def _as_json(problem: Problem) -> dict[str, Any]:
    return {
        "level": "warning",
        "file": problem.file,
        "line": problem.line,
        "key": problem.key,
        "message": problem.message,
        "hint": problem.hint,
    }
