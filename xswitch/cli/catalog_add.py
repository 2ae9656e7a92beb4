"""Add a team's catalog that is kept in git.

xswitch catalog add git@github.com:acme/aws-catalog.git --ref main

It is fetched by the system's git, over https or ssh; nothing of it is ever run. Your own files come first, always: it
can't redefine your identities and environments, nor the environment of an account. `catalog sync` updates it.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from xswitch.cli.output import Result
from xswitch.cli.share_consent import ask_consents, consent_arguments, warnings_of

if TYPE_CHECKING:
    from xswitch.cli.context import Context


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("url", metavar="GIT-URL")
    parser.add_argument(
        "--ref", default="", metavar="REF", help="a branch, tag or commit; the default branch otherwise"
    )
    parser.add_argument("--name", default="", metavar="NAME", help="what to call it; the repository's name otherwise")
    consent_arguments(parser)
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace, context: Context) -> Result:
    """Fetch it, and ask for what it wants consent to."""
    from xswitch.cli.person import Nobody
    from xswitch.sources import git, shared

    url, ref = git.address(args.url), git.reference(args.ref) if args.ref else ""
    name = args.name or shared.name_of(url)
    shared.check_name(name)
    ask = not isinstance(context.person, Nobody)
    updated = shared.add(context.paths, shared.Share(name, url, ref), context.environ, ask=ask)
    notes = ask_consents(context, [name], yes=args.yes) + warnings_of(context, [name])
    text = f"{name} is added, at {updated.share.commit[:12]}"
    return Result(text, {"name": name, "url": url, "ref": ref or None, "commit": updated.share.commit}, notes=notes)
