"""The sign-in service of IAM Identity Center ("IAM Identity Center OIDC API"), and the portal's Logout.

Calls are made through botocore, unsigned. A call that may work in a moment is made again, a few times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from xswitch.aws import boto
from xswitch.aws.patience import Failed, Throttled
from xswitch.errors import Denied, Unreachable
from xswitch.identity.sso_clients import Client
from xswitch.identity.sso_tokens import Token
from xswitch.secret import Secret
from xswitch.text import clean

if TYPE_CHECKING:
    from xswitch.catalog.model import Identity

REFRESH: Final = "refresh_token"
TRIES: Final = 4
_LOGOUT_TRIES: Final = 3
_FIRST_WAIT: Final = 0.25
_GONE: Final = frozenset(
    {"InvalidGrantException", "ExpiredTokenException", "InvalidClientException", "UnauthorizedClientException"}
)
"""What the service says of a refresh token, or a client, that it takes no more."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device authorization: ``lasts`` and ``interval`` are in seconds, 0 where the service says nothing."""

    code: Secret
    user_code: str
    address: str
    lasts: float
    interval: float


class Service:
    """The sign-in service of one identity. ``sleep`` waits for seconds; the others are the limits of one call."""

    def __init__(
        self,
        identity: Identity,
        environ: Mapping[str, str],
        sleep: Callable[[float], object],
        *,
        tries: int = TRIES,
        connect: float = boto.CONNECT_SECONDS,
        read: float = boto.READ_SECONDS,
    ) -> None:
        client = boto.client("sso-oidc", environ, region=identity.sso_region, connect=connect, read=read)
        self.url = str(client.meta.endpoint_url).rstrip("/")
        self._call = boto.caller(client, f"the login of {clean(identity.name)}")
        self._sleep = sleep
        self._tries = tries

    def call(self, action: str, **params: Any) -> Mapping[str, Any]:
        """Make a call, again where it may work in a moment. Raises Denied, Unreachable.

        A code or token that is good once and was spent by a call whose answer got lost is Unreachable, not Denied.
        """
        wait, problem, lost = _FIRST_WAIT, "", False
        for left in reversed(range(self._tries)):
            after = 0.0
            try:
                return self._call(action, **params)
            except Throttled as busy:
                problem, after = "AWS kept throttling the login", busy.after
            except Failed as failed:
                problem, lost = f"AWS can't be asked for the login: {failed.why}", True
            except Denied as denied:
                if lost and denied.aws_code == "InvalidGrantException":
                    break
                raise
            if left:
                self._sleep(max(after, wait))
                wait *= 2
        raise Unreachable(problem, f"check the network; {clean(self.url)} has to be reached")

    def create_token(self, client: Client, *, tries: int | None = None, **params: str) -> Mapping[str, Any]:
        """Make CreateToken. With ``tries`` 1 it is made once, and Throttled and Failed are raised as they come."""
        known = {"clientId": client.id, "clientSecret": client.secret.reveal()}
        make = self._call if tries == 1 else self.call
        return make("CreateToken", **known, **params)

    def start_device(self, client: Client, start_url: str) -> Device:
        """Make StartDeviceAuthorization. Raises Denied, Unreachable."""
        known = {"clientId": client.id, "clientSecret": client.secret.reveal()}
        answer = self.call("StartDeviceAuthorization", **known, startUrl=start_url)
        try:
            return Device(
                code=Secret(str(answer["deviceCode"])),
                user_code=str(answer["userCode"]),
                address=str(answer.get("verificationUriComplete") or answer["verificationUri"]),
                lasts=float(answer.get("expiresIn") or 0),
                interval=float(answer.get("interval") or 0),
            )
        except (KeyError, TypeError, ValueError):
            raise _not_aws() from None

    def client_from(self, answer: Mapping[str, Any]) -> Client:
        """Return the client that RegisterClient made. Raises Unreachable."""
        try:
            expires = float(answer["clientSecretExpiresAt"])
            return Client(str(answer["clientId"]), Secret(str(answer["clientSecret"])), expires)
        except (KeyError, TypeError, ValueError):
            raise _not_aws() from None


def token_from(answer: Mapping[str, Any], client: Client, now: float, *, before: Token | None = None) -> Token:
    """Return the tokens of a CreateToken's answer; a refresh token that it does not replace is the one of ``before``.

    Raises Unreachable where it is no such answer.
    """
    try:
        access, lasts = answer["accessToken"], float(answer["expiresIn"])
    except (KeyError, TypeError, ValueError):
        raise _not_aws() from None
    if not isinstance(access, str) or not access or not 0 < lasts < 1e9:
        raise _not_aws()
    refresh = answer.get("refreshToken")
    kept = before.refresh if before is not None else None
    return Token(
        access=Secret(access),
        expires=now + lasts,
        refresh=Secret(refresh) if isinstance(refresh, str) and refresh else kept,
        client_id=client.id,
        client_secret=client.secret,
        client_expires=client.expires,
    )


def refreshed(service: Service, token: Token, now: float) -> Token | None:
    """Return what a refresh makes of a token, or None where the service takes its refresh token no more.

    Raises Unreachable, Denied.
    """
    if token.refresh is None or token.client_secret is None:
        return None
    client = Client(token.client_id, token.client_secret, token.client_expires)
    try:
        answer = service.create_token(client, grantType=REFRESH, refreshToken=token.refresh.reveal())
    except Denied as denied:
        if denied.aws_code in _GONE:
            return None
        raise
    return token_from(answer, client, now, before=token)


def log_out(identity: Identity, environ: Mapping[str, str], access: Secret, sleep: Callable[[float], object]) -> str:
    """Tell the portal that a login is over; return "" or why it could not be told, in words that are safe to show."""
    client = boto.client("sso", environ, region=identity.sso_region, connect=3, read=5)
    call = boto.caller(client, f"the logout of {clean(identity.name)}")
    wait, why = _FIRST_WAIT, ""
    for left in reversed(range(_LOGOUT_TRIES)):
        try:
            call("Logout", accessToken=access.reveal())
            return ""
        except Throttled:
            why = "AWS is throttling"
        except Failed as failed:
            why = failed.why
        except Unreachable as unreachable:
            return unreachable.message
        except Denied as denied:
            return "" if denied.aws_code == "UnauthorizedException" else denied.message
        if left:
            sleep(wait)
            wait *= 2
    return why


def _not_aws() -> Unreachable:
    return Unreachable("what answered the login is not AWS", "check the network and AWS_ENDPOINT_URL")
