"""Signing in to IAM Identity Center: PKCE with a redirect to this machine, or a code typed on any device.

RFC 7636 (PKCE), 8252 (native apps, loopback redirects) and 8628 (device authorization), by the actions of the "IAM
Identity Center OIDC API": RegisterClient, StartDeviceAuthorization, CreateToken. What it gives is kept by
:mod:`~xswitch.identity.sso`.
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from xswitch.aws.patience import Failed, Throttled
from xswitch.errors import Cancelled, Denied, PersonNeeded, Unreachable
from xswitch.identity.redirect import Redirect
from xswitch.identity.sso_clients import NAME, Client, Registrations
from xswitch.identity.sso_service import REFRESH, Service, token_from
from xswitch.text import clean, say_duration

if TYPE_CHECKING:
    from xswitch.catalog.model import Identity
    from xswitch.identity.sso_tokens import Token

SCOPE: Final = "sso:account:access"
CODE: Final = "authorization_code"
DEVICE: Final = "urn:ietf:params:oauth:grant-type:device_code"
REDIRECT: Final = "http://127.0.0.1/oauth/callback"
"""The redirect that is registered: AWS lets its port be any (RFC 8252, 7.3)."""
LONGEST: Final = 600.0
"""Seconds that a person has to sign in."""
_STEP: Final = 5.0
"""Seconds between two questions where the service names none, and what "slow down" adds (RFC 8628, 3.5)."""
_LONGEST_STEP: Final = 60.0
_FAILURES: Final = 5
"""Questions in a row that may fail."""
_VOID: Final = frozenset({"InvalidClientException", "UnauthorizedClientException"})
_MISTAKEN: Final = frozenset({"InvalidRequestException", "InvalidRequestRegionException"})


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person needs to sign in: the address to open, and the code to compare ("" where there is none)."""

    address: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """How a login is made. ``show`` tells the person; ``browse`` opens the address in a browser, for a login by code.

    ``now`` gives AWS's time in epoch seconds; ``sleep`` waits for seconds; the person has ``longest`` seconds.
    """

    show: Callable[[Shown], None]
    browse: Callable[[str], object]
    device: bool
    now: Callable[[], float]
    sleep: Callable[[float], object] = time.sleep
    longest: float = LONGEST


def sign_in(identity: Identity, environ: Mapping[str, str], folder: Path, way: Way) -> Token:
    """Sign in and return the tokens; ``folder`` has the registrations. Blocks until the person has, or gives up.

    Raises PersonNeeded where nobody came in time, Cancelled where the person declined, Denied, Unreachable, Usage.
    """
    service = Service(identity, environ, way.sleep)
    grants = (DEVICE if way.device else CODE, REFRESH)
    registrations = Registrations(identity, folder, (SCOPE,), grants)
    try:
        client = registrations.known(way.now())
        made = _by_device if way.device else _by_code
        try:
            if client is not None:
                return made(identity, service, client, way)
        except Denied as denied:
            if denied.aws_code not in _VOID:
                raise
        client = _registered(identity, service, grants)
        registrations.keep(client)
        return made(identity, service, client, way)
    except BaseException as error:
        registrations.forget()  # a page that knows it no more is seen by the person alone
        if isinstance(error, Denied) and not error.hint:
            mistaken = f"check start_url and sso_region of [identities.{clean(identity.name)}] in the catalog"
            error.hint = mistaken if error.aws_code in _MISTAKEN else "try again; `xswitch doctor` checks this machine"
        raise


def _registered(identity: Identity, service: Service, grants: tuple[str, str]) -> Client:
    """Register this program with the sign-in service, as a public client."""
    redirects = {"redirectUris": [REDIRECT]} if CODE in grants else {}
    answer = service.call(
        "RegisterClient",
        clientName=NAME,
        clientType="public",
        scopes=[SCOPE],
        grantTypes=list(grants),
        issuerUrl=identity.start_url,
        **redirects,
    )
    return service.client_from(answer)


def _by_code(identity: Identity, service: Service, client: Client, way: Way) -> Token:
    """Let the browser bring a code to this machine, and trade it for tokens with the proof that it was ours."""
    verifier, state = secrets.token_urlsafe(64), secrets.token_urlsafe(32)
    challenge = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    with Redirect(state) as redirect:
        asked = {
            "response_type": "code",
            "client_id": client.id,
            "redirect_uri": redirect.uri,
            "state": state,
            "code_challenge_method": "S256",
            "code_challenge": challenge,
            "scopes": SCOPE,
        }
        address = f"{service.url}/authorize?{urlencode(asked)}"
        way.show(Shown(address))
        way.browse(address)
        code = redirect.wait(way.longest)
        uri = redirect.uri
    if code is None:
        raise _too_late(identity, way)
    answer = service.create_token(client, grantType=CODE, code=code.reveal(), redirectUri=uri, codeVerifier=verifier)
    return token_from(answer, client, way.now())


def _by_device(identity: Identity, service: Service, client: Client, way: Way) -> Token:
    """Show a code, and ask for the tokens until the person has typed it elsewhere."""
    asked = service.start_device(client, identity.start_url)
    way.show(Shown(asked.address, asked.user_code))
    step = min(max(asked.interval or _STEP, 1.0), _LONGEST_STEP)
    end = way.now() + min(way.longest, asked.lasts or way.longest)
    failures = 0
    while way.now() < end:
        way.sleep(step)
        answer: Mapping[str, Any] | None = None
        try:
            answer = service.create_token(client, tries=1, grantType=DEVICE, deviceCode=asked.code.reveal())
            failures = 0
        except Throttled:
            step, failures = min(step + _STEP, _LONGEST_STEP), 0
        except Failed as failed:
            failures += 1
            if failures == _FAILURES:
                raise Unreachable(f"AWS can't be asked for the login: {failed.why}", "check the network") from None
        except Denied as denied:
            failures = 0
            if denied.aws_code == "ExpiredTokenException":
                break
            if denied.aws_code == "AccessDeniedException":
                raise Cancelled(f"the login of {clean(identity.name)} was declined in the browser") from None
            if denied.aws_code != "AuthorizationPendingException":
                raise
        if answer is not None:
            return token_from(answer, client, way.now())
    raise _too_late(identity, way)


def _too_late(identity: Identity, way: Way) -> PersonNeeded:
    name = clean(identity.name)
    other = "" if way.device else ", with --device where the browser is not on this machine"
    return PersonNeeded(
        f"nobody signed in to {name} within {say_duration(way.longest)}", f"xswitch identity login {name}{other}"
    )
