"""The vault: encrypted records in a private folder. Listing needs no key; a good record goes only when its
replacement is stored."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, NamedTuple

from xswitch.errors import RecordDamaged, VaultUnavailable
from xswitch.vault import kernel, locks, record
from xswitch.vault.folder import TEMPORARY, Folder
from xswitch.vault.holders import Holder
from xswitch.vault.keys import Keys
from xswitch.vault.record import Header, Record

KEPT: Final = 3600
"""Seconds for which a record is kept after it expired, or was set aside: the board shows what ended."""
_IDLE_LOCK: Final = 86400.0
_OLD_TEMPORARY: Final = 3600.0


class Damaged(NamedTuple):
    """A file of the vault that is no good record, and why."""

    file: str
    why: str


class SetAside(NamedTuple):
    """A record that was ended: its header, and when (epoch seconds, UTC)."""

    header: Header
    at: float


class Vault:
    """The records in ``folder``, under the key that ``holder`` keeps. Nothing is touched before it is used.

    ``shadow`` lets the kernel keyring hold a copy of the key. Every method raises VaultUnavailable where the folder
    can't be used; those that read or write a payload may block on the key's holder.
    """

    def __init__(
        self, folder: str, holder: Holder, *, shadow: bool = True, clock: Callable[[], float] = time.time
    ) -> None:
        self._folder = Folder(folder)
        self._trash = self._folder.inner("trash")
        self._locks = self._folder.inner("locks")
        self._keys = Keys(self._folder, holder, shadow=shadow)
        self._clock = clock

    def unlock(self) -> None:
        """Get the key, making it where there is none, before anything is spent on what must then be kept. May block."""
        self._keys.get()

    def read(self, name: str) -> Record | None:
        """Return the record, opened, or None where there is none. Raises RecordDamaged."""
        data = self._folder.read(record.file_name(name), record.MAX_RECORD + 1)
        if data is None:
            return None
        vault_id, key = self._keys.get()
        return record.unseal(key, vault_id, name, data)

    def header(self, name: str) -> Header | None:
        """Return what the record says without the key, or None where there is none. Raises RecordDamaged."""
        file = record.file_name(name)
        data = self._folder.read(file, record.MAX_RECORD + 1)
        return None if data is None else record.parse_header(data, file)

    def headers(self, kind: str = "") -> tuple[Header, ...]:
        """Return the headers of all good records, or of those of one kind. Damaged ones are left to :meth:`damaged`."""
        return tuple(header for header, _ in self._listed(self._folder) if not kind or header.kind == kind)

    def damaged(self) -> tuple[Damaged, ...]:
        """Return the files that look like records and are none."""
        found: list[Damaged] = []
        for file in self._folder.names(record.SUFFIX):
            data = self._folder.read(file, record.MAX_RECORD + 1)
            try:
                if data is not None:
                    record.parse_header(data, file)
            except RecordDamaged as error:
                found.append(Damaged(f"{self._folder.path}/{file}", error.message))
        return tuple(found)

    def write(
        self,
        name: str,
        kind: str,
        payload: bytes | bytearray,
        *,
        issued: float,
        expires: float | None,
        facts: Mapping[str, str | int | float],
    ) -> None:
        """Replace the record in one step; until then the old one stands. Times are epoch seconds, UTC."""
        for _ in range(3):
            vault_id, key = self._keys.get()
            data = record.seal(key, vault_id, name, kind, payload, issued=issued, expires=expires, facts=facts)
            with self._keys.shared():
                if self._keys.current(vault_id, key):
                    self._folder.write(record.file_name(name), data)
                    return
        raise VaultUnavailable("the vault's key changes while a record is written", "try again in a moment")

    def remove(self, name: str) -> bool:
        """Remove the record; tell whether it was there."""
        return self._folder.remove(record.file_name(name))

    def set_aside(self, name: str) -> bool:
        """Put the record where :meth:`bring_back` finds it; tell whether it was there."""
        return self._folder.move(record.file_name(name), self._trash, at=self._clock())

    def bring_back(self, name: str) -> bool:
        """Undo :meth:`set_aside`; tell whether there was anything to bring back. A newer record of that name stays."""
        file = record.file_name(name)
        if self._folder.status(file) is not None:
            return False
        return self._trash.move(file, self._folder)

    def set_aside_headers(self) -> tuple[SetAside, ...]:
        """Return what was set aside, latest first."""
        found = [SetAside(header, at) for header, at in self._listed(self._trash)]
        return tuple(sorted(found, key=lambda one: -one.at))

    @contextmanager
    def lock(self, name: str, *, timeout: float, purpose: str) -> Iterator[None]:
        """Hold the lock of that name between processes and threads. Raises LockTimeout after ``timeout`` seconds.

        ``purpose`` completes "who is …" for those who wait. It is not reentrant.
        """
        file = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32] + locks.SUFFIX
        with locks.hold(self._locks, file, timeout=timeout, purpose=purpose):
            yield

    def sweep(self, *, kept: Mapping[str, float] | None = None) -> int:
        """Remove records that expired, or were set aside, more than an hour ago; return how many.

        ``kept`` gives other times for some kinds, in seconds. Abandoned temporary and lock files go as well.
        """
        now = self._clock()
        removed = 0
        for header in self.headers():
            after = (kept or {}).get(header.kind, KEPT)
            if header.expires is not None and header.expires + after < now:
                removed += self.remove(header.name)
        for aside in self.set_aside_headers():
            if aside.at + KEPT < now:
                removed += self._trash.remove(record.file_name(aside.header.name))
        for folder in (self._folder, self._trash):
            for name in folder.names(TEMPORARY):
                changed = folder.changed(name)
                if changed is not None and now - changed > _OLD_TEMPORARY:
                    folder.remove(name)
        locks.sweep(self._locks, now, _IDLE_LOCK)
        return removed

    def forget_key(self) -> None:
        """Forget the key, here, in the kernel keyring and in every other process; the holder keeps it."""
        self._keys.forget()

    def describe(self) -> tuple[tuple[str, str], ...]:
        """Return what there is to know of the vault without its key: pairs of a name and words."""
        memo = self._keys.memo()
        vault_id = self._keys.vault_id()
        return (
            ("folder", self._folder.path),
            ("id", vault_id or "none yet"),
            ("key", memo.detail if memo else "none yet"),
            ("kernel keyring", "holds a copy" if vault_id and kernel.get(vault_id) else "holds none"),
            ("records", str(len(self.headers()))),
            ("damaged", str(len(self.damaged()))),
        )

    def _listed(self, folder: Folder) -> list[tuple[Header, float]]:
        """Return the headers of the good records in a folder, with the time when each file was last changed."""
        found: list[tuple[Header, float]] = []
        for file in folder.names(record.SUFFIX):
            data = folder.read(file, record.MAX_RECORD + 1)
            changed = folder.changed(file)
            if data is None or changed is None:
                continue  # it went while we looked
            try:
                header = record.parse_header(data, file)
                _ = header.facts
            except RecordDamaged:
                continue
            found.append((header, changed))
        return found
