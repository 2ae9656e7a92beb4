"""Opening a page in the person's browser, and telling whether a browser of this machine is the one they look at.

``BROWSER`` names programs, as for Python's ``webbrowser`` and xdg-open; else the system's own opener is taken. What a
person handed to xswitch alone is not handed on, and the browser outlives this program.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Final

from xswitch.errors import XswitchError
from xswitch.secret import scrubbed
from xswitch.shell import programs

_ELSEWHERE: Final = (
    "SSH_CONNECTION",
    "SSH_CLIENT",
    "SSH_TTY",
    "CODESPACES",
    "REMOTE_CONTAINERS",
    "VSCODE_IPC_HOOK_CLI",
)
"""Variables of shells whose person sits at another machine: its browser does not reach this one's loopback."""
_CONTAINERS: Final = ("/.dockerenv", "/run/.containerenv")
_OPENERS: Final = (["xdg-open"], ["wslview"], ["gio", "open"], ["sensible-browser"], ["x-www-browser"])
_SECONDS: Final = 3.0
"""How long an opener may take to fail: one that still runs after that is taken for the browser itself."""


def is_here(
    environ: Mapping[str, str], *, platform: str = sys.platform, exists: Callable[[str], bool] = os.path.exists
) -> bool:
    """Tell whether a browser that this machine opens is in front of the person, and reaches this machine's loopback."""
    if any(environ.get(name) for name in _ELSEWHERE):
        return False
    if not commands(environ, platform):
        return False
    if environ.get("BROWSER") or platform == "darwin":
        return True
    if environ.get("container") or environ.get("KUBERNETES_SERVICE_HOST") or any(exists(path) for path in _CONTAINERS):
        return False
    return any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"))


def commands(environ: Mapping[str, str], platform: str = sys.platform) -> list[list[str]]:
    """Return the programs that can be tried here, best first; ``%s`` in one stands for the address."""
    wanted = [_split(entry) for entry in environ.get("BROWSER", "").split(os.pathsep)]
    wanted += [["open"]] if platform == "darwin" else _OPENERS
    found = []
    for name, *rest in filter(None, wanted):
        try:
            found.append([programs.resolve(name, environ.get("PATH")), *rest])
        except XswitchError:
            continue
    return found


def open_page(
    address: str, environ: Mapping[str, str], *, platform: str = sys.platform, seconds: float = _SECONDS
) -> bool:
    """Open ``address`` in a browser; tell whether one took it. Blocks for ``seconds`` at most for each that is tried.

    An address that is none of the web opens nothing.
    """
    if not address.startswith(("https://", "http://")):
        return False
    return any(_opened(argv, address, environ, seconds) for argv in commands(environ, platform))


def _opened(argv: list[str], address: str, environ: Mapping[str, str], seconds: float) -> bool:
    """Start one program, away from the terminal and its Ctrl-C."""
    given = [word.replace("%s", address) for word in argv]
    try:
        process = subprocess.Popen(
            given if given != argv else [*argv, address],
            env=scrubbed(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError):
        return False
    try:
        return process.wait(seconds) == 0
    except subprocess.TimeoutExpired:
        threading.Thread(target=process.wait, name="browser", daemon=True).start()
        return True


def _split(entry: str) -> list[str]:
    """Return the words of one entry of ``BROWSER``; a ``&`` at its end is the shell's and says nothing here."""
    try:
        words = shlex.split(entry)
    except ValueError:
        return []
    return words[:-1] if words[-1:] == ["&"] else words
