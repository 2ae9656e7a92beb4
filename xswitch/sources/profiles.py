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

    def text(self, key: str) -> str:
        """Return a setting, "" where there is none or where it is a table."""
        value = self.values.get(key, "")
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class AwsConfig:
    """What the two files say: profiles and ``[sso-session]`` sections by name, and sections that are neither."""

    profiles: Mapping[str, Profile]
    sso_sessions: Mapping[str, Mapping[str, ini.Value]]
    others: tuple[str, ...] = ()


def read(environ: Mapping[str, str], config: Path | None = None) -> AwsConfig:
    """Return the person's profiles, of another ``config`` file than theirs where one is given. Raises InvalidConfig."""
    own, credentials = aws_files(environ)
    file = config or own
    profiles: dict[str, Profile] = {}
    sessions: dict[str, Mapping[str, ini.Value]] = {}
    others: list[str] = []
    path = str(file)
    for section in ini.read(file):
        kind, name = named(section.name)
        if kind == "profile":
            profiles[name] = Profile(name, path, section.line, section.values)
        elif kind == "sso-session":
            sessions[name] = section.values
        elif kind != "services":
            others.append(clean(section.name))
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
