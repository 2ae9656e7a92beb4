"""Which sign-in of IAM Identity Center the tokens are of: what one person opened is not served to who signs in next.

The portal tells nobody who a token is of, and tokens come and go with their refreshes. So each sign-in made here gets a
number drawn at random, which counts as the caller's. It lies beside the lock in ``state/sso`` and is no secret. A
sign-in made by another tool, such as ``aws sso login``, looks like a refresh by it, and keeps the number.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from xswitch.errors import VaultUnavailable
from xswitch.identity import sso_tokens
from xswitch.vault.folder import Folder

if TYPE_CHECKING:
    from xswitch.catalog.model import Identity


def name_of(identity: Identity) -> str:
    """Return what the files of an identity's login are called, without their endings."""
    return sso_tokens.file_of(identity, Path()).stem


def file_of(identity: Identity, state: Path) -> Path:
    """Return where the number of an identity's sign-in lies, in the state folder."""
    return state / sso_tokens.FOLDER / f"{name_of(identity)}.sign-in"


def current(identity: Identity, state: Path) -> str:
    """Return the number of the present sign-in, "" where none was made here. Does not raise."""
    file = file_of(identity, state)
    try:
        return (Folder(str(file.parent)).read(file.name) or b"").hex()
    except VaultUnavailable:
        return ""


def begin(identity: Identity, state: Path) -> None:
    """Draw the number of a new sign-in. Raises VaultUnavailable."""
    file = file_of(identity, state)
    Folder(str(file.parent)).write(file.name, os.urandom(16))
