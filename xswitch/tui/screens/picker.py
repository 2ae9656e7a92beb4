"""The picker: what there is to switch to, and what Enter will do with it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from xswitch.text import clean
from xswitch.tui.grid import Grid
from xswitch.tui.keys import LATER, Hint, bindings
from xswitch.tui.screens.base import Board
from xswitch.tui.widgets.brief import Brief
from xswitch.tui.widgets.detail import Detail
from xswitch.tui.widgets.footer import Footer
from xswitch.tui.widgets.header import Header
from xswitch.tui.widgets.listing import Listing
from xswitch.tui.widgets.status import Status
from xswitch.tui.widgets.targets import TargetList
from xswitch.tui.words import plural

if TYPE_CHECKING:
    from xswitch.catalog.model import Target
    from xswitch.tui.desk import Desk


class Picker(Board):
    """Search, list and detail."""

    BINDINGS = bindings(
        "shell", "console", "copy", "explain", "sessions", "pin", "take", "up", "down", "page_up", "page_down",
        "fold", "unfold", "commands", "help", "back", "quit",
    )  # fmt: skip

    def __init__(self, desk: Desk, query: str = "", *, choosing: bool = False) -> None:
        super().__init__(desk)
        self.choosing = choosing
        self.list = TargetList(desk, self.moved, query)
        self.detail = Detail(desk)
        self.brief = Brief(desk)

    def compose(self) -> ComposeResult:
        """Header, list and pane, remark, footer."""
        accounts = plural(len(self.desk.engine.catalog.accounts), "account")
        yield Header(self.desk, [fact for fact in (self.desk.name, accounts) if fact])
        with Horizontal():
            with Vertical():
                yield self.list
                yield self.brief
                yield Status(self.desk)
            yield self.detail
        yield Footer(self.desk, self.host.keys)

    def on_mount(self) -> None:
        """Find what there is."""
        self._lay_out(*self.app.size)
        super().on_mount()
        self.list.search()
        self.set_timer(0.05, self._warm)

    def _warm(self) -> None:
        """Build the search in a thread, once the first frame is out."""
        threading.Thread(target=self.desk.index.warm, name="search", daemon=True).start()

    def on_resize(self, event: events.Resize) -> None:
        """Divide the screen anew."""
        self._lay_out(event.size.width, event.size.height)

    def _lay_out(self, width: int, height: int) -> None:
        grid = Grid.of(width, height)
        self.detail.display = bool(grid.side)
        self.detail.styles.width = grid.side
        self.brief.display = bool(grid.strip)
        self.brief.styles.height = 1 if grid.strip == 1 else grid.strip + 1
        self.status.display = grid.status
        self.list.lay_out(grid, width - grid.side)

    @property
    def target(self) -> Target | None:
        """The target under the cursor."""
        return self.list.target

    def hints(self) -> Sequence[Hint]:
        """Return the keys, as far as they can work on what is under the cursor."""
        target = self.target
        none = "" if target is not None else "no target is under the cursor"
        denied = target is not None and target.name in self.desk.denials
        later = none or ("" if denied else "nothing was denied here yet")
        label = "open" if target is None and self.list.current is not None else "choose" if self.choosing else ""
        empty = not self.list.field.text
        hints = [Hint("shell", label, none if self.list.current is None else "")]
        if not self.choosing:
            hints += [Hint("console", refused=LATER["console"]), Hint("copy", refused=none)]
            hints += [Hint("explain", refused=later), Hint("sessions")]
        if self.app.size.width >= 160 and not self.choosing:
            hints += [
                Hint("pin", refused=none),
                Hint("unfold", "fold or open", key="left/right", refused="" if empty else "the search is not empty"),
            ]
        hints += [Hint("commands"), Hint("help", key="?" if empty else ""), Hint("back", "leave" if empty else "clear")]
        return hints

    def commands(self) -> Sequence[Hint]:
        """Return the keys of the footer, and those that have no room there."""
        none = "" if self.target is not None else "no target is under the cursor"
        pinned = self.target is not None and self.target.name in self.desk.pins
        others = [hint for hint in super().commands()[:-1] if hint.action != "pin"]
        return [*others, Hint("pin", "unpin" if pinned else "pin", none), Hint("quit")]

    def moved(self) -> None:
        """Say, after the cursor moved, what Enter will do now."""
        if not self.ready:
            return
        self.forget_refusal()
        pane = self.detail if self.detail.display else self.brief
        pane.set(self.target)
        self.tell_keys()

    async def on_listing_opened(self, event: Listing.Opened) -> None:
        """Open the target that was double-clicked."""
        event.stop()
        await self.run_action("shell")

    def tick(self) -> None:
        """Show what has changed in a second."""
        super().tick()
        self.list.tick()
        if self.desk.live_by:
            (self.detail if self.detail.display else self.brief).show()

    def changed(self) -> None:
        """Sessions, pins or visits changed."""
        super().changed()
        self.list.search(keep=True)

    def after_shell(self, name: str) -> None:
        """Come back to the whole list, the cursor on the target that was left."""
        self.list.type("")
        self.list.go_to(name)

    # What the keys do.

    def action_shell(self) -> None:
        """Open a shell in the target, or the folded group under the cursor."""
        if self.target is None:
            if not self.list.unfold():
                self.refused("shell")
        elif self.choosing:
            self.host.exit(self.target.name)
        else:
            self.host.switch(self.target)

    def action_copy(self) -> None:
        """Copy the variables of a session."""
        if not self.refused("copy") and self.target is not None:
            self.host.switch(self.target, use="copy")

    def action_console(self) -> None:
        """Say why there is no console yet."""
        self.refused("console")

    def action_explain(self) -> None:
        """Show the last denial of this target again."""
        if not self.refused("explain") and self.target is not None:
            self.host.show_denial(self.target)

    def action_sessions(self) -> None:
        """Show what is live."""
        self.host.show_sessions()

    def action_pin(self) -> None:
        """Pin the target, or unpin it."""
        target = self.target
        if target is None:
            self.say(f"{self.host.keys.of('pin')}: no target is under the cursor")
            return
        pinned = self.attempt(lambda: self.desk.engine.toggle_pin(target.name))
        if pinned is None:
            return
        self.desk.refresh()
        self.changed()
        self.list.go_to(target.name)
        self.say(f"{clean(target.name)} is {'pinned to the top' if pinned else 'no longer pinned'}")

    def action_take(self) -> None:
        """Search the nearest name instead."""
        if self.list.offered:
            self.list.type(self.list.offered)

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

    def action_fold(self) -> None:
        """Fold the group under the cursor."""
        self.list.fold()

    def action_unfold(self) -> None:
        """Open the folded group under the cursor."""
        self.list.unfold()

    def action_back(self) -> None:
        """Stop waiting, else clear the search, else leave."""
        if self.host.stop_waiting():
            return
        if self.list.field.text:
            self.list.type("")
        else:
            self.host.exit(130 if self.choosing else 0)
