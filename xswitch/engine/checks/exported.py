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
            program = _program(parser.get(section, "credential_process", fallback=""))
            if not program:
                continue
            count += 1
            if _from_anywhere(shlex.split(parser.get(section, "credential_process"))):
                message = f"{section.removeprefix('profile ')} runs a module called xswitch of the working folder"
                yield Finding(CHECK, "fail", message, "`xswitch catalog export aws-config` writes it anew, with -P")
            if not _there(program, machine.environ.get("PATH")):
                message = f"{section.removeprefix('profile ')} names {program}, which is not there any more"
                hint = f"write today's path into {path}, {_today(machine)}; or `xswitch catalog export`"
                yield Finding(CHECK, "fail", message, hint)
    if count:
        get = "profile gets its" if count == 1 else "profiles get their"
        yield Finding(CHECK, "ok", f"{count} {get} keys from xswitch")


def _program(command: str) -> str:
    """Return the program that a command of ours runs: xswitch, or an interpreter with ``-P -m xswitch``; else ""."""
    try:
        first, *rest = shlex.split(command)
    except ValueError:
        return ""
    return first if Path(first).name == "xswitch" or _MODULE in (rest[:2], rest[1:3]) else ""


def _from_anywhere(words: list[str]) -> bool:
    """Tell whether Python looks for the module in the working folder, which may be anybody's, first."""
    return words[1:3] == _MODULE


def _there(program: str, path: str | None) -> bool:
    if "/" not in program:
        return shutil.which(program, path=path) is not None
    return Path(program).is_file() and os.access(program, os.X_OK)


def _today(machine: Machine) -> str:
    return shutil.which("xswitch", path=machine.environ.get("PATH")) or "where xswitch is installed"
