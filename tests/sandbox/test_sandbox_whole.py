"""The sandbox as a whole: nothing that is sent to it breaks it, it starts light, and it can be large."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from large import large
from properties import examples
from small_aws import AWAY, HOME, MANAGER, Clock, World, trust

from xswitch.sandbox import Organization
from xswitch.sandbox.organization import Call
from xswitch.sandbox.refusal import Refusal
from xswitch.sandbox.services import ACTIONS

EVERY = [(service, action) for service, actions in ACTIONS.items() for action in actions]
NAMES = [
    *(
        "RoleArn",
        "RoleSessionName",
        "DurationSeconds",
        "Policy",
        "PolicyArns",
        "Tags",
        "TransitiveTagKeys",
        "ExternalId",
    ),
    *("SerialNumber", "TokenCode", "SourceIdentity", "Name", "AccessKeyId", "UserName", "RoleName", "Path", "Status"),
    *("AssumeRolePolicyDocument", "PolicyDocument", "PolicyName", "PolicyArn", "VersionId", "PermissionsBoundary"),
    *("MaxItems", "Marker", "MaxResults", "NextToken", "ParentId", "ChildId", "AccountId", "ResourceId", "TargetId"),
    *("PolicyType", "Type", "Filter", "Content", "PolicyId", "OrganizationalUnitId", "MaxSessionDuration"),
]
PLAIN = st.sampled_from(
    [
        *("ada", "Deploy", "", "x" * 200, "\x00\ud7ff", "/ci/", HOME, AWAY, "p-FullAWSAccess", "900", "-1", "Active"),
        *(f"arn:aws:iam::{AWAY}:role/Deploy", "arn:aws:iam::aws:policy/ReadOnlyAccess", "a:b:c", "a:b:c:d:e:f:g"),
        *(
            "SERVICE_CONTROL_POLICY",
            trust("*"),
            "{",
            "[]",
            '{"Statement": [1]}',
            json.dumps({"Statement": {"Effect": []}}),
        ),
    ]
)
VALUES: Any = st.recursive(
    PLAIN | st.integers(-5, 50000) | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Key", "Value", "arn", "member", "1"]), inner, max_size=3)
    ),
    max_leaves=5,
)


def small() -> Organization:
    clock = Clock()
    organization = Organization(MANAGER, "management", clock=clock)
    organization.add_account(HOME, "home", parent=organization.root_id)
    organization.add_account(AWAY, "away", parent=organization.root_id)
    organization.root(HOME).iam("CreateUser", UserName="ada")
    organization.root(HOME).iam(
        "PutUserPolicy",
        UserName="ada",
        PolicyName="all",
        PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
        ),
    )
    organization.root(HOME).iam("CreateAccessKey", UserName="ada")
    organization.root(AWAY).iam("CreateRole", RoleName="Deploy", AssumeRolePolicyDocument=trust("*"))
    return organization


@pytest.mark.parametrize(("service", "action"), EVERY, ids=[action for _, action in EVERY])
@examples(15)
@given(params=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6))
def test_any_parameters_are_answered_or_refused(service: str, action: str, params: dict[str, Any]) -> None:
    organization = small()
    key_id = next(iter(organization.users_by_key))
    principal, _ = organization.principal_of(key_id, None, organization.clock())
    for caller in (principal, organization.root_principal(MANAGER)):
        try:
            result = organization.perform(service, action, Call(caller, params, organization.clock()))
        except Refusal as refusal:
            assert refusal.code and 400 <= refusal.status < 500
        else:
            assert result is None or json.dumps(result)


def test_starting_it_loads_no_client() -> None:
    code = (
        "import sys; from xswitch.sandbox import Sandbox, practice\n"
        "made = practice.build()\n"
        "with Sandbox(made.organization): pass\n"
        "heavy = {'boto3', 'botocore', 'textual', 'keyring', 'cryptography'} & set(sys.modules)\n"
        "rooms = {name for name in sys.modules if name.startswith('xswitch.')}\n"
        "odd = {name for name in rooms if name.split('.')[1] not in ('sandbox', 'policy')}\n"
        "print(sorted(heavy), sorted(odd))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[] []\n"


def test_an_organization_can_be_large() -> None:
    begun = time.process_time()
    organization = large(1205)
    assert time.process_time() - begun < 10
    world = World(organization)
    try:
        boss = world.user("boss", MANAGER)
        seen: list[dict[str, Any]] = []
        token: dict[str, str] = {}
        pages = 0
        while pages == 0 or token:
            page = world.call(boss, "organizations", "ListAccounts", **token)
            seen += page["Accounts"]
            token = {"NextToken": page["NextToken"]} if "NextToken" in page else {}
            pages += 1
    finally:
        world.close()
    assert (len(seen), pages) == (1206, 61)
    assert len({account["Id"] for account in seen}) == 1206
    assert len({account["Name"] for account in seen}) == 1206 - 12
    assert sum(account["State"] == "SUSPENDED" for account in seen) == 24
