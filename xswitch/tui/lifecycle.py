"""How the app lives and ends: one clock, signals, and a way out that never shows what a program knows."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, ClassVar

from textual.app import App
from textual.binding import BindingType
from textual.screen import ModalScreen

from xswitch.secret import Secret
from xswitch.tui import leaving

_ENDING = (signal.SIGTERM, signal.SIGHUP)


class Lifecycle(App[int | str], inherit_bindings=False):
    """An app that ends with an exit status, or with a name that was chosen."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self) -> None:
        super().__init__(ansi_color=True)  # the inks choose their own indexes; nothing may turn them into hexes
        self._crash = ""
        self._handlers: dict[signal.Signals, Callable[[int, FrameType | None], Any] | int | None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._on_terminal = False

    def on_mount(self) -> None:
        """Start the one clock, and listen for signals that ask to end."""
        self.set_interval(1, self.second)
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._stray)
        self._on_terminal = leaving.on_terminal()
        for number in _ENDING:
            before = signal.getsignal(number)
            if before is not signal.SIG_IGN:
                self._handlers[number] = before
                signal.signal(number, self._asked_to_end)

    def on_unmount(self) -> None:
        """Hand the signals back as they were."""
        for number, before in self._handlers.items():
            signal.signal(number, before if before is not None else signal.SIG_DFL)
        self._handlers.clear()

    def _asked_to_end(self, number: int, _frame: FrameType | None) -> None:
        """End by a signal. It is heard even while the loop waits for a terminal that takes nothing any more."""
        self.leave(number)

    def leave(self, number: int) -> None:
        """End by signal ``number``, in bounded time, on a terminal or on one that was closed."""
        if self._on_terminal and not leaving.on_terminal():
            leaving.let_go()
        leaving.cut_short(128 + number)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.exit, 128 + number)

    def leave_if_gone(self) -> None:
        """End where the terminal was closed, as by the signal that says so: it does not reach every process."""
        if self._on_terminal and not leaving.on_terminal():
            self.leave(signal.SIGHUP)
            self._on_terminal = False

    def second(self) -> None:
        """Tell every screen in sight that a second has passed, and end where there is no terminal any more.

        One under a screen that fills the terminal looks at the time when it is shown again: what it repainted now,
        Textual would answer with a whole frame of the screen on top.
        """
        self.leave_if_gone()
        for screen in reversed(self.screen_stack):
            tick = getattr(screen, "tick", None)
            if tick is not None and getattr(screen, "ready", False):
                tick()
            if not isinstance(screen, ModalScreen):
                break

    def write_to_terminal(self, text: Secret) -> None:
        """Write control characters to the terminal, past the screen."""
        if self._driver is not None:
            self._driver.write(text.reveal())
            self._driver.flush()

    def _stray(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """End the app by an exception that nobody awaited, instead of printing it."""
        error = context.get("exception")
        if isinstance(error, Exception):
            self._handle_exception(error)

    def _handle_exception(self, error: Exception) -> None:
        """End with one line. Textual's own report shows local variables, and one of them could be a secret."""
        self._return_code = 1
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._crash = self._crash or crash_line(error)
        self._close_messages_no_wait()

    def _print_error_renderables(self) -> None:
        """Print the line of a crash, once the terminal is as it was; nothing else is ever printed."""
        self._exit_renderables.clear()
        if self._crash and sys.__stderr__ is not None:
            sys.__stderr__.write(f"{self._crash}\n")
        self._crash = ""


def crash_line(error: Exception) -> str:
    """Say that the screens failed: the kind of error and the line, not what it said."""
    place, where = error.__traceback__, "?"
    while place is not None:
        where = f"{place.tb_frame.f_globals.get('__name__', '?')}:{place.tb_lineno}"
        place = place.tb_next
    hint = "this is a fault of xswitch; its commands still work, and no session was lost"
    return f"xswitch: the screens failed: {type(error).__name__} at {where}\n  hint: {hint}"
