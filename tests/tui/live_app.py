"""The app on the stand-in, on a real terminal: a program that tests start. ``argv[1]`` says what breaks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from stand_in import NOW, SENTINEL, StandIn

from xswitch import tui
from xswitch.catalog.model import Target
from xswitch.engine import Outlook
from xswitch.paths import Paths
from xswitch.preferences import Preferences
from xswitch.secret import Secret
from xswitch.session.model import Options, Person, Plan, Session
from xswitch.tui import alarms


class Live(StandIn):
    preferences = Preferences(organization="acme")
    what = sys.argv[1] if len(sys.argv) > 1 else ""

    def passed(self, file: Path) -> None:
        """Count the seconds that have passed by a file, tell by bell and desktop, and look often."""
        alarms.EVERY = 0.1  # type: ignore[misc]
        self.preferences = Preferences(organization="acme", bell=True, notify=True)
        self.paths = Paths.of({"XSWITCH_HOME": str(file.parent)})
        self.environ = dict(os.environ)
        self._file = file

    @property
    def time(self) -> float:
        return NOW + float(self._file.read_text() or 0) if self._file is not None else NOW

    @time.setter
    def time(self, at: float) -> None:
        """It goes by the file."""

    _file: Path | None = None

    def outlook(self, target: Target, options: Options | None = None) -> Outlook:
        if self.what == "outlook" and target.name == "identity-hub/Hub":
            return self._break(Secret(SENTINEL))
        return super().outlook(target, options)

    def open(self, plan: Plan, person: Person, *, fresh: bool = False) -> Session:
        if self.what == "open":
            self._break(Secret(SENTINEL))
        return super().open(plan, person, fresh=fresh)

    def _break(self, secret: Secret) -> Outlook:
        in_clear = secret.reveal()
        raise RuntimeError(f"no words of an error are printed either: {in_clear}")

    def shell(self, session: Session, program: str = "", *, ending: Callable[[int], None] | None = None) -> int:
        if self.what == "shell":
            self._break(Secret(SENTINEL))
        return subprocess.call(["/bin/sh"])


if __name__ == "__main__":
    engine = Live()
    if len(sys.argv) > 2:
        engine.passed(Path(sys.argv[2]))
    sys.exit(tui.run(engine))  # type: ignore[arg-type]
