"""The registration of xswitch with a sign-in service (RegisterClient), kept until shortly before it ends.

It lies beside the tokens, where the AWS CLI keeps its own. A client that is known is one that the person has allowed
before, so that a next login asks for less. It opens nothing by itself.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xswitch.identity import sso_tokens
from xswitch.secret import Secret
from xswitch.text import iso8601

if TYPE_CHECKING:
    from xswitch.catalog.model import Identity

NAME: Final = "xswitch"
_LEFT: Final = 7 * 86400.0
"""Seconds that a registration has to last still: a login can be refreshed only for as long as it does."""


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client. ``expires`` is in epoch seconds, UTC."""

    id: str
    secret: Secret
    expires: float


class Registrations:
    """The registration of one portal and one way to sign in, in the folder of the tokens. Nothing here raises."""

    def __init__(self, identity: Identity, folder: Path, scopes: Sequence[str], grants: Sequence[str]) -> None:
        key = {
            "tool": NAME,
            "startUrl": identity.start_url,
            "region": identity.sso_region,
            "scopes": list(scopes),
            "grantTypes": list(grants),
        }
        name = sha1(json.dumps(key, sort_keys=True).encode(), usedforsecurity=False).hexdigest()
        self._file = folder / f"{name}.json"

    def known(self, now: float) -> Client | None:
        """Return the registration that lasts long enough, or None."""
        data = sso_tokens.data_of(self._file)
        client, secret = data.get("clientId"), data.get("clientSecret")
        expires = sso_tokens.epoch(data.get("expiresAt"))
        if not (isinstance(client, str) and client and isinstance(secret, str) and secret) or expires is None:
            return None
        return Client(client, Secret(secret), expires) if expires - now > _LEFT else None

    def keep(self, client: Client) -> None:
        """Keep a registration; a failure costs the next login one more."""
        data = {"clientId": client.id, "clientSecret": client.secret.reveal(), "expiresAt": iso8601(client.expires)}
        with contextlib.suppress(OSError):
            sso_tokens.put(self._file, data)

    def forget(self) -> None:
        """Forget it, so that the next login registers anew."""
        with contextlib.suppress(OSError):
            self._file.unlink()
