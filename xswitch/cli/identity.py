"""The identities: who you are before any role.

list          the identities of the catalog, and what is known of each
add NAME      store an IAM user's access key in the vault: asked for without echo, or two lines on stdin
remove NAME   forget the stored key
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from xswitch.cli.output import Result, table
from xswitch.cli.person import Nobody
from xswitch.errors import Usage
from xswitch.secret import Secret

if TYPE_CHECKING:
    from xswitch.cli.context import Context


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("action", choices=("list", "add", "remove"))
    parser.add_argument("name", nargs="?", default="", metavar="NAME")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--no-input", action="store_true", help="never ask; read the key from stdin")


def run(args: argparse.Namespace, context: Context) -> Result:
    """List, add or remove."""
    if args.action == "list":
        if args.name:
            raise Usage("`identity list` takes no name", "xswitch identity list")
        found = context.engine.identities()
        rows = [(view.name, view.kind, view.account_id, view.arn or "not known yet") for view in found]
        data = [
            {
                "name": view.name,
                "kind": view.kind,
                "account_id": view.account_id or None,
                "arn": view.arn or None,
                "expires": None,
                "key_age_days": view.key_age_days,
            }
            for view in found
        ]
        return Result(table(rows, head=("NAME", "KIND", "ACCOUNT", "ARN")), data)
    if not args.name:
        raise Usage("name the identity", f"xswitch identity {args.action} NAME")
    if args.action == "remove":
        context.engine.remove_identity(args.name)
        return Result(f"the key of {args.name} is forgotten here; deactivate it in IAM as well", {"name": args.name})
    key_id, secret = _typed(context)
    caller = context.engine.add_identity(args.name, key_id, secret, context.person)
    return Result(
        f"{args.name} is {caller.arn}", {"name": args.name, "arn": caller.arn, "account_id": caller.account_id}
    )


def _typed(context: Context) -> tuple[str, Secret]:
    """Read the key: two lines on stdin where stdin is no terminal, else asked for."""
    if not sys.stdin.isatty():
        lines = sys.stdin.read(4096).split()
        if len(lines) != 2:
            raise Usage("stdin wants two lines: the access key id and the secret access key")
        return lines[0], Secret(lines[1])
    person = context.person
    if isinstance(person, Nobody):
        raise Usage("nobody can be asked for the key", "give the access key id and the secret as two lines on stdin")
    return person.line("Access key id: "), Secret(person.hidden("Secret access key: "))
