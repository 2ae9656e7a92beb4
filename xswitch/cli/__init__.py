"""The command line: one module a command, each loaded only when it is called.

A command is a module with two functions: ``arguments(parser)`` declares what it takes, and ``run(args, context)``
returns a :class:`~xswitch.cli.output.Result`, which :mod:`~xswitch.cli.output` alone prints. That module serves the
fast commands too, so neither it nor this one imports what they would have to wait for.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xswitch.engine import Engine


class OpenTui:
    """The command wants the picker. ``then`` goes on with the chosen target's name; None: the TUI is all there is."""

    __slots__ = ("engine", "query", "then")

    def __init__(self, engine: Engine, query: str = "", then: Callable[[str], int] | None = None) -> None:
        self.engine = engine
        self.query = query
        self.then = then


def run(arguments: list[str], environ: Mapping[str, str]) -> int | OpenTui:
    """Run a command and return its exit status, or the picker that it needs first."""
    from xswitch.cli.dispatch import dispatch

    return dispatch(arguments, environ)
