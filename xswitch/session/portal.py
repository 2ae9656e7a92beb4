"""GetRoleCredentials: a session of a permission set, for whoever is signed in to IAM Identity Center.

"IAM Identity Center Portal API". Nothing can be asked of the session but its account and permission set; who it is for
is the token's. The portal takes some 20 calls a second, and what is refused for that is asked again.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from xswitch.aws.client import LIMITS, Client
from xswitch.aws.http import Limits
from xswitch.aws.query import Answer, Refusal
from xswitch.aws.words import not_aws
from xswitch.catalog.model import Identity
from xswitch.credentials import Credentials
from xswitch.errors import PersonNeeded, Unreachable, XswitchError
from xswitch.secret import Secret
from xswitch.session.model import Hop
from xswitch.session.refusals import denied
from xswitch.text import clean


class TokenOf(Protocol):
    """Gives the access token of an identity's login."""

    def __call__(self, identity: Identity, refused: Secret | None = None) -> Secret:
        """Return a token; another than ``refused``, which AWS took no more, if there is one.

        Raises PersonNeeded where nobody is signed in, Unreachable, Denied.
        """


PATH: Final = "/federation/credentials"
NO_LOGIN: Final = "UnauthorizedException"
"""The portal's name for a token that it does not take: expired, ended by a logout, or never its own."""
_NOT_ASSIGNED: Final = frozenset({"ForbiddenException", "ResourceNotFoundException", "AccessDeniedException"})


class Granted(NamedTuple):
    """What the portal gave, and the id of its request."""

    credentials: Credentials
    request_id: str


class Portal(Protocol):
    """The one call of the portal that a switch needs."""

    @property
    def endpoint(self) -> str:
        """The address that stands in for AWS's own, "" for none."""

    def role_credentials(self, identity: Identity, hop: Hop) -> Granted:
        """Return a session of the hop's permission set. Blocks. Raises Denied, Unreachable, PersonNeeded."""


class PortalClient:
    """The call, through ``client``. Safe for threads."""

    def __init__(self, client: Client, token_of: TokenOf, *, limits: Limits = LIMITS) -> None:
        self._client = client
        self._token_of = token_of
        self._limits = limits

    @property
    def endpoint(self) -> str:
        """The address that stands in for AWS's own, "" for none."""
        return self._client.endpoints.override("sso")

    def role_credentials(self, identity: Identity, hop: Hop) -> Granted:
        """Return a session of the hop's permission set, for whoever is signed in.

        A token that AWS takes no more before its end, or that another process replaced, is taken anew, once. Raises
        PersonNeeded where AWS takes the login no more, Denied where the permission set is not the person's,
        Unreachable, Usage.
        """
        token = self._token_of(identity)
        answer = self._ask(identity, hop, token)
        if isinstance(answer, Refusal) and answer.code == NO_LOGIN:
            newer = self._token_of(identity, token)
            if newer.reveal() != token.reveal():
                answer = self._ask(identity, hop, newer)
        if isinstance(answer, Refusal):
            raise _error(answer, identity, hop)
        return _granted(answer, hop)

    def _ask(self, identity: Identity, hop: Hop, token: Secret) -> Answer | Refusal:
        asked = {"role_name": hop.permission_set, "account_id": hop.account_id}
        return self._client.ask_portal(
            PATH, asked, token, region=identity.sso_region, doing=clean(hop.target), limits=self._limits
        )


def login_is_over(identity: Identity) -> PersonNeeded:
    """Return the error for a token that AWS does not take."""
    name = clean(identity.name)
    return PersonNeeded(f"AWS takes the login of {name} no more", f"xswitch identity login {name}")


def _error(refusal: Refusal, identity: Identity, hop: Hop) -> XswitchError:
    doing = clean(hop.target)
    if refusal.throttled:
        return Unreachable(f"AWS kept throttling the request for {doing}", "wait a little, then try again")
    if refusal.code == NO_LOGIN:
        return login_is_over(identity)
    if refusal.status >= 500 or not refusal.code:
        return Unreachable(f"AWS answered {refusal.status} to the request for {doing}", "try again in a moment")
    said = clean(refusal.message).strip() or clean(refusal.code)
    message, hint = f"AWS refused {doing}: {said}", "check start_url and sso_region of the identity"
    if refusal.code in _NOT_ASSIGNED:
        message = f"the permission set {clean(hop.permission_set)} is not assigned to you in {clean(hop.account_id)}"
        hint = "ask for it, or see `xswitch catalog sync identity-center`: it lists those that you have"
    return denied(refusal, message, hint, "caller" if refusal.code in _NOT_ASSIGNED else "request", target=hop.target)


def _granted(answer: Answer, hop: Hop) -> Granted:
    found = answer.fields
    names = ("accessKeyId", "secretAccessKey", "sessionToken", "expiration")
    key, secret, token, end = (found.get(f"roleCredentials.{name}", "") for name in names)
    if not (all(map(_is_word, (key, secret, token))) and end.isascii() and end.isdigit() and len(end) < 15):
        raise not_aws(clean(hop.target))
    return Granted(Credentials(key, Secret(secret), Secret(token), int(end) / 1000), answer.request_id)


def _is_word(text: str) -> bool:
    """Tell whether a text can be signed with, sent in a header and kept: JSON may hold line breaks and half letters."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text
