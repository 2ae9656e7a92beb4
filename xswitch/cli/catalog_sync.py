"""Read accounts from where they are kept, into a catalog file of their own.

xswitch catalog sync organizations --dry-run

organizations    every account of AWS Organizations, with its OU, tags and state; environments and roles are given by
                 the rules of [sync] in config.toml

Your own files are never touched, and come first. A sync that fails leaves the catalog as it was; the next one goes on
where it ended. --dry-run shows the difference and writes nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from xswitch.cli.output import Result
from xswitch.cli.sync_output import ProgressLine, difference_data, difference_lines

if TYPE_CHECKING:
    from xswitch.cli.context import Context
    from xswitch.engine.sync import Synced

SOURCES: Final = ("organizations",)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("source", choices=SOURCES)
    parser.add_argument(
        "--identity", default="", metavar="NAME", help="whose credentials read it; the roles get it too"
    )
    parser.add_argument("--via", default="", metavar="TARGET", help="read it with a session of TARGET")
    parser.add_argument("--roles", action="store_true", help="list each account's roles, through [sync] reader_role")
    parser.add_argument("--fresh", action="store_true", help="pass over what an interrupted sync has read")
    parser.add_argument("--dry-run", action="store_true", help="show what would change, and write nothing")
    parser.add_argument("--no-input", action="store_true", help="never ask; exit 5 where a person is needed")
    parser.add_argument("--confirm", metavar="NAME", help="pass the guard of --via: the account's name")
    parser.add_argument("--reason", metavar="TEXT", help="the reason that a guard asks for")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace, context: Context) -> Result:
    """Read the organization, and write its catalog file unless it is a dry run."""
    from xswitch.engine import sync

    asked = sync.Request(args.identity, args.via, args.roles, args.fresh)
    with ProgressLine(sys.stderr) as line:
        found = sync.organizations(context.engine, asked, context.person, line.show)
    path = "" if args.dry_run else sync.keep(context.engine, found)
    states = Counter(member.state for member in found.members)
    data: dict[str, Any] = {
        "source": args.source,
        "accounts": len(found.members),
        "states": dict(states),
        "written": not args.dry_run,
        "file": path or None,
        "changes": difference_data(found.changes),
    }
    return Result("\n".join(_lines(found, states, path)), data)


def _lines(found: Synced, states: Counter[str], path: str) -> list[str]:
    others = ", ".join(f"{number} {state.lower()}" for state, number in sorted(states.items()) if state != "ACTIVE")
    lines = [f"{len(found.members)} accounts" + (f", of which {others}" if others else "")]
    lines += difference_lines(found.changes)
    if not found.draft.role_sets and not any(account.roles for account in found.draft.accounts):
        lines.append("no roles come with them: give them some by [[roles]] in your catalog, or [[sync.roles]]")
    return [*lines, f"written to {path}" if path else "nothing was written"]
