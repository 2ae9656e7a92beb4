"""Signing in to IAM Identity Center: PKCE with a redirect to this machine, or a code typed on any device.

RFC 7636 (PKCE), 8252 (native apps, loopback redirects) and 8628 (device authorization), by the actions of the "IAM
Identity Center OIDC API": RegisterClient, StartDeviceAuthorization, CreateToken.
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from xswitch.aws import boto
from xswitch.aws.patience import Failed, Throttled
from xswitch.errors import Cancelled, Denied, PersonNeeded, Unreachable
from xswitch.identity.redirect import Redirect
from xswitch.identity.sso_tokens import Token
from xswitch.secret import Secret
from xswitch.text import clean

if TYPE_CHECKING:
    from xswitch.catalog.model import Identity

SCOPE: Final = "sso:account:access"
CODE: Final = "authorization_code"
DEVICE: Final = "urn:ietf:params:oauth:grant-type:device_code"
REFRESH: Final = "refresh_token"
REDIRECT: Final = "http://127.0.0.1/oauth/callback"
"""The redirect that is registered: AWS lets its port be any (RFC 8252, 7.3)."""
LONGEST: Final = 600.0
"""Seconds that a person has to sign in."""
_SLOWER: Final = 5.0
_TRIES: Final = 4


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person needs to sign in: the address to open, and the code to compare ("" where there is none)."""

    address: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """How a login is made. ``show`` tells the person; ``browse`` opens a browser and says whether it could.

    ``sleep`` waits for seconds; ``now`` gives AWS's time in epoch seconds.
    """

    show: Callable[[Shown], None]
    browse: Callable[[str], bool]
    device: bool
    now: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep


def sign_in(identity: Identity, environ: Mapping[str, str], way: Way) -> Token:
    """Sign in and return the tokens. Blocks until the person has. Raises PersonNeeded, Denied, Unreachable."""
    client = boto.client("sso-oidc", environ, region=identity.sso_region)
    call = boto.caller(client, f"the login of {clean(identity.name)}")
    grants = [DEVICE if way.device else CODE, REFRESH]
    registered = _tried(
        lambda: call(
            "RegisterClient",
            clientName="xswitch",
            clientType="public",
            scopes=[SCOPE],
            grantTypes=grants,
            redirectUris=[REDIRECT],
            issuerUrl=identity.start_url,
        ),
        way.sleep,
    )
    known = {name: str(registered[name]) for name in ("clientId", "clientSecret")}
    ends = float(registered.get("clientSecretExpiresAt", 0))
    if way.device:
        answer = _by_device(identity, call, known, way)
    else:
        answer = _by_code(identity, str(client.meta.endpoint_url), call, known, way)
    return _token(answer, known, ends, way.now())


def refreshed(identity: Identity, environ: Mapping[str, str], token: Token, now: float) -> Token | None:
    """Return what a refresh makes of a token, or None where the service takes its refresh token no more.

    Raises Unreachable, Denied.
    """
    if token.refresh is None or token.client_secret is None or token.client_expires <= now:
        return None
    client = boto.client("sso-oidc", environ, region=identity.sso_region)
    call = boto.caller(client, f"the login of {clean(identity.name)}")
    known = {"clientId": token.client_id, "clientSecret": token.client_secret.reveal()}
    refresh = token.refresh.reveal()
    try:
        answer = _tried(lambda: call("CreateToken", **known, grantType=REFRESH, refreshToken=refresh), time.sleep)
    except Denied as denied:
        if denied.aws_code in ("InvalidGrantException", "ExpiredTokenException", "InvalidClientException"):
            return None
        raise
    return _token({"refreshToken": refresh, **answer}, known, token.client_expires, now)


def _by_code(identity: Identity, endpoint: str, call: Any, known: Mapping[str, str], way: Way) -> Mapping[str, Any]:
    """Let the browser bring a code to this machine, and trade it for tokens with the proof that it was ours."""
    verifier, state = secrets.token_urlsafe(64), secrets.token_urlsafe(32)
    challenge = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    with Redirect(state) as redirect:
        asked = {
            "response_type": "code",
            "client_id": known["clientId"],
            "redirect_uri": redirect.uri,
            "state": state,
            "code_challenge_method": "S256",
            "code_challenge": challenge,
            "scopes": SCOPE,
        }
        address = f"{endpoint.rstrip('/')}/authorize?{urlencode(asked)}"
        way.show(Shown(address))
        way.browse(address)
        code = redirect.wait(LONGEST)
        uri = redirect.uri
    if code is None:
        raise PersonNeeded(f"nobody signed in to {clean(identity.name)} within 10 minutes", _again(identity))
    return _tried(
        lambda: call(
            "CreateToken", **known, grantType=CODE, code=code.reveal(), redirectUri=uri, codeVerifier=verifier
        ),
        way.sleep,
    )


def _by_device(identity: Identity, call: Any, known: Mapping[str, str], way: Way) -> Mapping[str, Any]:
    """Show a code, and ask for the tokens until the person has typed it elsewhere."""
    asked = _tried(lambda: call("StartDeviceAuthorization", **known, startUrl=identity.start_url), way.sleep)
    address = str(asked.get("verificationUriComplete") or asked["verificationUri"])
    way.show(Shown(address, str(asked["userCode"])))
    way.browse(address)
    interval = float(asked.get("interval") or _SLOWER)
    end = way.now() + min(LONGEST, float(asked.get("expiresIn") or LONGEST))
    failures = 0
    while way.now() < end:
        way.sleep(interval)
        try:
            answer: Mapping[str, Any] = call(
                "CreateToken", **known, grantType=DEVICE, deviceCode=str(asked["deviceCode"])
            )
        except Throttled:
            interval += _SLOWER
        except Failed as failed:
            failures += 1
            if failures == _TRIES:
                raise Unreachable(f"AWS can't be asked for the login: {failed.why}", "check the network") from None
        except Denied as denied:
            if denied.aws_code == "ExpiredTokenException":
                break
            if denied.aws_code == "AccessDeniedException":
                raise Cancelled(f"the login of {clean(identity.name)} was declined in the browser") from None
            if denied.aws_code != "AuthorizationPendingException":
                raise
        else:
            return answer
    raise PersonNeeded(f"nobody signed in to {clean(identity.name)} in time", _again(identity))


def _tried(work: Callable[[], Mapping[str, Any]], sleep: Callable[[float], None]) -> Mapping[str, Any]:
    """Make a call again, a few times, where it may work in a moment."""
    for attempt in range(_TRIES):
        try:
            return work()
        except Throttled as busy:
            problem = "AWS kept throttling the login"
            sleep(busy.after or 0.5 * 2**attempt)
        except Failed as failed:
            problem = f"AWS failed the login: {failed.why}"
            sleep(0.2 * 2**attempt)
    raise Unreachable(problem, "check the network, then try again")


def _token(answer: Mapping[str, Any], known: Mapping[str, str], client_expires: float, now: float) -> Token:
    try:
        access, lasts = str(answer["accessToken"]), float(answer["expiresIn"])
    except (KeyError, TypeError, ValueError):
        raise Unreachable("what answered the login is not AWS", "check the network and AWS_ENDPOINT_URL") from None
    refresh = answer.get("refreshToken")
    return Token(
        access=Secret(access),
        expires=now + lasts,
        refresh=Secret(str(refresh)) if refresh else None,
        client_id=known["clientId"],
        client_secret=Secret(known["clientSecret"]),
        client_expires=client_expires,
    )


def _again(identity: Identity) -> str:
    return f"xswitch identity login {clean(identity.name)}, with --device where there is no browser"
