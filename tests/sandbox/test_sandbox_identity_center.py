"""Identity Center in the sandbox: botocore's own clients sign in by code and by device, refresh, list and switch."""

from __future__ import annotations

import base64
import http.client
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from small_aws import AWAY, HOME, Clock, Keys, World

from xswitch.sandbox import practice

REDIRECT = "http://127.0.0.1:5000/oauth/callback"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
def center(world: World) -> Iterator[World]:
    directory = world.organization.directory
    directory.add_set("ReadOnly", policies=("arn:aws:iam::aws:policy/ReadOnlyAccess",))
    directory.add_set("Admin", duration=14400)
    for account, name in ((HOME, "ReadOnly"), (AWAY, "ReadOnly"), (AWAY, "Admin")):
        directory.assign(world.organization, "ada", account, name)
    yield world
    assert world.sandbox.crashes == []


def client(world: World, service: str) -> Any:
    config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
    return botocore.session.Session().create_client(
        service, region_name="eu-west-1", endpoint_url=world.sandbox.url, config=config
    )


def registered(world: World, grants: list[str] | None = None, scopes: list[str] | None = None) -> dict[str, str]:
    answer = client(world, "sso-oidc").register_client(
        clientName="a test",
        clientType="public",
        grantTypes=grants or ["authorization_code", "refresh_token", DEVICE],
        redirectUris=["http://127.0.0.1/oauth/callback"],
        scopes=["sso:account:access"] if scopes is None else scopes,
    )
    return {"clientId": answer["clientId"], "clientSecret": answer["clientSecret"]}


def browse(world: World, path: str, method: str = "GET", body: str = "") -> tuple[int, str, str]:
    parts = urlsplit(world.sandbox.url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    kind = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
    connection.request(method, path, body or None, kind)
    answer = connection.getresponse()
    found = (answer.status, answer.getheader("Location") or "", answer.read().decode())
    connection.close()
    return found


def page(known: dict[str, str], **changes: str) -> str:
    params = {
        "response_type": "code",
        "client_id": known["clientId"],
        "redirect_uri": REDIRECT,
        "state": "xyz",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "scopes": "sso:account:access",
    }
    return "/authorize?" + urlencode(params | changes)


def sent_back(world: World, path: str) -> dict[str, str]:
    status, location, _ = browse(world, path)
    assert status == 302
    assert location.startswith(REDIRECT + "?")
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def signed_in(world: World) -> tuple[dict[str, str], dict[str, Any]]:
    known = registered(world)
    code = sent_back(world, page(known))["code"]
    return known, client(world, "sso-oidc").create_token(
        **known, grantType="authorization_code", code=code, redirectUri=REDIRECT, codeVerifier=VERIFIER
    )


def refused(call: Any, **params: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**params)
    return str(caught.value.response["Error"]["Code"])


def test_a_code_with_pkce_gives_tokens_that_list_and_switch(center: World) -> None:
    _, tokens = signed_in(center)
    assert (tokens["tokenType"], tokens["expiresIn"]) == ("Bearer", 3600)
    portal = client(center, "sso")
    accounts = portal.list_accounts(accessToken=tokens["accessToken"])["accountList"]
    assert {account["accountId"] for account in accounts} == {HOME, AWAY}
    roles = portal.list_account_roles(accessToken=tokens["accessToken"], accountId=AWAY)["roleList"]
    assert [role["roleName"] for role in roles] == ["ReadOnly", "Admin"]
    keys = portal.get_role_credentials(accessToken=tokens["accessToken"], accountId=AWAY, roleName="Admin")
    given = keys["roleCredentials"]
    assert given["expiration"] == int(center.clock()) * 1000 + 14400 * 1000
    who = center.call(
        Keys(given["accessKeyId"], given["secretAccessKey"], given["sessionToken"]), "sts", "GetCallerIdentity"
    )
    assert who["Arn"].startswith(f"arn:aws:sts::{AWAY}:assumed-role/AWSReservedSSO_Admin_")
    assert who["Arn"].endswith("/ada")


@pytest.mark.parametrize("wrong", [{"codeVerifier": "w" * 64}, {"redirectUri": REDIRECT + "x"}, {"code": "nothing"}])
def test_a_wrong_proof_spends_nothing_but_gives_nothing(center: World, wrong: dict[str, str]) -> None:
    known = registered(center)
    code = sent_back(center, page(known))["code"]
    asked = {"grantType": "authorization_code", "code": code, "redirectUri": REDIRECT, "codeVerifier": VERIFIER}
    assert refused(client(center, "sso-oidc").create_token, **known, **(asked | wrong)) == "InvalidGrantException"


def test_a_code_is_good_once(center: World) -> None:
    known = registered(center)
    code = sent_back(center, page(known))["code"]
    create = client(center, "sso-oidc").create_token
    asked = {"grantType": "authorization_code", "code": code, "redirectUri": REDIRECT, "codeVerifier": VERIFIER}
    create(**known, **asked)
    assert refused(create, **known, **asked) == "InvalidGrantException"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_type": "token"}, "invalid_request"),
        ({"scopes": "sso:everything"}, "invalid_scope"),
    ],
)
def test_what_authorize_sends_back(center: World, changes: dict[str, str], error: str) -> None:
    back = sent_back(center, page(registered(center), **changes))
    assert (back["error"], back["state"]) == (error, "xyz")


def test_a_redirect_elsewhere_is_refused_on_the_page(center: World) -> None:
    known = registered(center)
    for redirect in ("https://evil.example/cb", "http://127.0.0.1:5000/other", "http://evil.example/oauth/callback"):
        status, location, text = browse(center, page(known, redirect_uri=redirect))
        assert (status, location) == (400, "")
        assert "can&#x27;t go on" in text
    assert browse(center, page({"clientId": "nobody"}))[0] == 401


def test_the_person_declines_or_has_to_answer(center: World) -> None:
    known = registered(center)
    center.organization.directory.consent = "refused"
    assert sent_back(center, page(known))["error"] == "access_denied"
    center.organization.directory.consent = "asked"
    status, _, text = browse(center, page(known))
    assert (status, "Allow" in text) == (200, True)
    assert "code" in sent_back(center, page(known) + "&answer=allow")
    assert sent_back(center, page(known) + "&answer=deny")["error"] == "access_denied"
    assert center.organization.directory.consent == "asked"


def test_a_device_is_polled_until_the_person_allows_it(center: World) -> None:
    known = registered(center)
    oidc = client(center, "sso-oidc")
    asked = oidc.start_device_authorization(**known, startUrl="https://acme.awsapps.com/start")
    poll = {"grantType": DEVICE, "deviceCode": asked["deviceCode"]}
    assert refused(oidc.create_token, **known, **poll) == "AuthorizationPendingException"
    center.clock.pass_by(1)
    assert refused(oidc.create_token, **known, **poll) == "SlowDownException"
    center.clock.pass_by(asked["interval"] + 5)
    path = urlsplit(asked["verificationUriComplete"])
    assert "Allow" in browse(center, f"{path.path}?{path.query}")[2]
    body = urlencode({"user_code": asked["userCode"], "answer": "allow"})
    assert browse(center, "/device", "POST", body)[0] == 200
    assert oidc.create_token(**known, **poll)["accessToken"]
    center.clock.pass_by(30)
    assert refused(oidc.create_token, **known, **poll) == "InvalidGrantException"


def test_a_device_that_is_declined_or_too_late(center: World) -> None:
    known = registered(center)
    oidc = client(center, "sso-oidc")
    asked = oidc.start_device_authorization(**known, startUrl="https://acme.awsapps.com/start/")
    assert center.organization.directory.decide(asked["userCode"].lower(), allow=False)
    poll = {"grantType": DEVICE, "deviceCode": asked["deviceCode"]}
    assert refused(oidc.create_token, **known, **poll) == "AccessDeniedException"
    late = oidc.start_device_authorization(**known, startUrl="https://acme.awsapps.com/start")
    center.clock.pass_by(601)
    poll = {"grantType": DEVICE, "deviceCode": late["deviceCode"]}
    assert refused(oidc.create_token, **known, **poll) == "ExpiredTokenException"
    elsewhere = {"startUrl": "https://other.awsapps.com/start"}
    assert refused(oidc.start_device_authorization, **known, **elsewhere) == "InvalidRequestException"


def test_a_refresh_token_is_good_once_and_until_the_sign_in_ends(center: World) -> None:
    known, tokens = signed_in(center)
    oidc, portal = client(center, "sso-oidc"), client(center, "sso")
    center.clock.pass_by(3601)
    assert refused(portal.list_accounts, accessToken=tokens["accessToken"]) == "UnauthorizedException"
    refresh = {"grantType": "refresh_token", "refreshToken": tokens["refreshToken"]}
    fresh = oidc.create_token(**known, **refresh)
    assert portal.list_accounts(accessToken=fresh["accessToken"])["accountList"]
    assert refused(oidc.create_token, **known, **refresh) == "InvalidGrantException"
    center.clock.pass_by(8 * 3600)
    again = {"grantType": "refresh_token", "refreshToken": fresh["refreshToken"]}
    assert refused(oidc.create_token, **known, **again) == "InvalidGrantException"


def test_without_the_account_scope_there_is_no_refresh_token(center: World) -> None:
    known = registered(center, scopes=[])
    code = sent_back(center, page(known, scopes=""))["code"]
    tokens = client(center, "sso-oidc").create_token(
        **known, grantType="authorization_code", code=code, redirectUri=REDIRECT, codeVerifier=VERIFIER
    )
    assert "refreshToken" not in tokens


def test_logging_out_ends_the_token_and_not_the_role_credentials(center: World) -> None:
    _, tokens = signed_in(center)
    portal = client(center, "sso")
    given = portal.get_role_credentials(accessToken=tokens["accessToken"], accountId=HOME, roleName="ReadOnly")
    portal.logout(accessToken=tokens["accessToken"])
    assert refused(portal.list_accounts, accessToken=tokens["accessToken"]) == "UnauthorizedException"
    keys = given["roleCredentials"]
    center.call(Keys(keys["accessKeyId"], keys["secretAccessKey"], keys["sessionToken"]), "sts", "GetCallerIdentity")


def test_what_the_portal_refuses(center: World) -> None:
    _, tokens = signed_in(center)
    portal, token = client(center, "sso"), {"accessToken": tokens["accessToken"]}
    assert refused(portal.get_role_credentials, **token, accountId=HOME, roleName="Admin") == "ForbiddenException"
    assert refused(portal.list_account_roles, **token, accountId="999900001111") == "ResourceNotFoundException"
    assert refused(portal.list_account_roles, **token, accountId="12") == "InvalidRequestException"
    assert refused(portal.list_accounts, **token, nextToken="bm90aGluZzox") == "InvalidRequestException"
    assert refused(portal.list_accounts, accessToken="forged") == "UnauthorizedException"


def test_pages_faults_and_limits(center: World) -> None:
    organization = center.organization
    for number in range(30):
        account = organization.add_account(f"{300000000000 + number}", f"many-{number}", parent=organization.root_id)
        organization.directory.assign(organization, "ada", account.id, "ReadOnly")
    _, tokens = signed_in(center)
    portal, token = client(center, "sso"), {"accessToken": tokens["accessToken"]}
    first = portal.list_accounts(**token, maxResults=20)
    rest = portal.list_accounts(**token, maxResults=20, nextToken=first["nextToken"])
    assert (len(first["accountList"]), len(rest["accountList"]), "nextToken" in rest) == (20, 12, False)
    center.faults.throttle(1, "ListAccountRoles")
    assert refused(portal.list_account_roles, **token, accountId=HOME) == "TooManyRequestsException"
    center.faults.deny(1, "ListAccountRoles", {"account_id": AWAY})
    portal.list_account_roles(**token, accountId=HOME)
    with pytest.raises(ClientError):
        portal.list_account_roles(**token, accountId=AWAY)
    center.sandbox.limits.limit("sso", rate=0.001, burst=2)
    answers = [outcome(portal, token) for _ in range(4)]
    assert answers == ["ok", "ok", "TooManyRequestsException", "TooManyRequestsException"]
    assert center.sandbox.limits.refused == 2
    center.sandbox.limits.clear()
    assert outcome(portal, token) == "ok"


def outcome(portal: Any, token: dict[str, str]) -> str:
    try:
        portal.list_accounts(**token)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"


def test_a_client_has_to_be_known_public_and_on_loopback(center: World) -> None:
    oidc = client(center, "sso-oidc")
    good = {"clientName": "x", "clientType": "public", "grantTypes": ["authorization_code"]}
    away = ["https://evil.example/cb"]
    assert refused(oidc.register_client, **good, redirectUris=away) == "InvalidRedirectUriException"
    assert refused(oidc.register_client, **good) == "InvalidRedirectUriException"
    confidential = {"clientName": "x", "clientType": "confidential"}
    assert refused(oidc.register_client, **confidential) == "InvalidClientMetadataException"
    known = registered(center, grants=["refresh_token"])
    poll = {"grantType": DEVICE, "deviceCode": "x"}
    assert refused(oidc.create_token, **known, **poll) == "UnauthorizedClientException"
    forged = known | {"clientSecret": "forged"}
    assert refused(oidc.create_token, **forged, **poll) == "InvalidClientException"
    center.clock.pass_by(91 * 86400)
    assert refused(oidc.create_token, **known, **poll) == "InvalidClientException"


def test_records_hold_no_secret(center: World) -> None:
    known, tokens = signed_in(center)
    client(center, "sso").list_accounts(accessToken=tokens["accessToken"])
    said = repr(center.sandbox.calls)
    for secret in (known["clientSecret"], tokens["accessToken"], tokens["refreshToken"], VERIFIER):
        assert secret not in said
    assert [call.action for call in center.sandbox.calls] == [
        "RegisterClient",
        "Authorize",
        "CreateToken",
        "ListAccounts",
    ]


def test_the_practice_person_has_permission_sets() -> None:
    organization = practice.build(clock=Clock()).organization
    accounts = organization.directory.accounts_of("ada")
    assert len(accounts) == len(organization.accounts) - 1
    assert organization.directory.assigned["ada", "444455556666"] == ["ViewOnly"]
    assert organization.directory.assigned["ada", "555566667777"] == ["ViewOnly", "Developer"]
