"""The tokens of IAM Identity Center, in the files that the AWS CLI and the SDKs share: a login there is one here.

``~/.aws/sso/cache/HASH.json``, where HASH is the SHA-1 of the ``sso_session``'s name, or of the start URL where there
is no name; the members are those that botocore writes (AWS SDKs and Tools Reference Guide, "IAM Identity Center
authentication"). Members that others put there stay.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xswitch.errors import VaultUnavailable
from xswitch.files import make_private_folder, write_atomically
from xswitch.secret import Secret
from xswitch.text import clean, iso8601

if TYPE_CHECKING:
    from xswitch.catalog.model import Identity


@dataclass(frozen=True, slots=True)
class Token:
    """A sign-in. Times are epoch seconds, UTC. Without ``refresh`` and a client it ends with ``expires``."""

    access: Secret
    expires: float
    refresh: Secret | None = None
    client_id: str = ""
    client_secret: Secret | None = None
    client_expires: float = 0.0

    @property
    def refreshable(self) -> bool:
        """Tell whether it has all that a refresh needs; whether that still holds is for the service to say."""
        return self.refresh is not None and bool(self.client_id) and self.client_secret is not None


def folder_in(environ: Mapping[str, str], state: Path) -> Path:
    """Return where the files are: the person's own cache, and in the practice organization one of its own."""
    if environ.get("XSWITCH_PRACTICE"):
        return state / "sso"
    return Path(environ.get("HOME") or "~").expanduser() / ".aws" / "sso" / "cache"


def file_of(identity: Identity, folder: Path) -> Path:
    """Return the file of an identity's tokens."""
    name = identity.sso_session or identity.start_url
    return folder / f"{sha1(name.encode('utf-8', 'surrogatepass'), usedforsecurity=False).hexdigest()}.json"


def read(identity: Identity, folder: Path) -> Token | None:
    """Return an identity's token, expired or not; None where there is none that can be read. Never raises."""
    data = _data(file_of(identity, folder))
    access, expires = data.get("accessToken"), _epoch(data.get("expiresAt"))
    if not isinstance(access, str) or not access or expires is None:
        return None
    if data.get("startUrl") not in (None, identity.start_url):
        return None  # another login of that name: its tokens are for another portal
    refresh, secret = data.get("refreshToken"), data.get("clientSecret")
    return Token(
        access=Secret(access),
        expires=expires,
        refresh=Secret(refresh) if isinstance(refresh, str) and refresh else None,
        client_id=str(data.get("clientId") or ""),
        client_secret=Secret(secret) if isinstance(secret, str) and secret else None,
        client_expires=_epoch(data.get("registrationExpiresAt")) or 0.0,
    )


def write(identity: Identity, folder: Path, token: Token) -> None:
    """Replace an identity's token in one step, 0600. Raises VaultUnavailable; then the old one is as it was."""
    file = file_of(identity, folder)
    data = _data(file) | {
        "startUrl": identity.start_url,
        "region": identity.sso_region,
        "accessToken": token.access.reveal(),
        "expiresAt": iso8601(token.expires),
    }
    data.pop("refreshToken", None)
    if token.refresh is not None and token.client_secret is not None:
        data |= {
            "clientId": token.client_id,
            "clientSecret": token.client_secret.reveal(),
            "registrationExpiresAt": iso8601(token.client_expires),
            "refreshToken": token.refresh.reveal(),
        }
    try:
        make_private_folder(file.parent)
        write_atomically(file, json.dumps(data).encode())
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise VaultUnavailable(f"the login can't be kept in {clean(str(file.parent))}: {reason}") from None


def forget(identity: Identity, folder: Path) -> bool:
    """Remove an identity's token; tell whether there was one. Raises VaultUnavailable."""
    try:
        os.unlink(file_of(identity, folder))  # noqa: PTH108 - its answer is the exception
    except FileNotFoundError:
        return False
    except OSError as error:
        raise VaultUnavailable(f"the login can't be removed: {(error.strerror or '').lower()}") from None
    return True


def _data(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _epoch(text: object) -> float | None:
    """Return a time as epoch seconds: ISO 8601 with ``Z`` or, as older AWS CLIs wrote it, ``UTC``."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text.removesuffix("UTC").removesuffix("Z"))
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
