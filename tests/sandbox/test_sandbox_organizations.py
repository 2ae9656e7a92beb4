"""Organizations: the tree, its pages of twenty, tags, policies, and who may read it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from small_aws import AWAY, HOME, MANAGER, STRANGER, Keys, Refused, World, allow


@pytest.fixture
def boss(world: World) -> Keys:
    return world.user("boss", MANAGER)


def orgs(world: World, keys: Keys, action: str, **params: Any) -> dict[str, Any]:
    return world.call(keys, "organizations", action, **params)


def refused(world: World, keys: Keys, action: str, **params: Any) -> str:
    with pytest.raises(Refused) as caught:
        orgs(world, keys, action, **params)
    assert caught.value.status == 400
    return caught.value.code


def test_the_tree(world: World, boss: Keys) -> None:
    root = orgs(world, boss, "ListRoots")["Roots"][0]
    made = orgs(world, boss, "CreateOrganizationalUnit", ParentId=root["Id"], Name="Workloads")["OrganizationalUnit"]
    prod = orgs(world, boss, "CreateOrganizationalUnit", ParentId=made["Id"], Name="Prod")["OrganizationalUnit"]
    orgs(world, boss, "MoveAccount", AccountId=AWAY, SourceParentId=root["Id"], DestinationParentId=prod["Id"])
    units = orgs(world, boss, "ListOrganizationalUnitsForParent", ParentId=root["Id"])["OrganizationalUnits"]
    assert [unit["Name"] for unit in units] == ["Workloads"]
    accounts = orgs(world, boss, "ListAccountsForParent", ParentId=prod["Id"])["Accounts"]
    assert [account["Id"] for account in accounts] == [AWAY]
    assert orgs(world, boss, "ListParents", ChildId=AWAY)["Parents"] == [
        {"Id": prod["Id"], "Type": "ORGANIZATIONAL_UNIT"}
    ]
    assert orgs(world, boss, "ListParents", ChildId=made["Id"])["Parents"] == [{"Id": root["Id"], "Type": "ROOT"}]
    account = orgs(world, boss, "DescribeAccount", AccountId=AWAY)["Account"]
    organization = orgs(world, boss, "DescribeOrganization")["Organization"]
    assert organization["MasterAccountId"] == MANAGER
    path = f"{organization['Id']}/{root['Id']}/{made['Id']}/{prod['Id']}/{AWAY}/"
    assert (account["Name"], account["Status"], account["State"], account["Paths"]) == (
        "away",
        "ACTIVE",
        "ACTIVE",
        [path],
    )
    assert account["Arn"] == f"arn:aws:organizations::{MANAGER}:account/{organization['Id']}/{AWAY}"


@pytest.mark.parametrize(
    ("state", "status"), [("SUSPENDED", "SUSPENDED"), ("PENDING_CLOSURE", "PENDING_CLOSURE"), ("CLOSED", "SUSPENDED")]
)
def test_the_state_and_the_retired_status(world: World, boss: Keys, state: str, status: str) -> None:
    world.organization.account(AWAY).state = state
    account = orgs(world, boss, "DescribeAccount", AccountId=AWAY)["Account"]
    assert (account["State"], account["Status"]) == (state, status)


def test_twenty_accounts_a_page_and_no_more(world: World, boss: Keys) -> None:
    for number in range(60):
        world.organization.add_account(f"{700000000000 + number}", f"a{number}", parent=world.organization.root_id)
    first = orgs(world, boss, "ListAccounts")
    assert len(first["Accounts"]) == 20
    assert refused(world, boss, "ListAccounts", MaxResults=21) == "InvalidInputException"
    assert refused(world, boss, "ListAccounts", MaxResults=0) == "InvalidInputException"
    assert refused(world, boss, "ListAccounts", NextToken="nonsense") == "InvalidInputException"
    assert refused(world, boss, "ListRoots", NextToken=first["NextToken"]) == "InvalidInputException"
    seen, token = [account["Id"] for account in first["Accounts"]], first.get("NextToken")
    while token:
        page = orgs(world, boss, "ListAccounts", NextToken=token)
        seen += [account["Id"] for account in page["Accounts"]]
        token = page.get("NextToken")
    assert len(seen) == len(set(seen)) == 63
    assert STRANGER not in seen


def test_tags_hold_anything(world: World, boss: Keys) -> None:
    tags = [{"Key": "team", "Value": "\u202e\x1b[31m$(touch pwned)"}, {"Key": "k", "Value": ""}]
    orgs(world, boss, "TagResource", ResourceId=AWAY, Tags=tags)
    assert orgs(world, boss, "ListTagsForResource", ResourceId=AWAY)["Tags"] == tags
    root = world.organization.root_id
    assert orgs(world, boss, "ListTagsForResource", ResourceId=root)["Tags"] == []
    for wrong in ([], [{"Key": "", "Value": "v"}], [{"Key": "k", "Value": "v" * 257}], [tags[1], tags[1]]):
        assert refused(world, boss, "TagResource", ResourceId=AWAY, Tags=wrong) == "InvalidInputException"


def test_policies_of_a_target(world: World, boss: Keys) -> None:
    root = world.organization.root_id
    kind = "SERVICE_CONTROL_POLICY"
    orgs(world, boss, "EnablePolicyType", RootId=root, PolicyType=kind)
    assert refused(world, boss, "EnablePolicyType", RootId=root, PolicyType=kind) == "PolicyTypeAlreadyEnabledException"
    listed = orgs(world, boss, "ListPoliciesForTarget", TargetId=AWAY, Filter=kind)["Policies"]
    assert [(policy["Name"], policy["AwsManaged"]) for policy in listed] == [("FullAWSAccess", True)]
    detach = {"PolicyId": "p-FullAWSAccess", "TargetId": AWAY}
    assert refused(world, boss, "DetachPolicy", **detach) == "ConstraintViolationException"
    content = allow("s3:*", effect="Deny")
    create = {"Type": kind, "Name": "no-s3", "Content": content, "Description": "closes S3"}
    made = orgs(world, boss, "CreatePolicy", **create)["Policy"]["PolicySummary"]
    assert refused(world, boss, "CreatePolicy", **create) == "DuplicatePolicyException"
    bad = {**create, "Name": "bad", "Content": "{}"}
    assert refused(world, boss, "CreatePolicy", **bad) == "MalformedPolicyDocumentException"
    attach = {"PolicyId": made["Id"], "TargetId": AWAY}
    orgs(world, boss, "AttachPolicy", **attach)
    assert refused(world, boss, "AttachPolicy", **attach) == "DuplicatePolicyAttachmentException"
    listed = orgs(world, boss, "ListPoliciesForTarget", TargetId=AWAY, Filter=kind)["Policies"]
    assert [policy["Name"] for policy in listed] == ["FullAWSAccess", "no-s3"]
    held = orgs(world, boss, "DescribePolicy", PolicyId=made["Id"])["Policy"]
    assert json.loads(held["Content"]) == json.loads(content)
    orgs(world, boss, "DetachPolicy", **attach)
    assert refused(world, boss, "DetachPolicy", **attach) == "PolicyNotAttachedException"
    other = orgs(world, boss, "CreatePolicy", **{**create, "Type": "RESOURCE_CONTROL_POLICY", "Content": _rcp()})
    attach = {"PolicyId": other["Policy"]["PolicySummary"]["Id"], "TargetId": AWAY}
    assert refused(world, boss, "AttachPolicy", **attach) == "PolicyTypeNotEnabledException"


def _rcp() -> str:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize(
    ("action", "params", "code"),
    [
        ("DescribeAccount", {"AccountId": "123412341234"}, "AccountNotFoundException"),
        ("DescribeAccount", {"AccountId": STRANGER}, "AccountNotFoundException"),
        ("DescribeAccount", {"AccountId": "1234"}, "InvalidInputException"),
        ("ListAccountsForParent", {"ParentId": "ou-none-00000000"}, "ParentNotFoundException"),
        ("ListOrganizationalUnitsForParent", {"ParentId": "ou-none-00000000"}, "ParentNotFoundException"),
        ("DescribeOrganizationalUnit", {"OrganizationalUnitId": "ou-none-0"}, "OrganizationalUnitNotFoundException"),
        ("ListParents", {"ChildId": STRANGER}, "ChildNotFoundException"),
        ("ListTagsForResource", {"ResourceId": "123412341234"}, "TargetNotFoundException"),
        (
            "ListPoliciesForTarget",
            {"TargetId": "1" * 12, "Filter": "SERVICE_CONTROL_POLICY"},
            "TargetNotFoundException",
        ),
        ("ListPoliciesForTarget", {"TargetId": AWAY, "Filter": "TAG_POLICY"}, "InvalidInputException"),
        ("DescribePolicy", {"PolicyId": "p-none1234"}, "PolicyNotFoundException"),
        (
            "RegisterDelegatedAdministrator",
            {"AccountId": STRANGER, "ServicePrincipal": "x"},
            "AccountNotFoundException",
        ),
    ],
)
def test_what_is_not_there(world: World, boss: Keys, action: str, params: dict[str, Any], code: str) -> None:
    assert refused(world, boss, action, **params) == code


def test_moves_that_lead_nowhere(world: World, boss: Keys) -> None:
    root = world.organization.root_id
    for params, code in (
        ({"AccountId": STRANGER, "SourceParentId": root, "DestinationParentId": root}, "AccountNotFoundException"),
        ({"AccountId": AWAY, "SourceParentId": "ou-x", "DestinationParentId": root}, "SourceParentNotFoundException"),
        (
            {"AccountId": AWAY, "SourceParentId": root, "DestinationParentId": "ou-x"},
            "DestinationParentNotFoundException",
        ),
    ):
        assert refused(world, boss, "MoveAccount", **params) == code
    orgs(world, boss, "CreateOrganizationalUnit", ParentId=root, Name="One")
    again = refused(world, boss, "CreateOrganizationalUnit", ParentId=root, Name="One")
    assert again == "DuplicateOrganizationalUnitException"


def test_who_may_read_it(world: World, boss: Keys) -> None:
    ada = world.user()
    assert refused(world, ada, "ListAccounts") == "AccessDeniedException"
    assert orgs(world, ada, "DescribeOrganization")["Organization"]["MasterAccountId"] == MANAGER
    orgs(world, boss, "RegisterDelegatedAdministrator", AccountId=HOME, ServicePrincipal="x.amazonaws.com")
    assert len(orgs(world, ada, "ListAccounts")["Accounts"]) == 3
    unit = {"ParentId": world.organization.root_id, "Name": "Mine"}
    assert refused(world, ada, "CreateOrganizationalUnit", **unit) == "AccessDeniedException"
    nobody = world.user("nobody", MANAGER, allow("s3:*"))
    assert refused(world, nobody, "ListAccounts") == "AccessDeniedException"
    eve = world.user("eve", STRANGER)
    assert refused(world, eve, "DescribeOrganization") == "AWSOrganizationsNotInUseException"
