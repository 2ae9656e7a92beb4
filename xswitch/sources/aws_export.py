"""Targets as profiles of the AWS CLI, between two markers in the person's own config file.

Each profile has a ``credential_process`` that runs xswitch (AWS SDKs and Tools Reference Guide, "Process credential
provider"). All that is not between the markers stays byte for byte as it was.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from xswitch.catalog import Target
from xswitch.errors import InvalidConfig, Usage
from xswitch.sources import ini
from xswitch.sources.profiles import named
from xswitch.tomlfile import refusal

BEGIN: Final = "# >>> xswitch: written by `xswitch catalog export aws-config`, and rewritten by the next >>>"
END: Final = "# <<< xswitch <<<"
_BEGINS: Final = b"# >>> xswitch"
_ENDS: Final = b"# <<< xswitch"
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/@+=,-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Exported:
    """The config file as it will be: its content, how many profiles it has of ours, and names that others have.

    ``replaced`` is how many it had of ours before.
    """

    content: bytes
    profiles: int
    taken: tuple[str, ...]
    replaced: int


def exported(before: bytes, targets: Iterable[Target], program: Sequence[str], file: Path) -> Exported:
    """Return the config file ``before`` with a profile for each target, and without those of an earlier export.

    ``program`` is how xswitch is run. A profile of the person's own keeps its name, and the target of that name is left
    out. No targets take the markers out as well. Raises InvalidConfig for markers that don't pair, or a file that is no
    AWS config; Usage for a program that no config file can name.
    """
    head, tail = _around(before, file)
    earlier = ini.parse(before[len(head) : len(before) - len(tail)], file)
    own = {named(section.name) for section in ini.parse(head + tail, file)}
    lines: list[str] = []
    taken: list[str] = []
    count = 0
    for target in targets:
        name = profile_name(target)
        header = name if name == "default" else f"profile {name}"
        if ("profile", name) in own:
            taken.append(name)
            continue
        command = " ".join(shlex.quote(word) for word in (*program, "credential-process", name))
        lines += ["", f"[{header}]", f"credential_process = {command}"]
        if target.region:
            lines.append(f"region = {target.region}")
        count += 1
    end = "\r\n" if b"\r\n" in before else "\n"
    if any(mark in " ".join(program) for mark in "\r\n\0") or " #" in " ".join(program):
        raise Usage("xswitch is installed at a path that no AWS config can name", "install it elsewhere")
    block = end.join([BEGIN, *lines, END, ""]).encode() if lines else b""
    if block and head and not head.endswith((b"\n", b"\r")):
        head += end.encode()
    return Exported(head + block + tail, count, tuple(taken), len(earlier))


def profile_name(target: Target) -> str:
    """Return the profile's name: the target's, or ``id/role`` where no file can hold the account's name."""
    return target.name if _PLAIN.fullmatch(target.name) else f"{target.account.id}/{target.role}"


def _around(content: bytes, file: Path) -> tuple[bytes, bytes]:
    """Return what stands before and behind our block. Raises InvalidConfig where the markers don't pair."""
    lines = content.splitlines(keepends=True)
    begins = [at for at, line in enumerate(lines) if line.startswith(_BEGINS)]
    ends = [at for at, line in enumerate(lines) if line.startswith(_ENDS)]
    if not begins and not ends:
        return content, b""
    if len(begins) != 1 or len(ends) != 1 or ends[0] < begins[0]:
        raise _unpaired(file, (begins + ends)[0] + 1)
    return b"".join(lines[: begins[0]]), b"".join(lines[ends[0] + 1 :])


def _unpaired(file: Path, line: int) -> InvalidConfig:
    hint = "remove what is left of the markers `# >>> xswitch` and `# <<< xswitch`, and the profiles between them"
    return refusal(file, "xswitch's markers don't pair", hint, line)
