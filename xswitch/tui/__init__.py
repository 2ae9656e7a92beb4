"""The full-screen face of xswitch: a picker, a board of sessions, and the questions that a switch may ask.

It talks to :class:`xswitch.engine.Engine` and to nothing below it, so it holds no AWS logic. Every widget draws whole
lines itself (Textual's line API) in the inks of :mod:`xswitch.tui.themes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xswitch.engine import Engine


def run(engine: Engine, query: str = "", *, choose: bool = False) -> int | str:
    """Run the TUI until the person leaves; return its exit status, or with ``choose`` the name of the chosen target."""
    import gc

    collecting = gc.isenabled()
    gc.disable()  # the imports make a great many objects and no garbage
    try:
        from xswitch.tui.app import XswitchApp
    finally:
        if collecting:
            gc.enable()
    app = XswitchApp.of(engine, query, choosing=choose)
    result = app.run()
    if result is None:
        return app.return_code or 0
    return result
