"""Writing files so that a reader sees the old content or the new one, never half of either."""

from __future__ import annotations

import contextlib
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path


def make_private_folder(folder: str | Path) -> None:
    """Create ``folder`` and its missing parents, each 0700 whatever the umask, if it is not there. Raises OSError."""
    # In pathlib's place: that costs as much as all the rest of a fast command.
    folder = os.fspath(folder)
    try:
        os.mkdir(folder, 0o700)  # noqa: PTH102
    except FileExistsError:
        if not os.path.isdir(folder):  # noqa: PTH112
            raise
    except FileNotFoundError:
        above = os.path.dirname(folder)  # noqa: PTH120
        if above in ("", folder):
            raise
        make_private_folder(above)
        make_private_folder(folder)
    else:
        os.chmod(folder, 0o700)  # noqa: PTH101


def write_atomically(path: Path, content: bytes, *, mode: int = 0o600, durable: bool = True) -> None:
    """Replace ``path`` by ``content`` in one step: a temporary neighbour, fsync, rename, fsync of the folder.

    Raises OSError; then ``path`` is as it was and no temporary file is left. A symbolic link at ``path`` is followed,
    so that a person's linked dotfile stays a link. A cache, which can be made again, needs not be ``durable``: then
    nothing is synced, and a crash of the machine may leave it empty.
    """
    path = path.resolve() if path.is_symlink() else path
    temporary = path.parent / f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
    try:
        try:
            os.fchmod(descriptor, mode)  # whatever the umask
            view = memoryview(content)
            while view:
                view = view[os.write(descriptor, view) :]
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    if not durable:
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def clear_torn(path: Path) -> None:
    """Remove the temporary neighbours that killed writers of ``path`` left; never raises.

    For whoever holds the lock of its writers: a write that goes on meanwhile fails.
    """
    path = path.resolve() if path.is_symlink() else path
    import glob

    for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        with contextlib.suppress(OSError):
            left.unlink()
