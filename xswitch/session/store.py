"""What sessions need of the vault, as a protocol: :class:`xswitch.vault.Vault` has it, and so has a test's double."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from xswitch.vault.record import Header, Record

Facts = Mapping[str, str | int | float]


class RecordStore(Protocol):
    """Encrypted records with plain headers, and locks between processes. Every method raises VaultUnavailable."""

    def unlock(self) -> None:
        """Get the key, making it where there is none, before anything is spent on what must then be kept."""

    def read(self, name: str) -> Record | None:
        """Return the record, opened, or None where there is none. Raises RecordDamaged."""

    def header(self, name: str) -> Header | None:
        """Return what the record says without the key, or None where there is none. Raises RecordDamaged."""

    def headers(self, kind: str | None = None) -> Iterable[Header]:
        """Return the headers of all records, or of one kind."""

    def write(
        self,
        name: str,
        kind: str,
        payload: bytes | bytearray,
        *,
        issued: float,
        expires: float | None,
        facts: Facts,
    ) -> None:
        """Replace the record in one step. Times are epoch seconds, UTC."""

    def remove(self, name: str) -> bool:
        """Remove the record; tell whether it was there."""

    def lock(self, name: str, *, timeout: float, purpose: str) -> AbstractContextManager[None]:
        """Hold the lock of that name between processes and threads. Raises LockTimeout after ``timeout`` seconds."""
