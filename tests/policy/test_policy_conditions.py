"""Condition operators, set operators and policy variables, one row each, by the IAM User Guide's pages on them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from policies import ADA, NOON, OPS, OPS_SESSION, ROLE, WORK, allow, document, judge, trusting, with_trust

from xswitch.policy import assume_role, authorize
from xswitch.policy.operators import OPERATORS, applied

TOPIC = "arn:aws:sns:eu-west-1:111122223333:alarms:7"
TAGGED = replace(
    ADA, tags={"topic": TOPIC, "team": "blue", "level": "7", "until": "2026-03-01T12:00:00Z", "blob": "AQID"}
)

ROWS: list[tuple[str, str, Any, bool]] = [
    ("StringEquals", "aws:PrincipalTag/team", "blue", True),
    ("StringEquals", "aws:PrincipalTag/team", "Blue", False),
    ("StringNotEquals", "aws:PrincipalTag/team", ["red", "blue"], False),
    ("StringEqualsIgnoreCase", "aws:PrincipalTag/TEAM", "BLUE", True),
    ("StringNotEqualsIgnoreCase", "aws:PrincipalTag/team", "BLUE", False),
    ("StringLike", "aws:PrincipalTag/team", "b?u*", True),
    ("StringLike", "aws:PrincipalTag/team", "B*", False),
    ("StringNotLike", "aws:PrincipalTag/team", ["r*", "g*"], True),
    ("StringEquals", "aws:PrincipalTag/level", 7, True),
    ("NumericEquals", "aws:PrincipalTag/level", "7.0", True),
    ("NumericEquals", "aws:PrincipalTag/level", 7, True),
    ("NumericEquals", "aws:PrincipalTag/level", "0.7e1", True),
    ("NumericNotEquals", "aws:PrincipalTag/level", ["6", "8"], True),
    ("NumericNotEquals", "aws:PrincipalTag/level", ["6", "7"], False),
    ("NumericLessThan", "aws:PrincipalTag/level", "7", False),
    ("NumericLessThan", "aws:PrincipalTag/level", "10", True),
    ("NumericLessThanEquals", "aws:PrincipalTag/level", "7", True),
    ("NumericGreaterThan", "aws:PrincipalTag/level", "-7", True),
    ("NumericGreaterThanEquals", "aws:PrincipalTag/level", "7.5", False),
    ("NumericEquals", "aws:PrincipalTag/team", "7", False),
    ("NumericNotEquals", "aws:PrincipalTag/team", "7", True),
    ("DateEquals", "aws:PrincipalTag/until", "2026-03-01T13:00:00+01:00", True),
    ("DateEquals", "aws:PrincipalTag/until", "1772366400", True),
    ("DateNotEquals", "aws:PrincipalTag/until", "2026-03-01", True),
    ("DateGreaterThan", "aws:CurrentTime", "2026-03-01", True),
    ("DateGreaterThan", "aws:CurrentTime", "2026-03", True),
    ("DateGreaterThan", "aws:CurrentTime", "2026", True),
    ("DateLessThan", "aws:CurrentTime", "2026-03-01T12:00Z", False),
    ("DateLessThan", "aws:CurrentTime", "2026-03-01T12:00:00.5Z", True),
    ("DateLessThanEquals", "aws:EpochTime", "2026-03-01T12:00:00Z", True),
    ("NumericLessThanEquals", "aws:EpochTime", "1772366400", True),
    ("DateGreaterThanEquals", "aws:CurrentTime", "2026-03-01T12:00:00-01:00", False),
    ("Bool", "aws:SecureTransport", "true", True),
    ("Bool", "aws:SecureTransport", True, True),
    ("Bool", "aws:ViaAWSService", ["true", "FALSE"], True),
    ("Bool", "aws:PrincipalIsAWSService", "true", False),
    ("BinaryEquals", "aws:PrincipalTag/blob", "AQID", True),
    ("BinaryEquals", "aws:PrincipalTag/blob", "AQIE", False),
    ("IpAddress", "aws:SourceIp", "203.0.113.10", True),
    ("IpAddress", "aws:SourceIp", "203.0.113.8/29", True),
    ("IpAddress", "aws:SourceIp", "::/0", False),
    ("NotIpAddress", "aws:SourceIp", ["198.51.100.0/24", "203.0.113.0/24"], False),
    ("NotIpAddress", "aws:SourceIp", "::/0", True),
    ("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::*:user/a?a", True),
    ("ArnLike", "aws:PrincipalArn", "arn:*:iam::111122223333:user/*", True),
    ("ArnLike", "aws:PrincipalArn", "*", True),
    ("ArnLike", "aws:PrincipalArn", "arn:*", False),
    ("ArnLike", "aws:PrincipalArn", "arn:aws:iam:*:user/ada", False),
    ("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::*:role/*", True),
    ("ArnNotEquals", "aws:PrincipalArn", "arn:aws:iam::111122223333:user/ada", False),
    ("ArnLike", "aws:PrincipalTag/team", "*", False),
    ("ArnLike", "aws:PrincipalTag/topic", "arn:aws:sns:*:1111?2223333:al*:7", True),
    ("ArnLike", "aws:PrincipalTag/topic", "arn:aws:sns:*:alarms:7", False),
    ("ArnEquals", "aws:PrincipalTag/topic", "${aws:PrincipalTag/topic}", True),
    ("ArnEquals", "aws:PrincipalTag/topic", "arn:aws:sns:*:111122223333:${aws:none, 'alarms:7'}", True),
    ("Null", "aws:PrincipalTag/team", "false", True),
    ("Null", "aws:PrincipalTag/other", "false", False),
    ("Null", "aws:PrincipalTag/other", True, True),
    ("Null", "aws:TokenIssueTime", "true", True),
    ("StringEqualsIfExists", "aws:PrincipalTag/other", "blue", True),
    ("StringEqualsIfExists", "aws:PrincipalTag/team", "red", False),
    ("NumericLessThanIfExists", "aws:MultiFactorAuthAge", "1", True),
    ("StringNotEquals", "aws:PrincipalTag/other", "blue", True),
    ("NumericNotEquals", "aws:PrincipalTag/other", "1", True),
    ("DateNotEquals", "aws:PrincipalTag/other", "2026-03-01", True),
    ("ArnNotLike", "aws:PrincipalTag/other", "*", True),
    ("Bool", "aws:PrincipalTag/other", "false", False),
    ("BinaryEquals", "aws:PrincipalTag/other", "AQID", False),
    ("ForAllValues:StringEquals", "aws:PrincipalTag/other", "blue", True),
    ("ForAnyValue:StringEquals", "aws:PrincipalTag/other", "blue", False),
    ("ForAnyValue:StringNotEquals", "aws:PrincipalTag/other", "blue", False),
    ("ForAnyValue:StringEqualsIfExists", "aws:PrincipalTag/other", "blue", True),
    ("ForAllValues:StringNotLike", "aws:PrincipalTag/team", ["r*", "b*"], False),
    ("stringequals", "AWS:principaltag/Team", "blue", True),
    ("foranyvalue:stringlike", "aws:PrincipalTag/team", "bl*", True),
    ("StringEquals", "aws:userid", "AIDAADA", True),
    ("StringEquals", "aws:PrincipalType", "User", True),
    ("StringEquals", "aws:ResourceAccount", "444455556666", True),
    ("StringEquals", "aws:PrincipalTag/team", [], False),
    ("StringNotEquals", "aws:PrincipalTag/team", [], True),
]


@pytest.mark.parametrize(("operator", "key", "values", "holds"), ROWS)
def test_an_operator_in_an_allow(operator: str, key: str, values: Any, holds: bool) -> None:
    decision = judge({operator: {key: values}}, caller=replace(TAGGED, unique_id="AIDAADA"))
    assert decision.effect == ("allow" if holds else "deny"), decision


@pytest.mark.parametrize(("operator", "key", "values", "holds"), ROWS)
def test_an_operator_in_a_deny(operator: str, key: str, values: Any, holds: bool) -> None:
    refusing = trusting("*", effect="Deny", Condition={operator: {key: values}})
    role = with_trust(ROLE, trusting("*"), refusing)
    assert assume_role(replace(TAGGED, unique_id="AIDAADA"), role, WORK).allowed != holds


def test_every_documented_operator_is_there() -> None:
    names = {"Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "Null"}
    names |= {f"String{rest}" for rest in ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like")}
    names |= {"StringNotLike", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"}
    for order in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"):
        names |= {f"Numeric{order}", f"Date{order}"}
    assert {operator.name for operator in OPERATORS.values()} == names
    assert {operator.name for operator in OPERATORS.values() if operator.negated} == {n for n in names if "Not" in n}


@pytest.mark.parametrize(
    "name", ["StringMatches", "NullIfExists", "ForSome:StringEquals", ":StringEquals", "IfExists", ""]
)
def test_what_is_no_operator(name: str) -> None:
    assert applied(name) is None


SETS: list[tuple[str, Any, dict[str, str], bool]] = [
    ("ForAllValues:StringEquals", ["team", "cost"], {"team": "x"}, True),
    ("ForAllValues:StringEquals", ["team"], {"team": "x", "cost": "y"}, False),
    ("ForAnyValue:StringEquals", ["team"], {"team": "x", "cost": "y"}, True),
    ("ForAnyValue:StringNotEquals", ["team"], {"team": "x", "cost": "y"}, True),
    ("ForAnyValue:StringNotEquals", ["team", "cost"], {"team": "x", "cost": "y"}, False),
    ("ForAllValues:StringNotEquals", ["owner"], {"team": "x", "cost": "y"}, True),
    ("ForAllValues:StringLike", ["t*"], {"team": "x", "cost": "y"}, False),
    ("ForAnyValue:StringLike", ["?ost"], {"team": "x", "cost": "y"}, True),
    ("Null", "false", {"team": "x"}, True),
    ("Null", "true", {"team": "x"}, False),
]


@pytest.mark.parametrize(("operator", "values", "tags", "holds"), SETS)
def test_set_operators_on_several_values(operator: str, values: Any, tags: dict[str, str], holds: bool) -> None:
    assert judge({operator: {"aws:TagKeys": values}}, replace(WORK, tags=tags)).allowed == holds


VARIABLES: list[tuple[str, str, bool]] = [
    ("StringEquals", "${aws:username}", True),
    ("StringEquals", "${AWS:UserName}", True),
    ("StringLike", "a${aws:none, 'da'}", True),
    ("StringLike", "a${aws:none,'da'}", True),
    ("StringLike", "${aws:none}", False),
    ("StringLike", "${aws:PrincipalTag/star}", False),
    ("StringLike", "${*}", False),
    ("StringLike", "ad?", True),
    ("StringLike", "ad${?}", False),
    ("StringEquals", "${$}", False),
    ("StringNotEquals", "${aws:username}", False),
    ("StringNotEquals", "${aws:none}", False),
    ("StringNotEqualsIfExists", "${aws:none}", False),
    ("StringEquals", "${}", False),
    ("StringEquals", "${aws:username", False),
]


@pytest.mark.parametrize(("operator", "text", "holds"), VARIABLES)
def test_a_policy_variable(operator: str, text: str, holds: bool) -> None:
    caller = replace(ADA, tags={"star": "*"})
    request = replace(WORK, session_name="ada")
    assert judge({operator: {"sts:RoleSessionName": text}}, request, caller).allowed == holds
    without = judge({operator: {"sts:RoleSessionName": text}}, request, caller, version="2008-10-17")
    assert without.allowed == (operator.startswith("StringNot") or text == "ad?")


def test_a_key_of_several_values_can_not_stand_in_a_variable() -> None:
    condition = {"StringEquals": {"sts:RoleSessionName": "${aws:TagKeys}"}}
    assert judge(condition, replace(WORK, session_name="team", tags={"team": "x"})).allowed
    assert not judge(condition, replace(WORK, session_name="team", tags={"team": "x", "cost": "y"})).allowed


def test_a_variable_without_a_value_keeps_a_deny_in_force() -> None:
    """A negated comparison with nothing: no Allow may rest on it, and no Deny may fall by it."""
    refusing = trusting("*", effect="Deny", Condition={"StringNotEquals": {"sts:RoleSessionName": "${aws:none}"}})
    assert not assume_role(ADA, with_trust(ROLE, trusting("*"), refusing), WORK).allowed
    spare = {"Effect": "Deny", "Action": "sts:*", "NotResource": "arn:aws:iam::444455556666:role/${aws:none}"}
    grant = {"Effect": "Allow", "Action": "sts:*", "NotResource": "arn:aws:iam::444455556666:role/${aws:none}"}
    for statements in ((allow(), spare), (grant,)):
        caller = replace(ADA, identity_policies=(document(*statements),))
        assert not assume_role(caller, ROLE, WORK).allowed


RESOURCES: list[tuple[Any, bool]] = [
    ("*", True),
    ("arn:aws:iam::444455556666:role/Deploy", True),
    ("arn:aws:iam::444455556666:*", True),
    ("arn:aws:iam::*", True),
    ("arn:aws:iam", True),
    ("arn:aws:iam::444455556666", True),
    ("arn:aws:iam:*:role/Deploy", False),
    ("arn:aws:sts::444455556666:role/Deploy", False),
    ("arn:aws:iam::${aws:ResourceAccount}:role/Deploy", False),
    ("arn:aws:iam::444455556666:role/${aws:none, 'Deploy'}", True),
    (["arn:aws:iam::444455556666:role/Other", "arn:aws:iam::4444*:role/D*y"], True),
    ([], False),
]


@pytest.mark.parametrize(("resource", "holds"), RESOURCES)
def test_a_resource(resource: Any, holds: bool) -> None:
    caller = replace(ADA, identity_policies=(document(allow(resource=resource)),))
    assert assume_role(caller, ROLE, WORK).allowed == holds
    statement = {"Effect": "Allow", "Action": "sts:*", "NotResource": resource}
    assert assume_role(replace(ADA, identity_policies=(document(statement),)), ROLE, WORK).allowed != holds


def test_token_issue_time_is_a_key_of_temporary_credentials_alone() -> None:
    revoking = trusting("*", effect="Deny", Condition={"DateLessThan": {"aws:TokenIssueTime": "2026-03-01T11:00:00Z"}})
    role = with_trust(ROLE, trusting("*"), revoking)
    old = datetime(2026, 3, 1, 10, 59, tzinfo=UTC)
    assert not assume_role(replace(OPS_SESSION, issued_at=old), role, WORK).allowed
    assert assume_role(replace(OPS_SESSION, issued_at=NOON), role, WORK).allowed
    assert assume_role(replace(ADA, issued_at=old), role, WORK).allowed


CONTEXT: list[tuple[str, str, bool]] = [
    ("aws:PrincipalArn", OPS, True),
    ("aws:userid", "AROAOPS:ada", True),
    ("aws:PrincipalType", "AssumedRole", True),
    ("aws:username", "ada", False),
    ("aws:MultiFactorAuthPresent", "false", True),
    ("aws:RequestedRegion", "eu-west-1", True),
    ("aws:ResourceTag/env", "prod", True),
    ("iam:ResourceTag/Env", "prod", True),
    ("aws:ResourceOrgID", "o-role", True),
    ("sts:SourceIdentity", "ada", False),
    ("aws:SourceIdentity", "ada", True),
]


@pytest.mark.parametrize(("key", "value", "holds"), CONTEXT)
def test_a_key_of_a_role_session(key: str, value: str, holds: bool) -> None:
    statement = trusting("*", Condition={"StringEquals": {key: value}})
    role = replace(with_trust(ROLE, statement), tags={"env": "prod"}, org_id="o-role")
    caller = replace(OPS_SESSION, unique_id="AROAOPS", source_identity="ada")
    assert assume_role(caller, role, replace(WORK, region="eu-west-1")).allowed == holds


def test_other_actions_take_their_keys_as_they_are_given() -> None:
    tagging = allow("iam:TagRole", Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "cost"]}})
    caller = replace(ADA, identity_policies=(document(tagging),))
    assert authorize(caller, "iam:TagRole", OPS, {"aws:TagKeys": ["team"]}).allowed
    assert not authorize(caller, "iam:TagRole", OPS, {"AWS:tagkeys": ("team", "owner")}).allowed
    assert authorize(caller, "IAM:tagrole", OPS).allowed
