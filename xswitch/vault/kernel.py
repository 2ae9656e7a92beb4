"""The Linux kernel keyring as a fast shadow of the vault's key.

The key lies in the user keyring (``@u``) with a time to live. Any process of the same user can read it, as it can read
an unlocked OS keyring; it is never on a disk (keyrings(7), user-keyring(7)). Where the system calls are not there
(another system, a container's seccomp filter), nothing is found and nothing is stored: that is no error.

A new key is made in this thread's own keyring, which ends with the thread, gets its time to live and its permissions
there, and only then is linked into ``@u``: no instant has a key that never ends, and a process whose session keyring
does not link ``@u`` (a container, `su`, cron) can store and read it as well, since it is opened by its user and not by
possession.
"""

from __future__ import annotations

import os
import sys

from xswitch.vault.key import KEY_BYTES, Key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

MAX_TTL: Final = 3600
"""Seconds: the longest that the shadow lasts."""

_NUMBERS: Final = {"x86_64": (248, 250), "aarch64": (217, 219), "riscv64": (217, 219)}
"""Machine → numbers of add_key and keyctl (the kernel's unistd tables)."""

_THREAD_KEYRING: Final = -1
_USER_KEYRING: Final = -4
_SETPERM: Final = 5
_LINK: Final = 8
_UNLINK: Final = 9
_SEARCH: Final = 10
_READ: Final = 11
_SET_TIMEOUT: Final = 15
_INVALIDATE: Final = 21
_PERMISSIONS: Final = 0x3F0B0000
"""The possessor: all; the user: view, read and search; nobody else."""

_TYPE: Final = b"user"


class _Calls:
    """The two system calls, by libc's ``syscall``."""

    def __init__(self, numbers: tuple[int, int]) -> None:
        import ctypes

        self._ctypes = ctypes
        self._add, self._control = numbers
        self._call = ctypes.CDLL(None, use_errno=True).syscall
        self._call.restype = ctypes.c_long

    def _long(self, value: int) -> Any:
        return self._ctypes.c_long(value)

    def add_key(self, name: bytes, payload: bytes, keyring: int) -> int:
        long = self._long
        return int(self._call(long(self._add), _TYPE, name, payload, long(len(payload)), long(keyring)))

    def keyctl(self, operation: int, *arguments: int | bytes) -> int:
        converted = [part if isinstance(part, bytes) else self._long(part) for part in arguments]
        return int(self._call(self._long(self._control), self._long(operation), *converted))

    def read(self, serial: int) -> bytes | None:
        buffer = self._ctypes.create_string_buffer(KEY_BYTES)
        long = self._long
        length = self._call(long(self._control), long(_READ), long(serial), buffer, long(KEY_BYTES))
        return buffer.raw if length == KEY_BYTES else None


_known: list[_Calls | None] = []


def _calls() -> _Calls | None:
    if not _known:
        numbers = _NUMBERS.get(os.uname().machine) if sys.platform == "linux" and sys.maxsize > 2**32 else None
        try:
            _known.append(_Calls(numbers) if numbers else None)
        except (ImportError, OSError, AttributeError):
            _known.append(None)
    return _known[0]


def _name(vault_id: str) -> bytes:
    return b"xswitch:vault:" + vault_id.encode()


def get(vault_id: str) -> Key | None:
    """Return the shadow key of a vault, or None where there is none (any more), or no kernel keyring."""
    calls = _calls()
    if calls is None:
        return None
    serial = calls.keyctl(_SEARCH, _USER_KEYRING, _TYPE, _name(vault_id), 0)
    raw = calls.read(serial) if serial > 0 else None
    return None if raw is None else Key(raw)


def put(vault_id: str, key: Key, ttl: int = MAX_TTL) -> bool:
    """Keep a vault's key for ``ttl`` seconds (at most an hour); tell whether the kernel took it."""
    calls = _calls()
    if calls is None:
        return False
    serial = calls.add_key(_name(vault_id), key.reveal(), _THREAD_KEYRING)
    if serial <= 0:
        return False
    try:
        return (
            calls.keyctl(_SET_TIMEOUT, serial, max(1, min(ttl, MAX_TTL))) == 0
            and calls.keyctl(_SETPERM, serial, _PERMISSIONS) == 0
            and calls.keyctl(_LINK, serial, _USER_KEYRING) == 0
        )
    finally:
        calls.keyctl(_UNLINK, serial, _THREAD_KEYRING)


def clear(vault_id: str) -> bool:
    """Forget a vault's key at once, for every process; tell whether there was one."""
    calls = _calls()
    if calls is None:
        return False
    serial = calls.keyctl(_SEARCH, _USER_KEYRING, _TYPE, _name(vault_id), 0)
    if serial <= 0:
        return False
    gone = calls.keyctl(_INVALIDATE, serial) == 0
    return calls.keyctl(_UNLINK, serial, _USER_KEYRING) == 0 or gone


def available() -> bool:
    """Tell whether the kernel answers at all for this process's user keyring."""
    calls = _calls()
    return calls is not None and calls.keyctl(0, _USER_KEYRING, 1) > 0  # KEYCTL_GET_KEYRING_ID
