"""What every command works with: the environment, the folders, the engine and whoever can be asked."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from xswitch.paths import Paths

if TYPE_CHECKING:
    from xswitch.cli.person import Nobody, TerminalPerson
    from xswitch.engine import Engine
    from xswitch.session.model import Options


class Context:
    """One call of a command. Nothing is opened before it is asked for."""

    def __init__(self, environ: Mapping[str, str], args: argparse.Namespace) -> None:
        self.environ = environ
        self.args = args
        self.clock = time.time

    @cached_property
    def paths(self) -> Paths:
        """Where the files live."""
        return Paths.of(self.environ)

    @cached_property
    def engine(self) -> Engine:
        """The engine behind every command."""
        from xswitch.engine import Engine
        from xswitch.session.model import GuardAnswer

        made = Engine(self.paths, self.environ, self.clock)
        # One name can't be that of every account: with --all it is for the guards that would ask.
        confirm = "" if getattr(self.args, "all", False) else self._confirm
        made.given = GuardAnswer(confirm, self._reason)
        return made

    @cached_property
    def person(self) -> TerminalPerson | Nobody:
        """The person at the terminal, or nobody."""
        from xswitch.cli.person import person_for

        return person_for(
            self.environ,
            no_input=bool(getattr(self.args, "no_input", False)),
            confirm=self._confirm,
            reason=self._reason,
            practice=self._practice,
        )

    @property
    def _confirm(self) -> str:
        return getattr(self.args, "confirm", None) or ""

    @property
    def _reason(self) -> str:
        return getattr(self.args, "reason", None) or ""

    @property
    def options(self) -> Options:
        """What this call asks of its switch."""
        from xswitch.session.model import Options

        return Options(
            duration=self.args.duration,
            region=self.args.region or "",
            session_name=self.args.session_name or "",
            renewing=bool(getattr(self.args, "renew", False)),
        )

    def _practice(self) -> str:
        shown = self.engine.practice()
        if shown is None:
            return ""
        state = f"spent, the next comes in {shown.left}s" if shown.spent else f"for {shown.left}s more"
        return f"The practice authenticator shows {shown.code[:3]} {shown.code[3:]} ({state})."
