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
from xswitch.cli.sync_output import difference_data, difference_lines
from xswitch.text import clean

if TYPE_CHECKING:
    from xswitch.cli.context import Context
    from xswitch.sources.aws_import import Imported

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
    if not found.carried and not found.left:
        raise NoSuchTarget("there are no profiles of the AWS CLI here", "`aws configure list-profiles` shows them")
    changes = install.difference(context.paths, NAME, found.draft)
    path = install.file_of(context.paths, NAME)
    if not args.dry_run:
        takeover.take_over(context.engine, found)
    data: dict[str, Any] = {
        "file": str(path),
        "written": not args.dry_run,
        "profiles": found.carried,
        "accounts": len(found.draft.accounts),
        "identities": [identity.name for identity in found.draft.identities],
        "changes": difference_data(changes),
        "left": [{"profile": one.profile, "place": one.place, "why": one.why} for one in found.left],
        "stays": dict(found.stays),
    }
    return Result("\n".join(_lines(found, difference_lines(changes), path, dry=args.dry_run)), data)


def _lines(found: Imported, changes: list[str], path: Path, *, dry: bool) -> list[str]:
    draft = found.draft
    roles = sum(len(account.roles) for account in draft.accounts)
    counts = f"{len(draft.accounts)} accounts, {roles} roles and {len(draft.identities)} identities"
    lines = [f"{counts} from {found.carried} profiles", *changes]
    runs = [(one.name, str(one.settings["process"])) for one in draft.identities if "process" in one.settings]
    if runs:
        lines += ["", "programs that will be run for credentials, as the AWS CLI does:"]
        lines += [f"  {clean(name)}: {clean(program)}" for name, program in runs]
    if found.left:
        lines += ["", "not carried over:"]
        lines += [f"  {' '.join(filter(None, (one.profile, one.place)))}: {one.why}" for one in found.left]
    if found.stays:
        stays = ", ".join(f"{key} ({times})" for key, times in sorted(found.stays.items()))
        lines += ["", f"settings of the AWS CLI itself, which stay with it: {stays}"]
    return [*lines, "", f"nothing was written; without --dry-run: {path}" if dry else f"written to {path}"]
