"""The full-screen face of xswitch: a picker, a board of sessions, and the questions that a switch may ask.

It talks to :class:`xswitch.engine.Engine` and to nothing below it, so it holds no AWS logic. Every widget draws whole
lines itself (Textual's line API) in the inks of :mod:`xswitch.tui.themes`.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xswitch.engine import Engine
    from xswitch.tui.app import XswitchApp


def run(engine: Engine, query: str = "", *, choose: bool = False) -> int | str:
    """Run the TUI until the person leaves; return its exit status, or with ``choose`` the name of the chosen target.

    Where a target is chosen for a command, stdin, stdout and stderr are the command's: the terminal serves instead.
    """
    app_class = _load()
    from xswitch.tui.terminal import on_terminal

    with on_terminal() if choose else nullcontext():
        app = app_class.of(engine, query, choosing=choose)
        result = app.run()
    if result is None:
        return app.return_code or (130 if choose else 0)
    return result


def _load() -> type[XswitchApp]:
    """Import Textual and the app.

    Textual's logs for those who develop with it hold every key that is typed, codes and passphrases too, so what
    switches them on is taken out of the environment.

    Textual paints at most TEXTUAL_FPS times a second, so a key shows up to a frame late; it reads that when imported.
    Nothing here is animated: a higher figure costs nothing. That variable is left as it was.
    """
    import gc
    import os

    for name in ("TEXTUAL", "TEXTUAL_DEBUG", "TEXTUAL_LOG"):
        os.environ.pop(name, None)
    collecting, named = gc.isenabled(), "TEXTUAL_FPS" in os.environ
    gc.disable()  # the imports make a great many objects and no garbage
    if not named:
        os.environ["TEXTUAL_FPS"] = "1000"
    try:
        from xswitch.tui.app import XswitchApp
    finally:
        if not named:
            del os.environ["TEXTUAL_FPS"]
        if collecting:
            gc.enable()
    return XswitchApp
