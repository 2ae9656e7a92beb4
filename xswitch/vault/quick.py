"""Records, by the key's shadow alone: for the commands that must cost next to nothing.

It answers only where everything is as it should be. None means no more than "ask the vault": that looks again, with
time for the keyring, and has the words for what is wrong. It imports neither json nor xswitch.errors.
"""

from __future__ import annotations

import os
import stat

from xswitch.vault import kernel, memory, record
from xswitch.vault.key import Key, holder_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


def read(
    folder: str, names: Sequence[str], *, kernel_keyring: bool = True, plaintext_key: bool = False
) -> list[record.Record] | None:
    """Return records of the vault in ``folder``, or None unless key, records and permissions are all in order.

    The two settings are the person's: whether the key's shadow may be in the kernel, and the key itself in a plain
    file. Whether a record has expired is for the caller to see, from its header. Nothing is raised for what is on the
    disk, and nothing is written.
    """
    try:
        descriptor = os.open(folder, _FOLDER_FLAGS)
    except OSError:
        return None
    try:
        if not _ours(os.fstat(descriptor), stat.S_IFDIR):
            return None
        sealed = [_content(descriptor, record.file_name(name), record.MAX_RECORD) for name in names]
        vault_id, holder = _text(descriptor, "id", 32), _holder(descriptor)
        if not vault_id or not holder or not all(sealed):
            return None
        memory.keep_private()
        key = kernel.get(vault_id) if kernel_keyring else None
        if key is None and plaintext_key and holder == "file":
            text = _text(descriptor, "key", 64)
            key = Key(bytes.fromhex(text)) if text else None
        if key is None:
            return None
        opened = [record.unsealed(key, vault_id, name, data or b"") for name, data in zip(names, sealed, strict=True)]
        found = [one for one in opened if one is not None]
        return found if len(found) == len(names) else None
    except OSError:
        return None
    finally:
        os.close(descriptor)


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
    return _hex((_content(folder, name, 256) or b"").decode("ascii", "replace").strip(), digits)


def _holder(folder: int) -> str:
    """Return the kind of who holds the key, or "" where it is not written as it should be. Raises OSError."""
    content = _content(folder, "holder", 1024) or b""
    detail, _, rest = content.decode("utf-8", "replace").partition("\n")
    good = _hex(rest[:16], 16) and content == holder_bytes(detail, rest[:16])
    return detail.partition(" ")[0] if good else ""


def _hex(text: str, digits: int) -> str:
    return text if len(text) == digits and all(digit in "0123456789abcdef" for digit in text) else ""
