"""Signing in to IAM Identity Center and out of it, for `identity login` and `identity logout`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xswitch.catalog import load_for_sync
from xswitch.errors import NoSuchTarget, Usage
from xswitch.identity.consent import Consents
from xswitch.text import clean

if TYPE_CHECKING:
    from xswitch.catalog import Identity
    from xswitch.engine.core import Engine
    from xswitch.identity.sso import SignedOut
    from xswitch.identity.sso_login import Way
    from xswitch.identity.sso_tokens import Token

_HINTS: Final = {
    "keys": "its access key is stored by `xswitch identity add {name}`",
    "profile": "`aws sso login --profile {profile}`, or `aws login --profile {profile}`, signs in to its profile",
    "process": "its program signs in by itself when it is run",
    "environment": "it is what the environment holds: log in with the tool that sets AWS_ACCESS_KEY_ID",
}


def identity_of(engine: Engine, name: str) -> Identity:
    """Return the identity that can be signed in to, of a catalog that may hold no account yet.

    Raises NoSuchTarget, Usage for one of another kind, InvalidConfig.
    """
    identities = load_for_sync(engine.paths).identities
    found = identities.get(name)
    shown = clean(name)
    if found is None:
        logins = ", ".join(clean(one.name) for one in identities.values() if one.kind == "sso")
        hint = f"those with a login: {logins}" if logins else f'add [identities.{shown}] with kind = "sso" first'
        raise NoSuchTarget(f"the catalog has no identity {shown}", hint)
    if found.kind != "sso":
        hint = _HINTS[found.kind].format(name=shown, profile=clean(found.profile or found.name))
        raise Usage(f"{shown} is of kind {found.kind}, which has no login of its own", hint)
    return found


def sign_in(engine: Engine, identity: Identity, way: Way) -> Token:
    """Sign in, and keep the tokens where the AWS CLI looks for them. Blocks until the person has.

    Raises PersonNeeded, Cancelled, Denied, Unreachable, VaultUnavailable, Usage.
    """
    from xswitch.identity import sso, sso_login, sso_tokens

    Consents(engine.paths.state).require(identity, "start_url")
    folder = sso_tokens.folder_in(engine.environ, engine.paths.state)
    sso_tokens.make_ready(folder)
    token = sso_login.sign_in(identity, engine.environ, folder, way)
    sso.keep(identity, engine.environ, engine.paths.state, token)
    return token


def sign_out(engine: Engine, identity: Identity) -> SignedOut:
    """End a login, here in any case. Blocks. Raises VaultUnavailable."""
    from xswitch.identity import sso

    return sso.sign_out(identity, engine.environ, engine.paths.state, engine.now())
