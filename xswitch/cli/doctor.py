"""Checks this machine: vault, clock, catalog, identities, shells, endpoint, leftovers, exported profiles.

Each line is ok, warn or fail, with what to do. Nobody is asked, no key is made and nothing is called with one.
Exits 1 where a check fails.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from xswitch.cli.output import Result

if TYPE_CHECKING:
    from xswitch.cli.context import Context
    from xswitch.engine.checks import Finding, Level

_INKS: Final[dict[Level, str]] = {"ok": "38;5;115", "warn": "1;38;5;215", "fail": "1;38;5;203"}
_LEVEL: Final = 6
_CHECK: Final = 12
_NARROW: Final = 40


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace, context: Context) -> Result:
    """Look at everything, and say what was found."""
    from xswitch.engine.checks import examine

    found = examine(context.engine)
    data = [{"check": one.check, "level": one.level, "message": one.message, "hint": one.hint} for one in found]
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else 0
    colour = terminal and "NO_COLOR" not in context.environ and context.environ.get("TERM", "") not in ("", "dumb")
    status = 1 if any(one.level == "fail" for one in found) else 0
    return Result(lines(found, colour=colour, width=width), data, status=status)


def lines(found: Sequence[Finding], *, colour: bool, width: int = 0) -> str:
    """Lay findings out: level, check, message, the hint below. ``width`` cells are kept to; 0 breaks no line."""
    room = max(_NARROW, width - _LEVEL - _CHECK) if width else 0
    shown: list[str] = []
    for one in found:
        lead = f"{_inked(one.level, colour=colour)}{' ' * (_LEVEL - len(one.level))}{one.check:<{_CHECK}}"
        first, *rest = _broken(one.message, room)
        shown.append(lead + first)
        shown += [" " * (_LEVEL + _CHECK) + line for line in rest]
        if one.hint and one.level != "ok":
            shown += [" " * (_LEVEL + _CHECK + 2) + line for line in _broken(one.hint, room - 2 if room else 0)]
    return "\n".join(shown)


def _broken(text: str, room: int) -> list[str]:
    """Break text between words; a long word, such as a path, stays whole."""
    if not room:
        return [text]
    return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]


def _inked(level: Level, *, colour: bool) -> str:
    return f"\x1b[{_INKS[level]}m{level}\x1b[0m" if colour else level
