"""The REST protocol of IAM Identity Center's two services, and the pages that a browser sees.

Nothing here is signed: the sign-in service knows its clients, the portal the bearer of a token.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from xswitch.sandbox import oidc, portal
from xswitch.sandbox.directory import Asked
from xswitch.sandbox.refusal import Refusal

if TYPE_CHECKING:
    from xswitch.sandbox.organization import Organization
    from xswitch.sandbox.sigv4 import HttpRequest

JSON: Final = "application/json"
HTML: Final = "text/html; charset=utf-8"
SECRETS: Final = frozenset(
    {"clientSecret", "code", "codeVerifier", "deviceCode", "refreshToken", "user_code", "code_challenge"}
)
"""Parameters that a record of calls does not keep."""

_OIDC: Final = {
    "RegisterClient": oidc.register_client,
    "StartDeviceAuthorization": oidc.start_device_authorization,
    "CreateToken": oidc.create_token,
}
_PORTAL: Final = {
    "ListAccounts": portal.list_accounts,
    "ListAccountRoles": portal.list_account_roles,
    "GetRoleCredentials": portal.get_role_credentials,
    "Logout": portal.logout,
}
_ROUTES: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("POST", "/client/register"): ("sso-oidc", "RegisterClient"),
    ("POST", "/device_authorization"): ("sso-oidc", "StartDeviceAuthorization"),
    ("POST", "/token"): ("sso-oidc", "CreateToken"),
    ("GET", "/assignment/accounts"): ("sso", "ListAccounts"),
    ("GET", "/assignment/roles"): ("sso", "ListAccountRoles"),
    ("GET", "/federation/credentials"): ("sso", "GetRoleCredentials"),
    ("POST", "/logout"): ("sso", "Logout"),
    ("GET", "/authorize"): ("sign-in", "Authorize"),
    ("GET", "/device"): ("sign-in", "ShowDevice"),
    ("POST", "/device"): ("sign-in", "AnswerDevice"),
}


@dataclass(frozen=True, slots=True)
class Page:
    """What a REST call gives: a body of some kind, or a redirect (``location``)."""

    body: bytes
    kind: str = JSON
    status: int = 200
    location: str = ""


def route_of(request: HttpRequest) -> tuple[str, str] | None:
    """Return service and action of a REST request, None for what is of another protocol."""
    return _ROUTES.get((request.method, request.path))


def params_of(request: HttpRequest) -> Mapping[str, Any]:
    """Return the parameters: a JSON object, a form, or those of the query. Raises Refusal."""
    if request.method == "GET":
        return dict(parse_qsl(request.query, keep_blank_values=True))
    if (request.header("content-type") or "").startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    try:
        found = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise oidc.refused("invalid_request", "The body is not a JSON object")
    return found


def perform(
    org: Organization,
    route: tuple[str, str],
    request: HttpRequest,
    params: Mapping[str, Any],
    now: float,
    lifetime: int,
) -> Page:
    """Perform one call. ``lifetime`` shortens role credentials by a fault, 0 for none. Raises Refusal."""
    service, action = route
    with org.lock:
        if service == "sign-in":
            return _browse(org, action, request, params, now)
        act = _PORTAL[action] if service == "sso" else _OIDC[action]
        base = f"http://{request.header('host') or '127.0.0.1'}"
        token = request.header("x-amz-sso_bearer_token") or ""
        return Page(json.dumps(act(org, Asked(params, now, base, token, lifetime))).encode())


def refusal_page(route: tuple[str, str], refusal: Refusal) -> Page:
    """Return what stands for an error: JSON for the services, a page for a browser."""
    if route[0] == "sign-in":
        return _page(f"This sign-in can't go on: {refusal.message}", status=refusal.status)
    if route[0] == "sso-oidc":
        found = {"error": oidc.error_of(refusal.code), "error_description": refusal.message}
        return Page(json.dumps(found).encode(), status=refusal.status)
    return Page(json.dumps({"message": refusal.message, "__type": refusal.code}).encode(), status=refusal.status)


def _browse(org: Organization, action: str, request: HttpRequest, params: Mapping[str, Any], now: float) -> Page:
    if action == "Authorize":
        if params.get("answer") in ("allow", "deny"):
            return _answered(org, request, now, allow=params["answer"] == "allow")
        location = oidc.authorize(org, request.query, now)
        return _page("", location=location) if location else _asks("/authorize", params)
    code = str(params.get("user_code", ""))
    if action == "ShowDevice":
        return _asks("/device", {"user_code": code}, method="post")
    if not org.directory.decide(code, allow=params.get("answer") == "allow"):
        return _page("No device waits with that code.", status=404)
    return _page("You can close this window and go back to the terminal.")


def _answered(org: Organization, request: HttpRequest, now: float, *, allow: bool) -> Page:
    before, org.directory.consent = org.directory.consent, "given" if allow else "refused"
    try:
        return _page("", location=oidc.authorize(org, request.query, now) or "")
    finally:
        org.directory.consent = before


def _asks(path: str, params: Mapping[str, Any], method: str = "get") -> Page:
    fields = "".join(
        f'<input type="hidden" name="{html.escape(str(name))}" value="{html.escape(str(value))}">'
        for name, value in params.items()
    )
    buttons = '<button name="answer" value="allow">Allow</button> <button name="answer" value="deny">Deny</button>'
    return _page(f'<form action="{path}" method="{method}">{fields}{buttons}</form>', raw=True)


def _page(words: str, *, status: int = 200, location: str = "", raw: bool = False) -> Page:
    text = words if raw else f"<p>{html.escape(words)}</p>"
    body = f"<!doctype html><title>Practice sign-in</title><h1>Practice sign-in</h1>{text}".encode()
    return Page(body, HTML, 302 if location else status, location)
