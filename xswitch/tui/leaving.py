"""Ending by a signal, whatever has become of the terminal."""

from __future__ import annotations

import os
import threading
from typing import Final

PATIENCE: Final = 5.0
"""Seconds that the way out may take once a signal asked for it."""


def on_terminal() -> bool:
    """Tell whether what is read is a terminal; one that was closed is none any more."""
    return os.isatty(0)


def let_go() -> None:
    """Put /dev/null in the place of a terminal that was closed.

    What is still written there on the way out neither fails nor waits, and nothing spins on reading its end.
    """
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)


def cut_short(status: int) -> None:
    """End the process with ``status`` in some seconds, where it has not come to its end by itself."""
    cut = threading.Timer(PATIENCE, os._exit, (status,))
    cut.daemon = True
    cut.start()
