"""Both sides of the handshake, explicit denials, source identities and session tags."""

from __future__ import annotations

import json
from typing import Any

import pytest
from small_aws import AWAY, HOME, MANAGER, STRANGER, World, allow, trust
from sts_words import (
    ADA,
    ROLE,
    refused_role,
    tags,
)

# -- both sides --------------------------------------------------------------------------------------------------------


def test_across_accounts_both_sides_have_to_allow(world: World) -> None:
    allowed = world.user("allowed", policy=allow("sts:AssumeRole", resource=ROLE))
    silent = world.user("silent", policy=allow("s3:*"))
    world.role(trusted=trust(f"arn:aws:iam::{HOME}:user/allowed", f"arn:aws:iam::{HOME}:user/silent"))
    world.assume(allowed, ROLE)
    error = refused_role(world, silent)
    assert (error.status, error.code) == (403, "AccessDenied")
    assert error.message == (
        f"User: arn:aws:iam::{HOME}:user/silent is not authorized to perform: sts:AssumeRole on resource: {ROLE} "
        "because no identity-based policy allows the sts:AssumeRole action"
    )
    world.role("Closed", trusted=trust(f"arn:aws:iam::{AWAY}:root"))
    closed = f"arn:aws:iam::{AWAY}:role/Closed"
    every = world.user("every")
    error = refused_role(world, every, RoleArn=closed)
    assert error.message.startswith(
        f"User: arn:aws:iam::{HOME}:user/every is not authorized to perform: sts:AssumeRole on resource: {closed}"
    )


def test_in_one_account_the_trust_policy_may_suffice(world: World) -> None:
    silent = world.user("silent", policy=allow("s3:*"))
    named = world.role("Named", HOME, trust(f"arn:aws:iam::{HOME}:user/silent"))
    delegated = world.role("Delegated", HOME, trust(f"arn:aws:iam::{HOME}:root"))
    world.assume(silent, named)
    assert refused_role(world, silent, RoleArn=delegated).code == "AccessDenied"


def test_a_role_that_does_not_exist_answers_like_one_that_does_not_trust_you(world: World) -> None:
    ada = world.user()
    world.role("Closed", trusted=trust(f"arn:aws:iam::{AWAY}:root"))
    missing, closed = (f"arn:aws:iam::{AWAY}:role/{name}" for name in ("Missing", "Closed"))
    nowhere = "arn:aws:iam::123412341234:role/Missing"
    errors = [refused_role(world, ada, RoleArn=arn) for arn in (missing, closed, nowhere)]
    assert {(error.status, error.code) for error in errors} == {(403, "AccessDenied")}
    assert errors[0].message.replace("Missing", "Closed") == errors[1].message
    assert errors[2].message == errors[0].message.replace(AWAY, "123412341234")


def test_external_ids_are_compared(world: World) -> None:
    ada = world.user()
    world.role(trusted=trust(f"arn:aws:iam::{HOME}:root", condition={"StringEquals": {"sts:ExternalId": "right-one"}}))
    world.assume(ada, ROLE, ExternalId="right-one")
    assert refused_role(world, ada, ExternalId="Right-one").code == "AccessDenied"
    assert refused_role(world, ada).code == "AccessDenied"


def test_an_explicit_deny_wins_wherever_it_stands(world: World) -> None:
    deny = allow("sts:AssumeRole", resource=ROLE, effect="Deny")
    manager = world.root(MANAGER)
    ada = world.user()
    home = world.root(HOME)
    trusting = trust(f"arn:aws:iam::{HOME}:root")
    world.role(trusted=trusting)

    def because() -> str:
        error = refused_role(world, ada)
        assert (error.status, error.code) == (403, "AccessDenied")
        return error.message.partition("with an explicit deny ")[2]

    world.assume(ada, ROLE)
    home.iam("PutUserPolicy", UserName="ada", PolicyName="no", PolicyDocument=deny)
    assert because() == "in an identity-based policy"
    home.iam("DeleteUserPolicy", UserName="ada", PolicyName="no")

    statement = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "sts:*", "Resource": ROLE},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    boundary = home.iam("CreatePolicy", PolicyName="bound", PolicyDocument=document)["Policy"]["Arn"]
    home.iam("PutUserPermissionsBoundary", UserName="ada", PermissionsBoundary=boundary)
    assert because() == "in a permissions boundary"
    home.iam("DeleteUserPermissionsBoundary", UserName="ada")

    closed = json.loads(trusting)
    closed["Statement"].append({"Effect": "Deny", "Principal": {"AWS": ADA}, "Action": "sts:AssumeRole"})
    away = world.root(AWAY)
    away.iam("UpdateAssumeRolePolicy", RoleName="Deploy", PolicyDocument=json.dumps(closed))
    assert because() == ""
    away.iam("UpdateAssumeRolePolicy", RoleName="Deploy", PolicyDocument=trusting)

    root_id = world.organization.root_id
    for kind, extra, target, words in (
        ("SERVICE_CONTROL_POLICY", {}, HOME, "in a service control policy"),
        ("RESOURCE_CONTROL_POLICY", {"Principal": "*"}, AWAY, ""),  # another account's policies are not told of
    ):
        manager.organizations("EnablePolicyType", RootId=root_id, PolicyType=kind)
        world.assume(ada, ROLE)
        content = {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*", **extra}
        made = manager.organizations(
            "CreatePolicy", Type=kind, Name="no", Content=json.dumps({"Version": "2012-10-17", "Statement": [content]})
        )
        policy = made["Policy"]["PolicySummary"]["Id"]
        manager.organizations("AttachPolicy", PolicyId=policy, TargetId=target)
        assert because() == words
        manager.organizations("DetachPolicy", PolicyId=policy, TargetId=target)
    world.assume(ada, ROLE)


def test_an_scp_of_the_roles_account_does_not_bind_the_caller(world: World) -> None:
    ada, _ = world.user(), world.role()
    manager = world.root(MANAGER)
    manager.organizations("EnablePolicyType", RootId=world.organization.root_id, PolicyType="SERVICE_CONTROL_POLICY")
    made = manager.organizations(
        "CreatePolicy", Type="SERVICE_CONTROL_POLICY", Name="no", Content=allow("*", effect="Deny")
    )
    manager.organizations("AttachPolicy", PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=AWAY)
    world.assume(ada, ROLE)


def test_an_rcp_keeps_strangers_out_and_spares_the_management_account(world: World) -> None:
    manager = world.root(MANAGER)
    stranger = world.user("eve", STRANGER)
    world.role(trusted=trust("*"))
    world.role("Inner", MANAGER, trust("*"))
    world.assume(stranger, ROLE)
    manager.organizations("EnablePolicyType", RootId=world.organization.root_id, PolicyType="RESOURCE_CONTROL_POLICY")
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sts:AssumeRole",
        "Resource": "*",
        "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": world.organization.id}},
    }
    content = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = manager.organizations("CreatePolicy", Type="RESOURCE_CONTROL_POLICY", Name="ours", Content=content)
    target = world.organization.root_id
    manager.organizations("AttachPolicy", PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=target)
    assert refused_role(world, stranger).code == "AccessDenied"
    world.assume(world.user(), ROLE)
    world.assume(stranger, f"arn:aws:iam::{MANAGER}:role/Inner")


def test_who_was_made_again_is_somebody_else(world: World) -> None:
    world.user()
    world.role(trusted=trust(ADA))
    home = world.root(HOME)
    for key in list(world.organization.account(HOME).users["ada"].keys):
        home.iam("DeleteAccessKey", UserName="ada", AccessKeyId=key)
    home.iam("DeleteUserPolicy", UserName="ada", PolicyName="own")
    old = home.iam("GetUser", UserName="ada")["User"]["UserId"]
    home.iam("DeleteUser", UserName="ada")
    again = world.user()
    assert refused_role(world, again).code == "AccessDenied"
    held = world.root(AWAY).iam("GetRole", RoleName="Deploy")["Role"]["AssumeRolePolicyDocument"]
    assert old in held


# -- source identity ---------------------------------------------------------------------------------------------------


def test_a_source_identity_needs_both_sides(world: World) -> None:
    bare = world.user("bare", policy=allow("sts:AssumeRole"))
    full = world.user("full", policy=allow("sts:AssumeRole", "sts:SetSourceIdentity"))
    world.role()
    world.role("Plain", trusted=trust(f"arn:aws:iam::{HOME}:root", actions=("sts:AssumeRole",)))
    assert world.assume(full, ROLE, SourceIdentity="ada")["SourceIdentity"] == "ada"
    error = refused_role(world, bare, SourceIdentity="ada")
    assert (error.status, error.code) == (403, "AccessDenied")
    assert f"is not authorized to perform: sts:SetSourceIdentity on resource: {ROLE}" in error.message
    plain = f"arn:aws:iam::{AWAY}:role/Plain"
    assert "sts:SetSourceIdentity" in refused_role(world, full, RoleArn=plain, SourceIdentity="ada").message


def test_a_source_identity_stays_down_a_chain(world: World) -> None:
    ada, hub = world.user(), world.role("Hub", HOME)
    world.role(trusted=trust(hub))
    first = world.session(ada, hub, SourceIdentity="ada")
    assert world.assume(first, ROLE)["SourceIdentity"] == "ada"
    assert world.assume(first, ROLE, SourceIdentity="ada")["SourceIdentity"] == "ada"
    error = refused_role(world, first, SourceIdentity="eve")
    assert (error.status, error.code) == (403, "AccessDenied")


# -- session tags ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "where", "constraint"),
    [
        ([{"Key": "", "Value": "v"}], "tags.1.member.key", "have length greater than or equal to 1"),
        ([{"Key": "k" * 129, "Value": "v"}], "tags.1.member.key", "have length less than or equal to 128"),
        ([{"Key": "k", "Value": "v" * 257}], "tags.1.member.value", "have length less than or equal to 256"),
        (
            [{"Key": "k*", "Value": "v"}],
            "tags.1.member.key",
            r"satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+",
        ),
    ],
)
def test_session_tags_have_a_form(world: World, sent: list[dict[str, str]], where: str, constraint: str) -> None:
    ada, _ = world.user(), world.role()
    error = refused_role(world, ada, Tags=sent)
    assert (error.status, error.code) == (400, "ValidationError")
    assert f"at '{where}' failed to satisfy constraint: Member must {constraint}" in error.message


def test_fifty_tags_and_no_more(world: World) -> None:
    ada, _ = world.user(), world.role()
    world.assume(ada, ROLE, Tags=tags(50))
    error = refused_role(world, ada, Tags=tags(51))
    assert error.code == "ValidationError"
    assert error.message.endswith(
        "at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50"
    )


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"Tags": [{"Key": "team", "Value": "a"}, {"Key": "TEAM", "Value": "b"}]}, "Duplicate tag keys found"),
        ({"Tags": tags(1), "TransitiveTagKeys": ["other"]}, "must be included in the requested tags"),
        ({"TransitiveTagKeys": ["team"]}, "must be included in the requested tags"),
    ],
)
def test_tags_that_contradict_themselves(world: World, params: dict[str, Any], words: str) -> None:
    ada, _ = world.user(), world.role()
    error = refused_role(world, ada, **params)
    assert (error.status, error.code) == (400, "InvalidParameterValue")
    assert words in error.message


def test_tags_need_tag_session(world: World) -> None:
    bare = world.user("bare", policy=allow("sts:AssumeRole"))
    world.role()
    error = refused_role(world, bare, Tags=tags(1))
    assert (error.status, error.code) == (403, "AccessDenied")
    assert f"is not authorized to perform: sts:TagSession on resource: {ROLE}" in error.message


def test_transitive_tags_go_down_a_chain_and_others_do_not(world: World) -> None:
    ada, hub = world.user(), world.role("Hub", HOME)
    sent = [{"Key": "team", "Value": "payments"}, {"Key": "mood", "Value": "good"}]
    first = world.session(ada, hub, Tags=sent, TransitiveTagKeys=["team"])
    one = {"StringEquals": {"aws:PrincipalTag/team": "payments"}}
    middle = world.role("Middle", trusted=trust(hub, condition=one))
    second = world.session(first, middle)
    world.role("Team", trusted=trust(middle, condition=one))
    world.role("Mood", trusted=trust(middle, condition={"StringEquals": {"aws:PrincipalTag/mood": "good"}}))
    world.assume(second, f"arn:aws:iam::{AWAY}:role/Team")
    assert refused_role(world, second, RoleArn=f"arn:aws:iam::{AWAY}:role/Mood").code == "AccessDenied"
    error = refused_role(world, first, RoleArn=middle, Tags=[{"Key": "Team", "Value": "other"}])
    assert (error.code, error.message) == (
        "InvalidParameterValue",
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the "
        "calling session.",
    )
