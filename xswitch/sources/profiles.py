"""The AWS CLI's files as profiles, as the AWS CLI understands them.

A profile's settings come from both files; where both have a setting, that of ``credentials`` stands (AWS CLI User
Guide, "Configuration and credential file settings").
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from xswitch.awsfiles import aws_files
from xswitch.sources import ini
from xswitch.text import clean

STATIC: Final = "aws_access_key_id"
_QUOTING: Final = re.compile(r"""['"\\#]""")


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile: its name, the file and the line that it is written at, and its settings."""

    name: str
    file: str
    line: int
    values: Mapping[str, ini.Value]

    @property
    def place(self) -> str:
        """Where it is written, as ``file:line``, safe to show."""
        return f"{clean(self.file)}:{self.line}"

    @property
    def is_target(self) -> bool:
        """Whether it is a role or a permission set: web identity is a way to get keys, for botocore to go."""
        if self.text("role_arn") and not self.text("web_identity_token_file"):
            return True
        return bool(self.text("sso_role_name") or self.text("sso_account_id"))

    @property
    def gives(self) -> bool:
        """Whether it has credentials, or says what gets them."""
        return any(self.text(key) for key in (STATIC, "login_session", "web_identity_token_file", "credential_process"))

    def text(self, key: str) -> str:
        """Return a setting, "" where there is none or where it is a table."""
        value = self.values.get(key, "")
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class AwsConfig:
    """What the two files say: profiles and ``[sso-session]`` sections by name.

    ``others`` are sections that are neither, each under the name that stands between its brackets.
    """

    profiles: Mapping[str, Profile]
    sso_sessions: Mapping[str, Profile]
    others: tuple[Profile, ...] = ()


def read(environ: Mapping[str, str], config: Path | None = None) -> AwsConfig:
    """Return the person's profiles, of another ``config`` file than theirs where one is given. Raises InvalidConfig."""
    own, credentials = aws_files(environ)
    file = config or own
    profiles: dict[str, Profile] = {}
    sessions: dict[str, Profile] = {}
    others: list[Profile] = []
    path = str(file)
    for section in ini.read(file):
        kind, name = named(section.name)
        if kind == "profile":
            profiles[name] = Profile(name, path, section.line, section.values)
        elif kind == "sso-session":
            sessions[name] = Profile(name, path, section.line, section.values)
        elif kind != "services":
            others.append(Profile(section.name, path, section.line, section.values))
    for section in ini.read(credentials):
        known = profiles.get(section.name)
        profiles[section.name] = (
            Profile(section.name, str(credentials), section.line, section.values)
            if known is None
            else replace(known, values={**known.values, **section.values})
        )
    return AwsConfig(profiles, sessions, tuple(others))


def named(header: str) -> tuple[str, str]:
    """Return what a section of ``config`` is, and its name; ("", "") where the AWS CLI would pass over it."""
    if header == "default":
        return "profile", "default"
    if not header.startswith(("profile", "sso-session", "services")):
        return "", ""
    if not _QUOTING.search(header):
        words = header.split()
    else:
        try:
            words = shlex.split(header)
        except ValueError:
            return "", ""
    return (words[0], words[1]) if len(words) == 2 else ("", "")


def unnamed(header: str) -> str:
    """Say that a section is no profile and, where it was meant to be one, how its name is written. Safe to show."""
    said = clean(header)
    kind, blank, name = said.partition(" ")
    how = f": a name with blanks stands in quotes, [profile '{name.strip()}']"
    meant = kind == "profile" and blank and not _QUOTING.search(name)
    return f"the section [{said}] is no profile{how if meant else ''}"
