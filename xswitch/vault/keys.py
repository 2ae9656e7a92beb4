"""One vault's key: found where it was put, made once, and never replaced while there are records.

Three files beside the records: ``id``, random, names the key for its holder and stands in every record's header;
``holder`` says who keeps the key, with a check value that tells this key from any other, and a sum over both, so that
damage is not taken for another key; ``locked`` changes with every `xswitch lock`, so that other processes drop what
they remember.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from typing import Final, NamedTuple

from xswitch.errors import VaultUnavailable
from xswitch.vault import kernel, locks, memory, record
from xswitch.vault.folder import Folder
from xswitch.vault.holders import Holder, is_hex
from xswitch.vault.key import Key, holder_bytes

ID_FILE: Final = "id"
HOLDER_FILE: Final = "holder"
LOCKED_FILE: Final = "locked"
ID_DIGITS: Final = 32
VAULT_LOCK: Final = "=vault.lock"
"""No record has this name: ``=`` is always escaped."""
_GATE: Final = "=gate.lock"
"""Everybody passes it on the way to the vault's lock. Who wants that alone waits there with the gate closed, so that
writers who follow each other without a gap can't keep it from him."""

_EXCLUSIVE_SECONDS: Final = 60.0
_SHARED_SECONDS: Final = 30.0
_ADOPTING_SECONDS: Final = 1.0


class Memo(NamedTuple):
    """What ``holder`` says: where the key is, and the check value of the key."""

    detail: str
    check: str


def read_id(folder: Folder) -> str | None:
    """Return the vault's id, or None before there is one. Raises VaultUnavailable for a file that is no id."""
    content = folder.read(ID_FILE, 256)
    if content is None:
        return None
    text = content.decode("ascii", "replace").strip()
    if not is_hex(text, ID_DIGITS):
        raise VaultUnavailable(
            f"the vault's id file {folder.path}/{ID_FILE} is damaged",
            f"put the file back from a copy: {ID_DIGITS} hexadecimal digits, as every record's header names them",
        )
    return text


class Keys:
    """The key of the vault in ``folder``, kept by ``holder``, with its shadow in the kernel if ``shadow`` says so."""

    def __init__(self, folder: Folder, holder: Holder, *, shadow: bool) -> None:
        self._folder = folder
        self._holder = holder
        self._shadow = shadow
        self._guard = threading.RLock()
        self._key: Key | None = None
        self._mark: tuple[int, int] | None = None

    def vault_id(self) -> str | None:
        """Return the vault's id, or None before there is one."""
        return read_id(self._folder)

    def memo(self) -> Memo | None:
        """Return what is written of the holder, or None where nothing that can be read is."""
        content = self._folder.read(HOLDER_FILE, 1024) or b""
        detail, _, rest = content.decode("utf-8", "replace").partition("\n")
        memo = Memo(detail, rest[:16])
        return memo if detail and is_hex(memo.check, 16) and content == holder_bytes(*memo) else None

    def check_id(self) -> None:
        """Raise VaultUnavailable where the id file names another vault than every record does."""
        vault_id, named = self.vault_id(), self._named()
        if vault_id is not None and named and vault_id not in named:
            file = f"{self._folder.path}/{ID_FILE}"
            raise VaultUnavailable(
                f"the vault's id file {file} names another vault than its records do",
                f"put {file} back from a copy; its records name {min(named)}",
            )

    def get(self) -> tuple[str, Key]:
        """Return the vault's id and key; both are made where there are none and no records. May block.

        Raises VaultUnavailable where the key can't be had, above all where there are records and no key for them.
        """
        memory.keep_private()
        with self._guard:
            if self._key is not None and self._mark != self._marker():
                self._key = None
            vault_id = self.vault_id()
            if self._key is not None and vault_id is not None:
                return vault_id, self._key
            for _ in range(3):
                memo = self.memo()
                found = self._found(memo) or self._made(memo)
                if found is not None:
                    return found
            raise VaultUnavailable("the vault's key changes while it is read", "try again in a moment")

    def current(self, vault_id: str, key: Key) -> bool:
        """Tell whether ``key`` is still the vault's: asked under :meth:`shared`, before a record is stored."""
        memo = self.memo()
        same = self._opens(vault_id, key) if memo is None else key.check(vault_id) == memo.check
        if same and self.vault_id() == vault_id:
            return True
        self._key = None
        return False

    def forget(self) -> None:
        """Forget the key: here, in the kernel, and in every process that remembers it."""
        with self._guard:
            self._key = None
            self._holder.forget()
            vault_id = self.vault_id()
            if vault_id is None:
                return
            try:
                self._folder.write(LOCKED_FILE, os.urandom(8).hex().encode())
            finally:
                kernel.clear(vault_id)

    def shared(self, timeout: float = _SHARED_SECONDS) -> AbstractContextManager[None]:
        """Hold the vault's lock with every other writer of records. Raises LockTimeout, VaultUnavailable."""
        return self._hold("writing a record", timeout, shared=True)

    def exclusive(self, purpose: str, timeout: float = _EXCLUSIVE_SECONDS) -> AbstractContextManager[None]:
        """Hold the vault's lock alone: nobody writes a record meanwhile. Raises LockTimeout, VaultUnavailable."""
        return self._hold(purpose, timeout, shared=False)

    @contextmanager
    def _hold(self, purpose: str, timeout: float, *, shared: bool) -> Iterator[None]:
        folder = self._folder.inner("locks")
        with ExitStack() as held:
            with locks.hold(folder, _GATE, timeout=timeout, purpose=purpose, shared=shared):
                lock = locks.hold(folder, VAULT_LOCK, timeout=timeout, purpose=purpose, shared=shared)
                held.enter_context(lock)
            yield

    def records(self) -> list[str]:
        """Return the files of records, set aside ones too."""
        return self._folder.names(record.SUFFIX) + self._folder.inner("trash").names(record.SUFFIX)

    def _marker(self) -> tuple[int, int] | None:
        found = self._folder.status(LOCKED_FILE)
        return None if found is None else (found.st_ino, found.st_mtime_ns)

    def _remember(self, vault_id: str, key: Key, mark: tuple[int, int] | None, *, shadow: bool) -> tuple[str, Key]:
        """Keep the key in memory and in the kernel, unless somebody locked the vault meanwhile."""
        self._key, self._mark = key, mark
        if shadow:
            if self._shadow:
                kernel.put(vault_id, key)
            if not self._shadow or self._marker() != mark:
                kernel.clear(vault_id)
        return vault_id, key

    def _found(self, memo: Memo | None) -> tuple[str, Key] | None:
        """Return the key where ``memo`` says that it is, or None where nothing is written or it is not there."""
        mark = self._marker()
        vault_id = self.vault_id()
        if vault_id is None or memo is None:
            return None
        key = kernel.get(vault_id) if self._shadow else None
        if key is not None and key.check(vault_id) == memo.check:
            return self._remember(vault_id, key, mark, shadow=False)
        self.check_id()
        key = self._holder.load(vault_id, memo.detail)
        if key is None:
            return None
        if key.check(vault_id) != memo.check:
            if self.memo() != memo:
                return None
            raise VaultUnavailable(
                f"the key that {describe_holder(memo.detail)} has is not the one that sealed this vault's records",
                self._holder.lacks(memo.detail),
            )
        return self._remember(vault_id, key, mark, shadow=_shadowed(memo.detail))

    def _made(self, memo: Memo | None) -> tuple[str, Key] | None:
        """Make the key, or return None where another process did so since ``memo`` was read.

        Raises VaultUnavailable where there are records and no key for them.
        """
        if not self.records():
            self._holder.prepare()
            with self.exclusive("making the vault's key"):
                if self.memo() != memo:
                    return None
                if not self.records():
                    return self._new()
        if memo is None:
            return self._adopted()
        if self.memo() != memo:
            return None
        raise self._lost(memo)

    def _new(self) -> tuple[str, Key]:
        """Make id and key; the vault's lock is held, and there are no records. Each step may be the last."""
        mark = self._marker()
        vault_id = self.vault_id()
        if vault_id is None:
            vault_id = os.urandom(ID_DIGITS // 2).hex()
            self._folder.write(ID_FILE, vault_id.encode() + b"\n")
        key, detail = self._holder.store(vault_id, Key.new())
        self._folder.write(HOLDER_FILE, holder_bytes(detail, key.check(vault_id)))
        return self._remember(vault_id, key, mark, shadow=_shadowed(detail))

    def _adopted(self) -> tuple[str, Key]:
        """Find the key of records whose ``holder`` file is gone, prove it on them, and write the file anew.

        A disk that can't be written keeps nobody from reading.
        """
        mark = self._marker()
        vault_id = self.vault_id()
        self.check_id()
        found = None if vault_id is None else self._holder.find(vault_id)
        if vault_id is None or found is None:
            raise self._lost(None)
        key, detail = found
        if not self._opens(vault_id, key):
            raise VaultUnavailable(
                f"the key that {describe_holder(detail)} has for this vault opens none of its records",
                self._holder.lacks(detail),
            )
        with suppress(VaultUnavailable), self.exclusive("writing down who keeps the vault's key", _ADOPTING_SECONDS):
            if self.memo() is None:
                self._folder.write(HOLDER_FILE, holder_bytes(detail, key.check(vault_id)))
        return self._remember(vault_id, key, mark, shadow=_shadowed(detail))

    def _opens(self, vault_id: str, key: Key) -> bool:
        """Tell whether ``key`` opens any record."""
        return any(record.unsealed(key, vault_id, header.name, content) for header, content in self._whole())

    def _named(self) -> set[str]:
        """Return the ids of vaults that records name; the first that is this vault's own is enough."""
        vault_id, named = self.vault_id(), set[str]()
        for header, _ in self._whole():
            named.add(header.vault_id)
            if header.vault_id == vault_id:
                break
        return named

    def _whole(self) -> Iterator[tuple[record.Header, bytes]]:
        """Return the records that are whole as far as can be told without the key, set aside ones too."""
        for folder in (self._folder, self._folder.inner("trash")):
            for name in folder.names(record.SUFFIX):
                with suppress(VaultUnavailable):
                    content = folder.read(name)
                    if content is not None:
                        yield record.parse_header(content, name), content

    def _lost(self, memo: Memo | None) -> VaultUnavailable:
        if self.vault_id() is None:
            return VaultUnavailable(
                f"the vault in {self._folder.path} has records and no id file",
                f"put {self._folder.path}/{ID_FILE} back from a copy: every record names the id in its bytes 8 to 24",
            )
        detail = memo.detail if memo else ""
        return VaultUnavailable(
            f"{describe_holder(detail)} has no key for this vault, and there are records sealed with it",
            self._holder.lacks(detail),
        )


def describe_holder(detail: str) -> str:
    """Return words for who keeps the key."""
    kind, _, backend = detail.partition(" ")
    if kind == "keyring":
        return f"the OS keyring ({backend.removeprefix('keyring.backends.')})" if backend else "the OS keyring"
    return {"passphrase": "the passphrase file", "file": "the key file"}.get(kind, "nobody who was asked")


def _shadowed(detail: str) -> bool:
    """Tell whether the kernel keyring is of any use: a plain file is as fast, and as open."""
    return not detail.startswith("file")
