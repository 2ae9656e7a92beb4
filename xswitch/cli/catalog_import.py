"""Take accounts, roles and identities over from the AWS CLI's files.

xswitch catalog import aws-config --dry-run

They go to a catalog file of their own, which the next import writes anew; your own files come first. The AWS CLI's
files are only read. What can't be carried over is listed.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from xswitch.cli.output import Result
from xswitch.cli.sync_output import difference_data, difference_lines, shown
from xswitch.text import clean, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from xswitch.catalog import Account
    from xswitch.cli.context import Context
    from xswitch.sources.aws_import import Imported, Left

NAME: Final = "aws-config"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("source", choices=(NAME,))
    parser.add_argument("--file", type=Path, metavar="PATH", help="another config file than ~/.aws/config")
    parser.add_argument("--dry-run", action="store_true", help="show what would change, and write nothing")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace, context: Context) -> Result:
    """Read the profiles, and write the catalog file unless it is a dry run."""
    from xswitch.engine import takeover
    from xswitch.errors import NoSuchTarget
    from xswitch.sources import install

    if args.file is not None and not args.file.exists():
        raise NoSuchTarget(f"there is no file {args.file}", "name the AWS CLI's config file")
    found = takeover.found(context.engine, args.file)
    draft = found.draft
    if not found.left and not draft.identities and not draft.accounts:
        raise NoSuchTarget("there are no profiles of the AWS CLI here", "`aws configure list-profiles` shows them")
    changes = install.difference(context.paths, NAME, draft)
    path = install.file_of(context.paths, NAME)
    accounts, none_yet = _accounts(found, context, path)
    nothing = not draft.identities and not draft.accounts and not path.exists()
    if args.dry_run:
        takeover.check(context.engine, found)
    elif not nothing:
        takeover.take_over(context.engine, found)
    names = {profile: f"{accounts[owner].name}/{role}" for profile, (owner, role) in found.targets.items()}
    environments = sorted({account.environment for account in accounts.values()} - {""})
    data: dict[str, Any] = {
        "file": str(path),
        "written": not args.dry_run and not nothing,
        "profiles": found.carried,
        "accounts": len(draft.accounts),
        "identities": [identity.name for identity in draft.identities],
        "renamed": dict(found.renamed),
        "targets": names,
        "environments": environments,
        "changes": difference_data(changes),
        "left": _data(found.left),
        "lacking": _data(found.lacking),
        "stays": dict(found.stays),
    }
    lines = _lines(found, difference_lines(changes, whole=args.dry_run), names, whole=args.dry_run)
    if nothing:
        lines += ["", "nothing was written: there is nothing to carry over"]
        return Result("\n".join(lines), data)
    lines += ["", f"nothing was written; without --dry-run: {path}" if args.dry_run else f"written to {path}"]
    if none_yet:
        lines.append(
            "no account so far, so nothing to switch to: `xswitch catalog sync` brings some, "
            f"or write [[accounts]] into {context.paths.catalog_file}"
        )
    if accounts and not environments:
        lines.append(
            f"no environments, so no guards: see [environments] in {context.paths.catalog_file}, yours to write"
        )
    return Result("\n".join(lines), data)


def _accounts(found: Imported, context: Context, path: Path) -> tuple[dict[str, Account], bool]:
    """Return the accounts of the import by their ids, as the whole catalog has them: other files may name them too.

    And whether the whole catalog has none.
    """
    from xswitch.catalog import Account, load_with

    accounts = {one.id: Account(one.id, one.name) for one in found.draft.accounts}
    whole = load_with(context.paths, path, found.draft.text().encode())
    known = whole.accounts if whole else ()
    return accounts | {one.id: one for one in known if one.id in accounts}, not accounts and not known


def _data(found: Iterable[Left]) -> list[dict[str, str]]:
    return [{"profile": one.profile, "place": one.place, "why": one.why} for one in found]


def _lines(found: Imported, changes: list[str], names: Mapping[str, str], *, whole: bool) -> list[str]:
    """Return what came of the profiles; ``whole`` leaves nothing out."""
    draft = found.draft
    roles = sum(len(account.roles) for account in draft.accounts)
    identities = f"{len(draft.identities)} {'identity' if len(draft.identities) == 1 else 'identities'}"
    counts = f"{plural(len(draft.accounts), 'account')}, {plural(roles, 'role')} and {identities}"
    lines = [f"{counts} from {plural(found.carried, 'profile')}", *changes]
    if names:
        lines += ["", "what the profiles are called here:"]
        lines += shown([f"  {clean(profile)} → {clean(name)}" for profile, name in names.items()], "  ", whole=whole)
    if found.renamed:
        lines += ["", "the catalog has another identity of that name, so these have a number:"]
        lines += [f"  {clean(wanted)} → {clean(name)}" for name, wanted in found.renamed.items()]
    runs = [(one.name, str(one.settings["process"])) for one in draft.identities if "process" in one.settings]
    if runs:
        lines += ["", "programs that will be run for credentials, as the AWS CLI does:"]
        lines += [f"  {clean(name)}: {clean(program)}" for name, program in runs]
    for head, left in (("carried over, and to be looked at:", found.lacking), ("not carried over:", found.left)):
        if left:
            lines += ["", head]
            lines += [f"  {' '.join(filter(None, (one.profile, one.place)))}: {one.why}" for one in left]
    if found.stays:
        stays = ", ".join(f"{key} ({times})" for key, times in sorted(found.stays.items()))
        lines += ["", f"settings of the AWS CLI itself, which stay with it: {stays}"]
    return lines
