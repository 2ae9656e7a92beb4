"""Profiles of the person's AWS files that get their credentials from xswitch: whether it is still where they say."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator
from configparser import Error
from pathlib import Path
from typing import Final

from xswitch.awsfiles import aws_files
from xswitch.engine.checks.leftovers import read
from xswitch.engine.checks.machine import Finding, Machine

CHECK: Final = "profiles"
_MODULE: Final = ["-m", "xswitch"]


def check(machine: Machine) -> Iterator[Finding]:
    """Find the program of every `credential_process` that names xswitch. Another check tells of unreadable files."""
    count = 0
    for path in aws_files(machine.environ):
        try:
            parser = read(path)
        except (OSError, ValueError, Error):
            continue
        for section in parser.sections():
            words = _command(parser.get(section, "credential_process", fallback=""))
            if not words:
                continue
            count += 1
            program = words[0]
            if words[1:3] == _MODULE:
                message = f"{section.removeprefix('profile ')} runs a module called xswitch of the working folder"
                yield Finding(CHECK, "fail", message, "`xswitch catalog export aws-config` writes it anew, with -P")
            if not _there(program, machine.environ.get("PATH")):
                message = f"{section.removeprefix('profile ')} names {program}, which is not there any more"
                hint = f"write today's path into {path}, {_today(machine)}; or `xswitch catalog export`"
                yield Finding(CHECK, "fail", message, hint)
    if count:
        get = "profile gets its" if count == 1 else "profiles get their"
        yield Finding(CHECK, "ok", f"{count} {get} keys from xswitch")


def _command(text: str) -> list[str]:
    """Return the words of a command of ours: xswitch, or an interpreter with ``-P -m xswitch``; else none.

    Without ``-P`` Python looks for the module in the working folder, which may be anybody's, first.
    """
    try:
        words = shlex.split(text)
    except ValueError:
        return []
    ours = bool(words) and (Path(words[0]).name == "xswitch" or _MODULE in (words[1:3], words[2:4]))
    return words if ours else []


def _there(program: str, path: str | None) -> bool:
    if "/" not in program:
        return shutil.which(program, path=path) is not None
    return Path(program).is_file() and os.access(program, os.X_OK)


def _today(machine: Machine) -> str:
    return shutil.which("xswitch", path=machine.environ.get("PATH")) or "where xswitch is installed"
