"""Write targets as profiles of the AWS CLI, each with `credential_process = xswitch …`.

xswitch catalog export aws-config --match "env:dev role:ReadOnly" --diff

They stand between two markers in ~/.aws/config, which the next export rewrites; the rest of the file stays as it is.
A profile of your own, there or in ~/.aws/credentials, keeps its name; what you set in one of xswitch's stays with it.
--remove takes the markers and what is between them out again.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xswitch.cli.output import Result
from xswitch.errors import Usage
from xswitch.text import clean, plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xswitch.catalog import Target
    from xswitch.cli.context import Context

NAME: Final = "aws-config"
_NEEDS: Final = {
    "guard": "stand behind a guard, and fail until it is passed: xswitch exec TARGET -- true",
    "code": "want an MFA code, and fail until one is given: xswitch exec TARGET -- true",
    "login": "want a login, and fail until somebody is signed in: xswitch identity login",
}
"""What stands before a profile that a program without a person can't pass."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("form", choices=(NAME,))
    parser.add_argument("--match", default="", metavar="SELECTOR", help="only the targets that it matches")
    parser.add_argument("--diff", action="store_true", help="show the difference, and write nothing")
    parser.add_argument("--remove", action="store_true", help="take xswitch's profiles out again")
    parser.add_argument("--file", type=Path, metavar="PATH", help="another config file than ~/.aws/config")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace, context: Context) -> Result:
    """Write them, or show the difference."""
    from xswitch.awsfiles import aws_files
    from xswitch.sources import ini
    from xswitch.sources.aws_export import Exported, exported, profile_name
    from xswitch.sources.replacing import content_of, rework_own

    if args.remove and args.match:
        raise Usage("--remove takes all of xswitch's profiles out", "leave --match away")
    config, credentials = aws_files(context.environ)
    file: Path = args.file or config
    chosen = [] if args.remove else _chosen(args.match, context)
    wanted = {profile_name(target): _wanted(target, context) for target in chosen}
    keyed = [] if args.remove else [section.name for section in ini.read(credentials)]
    program = _program(context.environ)
    tries: list[tuple[bytes, Exported]] = []

    def work_out(before: bytes) -> bytes:
        tries.append((before, exported(before, chosen, program, file, keyed)))
        return tries[-1][1].content

    if args.diff:
        work_out(content_of(file))
    else:
        rework_own(file, work_out)
    before, made = tries[-1]
    notes = [f"{name} is left out: a profile of your own has that name" for name in made.taken]
    notes += [
        f"{clean(name)} goes with what you set there: {clean(', '.join(keys))}" for name, keys in made.lost.items()
    ]
    needs = {kind: sum(kind in wants for name, wants in wanted.items() if name not in made.taken) for kind in _NEEDS}
    notes += [f"warning: {number} of these profiles {_NEEDS[kind]}" for kind, number in needs.items() if number]
    data = {
        "file": str(file),
        "profiles": made.profiles,
        "taken": list(made.taken),
        "lost": {name: list(keys) for name, keys in made.lost.items()},
        "needs": needs,
        "changed": made.content != before,
        "written": made.content != before and not args.diff,
    }
    if args.diff:
        return Result(_difference(before, made.content, file), data, notes=tuple(notes))
    number, words = made.profiles, "written to"
    if args.remove:
        number, words = made.replaced, "taken out of"
    if made.content == before:
        words = "nothing changes in"
    return Result(f"{plural(number, 'profile')}, {words} {clean(str(file))}", data, notes=tuple(notes))


def _chosen(match: str, context: Context) -> list[Target]:
    from xswitch.catalog import Selector, unmatched

    selector = Selector.parse(match)
    live = {session.target for session in context.engine.live()}
    chosen = [one for one in context.engine.catalog.targets if selector.matches(one, live=one.name in live)]
    if not chosen:
        raise unmatched(context.engine.catalog, match, live)
    return chosen


def _wanted(target: Target, context: Context) -> tuple[str, ...]:
    """Return what a target wants of a person before it opens, each by its kind."""
    plan = context.engine.plan(target)
    wants = {
        "guard": plan.guard is not None,
        "code": bool(plan.mfa_serial) and not plan.identity.mfa_process,
        "login": plan.by_login,
    }
    return tuple(kind for kind, wanted in wants.items() if wanted)


def _program(environ: Mapping[str, str]) -> list[str]:
    """Return how other programs run xswitch: by the name on PATH that lasts, else by this very interpreter.

    A link such as ``~/.local/bin/xswitch`` is kept as it is: an update changes what it points to.
    """
    found = shutil.which("xswitch", path=environ.get("PATH"))
    own = Path(sys.argv[0])
    if found is None and own.name == "xswitch" and os.access(own, os.X_OK):
        found = str(own)
    return [str(Path(found).absolute())] if found else [sys.executable, "-P", "-m", "xswitch"]


def _difference(before: bytes, after: bytes, file: Path) -> str:
    """Return the unified difference, safe to show."""
    from difflib import unified_diff

    old, new = (text.decode("utf-8", "replace").splitlines() for text in (before, after))
    name = str(file)
    lines = unified_diff(old, new, name, f"{name} (as it would be)", lineterm="")
    return "\n".join(clean(line) for line in lines) or "nothing changes"
