"""The sign-in service of IAM Identity Center: clients, codes, devices and tokens ("IAM Identity Center OIDC API").

RFC 7591 (registration), 7636 (PKCE, S256 alone), 8252 (loopback redirects), 8628 (devices) and 6749 (refresh), as AWS
implements them; errors carry AWS's names and OAuth's.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from xswitch.sandbox.directory import CLIENT_SECONDS, Asked, Authorization, Client, Device, Directory, Grant
from xswitch.sandbox.refusal import Refusal

if TYPE_CHECKING:
    from xswitch.sandbox.organization import Organization

CODE_GRANT: Final = "authorization_code"
DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
REFRESH_GRANT: Final = "refresh_token"
ACCOUNT_SCOPE: Final = "sso:account:access"
CODE_SECONDS: Final = 300
DEVICE_SECONDS: Final = 600
_USER_CODE: Final = "BCDFGHJKLMNPQRSTVWXZ"
_NAMES: Final = {
    "invalid_request": "InvalidRequestException",
    "invalid_client": "InvalidClientException",
    "invalid_grant": "InvalidGrantException",
    "unauthorized_client": "UnauthorizedClientException",
    "unsupported_grant_type": "UnsupportedGrantTypeException",
    "invalid_scope": "InvalidScopeException",
    "authorization_pending": "AuthorizationPendingException",
    "slow_down": "SlowDownException",
    "access_denied": "AccessDeniedException",
    "expired_token": "ExpiredTokenException",
    "invalid_redirect_uri": "InvalidRedirectUriException",
    "invalid_client_metadata": "InvalidClientMetadataException",
}
"""OAuth's error codes, and AWS's names of them."""


def refused(error: str, description: str) -> Refusal:
    """Return an error of the service, under AWS's name; its text is OAuth's description."""
    return Refusal(_NAMES[error], description, 401 if error == "invalid_client" else 400)


def error_of(name: str) -> str:
    """Return OAuth's code for AWS's name of an error, ``server_error`` for any other."""
    return next((error for error, known in _NAMES.items() if known == name), "server_error")


def register_client(org: Organization, asked: Asked) -> dict[str, Any]:
    """RegisterClient: public clients only, redirects to loopback only."""
    params, now = asked.params, asked.now
    name = _required(params, "clientName")
    if params.get("clientType") != "public":
        raise refused("invalid_client_metadata", "Only public clients can be registered")
    grants = tuple(_strings(params, "grantTypes")) or (DEVICE_GRANT, REFRESH_GRANT)
    if not set(grants) <= {CODE_GRANT, DEVICE_GRANT, REFRESH_GRANT}:
        raise refused("unsupported_grant_type", "Unsupported grant type")
    redirects = tuple(_strings(params, "redirectUris"))
    if CODE_GRANT in grants and not redirects:
        raise refused("invalid_redirect_uri", "A redirect URI is required")
    for uri in redirects:
        if _loopback(uri) is None:
            raise refused("invalid_redirect_uri", "Only loopback redirect URIs are allowed")
    client = Client(
        id=_word(org, 22),
        secret=_word(org, 64),
        name=name,
        scopes=tuple(_strings(params, "scopes")),
        grants=grants,
        redirects=redirects,
        expires=now + CLIENT_SECONDS,
    )
    org.directory.clients[client.id] = client
    return {
        "clientId": client.id,
        "clientSecret": client.secret,
        "clientIdIssuedAt": int(now),
        "clientSecretExpiresAt": int(client.expires),
        "authorizationEndpoint": f"{asked.base}/authorize",
        "tokenEndpoint": f"{asked.base}/token",
    }


def start_device_authorization(org: Organization, asked: Asked) -> dict[str, Any]:
    """StartDeviceAuthorization."""
    params, now = asked.params, asked.now
    client = _client(org.directory, params, now)
    if _required(params, "startUrl").rstrip("/") != org.directory.start_url.rstrip("/"):
        raise refused("invalid_request", "The start URL is not known")
    if DEVICE_GRANT not in client.grants:
        raise refused("unauthorized_client", "The client may not use the device code grant")
    letters = "".join(org.random.choices(_USER_CODE, k=8))
    device = Device(
        code=_word(org, 64),
        user_code=f"{letters[:4]}-{letters[4:]}",
        client=client.id,
        expires=now + DEVICE_SECONDS,
        interval=org.directory.poll_seconds,
    )
    org.directory.devices[device.code] = device
    return {
        "deviceCode": device.code,
        "userCode": device.user_code,
        "verificationUri": f"{asked.base}/device",
        "verificationUriComplete": f"{asked.base}/device?user_code={device.user_code}",
        "expiresIn": DEVICE_SECONDS,
        "interval": device.interval,
    }


def authorize(org: Organization, query: str, now: float) -> str | None:
    """Return where the browser is sent after the page of /authorize, or None while the person has to answer it.

    What is wrong with client or redirect is refused on the page itself, never sent to the redirect (RFC 6749, 4.1.2.1).
    """
    params = dict(parse_qsl(query, keep_blank_values=True))
    client = org.directory.clients.get(params.get("client_id", ""))
    if client is None or now >= client.expires:
        raise refused("invalid_client", "The client is not known")
    redirect = params.get("redirect_uri", "")
    if not any(_same_but_port(redirect, known) for known in client.redirects):
        raise refused("invalid_redirect_uri", "The redirect URI is not registered")
    state = params.get("state", "")
    if params.get("response_type") != "code" or not state:
        return _back(redirect, error="invalid_request", state=state)
    if params.get("code_challenge_method") != "S256" or len(params.get("code_challenge", "")) != 43:
        return _back(redirect, error="invalid_request", state=state)
    scopes = tuple(params.get("scopes", params.get("scope", "")).split())
    if not set(scopes) <= set(client.scopes):
        return _back(redirect, error="invalid_scope", state=state)
    if org.directory.consent == "asked":
        return None
    if org.directory.consent == "refused":
        return _back(redirect, error="access_denied", state=state)
    found = Authorization(
        code=_word(org, 64),
        client=client.id,
        redirect=redirect,
        challenge=params["code_challenge"],
        scopes=scopes,
        user=org.directory.user,
        expires=now + CODE_SECONDS,
    )
    org.directory.authorizations[found.code] = found
    return _back(redirect, code=found.code, state=state)


def create_token(org: Organization, asked: Asked) -> dict[str, Any]:
    """CreateToken, for a code, a device or a refresh token."""
    params, now = asked.params, asked.now
    client = _client(org.directory, params, now)
    grant = _required(params, "grantType")
    make = _GRANTS.get(grant)
    if make is None:
        raise refused("unsupported_grant_type", "Unsupported grant type")
    if grant not in client.grants:
        raise refused("unauthorized_client", "The client may not use this grant")
    signed_in = make(org, client, params, now)
    if signed_in not in org.directory.grants:
        org.directory.grants.append(signed_in)
    refreshable = REFRESH_GRANT in client.grants and ACCOUNT_SCOPE in client.scopes
    return org.directory.issue(org, signed_in, now, refreshable=refreshable)


def _by_code(org: Organization, client: Client, params: Mapping[str, Any], now: float) -> Grant:
    found = org.directory.authorizations.get(_required(params, "code"))
    if found is None or found.used or found.client != client.id or now >= found.expires:
        raise refused("invalid_grant", "Invalid authorization code provided")
    found.used = True
    digest = sha256(_required(params, "codeVerifier").encode()).digest()
    proof = base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")
    if params.get("redirectUri") != found.redirect or not hmac.compare_digest(proof, found.challenge):
        raise refused("invalid_grant", "Invalid code verifier or redirect URI")
    return Grant(client.id, found.user, now + org.directory.signed_in_seconds)


def _by_device(org: Organization, client: Client, params: Mapping[str, Any], now: float) -> Grant:
    device = org.directory.devices.get(_required(params, "deviceCode"))
    if device is None or device.used or device.client != client.id:
        raise refused("invalid_grant", "Invalid device code provided")
    if now >= device.expires:
        raise refused("expired_token", "The device code has expired")
    early = device.polled and now - device.polled < device.interval
    device.polled = now
    if device.denied:
        raise refused("access_denied", "The person declined")
    if not device.user and early:
        device.interval += 5
        raise refused("slow_down", "Polled too often")
    if not device.user:
        raise refused("authorization_pending", "The person has not answered yet")
    device.used = True
    return Grant(client.id, device.user, now + org.directory.signed_in_seconds)


def _by_refresh(org: Organization, client: Client, params: Mapping[str, Any], now: float) -> Grant:
    token = _required(params, "refreshToken")
    found = next((one for one in org.directory.grants if one.refresh == token and one.client == client.id), None)
    if found is None or found.ended or now >= found.ends:
        raise refused("invalid_grant", "Invalid refresh token provided")
    return found


_GRANTS: Final[Mapping[str, Callable[[Organization, Client, Mapping[str, Any], float], Grant]]] = {
    CODE_GRANT: _by_code,
    DEVICE_GRANT: _by_device,
    REFRESH_GRANT: _by_refresh,
}


def _client(directory: Directory, params: Mapping[str, Any], now: float) -> Client:
    client = directory.clients.get(_required(params, "clientId"))
    secret = _required(params, "clientSecret")
    if client is None or not hmac.compare_digest(client.secret, secret) or now >= client.expires:
        raise refused("invalid_client", "Invalid client provided")
    return client


def _required(params: Mapping[str, Any], name: str) -> str:
    value = params.get(name)
    if not isinstance(value, str) or not value:
        raise refused("invalid_request", f"{name} is required")
    return value


def _strings(params: Mapping[str, Any], name: str) -> Sequence[str]:
    value = params.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise refused("invalid_request", f"{name} is not a list")
    return value


def _loopback(uri: str) -> tuple[str, str, str] | None:
    """Return scheme, host and path of a loopback redirect, None for any other (RFC 8252, 7.3)."""
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
    except ValueError:
        return None
    good = parts.scheme == "http" and host in ("127.0.0.1", "::1", "localhost") and not parts.fragment
    return (parts.scheme, host, parts.path) if good else None


def _same_but_port(uri: str, registered: str) -> bool:
    """Tell whether a redirect is the one registered: its port may be any (RFC 8252, 7.3)."""
    found = _loopback(uri)
    return found is not None and found == _loopback(registered)


def _back(redirect: str, **params: str) -> str:
    parts = urlsplit(redirect)
    query = urlencode([*parse_qsl(parts.query), *params.items()])
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))


def _word(org: Organization, length: int) -> str:
    return base64.urlsafe_b64encode(org.random.randbytes(length)).decode("ascii")[:length]
