"""External ids that are kept in the vault.

Each has a version that changes with its value and can be read without the key: it stands for the value in the names of
sessions' records, so that a new external id never serves a session of the old one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Final

from xswitch.catalog.model import VaultRef
from xswitch.errors import InvalidConfig, Problem, RecordDamaged, Usage
from xswitch.secret import Secret
from xswitch.session.store import RecordStore
from xswitch.text import clean

KIND: Final = "external-id"
_ALLOWED: Final = re.compile(r"[A-Za-z0-9_+=,.@:/-]{2,1224}", re.ASCII)


def keep_external_id(store: RecordStore, ref: VaultRef, value: Secret, now: float) -> None:
    """Put a value into the vault. Raises Usage where AWS would refuse it (STS API reference, ExternalId)."""
    if _ALLOWED.fullmatch(value.reveal()) is None:
        raise Usage("that is no external id that AWS accepts", "2 to 1224 of A-Z a-z 0-9 _ + = , . @ : / -")
    facts = {"version": os.urandom(16).hex(), "source": ref.source, "name": ref.name}
    store.write(record_name(ref), KIND, value.reveal().encode(), issued=now, expires=None, facts=facts)


def external_id(store: RecordStore, ref: VaultRef, *, wanted_by: str, origin: str = "") -> Secret:
    """Return a value from the vault. Raises InvalidConfig where there is none, VaultUnavailable."""
    record = store.read(record_name(ref))
    if record is None:
        message = f"the vault holds no external id {clean(ref.name)} for {clean(wanted_by)}"
        of = f" --source {clean(ref.source)}" if ref.source else ""
        hint = f"ask the owner of the role for it, then: xswitch identity external-id {clean(ref.name)}{of}"
        raise InvalidConfig((Problem(clean(origin) or "the catalog", None, "external_id", message, hint),))
    return Secret(record.payload.decode())


def forget_external_id(store: RecordStore, ref: VaultRef) -> bool:
    """Remove a value; tell whether there was one. Raises VaultUnavailable."""
    return store.remove(record_name(ref))


def versions(store: RecordStore) -> Callable[[VaultRef], str]:
    """Return what tells the versions of values in the vault: "" for one that is not there."""

    def version_of(ref: VaultRef) -> str:
        try:
            header = store.header(record_name(ref))
            return "" if header is None else str(header.facts.get("version", ""))
        except RecordDamaged:
            return ""

    return version_of


def record_name(ref: VaultRef) -> str:
    """Return the record's name; the length of the source keeps names with slashes of two sources apart."""
    return f"external/{len(ref.source)}:{ref.source}/{ref.name}"
