"""The credentials of an identity. What one kind lacks is never taken from another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from xswitch.credentials import Credentials, key_fingerprint
from xswitch.errors import PersonNeeded, Unreachable, Usage
from xswitch.identity import stored
from xswitch.secret import Secret
from xswitch.text import clean

if TYPE_CHECKING:
    from xswitch.catalog.model import Identity
    from xswitch.vault import Vault


def fingerprint_of(identity: Identity, vault: Vault, environ: Mapping[str, str]) -> str:
    """Return the fingerprint of an identity's credentials, as far as it can be had at once and without the key.

    Inside a switched shell the environment's keys are the session's own, so there it is "".
    """
    if identity.kind == "keys":
        return stored.fingerprint(vault, identity.name)
    if identity.kind == "environment" and not environ.get("XSWITCH_TARGET"):
        key = environ.get("AWS_ACCESS_KEY_ID", "")
        return key_fingerprint(key) if key else ""
    return ""


def credentials_of(identity: Identity, vault: Vault, environ: Mapping[str, str]) -> Credentials:
    """Return the credentials of an identity. May block on the vault's key, a profile's helper or the network.

    Raises PersonNeeded where a person has to provide them first, VaultUnavailable, Unreachable, Usage.
    """
    if identity.kind == "keys":
        found = stored.read(vault, identity.name)
        if found is None:
            raise PersonNeeded(
                f"the vault holds no access key for the identity {clean(identity.name)}",
                f"xswitch identity add {clean(identity.name)}",
            )
        return found
    if identity.kind == "environment":
        return _from_environment(identity, environ)
    if identity.kind == "profile":
        return _from_profile(identity)
    raise Usage(f"{clean(identity.name)} is an identity of kind {identity.kind}, which this version can't open yet")


def _from_environment(identity: Identity, environ: Mapping[str, str]) -> Credentials:
    if environ.get("XSWITCH_TARGET"):
        raise PersonNeeded(
            f"this shell holds a session of {clean(environ['XSWITCH_TARGET'])}, not the keys of {clean(identity.name)}",
            "leave it with exit, then try again",
        )
    key, secret = environ.get("AWS_ACCESS_KEY_ID", ""), environ.get("AWS_SECRET_ACCESS_KEY", "")
    if not (key and secret):
        raise PersonNeeded(
            f"the environment holds no credentials for the identity {clean(identity.name)}",
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in with the tool that does",
        )
    token = environ.get("AWS_SESSION_TOKEN", "")
    return Credentials(key, Secret(secret), Secret(token) if token else None)


def _from_profile(identity: Identity) -> Credentials:
    """Read a profile as the AWS CLI would: its keys, its credential_process, its login or its role.

    Environment, container and instance credentials, which would come next in botocore's chain, are left out.
    """
    from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound
    from botocore.session import Session

    name = identity.profile or identity.name
    session = Session(profile=name)
    try:
        session.set_config_variable("region", session.get_config_variable("region") or identity.region or "us-east-1")
        resolver = session.get_component("credential_provider")
        for provider in list(resolver.providers):
            if provider.METHOD in ("env", "container-role", "iam-role", "boto-config"):
                resolver.remove(provider.METHOD)
            if provider.METHOD == "assume-role":
                provider._prompter = _refuse_to_ask
        found = session.get_credentials()
        frozen = None if found is None else found.get_frozen_credentials()
    except ProfileNotFound:
        raise Usage(
            f"the AWS profile {clean(name)} of the identity {clean(identity.name)} does not exist",
            "`aws configure list-profiles` shows those that do",
        ) from None
    except (BotoCoreError, ClientError) as error:
        raise Unreachable(
            f"the AWS profile {clean(name)} gives no credentials: {clean(str(error))[:200]}",
            f"`aws sts get-caller-identity --profile {clean(name)}` shows whether it works",
        ) from None
    if frozen is None or not frozen.access_key:
        raise PersonNeeded(
            f"the AWS profile {clean(name)} holds no credentials",
            f"aws login, or aws configure --profile {clean(name)}",
        )
    token = frozen.token
    return Credentials(frozen.access_key, Secret(frozen.secret_key), Secret(token) if token else None, _expiry(found))


def _expiry(found: Any) -> float | None:
    expiry = getattr(found, "_expiry_time", None)
    return None if expiry is None else float(expiry.timestamp())


def _refuse_to_ask(_: str) -> NoReturn:
    raise PersonNeeded(
        "the AWS profile wants an MFA code of its own", "let the profile hold the user's keys, and set mfa_serial here"
    )
