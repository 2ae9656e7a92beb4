"""A switch as the TUI does it: the engine works in a thread, the person answers on the screen.

::

    start ── thread: engine.open ──┬── session ── shell (the terminal is handed over) or copy
                │                  ├── Denied ─── the explain screen
                └── asks: modals   ├── Cancelled ─ nothing, or the role that was taken instead
                                   └── other ───── a problem, with what to do

At most one switch is under way; a key that would begin another is answered with what is waited for, and since when.
Stopping to wait abandons the thread: it makes no further call and asks no further question, so that it lets go of its
locks at the next one or at AWS's answer. What AWS answers all the same is in the vault, and is said; it is not used.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeVar

from xswitch.errors import Cancelled, Denied, XswitchError
from xswitch.session.model import CodeAsk, GuardAnswer, GuardAsk
from xswitch.text import clean, say_duration
from xswitch.tui.desk import Waiting
from xswitch.tui.widgets.status import SHOWN_FOR

if TYPE_CHECKING:
    from textual.screen import Screen

    from xswitch.catalog.model import Target
    from xswitch.session.model import Plan, Session
    from xswitch.tui.app import XswitchApp

Use = Literal["shell", "copy", "renew"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Instead:
    """The answer to a guard that takes another role, one that is live, in place of the one asked for."""

    target: str


class Asker:
    """The person, asked from the engine's thread by modals on the screen."""

    def __init__(self, app: XswitchApp, plan: Plan) -> None:
        self._app = app
        self.plan = plan
        self._answers: queue.SimpleQueue[object] = queue.SimpleQueue()
        self.stopped = threading.Event()
        self.instead = ""

    def _ask(self, make: Callable[[], Screen[T]]) -> T:
        def push() -> None:
            if self.stopped.is_set():
                self._answers.put(None)
            else:
                self._app.switching.note(self, "")
                self._app.push_screen(make(), self._answers.put)

        if self.stopped.is_set():
            raise Cancelled
        self._app.call_later(push)
        answer = self._answers.get()
        if answer is None or self.stopped.is_set():
            raise Cancelled
        return answer  # type: ignore[return-value]  # the queue holds what the screen is dismissed with

    def code(self, ask: CodeAsk) -> str:
        """Ask for an MFA code."""
        from xswitch.tui.modals.mfa import MfaModal

        return self._ask(lambda: MfaModal(self._app.desk, ask))

    def guard(self, ask: GuardAsk) -> GuardAnswer:
        """Ask to confirm; another role may be taken instead."""
        from xswitch.tui.modals.guard import GuardModal

        answer = self._ask(lambda: GuardModal(self._app.desk, ask, self.plan))
        if isinstance(answer, Instead):
            self.instead = answer.target
            raise Cancelled
        return answer

    def passphrase(self, *, first: bool) -> str:
        """Ask for the vault's passphrase."""
        from xswitch.tui.modals.passphrase import PassphraseModal

        return self._ask(lambda: PassphraseModal(self._app.desk, first=first))

    def note(self, words: str) -> None:
        """Say what is waited for. Raises Cancelled where that was stopped: nothing is begun any more."""
        if self.stopped.is_set():
            raise Cancelled
        self._app.call_later(self._app.switching.note, self, words)

    def stop(self) -> None:
        """Refuse every question from now on."""
        self.stopped.set()
        self._answers.put(None)


class Switching:
    """At most one switch at a time."""

    def __init__(self, app: XswitchApp) -> None:
        self._app = app
        self._asker: Asker | None = None
        self._since = 0.0

    def start(self, target: Target, use: Use, *, fresh: bool = False) -> None:
        """Begin to open a target."""
        if self._asker is not None:
            self._say_again()
            return
        app = self._app
        try:
            plan = app.engine.outlook(target).plan
        except XswitchError as error:
            self._failed(error, None)
            return
        asker = self._asker = Asker(app, plan)
        self._since = app.desk.here
        self.note(asker, "opening")

        def work() -> None:
            try:
                result: Session | Exception = app.engine.open(plan, asker, fresh=fresh)
            except Exception as error:
                result = error
            app.call_later(self._done, asker, plan, use, result)

        threading.Thread(target=work, name="switch", daemon=True).start()

    def note(self, asker: Asker, words: str) -> None:
        """Say what is waited for ("" while the person is asked), unless that was stopped."""
        if asker is not self._asker:
            return
        before = self._app.desk.waiting
        said_until = before.said_until if before is not None else 0.0
        waiting = Waiting(words, asker.plan.target.name, self._since, said_until)
        self._app.wait_for(waiting if words else None)

    def _say_again(self) -> None:
        """Answer a key that was pressed while a switch is under way."""
        waiting, here = self._app.desk.waiting, self._app.desk.here
        if waiting is not None:
            self._app.wait_for(replace(waiting, said_until=here + SHOWN_FOR))

    def cancel(self, *, quietly: bool = False) -> bool:
        """Stop waiting; return whether anything was waited for."""
        asker, self._asker = self._asker, None
        if asker is None:
            return False
        asker.stop()
        if not quietly:
            self._app.wait_for(None)
            self._app.say("stopped; nothing was handed out")
        return True

    def _done(self, asker: Asker, plan: Plan, use: Use, result: Session | Exception) -> None:
        app = self._app
        app.desk.forget()
        if asker is not self._asker:
            app.engine_changed()
            if not isinstance(result, Exception):
                app.say(f"AWS opened {clean(result.target)} all the same: it is live")
            return
        self._asker = None
        app.wait_for(None)
        app.engine_changed()
        if not isinstance(result, Exception):
            self._use(result, use)
        elif isinstance(result, Cancelled):
            number = app.desk.number_of.get(asker.instead)
            if number is not None:
                self.start(app.desk.targets[number], use)
        elif isinstance(result, XswitchError):
            self._failed(result, plan)
        else:
            raise result

    def _failed(self, error: XswitchError, plan: Plan | None) -> None:
        app = self._app
        if isinstance(error, Denied) and plan is not None:
            app.desk.denials[plan.target.name] = app.engine.explain(error, plan)
            app.show_denial(plan.target)
        else:
            app.show_problem(error)

    def _use(self, session: Session, use: Use) -> None:
        app = self._app
        until = app.desk.time_of(session.expires)
        name = clean(session.target)
        if use == "renew":
            app.say(f"{name} is renewed until {until}; open shells follow it", "live")
        elif use == "copy":
            from xswitch.tui.clipboard import copy_environment

            app.say(copy_environment(app, session, until))
        else:
            self._shell(session)

    def _shell(self, session: Session) -> None:
        from xswitch.tui.terminal import hand_over

        app = self._app
        name = clean(session.target)
        status, problem = hand_over(app, session)
        app.desk.forget()
        app.engine_changed()
        app.after_shell(session.target)
        if problem is not None:
            app.show_problem(problem)
        elif status:
            app.say(f"the shell of {name} ended with status {status}", "warn")
        else:
            left = session.expires - app.desk.now
            rest = f"; its session has {say_duration(left)} left" if left > 0 else "; its session is over"
            app.say(f"back from {name}{rest}")
