"""What every full screen has: a header, a line for remarks, a footer, and a second that passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar, cast

from textual import events
from textual.screen import Screen

from xswitch.errors import XswitchError
from xswitch.tui.draw import Line, Span
from xswitch.tui.keys import Hint, refusals
from xswitch.tui.widgets.footer import Footer
from xswitch.tui.widgets.header import Header
from xswitch.tui.widgets.status import Status

if TYPE_CHECKING:
    from xswitch.tui.app import XswitchApp
    from xswitch.tui.desk import Desk

T = TypeVar("T")


class Board(Screen[None], inherit_bindings=False):
    """A full screen. A child composes its widgets, and says its keys in :meth:`hints`."""

    AUTO_FOCUS = "#list"

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.ready = False
        self._refusal = False
        """The remark that stands is why a key can't work: true until something else is under the cursor."""

    @property
    def host(self) -> XswitchApp:
        """The app, as what it is."""
        return cast("XswitchApp", self.app)

    @property
    def status(self) -> Status:
        """The line for remarks."""
        return self.query_one(Status)

    def hints(self) -> Sequence[Hint]:
        """Return the keys of the footer, as they stand now."""
        return ()

    def on_mount(self) -> None:
        """Show the keys."""
        self.ready = True
        self.query_one(Footer).instead = self._remark
        self.tell_keys()

    def on_unmount(self) -> None:
        """Take no more news."""
        self.ready = False

    def on_screen_resume(self) -> None:
        """Look at the time: under another screen it stood still."""
        if self.ready:
            self.tick()

    def _remark(self, width: int) -> Line:
        return () if self.status.display else self.status.line(width)

    def tell_keys(self) -> None:
        """Show the keys as they stand now."""
        self.query_one(Footer).set(self.hints())

    def commands(self) -> Sequence[Hint]:
        """Return what the list of commands offers."""
        return [hint for hint in self.hints() if hint.action not in ("commands", "back")] + [Hint("quit")]

    def on_key(self, event: events.Key) -> None:
        """Take ``?`` and ``:``, which are letters wherever there is something to type into."""
        if event.key in ("question_mark", "colon"):
            event.stop()
            if event.key == "colon" and self.focused is None:
                return
            self.call_later(self.run_action, "help" if event.key == "question_mark" else "commands")

    def say(self, words: str, hue: str = "muted", *spans: Span) -> None:
        """Make a remark."""
        self._refusal = False
        self.status.say(words, hue, *spans)
        self._show_in_footer()

    def tell_waiting(self) -> None:
        """Show what is waited for, or that nothing is any more."""
        self.status.show()
        self._show_in_footer()

    def _show_in_footer(self) -> None:
        if not self.status.display:
            self.query_one(Footer).show()

    def refused(self, action: str) -> bool:
        """Tell whether a key can't work now; if so, say why."""
        reason = refusals(self.hints()).get(action)
        if reason:
            self.say(f"{self.host.keys.of(action)}: {reason}")
            self._refusal = True
        return bool(reason)

    def forget_refusal(self) -> None:
        """Take back why a key could not work: another is pressed, and it may not be so any more."""
        if self._refusal:
            self._refusal = False
            self.status.forget()
            self._show_in_footer()

    def attempt(self, what: Callable[[], T]) -> T | None:
        """Do something with the engine that writes; a failure is shown, and None returned."""
        try:
            return what()
        except XswitchError as error:
            self.host.show_problem(error)
            return None

    def tick(self) -> None:
        """Show what has changed in a second."""
        self.query_one(Header).show()
        self.status.tick()
        self._show_in_footer()

    def changed(self) -> None:
        """Show that what the engine says has changed."""
        self.query_one(Header).show()
        self.tell_keys()

    def after_shell(self, name: str) -> None:
        """Take note that a shell in the target of that name has ended."""

    async def on_footer_pressed(self, event: Footer.Pressed) -> None:
        """Press the key of the footer that was clicked."""
        event.stop()
        await self.run_action(event.action)

    def action_help(self) -> None:
        """Show every key."""
        self.host.show_help()

    def action_commands(self) -> None:
        """List every command."""
        from xswitch.tui.modals.commands import Commands

        def run(action: str | None) -> None:
            if action is not None:
                self.call_later(self.run_action, action)

        self.app.push_screen(Commands(self.desk, self.host.keys, self.commands()), run)

    def action_quit(self) -> None:
        """Leave."""
        self.host.exit(130)
