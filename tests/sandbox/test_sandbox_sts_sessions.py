"""Session policies, who may call what in STS, and the end of a session."""

from __future__ import annotations

import hashlib
import re

import pytest
from small_aws import HOME, Refused, World, allow, keys_of
from sts_words import (
    ADA,
    ROLE,
    refused,
    refused_role,
    seconds,
    tags,
)

# -- session policies --------------------------------------------------------------------------------------------------


def test_a_session_policy_limits_the_session(world: World) -> None:
    ada, _ = world.user(), world.role()
    session = world.session(ada, ROLE, Policy=allow("iam:ListRoles"))
    world.call(session, "iam", "ListRoles")
    with pytest.raises(Refused, match="because no session policy allows the iam:GetRole action"):
        world.call(session, "iam", "GetRole", RoleName="Deploy")
    read = [{"arn": "arn:aws:iam::aws:policy/IAMReadOnlyAccess"}]
    session = world.session(ada, ROLE, PolicyArns=read)
    world.call(session, "iam", "GetRole", RoleName="Deploy")
    with pytest.raises(Refused, match="CreateUser"):
        world.call(session, "iam", "CreateUser", UserName="new")


def test_the_packed_size_is_told_and_limited(world: World) -> None:
    ada, _ = world.user(), world.role()
    assert 0 < world.assume(ada, ROLE, Tags=tags(3))["PackedPolicySize"] <= 100
    assert 0 < world.assume(ada, ROLE, Policy=allow("s3:*"))["PackedPolicySize"] <= 100
    dense = [{"Key": f"{n}", "Value": hashlib.sha512(b"%d" % n).hexdigest()} for n in range(50)]
    error = refused_role(world, ada, Tags=dense)
    assert (error.status, error.code) == (400, "PackedPolicyTooLarge")
    assert re.fullmatch(r"Packed policy consumes \d{3,}% of allotted space, please use smaller policy\.", error.message)


def test_policy_and_arns_share_2048_characters(world: World) -> None:
    ada, _ = world.user(), world.role()
    arns = [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]
    text = allow("s3:*")
    fits = text + " " * (2048 - len(text) - len(arns[0]["arn"]))
    world.assume(ada, ROLE, Policy=fits, PolicyArns=arns)
    assert refused_role(world, ada, Policy=f"{fits} ", PolicyArns=arns).code == "PackedPolicyTooLarge"


def test_ten_policy_arns_and_no_more(world: World) -> None:
    ada, _ = world.user(), world.role()
    arn = {"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
    world.assume(ada, ROLE, PolicyArns=[arn] * 10)
    error = refused_role(world, ada, PolicyArns=[arn] * 11)
    assert error.code == "ValidationError"
    assert (
        "at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to 10"
        in error.message
    )


@pytest.mark.parametrize("policy", ["{", "[]", "{}", allow("sts").replace("Allow", "allow"), '{"Statement": 1}'])
def test_a_session_policy_that_is_none(world: World, policy: str) -> None:
    ada, _ = world.user(), world.role()
    error = refused_role(world, ada, Policy=policy)
    assert (error.status, error.code) == (400, "MalformedPolicyDocument")


def test_a_policy_arn_that_leads_nowhere(world: World) -> None:
    ada, _ = world.user(), world.role()
    arn = f"arn:aws:iam::{HOME}:policy/elsewhere"
    assert arn in refused_role(world, ada, PolicyArns=[{"arn": arn}]).message


# -- who may call what -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("asked", "lasts"), [(None, 43200), (900, 900), (129600, 129600)])
def test_get_session_token_durations(world: World, asked: int | None, lasts: int) -> None:
    ada = world.user()
    answer = world.call(ada, "sts", "GetSessionToken", **({} if asked is None else {"DurationSeconds": asked}))
    assert seconds(answer) == lasts
    for wrong in (899, 129601):
        assert refused(world, ada, "GetSessionToken", DurationSeconds=wrong).code == "ValidationError"


def test_get_session_token_is_for_a_users_own_keys(world: World) -> None:
    ada, hub = world.user(), world.role("Hub", HOME)
    token = keys_of(world.call(ada, "sts", "GetSessionToken"))
    federated = keys_of(world.call(ada, "sts", "GetFederationToken", Name="fed"))
    for keys in (token, federated, world.session(ada, hub)):
        for action, params in (("GetSessionToken", {}), ("GetFederationToken", {"Name": "fed"})):
            error = refused(world, keys, action, **params)
            assert (error.status, error.code) == (403, "AccessDenied")
            assert error.message == f"Cannot call {action} with session credentials"


def test_get_session_token_needs_no_permission(world: World) -> None:
    nobody = world.user("nobody", policy=allow("sts:*", effect="Deny"))
    token = keys_of(world.call(nobody, "sts", "GetSessionToken"))
    assert world.call(token, "sts", "GetCallerIdentity")["Arn"] == f"arn:aws:iam::{HOME}:user/nobody"


def test_what_a_session_token_may_call(world: World) -> None:
    ada, serial, _ = world.user(), world.device(), world.role()
    token = keys_of(world.call(ada, "sts", "GetSessionToken"))
    world.assume(token, ROLE)
    assert world.call(token, "sts", "GetCallerIdentity")["Arn"] == ADA
    assert refused(world, token, "GetAccessKeyInfo", AccessKeyId=ada.id).code == "AccessDenied"
    with pytest.raises(Refused) as caught:
        world.call(token, "iam", "GetUser")
    assert (caught.value.status, caught.value.code) == (403, "InvalidClientTokenId")
    with_mfa = keys_of(world.call(ada, "sts", "GetSessionToken", SerialNumber=serial, TokenCode=world.code(serial)))
    assert world.call(with_mfa, "iam", "GetUser")["User"]["UserName"] == "ada"


def test_a_federated_user_has_what_both_policies_allow(world: World) -> None:
    ada = world.user()
    answer = world.call(
        ada, "sts", "GetFederationToken", Name="fed", Policy=allow("organizations:DescribeOrganization")
    )
    assert answer["FederatedUser"] == {
        "FederatedUserId": f"{HOME}:fed",
        "Arn": f"arn:aws:sts::{HOME}:federated-user/fed",
    }
    assert answer["PackedPolicySize"] > 0
    assert seconds(answer) == 43200
    federated = keys_of(answer)
    world.call(federated, "organizations", "DescribeOrganization")
    assert world.call(federated, "sts", "GetCallerIdentity")["UserId"] == f"{HOME}:fed"
    bare = keys_of(world.call(ada, "sts", "GetFederationToken", Name="fed"))
    with pytest.raises(Refused, match="AccessDenied"):
        world.call(bare, "organizations", "DescribeOrganization")
    with pytest.raises(Refused, match="InvalidClientTokenId"):
        world.call(federated, "iam", "ListRoles")
    world.role()
    assert refused_role(world, federated).code == "AccessDenied"


def test_get_federation_token_asks_for_permission(world: World) -> None:
    nobody = world.user("nobody", policy=allow("s3:*"))
    error = refused(world, nobody, "GetFederationToken", Name="fed")
    assert error.code == "AccessDenied"
    assert f"sts:GetFederationToken on resource: arn:aws:sts::{HOME}:federated-user/fed" in error.message
    tagless = world.user("tagless", policy=allow("sts:GetFederationToken"))
    assert "sts:TagSession" in refused(world, tagless, "GetFederationToken", Name="fed", Tags=tags(1)).message


@pytest.mark.parametrize("name", ["x", "x" * 33, "a b", "josé"])
def test_get_federation_token_names_have_a_form(world: World, name: str) -> None:
    error = refused(world, world.user(), "GetFederationToken", Name=name)
    assert error.code == "ValidationError" and "at 'name' failed to satisfy constraint" in error.message


def test_get_caller_identity_cannot_be_denied(world: World) -> None:
    nobody = world.user("nobody", policy=allow("*", effect="Deny"))
    who = world.call(nobody, "sts", "GetCallerIdentity")
    assert (who["Account"], who["Arn"]) == (HOME, f"arn:aws:iam::{HOME}:user/nobody")
    assert re.fullmatch(r"AIDA[A-Z2-7]{17}", who["UserId"])


def test_get_access_key_info_tells_the_account(world: World) -> None:
    ada = world.user()
    assert world.call(ada, "sts", "GetAccessKeyInfo", AccessKeyId=ada.id)["Account"] == HOME


def test_a_token_can_be_asked_to_be_large(world: World) -> None:
    ada, _ = world.user(), world.role()
    answer = world.assume(ada, ROLE, MinimumSessionTokenSize=4000)
    assert 4000 <= len(answer["Credentials"]["SessionToken"]) <= 4096
    assert refused_role(world, ada, MinimumSessionTokenSize=4097).code == "ValidationError"


# -- the end of a session ----------------------------------------------------------------------------------------------


def test_an_ended_session_is_an_expired_token(world: World) -> None:
    ada, _ = world.user(), world.role()
    session = world.session(ada, ROLE, DurationSeconds=900)
    world.clock.pass_by(899)
    world.call(session, "sts", "GetCallerIdentity")
    world.clock.pass_by(1)
    error = refused(world, session, "GetCallerIdentity")
    assert (error.status, error.code) == (403, "ExpiredToken")
    assert error.message == "The security token included in the request is expired"


def test_a_region_that_is_switched_off(world: World) -> None:
    ada, _ = world.user(), world.role()
    world.faults.disable_region("ap-south-2")
    with pytest.raises(Refused) as caught:
        world.call(ada, "sts", "GetCallerIdentity", region="ap-south-2")
    assert (caught.value.status, caught.value.code) == (403, "RegionDisabledException")
    assert caught.value.message == (
        f"STS is not activated in this region for account:{HOME}. Your account administrator can activate STS in this "
        "region using the IAM Console."
    )
    assert world.call(ada, "sts", "GetCallerIdentity", region="eu-west-1")["Account"] == HOME
    assert world.sandbox.calls[-1].region == "eu-west-1"
