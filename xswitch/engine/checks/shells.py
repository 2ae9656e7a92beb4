"""Which shells are here, which one opens, what this terminal can show, and whether the AWS CLI listens."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from typing import Final

from xswitch.aws.endpoints import endpoint_override
from xswitch.engine import notices
from xswitch.engine.checks.machine import Finding, Machine
from xswitch.errors import XswitchError
from xswitch.shell import detect
from xswitch.shell.environment import coerced
from xswitch.shell.prompt import inside
from xswitch.text import clean, say_duration

CHECK: Final = "shells"
SECONDS: Final = 8.0
"""How long a program may take to say its version: the AWS CLI needs a second or two on a busy machine."""
_KNOWN: Final = ("bash", "zsh", "fish")
_VERSION: Final = re.compile(r"(\d+(?:\.\d+){1,2})")
_CLI: Final = re.compile(r"aws-cli/(\d+)\.(\d+)\.(\d+)", re.ASCII)
_ENDPOINTS: Final = {1: 29, 2: 13}
"""The minor version from which the AWS CLI, 1 and 2, reads AWS_ENDPOINT_URL (its change log)."""


def check(machine: Machine) -> Iterator[Finding]:
    """Look at shells, terminal, locale and the AWS CLI."""
    environ = machine.environ
    yield _found(environ)
    yield _opens(environ)
    here = inside(environ)
    if here is not None:
        left = here.expires - (machine.engine.clock() + machine.skew)
        words = f"another {say_duration(left)}" if left > 0 else f"nothing: it ended {say_duration(-left)} ago"
        depth = f", {here.depth} deep" if here.depth > 1 else ""
        yield Finding(CHECK, "ok" if left > 0 else "warn", f"this is a shell in {here.target} for {words}{depth}")
    yield from _terminal(environ)
    yield from _notices(machine)
    yield from _aws(environ)


def _found(environ: Mapping[str, str]) -> Finding:
    versions = [(name, _said(name, environ)) for name in _KNOWN]
    here = [f"{name} {version}".strip() for name, version in versions if version is not None]
    if not here:
        return Finding(CHECK, "warn", "none of bash, zsh and fish is on PATH", "other shells open without a marker")
    return Finding(CHECK, "ok", ", ".join(here))


def _opens(environ: Mapping[str, str]) -> Finding:
    try:
        program = detect.find("", environ)
    except XswitchError as error:
        return Finding(CHECK, "fail", error.message, error.hint)
    if program.kind == "plain":
        message = f"a switch opens {program.path}, whose prompt gets no marker"
        return Finding(
            CHECK, "warn", message, "bash, zsh, fish and POSIX shells get one: --shell PATH, or XSWITCH_SHELL"
        )
    return Finding(CHECK, "ok", f"a switch opens {program.path}")


def _terminal(environ: Mapping[str, str]) -> Iterator[Finding]:
    if environ.get("TERM", "") in ("", "dumb"):
        yield Finding(
            CHECK, "warn", "TERM is empty or dumb: the picker can't open here", "set TERM, such as xterm-256color"
        )
    if "NO_COLOR" in environ:
        yield Finding(CHECK, "ok", "NO_COLOR is set: environments are told by words and signs alone")
    name = _locale(environ)
    if "utf-8" not in name.lower() and "utf8" not in name.lower():
        message = f"the locale is {name}, not UTF-8" if name else "no locale is set"
        yield Finding(CHECK, "warn", f"{message}: signs and names may not show", "set LANG, such as C.UTF-8")


def _locale(environ: Mapping[str, str]) -> str:
    """Return the name of the locale that decides on letters, as the person set it."""
    set_by = ["LC_ALL", "LC_CTYPE", "LANG"]
    if coerced(environ):
        set_by.remove("LC_CTYPE")
    return next((environ[name] for name in set_by if environ.get(name)), "")


def _notices(machine: Machine) -> Iterator[Finding]:
    try:
        wanted = machine.engine.preferences.notify
    except XswitchError:
        return
    if wanted and notices.ways(machine.environ, notices.Notice("", "")) == (None, ""):
        message = "config.toml wants notifications, and nothing here can show one"
        yield Finding(CHECK, "warn", message, "install notify-send; or write bell = true")


def _aws(environ: Mapping[str, str]) -> Iterator[Finding]:
    path = shutil.which("aws", path=environ.get("PATH"))
    if path is None:
        yield Finding(CHECK, "ok", "the AWS CLI is not on PATH")
        return
    found = _CLI.search(_output([path, "--version"], environ))
    if found is None:
        yield Finding(CHECK, "warn", f"{path} does not say its version", "try `aws --version`")
        return
    major, minor = int(found[1]), int(found[2])
    words = f"aws {found[1]}.{found[2]}.{found[3]}"
    deaf = minor < _ENDPOINTS.get(major, 0)
    if deaf and endpoint_override(environ):
        newer = f"{major}.{_ENDPOINTS[major]}"
        yield Finding(CHECK, "warn", f"{words} does not read AWS_ENDPOINT_URL, which is set", f"{newer} and later do")
    else:
        yield Finding(CHECK, "ok", f"{words}{' (does not read AWS_ENDPOINT_URL)' if deaf else ''}")


def _said(name: str, environ: Mapping[str, str]) -> str | None:
    """Return a shell's version, "" where it does not say, None where it is not on PATH."""
    path = shutil.which(name, path=environ.get("PATH"))
    if path is None:
        return None
    found = _VERSION.search(_output([path, "--version"], environ))
    return found[1] if found else ""


def _output(command: list[str], environ: Mapping[str, str]) -> str:
    """Return what a program prints; it gets no variable of AWS's or ours."""
    kept = {name: value for name, value in environ.items() if not name.startswith(("AWS_", "XSWITCH_"))}
    try:
        done = subprocess.run(
            command, env=kept, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False,
            start_new_session=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return clean((done.stdout + done.stderr).decode("utf-8", "replace")[:400])
