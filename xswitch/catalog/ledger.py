"""Small JSON files in the state folder that several processes change: visits and pins.

A change reads, alters and replaces the file under a lock of its own (``.<name>.lock`` beside it, by flock, which the
kernel drops when a process dies), so that parallel writers lose nothing. What can't be read as such a file is kept
aside as ``<name>.broken`` and a new one is begun: nothing here is worth stopping a switch for.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from xswitch.catalog import journal
from xswitch.files import clear_torn, make_private_folder, write_atomically

_LARGEST: Final = 4 << 20  # bytes; a file that is larger was not written by us


class NotALedger(ValueError):
    """The file does not hold what it should."""


def read(path: Path) -> object:
    """Return what the file holds, or None where there is no file.

    Raises NotALedger where it is not JSON, and OSError where it can't be read. A pipe in its place is waited for by
    nobody.
    """
    import json

    try:
        with open(path, "rb", opener=_open) as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST:
                raise NotALedger
            return json.load(file)
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError) as error:
        raise NotALedger from error


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK)


def keep_aside(path: Path) -> None:
    """Move a file that can't be read out of the way, in place of one that was moved before."""
    with contextlib.suppress(FileNotFoundError):
        path.replace(path.with_name(f"{path.name}.broken"))


def write(path: Path, content: object) -> None:
    """Replace the file, mode 0600, and clear away what killed writers left. Its lock is held. Raises OSError."""
    import json

    write_atomically(path, json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))
    clear_torn(path)


@contextlib.contextmanager
def locked(path: Path, pause: Callable[[float], None] | None = None) -> Iterator[None]:
    """Hold the lock of ``path``, whose folder is made where it is missing.

    Raises TimeoutError after two seconds, since a stopped process must not stop this one, and OSError.
    """
    make_private_folder(path.parent)
    descriptor = journal.take_lock(str(path), pause)
    try:
        yield
    finally:
        os.close(descriptor)
