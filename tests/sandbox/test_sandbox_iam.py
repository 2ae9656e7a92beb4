"""IAM as the organization is seeded and read by it: errors, pages, who may, and trust policies that name nobody."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

import pytest
from small_aws import AWAY, HOME, Keys, Refused, World, allow, trust

from xswitch.sandbox import totp
from xswitch.sandbox.refusal import Refusal

HOME_ROOT = f"arn:aws:iam::{HOME}:root"
POLICY = allow("s3:GetObject")
BOUNDARY = f"arn:aws:iam::{HOME}:policy/team/bound"


def read(document: str) -> Any:
    """Return a document as IAM answers with it: percent-encoded."""
    return json.loads(unquote(document))


def error(world: World, keys: Keys, action: str, **params: Any) -> tuple[int, str, str]:
    with pytest.raises(Refused) as caught:
        world.call(keys, "iam", action, **params)
    return caught.value.status, caught.value.code, caught.value.message


def test_users_and_their_keys(world: World) -> None:
    ada = world.user(Tags=[{"Key": "team", "Value": "payments"}])
    found = world.call(ada, "iam", "GetUser")["User"]
    assert (found["Arn"], found["Path"]) == (f"arn:aws:iam::{HOME}:user/ada", "/")
    assert found["Tags"] == [{"Key": "team", "Value": "payments"}]
    made = world.call(ada, "iam", "CreateAccessKey")["AccessKey"]
    assert (made["Status"], len(made["SecretAccessKey"])) == ("Active", 40)
    assert error(world, ada, "CreateAccessKey")[:2] == (409, "LimitExceeded")
    world.call(ada, "iam", "UpdateAccessKey", AccessKeyId=made["AccessKeyId"], Status="Inactive")
    keys = world.call(ada, "iam", "ListAccessKeys")["AccessKeyMetadata"]
    assert [(key["AccessKeyId"], key["Status"]) for key in keys] == [
        (ada.id, "Active"),
        (made["AccessKeyId"], "Inactive"),
    ]
    assert not any("SecretAccessKey" in key for key in keys)
    assert error(world, ada, "UpdateAccessKey", AccessKeyId=ada.id, Status="Maybe")[1] == "ValidationError"
    world.call(ada, "iam", "DeleteAccessKey", AccessKeyId=made["AccessKeyId"])
    assert error(world, ada, "DeleteAccessKey", AccessKeyId=made["AccessKeyId"]) == (
        404,
        "NoSuchEntity",
        f"The Access Key with id {made['AccessKeyId']} cannot be found.",
    )
    world.call(ada, "iam", "TagUser", UserName="ada", Tags=[{"Key": "k", "Value": "v"}])
    assert len(world.call(ada, "iam", "GetUser")["User"]["Tags"]) == 2
    assert [user["UserName"] for user in world.call(ada, "iam", "ListUsers")["Users"]] == ["ada"]


def test_a_new_key_is_known_everywhere_only_after_a_while(world: World) -> None:
    ada = world.user()
    made = world.call(ada, "iam", "CreateAccessKey")["AccessKey"]
    key = Keys(made["AccessKeyId"], made["SecretAccessKey"])
    world.call(key, "sts", "GetCallerIdentity")
    world.organization.keys_known_after = 10
    with pytest.raises(Refused, match="InvalidClientTokenId"):
        world.call(key, "sts", "GetCallerIdentity")
    world.clock.now += 10
    world.call(key, "sts", "GetCallerIdentity")


def test_what_is_there_already_and_what_is_not(world: World) -> None:
    ada = world.user()
    assert error(world, ada, "CreateUser", UserName="Ada") == (
        409,
        "EntityAlreadyExists",
        "User with name Ada already exists.",
    )
    world.role("Deploy", HOME)
    assert error(world, ada, "CreateRole", RoleName="deploy", AssumeRolePolicyDocument=trust("*")) == (
        409,
        "EntityAlreadyExists",
        "Role with name deploy already exists.",
    )
    assert error(world, ada, "GetRole", RoleName="Nope") == (
        404,
        "NoSuchEntity",
        "The role with name Nope cannot be found.",
    )
    assert error(world, ada, "GetUser", UserName="nope") == (
        404,
        "NoSuchEntity",
        "The user with name nope cannot be found.",
    )
    assert error(world, ada, "GetRolePolicy", RoleName="Deploy", PolicyName="nope")[1] == "NoSuchEntity"
    assert error(world, ada, "DeleteUserPolicy", UserName="ada", PolicyName="nope")[1] == "NoSuchEntity"
    missing = f"arn:aws:iam::{HOME}:policy/nope"
    for action, params in (
        ("AttachRolePolicy", {"RoleName": "Deploy", "PolicyArn": missing}),
        ("DetachRolePolicy", {"RoleName": "Deploy", "PolicyArn": missing}),
        ("GetPolicy", {"PolicyArn": missing}),
        ("PutRolePermissionsBoundary", {"RoleName": "Deploy", "PermissionsBoundary": missing}),
        ("DeleteRolePermissionsBoundary", {"RoleName": "Deploy"}),
        ("CreateUser", {"UserName": "eve", "PermissionsBoundary": missing}),
        ("GetPolicyVersion", {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess", "VersionId": "v2"}),
    ):
        assert error(world, ada, action, **params)[:2] == (404, "NoSuchEntity"), action


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("CreateUser", {"UserName": "a b"}),
        ("CreateUser", {"UserName": "u" * 65}),
        ("CreateUser", {"UserName": "ok", "Path": "no"}),
        ("CreateRole", {"RoleName": "r" * 65, "AssumeRolePolicyDocument": trust("*")}),
        ("CreateRole", {"RoleName": "R", "AssumeRolePolicyDocument": trust("*"), "MaxSessionDuration": 3599}),
        ("CreateRole", {"RoleName": "R", "AssumeRolePolicyDocument": trust("*"), "MaxSessionDuration": 43201}),
        ("ListRoles", {"MaxItems": 1001}),
        ("ListRoles", {"Marker": "bm9wZQ=="}),
    ],
)
def test_parameters_have_a_form(world: World, action: str, params: dict[str, Any]) -> None:
    assert error(world, world.user(), action, **params)[:2] == (400, "ValidationError")


def test_roles_are_read_as_they_were_written(world: World) -> None:
    ada = world.user()
    document = trust(HOME_ROOT, condition={"StringEquals": {"sts:ExternalId": "a b/ü"}})
    world.role("Deploy", HOME, document, Path="/ci/", MaxSessionDuration=7200, Tags=[{"Key": "k", "Value": ""}])
    found = world.call(ada, "iam", "GetRole", RoleName="Deploy")["Role"]
    assert found["Arn"] == f"arn:aws:iam::{HOME}:role/ci/Deploy"
    assert read(found["AssumeRolePolicyDocument"]) == json.loads(document)
    assert found["MaxSessionDuration"] == 7200 and found["Tags"] == [{"Key": "k", "Value": ""}]
    world.call(ada, "iam", "UpdateRole", RoleName="Deploy", MaxSessionDuration=3600, Description="changed")
    other = trust(f"arn:aws:iam::{HOME}:user/ada")
    world.call(ada, "iam", "UpdateAssumeRolePolicy", RoleName="Deploy", PolicyDocument=other)
    found = world.call(ada, "iam", "GetRole", RoleName="Deploy")["Role"]
    assert (found["MaxSessionDuration"], found["Description"]) == (3600, "changed")
    assert read(found["AssumeRolePolicyDocument"]) == json.loads(other)
    assert world.call(ada, "iam", "ListRoles", PathPrefix="/cd/")["Roles"] == []
    assert len(world.call(ada, "iam", "ListRoles", PathPrefix="/ci/")["Roles"]) == 1
    assert error(world, ada, "DeleteRole", RoleName="Deploy")[:2] == (409, "DeleteConflict")
    world.call(ada, "iam", "DeleteRolePolicy", RoleName="Deploy", PolicyName="own")
    world.call(ada, "iam", "DeleteRole", RoleName="Deploy")
    assert error(world, ada, "GetRole", RoleName="Deploy")[1] == "NoSuchEntity"


@pytest.mark.parametrize(
    "named",
    [
        f"arn:aws:iam::{HOME}:user/nobody",
        f"arn:aws:iam::{HOME}:role/nothing",
        "arn:aws:iam::123412341234:root",
        "123412341234",
        "AIDAAAAAAAAAAAAAAAAAA",
        f"arn:aws:sts::{HOME}:assumed-role/nothing/x",
    ],
)
def test_a_trust_policy_names_who_is_there(world: World, named: str) -> None:
    ada = world.user()
    status, code, message = error(world, ada, "CreateRole", RoleName="R", AssumeRolePolicyDocument=trust(named))
    assert (status, code) == (400, "MalformedPolicyDocument")
    assert message == f'Invalid principal in policy: "AWS":"{named}"'


@pytest.mark.parametrize(
    ("action", "params", "code"),
    [
        ("CreateRole", {"RoleName": "R", "AssumeRolePolicyDocument": "{"}, "MalformedPolicyDocument"),
        ("CreateRole", {"RoleName": "R", "AssumeRolePolicyDocument": POLICY}, "MalformedPolicyDocument"),
        (
            "PutUserPolicy",
            {"UserName": "ada", "PolicyName": "p", "PolicyDocument": trust("*")},
            "MalformedPolicyDocument",
        ),
        ("CreatePolicy", {"PolicyName": "p", "PolicyDocument": '{"a": 1, "a": 2}'}, "MalformedPolicyDocument"),
        (
            "CreateRole",
            {"RoleName": "R", "AssumeRolePolicyDocument": trust("*", condition={"StringEquals": {"a:b": "x" * 2048}})},
            "LimitExceeded",
        ),
        (
            "PutUserPolicy",
            {"UserName": "ada", "PolicyName": "p", "PolicyDocument": allow("s3:" + "x" * 2048)},
            "LimitExceeded",
        ),
    ],
)
def test_documents_that_are_refused(world: World, action: str, params: dict[str, Any], code: str) -> None:
    assert error(world, world.user(), action, **params)[1] == code


def test_policies_of_users_and_roles(world: World) -> None:
    ada = world.user()
    world.role("Deploy", HOME)
    for kind, name in (("User", "ada"), ("Role", "Deploy")):
        who = {f"{kind}Name": name}
        world.call(ada, "iam", f"Put{kind}Policy", **who, PolicyName="extra", PolicyDocument=POLICY)
        held = world.call(ada, "iam", f"Get{kind}Policy", **who, PolicyName="extra")
        assert read(held["PolicyDocument"]) == json.loads(POLICY)
        assert world.call(ada, "iam", f"List{kind}Policies", **who)["PolicyNames"] == ["extra", "own"]
        world.call(ada, "iam", f"Delete{kind}Policy", **who, PolicyName="extra")
        arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
        for _ in range(2):
            world.call(ada, "iam", f"Attach{kind}Policy", **who, PolicyArn=arn)
        assert world.call(ada, "iam", f"ListAttached{kind}Policies", **who)["AttachedPolicies"] == [
            {"PolicyName": "ReadOnlyAccess", "PolicyArn": arn}
        ]
        world.call(ada, "iam", f"Detach{kind}Policy", **who, PolicyArn=arn)
        assert world.call(ada, "iam", f"ListAttached{kind}Policies", **who)["AttachedPolicies"] == []


def test_managed_policies_and_boundaries(world: World) -> None:
    ada = world.user()
    world.role("Deploy", HOME)
    params = {"PolicyName": "bound", "Path": "/team/", "PolicyDocument": POLICY}
    made = world.call(ada, "iam", "CreatePolicy", **params)["Policy"]
    assert (made["Arn"], made["DefaultVersionId"]) == (BOUNDARY, "v1")
    assert error(world, ada, "CreatePolicy", **params)[:2] == (409, "EntityAlreadyExists")
    version = world.call(ada, "iam", "GetPolicyVersion", PolicyArn=BOUNDARY, VersionId="v1")["PolicyVersion"]
    assert read(version["Document"]) == json.loads(POLICY)
    world.call(ada, "iam", "PutRolePermissionsBoundary", RoleName="Deploy", PermissionsBoundary=BOUNDARY)
    found = world.call(ada, "iam", "GetRole", RoleName="Deploy")["Role"]["PermissionsBoundary"]
    assert found["PermissionsBoundaryArn"] == BOUNDARY
    session = world.session(ada, f"arn:aws:iam::{HOME}:role/Deploy")
    assert "because no permissions boundary allows the iam:ListRoles action" in error(world, session, "ListRoles")[2]
    world.call(ada, "iam", "DeleteRolePermissionsBoundary", RoleName="Deploy")
    world.call(session, "iam", "ListRoles")
    world.call(ada, "iam", "AttachRolePolicy", RoleName="Deploy", PolicyArn=BOUNDARY)
    assert world.call(ada, "iam", "GetPolicy", PolicyArn=BOUNDARY)["Policy"]["AttachmentCount"] == 1


def test_ten_policies_attached_and_no_more(world: World) -> None:
    ada = world.user()
    for number in range(11):
        made = world.call(ada, "iam", "CreatePolicy", PolicyName=f"p{number}", PolicyDocument=POLICY)["Policy"]["Arn"]
        if number < 10:
            world.call(ada, "iam", "AttachUserPolicy", UserName="ada", PolicyArn=made)
    assert error(world, ada, "AttachUserPolicy", UserName="ada", PolicyArn=made)[:2] == (409, "LimitExceeded")


def test_devices_are_paired_with_two_codes(world: World) -> None:
    ada = world.user()
    made = world.call(ada, "iam", "CreateVirtualMFADevice", VirtualMFADeviceName="phone")["VirtualMFADevice"]
    serial, seed = made["SerialNumber"], totp.decode_seed(made["Base32StringSeed"].decode())
    assert serial == f"arn:aws:iam::{HOME}:mfa/phone"
    now = totp.counter(world.clock())
    one, two, three = (totp.code_of(seed, now + step) for step in (0, 1, 2))
    params = {"UserName": "ada", "SerialNumber": serial}

    def enable(first: str, second: str) -> None:
        world.call(ada, "iam", "EnableMFADevice", **params, AuthenticationCode1=first, AuthenticationCode2=second)

    far = [totp.code_of(seed, now - step) for step in (31, 30)]
    for first, second in ((one, three), (two, one), (one, one), (far[0], far[1])):
        with pytest.raises(Refused) as caught:
            enable(first, second)
        assert (caught.value.status, caught.value.code) == (403, "InvalidAuthenticationCode")
    enable(one, two)
    assert one not in repr(world.sandbox.calls)
    listed = world.call(ada, "iam", "ListMFADevices")["MFADevices"]
    assert [device["SerialNumber"] for device in listed] == [serial]
    with pytest.raises(Refused, match="EntityAlreadyExists"):
        enable(one, two)
    with pytest.raises(Refused, match="invalid MFA one time pass code"):
        world.call(ada, "sts", "GetSessionToken", SerialNumber=serial, TokenCode=one)
    world.call(ada, "iam", "DeactivateMFADevice", **params)
    assert world.call(ada, "iam", "ListMFADevices")["MFADevices"] == []
    assert error(world, ada, "DeactivateMFADevice", **params)[1] == "NoSuchEntity"
    assert error(world, ada, "CreateVirtualMFADevice", VirtualMFADeviceName="phone")[1] == "EntityAlreadyExists"


def test_who_may_is_asked_of_the_callers_own_policies(world: World) -> None:
    reader = world.user("reader", policy=allow("iam:GetRole", resource=f"arn:aws:iam::{HOME}:role/Deploy"))
    world.role("Deploy", HOME)
    world.role("Other", HOME)
    world.call(reader, "iam", "GetRole", RoleName="Deploy")
    arn = f"arn:aws:iam::{HOME}:role/Other"
    assert error(world, reader, "GetRole", RoleName="Other") == (
        403,
        "AccessDenied",
        f"User: arn:aws:iam::{HOME}:user/reader is not authorized to perform: iam:GetRole on resource: {arn} because no "
        "identity-based policy allows the iam:GetRole action",
    )
    # Who may not ask does not learn whether it is there.
    assert error(world, reader, "GetRole", RoleName="Nope")[1] == "AccessDenied"
    assert error(world, reader, "CreateUser", UserName="eve")[1] == "AccessDenied"


def test_a_session_sees_its_own_account_alone(world: World) -> None:
    ada = world.user()
    world.role("Deploy")
    session = world.session(ada, f"arn:aws:iam::{AWAY}:role/Deploy")
    assert [role["RoleName"] for role in world.call(session, "iam", "ListRoles")["Roles"]] == ["Deploy"]
    assert world.call(ada, "iam", "ListRoles")["Roles"] == []
    assert error(world, session, "GetUser")[:2] == (400, "ValidationError")


def test_a_session_ends_with_its_role(world: World) -> None:
    ada = world.user()
    session = world.session(ada, world.role("Deploy", HOME))
    world.call(ada, "iam", "DeleteRolePolicy", RoleName="Deploy", PolicyName="own")
    world.call(ada, "iam", "DeleteRole", RoleName="Deploy")
    with pytest.raises(Refused, match="InvalidClientTokenId"):
        world.call(session, "sts", "GetCallerIdentity")


def test_in_process_the_same_rules_hold(world: World) -> None:
    root = world.root()
    with pytest.raises(Refusal) as caught:
        root.iam("CreateRole", RoleName="a b", AssumeRolePolicyDocument=trust("*"))
    assert caught.value.code == "ValidationError"
    with pytest.raises(Refusal) as caught:
        root.iam("NoSuchAction")
    assert caught.value.code == "InvalidAction"
    for account_id, name in (("12345", "x"), (HOME, "again"), ("123412341234", "")):
        with pytest.raises(ValueError, match="not a"):
            world.organization.add_account(account_id, name)
