"""Store an IAM user's access key in the vault: asked for without echo, or two lines on stdin."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from xswitch.cli.output import Result
from xswitch.cli.person import Nobody
from xswitch.errors import Usage
from xswitch.secret import Secret

if TYPE_CHECKING:
    from xswitch.cli.context import Context


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--no-input", action="store_true", help="never ask; read the key from stdin")


def run(args: argparse.Namespace, context: Context) -> Result:
    """Store it, once AWS has said whose it is."""
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
