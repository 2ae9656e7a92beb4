"""One record, by the key's shadow alone: for the commands that must cost next to nothing.

It answers only where everything is as it should be. None means no more than "ask the vault": that looks again, with
time for the keyring, and has the words for what is wrong. It imports neither json nor xswitch.errors.
"""

from __future__ import annotations

import os
import stat

from xswitch.vault import kernel, record
from xswitch.vault.key import Key

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


def read(folder: str, name: str, *, plaintext_key: bool = False) -> record.Record | None:
    """Return a record of the vault in ``folder``, or None unless key, record and permissions are all in order.

    ``plaintext_key`` allows the key in a plain file, as the person's setting does. Whether a record has expired is for
    the caller to see, from its header. Nothing is raised for what is on the disk, and nothing is written.
    """
    try:
        descriptor = os.open(folder, _FOLDER_FLAGS)
    except OSError:
        return None
    try:
        if not _ours(os.fstat(descriptor), stat.S_IFDIR):
            return None
        data = _content(descriptor, record.file_name(name), record.MAX_RECORD)
        vault_id = _text(descriptor, "id", 32)
        if not data or not vault_id:
            return None
        key = kernel.get(vault_id)
        if key is None and plaintext_key:
            key = _plain_key(descriptor)
        return None if key is None else record.unsealed(key, vault_id, name, data)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def read_record(folder: str, name: str, *, plaintext_key: bool = False) -> bytes | None:
    """Return the payload alone of what :func:`read` returns."""
    found = read(folder, name, plaintext_key=plaintext_key)
    return None if found is None else found.payload


def _ours(found: os.stat_result, kind: int) -> bool:
    return stat.S_IFMT(found.st_mode) == kind and found.st_uid == os.geteuid() and not found.st_mode & 0o077


def _content(folder: int, name: str, limit: int) -> bytes | None:
    """Return a file's content, or None where it is longer, or anybody else's. Raises OSError."""
    descriptor = os.open(name, _FILE_FLAGS, dir_fd=folder)
    try:
        found = os.fstat(descriptor)
        if not _ours(found, stat.S_IFREG) or found.st_size > limit:
            return None
        return os.read(descriptor, limit)
    finally:
        os.close(descriptor)


def _text(folder: int, name: str, digits: int) -> str:
    """Return the hexadecimal digits that a file holds, or "". Raises OSError."""
    text = (_content(folder, name, 256) or b"").decode("ascii", "replace").strip()
    return text if len(text) == digits and all(digit in "0123456789abcdef" for digit in text) else ""


def _plain_key(folder: int) -> Key | None:
    """Return the key of a vault whose holder is a plain file. Raises OSError."""
    if not (_content(folder, "holder", 1024) or b"").startswith(b"file\n"):
        return None
    text = _text(folder, "key", 64)
    return Key(bytes.fromhex(text)) if text else None
