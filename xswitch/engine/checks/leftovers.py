"""What of other tools could act in place of what xswitch hands out: variables, and long-lived keys on the disk."""

from __future__ import annotations

from collections.abc import Iterator
from configparser import Error, RawConfigParser
from pathlib import Path
from typing import Final

from xswitch.awsfiles import aws_files
from xswitch.engine.checks.machine import Finding, Machine
from xswitch.text import clean

CHECK: Final = "leftovers"
_KEY: Final = "aws_access_key_id"
_PROFILES: Final = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")


def check(machine: Machine) -> Iterator[Finding]:
    """Look at the environment and at the person's AWS files. No value of any key is shown."""
    found = [*_variables(machine), *_files(machine)]
    yield from found or [Finding(CHECK, "ok", "nothing that could shadow a session")]


def _variables(machine: Machine) -> Iterator[Finding]:
    if machine.inside:
        return
    environ = machine.environ
    for name in _PROFILES:
        if environ.get(name):
            message = f"{name} is set to {environ[name]}"
            yield Finding(CHECK, "warn", message, f"unset {name}: outside of xswitch's shells, tools take that profile")
    key = environ.get("AWS_ACCESS_KEY_ID", "")
    if key:
        sort = "the keys of a session" if key.startswith("ASIA") else "a long-lived key"
        message = f"the environment holds {sort} (AWS_ACCESS_KEY_ID)"
        names = "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"
        yield Finding(CHECK, "warn", message, f"unset {names}, unless an identity of kind environment is meant")


def _files(machine: Machine) -> Iterator[Finding]:
    holding: set[str] = set()
    for path in aws_files(machine.environ):
        try:
            parser = read(path)
        except (OSError, ValueError, Error) as error:
            line = getattr(error, "lineno", None)
            where = f"{clean(str(path))}{f', line {line}' if line else ''}"
            yield Finding(CHECK, "warn", f"{where}: can't be read", "the AWS CLI can't read it either")
            continue
        holding |= {_profile(name) for name in parser.sections() if parser.has_option(name, _KEY)}
    if "default" in holding:
        message = "the [default] profile holds a long-lived key: whatever has no session takes it"
        yield Finding(
            CHECK, "warn", message, "xswitch identity add NAME --from-profile default moves it into the vault"
        )
    others = len(holding - {"default"})
    if others:
        message = f"{others} {'profile holds' if others == 1 else 'profiles hold'} a long-lived key in plain text"
        yield Finding(
            CHECK, "warn", message, "xswitch identity add NAME --from-profile PROFILE moves such a key into the vault"
        )


def read(path: Path) -> RawConfigParser:
    """Return an AWS file's sections; none where there is no file. Raises OSError, ValueError, configparser.Error."""
    parser = RawConfigParser(strict=False, default_section="\0", interpolation=None)
    if path.is_file():
        with path.open(encoding="utf-8") as stream:
            parser.read_file(stream)
    return parser


def _profile(section: str) -> str:
    return section.removeprefix("profile ").strip()
