"""The AWS CLI's files as profiles, as the AWS CLI understands them.

A profile's settings come from both files; where both have a setting, that of ``credentials`` stands (AWS CLI User
Guide, "Configuration and credential file settings").
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from xswitch.awsfiles import aws_files
from xswitch.sources import ini
from xswitch.text import clean

STATIC: Final = "aws_access_key_id"


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile: its name, where it is written (``file:line``, safe to show) and its settings."""

    name: str
    place: str
    values: Mapping[str, ini.Value]

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
    for section in ini.read(file):
        kind, name = _named(section.name)
        if kind == "profile":
            profiles[name] = Profile(name, f"{clean(str(file))}:{section.line}", section.values)
        elif kind == "sso-session":
            sessions[name] = section.values
        elif kind != "services":
            others.append(clean(section.name))
    for section in ini.read(credentials):
        known = profiles.get(section.name)
        place = f"{clean(str(credentials))}:{section.line}"
        both = {**known.values, **section.values} if known else section.values
        profiles[section.name] = Profile(section.name, known.place if known else place, both)
    return AwsConfig(profiles, sessions, tuple(others))


def _named(header: str) -> tuple[str, str]:
    """Return what a section of ``config`` is, and its name; ("", "") where the AWS CLI would pass over it."""
    if header == "default":
        return "profile", "default"
    if not header.startswith(("profile", "sso-session", "services")):
        return "", ""
    if not any(mark in header for mark in "'\"\\#"):
        words = header.split()
    else:
        try:
            words = shlex.split(header)
        except ValueError:
            return "", ""
    return (words[0], words[1]) if len(words) == 2 else ("", "")
