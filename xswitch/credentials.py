"""Credentials of AWS, long-lived or temporary, as they pass between rooms."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from xswitch.secret import Secret


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key and what goes with it.

    ``expires`` is in seconds since the epoch, UTC; None means that the key does not expire (an IAM user's own key).
    """

    access_key_id: str
    secret_access_key: Secret
    session_token: Secret | None = None
    expires: float | None = None

    @property
    def temporary(self) -> bool:
        """Tell whether a session token goes with them."""
        return self.session_token is not None


def key_fingerprint(access_key_id: str) -> str:
    """Return what stands for an access key where the key itself has no business: 32 hexadecimal digits.

    An access key id holds enough randomness that it can't be found again from this.
    """
    return sha256(b"xswitch access key\0" + access_key_id.encode()).hexdigest()[:32]
