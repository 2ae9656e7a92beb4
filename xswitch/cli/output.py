"""The only writer of stdout, and of errors on stderr.

stdout carries a command's result alone. An error is one line ``xswitch: what went wrong`` and one ``  hint: what to
do`` on stderr, for each thing that is wrong, or with ``--json`` an object on stdout.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, TextIO

    from xswitch.errors import XswitchError


class Result:
    """What a command found: ``text`` for people, ``data`` for ``--json``, ``notes`` for stderr."""

    __slots__ = ("data", "notes", "status", "text")

    def __init__(self, text: str | None = None, data: Any = None, status: int = 0, notes: tuple[str, ...] = ()) -> None:
        self.text = text
        self.data = data
        self.status = status
        self.notes = notes


def show(result: Result, *, as_json: bool) -> int:
    """Print a result and return its exit status."""
    for note in result.notes:
        say(note)
    if as_json and result.data is not None:
        write(_json(result.data, indent=2) + "\n")
    elif result.text:
        write(result.text if result.text.endswith("\n") else result.text + "\n")
    return result.status


def write(text: str) -> None:
    """Write to stdout, and see it go: as UTF-8 whatever the locale says; bytes that are none go as they came in."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", errors="surrogateescape")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        from xswitch.errors import XswitchError

        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise XswitchError(f"the result can't be written: {(error.strerror or 'stdout fails').lower()}") from None


def say(line: str) -> None:
    """Write one line of information to stderr. One that can't be written changes nothing else."""
    try:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
    except OSError:
        _drop(sys.stderr)


def _drop(stream: TextIO) -> None:
    """Empty what a failing stream still holds: the interpreter would try it again at the end, and exit with 120.

    It goes to /dev/null, which takes the stream's place for that moment alone: a command that is run afterwards finds
    its stderr as it was given.
    """
    number = stream.fileno()
    given, nowhere = os.dup(number), os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.dup2(nowhere, number)
        stream.flush()
    finally:
        os.dup2(given, number)
        os.close(given)
        os.close(nowhere)


def fail(error: XswitchError, *, as_json: bool) -> int:
    """Print an error, with all that is wrong where it is several things, and return its exit status."""
    from xswitch.text import clean

    if as_json:
        write(_json(error.as_json()) + "\n")
    else:
        for message, hint in error.told():
            say(f"xswitch: {clean(message)}")
            if hint:
                say(f"  hint: {clean(hint)}")
    return error.exit_status


def _json(data: Any, indent: int | None = None) -> str:
    """Return JSON that is valid UTF-8 and safe to show: what can't be seen, or came from bytes that are none, escaped.

    The values stay what they are.
    """
    import json

    text = json.dumps(data, ensure_ascii=False, indent=indent)
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in text)


def table(rows: Sequence[tuple[str, ...]], *, head: tuple[str, ...] = ()) -> str:
    """Lay rows out in columns, two blanks apart, the last one ragged. Cells are made safe to show."""
    from xswitch.text import clean

    cells = [tuple(clean(cell) for cell in row) for row in ([head] if head else []) + list(rows)]
    if not cells:
        return ""
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells)
    return "\n".join(lines) + "\n"
