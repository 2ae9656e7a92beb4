"""The command line: one module a command, each loaded only when it is called.

A command is a module with two functions: ``arguments(parser)`` declares what it takes, and ``run(args, context)``
returns a :class:`~xswitch.cli.output.Result`, which :mod:`~xswitch.cli.output` alone prints.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xswitch.engine import Engine


@dataclass(frozen=True, slots=True)
class OpenTui:
    """The command wants the picker. ``then`` goes on with the chosen target's name; None: the TUI is all there is."""

    engine: Engine
    query: str = ""
    then: Callable[[str], int] | None = None


def run(arguments: list[str], environ: Mapping[str, str]) -> int | OpenTui:
    """Run a command and return its exit status, or the picker that it needs first."""
    from xswitch.cli.dispatch import dispatch

    return dispatch(arguments, environ)
