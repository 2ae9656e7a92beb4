"""The screen that explains a denial."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult

from xswitch.catalog.model import Target
from xswitch.secret import Secret
from xswitch.tui.desk import Desk
from xswitch.tui.keys import Hint, bindings
from xswitch.tui.screens.base import Board
from xswitch.tui.widgets.explained import Explained, message_for_owner
from xswitch.tui.widgets.footer import Footer
from xswitch.tui.widgets.header import Header
from xswitch.tui.widgets.status import Status


class DeniedScreen(Board):
    """Both sides of the handshake, and what would mend it."""

    BINDINGS = bindings("shell", "copy", "up", "down", "page_up", "page_down", "commands", "help", "back", "quit")
    AUTO_FOCUS = ""

    def __init__(self, desk: Desk, target: Target) -> None:
        super().__init__(desk)
        self.target = target
        self.told = desk.denials[target.name]
        self.page = Explained(desk, self.told)

    def compose(self) -> ComposeResult:
        """Header, page, remark, footer."""
        yield Header(self.desk, ["explain"])
        yield self.page
        yield Status(self.desk)
        yield Footer(self.desk, self.host.keys)

    def hints(self) -> Sequence[Hint]:
        """Return the keys."""
        more = [Hint("page_down", "further")] if self.page.more else []
        return [
            Hint("shell", "try again"), *more, Hint("copy", "copy for the owner"), Hint("commands"),
            Hint("help", key="?"), Hint("back", "back"),
        ]  # fmt: skip

    def on_resize(self) -> None:
        """Say anew whether there is more than is in sight."""
        self.call_after_refresh(self.tell_keys)

    def action_shell(self) -> None:
        """Try once more."""
        self.dismiss()
        self.host.call_later(self.host.switch, self.target)

    def action_copy(self) -> None:
        """Copy a message for whoever owns the role."""
        from xswitch.tui.clipboard import copy

        way = copy(self.host, Secret(message_for_owner(self.told)))
        self.say(f"copied: a message for the owner of the role (by {way})")

    def action_up(self) -> None:
        """Scroll up."""
        self.page.scroll_by(-1)

    def action_down(self) -> None:
        """Scroll down."""
        self.page.scroll_by(1)

    def action_page_up(self) -> None:
        """Scroll up by a page."""
        self.page.scroll_by(1 - self.page.size.height)

    def action_page_down(self) -> None:
        """Scroll down by a page."""
        self.page.scroll_by(self.page.size.height - 1)

    def action_back(self) -> None:
        """Go back."""
        self.dismiss()
