"""What the checks have in common: how a finding looks, and what all of them look at."""

from __future__ import annotations

import stat
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from xswitch.errors import XswitchError

if TYPE_CHECKING:
    from xswitch.engine.checks.probe import Answer
    from xswitch.engine.core import Engine

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found: ``check`` is its name, ``hint`` says what to do, "" where nothing is to be done."""

    check: str
    level: Level
    message: str
    hint: str = ""


class Machine:
    """This machine as one person's engine sees it. Safe for threads.

    ``vault_mode`` is the vault folder's permissions as they were found, 0 where there is none: using it mends them.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.vault_mode = _mode(engine.paths.vault)
        self._lock = threading.Lock()
        self._answer: Answer | None = None

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment of this process."""
        return self.engine.environ

    @property
    def inside(self) -> bool:
        """Tell whether this is a switched shell, whose AWS variables are a session's own."""
        return bool(self.environ.get("XSWITCH_TARGET"))

    @property
    def skew(self) -> float:
        """Seconds that AWS's clock was ahead of this machine's when it was last seen, 0 where that can't be told."""
        try:
            return self.engine.skew
        except XswitchError:
            return 0.0

    def answer(self) -> Answer:
        """Return what AWS's endpoint answered; it is asked once. Blocks."""
        from xswitch.engine.checks import probe

        with self._lock:
            if self._answer is None:
                self._answer = probe.ask(self.environ, *self._place(), clock=self.engine.clock)
            return self._answer

    def _place(self) -> tuple[str, str]:
        """Return partition and region of the catalog's first target, whose STS is the one that is called."""
        try:
            target = next(iter(self.engine.catalog.targets), None)
        except XswitchError:
            target = None
        return (target.partition, target.region) if target is not None else ("aws", "")


def _mode(folder: Path) -> int:
    try:
        return stat.S_IMODE(folder.stat().st_mode)
    except OSError:
        return 0
