"""Targets as profiles of the AWS CLI, between two markers in the person's own config file.

Each profile has a ``credential_process`` that runs xswitch (AWS SDKs and Tools Reference Guide, "Process credential
provider"). All that is not between the markers stays byte for byte as it was, but for settings that stand on the wrong
side of a marker: the AWS CLI takes a marker for any other comment, and puts what it sets for the last of our profiles
behind the end, and what it sets for the profile before the first below the begin. They go to where they belong.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from xswitch.catalog import Target
from xswitch.errors import InvalidConfig, Usage, VaultUnavailable
from xswitch.sources import ini
from xswitch.sources.profiles import named
from xswitch.text import clean
from xswitch.tomlfile import refusal

BEGIN: Final = "# >>> xswitch, written by `xswitch catalog export aws-config` and rewritten by the next >>>"
"""It has no ``:`` and no ``=``, by which the AWS CLI would take it for a setting, and write others below it."""
END: Final = "# <<< xswitch <<<"
_BEGINS: Final = b"# >>> xswitch"
_ENDS: Final = b"# <<< xswitch"
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/@+=,-]*", re.ASCII)


_PROCESS: Final = "credential_process"
_REGION: Final = "region"


@dataclass(frozen=True, slots=True)
class Exported:
    """The config file as it will be: its content, how many profiles it has of ours, and names that others have.

    ``replaced`` is how many it had of ours before. ``lost`` has what the person had set in those of ours that are none
    any more: the keys, by the profile's name.
    """

    content: bytes
    profiles: int
    taken: tuple[str, ...]
    replaced: int
    lost: Mapping[str, tuple[str, ...]]


def exported(
    before: bytes, targets: Iterable[Target], program: Sequence[str], file: Path, keyed: Collection[str] = ()
) -> Exported:
    """Return the config file ``before`` with a profile for each target, and without those of an earlier export.

    ``program`` is how xswitch is run. A profile of the person's own keeps its name, and the target of that name is left
    out; ``keyed`` are those of the credentials file, whose keys an AWS client would use in place of our process. What
    the person set in one of ours stays with it, but for its process, and its region where the target has one. No
    targets take the markers out as well. Raises InvalidConfig for markers that don't pair, or a file that is no AWS
    config; Usage for a program that no config file can name; VaultUnavailable where more would change.
    """
    parts = _parted(before, file)
    own = {_profile_of(section.name) for section in parts.own} | set(keyed)
    earlier = {_profile_of(section.name) or section.name: section for section in parts.ours}
    lines: list[str] = []
    taken: list[str] = []
    made: set[str] = set()
    for target in targets:
        name = profile_name(target)
        if name in own:
            taken.append(name)
            continue
        known = earlier.pop(name, None)
        command = " ".join(shlex.quote(word) for word in (*program, "credential-process", name))
        written = {_PROCESS: command} | ({_REGION: target.region} if target.region else {})
        values = written | (known.values if known else {}) | written
        header = name if name == "default" else f"profile {name}"
        made.add(header)
        lines += ["", f"[{header}]"]
        for key, value in values.items():
            lines += ini.written(key, value)
    end = "\r\n" if b"\r\n" in before else "\n"
    if any(mark in " ".join(program) for mark in "\r\n\0") or " #" in " ".join(program):
        raise Usage("xswitch is installed at a path that no AWS config can name", "install it elsewhere")
    block = end.join([BEGIN, *lines, END, ""]).encode() if lines else b""
    head = parts.head
    if block and head and not head.endswith((b"\n", b"\r")):
        head += end.encode()
    content = head + block + parts.tail
    if _meaning(parts.own) != _meaning(one for one in ini.parse(content, file) if one.name not in made):
        words = f"xswitch's profiles can't be changed in {clean(str(file))} without changing more"
        raise VaultUnavailable(words, "the file is as it was; move your own settings away from xswitch's markers")
    lost = {name: keys for name, one in earlier.items() if (keys := parts.set_by_the_person(one))}
    return Exported(content, len(made), tuple(taken), len(parts.ours), lost)


def profile_name(target: Target) -> str:
    """Return the profile's name: the target's, or ``id/role`` where no file can hold the account's name."""
    return target.name if _PLAIN.fullmatch(target.name) else f"{target.account.id}/{target.role}"


@dataclass(frozen=True, slots=True)
class _Parts:
    """A config file without our block: what stands before and behind it, and the sections, the person's and ours.

    ``end`` is the 1-based line of the end marker.
    """

    head: bytes
    tail: bytes
    own: tuple[ini.Section, ...]
    ours: tuple[ini.Section, ...] = ()
    end: int = 0

    def set_by_the_person(self, section: ini.Section) -> tuple[str, ...]:
        """Return the settings of one of ours that no export wrote."""
        return tuple(key for key, at in section.lines.items() if key not in (_PROCESS, _REGION) or at > self.end)


def _parted(content: bytes, file: Path) -> _Parts:
    """Part a config file. Raises InvalidConfig, also where the markers don't pair."""
    lines = content.splitlines(keepends=True)
    begins = [at for at, line in enumerate(lines) if line.startswith(_BEGINS)]
    ends = [at for at, line in enumerate(lines) if line.startswith(_ENDS)]
    if not begins and not ends:
        return _Parts(content, b"", ini.parse(content, file))
    if len(begins) != 1 or len(ends) != 1 or ends[0] < begins[0]:
        raise _unpaired(file, (begins + ends)[0] + 1)
    begin, end = begins[0], ends[0]
    first = begin + 1 + ini.leading(lines[begin + 1 : end])
    rest = end + 1 + ini.leading(lines[end + 1 :])
    behind = {at for at in range(end + 1, rest) if ini.is_setting(lines[at])}
    ours = set(range(first, end)) | behind if first < end else set()
    astray = {at for at in range(begin + 1, first) if ini.is_setting(lines[at])} | (behind - ours)
    return _Parts(
        b"".join(line for at, line in enumerate(lines) if at < begin or at in astray),
        b"".join(line for at, line in enumerate(lines) if at > end and at not in ours and at not in astray),
        ini.parse(b"".join(b"#\n" if at in ours else line for at, line in enumerate(lines)), file),
        ini.parse(b"".join(line if at in ours else b"#\n" for at, line in enumerate(lines)), file),
        end + 1,
    )


def _profile_of(header: str) -> str:
    """Return the name of the profile that a section is, "" where it is none."""
    kind, name = named(header)
    return name if kind == "profile" else ""


def _meaning(sections: Iterable[ini.Section]) -> list[tuple[str, dict[str, ini.Value]]]:
    return [(section.name, section.values) for section in sections]


def _unpaired(file: Path, line: int) -> InvalidConfig:
    hint = "remove what is left of the markers `# >>> xswitch` and `# <<< xswitch`, and the profiles between them"
    return refusal(file, "xswitch's markers don't pair", hint, line)
