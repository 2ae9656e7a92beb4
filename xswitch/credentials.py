"""Credentials of AWS, long-lived or temporary, as they pass between rooms."""

from __future__ import annotations

from dataclasses import dataclass

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
