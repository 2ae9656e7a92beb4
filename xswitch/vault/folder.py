"""A private folder: only its owner's, 0700, its files 0600, every write atomic.

A path is opened once and everything in it by the open descriptor, so that nobody can put another folder in its place
between a check and its use. Symbolic links are refused where the folder or a file should be.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xswitch.vault.trouble import refused, unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TEMPORARY: Final = ".tmp"
_NEIGHBOUR: Final = 120
"""Characters of a file's name in that of its neighbour: file systems take 255 bytes."""
_ATTEMPTS: Final = 3
_FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK

# The system calls that change something, by names of their own: tests put faults in their place.
_open = os.open
_write = os.write
_fsync = os.fsync
_fchmod = os.fchmod
_replace = os.replace
_unlink = os.unlink


class Folder:
    """One private folder. It is made by the first write, with missing parents, whatever the umask.

    ``owner`` is the uid that everything in it has to belong to: the process's own unless said otherwise.
    """

    def __init__(self, path: str, owner: int | None = None) -> None:
        self.path = path
        self.owner = os.geteuid() if owner is None else owner

    def inner(self, name: str) -> Folder:
        """Return the folder ``name`` in this one."""
        return Folder(f"{self.path}/{name}", self.owner)

    def exists(self) -> bool:
        """Tell whether it is there. Raises VaultUnavailable where it is and can't be trusted."""
        descriptor = self._enter()
        if descriptor is None:
            return False
        os.close(descriptor)
        return True

    def read(self, name: str, limit: int = 1 << 20) -> bytes | None:
        """Return the content of a file, or None where it is not there. Raises VaultUnavailable.

        A file that others may read or write gets its 0600 back; what it holds is judged by who reads it.
        """
        folder = self._enter()
        if folder is None:
            return None
        where = f"{self.path}/{name}"
        try:
            descriptor = _open(name, _FILE_FLAGS, dir_fd=folder)
            try:
                self._check_file(descriptor, where)
                return _read_all(descriptor, limit)
            finally:
                os.close(descriptor)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise unavailable("read", where, error) from None
        finally:
            os.close(folder)

    def write(self, name: str, content: bytes) -> None:
        """Replace a file in one step that survives a crash: neighbour, fsync, rename, fsync of the folder.

        Raises VaultUnavailable; then the file is what it was and no neighbour is left.
        """
        for left in reversed(range(_ATTEMPTS)):
            folder = self._enter_or_make()
            try:
                _replace_whole(folder, name, content)
                return
            except OSError as error:
                # A sweep may take the neighbour for that of a killed writer.
                if not (left and isinstance(error, FileNotFoundError)):
                    raise unavailable("write", f"{self.path}/{name}", error) from None
            finally:
                os.close(folder)

    def remove(self, name: str) -> bool:
        """Remove a file; tell whether it was there. Raises VaultUnavailable."""
        folder = self._enter()
        if folder is None:
            return False
        try:
            _unlink(name, dir_fd=folder)
            _fsync(folder)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise unavailable("remove", f"{self.path}/{name}", error) from None
        finally:
            os.close(folder)
        return True

    def move(self, name: str, target: Folder, *, at: float | None = None) -> bool:
        """Move a file into ``target`` in one step, in place of what is there; tell whether it was here.

        ``at`` (seconds since the epoch) becomes its time of modification, before it moves. Raises VaultUnavailable.
        """
        source = self._enter()
        if source is None:
            return False
        try:
            to = target._enter_or_make()
            try:
                if at is not None:
                    os.utime(name, (at, at), dir_fd=source, follow_symlinks=False)
                _replace(name, name, src_dir_fd=source, dst_dir_fd=to)
                _fsync(to)
                _fsync(source)
            finally:
                os.close(to)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise unavailable("move", f"{self.path}/{name}", error) from None
        finally:
            os.close(source)
        return True

    def names(self, suffix: str = "") -> list[str]:
        """Return the names of what is in it, sorted; none where it is not there. Raises VaultUnavailable."""
        folder = self._enter()
        if folder is None:
            return []
        try:
            found = os.listdir(folder)  # noqa: PTH208 - by its descriptor
        except OSError as error:
            raise unavailable("list", self.path, error) from None
        finally:
            os.close(folder)
        return sorted(name for name in found if name.endswith(suffix))

    def clear_torn(self, name: str = "") -> None:
        """Remove what killed writers of ``name``, or of any file, left behind. Raises VaultUnavailable.

        For whoever holds the lock of its writers: one who writes without is made to begin again.
        """
        for file in self.names(TEMPORARY):
            if file.startswith(f".{name[:_NEIGHBOUR]}"):
                self.remove(file)

    def changed(self, name: str) -> float | None:
        """Return when a file was last modified, in seconds since the epoch, or None where it is not there."""
        found = self.status(name)
        return None if found is None else found.st_mtime

    def touch(self, name: str, at: float) -> None:
        """Set when a file was last modified, in seconds since the epoch. Raises VaultUnavailable."""
        folder = self._enter_or_make()
        try:
            os.utime(name, (at, at), dir_fd=folder, follow_symlinks=False)
        except OSError as error:
            raise unavailable("write", f"{self.path}/{name}", error) from None
        finally:
            os.close(folder)

    def status(self, name: str) -> os.stat_result | None:
        """Return what the system says of a file, links not followed, or None where it is not there."""
        folder = self._enter()
        if folder is None:
            return None
        try:
            return os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise unavailable("read", f"{self.path}/{name}", error) from None
        finally:
            os.close(folder)

    def open_lock(self, name: str, *, make: bool = True) -> int:
        """Return a descriptor of a lock file, made where it is missing. Raises VaultUnavailable, FileNotFoundError."""
        folder = self._enter_or_make() if make else self._enter()
        if folder is None:
            raise FileNotFoundError(errno.ENOENT, "no such lock", name)
        where = f"{self.path}/{name}"
        flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | (os.O_CREAT if make else 0)
        try:
            descriptor = _open(name, flags, 0o600, dir_fd=folder)
            try:
                self._check_file(descriptor, where)
            except BaseException:
                os.close(descriptor)
                raise
            return descriptor
        except FileNotFoundError:
            raise
        except OSError as error:
            raise unavailable("lock", where, error) from None
        finally:
            os.close(folder)

    def _enter(self) -> int | None:
        """Return a descriptor of the folder, checked, or None where it is not there."""
        try:
            descriptor = _open(self.path, _FOLDER_FLAGS)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno == errno.ENOTDIR and Path(self.path).is_symlink():
                error = OSError(errno.ELOOP, "")
            raise unavailable("open", self.path, error) from None
        try:
            self._check_folder(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _enter_or_make(self) -> int:
        descriptor = self._enter()
        if descriptor is None:
            try:
                _make(Path(self.path))
            except OSError as error:
                raise unavailable("make", self.path, error) from None
            descriptor = self._enter()
        if descriptor is None:
            raise unavailable("make", self.path, FileNotFoundError(errno.ENOENT, ""))
        return descriptor

    def _check_folder(self, descriptor: int) -> None:
        found = os.fstat(descriptor)
        self._check_owner(found.st_uid, self.path)
        if stat.S_IMODE(found.st_mode) & 0o077:
            try:
                _fchmod(descriptor, 0o700)
            except OSError:
                raise refused(self.path, "others can open it", f"run: chmod 700 '{self.path}'") from None

    def _check_file(self, descriptor: int, where: str) -> None:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise refused(where, "it is not a file", "move it away")
        self._check_owner(found.st_uid, where)
        if stat.S_IMODE(found.st_mode) != 0o600:
            try:
                _fchmod(descriptor, 0o600)
            except OSError:
                if stat.S_IMODE(found.st_mode) & 0o077:
                    raise refused(where, "others can open it", f"run: chmod 600 '{where}'") from None

    def _check_owner(self, uid: int, where: str) -> None:
        if uid != self.owner:
            hint = "run as that user, or set XSWITCH_HOME to a folder of your own"
            raise refused(where, f"it belongs to user id {uid}, and you are {self.owner}", hint)


def _make(path: Path) -> None:
    """Make a folder and its missing parents, each 0700 whatever the umask, and known to the disk."""
    if not path.parent.is_dir():
        _make(path.parent)
    try:
        path.mkdir(0o700)
    except FileExistsError:
        return
    path.chmod(0o700)
    above = _open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _fsync(above)
    finally:
        os.close(above)


def _replace_whole(folder: int, name: str, content: bytes) -> None:
    neighbour = f".{name[:_NEIGHBOUR]}.{os.getpid()}.{os.urandom(6).hex()}{TEMPORARY}"
    try:
        _write_new(folder, neighbour, content)
        _replace(neighbour, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        _unlink_quietly(folder, neighbour)
        raise
    _fsync(folder)


def _write_new(folder: int, name: str, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = _open(name, flags, 0o600, dir_fd=folder)
    try:
        _fchmod(descriptor, 0o600)
        view = memoryview(content)
        while view:
            view = view[_write(descriptor, view) :]
        _fsync(descriptor)
    finally:
        os.close(descriptor)


def _unlink_quietly(folder: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=folder)
    except OSError:
        return


def _read_all(descriptor: int, limit: int) -> bytes:
    """Return the content, and one byte more than ``limit`` where it is longer: a parser refuses that by its length."""
    pieces = list(_pieces(descriptor, limit + 1, os.read))
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _pieces(descriptor: int, left: int, read: Callable[[int, int], bytes]) -> Iterator[bytes]:
    while left > 0 and (piece := read(descriptor, min(left, 1 << 16))):
        left -= len(piece)
        yield piece
