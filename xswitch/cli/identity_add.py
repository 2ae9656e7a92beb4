"""Store an IAM user's access key in the vault, once AWS has said whose it is.

The key is asked for without echo, read as two lines on stdin, or taken from a profile of the AWS CLI. Where it stands
in ~/.aws/credentials as well, you are asked whether it is to be taken out there.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from xswitch.cli.output import Result, say
from xswitch.cli.person import Nobody
from xswitch.errors import InvalidConfig, Usage
from xswitch.secret import Secret

if TYPE_CHECKING:
    from xswitch.cli.context import Context
    from xswitch.sources.aws_keys import Place


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--from-profile", metavar="PROFILE", help="take the key that a profile of the AWS CLI holds")
    parser.add_argument(
        "--remove-from-file", action="store_true", help="take the key out of the AWS CLI's files, without asking"
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--no-input", action="store_true", help="never ask; read the key from stdin")


def run(args: argparse.Namespace, context: Context) -> Result:
    """Store it, and see to it that it stands nowhere else."""
    from xswitch.sources import aws_keys

    if args.from_profile:
        key_id, secret = aws_keys.of_profile(context.environ, args.from_profile)
    else:
        key_id, secret = _typed(context)
    caller = context.engine.own_keys(context.person).add(args.name, key_id, secret)
    removed, notes = _take_out(key_id.strip(), context, at_once=args.remove_from_file)
    data = {
        "name": args.name,
        "arn": caller.arn,
        "account_id": caller.account_id,
        "removed_from": [str(place) for place in removed],
    }
    lines = [f"{args.name} is {caller.arn}", *(f"taken out of {place}" for place in removed)]
    return Result("\n".join(lines), data, notes=notes)


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


def _take_out(key_id: str, context: Context, *, at_once: bool) -> tuple[tuple[Place, ...], tuple[str, ...]]:
    """Take a key that is in the vault now out of the AWS CLI's files, if the person says so.

    Returns where it stood, and what to say. Raises VaultUnavailable; the key is in the vault all the same.
    """
    from xswitch.sources import aws_keys

    try:
        found = aws_keys.places(context.environ, key_id)
        users = aws_keys.users(context.environ, found) if found else ()
    except InvalidConfig as broken:
        return (), (f"whether the key stands in the AWS CLI's files can't be told: {broken.message}",)
    if not found:
        return (), ()
    about = [f"the key also stands in the section {place}" for place in found]
    if users:
        about.append(
            f"the AWS CLI's profiles that build on it will get no credentials there: {', '.join(users)} "
            "(`xswitch catalog import aws-config` takes them over, `catalog export aws-config` gives them back)"
        )
    person = context.person
    if not at_once and isinstance(person, Nobody):
        return (), (*about, "--remove-from-file takes it out there, now that the vault has it")
    for line in about:
        say(line)
    if not at_once and not isinstance(person, Nobody):
        question = "It works and is in the vault. Remove these lines from the file [y/N]? "
        if person.line(question).strip().lower() not in ("y", "yes"):
            return (), ()
    aws_keys.take_out(found, key_id)
    return found, ()
