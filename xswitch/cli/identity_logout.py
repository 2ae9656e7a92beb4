"""Sign out of IAM Identity Center: the login is ended at AWS, and its token forgotten here.

The AWS CLI and the SDKs share the token, so they are signed out as well. Sessions that were opened with it live on to
their own end.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from xswitch.cli.output import Result
from xswitch.text import clean

if TYPE_CHECKING:
    from xswitch.cli.context import Context


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace, context: Context) -> Result:
    """Sign out, and say what came of it."""
    from xswitch.engine import logins

    identity = logins.identity_of(context.engine, args.name)
    done = logins.sign_out(context.engine, identity)
    name = clean(identity.name)
    data = {"name": identity.name, "signed_out": done.there, "told_aws": done.there and not done.untold}
    if not done.there:
        return Result(f"nobody was signed in to {name}", data)
    if done.untold:
        note = f"AWS could not be told ({done.untold}): there the login ends by itself"
        return Result(f"signed out of {name} on this machine", data, notes=(note,))
    return Result(f"signed out of {name}; sessions opened with it live on to their end", data)
