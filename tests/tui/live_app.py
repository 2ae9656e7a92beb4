"""The app on the stand-in, on a real terminal: a program that tests start. ``argv[1]`` says what breaks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from stand_in import SENTINEL, StandIn

from xswitch import tui
from xswitch.catalog.model import Target
from xswitch.engine import Outlook
from xswitch.preferences import Preferences
from xswitch.secret import Secret
from xswitch.session.model import Options, Person, Plan, Session


class Live(StandIn):
    preferences = Preferences(organization="acme")
    what = sys.argv[1] if len(sys.argv) > 1 else ""

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

    def shell(self, session: Session, program: str = "") -> int:
        if self.what == "shell":
            self._break(Secret(SENTINEL))
        return subprocess.call(["/bin/sh"])


if __name__ == "__main__":
    sys.exit(tui.run(Live()))  # type: ignore[arg-type]
