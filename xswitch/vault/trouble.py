"""What goes wrong with a folder or a file, put into words: what happened, and what to do."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from xswitch.errors import VaultUnavailable

_WORDS: Final = {
    errno.ENOSPC: ("the disk is full", "free some space on it; what was in the vault is still there"),
    errno.EDQUOT: ("your disk quota is used up", "free some space; what was in the vault is still there"),
    errno.EFBIG: ("a limit on the size of files is in force", "raise it with `ulimit -f`, or where your shell sets it"),
    errno.EROFS: (
        "the disk is read-only",
        "remount it for writing, or set XSWITCH_HOME to a folder that can be written",
    ),
    errno.EACCES: ("permission denied", "make the folder yours again: chown it, then chmod -R u+rwX"),
    errno.EPERM: ("not permitted", "make the folder yours again: chown it, then chmod -R u+rwX"),
    errno.ELOOP: ("it is a symbolic link", "replace the link by what it points to; the vault follows no links"),
    errno.ENOENT: ("it was removed meanwhile", "try again; see who removes what is in the folder"),
    errno.ENOTDIR: ("something on the way is not a folder", "move that file away, or set XSWITCH_HOME"),
    errno.EISDIR: ("it is a folder, not a file", "move that folder away"),
    errno.EIO: ("the disk failed", "check the disk before anything else"),
    errno.ESTALE: ("the network drive lost it", "try again; if it stays, mount the drive anew"),
    errno.EMFILE: ("too many open files", "end some programs, or raise `ulimit -n`"),
    errno.ENFILE: ("too many open files", "end some programs"),
}


def unavailable(doing: str, path: str, error: OSError) -> VaultUnavailable:
    """Return the error that puts ``error`` into words. ``doing`` completes ``can't …``."""
    from xswitch.errors import VaultUnavailable
    from xswitch.text import clean

    code = error.errno or 0
    unknown = (os.strerror(code) if code else type(error).__name__, "look at the folder and the disk it is on")
    words, hint = _WORDS.get(code, unknown)
    return VaultUnavailable(f"the vault can't {doing} {clean(path)}: {words}", hint)


def refused(path: str, why: str, hint: str) -> VaultUnavailable:
    """Return the error for a folder or file that is there and not to be trusted."""
    from xswitch.errors import VaultUnavailable
    from xswitch.text import clean

    return VaultUnavailable(f"the vault does not trust {clean(path)}: {why}", hint)
