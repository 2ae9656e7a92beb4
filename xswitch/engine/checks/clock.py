"""How far this machine's clock is from AWS's: what other tools sign is refused where it is off."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping
from typing import Final

from xswitch.engine.checks.machine import Finding, Machine
from xswitch.text import say_duration

CHECK: Final = "clock"
FINE: Final = 5.0
"""Seconds: less is the network's and the header's own."""
WRONG: Final = 240.0
"""Seconds. AWS takes a signature for 5 minutes either way (IAM User Guide, Signature Version 4); a minute to spare."""


def check(machine: Machine) -> Iterator[Finding]:
    """Compare this clock with the Date of AWS's answer."""
    answer = machine.answer()
    if answer.ahead is None:
        yield _unknown(machine, asked=not answer.problem)
        return
    off = abs(answer.ahead)
    if off < 1.5:
        yield Finding(CHECK, "ok", "within a second of AWS")
        return
    words, hint = said(answer.ahead), how_to_set(machine.environ)
    if off < FINE:
        yield Finding(CHECK, "ok", words)
    elif off < WRONG:
        yield Finding(CHECK, "warn", f"{words}: xswitch corrects for it, other tools don't", hint)
    else:
        yield Finding(CHECK, "fail", f"{words}: AWS refuses what is signed 5 minutes off", hint)


def said(ahead: float) -> str:
    """Say how far this clock is off: ``3m 20s behind AWS``."""
    return f"{say_duration(round(abs(ahead)))} {'behind' if ahead > 0 else 'ahead of'} AWS"


def how_to_set(environ: Mapping[str, str]) -> str:
    """Say how this machine's clock is set, by what is installed here."""
    path = environ.get("PATH")
    if sys.platform == "darwin":
        return "sudo sntp -sS time.apple.com, and switch on setting the time by itself"
    if shutil.which("chronyc", path=path):
        return "sudo chronyc makestep"
    if shutil.which("timedatectl", path=path):
        return "sudo timedatectl set-ntp true"
    return "set it, and let chrony or systemd-timesyncd keep it right"


def _unknown(machine: Machine, *, asked: bool) -> Finding:
    why = "AWS's answer says no time" if asked else "AWS can't be asked for the time"
    skew = machine.skew
    before = f"; it was {said(skew)} when last seen" if abs(skew) >= FINE else ""
    hint = "something on the way drops the Date header" if asked else "see the endpoint below"
    return Finding(CHECK, "warn", f"{why}{before}", hint)
