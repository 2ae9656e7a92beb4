"""Desktop notifications: by a helper program of this machine, else by the terminal that a person sits at.

At the machine itself a helper is what the desktop knows; over SSH it would speak to nobody, and a terminal that can
shows the notice where the person is. Names of accounts and roles can hold anything, and a helper may read its
arguments as options, markup or escapes: names stand in the summary alone, cleaned, and the body is words of ours.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from xswitch.text import clean

SECONDS: Final = 5.0
"""How long a helper may take."""

_KEPT: Final = frozenset((
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "TMPDIR", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY",
    "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "XDG_CURRENT_DESKTOP", "XDG_SESSION_ID", "XDG_SESSION_TYPE",
))  # fmt: skip
"""The variables that a helper gets: none of AWS's, none of ours."""
_DESKTOP: Final = ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS")
_SCRIPT: Final = ("on run argv", "display notification (item 2 of argv) with title (item 1 of argv)", "end run")
_MARKUP: Final = str.maketrans("<>&\\", "____")


@dataclass(frozen=True, slots=True)
class Notice:
    """``summary`` may hold names, whatever is in them; ``body`` is plain words."""

    summary: str
    body: str

    @property
    def safe_summary(self) -> str:
        """The summary as a helper or a terminal may have it: no markup, no escape, no option."""
        words = clean(self.summary).translate(_MARKUP).strip()
        return f"_{words[1:]}" if words.startswith("-") else words


def helper(environ: Mapping[str, str], notice: Notice) -> list[str] | None:
    """Return the command that shows a notice on this machine's desktop, its program's file first, or None."""
    if sys.platform == "darwin":
        found = shutil.which("osascript", path=environ.get("PATH"))
        lines = [part for line in _SCRIPT for part in ("-e", line)]
        return [found, *lines, notice.safe_summary, notice.body] if found else None
    if not any(environ.get(name) for name in _DESKTOP):
        return None
    found = shutil.which("notify-send", path=environ.get("PATH"))
    return [found, "--app-name=xswitch", "--", notice.safe_summary, notice.body] if found else None


def sequence(environ: Mapping[str, str], notice: Notice) -> str:
    """Return what makes the terminal show a notice (OSC 9 of iTerm2, OSC 777 of urxvt), "" where it knows neither.

    A multiplexer would swallow it.
    """
    if environ.get("TMUX") or environ.get("STY"):
        return ""
    term, program = environ.get("TERM", ""), environ.get("TERM_PROGRAM", "")
    text = f"xswitch: {notice.safe_summary}"
    if term.startswith(("foot", "rxvt-unicode")):
        return f"\x1b]777;notify;{text.replace(';', ',')};{notice.body}\a"
    nine = program in ("iTerm.app", "WezTerm", "ghostty") or environ.get("LC_TERMINAL") == "iTerm2"
    if nine or term in ("xterm-kitty", "xterm-ghostty", "wezterm"):
        return f"\x1b]9;{text}. {notice.body}\a"
    return ""


def ways(environ: Mapping[str, str], notice: Notice) -> tuple[list[str] | None, str]:
    """Return the helper's command, and what to write to the terminal in its place; one of them at most is there."""
    remote = any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY"))
    written = sequence(environ, notice)
    if remote and written:
        return None, written
    command = helper(environ, notice)
    return (command, "") if command is not None else (None, written)


def run(command: list[str], environ: Mapping[str, str]) -> bool:
    """Run a helper, apart from any terminal; return whether it went well. Blocks for :data:`SECONDS` at most."""
    kept = {name: value for name, value in environ.items() if name in _KEPT or name.startswith("LC_")}
    nothing = subprocess.DEVNULL
    try:
        done = subprocess.run(
            command, env=kept, stdin=nothing, stdout=nothing, stderr=nothing, timeout=SECONDS, check=False,
            start_new_session=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
