"""Read accounts from where they are kept, into a catalog file of their own.

xswitch catalog sync                            every shared catalog
xswitch catalog sync organizations --dry-run
xswitch catalog sync identity-center --identity corp

NAME               the shared catalog of that name, which `catalog add` has fetched
organizations      every account of AWS Organizations, with its OU, tags and state; environments and roles are given by
                   the rules of [sync] in config.toml
identity-center    every account and permission set that is yours in the access portal of a login

Your own files are never touched, and come first. A sync that fails leaves the catalog as it was; the next one goes on
where it ended. --dry-run shows the difference and writes nothing.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any, Final

from xswitch.cli.output import Result, say
from xswitch.cli.share_consent import ask_consents, consent_arguments, warnings_of
from xswitch.cli.sync_output import ProgressLine, difference_data, difference_lines
from xswitch.errors import NoSuchTarget, Usage, XswitchError
from xswitch.text import clean
from xswitch.tomlfile import nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xswitch.cli.context import Context
    from xswitch.engine.sync import Synced

ORGANIZATIONS: Final = "organizations"
IDENTITY_CENTER: Final = "identity-center"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument(
        "source", nargs="?", default="", metavar="SOURCE", help="organizations, identity-center, or a shared catalog"
    )
    parser.add_argument(
        "--identity", default="", metavar="NAME", help="whose credentials read it; the roles get it too"
    )
    parser.add_argument("--via", default="", metavar="TARGET", help="read it with a session of TARGET")
    parser.add_argument("--roles", action="store_true", help="list each account's roles, through [sync] reader_role")
    parser.add_argument("--fresh", action="store_true", help="pass over what an interrupted sync has read")
    parser.add_argument("--dry-run", action="store_true", help="show what would change, and write nothing")
    consent_arguments(parser)
    parser.add_argument("--confirm", metavar="NAME", help="pass the guard of --via: the account's name")
    parser.add_argument("--reason", metavar="TEXT", help="the reason that a guard asks for")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace, context: Context) -> Result:
    """Sync what was named, or every shared catalog."""
    if args.source not in (ORGANIZATIONS, IDENTITY_CENTER):
        return _shared(args, context)
    if args.source == IDENTITY_CENTER and (args.via or args.roles):
        raise Usage(f"{'--via' if args.via else '--roles'} goes with organizations", "a login reads its own portal")
    return _from_aws(args, context)


def _shared(args: argparse.Namespace, context: Context) -> Result:
    """Update the shared catalogs. One that fails keeps its last good commit, and the others go on."""
    from xswitch.cli.person import Nobody
    from xswitch.sources import shared

    known = shared.known(context.paths)
    if args.source and (near := _mistyped(args.source, known)):
        raise NoSuchTarget(f"there is no source called {quoted(args.source)}", f"did you mean {quoted(near)}?")
    names = (args.source,) if args.source else known
    if not names:
        raise NoSuchTarget("there is no shared catalog", "xswitch catalog add GIT-URL, or name a source to sync")
    ask = not isinstance(context.person, Nobody)
    lines: list[str] = []
    data: list[dict[str, Any]] = []
    failed: XswitchError | None = None
    for name in names:
        try:
            updated = shared.update(context.paths, name, context.environ, ask=ask)
        except XswitchError as error:
            if len(names) == 1:
                raise
            say(f"{clean(name)} is not updated: {clean(error.message)}")
            failed = failed or error
            continue
        moved = "is as it was" if updated.before == updated.share.commit else "is updated"
        lines.append(f"{name} {moved}, at {updated.share.commit[:12]}")
        data.append({"name": name, "before": updated.before or None, "commit": updated.share.commit})
    notes = ask_consents(context, names, yes=args.yes) + warnings_of(context, names)
    return Result("\n".join(lines), data, status=failed.exit_status if failed else 0, notes=notes)


def _mistyped(source: str, known: Sequence[str]) -> str:
    """Return the source of AWS's that a name is nearest to, "" where it is, or is nearer to, a shared catalog's."""
    near = nearest(source, (ORGANIZATIONS, IDENTITY_CENTER, *known))
    return near if near in (ORGANIZATIONS, IDENTITY_CENTER) else ""


def _from_aws(args: argparse.Namespace, context: Context) -> Result:
    """Read the organization or the portal, and write its catalog file unless it is a dry run."""
    from xswitch.engine import sync

    asked = sync.Request(args.identity, args.via, args.roles, args.fresh)
    with ProgressLine(sys.stderr) as line:
        if args.source == IDENTITY_CENTER:
            found = sync.identity_center(context.engine, asked, line.show)
        else:
            found = sync.organizations(context.engine, asked, context.person, line.show)
    if args.dry_run:
        sync.check(context.engine, found)
    path = "" if args.dry_run else sync.keep(context.engine, found)
    data: dict[str, Any] = {
        "source": args.source,
        "accounts": len(found.draft.accounts),
        "states": dict(found.states),
        "written": not args.dry_run,
        "file": path or None,
        "changes": difference_data(found.changes),
        "held": found.held,
    }
    notes = [f"{name} is left out: that is no name of a role" for name in found.left]
    return Result("\n".join(_lines(found, path, whole=args.dry_run)), data, notes=tuple(notes))


def _lines(found: Synced, path: str, *, whole: bool) -> list[str]:
    states = sorted(found.states.items())
    others = ", ".join(f"{number} {state.lower()}" for state, number in states if state != "ACTIVE")
    accounts = found.draft.accounts
    lines = [f"{len(accounts)} accounts" + (f", of which {others}" if others else "")]
    if not found.states:
        lines[0] += f" with {sum(len(account.roles) for account in accounts)} permission sets"
    lines += difference_lines(found.changes, whole=whole)
    if found.held:
        lines.append(f"{found.held} of the new accounts are in other files already, which win: they get tags at most")
    if not found.draft.role_sets and not any(account.roles for account in found.draft.accounts):
        lines.append("no roles come with them: give them some by [[roles]] in your catalog, or [[sync.roles]]")
    return [*lines, f"written to {path}" if path else "nothing was written"]
