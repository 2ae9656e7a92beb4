"""Whole decisions that the golden table does not hold: who may call at all, limits, texts of AWS, other actions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from golden_cases import decide, disagreement, load
from policies import (
    ADA,
    DEPLOY,
    HOME,
    NEAR,
    OPS,
    OPS_SESSION,
    ROLE,
    ROOT_OF_HOME,
    SESSION,
    USER,
    WORK,
    allow,
    deny,
    document,
    trusting,
    with_trust,
)

from xswitch.policy import Caller, Decision, Request, assume_role, authorize

S3_ONLY = document(allow("s3:*"))
NOT_AUTHORIZED = f"User: {USER} is not authorized to perform: sts:AssumeRole on resource: {DEPLOY}"
TOKEN = replace(ADA, kind="session-token", issued_by=USER)
FEDERATED = Caller(
    arn=f"arn:aws:sts::{HOME}:federated-user/ada",
    account=HOME,
    kind="federated",
    issued_by=USER,
    identity_policies=(document(allow("*")),),
    session_policies=(document(allow("*")),),
)
ROOT = Caller(arn=f"arn:aws:iam::{HOME}:root", account=HOME, kind="root")


def decided(decision: Decision) -> tuple[str, str, str]:
    return decision.effect, decision.cause, decision.side


def test_root_and_federated_users_assume_no_role() -> None:
    everybody = with_trust(ROLE, trusting("*"))
    for caller, cause in ((ROOT, "root-user"), (FEDERATED, "federated-user")):
        assert decided(assume_role(caller, everybody, WORK)) == ("deny", cause, "caller")
    assert assume_role(ROOT, everybody, WORK).message == "Roles may not be assumed by root accounts."
    token_of_root = replace(ROOT, kind="session-token", issued_by=ROOT.arn)
    assert assume_role(token_of_root, everybody, WORK).cause == "root-user"


# Who the trust policy names, whom it meets, and whether a boundary and a session policy that are silent stand in the
# way within one account ("Policy evaluation logic", resource-based policies; "Update a role trust policy").
NAMED: list[tuple[Any, Caller, bool, bool, bool]] = [
    ({"AWS": USER}, ADA, True, False, True),
    ({"AWS": USER}, TOKEN, True, False, True),
    ({"AWS": OPS}, OPS_SESSION, True, False, False),
    ({"AWS": SESSION}, OPS_SESSION, True, True, True),
    ("*", OPS_SESSION, True, True, True),
    ({"AWS": "*"}, ADA, True, False, True),
    ({"AWS": "AIDAADA"}, ADA, True, False, True),
    ({"AWS": "AROAOPS"}, OPS_SESSION, True, False, False),
    ({"AWS": HOME}, ADA, False, False, False),
    (ROOT_OF_HOME, OPS_SESSION, False, False, False),
]


@pytest.mark.parametrize(("principal", "caller", "alone", "in_boundary", "in_session"), NAMED)
def test_how_a_principal_is_named_decides_what_else_is_asked(
    principal: Any, caller: Caller, alone: bool, in_boundary: bool, in_session: bool
) -> None:
    unique_id = "AROAOPS" if caller.kind == "role-session" else "AIDAADA"
    bare = replace(caller, identity_policies=(), unique_id=unique_id)
    near, far = with_trust(NEAR, trusting(principal)), with_trust(ROLE, trusting(principal))
    assert assume_role(bare, near, WORK).allowed == alone
    assert assume_role(replace(bare, boundary=S3_ONLY), near, WORK).allowed == in_boundary
    if caller.kind == "role-session":
        assert assume_role(replace(bare, session_policies=(S3_ONLY,)), near, WORK).allowed == in_session
    assert not assume_role(bare, far, WORK).allowed
    assert assume_role(replace(caller, unique_id=unique_id), far, WORK).allowed
    assert not assume_role(replace(bare, boundary=document(allow("*"), deny())), near, WORK).allowed
    assert not assume_role(replace(bare, identity_policies=(document(deny()),)), near, WORK).allowed


def test_a_named_user_still_needs_the_tags_and_the_source_identity_trusted() -> None:
    bare = replace(ADA, identity_policies=())
    named = with_trust(NEAR, trusting({"AWS": USER}, "sts:AssumeRole"), trusting(ROOT_OF_HOME, "sts:TagSession"))
    tagged = assume_role(bare, named, replace(WORK, tags={"team": "blue"}))
    assert decided(tagged) == ("deny", "tag-session", "caller")
    setting = assume_role(bare, named, replace(WORK, source_identity="ada"))
    assert decided(setting) == ("deny", "set-source-identity-trust", "role")


def test_scps_bind_at_every_level_and_are_always_called_explicit() -> None:
    full = document(allow("*"))
    for scps in (((full,), ()), ((full,), (S3_ONLY,)), ((full, document(deny())),)):
        decision = assume_role(replace(ADA, scps=scps), ROLE, WORK)
        assert decided(decision) == ("deny", "scp", "caller")
        assert decision.message == f"{NOT_AUTHORIZED} with an explicit deny in a service control policy"
        assert decision.findings[0].level == len(scps) - 1
        assert assume_role(replace(ADA, scps=scps, org_management=True), ROLE, WORK).allowed
    assert assume_role(replace(ADA, scps=((full,), (S3_ONLY, full))), ROLE, WORK).allowed


def test_scps_and_rcps_are_asked_for_tags_too() -> None:
    full = document(allow("*"))
    tags = replace(WORK, tags={"team": "blue"})
    silent = replace(ADA, scps=((document(allow("sts:AssumeRole")),),))
    assert decided(assume_role(silent, ROLE, tags)) == ("deny", "scp", "caller")
    rcp = document({"Effect": "Deny", "Principal": "*", "Action": "sts:TagSession", "Resource": "*"})
    assert decided(assume_role(ADA, replace(ROLE, rcps=((full,), (rcp,))), WORK))[0] == "error"
    allowing = document({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"})
    barred = replace(ROLE, rcps=((allowing,), (allowing, rcp)))
    assert decided(assume_role(ADA, barred, tags)) == ("deny", "rcp", "role")
    assert assume_role(ADA, barred, WORK).allowed


MESSAGES: list[tuple[dict[str, Any], str]] = [
    ({"identity_policies": ()}, " because no identity-based policy allows the sts:AssumeRole action"),
    ({"identity_policies": (document(deny()),)}, " with an explicit deny in an identity-based policy"),
    ({"boundary": S3_ONLY}, " because no permissions boundary allows the sts:AssumeRole action"),
    ({"boundary": document(allow(), deny())}, " with an explicit deny in a permissions boundary"),
]


@pytest.mark.parametrize(("change", "ending"), MESSAGES)
def test_aws_s_text_for_the_caller_s_own_policies(change: dict[str, Any], ending: str) -> None:
    assert assume_role(replace(ADA, **change), ROLE, WORK).message == NOT_AUTHORIZED + ending


def test_aws_s_text_for_session_policies() -> None:
    text = f"User: {SESSION} is not authorized to perform: sts:AssumeRole on resource: {DEPLOY} "
    silent = assume_role(replace(OPS_SESSION, session_policies=(S3_ONLY,)), ROLE, WORK)
    assert silent.message == text + "because no session policy allows the sts:AssumeRole action"
    explicit = assume_role(replace(OPS_SESSION, session_policies=(document(deny()),)), ROLE, WORK)
    assert explicit.message == text + "with an explicit deny in a session policy"


def test_a_role_that_does_not_exist_answers_as_one_that_does_not_trust() -> None:
    for role in (ROLE, NEAR):
        missing = replace(role, trust=None, exists=False)
        untrusting = with_trust(role, trusting({"AWS": "777788889999"}))
        texts = {assume_role(ADA, one, WORK).message for one in (missing, untrusting)}
        assert texts == {f"User: {USER} is not authorized to perform: sts:AssumeRole on resource: {role.arn}"}


def test_only_the_role_s_own_account_is_told_of_a_deny_in_its_trust_policy() -> None:
    refusing = trusting("*", effect="Deny")
    assert assume_role(ADA, with_trust(ROLE, trusting("*"), refusing), WORK).message == NOT_AUTHORIZED
    near = assume_role(ADA, with_trust(NEAR, trusting("*"), refusing), WORK)
    assert near.message.endswith(" with an explicit deny in the role trust policy")


def test_only_the_role_s_own_account_is_told_of_a_resource_control_policy() -> None:
    rcp = document({"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"})
    assert assume_role(ADA, replace(ROLE, rcps=((rcp,),)), WORK).message == NOT_AUTHORIZED
    near = assume_role(ADA, replace(NEAR, rcps=((rcp,),)), WORK)
    assert near.message.endswith(" with an explicit deny in a resource control policy")


def test_an_explicit_deny_is_told_before_what_is_missing() -> None:
    caller = replace(ADA, identity_policies=(), boundary=document(allow(), deny()))
    decision = assume_role(caller, with_trust(ROLE, trusting({"AWS": "777788889999"})), WORK)
    assert decided(decision) == ("deny", "boundary", "both")
    assert decision.also == ("no-identity-allow", "trust-principal")


FORMS: list[tuple[dict[str, Any], str, str]] = [
    (
        {"session_name": "a"},
        "session-name-invalid",
        "1 validation error detected: Value 'a' at 'roleSessionName' failed to satisfy constraint: "
        "Member must have length greater than or equal to 2",
    ),
    (
        {"session_name": "ada\n"},
        "session-name-invalid",
        "1 validation error detected: Value 'ada\n' at 'roleSessionName' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w+=,.@-]*",
    ),
    (
        {"duration": 899},
        "duration-out-of-range",
        "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: "
        "Member must have value greater than or equal to 900",
    ),
    (
        {"duration": 43201},
        "duration-out-of-range",
        "1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy constraint: "
        "Member must have value less than or equal to 43200",
    ),
    (
        {"external_id": "x", "source_identity": "aws:x"},
        "external-id-invalid",
        "2 validation errors detected: Value 'x' at 'externalId' failed to satisfy constraint: "
        "Member must have length greater than or equal to 2; Value 'aws:x' at 'sourceIdentity' failed to satisfy "
        r"constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*",
    ),
    (
        {"policy": "{" + " " * 2048},
        "session-policy-length",
        "1 validation error detected: Value '{" + " " * 2048 + "' at 'policy' failed to satisfy constraint: "
        "Member must have length less than or equal to 2048",
    ),
    (
        {"tags": {"team": "a!"}},
        "tag-value-invalid",
        "1 validation error detected: Value 'a!' at 'tags.1.member.value' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]*",
    ),
    (
        {"tags": {"": "a"}},
        "tag-key-length",
        "1 validation error detected: Value '' at 'tags.1.member.key' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1",
    ),
]


@pytest.mark.parametrize(("change", "cause", "message"), FORMS)
def test_aws_s_text_for_the_form_of_a_request(change: dict[str, Any], cause: str, message: str) -> None:
    decision = assume_role(ADA, ROLE, replace(WORK, **change))
    assert decided(decision) == ("error", cause, "request")
    assert (decision.code, decision.message) == ("ValidationError", message)


def test_tags_may_hold_letters_of_any_script() -> None:
    assert assume_role(ADA, ROLE, replace(WORK, tags={"équipe": "größe 7 ❄"})).effect == "error"
    assert assume_role(ADA, ROLE, replace(WORK, tags={"équipe": "größe 7", "名": ""})).allowed


CONFLICTS: list[tuple[dict[str, str], Request, str, str]] = [
    (
        {},
        replace(WORK, tags={"team": "a", "TEAM": "b"}),
        "tags-duplicate",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    ),
    (
        {},
        replace(WORK, tags={"team": "a"}, transitive_tag_keys=("cost",)),
        "transitive-tag-keys-invalid",
        "The specified transitive tag key must be included in the requested tags.",
    ),
    (
        {"Team": "blue"},
        replace(WORK, tags={"team": "a"}),
        "tag-inherited",
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the "
        "calling session.",
    ),
]


@pytest.mark.parametrize(("inherited", "request_", "cause", "message"), CONFLICTS)
def test_tags_that_conflict(inherited: dict[str, str], request_: Request, cause: str, message: str) -> None:
    decision = assume_role(replace(OPS_SESSION, transitive_tags=inherited), ROLE, request_)
    assert decided(decision) == ("error", cause, "request")
    assert (decision.code, decision.message) == ("InvalidParameterValue", message)


@pytest.mark.parametrize("policy", ["{", '{"Statement": [{}]}', {"Version": "2012-10-17"}, '{"a": 1, "a": 1}'])
def test_a_session_policy_that_is_sent_has_to_be_valid(policy: Any) -> None:
    decision = assume_role(ADA, ROLE, replace(WORK, policy=policy))
    assert (decision.code, decision.cause) == ("MalformedPolicyDocument", "malformed-session-policy")


def test_a_session_policy_that_is_sent_does_not_limit_the_call_itself() -> None:
    assert assume_role(ADA, ROLE, replace(WORK, policy=S3_ONLY, policy_arns=("arn:aws:iam::aws:policy/X",))).allowed
    many = tuple(f"arn:aws:iam::aws:policy/{number}" for number in range(11))
    assert assume_role(ADA, ROLE, replace(WORK, policy_arns=many)).cause == "session-policy-arns"


DURATIONS: list[tuple[Caller, int | None, int, str]] = [
    (ADA, None, 3600, ""),
    (ADA, 43200, 43200, ""),
    (ADA, 3601, 3600, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."),
    (OPS_SESSION, None, 43200, ""),
    (OPS_SESSION, 3600, 43200, ""),
    (
        OPS_SESSION,
        3601,
        43200,
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    ),
    (
        TOKEN,
        3601,
        43200,
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    ),
]


@pytest.mark.parametrize(("caller", "asked", "maximum", "message"), DURATIONS)
def test_how_long_a_session_may_be(caller: Caller, asked: int | None, maximum: int, message: str) -> None:
    role = replace(ROLE, max_session_duration=maximum)
    decision = assume_role(caller, role, replace(WORK, duration=asked))
    assert decision.message == message
    assert decision.code == ("ValidationError" if message else None)


def test_a_finding_names_the_statement_and_what_it_misses() -> None:
    wants = {"StringEquals": {"sts:ExternalId": "cust-42"}, "Bool": {"aws:MultiFactorAuthPresent": "true"}}
    statements = (trusting({"AWS": "777788889999"}, Sid="Other"), trusting("*", Condition=wants, Sid="Customers"))
    decision = assume_role(ADA, with_trust(ROLE, *statements), WORK)
    assert decided(decision) == ("deny", "external-id-missing", "role")
    assert decision.also == ("mfa-absent",)
    first = decision.findings[0]
    assert (first.where, first.document, first.statement, first.sid) == ("trust", 0, 1, "Customers")
    assert first.unmet == ("sts:ExternalId", "aws:MultiFactorAuthPresent")


def test_an_allow_names_the_statements_that_allow() -> None:
    caller = replace(ADA, identity_policies=(S3_ONLY, document(deny("iam:*"), allow("sts:AssumeRole", Sid="Switch"))))
    decision = assume_role(caller, ROLE, WORK)
    assert [(found.where, found.document, found.statement, found.sid) for found in decision.findings] == [
        ("identity", 1, 1, "Switch"),
        ("trust", 0, 0, ""),
    ]


def test_a_session_without_its_role_s_arn_is_taken_for_a_role_without_path() -> None:
    caller = replace(OPS_SESSION, issued_by="")
    assert assume_role(caller, with_trust(ROLE, trusting({"AWS": OPS})), WORK).allowed
    condition = {"ArnEquals": {"aws:PrincipalArn": OPS}}
    assert assume_role(caller, with_trust(ROLE, trusting("*", Condition=condition)), WORK).allowed


def test_partitions_are_apart() -> None:
    caller = replace(ADA, arn=USER.replace("aws", "aws-cn"))
    assert not assume_role(caller, ROLE, WORK).allowed
    china = replace(ROLE, trust=document(trusting({"AWS": f"arn:aws-cn:iam::{HOME}:root"})))
    assert assume_role(caller, china, WORK).allowed


AUTHORIZED: list[tuple[Caller, str, str, str]] = [
    (ADA, "iam:GetRole", "deny", " because no identity-based policy allows the iam:GetRole action"),
    (replace(ADA, identity_policies=(document(allow("iam:*")),)), "iam:GetRole", "allow", ""),
    (
        replace(ADA, identity_policies=(document(allow("iam:*"), deny("iam:Get*")),)),
        "iam:GetRole",
        "deny",
        " with an explicit deny in an identity-based policy",
    ),
    (
        replace(ADA, boundary=S3_ONLY),
        "sts:GetFederationToken",
        "deny",
        " because no permissions boundary allows the sts:GetFederationToken action",
    ),
    (ADA, "sts:GetFederationToken", "allow", ""),
    (
        replace(OPS_SESSION, session_policies=(S3_ONLY,)),
        "sts:GetFederationToken",
        "deny",
        " because no session policy allows the sts:GetFederationToken action",
    ),
    (replace(ADA, identity_policies=()), "sts:GetCallerIdentity", "allow", ""),
    (replace(ADA, identity_policies=(document(deny("*")),)), "sts:GetCallerIdentity", "allow", ""),
    (FEDERATED, "s3:ListAllMyBuckets", "allow", ""),
    (replace(FEDERATED, session_policies=(document(),)), "s3:GetObject", "deny", " because no session policy"),
    (ROOT, "iam:GetRole", "allow", ""),
    (replace(ROOT, scps=((S3_ONLY,),)), "iam:GetRole", "deny", " with an explicit deny in a service control policy"),
    (replace(ROOT, scps=((S3_ONLY,),), org_management=True), "iam:GetRole", "allow", ""),
]


@pytest.mark.parametrize(("caller", "action", "effect", "ending"), AUTHORIZED)
def test_other_actions(caller: Caller, action: str, effect: str, ending: str) -> None:
    decision = authorize(caller, action, OPS)
    assert decision.effect == effect
    start = f"User: {caller.arn} is not authorized to perform: {action} on resource: {OPS}"
    assert decision.message.startswith(start + ending if effect == "deny" else "")
    assert (decision.code == "AccessDenied") == (effect == "deny")


def test_another_table_can_be_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    table = tmp_path / "cases.json"
    table.write_text('{"cases": []}', encoding="utf-8")
    known = load()
    monkeypatch.setenv("GOLDEN_CASES", str(table))
    assert load() == []
    wrong = known[0] | {"expect": "deny", "code": "AccessDenied"}
    assert disagreement(wrong, decide(wrong)).startswith(known[0]["id"])
