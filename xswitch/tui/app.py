"""The app: which screen is shown, and what the screens may ask of each other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import TYPE_CHECKING

from textual.screen import Screen

from xswitch.tui.alarms import Alarms
from xswitch.tui.desk import Desk, Waiting
from xswitch.tui.draw import Span
from xswitch.tui.flow import Switching, Use
from xswitch.tui.glyphs import Glyphs, choose
from xswitch.tui.keys import Keys
from xswitch.tui.lifecycle import Lifecycle
from xswitch.tui.screens.base import Board
from xswitch.tui.screens.picker import Picker
from xswitch.tui.themes import Palette, ThemeName, choose_palette

if TYPE_CHECKING:
    from xswitch.catalog.model import Target
    from xswitch.engine import Engine
    from xswitch.errors import XswitchError


class XswitchApp(Lifecycle):
    """The TUI. ``choosing`` makes Enter end it with the target's name instead of opening a shell."""

    TITLE = "xswitch"

    def __init__(
        self, engine: Engine, *, query: str = "", choosing: bool = False, theme: ThemeName = "dark",
        keys: Mapping[str, str] | None = None, palette: Palette | None = None, glyphs: Glyphs | None = None,
        zone: tzinfo | None = None, name: str = "", bell: bool = False, notify: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.engine = engine
        self.keys = Keys(keys)
        self.set_keymap(self.keys.keymap)
        palette, glyphs = (
            palette or choose_palette(self.console.color_system, theme, no_color=self.no_color),
            glyphs or choose(engine.environ),
        )
        self.desk = Desk(engine, palette, glyphs, zone=zone, name=name)
        self.switching = Switching(self)
        self.alarms = Alarms(self, bell=bell, notify=notify)
        self._begin = (query, choosing)
        self._seconds = 0

    @classmethod
    def of(cls, engine: Engine, query: str, *, choosing: bool = False) -> XswitchApp:
        """Return the app as the person's preferences want it."""
        own = engine.preferences
        glyphs = choose(engine.environ, ascii_only=own.ascii)
        return cls(
            engine, query=query, choosing=choosing, theme=own.theme, keys=own.keys, glyphs=glyphs,
            name=own.organization, bell=own.bell, notify=own.notify,
        )  # fmt: skip

    def get_default_screen(self) -> Screen[None]:
        """Return the screen to begin with."""
        if self.engine.first_run:
            from xswitch.tui.screens.first_run import FirstRun

            return FirstRun(self.desk)
        return self._picker()

    def _picker(self) -> Picker:
        self.desk.refresh()
        query, choosing = self._begin
        return Picker(self.desk, query, choosing=choosing)

    def begin(self, remark: str = "") -> None:
        """Show the picker over the first run: there is a catalog now."""
        picker = self._picker()
        self.push_screen(picker)
        if remark:
            picker.call_after_refresh(picker.say, remark)

    def on_mount(self) -> None:
        """Say which of a person's own keys were refused."""
        super().on_mount()
        self.alarms.look()
        if self.keys.problems:
            more = f" (and {len(self.keys.problems) - 1} more)" if len(self.keys.problems) > 1 else ""
            self.call_after_refresh(self.say, self.keys.problems[0] + more, "warn")

    def on_unmount(self) -> None:
        """Let whoever is still asked for something go."""
        self.switching.cancel(quietly=True)
        super().on_unmount()

    def second(self) -> None:
        """Pass a second on; every third, ask the engine what changed by itself."""
        self._seconds += 1
        if self._seconds % 3 == 0 and not self.engine.first_run and self.desk.refresh():
            self._tell_boards()
        self.alarms.look()
        super().second()

    @property
    def board(self) -> Board | None:
        """The full screen on top, under any question."""
        return next(
            (screen for screen in reversed(self.screen_stack) if isinstance(screen, Board) and screen.ready), None
        )

    def engine_changed(self) -> None:
        """Ask the engine anew, and show what it says."""
        self.desk.refresh()
        self._tell_boards()

    def _tell_boards(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, Board) and screen.ready:
                screen.changed()

    def say(self, words: str, hue: str = "muted", *spans: Span) -> None:
        """Make a remark."""
        if self.board is not None:
            self.board.say(words, hue, *spans)

    def wait_for(self, waiting: Waiting | None) -> None:
        """Say on every screen what is waited for; None where nothing is any more."""
        self.desk.waiting = waiting
        for screen in self.screen_stack:
            if isinstance(screen, Board) and screen.ready:
                screen.tell_waiting()

    def switch(self, target: Target, use: Use = "shell", *, fresh: bool = False) -> None:
        """Open a target and use its session."""
        self.switching.start(target, use, fresh=fresh)

    def stop_waiting(self) -> bool:
        """Stop what is waited for; return whether there was anything."""
        return self.switching.cancel()

    def after_shell(self, name: str) -> None:
        """Show the list, or the board, after a shell."""
        if self.board is not None:
            self.board.after_shell(name)

    def show_sessions(self) -> None:
        """Show what is live."""
        from xswitch.tui.screens.sessions import Sessions

        self.push_screen(Sessions(self.desk))

    def show_denial(self, target: Target) -> None:
        """Show why a target was denied."""
        from xswitch.tui.screens.denied import DeniedScreen

        self.push_screen(DeniedScreen(self.desk, target))

    def show_problem(self, error: XswitchError) -> None:
        """Show what went wrong."""
        from xswitch.tui.modals.problem import Problem

        self.push_screen(Problem(self.desk, error))

    def show_help(self) -> None:
        """Show every key."""
        from xswitch.tui.screens.help import Help

        self.push_screen(Help(self.desk))
