"""A rotation of an access key that is under way, in the vault: whoever is stopped in the middle can go on from it.

It is written before IAM is asked for a key, which shows that the vault can be written; again with that key, before
anything else is done with it; and it is removed once the old key is deactivated.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from xswitch.credentials import Credentials
from xswitch.errors import RecordDamaged
from xswitch.secret import Secret

if TYPE_CHECKING:
    from xswitch.vault import Vault

KIND: Final = "rotation"


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The id of the key that is to go, and the key that takes its place once there is one.

    ``created`` is when IAM made that, in epoch seconds.
    """

    old_id: str
    key: Credentials | None = None
    created: float | None = None


def note(vault: Vault, identity: str, rotation: Unfinished, now: float) -> None:
    """Write down how far a rotation is. Raises VaultUnavailable."""
    key = rotation.key
    said = [key.access_key_id, key.secret_access_key.reveal()] if key else ["", ""]
    payload = json.dumps([rotation.old_id, rotation.created, *said]).encode()
    vault.write(_record(identity), KIND, payload, issued=now, expires=None, facts={"identity": identity})


def read(vault: Vault, identity: str) -> Unfinished | None:
    """Return the rotation that is under way, or None. One whose record is damaged is none. Raises VaultUnavailable."""
    try:
        record = vault.read(_record(identity))
    except RecordDamaged:
        return None
    if record is None:
        return None
    old_id, created, key_id, secret = json.loads(record.payload)
    return Unfinished(old_id, Credentials(key_id, Secret(secret)) if key_id else None, created)


def forget(vault: Vault, identity: str) -> None:
    """Say that nothing is under way. Raises VaultUnavailable."""
    vault.remove(_record(identity))


def _record(identity: str) -> str:
    return f"rotation/{identity}"
