"""An access key in the person's AWS files: found by its id, and taken out, with all else byte for byte as it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from xswitch.awsfiles import aws_files
from xswitch.errors import InvalidConfig, NoSuchTarget, Usage, VaultUnavailable
from xswitch.secret import Secret
from xswitch.sources import ini, profiles
from xswitch.sources.profiles import STATIC as KEY
from xswitch.sources.replacing import rework_own
from xswitch.text import clean

SECRET: Final = "aws_secret_access_key"  # noqa: S105
TOKEN: Final = "aws_session_token"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key stands: the file, the section's header as written, and the 1-based lines of the key, ascending."""

    file: Path
    section: str
    lines: tuple[int, ...]

    def __str__(self) -> str:
        lines = " and ".join(str(line) for line in self.lines)
        return f"[{clean(self.section)}] in {clean(str(self.file))}, line{'s' if len(self.lines) > 1 else ''} {lines}"


def of_profile(environ: Mapping[str, str], name: str) -> tuple[str, Secret]:
    """Return the long-lived key that a profile holds. Raises NoSuchTarget, Usage, InvalidConfig."""
    profile = profiles.read(environ).profiles.get(name)
    if profile is None:
        raise NoSuchTarget(
            f"there is no AWS profile {clean(name)}", "`aws configure list-profiles` shows those there are"
        )
    key_id, secret = profile.text(KEY), profile.text(SECRET)
    if not (key_id and secret):
        raise Usage(f"the AWS profile {clean(name)} holds no access key", "it may get its credentials another way")
    if profile.text(TOKEN):
        raise Usage(f"the AWS profile {clean(name)} holds a temporary key, which ends by itself")
    return key_id, Secret(secret)


def places(environ: Mapping[str, str], access_key_id: str) -> tuple[Place, ...]:
    """Return where a key stands in the person's AWS files. Raises InvalidConfig."""
    found = []
    for file in sorted(set(aws_files(environ)), reverse=True):
        for section in ini.read(file):
            if _holds(section, access_key_id):
                lines = sorted(section.lines[key] for key in (KEY, SECRET) if key in section.values)
                found.append(Place(file, section.name, tuple(lines)))
    return tuple(found)


def users(environ: Mapping[str, str], found: tuple[Place, ...]) -> tuple[str, ...]:
    """Return the profiles that build on one of these, and will get no credentials from it any more."""
    config = profiles.read(environ)
    gone = {place.section.removeprefix("profile ").strip() for place in found}
    return tuple(
        one.name for one in config.profiles.values() if one.text("source_profile") in gone and one.name not in gone
    )


def take_out(found: tuple[Place, ...], access_key_id: str) -> None:
    """Remove the lines of a key, each file in one step, its mode kept, a link followed.

    Raises InvalidConfig for a file that is none any more, VaultUnavailable where one can't be written, or was changed
    meanwhile so that more would change; that one is then as it was. What does not touch the key's lines is kept.
    """
    for file in sorted({place.file for place in found}):
        lines = {line for place in found if place.file == file for line in place.lines}
        rework_own(file, partial(_without_key, lines=lines, access_key_id=access_key_id, file=file))


def _without_key(before: bytes, *, lines: set[int], access_key_id: str, file: Path) -> bytes:
    """Return a file without the lines of a key. Raises InvalidConfig, VaultUnavailable where more would change."""
    after = without(before, lines)
    if not _only_the_key_is_gone(before, after, access_key_id, file):
        words = f"the key can't be taken out of {clean(str(file))} without changing more"
        raise VaultUnavailable(words, "the file is as it was; take the key out by hand")
    return after


def without(content: bytes, lines: set[int]) -> bytes:
    """Return a file without these 1-based lines."""
    return b"".join(line for at, line in enumerate(content.splitlines(keepends=True), start=1) if at not in lines)


def _only_the_key_is_gone(before: bytes, after: bytes, access_key_id: str, file: Path) -> bool:
    """Tell whether every section is as it was, but for the key in those that had it."""
    old = ini.parse(before, file)
    try:
        new = ini.parse(after, file)
    except InvalidConfig:
        return False
    return [_rest(section, access_key_id) for section in old] == [(one.name, one.values) for one in new]


def _holds(section: ini.Section, access_key_id: str) -> bool:
    """Tell whether a section holds a long-lived key; one with a token is temporary."""
    return section.values.get(KEY) == access_key_id and TOKEN not in section.values


def _rest(section: ini.Section, access_key_id: str) -> tuple[str, dict[str, ini.Value]]:
    gone = {KEY, SECRET} if _holds(section, access_key_id) else set()
    return section.name, {key: value for key, value in section.values.items() if key not in gone}
