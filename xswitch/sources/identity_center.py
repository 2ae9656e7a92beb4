"""What a person may open by IAM Identity Center: the accounts of the access portal, and the permission sets in each.

ListAccounts and ListAccountRoles page by 100 at most and take some 20 calls a second ("IAM Identity Center Portal
API"). The portal knows neither OUs nor tags; a name is not unique, and an account's permission sets are the person's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from typing import Any, Final

from xswitch.aws.words import not_aws
from xswitch.catalog import Account, Identity, fields
from xswitch.catalog.rows import plain_arn
from xswitch.errors import Denied, NoSuchTarget
from xswitch.secret import Secret
from xswitch.session.portal import NO_LOGIN, TokenOf, login_is_over
from xswitch.sources.draft import Draft, DraftAccount, DraftRole
from xswitch.sources.names import name_or_id
from xswitch.sources.reading import Api, Reading
from xswitch.sources.rules import Rules
from xswitch.text import clean

PAGE: Final = 100
SETS: Final = "permission sets"
"""The word for what is read of each account, in progress and checkpoint."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Assigned:
    """An account that the person may enter, with the names of their permission sets there, as the portal has them."""

    id: str
    name: str
    sets: tuple[str, ...]


class Bearer:
    """The portal's calls for whoever is signed in. ``token_of`` gives the access token that holds now. Thread-safe."""

    def __init__(self, api: Api, identity: Identity, token_of: TokenOf) -> None:
        self._api = api
        self._identity = identity
        self._token_of = token_of
        self._lock = Lock()
        self._token = token_of(identity)

    def __call__(self, action: str, **params: Any) -> Mapping[str, Any]:
        """Make one call. A token that ended meanwhile is taken anew, once; PersonNeeded where there is no other."""
        token = self._token
        for last in (False, True):
            try:
                return self._api(action, accessToken=token.reveal(), **params)
            except Denied as denied:
                if denied.aws_code != NO_LOGIN:
                    raise
            token = token if last else self._instead_of(token)
        raise login_is_over(self._identity)

    def _instead_of(self, spent: Secret) -> Secret:
        """Return another token. Raises PersonNeeded where there is none."""
        with self._lock:
            if self._token.reveal() == spent.reveal():
                self._token = self._token_of(self._identity, spent)
            if self._token.reveal() == spent.reveal():
                raise login_is_over(self._identity)
            return self._token


@dataclass(slots=True)
class Assignments(Reading):
    """One reading of the access portal."""

    def run(self) -> tuple[Assigned, ...]:
        """Return every account. Raises Denied, Unreachable, PersonNeeded; what was read by then is in the checkpoint.

        Raises NoSuchTarget where nothing is assigned to the person: that is no catalog to put in place of another.
        """
        try:
            listed = self.pages(
                "ListAccounts",
                "accountList",
                "the accounts",
                next_page="nextToken",
                counted="accounts",
                maxResults=PAGE,
            )
            names = dict(map(_account, listed))
            self.progress("accounts", len(names), len(names))
            sets = self.each(SETS, list(names), self._sets)
        finally:
            self.checkpoint.save()
        if not any(sets.values()):
            raise NoSuchTarget(
                "the access portal shows no permission set: none is assigned to you",
                "whoever administers IAM Identity Center can; the catalog is as it was",
            )
        return tuple(Assigned(one, name_or_id(name, one), tuple(sets[one])) for one, name in names.items())

    def _sets(self, account_id: str) -> list[str]:
        what = f"the permission sets in {account_id}"
        listed = self.pages(
            "ListAccountRoles", "roleList", what, next_page="nextToken", accountId=account_id, maxResults=PAGE
        )
        return [str(one.get("roleName") or "") for one in listed]


def _account(listed: Mapping[str, Any]) -> tuple[str, str]:
    """Return an account's id and name. Raises Unreachable for what is no account."""
    account_id = str(listed.get("accountId") or "")
    if fields.ACCOUNT_ID.fullmatch(account_id) is None:
        raise not_aws("the accounts")
    return account_id, str(listed.get("accountName") or "")


def file_name(identity: str) -> str:
    """Return the name of the catalog file for what an identity may open: a portal has one of its own."""
    if _PLAIN.fullmatch(identity):
        return f"identity-center-{identity}"
    return f"identity-center-{sha256(identity.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def draft_of(found: Iterable[Assigned], rules: Rules, *, identity: str, region: str) -> tuple[Draft, tuple[str, ...]]:
    """Return the catalog file of a portal, and what could not be taken into it, safe to show.

    ``identity`` opens its roles; ``region`` is the portal's own, which tells the partition.
    """
    left: list[str] = []
    accounts = []
    for one in sorted(found, key=lambda one: (one.name, one.id)):
        good = [name for name in dict.fromkeys(one.sets) if fields.ROLE_NAME.fullmatch(name)]
        left += [f"{clean(one.name)}/{clean(name)}" for name in one.sets if not fields.ROLE_NAME.fullmatch(name)]
        environment = rules.environment_of(Account(one.id, one.name))
        roles = tuple(_role(one.id, name, region) for name in sorted(good))
        accounts.append(DraftAccount(one.id, one.name, environment=environment, roles=roles))
    return Draft("IAM Identity Center", tuple(accounts), defaults={"identity": identity}), tuple(left)


def _role(account_id: str, name: str, region: str) -> DraftRole:
    """Return a permission set as a role; one of another partition than AWS's main one says so by its ARN."""
    arn = plain_arn(region, account_id, name)
    return DraftRole(name, {} if arn.startswith("arn:aws:") else {"arn": arn})
