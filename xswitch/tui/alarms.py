"""By choice, a bell or a desktop notification at the moment when a session is soon over, and when it is ending.

Each is told once, by one of the screens that are open: whoever first makes a file for that session and step. What was
so before this program looked is not told. While a shell has the terminal, a thread goes on looking and may notify by
the desktop; it writes nothing to the terminal, which is not ours then.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xswitch.countdown import step
from xswitch.errors import XswitchError
from xswitch.files import make_private_folder
from xswitch.secret import Secret
from xswitch.text import clean, say_duration

if TYPE_CHECKING:
    from xswitch.countdown import Step
    from xswitch.engine import Live, Renewal
    from xswitch.tui.app import XswitchApp

EVERY: Final = 5.0
"""Seconds between two looks while a shell has the terminal."""
_KEPT: Final = 86400.0
_LOUD: Final[tuple[Step, ...]] = ("calm", "soon", "ending", "ended")
_NEEDS: Final[dict[Renewal, str]] = {
    "by itself": "It renews by itself.", "no code": "Renewing needs no code.", "a code": "Renewing needs a code.",
    "a login": "Renewing needs a login.", "confirmation": "Renewing needs you to confirm again.",
    "can't": "It can't be renewed.",
}  # fmt: skip


class Told:
    """What was told, among all screens that are open: a file for each session and step, in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def claim(self, live: Live, now: Step, here: float) -> bool:
        """Return whether this is ours to tell; ``here`` is this machine's time. A folder that fails stops nobody."""
        digest = hashlib.sha256(f"{live.target}\0{int(live.expires)}\0{now}".encode()).hexdigest()[:32]
        try:
            make_private_folder(self._folder)
            self._sweep(here)
            descriptor = os.open(self._folder / digest, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            os.close(descriptor)
            os.utime(self._folder / digest, (here, here))
        except FileExistsError:
            return False
        except OSError:
            return True
        return True

    def _sweep(self, here: float) -> None:
        for file in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):  # another screen sweeps too
                if abs(here - file.stat().st_mtime) > _KEPT:
                    file.unlink()


class Alarms:
    """What is told of sessions, and how, of an app and its desk."""

    def __init__(self, app: XswitchApp, *, bell: bool, notify: bool) -> None:
        self._app = app
        self._bell = bell
        self._notify = notify
        self._told = Told(app.engine.paths.state / "told")
        self._steps: dict[tuple[str, int], Step] = {}

    def look(self) -> None:
        """Tell of the sessions that have come to a step since the last look."""
        if not (self._bell or self._notify):
            return
        desk = self._app.desk
        found = self._claimed(self._passed(desk.live, desk.now))
        if not found:
            return
        if self._bell:
            self._app.write_to_terminal(Secret("\a"))
        if self._notify:
            self._show(found, terminal=True)

    @contextlib.contextmanager
    def meanwhile(self) -> Iterator[None]:
        """Go on looking in a thread while a shell has the terminal; what is seen then is not told once more."""
        if not (self._bell or self._notify):
            yield
            return
        over = threading.Event()
        watch = threading.Thread(target=self._watch, args=(over,), name="alarms", daemon=True)
        watch.start()
        try:
            yield
        finally:
            over.set()
            watch.join()

    def _watch(self, over: threading.Event) -> None:
        engine = self._app.engine
        while True:
            ended = over.wait(EVERY)
            try:
                passed = self._passed(engine.live(), engine.now())
            except XswitchError:
                passed = []
            if ended:
                return
            found = self._claimed(passed) if self._notify else []
            if found:
                self._show(found, terminal=False)

    def _passed(self, live: Iterable[Live], now: float) -> list[tuple[Live, Step]]:
        """Return the sessions that have come to a step, and to which, and remember where all stand."""
        before, self._steps = self._steps, {}
        found: list[tuple[Live, Step]] = []
        for one in live:
            key, its = (one.target, int(one.expires)), step(one.expires - now, one.duration)
            self._steps[key] = its
            known = before.get(key)
            if known is None or its == "ended" or _LOUD.index(its) <= _LOUD.index(known):
                continue
            if its == "soon" and one.renewal == "by itself":
                continue
            found.append((one, its))
        return found

    def _claimed(self, passed: Iterable[tuple[Live, Step]]) -> list[Live]:
        """Return those that no other screen tells of, soonest to end first."""
        here = self._app.engine.clock()
        return sorted((one for one, its in passed if self._told.claim(one, its, here)), key=lambda one: one.expires)

    def _show(self, found: list[Live], *, terminal: bool) -> None:
        from xswitch.engine import notices

        desk, environ = self._app.desk, self._app.engine.environ
        first, more = found[0], len(found) - 1
        does = "loses AWS" if first.in_use_by else "ends"
        summary = f"{clean(first.target)} {does} at {desk.time_of(first.expires)}"
        left = say_duration(first.expires - desk.now)
        notice = notices.Notice(
            f"{summary}, {more} more soon" if more else summary, f"{left} left. {_NEEDS[first.renewal]}"
        )
        command, written = notices.ways(environ, notice)
        if command is not None:
            threading.Thread(target=notices.run, args=(command, environ), name="notice", daemon=True).start()
        elif written and terminal:
            self._app.write_to_terminal(Secret(written))
