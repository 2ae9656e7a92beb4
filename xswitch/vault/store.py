"""The vault: encrypted records in a private folder, and what may be done with them.

What can be read without the key (headers, what is damaged, what was set aside) never asks for it. What needs the key
finds it once, by :mod:`xswitch.vault.keys`. A good record is never removed before its replacement is on the disk.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Final, NamedTuple

from xswitch.errors import RecordDamaged, VaultUnavailable
from xswitch.vault import kernel, locks, record, steady
from xswitch.vault.folder import Folder
from xswitch.vault.holders import Holder
from xswitch.vault.keys import Keys, describe_holder
from xswitch.vault.record import Header, Record

UNDO_SECONDS: Final = 30.0
"""How long a record that was set aside can be brought back."""
ENDED_SECONDS: Final = 3600.0
"""How long the header of an ended or expired record is still listed."""
_LOCK_IDLE_SECONDS: Final = 86400.0
_MOVE_SECONDS: Final = 10.0
"""How long an end or its undo waits for who writes or sweeps: both take milliseconds."""
_GONE: Final = ".gone"


class SetAside(NamedTuple):
    """A record set aside at ``at`` (seconds since the epoch, UTC); after half a minute its header alone is left."""

    header: Header
    at: float
    restorable: bool


class Damaged(NamedTuple):
    """A file in the vault that is no record of this vault, and why."""

    file: str
    why: str


class Vault:
    """The records in ``folder``, sealed with the key that ``holder`` keeps.

    ``clock`` returns seconds since the epoch, UTC. ``shadow`` lets the key rest in the kernel keyring for an hour.
    ``beat`` is the clock that nobody sets, to see by it that the other one was set. Making one touches nothing.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        holder: Holder,
        *,
        clock: Callable[[], float] = time.time,
        shadow: bool = False,
        beat: Callable[[], steady.Beat] = steady.beat,
    ) -> None:
        self._folder = Folder(os.fspath(folder))
        self._trash = self._folder.inner("trash")
        self._locks = self._folder.inner("locks")
        self._keys = Keys(self._folder, holder, shadow=shadow)
        self._shadow = shadow
        self._clock = clock
        self._beat = beat

    def __repr__(self) -> str:
        return f"Vault({self._folder.path!r})"

    @property
    def folder(self) -> str:
        """The path of the folder of records."""
        return self._folder.path

    def read(self, name: str) -> Record | None:
        """Open the record ``name``; None where there is none, for which no key is needed.

        Raises RecordDamaged unless every bit is as it was written, VaultUnavailable where folder or key can't be had.
        Whether it has expired is for the caller to judge. May block on the keyring.
        """
        for _ in range(3):
            data = self._folder.read(record.file_name(name), record.MAX_RECORD)
            if data is None:
                return None
            vault_id, key = self._keys.get()
            try:
                return record.unseal(key, vault_id, name, data)
            except RecordDamaged:
                if self._keys.current(vault_id, key):
                    raise
        raise VaultUnavailable("the vault's key changes while it is read", "try again in a moment")

    def write(
        self,
        name: str,
        kind: str,
        payload: bytes | bytearray,
        *,
        issued: float,
        expires: float | None,
        facts: Mapping[str, str | int | float] | None = None,
    ) -> None:
        """Store a record in place of the one of that name, in one step that survives a crash.

        ``issued`` and ``expires`` are seconds since the epoch, UTC; None: it never expires. ``facts`` are not
        secret and are readable without the key. Raises VaultUnavailable, with the old record as it was;
        ValueError for what no record can hold. May block on the keyring.
        """
        for _ in range(3):
            vault_id, key = self._keys.get()
            sealed = record.seal(key, vault_id, name, kind, payload, issued=issued, expires=expires, facts=facts or {})
            with self._keys.shared():
                if self._keys.current(vault_id, key):
                    del payload
                    self._folder.write(record.file_name(name), sealed)
                    return
        raise VaultUnavailable("the vault's key changed while a record was written", "try again in a moment")

    def remove(self, name: str) -> bool:
        """Remove a record for good; tell whether there was one. Needs no key. Raises VaultUnavailable."""
        return self._folder.remove(record.file_name(name))

    def headers(self, kind: str | None = None) -> tuple[Header, ...]:
        """Return the headers of all good records, or those of one kind, by name. Needs no key; does not block.

        What is damaged, or of another vault, is left out and reported by :meth:`damaged`. A header is proved only when
        its record is read. Raises VaultUnavailable where the folder can't be read or trusted.
        """
        return tuple(header for header, _ in self._listing() if header and kind in (None, header.kind))

    def header(self, name: str) -> Header | None:
        """Return what one record says without the key; None where there is none. Does not block.

        Raises RecordDamaged where its file is no good record of that name, VaultUnavailable where it can't be read.
        """
        return _header(self._folder, record.file_name(name), self._keys.vault_id())

    def damaged(self) -> tuple[Damaged, ...]:
        """Return the files that are no good records, as far as can be told without the key."""
        return tuple(bad for _, bad in self._listing() if bad)

    def lock(self, name: str, *, timeout: float, purpose: str) -> AbstractContextManager[None]:
        """Hold the lock called ``name`` against every other process and thread, with ``with``.

        ``timeout`` is in seconds; 0 tries once. ``purpose`` ("assuming payments/Deploy") is told to those who wait. It
        ends with its holder, by SIGKILL too, and is not reentrant. Raises LockTimeout, naming the holder, and
        VaultUnavailable where locks can't be made.
        """
        file = record.file_name(name).removesuffix(record.SUFFIX) + locks.SUFFIX
        return locks.hold(self._locks, file, timeout=timeout, purpose=purpose)

    def set_aside(self, name: str) -> bool:
        """Take a record away so that it can be brought back for half a minute; tell whether there was one.

        Needs no key; waits for a sweep that is under way, which would take it for an older one of that name. Raises
        VaultUnavailable.
        """
        file = record.file_name(name)
        if self._folder.status(file) is None:
            return False
        with self._keys.shared(_MOVE_SECONDS):
            return self._folder.move(file, self._trash, at=self._clock())

    def bring_back(self, name: str) -> bool:
        """Bring back what was set aside; False where it is too late, or where there is a newer record by now."""
        file = record.file_name(name)
        with self._keys.exclusive("bringing a record back", _MOVE_SECONDS):
            at = self._trash.changed(file)
            if at is None or not self._fresh(at, self._clock()) or self._folder.status(file) is not None:
                return False
            return self._trash.move(file, self._folder)

    def set_aside_headers(self) -> tuple[SetAside, ...]:
        """Return what was set aside within the last hour, latest first. Needs no key; does not block."""
        now, vault_id = self._clock(), self._keys.vault_id()
        found: list[SetAside] = []
        for file in self._trash.names(record.SUFFIX) + self._trash.names(_GONE):
            header, _ = _look(self._trash, file, vault_id)
            at = self._trash.changed(file)
            if header is not None and at is not None and abs(now - at) <= ENDED_SECONDS:
                found.append(SetAside(header, at, file.endswith(record.SUFFIX) and self._fresh(at, now)))
        return tuple(sorted(found, key=lambda one: one.at, reverse=True))

    def sweep(self, now: float) -> int:
        """Clear away what is over at ``now`` (AWS's time, epoch seconds); return how many records were removed.

        Expired records go an hour after their end, and only once ``now`` has kept time with the steady clock for an
        hour: a clock set a year ahead loses nothing. What was set aside loses its payload after half a minute, by the
        clock that set it aside. Torn writes of ended processes and idle locks go too. Does nothing while anybody
        writes. Raises VaultUnavailable.
        """
        if not self._folder.exists():
            return 0
        try:
            with self._keys.exclusive("sweeping", timeout=0.0):
                for folder in (self._folder, self._trash):
                    folder.clear_torn()
                self._sweep_trash(self._clock())
                trusted = steady.trusted(self._folder, now, self._beat())
                removed = self._sweep_expired(now) if trusted else 0
        except locks.LockTimeout:
            return 0
        locks.sweep(self._locks, self._clock(), _LOCK_IDLE_SECONDS)
        return removed

    def forget_key(self) -> None:
        """Forget the vault's key here, in the kernel and in other processes, until its holder gives it again."""
        self._keys.forget()

    def unlock(self) -> None:
        """Get the key now, making it for a new vault. Raises VaultUnavailable. May block on keyring or person."""
        self._keys.get()

    def describe(self) -> tuple[tuple[str, str], ...]:
        """Return what there is to know of the vault, as pairs of name and words. Needs no key; does not block."""
        vault_id, memo = self._keys.vault_id(), self._keys.memo()
        shadow = "off"
        if self._shadow:
            there = vault_id is not None and kernel.get(vault_id) is not None
            shadow = ("holds the key" if there else "empty") if kernel.available() else "not available here"
        return (
            ("folder", self._folder.path),
            ("id", vault_id or "none yet"),
            ("holder", describe_holder(memo.detail) if memo else "not chosen yet"),
            ("kernel keyring", shadow),
            ("records", str(len(self.headers()))),
            ("set aside", str(len(self._trash.names(record.SUFFIX)))),
            ("damaged", str(len(self.damaged()))),
        )

    def _listing(self) -> list[tuple[Header | None, Damaged | None]]:
        vault_id = self._keys.vault_id()
        found = [_look(self._folder, file, vault_id) for file in self._folder.names(record.SUFFIX)]
        if not any(header for header, _ in found):
            self._keys.check_id()
        return found

    @staticmethod
    def _fresh(at: float, now: float) -> bool:
        return -2.0 <= now - at <= UNDO_SECONDS

    def _sweep_trash(self, now: float) -> None:
        for file in self._trash.names(record.SUFFIX):
            at = self._trash.changed(file)
            if at is None or self._fresh(at, now):
                continue
            content = self._trash.read(file, record.MAX_RECORD)
            try:
                head = record.tombstone(content or b"", file)
            except RecordDamaged:
                head = b""
            if head:
                stone = file.removesuffix(record.SUFFIX) + _GONE
                self._trash.write(stone, head)
                self._trash.touch(stone, at)
            self._trash.remove(file)
        for file in self._trash.names(_GONE):
            at = self._trash.changed(file)
            if at is not None and abs(now - at) > ENDED_SECONDS:
                self._trash.remove(file)

    def _sweep_expired(self, now: float) -> int:
        over = [one for one in self.headers() if one.expires is not None and now - one.expires > ENDED_SECONDS]
        return sum(self.remove(header.name) for header in over)


def _look(folder: Folder, file: str, vault_id: str | None) -> tuple[Header | None, Damaged | None]:
    """Return the header of one file, or what is wrong with it; neither where it went away meanwhile."""
    try:
        header = _header(folder, file, vault_id)
    except (RecordDamaged, VaultUnavailable) as error:
        return None, Damaged(file, error.message)
    return header, None


def _header(folder: Folder, file: str, vault_id: str | None) -> Header | None:
    """Return the header of one file, None where it is not there. Raises RecordDamaged, VaultUnavailable."""
    content = folder.read(file, record.MAX_RECORD)
    if content is None:
        return None
    gone = file.endswith(_GONE)
    header = record.parse_header(content, file.removesuffix(_GONE) + record.SUFFIX * gone, whole=not gone)
    if vault_id is not None and header.vault_id != vault_id:
        raise record.damaged(header.name, f"it belongs to the vault {header.vault_id}")
    _ = header.facts
    return header
