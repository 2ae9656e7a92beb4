"""The access portal of IAM Identity Center: accounts, permission sets and role credentials of who holds a token.

The operations of the "IAM Identity Center Portal API": each takes the access token in ``x-amz-sso_bearer_token``.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from xswitch.sandbox.directory import Asked, Grant
from xswitch.sandbox.refusal import Refusal
from xswitch.sandbox.state import IssuedSession

if TYPE_CHECKING:
    from xswitch.sandbox.organization import Organization

PAGE: Final = 100


def list_accounts(org: Organization, asked: Asked) -> dict[str, Any]:
    """ListAccounts: those that the person has a permission set in."""
    person = _signed_in(org, asked)
    accounts = [org.account(account_id) for account_id in org.directory.accounts_of(person.user)]
    found = [{"accountId": one.id, "accountName": one.name, "emailAddress": one.email} for one in accounts]
    return _page(asked.params, "accountList", found)


def list_account_roles(org: Organization, asked: Asked) -> dict[str, Any]:
    """ListAccountRoles: the person's permission sets in one account."""
    person = _signed_in(org, asked)
    account_id = _account(asked.params)
    names = org.directory.assigned.get((person.user, account_id))
    if not names:
        raise Refusal("ResourceNotFoundException", "The account is not assigned", 404)
    return _page(asked.params, "roleList", [{"roleName": name, "accountId": account_id} for name in names])


def get_role_credentials(org: Organization, asked: Asked) -> dict[str, Any]:
    """GetRoleCredentials: a session of the permission set's role, as long as the set says."""
    person = _signed_in(org, asked)
    account_id, name = _account(asked.params), str(asked.params.get("role_name") or "")
    role = org.directory.role(org, account_id, name)
    if role is None or name not in org.directory.assigned.get((person.user, account_id), ()):
        raise Refusal("ForbiddenException", "No access", 403)
    seconds = org.directory.sets[name].duration
    session = IssuedSession(
        kind="role-session",
        key_id=org.make_key_id("ASIA"),
        secret=org.make_secret(),
        token=org.make_token(),
        account=account_id,
        arn=f"arn:aws:sts::{account_id}:assumed-role/{role.name}/{person.user}",
        unique_id=f"{role.id}:{person.user}",
        owner=role.arn,
        issued=asked.now,
        expires=float(int(asked.now) + (min(seconds, asked.lifetime) if asked.lifetime else seconds)),
    )
    org.sessions[session.key_id] = session
    credentials = {
        "accessKeyId": session.key_id,
        "secretAccessKey": session.secret,
        "sessionToken": session.token,
        "expiration": int(session.expires * 1000),
    }
    return {"roleCredentials": credentials}


def logout(org: Organization, asked: Asked) -> dict[str, Any]:
    """Logout: the token and its refresh token end; role credentials live on to their own end."""
    _signed_in(org, asked).ended = True
    return {}


def _signed_in(org: Organization, asked: Asked) -> Grant:
    found = org.directory.grant_of(asked.token, asked.now)
    if found is None:
        raise Refusal("UnauthorizedException", "Session token not found or invalid", 401)
    return found


def _account(params: Mapping[str, Any]) -> str:
    account_id = str(params.get("account_id") or "")
    if not (account_id.isascii() and account_id.isdigit() and len(account_id) == 12):
        raise Refusal("InvalidRequestException", "account_id is not valid")
    return account_id


def _page(params: Mapping[str, Any], element: str, everything: Sequence[Any]) -> dict[str, Any]:
    size = str(params.get("max_result") or PAGE)
    if not (size.isascii() and size.isdigit() and 1 <= int(size) <= 1000):
        raise Refusal("InvalidRequestException", "max_result is not valid")
    start = 0
    if params.get("next_token"):
        try:
            kind, _, number = base64.b64decode(str(params["next_token"]), validate=True).decode().partition(":")
            start = int(number)
        except ValueError:
            kind = ""
        if kind != element:
            raise Refusal("InvalidRequestException", "next_token is not valid")
    end = start + int(size)
    found: dict[str, Any] = {element: list(everything[start:end])}
    if end < len(everything):
        found["nextToken"] = base64.b64encode(f"{element}:{end}".encode()).decode()
    return found
