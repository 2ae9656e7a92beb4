"""The board of sessions: the time burning down, renewing, ending."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult

from xswitch.catalog.model import Target
from xswitch.text import clean
from xswitch.tui.desk import Desk
from xswitch.tui.grid import Grid
from xswitch.tui.keys import LATER, Hint, bindings
from xswitch.tui.screens.base import Board
from xswitch.tui.widgets.footer import Footer
from xswitch.tui.widgets.header import Header
from xswitch.tui.widgets.listing import Listing
from xswitch.tui.widgets.outcome import Outcome
from xswitch.tui.widgets.sessions import SessionList
from xswitch.tui.widgets.status import Status


class Sessions(Board):
    """What is live, soonest to end first."""

    BINDINGS = bindings(
        "shell", "console", "copy", "renew", "end", "up", "down", "page_up", "page_down", "commands",
        "help", "back", "quit",
    )  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.list = SessionList(desk, self.moved)
        self.outcome = Outcome(desk)

    def compose(self) -> ComposeResult:
        """Header, list, what becomes of it, remark, footer."""
        yield Header(self.desk, ["sessions"])
        yield self.list
        yield self.outcome
        yield Status(self.desk)
        yield Footer(self.desk, self.host.keys)

    def on_mount(self) -> None:
        """Find what is live."""
        self._lay_out(*self.app.size)
        super().on_mount()
        self.list.search()

    def on_resize(self, event: events.Resize) -> None:
        """Divide the screen anew."""
        self._lay_out(event.size.width, event.size.height)

    def _lay_out(self, width: int, height: int) -> None:
        wide = Grid.of(width, height)
        airy = wide.airy
        self.outcome.display = height >= 16 and width >= 60
        self.status.display = wide.status
        body = wide.body if not airy else 4
        grid = Grid(width, height, 0, 0, wide.query, body, False, airy, wide.status)
        self.list.lay_out(grid, width)

    @property
    def target(self) -> Target | None:
        """The target of the session under the cursor, if the catalog still holds it."""
        item = self.list.current
        number = self.desk.number_of.get(item.name) if item is not None else None
        return self.desk.targets[number] if number is not None else None

    def hints(self) -> Sequence[Hint]:
        """Return the keys, as far as they can work on what is under the cursor."""
        live, ended = self.list.live, self.list.ended
        none = "" if live is not None or ended is not None else "no session is under the cursor"
        typed = bool(self.list.field.text)
        unknown = none or ("" if self.target is not None else "the catalog no longer holds this target")
        gone = none or ("" if live is not None else "this session is over")
        renew = Hint("renew", refused=unknown)
        if ended is not None:
            over = "" if ended.restorable else "only one that you ended comes back, for half a minute"
            renew = Hint("renew", "bring back", over)
        return [
            Hint("shell", refused=unknown), renew, Hint("end", refused=gone),
            Hint("console", refused=LATER["console"]), Hint("copy", refused=gone or unknown), Hint("commands"),
            Hint("help", key="" if typed else "?"), Hint("back", "clear" if typed else "back"),
        ]  # fmt: skip

    def moved(self) -> None:
        """Say what becomes of the session that the cursor moved to."""
        if not self.ready:
            return
        self.outcome.set(self.list.live, self.list.ended)
        self.tell_keys()

    async def on_listing_opened(self, event: Listing.Opened) -> None:
        """Open the session that was double-clicked."""
        event.stop()
        await self.run_action("shell")

    def tick(self) -> None:
        """Show what has changed in a second."""
        super().tick()
        self.list.tick()
        self.outcome.set(self.list.live, self.list.ended)

    def changed(self) -> None:
        """Sessions changed."""
        super().changed()
        self.list.search(keep=True)

    # What the keys do.

    def action_shell(self) -> None:
        """Open a shell in the target of the session."""
        if not self.refused("shell") and self.target is not None:
            self.host.switch(self.target)

    def action_copy(self) -> None:
        """Copy the variables of the session."""
        if not self.refused("copy") and self.target is not None:
            self.host.switch(self.target, use="copy")

    def action_console(self) -> None:
        """Say why there is no console yet."""
        self.refused("console")

    def action_renew(self) -> None:
        """Renew the session, or bring back one that was ended."""
        if self.refused("renew"):
            return
        ended = self.list.ended
        if ended is not None:
            back = self.attempt(lambda: self.desk.engine.restore(ended.target))
            if back is None:
                return
            self.host.engine_changed()
            words = "is back" if back else "could not be brought back: half a minute has passed"
            self.say(f"{clean(ended.target)} {words}", "live" if back else "warn")
        elif self.target is not None:
            self.host.switch(self.target, use="renew", fresh=True)

    def action_end(self) -> None:
        """Forget the session here."""
        live = self.list.live
        if self.refused("end") or live is None:
            return
        if self.attempt(lambda: self.desk.engine.end(live.target)) is None:
            return
        self.host.engine_changed()
        until = self.desk.time_of(live.expires)
        self.list.go_to_ended(live.target)
        self.say(f"{clean(live.target)} is forgotten here; AWS honours its keys until {until}", "warn")

    def action_up(self) -> None:
        """Move up."""
        self.list.move_to(self.list.cursor - 1, -1)

    def action_down(self) -> None:
        """Move down."""
        self.list.move_to(self.list.cursor + 1)

    def action_page_up(self) -> None:
        """Move up by a page."""
        self.list.move_to(self.list.cursor - self.list.room + 1, -1)

    def action_page_down(self) -> None:
        """Move down by a page."""
        self.list.move_to(self.list.cursor + self.list.room - 1)

    def action_back(self) -> None:
        """Stop waiting, else clear the search, else go back to the list."""
        if self.host.stop_waiting():
            return
        if self.list.field.text:
            self.list.type("")
        else:
            self.dismiss()
