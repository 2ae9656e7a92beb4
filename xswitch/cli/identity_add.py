"""Add an identity: an IAM user's access key by default, which goes into the vault once AWS has said whose it is.

xswitch identity add central --mfa-serial arn:aws:iam::111122223333:mfa/ada
xswitch identity add okta --process "saml2aws script --credential-process"

The key is asked for without echo, read as two lines on stdin, or taken from a profile of the AWS CLI. Where it stands
in ~/.aws/credentials as well, you are asked whether it is to be taken out there. An identity that the catalog does not
have is written at the end of your catalog file; the other kinds are tried first, but for a login.
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
    from xswitch.catalog.model import IdentityKind
    from xswitch.cli.context import Context
    from xswitch.session.model import Caller
    from xswitch.sources.aws_keys import Place


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("name", metavar="NAME")
    kinds = parser.add_argument_group("another kind of identity than an access key").add_mutually_exclusive_group()
    kinds.add_argument("--process", metavar="COMMAND", help="a program that prints what a credential_process does")
    kinds.add_argument("--profile", metavar="PROFILE", help="whatever a profile of the AWS CLI gives")
    kinds.add_argument("--environment", action="store_true", help="the AWS variables of the shell outside")
    kinds.add_argument("--start-url", metavar="URL", help="an Identity Center login, with --sso-region")
    parser.add_argument("--sso-region", metavar="REGION", help="the region of the login")
    parser.add_argument("--sso-session", metavar="NAME", help="the name under which the AWS CLI shares the login")
    parser.add_argument("--mfa-serial", metavar="ARN", help="the person's MFA device")
    parser.add_argument("--from-profile", metavar="PROFILE", help="take the key that a profile of the AWS CLI holds")
    parser.add_argument(
        "--remove-from-file", action="store_true", help="take the key out of the AWS CLI's files, without asking"
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--no-input", action="store_true", help="never ask; read the key from stdin")


def run(args: argparse.Namespace, context: Context) -> Result:
    """Add it, and see to it that a key stands nowhere else."""
    kind, settings = _asked(args)
    keys = context.engine.own_keys(context.person)
    notes: tuple[str, ...] = ()
    removed: tuple[Place, ...] = ()
    if kind == "keys":
        key_id, secret = _key(args.from_profile, context)
        caller: Caller | None = keys.add(args.name, key_id, secret, settings)
        removed, notes = _take_out(key_id.strip(), context, at_once=args.remove_from_file)
    else:
        caller = keys.define(args.name, kind, settings)
    data = {
        "name": args.name,
        "kind": kind,
        "arn": caller.arn if caller else None,
        "account_id": caller.account_id if caller else None,
        "removed_from": [str(place) for place in removed],
    }
    said = (
        f"{args.name} is {caller.arn}"
        if caller
        else f"{args.name} is in the catalog: xswitch identity login {args.name}"
    )
    return Result("\n".join([said, *(f"taken out of {place}" for place in removed)]), data, notes=notes)


def _asked(args: argparse.Namespace) -> tuple[IdentityKind, dict[str, str]]:
    """Return the kind that the options say, and the settings. Raises Usage for options that don't go together."""
    names = ("process", "profile", "start_url", "sso_region", "sso_session", "mfa_serial")
    given = {name: str(getattr(args, name)) for name in names if getattr(args, name) is not None}
    settings = {name: value for name, value in given.items() if value.strip()}
    for name in given.keys() - settings.keys():
        raise Usage(f"--{name.replace('_', '-')} is empty", "give it a value, or leave it out")
    kind: IdentityKind = "keys"
    if args.environment:
        kind = "environment"
    elif args.process or args.profile:
        kind = "process" if args.process else "profile"
    elif args.start_url:
        kind = "sso"
    if kind != "keys" and (args.from_profile or args.remove_from_file):
        raise Usage("--from-profile and --remove-from-file are for access keys", "leave them away")
    if bool(args.start_url) != bool(args.sso_region) or (args.sso_session and not args.start_url):
        raise Usage(
            "a login wants both --start-url and --sso-region", "the administrator of Identity Center knows them"
        )
    return kind, settings


def _key(profile: str | None, context: Context) -> tuple[str, Secret]:
    from xswitch.sources import aws_keys

    return aws_keys.of_profile(context.environ, profile) if profile else _typed(context)


def _typed(context: Context) -> tuple[str, Secret]:
    """Read the key: two lines on stdin where stdin is no terminal, else asked for."""
    if not sys.stdin.isatty():
        lines = sys.stdin.read(4096).split()
        if len(lines) != 2:
            raise Usage(
                "stdin wants two lines: the access key id and the secret access key",
                "leave stdin to the terminal to be asked for them",
            )
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
