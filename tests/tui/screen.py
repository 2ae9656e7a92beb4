"""Reading what a headless app shows, as text and as strips."""

from __future__ import annotations

from textual.strip import Strip

from xswitch.tui.app import XswitchApp


def strips(app: XswitchApp) -> list[Strip]:
    """Return the lines of the screen on top, as they would be sent."""
    return app.screen._compositor.render_strips(app.size)


def text(app: XswitchApp) -> str:
    """Return the screen as text."""
    return "\n".join(strip.text.rstrip() for strip in strips(app))


def line(app: XswitchApp, word: str) -> str:
    """Return the first line that holds a word."""
    found = next((row for row in text(app).splitlines() if word in row), None)
    assert found is not None, f"{word!r} is not on the screen:\n{text(app)}"
    return found
