"""The access token of an identity of IAM Identity Center: the shared one while it lives, refreshed when it must be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xswitch.errors import PersonNeeded
from xswitch.identity import sso_tokens
from xswitch.text import clean

if TYPE_CHECKING:
    from xswitch.catalog.model import Identity
    from xswitch.identity.sso_tokens import Token

EARLY: Final = 300.0
"""Seconds before its end from which a token is refreshed, where it can be. botocore begins at fifteen minutes."""


def token_of(identity: Identity, environ: Mapping[str, str], state: Path, now: float) -> Token:
    """Return a token that is good now. ``now`` is AWS's time in epoch seconds; may block on the network.

    Raises PersonNeeded where a person has to sign in, Unreachable, Denied, VaultUnavailable.
    """
    from xswitch.identity import sso_login

    folder = sso_tokens.folder_in(environ, state)
    token = sso_tokens.read(identity, folder)
    if token is not None and token.expires - now > EARLY:
        return token
    if token is not None and token.refreshable:
        fresh = sso_login.refreshed(identity, environ, token, now)
        if fresh is not None:
            sso_tokens.write(identity, folder, fresh)
            return fresh
    if token is not None and token.expires > now:
        return token
    name = clean(identity.name)
    raise PersonNeeded(f"nobody is signed in to {name}", f"xswitch identity login {name}")
