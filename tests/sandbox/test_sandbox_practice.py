"""The practice organization: every role opens, or is denied for the cause that its name tells."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from small_aws import Clock, Keys, Refused, World, keys_of

from xswitch.sandbox import Sandbox, practice
from xswitch.sandbox.practice_accounts import (
    BY_ENVIRONMENT,
    DENIALS,
    DENIED_NAME,
    HOSTILE_NAME,
    IDENTITY_ID,
    PARTNER_NAME,
    PLACES,
    Place,
)

HUB = f"arn:aws:iam::{IDENTITY_ID}:role/Hub"
DENIED = next(place for place in PLACES if place.name == DENIED_NAME)


class Practice(World):
    """The practice organization with its person at the keyboard, and a clock that goes on for each code."""

    def __init__(self) -> None:
        clock = Clock()
        self.made = practice.build(clock, random.Random(7))
        super().__init__(self.made.organization, clock)
        self.ada = Keys(*self.made.user_access_key)

    def mfa(self) -> dict[str, Any]:
        self.clock.pass_by(30)
        return {"SerialNumber": self.made.mfa_serial, "TokenCode": self.made.code()}


@pytest.fixture(scope="module")
def company() -> Iterator[Practice]:
    made = Practice()
    yield made
    made.close()


def arn(place: Place, role: str) -> str:
    return f"arn:aws:iam::{place.id}:role/{role}"


def every_role() -> list[tuple[Place, str]]:
    return [(place, role) for place in PLACES for role in (*place.roles, *BY_ENVIRONMENT[place.environment])]


@pytest.mark.parametrize(("place", "role"), every_role(), ids=lambda value: getattr(value, "id", value))
def test_every_ordinary_role_opens(company: Practice, place: Place, role: str) -> None:
    guarded = role == "BreakGlass" or (role == "Deploy" and place.environment == "prod")
    caller, params = company.ada, {}
    if role == "Audit":
        with pytest.raises(Refused, match="AccessDenied"):
            company.assume(company.ada, arn(place, role))
        caller = company.session(company.ada, HUB)
    elif role == "Ingest":
        with pytest.raises(Refused, match="AccessDenied"):
            company.assume(company.ada, arn(place, role))
        params = {"ExternalId": company.made.vault_secrets[PARTNER_NAME]}
    elif guarded:
        with pytest.raises(Refused, match="AccessDenied"):
            company.assume(company.ada, arn(place, role))
        params = company.mfa()
    answer = company.assume(caller, arn(place, role), "ada", **params)
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{place.id}:assumed-role/{role}/ada"


def refusal(company: Practice, role: str, caller: Keys | None = None, **params: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        company.assume(caller or company.ada, arn(DENIED, role), "ada", **params)
    return caught.value


BARE = "is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::192837465500:role/{}"


@pytest.mark.parametrize(
    ("role", "because"),
    [
        ("WantsExternalId", ""),
        ("DeniedByScp", " with an explicit deny in a service control policy"),
        ("NotInMyPolicy", " because no identity-based policy allows the sts:AssumeRole action"),
        ("TrustsSomebodyElse", ""),
        ("OutsideMyBoundary", " because no permissions boundary allows the sts:AssumeRole action"),
        ("NeverCreated", ""),
        ("WantsSourceIdentity", ""),
    ],
)
def test_each_denial_says_what_aws_would_say(company: Practice, role: str, because: str) -> None:
    error = refusal(company, role)
    assert (error.status, error.code) == (403, "AccessDenied")
    assert error.message.endswith(BARE.format(role) + because)


def test_each_denial_has_its_own_cause(company: Practice) -> None:
    """Take the cause away, and the role opens: nothing else is in its way."""
    away = company.root(DENIED.id)
    company.assume(company.ada, arn(DENIED, "WantsExternalId"), ExternalId="ask-the-owner-for-it")
    company.assume(company.ada, arn(DENIED, "WantsSourceIdentity"), SourceIdentity="ada")
    company.assume(company.ada, arn(DENIED, "OneHourAtMost"), DurationSeconds=3600)
    hub = company.session(company.ada, HUB)
    assert refusal(company, "WantsMfaDownTheChain", hub).code == "AccessDenied"
    assert "NeverCreated" not in {role["RoleName"] for role in away.iam("ListRoles")["Roles"]}
    trusting = away.iam("GetRole", RoleName="TrustsSomebodyElse")["Role"]["AssumeRolePolicyDocument"]
    assert "Hub" in trusting


def test_the_maximum_that_is_too_low(company: Practice) -> None:
    error = refusal(company, "OneHourAtMost", DurationSeconds=14400)
    assert (error.code, error.message) == (
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )


def test_mfa_on_the_second_hop_never_helps(company: Practice) -> None:
    hub = keys_of(company.assume(company.ada, HUB, "ada", **company.mfa()))
    assert refusal(company, "WantsMfaDownTheChain", hub).code == "AccessDenied"


def test_every_denial_is_tried_above() -> None:
    assert set(DENIALS) == {
        "WantsExternalId",
        "DeniedByScp",
        "NotInMyPolicy",
        "TrustsSomebodyElse",
        "OutsideMyBoundary",
        "NeverCreated",
        "WantsSourceIdentity",
        "OneHourAtMost",
        "WantsMfaDownTheChain",
    }


def test_the_organization_looks_like_a_real_one(company: Practice) -> None:
    accounts: list[dict[str, Any]] = []
    token: dict[str, Any] = {}
    while True:
        page = company.call(company.ada, "organizations", "ListAccounts", **token)
        accounts += page["Accounts"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert len(accounts) == len(PLACES) + 1 == 42
    names = {account["Name"] for account in accounts}
    assert {"identity-hub", "payments-prod", "log-archive", HOSTILE_NAME} <= names
    hostile = next(account for account in accounts if account["Name"] == HOSTILE_NAME)
    tags = company.call(company.ada, "organizations", "ListTagsForResource", ResourceId=hostile["Id"])["Tags"]
    assert any("\u202e" in tag["Value"] for tag in tags)
    parent = company.call(company.ada, "organizations", "ListParents", ChildId=hostile["Id"])["Parents"][0]["Id"]
    unit = company.call(company.ada, "organizations", "DescribeOrganizationalUnit", OrganizationalUnitId=parent)
    assert "\x1b" in unit["OrganizationalUnit"]["Name"]


def test_the_person_can_rotate_their_own_keys(company: Practice) -> None:
    made = company.call(company.ada, "iam", "CreateAccessKey")["AccessKey"]
    fresh = Keys(made["AccessKeyId"], made["SecretAccessKey"])
    company.call(fresh, "iam", "DeleteAccessKey", UserName="ada", AccessKeyId=fresh.id)
    with pytest.raises(Refused, match="AccessDenied"):
        company.call(company.ada, "iam", "CreateUser", UserName="eve")


def test_the_catalog_names_what_there_is(company: Practice) -> None:
    catalog = tomllib.loads(company.made.catalog_toml())
    assert catalog["version"] == 1
    assert catalog["identities"]["central"] == {
        "kind": "keys",
        "account_id": IDENTITY_ID,
        "mfa_serial": company.made.mfa_serial,
    }
    assert [account["name"] for account in catalog["accounts"]] == [place.name for place in PLACES]
    assert [account["ou"] for account in catalog["accounts"]] == [place.ou for place in PLACES]
    assert {account["environment"] for account in catalog["accounts"]} == set(catalog["environments"])
    prod = catalog["environments"]["prod"]
    assert prod == {"colour": "red", "confirm": "type", "reason": True, "max_duration": "1h"}
    text = company.made.catalog_toml()
    assert all(line.isprintable() for line in text.splitlines())
    for secret in (company.ada.secret, company.made.totp_secret, *company.made.vault_secrets.values()):
        assert secret not in text


def test_every_build_has_secrets_of_its_own() -> None:
    one, other = practice.build(Clock()), practice.build(Clock())
    assert one.user_access_key[1] != other.user_access_key[1]
    assert one.totp_secret != other.totp_secret
    assert dict(one.vault_secrets) != dict(other.vault_secrets)
    assert one.catalog_toml() == other.catalog_toml()
    same = [practice.build(Clock(), random.Random(1)) for _ in range(2)]
    assert same[0].user_access_key == same[1].user_access_key


def test_no_practice_key_can_be_one_of_awss(company: Practice) -> None:
    session = company.session(company.ada, arn(DENIED, "ReadOnly"))
    for key_id, prefix in ((company.ada.id, "AKIA"), (session.id, "ASIA")):
        assert re.fullmatch(rf"{prefix}PRACTICE0[A-Z2-7]{{7}}", key_id)
        assert not re.fullmatch(r"[A-Z2-7]{20}", key_id), "the ids of AWS are Base32, which has no 0"


def test_a_role_of_an_account_that_nobody_has_is_denied_as_any_other() -> None:
    made = practice.build()
    with Sandbox(made.organization) as sandbox:
        key_id, secret = made.user_access_key
        client = boto3.client(
            "sts",
            endpoint_url=sandbox.url,
            region_name="eu-west-1",
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
        )
        with pytest.raises(ClientError, match="is not authorized to perform: sts:AssumeRole"):
            client.assume_role(RoleArn="arn:aws:iam::999900001111:role/Deploy", RoleSessionName="ada")
        assert sandbox.crashes == []
