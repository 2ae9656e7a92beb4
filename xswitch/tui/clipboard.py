"""Copying to the clipboard: a helper program where there is one, else the terminal itself (OSC 52).

What is copied may hold secrets, so it goes through a pipe, never through an argument, and no copy is kept.
"""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING

from xswitch.secret import Secret, scrubbed
from xswitch.text import clean

if TYPE_CHECKING:
    from xswitch.session.model import Session
    from xswitch.tui.app import XswitchApp

_FORMS = {"bash": "bash", "zsh": "zsh", "fish": "fish", "pwsh": "powershell"}


def helper(environ: Mapping[str, str]) -> list[str] | None:
    """Return the command, its program's file first, that takes the clipboard on its standard input, or None."""
    candidates: list[list[str]] = []
    if sys.platform == "darwin":
        candidates.append(["pbcopy"])
    if environ.get("WAYLAND_DISPLAY"):
        candidates.append(["wl-copy"])
    if environ.get("DISPLAY"):
        candidates += [["xclip", "-selection", "clipboard"], ["xsel", "--clipboard", "--input"]]
    if "WSL_DISTRO_NAME" in environ:
        candidates.append(["clip.exe"])
    for name, *arguments in candidates:
        found = shutil.which(name, path=environ.get("PATH"))
        if found is not None:
            return [found, *arguments]
    return None


def copy(app: XswitchApp, text: Secret) -> str:
    """Put text on the clipboard; return the way it went: the helper's name, or ``the terminal``."""
    command = helper(app.engine.environ)
    if command is not None:
        try:
            subprocess.run(
                command, input=text.reveal().encode(), timeout=3, check=True,
                env=scrubbed(app.engine.environ), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError):
            command = None
    if command is not None:
        return PurePath(command[0]).name
    app.write_to_terminal(Secret(f"\x1b]52;c;{base64.b64encode(text.reveal().encode()).decode()}\a"))
    return "the terminal"


def copy_environment(app: XswitchApp, session: Session, until: str) -> str:
    """Copy a session's assignments for the person's shell; return what to say of it, without a word of them."""
    form = _FORMS.get(PurePath(app.engine.environ.get("SHELL", "")).name, "bash")
    way = copy(app, Secret(app.engine.environment_text(session, form)))
    return f"copied for {form}: {clean(session.target)}, until {until}, by {way}"
