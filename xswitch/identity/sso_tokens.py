"""The tokens of IAM Identity Center, in the files that the AWS CLI and the SDKs share: a login there is one here.

``~/.aws/sso/cache/HASH.json``, where HASH is the SHA-1 of the ``sso_session``'s name, or of the start URL where there
is no name; the members are those that botocore writes (AWS SDKs and Tools Reference Guide, "IAM Identity Center
authentication"). Members that others put there stay.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from xswitch.aws.dates import of_loose_iso
from xswitch.catalog import ledger
from xswitch.errors import VaultUnavailable
from xswitch.files import clear_torn, make_private_folder, write_atomically
from xswitch.secret import Secret
from xswitch.text import clean, iso8601

if TYPE_CHECKING:
    from xswitch.catalog.model import Identity

FOLDER: Final = "sso"
"""What lies in the state folder about logins is in this one."""
_REFRESHING: Final = ("clientId", "clientSecret", "registrationExpiresAt", "refreshToken")
"""The members that a refresh needs: all of one login, or none."""


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

    def refreshable_at(self, now: float) -> bool:
        """Tell whether a refresh has all that it needs at ``now``: the client's registration ends too."""
        return self.refreshable and self.client_expires > now


def folder_in(environ: Mapping[str, str], state: Path) -> Path:
    """Return where the files are: the person's own cache, and in the practice organization one of its own."""
    if environ.get("XSWITCH_PRACTICE"):
        return state / FOLDER
    return Path(environ.get("HOME") or "~").expanduser() / ".aws" / "sso" / "cache"


def file_of(identity: Identity, folder: Path) -> Path:
    """Return the file of an identity's tokens."""
    name = identity.sso_session or identity.start_url
    return folder / f"{sha1(name.encode('utf-8', 'surrogatepass'), usedforsecurity=False).hexdigest()}.json"


def read(identity: Identity, folder: Path) -> Token | None:
    """Return an identity's token, expired or not; None where there is none that can be read. Never raises."""
    data = data_of(file_of(identity, folder))
    access, expires = data.get("accessToken"), epoch(data.get("expiresAt"))
    if not isinstance(access, str) or not access or expires is None or not _own(identity, data):
        return None
    refresh, secret, client = (data.get(name) for name in ("refreshToken", "clientSecret", "clientId"))
    return Token(
        access=Secret(access),
        expires=expires,
        refresh=Secret(refresh) if isinstance(refresh, str) and refresh else None,
        client_id=client if isinstance(client, str) else "",
        client_secret=Secret(secret) if isinstance(secret, str) and secret else None,
        client_expires=epoch(data.get("registrationExpiresAt")) or 0.0,
    )


def write(identity: Identity, folder: Path, token: Token) -> None:
    """Replace an identity's token in one step, 0600, and clear away what killed writers left. Its lock is held.

    Raises VaultUnavailable; then the old one is as it was.
    """
    file = file_of(identity, folder)
    before = data_of(file)
    data = {name: value for name, value in before.items() if name not in _REFRESHING and _own(identity, before)}
    data |= {
        "startUrl": identity.start_url,
        "region": identity.sso_region,
        "accessToken": token.access.reveal(),
        "expiresAt": iso8601(token.expires),
    }
    if token.refresh is not None and token.client_secret is not None:
        data |= {
            "clientId": token.client_id,
            "clientSecret": token.client_secret.reveal(),
            "registrationExpiresAt": iso8601(token.client_expires),
            "refreshToken": token.refresh.reveal(),
        }
    try:
        put(file, data)
        clear_torn(file)
    except OSError as error:
        raise _unkept(folder, error) from None


def make_ready(folder: Path) -> None:
    """See to it that a login can be kept, before a person is asked for one. Raises VaultUnavailable."""
    try:
        make_private_folder(folder)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise _unkept(folder, error) from None


def forget(identity: Identity, folder: Path) -> bool:
    """Remove an identity's token; tell whether there was a file of its own. Raises VaultUnavailable.

    Its lock is held. A file of that name that holds the login of another start URL stays.
    """
    file = file_of(identity, folder)
    if not _own(identity, data_of(file)):
        return False
    try:
        clear_torn(file)
        os.unlink(file)  # noqa: PTH108 - its answer is the exception
    except FileNotFoundError:
        return False
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise VaultUnavailable(f"the login can't be removed: {reason}", f"remove {clean(str(file))}") from None
    return True


def put(file: Path, data: Mapping[str, Any]) -> None:
    """Replace one file of the folder in one step, 0600. Raises OSError."""
    make_private_folder(file.parent)
    write_atomically(file, json.dumps(data).encode())


def data_of(file: Path) -> dict[str, Any]:
    """Return the members of one file of the folder; none where it can't be read or is no such file."""
    try:
        found = ledger.read(file)
    except (OSError, ledger.NotALedger):
        return {}
    return found if isinstance(found, dict) else {}


def epoch(text: object) -> float | None:
    """Return a time as epoch seconds: ISO 8601 with ``Z`` or, as older AWS CLIs wrote it, ``UTC``."""
    if not isinstance(text, str):
        return None
    try:
        return of_loose_iso(text.removesuffix("UTC").removesuffix("Z"))
    except (ValueError, OverflowError):
        return None


def _unkept(folder: Path, error: OSError) -> VaultUnavailable:
    reason = (error.strerror or type(error).__name__).lower()
    hint = "make the folder yours and writable, then sign in again"
    return VaultUnavailable(f"the login can't be kept in {clean(str(folder))}: {reason}", hint)


def _own(identity: Identity, data: Mapping[str, Any]) -> bool:
    """Tell whether a file's members are of the identity's own portal, or say nothing of one."""
    url = data.get("startUrl")
    return url is None or (isinstance(url, str) and url.rstrip("/#") == identity.start_url.rstrip("/#"))
