"""The memory of a process that holds the vault's key, kept from core dumps and from other processes."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_SET_DUMPABLE: Final = 4


def keep_private() -> None:
    """Let no core dump be written of this process, nor any other process of the same user look into its memory.

    Linux does so for a process that is not dumpable (prctl(2), PR_SET_DUMPABLE), until it becomes another program: what
    xswitch starts is as it would be without. Elsewhere nothing is done.
    """
    if sys.platform != "linux":
        return
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return
