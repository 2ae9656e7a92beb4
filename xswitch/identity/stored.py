"""An IAM user's access key in the vault. Its fingerprint and age can be read without the vault's key."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from xswitch.credentials import Credentials, key_fingerprint
from xswitch.errors import RecordDamaged, Usage
from xswitch.secret import Secret

if TYPE_CHECKING:
    from xswitch.vault import Vault

KIND: Final = "identity"
OLD: Final = 90
"""Days: past this age AWS's own checks ask for another key (IAM User Guide, rotating access keys)."""
_KEY_ID: Final = re.compile(r"A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{12,124}", re.ASCII)
_SECRET: Final = re.compile(r"[A-Za-z0-9/+=]{16,128}", re.ASCII)


def check(access_key_id: str, secret: Secret) -> Credentials:
    """Return a key as credentials. Raises Usage where it can't be one (IAM API reference, AccessKey)."""
    if access_key_id.startswith("ASIA"):
        raise Usage("that is a temporary key, which ends by itself", "give the access key of an IAM user: AKIA…")
    if _KEY_ID.fullmatch(access_key_id) is None:
        raise Usage("that is no access key id", "it has 16 to 128 capital letters and digits and begins with AKIA")
    if _SECRET.fullmatch(secret.reveal()) is None:
        raise Usage("that is no secret access key", "it has 40 letters, digits, / and +; nothing was stored")
    return Credentials(access_key_id, secret)


def keep(vault: Vault, identity: str, credentials: Credentials, now: float, created: float | None = None) -> None:
    """Put an access key into the vault in place of what was there. Raises VaultUnavailable.

    ``created`` is when IAM made it, in epoch seconds, where that is known.
    """
    payload = json.dumps([credentials.access_key_id, credentials.secret_access_key.reveal()]).encode()
    facts: dict[str, str | float] = {
        "identity": identity,
        "fingerprint": key_fingerprint(credentials.access_key_id),
    }
    if created is not None:
        facts["created"] = created
    vault.write(record_name(identity), KIND, payload, issued=now, expires=None, facts=facts)


def read(vault: Vault, identity: str) -> Credentials | None:
    """Return the access key of an identity, or None where the vault has none. Raises VaultUnavailable."""
    record = vault.read(record_name(identity))
    if record is None:
        return None
    access_key_id, secret = json.loads(record.payload)
    return Credentials(access_key_id, Secret(secret))


def fingerprint(vault: Vault, identity: str) -> str:
    """Return the fingerprint of an identity's access key, "" where there is none. Needs no key."""
    try:
        header = vault.header(record_name(identity))
        return "" if header is None else str(header.facts.get("fingerprint", ""))
    except RecordDamaged:
        return ""


def since(vault: Vault, identity: str) -> tuple[float, bool] | None:
    """Return since when the key is known to be there (epoch seconds), None where there is none. Needs no key.

    True with it where IAM said when it made the key; False where it is when the key was put into the vault, which the
    key may be older than.
    """
    try:
        header = vault.header(record_name(identity))
    except RecordDamaged:
        return None
    if header is None:
        return None
    created = header.facts.get("created")
    return (header.issued, False) if not isinstance(created, int | float) else (float(created), True)


def forget(vault: Vault, identity: str) -> bool:
    """Remove the key of an identity; tell whether there was one. Raises VaultUnavailable."""
    return vault.remove(record_name(identity))


def record_name(identity: str) -> str:
    """Return the name of the record of an identity's access key."""
    return f"identity/{identity}"
