"""Change an IAM user's access key for another one: made, checked, stored, and then the old one is deactivated.

Stopped or failed in between, nothing is lost, and the same command goes on. The old key is not deleted: it could be
brought back while something turns out to need it.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from xswitch.cli.output import Result, say
from xswitch.errors import InvalidConfig

if TYPE_CHECKING:
    from xswitch.cli.context import Context


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("name", metavar="NAME")
    parser.add_argument(
        "--delete-inactive",
        action="store_true",
        help="where the user has a second key that is inactive, delete it to make room",
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--no-input", action="store_true", help="never ask for an MFA code")


def run(args: argparse.Namespace, context: Context) -> Result:
    """Rotate it."""
    keys = context.engine.own_keys(context.person)
    done = keys.rotate(args.name, delete_inactive=args.delete_inactive, note=say)
    old = done.old_access_key_id
    lines = [f"{done.deleted}, which was inactive, is deleted"] if done.deleted else []
    lines += [
        f"{done.name} has a new key, {done.access_key_id}: it works and is in the vault",
        f"the old one, {old}, is deactivated; once nothing has missed it for some days, delete it:",
        f"  aws iam delete-access-key --user-name {done.user} --access-key-id {old}",
        f"  or, with the next rotation: xswitch identity rotate {done.name} --delete-inactive",
    ]
    data = {
        "name": done.name,
        "arn": done.arn,
        "account_id": done.account_id,
        "access_key_id": done.access_key_id,
        "old_access_key_id": old,
        "deleted_access_key_id": done.deleted or None,
    }
    return Result("\n".join(lines), data, notes=_left(old, context))


def _left(key_id: str, context: Context) -> tuple[str, ...]:
    """Say where the old key still stands in the AWS CLI's files, in which it is of no use any more."""
    from xswitch.sources import aws_keys

    try:
        found = aws_keys.places(context.environ, key_id)
    except InvalidConfig:
        return ()
    return tuple(f"the old key still stands in the section {place}; it does not work any more there" for place in found)
