"""The credentials of an identity. What one kind lacks is never taken from another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NoReturn

from xswitch.awsfiles import aws_files
from xswitch.credentials import Credentials, key_fingerprint
from xswitch.errors import Denied, InvalidConfig, PersonNeeded, Problem, Unreachable, Usage
from xswitch.identity import sign_ins, stored
from xswitch.secret import Secret
from xswitch.text import clean
from xswitch.vault.record import file_name

if TYPE_CHECKING:
    from pathlib import Path

    from botocore.session import Session

    from xswitch.catalog.model import Identity
    from xswitch.vault import Vault

PROFILE_SECONDS: Final = 60.0
"""How long a profile may take: it may wait for a login helper."""
_OTHERS: Final = frozenset({"env", "container-role", "iam-role", "boto-config", "ec2-credentials-file"})
"""What botocore would fall back to where a profile gives nothing."""


def fingerprint_of(identity: Identity, vault: Vault, environ: Mapping[str, str], state: Path) -> str:
    """Return the fingerprint of an identity's credentials, as far as it can be had at once and without the key.

    ``state`` is the state folder: it has the number of a sign-in. One login is told from another by where it is made,
    under which name and by that number; its tokens come and go.
    Inside a switched shell the environment's keys are the session's own, so there it is "".
    """
    if identity.kind == "keys":
        return stored.fingerprint(vault, identity.name)
    if identity.kind == "environment" and not environ.get("XSWITCH_TARGET"):
        key = environ.get("AWS_ACCESS_KEY_ID", "")
        return key_fingerprint(key) if key else ""
    if identity.kind == "profile":
        return _profile_fingerprint(identity, environ)
    if identity.kind == "process":
        from xswitch.identity import process

        return process.fingerprint(identity)
    if identity.kind == "sso":
        return _login_fingerprint(identity, state)
    return ""


def basis_of(
    identity: Identity, vault: Vault, environ: Mapping[str, str], state: Path
) -> tuple[list[str], list[str]] | None:
    """Return the files and the variables that :func:`fingerprint_of` looks at, for who wants to know when it changes.

    None for an identity whose fingerprint is not to be remembered: the environment's keys come and go with each shell.
    """
    if identity.kind == "keys":
        return [f"{vault.folder}/{file_name(stored.record_name(identity.name))}"], []
    if identity.kind == "profile":
        return [str(path) for path in aws_files(environ)], ["HOME", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"]
    if identity.kind == "process":
        return [], []  # its text stands in the catalog
    if identity.kind == "sso":
        return [str(sign_ins.file_of(identity, state))], []
    return None


def credentials_of(
    identity: Identity,
    vault: Vault,
    environ: Mapping[str, str],
    *,
    now: float = 0.0,
    seconds: float = PROFILE_SECONDS,
) -> Credentials:
    """Return the credentials of an identity. May block on the vault's key, a profile's helper or the network.

    A profile or program has ``seconds`` to give its own, a program what is good at ``now`` (epoch seconds).

    Raises PersonNeeded where a person has to provide them first, VaultUnavailable, Denied, Unreachable, Usage.
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
        return _from_profile(identity, environ, seconds)
    if identity.kind == "process":
        from xswitch.identity import process

        return process.credentials(identity, environ, now, seconds=seconds)
    raise Usage(
        f"{clean(identity.name)} is a login of IAM Identity Center, which has no keys of its own",
        "go through one of its permission sets: --via TARGET",
    )


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


def _from_profile(identity: Identity, environ: Mapping[str, str], seconds: float) -> Credentials:
    """Read a profile as the AWS CLI would, in bounded time: its helper program has no time-out of its own."""
    import threading

    found: list[Credentials | BaseException] = []

    def read() -> None:
        try:
            found.append(_profile_credentials(identity, environ))
        except BaseException as error:  # handed to whoever waits
            found.append(error)

    name = clean(identity.profile or identity.name)
    thread = threading.Thread(target=read, name=f"profile {name}", daemon=True)
    thread.start()
    thread.join(seconds)
    if not found:
        raise Unreachable(f"the AWS profile {name} gave no credentials within {seconds:g}s", _try_it(name))
    if isinstance(found[0], BaseException):
        raise found[0]
    return found[0]


def _profile_credentials(identity: Identity, environ: Mapping[str, str]) -> Credentials:
    from botocore import exceptions

    name = identity.profile or identity.name
    shown = clean(name)
    try:
        session = _profile_session(name, identity.region, environ)
        _own_session_is_not_taken(session, shown, environ)
        found = session.get_credentials()
        frozen = None if found is None else found.get_frozen_credentials()
    except exceptions.ProfileNotFound:
        hint = "`aws configure list-profiles` shows those that do"
        raise Usage(f"the AWS profile {shown} of the identity {clean(identity.name)} does not exist", hint) from None
    except (exceptions.SSOError, exceptions.LoginError, exceptions.TokenRetrievalError):
        hint = f"`aws sso login --profile {shown}`, or `aws login --profile {shown}`"
        raise PersonNeeded(f"the AWS profile {shown} wants a login", hint) from None
    except (exceptions.CredentialRetrievalError, exceptions.PartialCredentialsError) as error:
        raise PersonNeeded(f"the AWS profile {shown} gives no credentials: {_said(error)}", _try_it(shown)) from None
    except (exceptions.ConfigParseError, exceptions.InvalidConfigError) as error:
        file = clean(str(aws_files(environ)[0]))
        raise InvalidConfig((Problem(file, None, shown, _said(error), _try_it(shown)),)) from None
    except exceptions.ClientError as error:
        code, said = (clean(str(error.response.get("Error", {}).get(key, ""))) for key in ("Code", "Message"))
        message = f"AWS denied the AWS profile {shown}: {said}"
        raise Denied(message, _try_it(shown), aws_code=code, aws_message=said, side="caller") from None
    except exceptions.BotoCoreError as error:
        raise Unreachable(f"the AWS profile {shown} gives no credentials: {_said(error)}", _try_it(shown)) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        # A helper program that is missing, or that prints nonsense, ends so in botocore.
        words = "its helper can't be run" if isinstance(error, OSError) else "what it gives makes no sense"
        raise PersonNeeded(f"the AWS profile {shown} gives no credentials: {words}", _try_it(shown)) from None
    if frozen is None or not frozen.access_key:
        hint = f"`aws login`, or `aws configure --profile {shown}`"
        raise PersonNeeded(f"the AWS profile {shown} holds no credentials", hint)
    token = frozen.token
    return Credentials(frozen.access_key, Secret(frozen.secret_key), Secret(token) if token else None, _expiry(found))


def _profile_session(name: str, region: str, environ: Mapping[str, str]) -> Session:
    """Return a botocore session that takes credentials from this profile alone.

    Environment, container and instance credentials, which would come next in botocore's chain, are left out.
    """
    from botocore.session import Session

    config, shared = (str(path) for path in aws_files(environ))
    session = Session(
        profile=name,
        session_vars={"config_file": (None, None, config, None), "credentials_file": (None, None, shared, None)},
    )
    session.set_config_variable("region", session.get_config_variable("region") or region or "us-east-1")
    resolver = session.get_component("credential_provider")
    for provider in list(resolver.providers):
        if provider.METHOD in _OTHERS:
            resolver.remove(provider.METHOD)
        if provider.METHOD == "assume-role":
            provider._prompter = _refuse_to_ask
    return session


def _own_session_is_not_taken(session: Session, shown: str, environ: Mapping[str, str]) -> None:
    """Refuse a profile that builds on the environment, where that holds a session of xswitch. Raises PersonNeeded."""
    source = session.get_scoped_config().get("credential_source")
    if environ.get("XSWITCH_TARGET") and source in ("Environment", "EcsContainer"):
        raise PersonNeeded(
            f"the AWS profile {shown} takes its keys from the environment, which holds a session of "
            f"{clean(environ['XSWITCH_TARGET'])}",
            "leave it with exit, then try again",
        )


def _profile_fingerprint(identity: Identity, environ: Mapping[str, str]) -> str:
    """Return what changes with the files that say what a profile is. Its keys may come and go meanwhile."""
    from hashlib import sha256

    said = sha256(b"xswitch profile\0" + (identity.profile or identity.name).encode("utf-8", "surrogatepass"))
    for path in aws_files(environ):
        try:
            said.update(b"\0" + sha256(path.read_bytes()).digest())
        except OSError:
            said.update(b"\0none")
    return said.hexdigest()[:32]


def _login_fingerprint(identity: Identity, state: Path) -> str:
    from hashlib import sha256

    number = sign_ins.current(identity, state)
    said = "\0".join((identity.start_url, identity.sso_region, identity.sso_session, number))
    return sha256(b"xswitch login\0" + said.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _said(error: Exception) -> str:
    return clean(str(error))[:200]


def _try_it(shown: str) -> str:
    return f"`aws sts get-caller-identity --profile {shown}` shows whether it works"


def _expiry(found: Any) -> float | None:
    expiry = getattr(found, "_expiry_time", None)
    return None if expiry is None else float(expiry.timestamp())


def _refuse_to_ask(_: str) -> NoReturn:
    raise PersonNeeded(
        "the AWS profile wants an MFA code of its own", "let the profile hold the user's keys, and set mfa_serial here"
    )
