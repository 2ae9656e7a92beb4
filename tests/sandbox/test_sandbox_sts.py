"""Every rule of AWS's Security Token Service that a role switcher lives by, one case each, over real HTTP."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest
from small_aws import AWAY, HOME, MANAGER, NOON, STRANGER, Keys, Refused, World, allow, keys_of, trust

ADA = f"arn:aws:iam::{HOME}:user/ada"
ROLE = f"arn:aws:iam::{AWAY}:role/Deploy"
NAME_PATTERN = r"[\w+=,.@-]*"
EXTERNAL_PATTERN = r"[\w+=,.@:\/-]*"
SERIAL_PATTERN = r"[\w+=/:,.@-]*"


def refused(world: World, keys: Keys, action: str = "AssumeRole", **params: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        world.call(keys, "sts", action, **params)
    return caught.value


def refused_role(world: World, keys: Keys, **params: Any) -> Refused:
    return refused(world, keys, **{"RoleArn": ROLE, "RoleSessionName": "work", **params})


def one_error(value: str, where: str, constraint: str) -> str:
    return f"1 validation error detected: Value '{value}' at '{where}' failed to satisfy constraint: Member must {constraint}"


# -- AssumeRole: what it answers ---------------------------------------------------------------------------------------


def test_assume_role_answers_with_a_session_of_the_role(world: World) -> None:
    ada, role = world.user(), world.role()
    answer = world.assume(ada, role, "ada")
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{AWAY}:assumed-role/Deploy/ada"
    assert re.fullmatch(r"AROA[A-Z2-7]{17}:ada", answer["AssumedRoleUser"]["AssumedRoleId"])
    session = keys_of(answer)
    assert session.id.startswith("ASIAPRACTICE") and len(session.id) == 20
    assert session.token is not None
    assert 400 <= len(session.token) <= 4096 and re.fullmatch(r"[A-Za-z0-9+/=]+", session.token)
    who = world.call(session, "sts", "GetCallerIdentity")
    assert (who["Arn"], who["Account"]) == (answer["AssumedRoleUser"]["Arn"], AWAY)
    assert who["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
    assert "PackedPolicySize" not in answer and "SourceIdentity" not in answer


def test_a_role_path_is_in_its_arn_and_not_in_its_session(world: World) -> None:
    ada = world.user()
    role = world.role(Path="/ci/")
    assert role == f"arn:aws:iam::{AWAY}:role/ci/Deploy"
    assert world.assume(ada, role)["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{AWAY}:assumed-role/Deploy/work"
    assert refused_role(world, ada).code == "AccessDenied"


# -- durations ---------------------------------------------------------------------------------------------------------


def seconds(answer: dict[str, Any]) -> float:
    return float(answer["Credentials"]["Expiration"].timestamp() - NOON)


@pytest.mark.parametrize(
    ("maximum", "asked", "lasts"), [(3600, None, 3600), (43200, None, 3600), (3600, 900, 900), (43200, 43200, 43200)]
)
def test_a_session_lasts_as_long_as_asked(world: World, maximum: int, asked: int | None, lasts: int) -> None:
    ada, role = world.user(), world.role(MaxSessionDuration=maximum)
    params = {} if asked is None else {"DurationSeconds": asked}
    assert seconds(world.assume(ada, role, **params)) == lasts


@pytest.mark.parametrize(
    ("asked", "constraint"),
    [(899, "have value greater than or equal to 900"), (43201, "have value less than or equal to 43200")],
)
def test_assume_role_durations_have_a_range(world: World, asked: int, constraint: str) -> None:
    ada, _ = world.user(), world.role(MaxSessionDuration=43200)
    error = refused_role(world, ada, DurationSeconds=asked)
    assert (error.status, error.code) == (400, "ValidationError")
    assert error.message == one_error(str(asked), "durationSeconds", constraint)


def test_a_duration_over_the_roles_maximum(world: World) -> None:
    ada, _ = world.user(), world.role(MaxSessionDuration=7200)
    error = refused_role(world, ada, DurationSeconds=7201)
    assert (error.status, error.code) == (400, "ValidationError")
    assert error.message == "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    assert seconds(world.assume(ada, ROLE, DurationSeconds=7200)) == 7200


def test_a_chain_lasts_an_hour_at_most(world: World) -> None:
    ada, hub = world.user(), world.role("Hub", HOME)
    world.role(trusted=trust(hub), MaxSessionDuration=43200)
    first = world.session(ada, hub)
    error = refused_role(world, first, DurationSeconds=3601)
    assert (error.status, error.code) == (400, "ValidationError")
    assert error.message == (
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
    )
    assert seconds(world.assume(first, ROLE, DurationSeconds=3600)) == 3600


def test_after_get_session_token_an_hour_is_the_most_too(world: World) -> None:
    ada, _ = world.user(), world.role(MaxSessionDuration=43200)
    token = keys_of(world.call(ada, "sts", "GetSessionToken"))
    assert "role chaining" in refused_role(world, token, DurationSeconds=3601).message
    assert seconds(world.assume(token, ROLE)) == 3600


def test_who_is_not_trusted_does_not_learn_the_maximum(world: World) -> None:
    ada, _ = world.user(), world.role(trusted=trust(f"arn:aws:iam::{AWAY}:root"))
    assert refused_role(world, ada, DurationSeconds=43200).code == "AccessDenied"


# -- the form of the parameters ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameter", "value", "constraint"),
    [
        ("RoleSessionName", "a", "have length greater than or equal to 2"),
        ("RoleSessionName", "a" * 65, "have length less than or equal to 64"),
        ("RoleSessionName", "a b", f"satisfy regular expression pattern: {NAME_PATTERN}"),
        ("RoleSessionName", "josé", f"satisfy regular expression pattern: {NAME_PATTERN}"),
        ("RoleSessionName", "ada\n", f"satisfy regular expression pattern: {NAME_PATTERN}"),
        ("RoleSessionName", "٣٣", f"satisfy regular expression pattern: {NAME_PATTERN}"),
        ("ExternalId", "x", "have length greater than or equal to 2"),
        ("ExternalId", "x" * 1225, "have length less than or equal to 1224"),
        ("ExternalId", "a*b", f"satisfy regular expression pattern: {EXTERNAL_PATTERN}"),
        ("ExternalId", "ab\n", f"satisfy regular expression pattern: {EXTERNAL_PATTERN}"),
        ("SourceIdentity", "x", "have length greater than or equal to 2"),
        ("SourceIdentity", "x" * 65, "have length less than or equal to 64"),
        ("SourceIdentity", "aws:ada", f"satisfy regular expression pattern: {NAME_PATTERN}"),
        ("SourceIdentity", "adå", f"satisfy regular expression pattern: {NAME_PATTERN}"),
        ("SerialNumber", "12345678", "have length greater than or equal to 9"),
        ("SerialNumber", "123 456 789", f"satisfy regular expression pattern: {SERIAL_PATTERN}"),
        ("TokenCode", "12345", "have length greater than or equal to 6"),
        ("TokenCode", "1234567", "have length less than or equal to 6"),
        ("TokenCode", "12345x", r"satisfy regular expression pattern: [\d]*"),
        ("TokenCode", "١٢٣٤٥٦", r"satisfy regular expression pattern: [\d]*"),
        ("Policy", "x" * 2049, "have length less than or equal to 2048"),
        ("RoleArn", "arn:aws:iam::1", "have length greater than or equal to 20"),
    ],
)
def test_assume_role_parameters_have_a_form(world: World, parameter: str, value: str, constraint: str) -> None:
    ada, _ = world.user(), world.role()
    error = refused_role(world, ada, **{parameter: value})
    assert (error.status, error.code) == (400, "ValidationError")
    where = parameter[0].lower() + parameter[1:]
    assert error.message == one_error(value, where, constraint)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("RoleSessionName", "ab"),
        ("RoleSessionName", "A0_+=,.@-" * 7),
        ("ExternalId", "ab"),
        ("ExternalId", "_+=,.@:/-" * 136),
        ("SourceIdentity", "a" * 64),
    ],
)
def test_the_limits_themselves_are_allowed(world: World, parameter: str, value: str) -> None:
    ada, _ = world.user(), world.role()
    world.call(ada, "sts", "AssumeRole", **{"RoleArn": ROLE, "RoleSessionName": "work", parameter: value})
    assert world.sandbox.calls[-1].outcome == "ok"


def test_what_is_missing_is_named(world: World) -> None:
    ada = world.user()
    error = refused(world, ada)
    assert error.code == "ValidationError"
    assert error.message == (
        "2 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null; "
        "Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null"
    )


def test_an_arn_that_is_no_role(world: World) -> None:
    ada = world.user()
    for arn in (f"arn:aws:iam::{AWAY}:user/Deploy", "arn:aws:iam::12345:role/Deploy", "x" * 30):
        error = refused_role(world, ada, RoleArn=arn)
        assert (error.code, error.message) == ("ValidationError", f"{arn} is invalid")


def test_the_form_comes_before_permission(world: World) -> None:
    nobody = world.user("nobody", policy=allow("s3:*"))
    world.role()
    assert refused_role(world, nobody, RoleSessionName="a b").code == "ValidationError"


# -- MFA ---------------------------------------------------------------------------------------------------------------

MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
BAD_CODE = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
BAD_DEVICE = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  "
    "Please verify your MFA serial number is valid and associated with this user."
)


@pytest.fixture
def guarded(world: World) -> tuple[Keys, str]:
    """A user with a device, and a role that wants MFA."""
    ada = world.user()
    world.role(trusted=trust(f"arn:aws:iam::{HOME}:root", condition=MFA), MaxSessionDuration=43200)
    return ada, world.device()


def test_a_code_opens_a_role_that_wants_mfa(world: World, guarded: tuple[Keys, str]) -> None:
    ada, serial = guarded
    assert refused_role(world, ada).code == "AccessDenied"
    answer = world.assume(ada, ROLE, SerialNumber=serial, TokenCode=world.code(serial), DurationSeconds=43200)
    assert seconds(answer) == 43200


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_device_may_be_one_step_off(world: World, guarded: tuple[Keys, str], steps: int) -> None:
    ada, serial = guarded
    world.assume(ada, ROLE, SerialNumber=serial, TokenCode=world.code(serial, steps))


@pytest.mark.parametrize("steps", [-2, 2])
def test_two_steps_off_is_a_wrong_code(world: World, guarded: tuple[Keys, str], steps: int) -> None:
    ada, serial = guarded
    error = refused_role(world, ada, SerialNumber=serial, TokenCode=world.code(serial, steps))
    assert (error.status, error.code, error.message) == (403, "AccessDenied", BAD_CODE)


def test_a_code_is_good_once(world: World, guarded: tuple[Keys, str]) -> None:
    ada, serial = guarded
    code = world.code(serial)
    world.assume(ada, ROLE, SerialNumber=serial, TokenCode=code)
    error = refused_role(world, ada, SerialNumber=serial, TokenCode=code)
    assert (error.code, error.message) == ("AccessDenied", BAD_CODE)
    error = refused(world, ada, "GetSessionToken", SerialNumber=serial, TokenCode=code)
    assert error.message == BAD_CODE
    world.clock.pass_by(30)
    world.call(ada, "sts", "GetSessionToken", SerialNumber=serial, TokenCode=world.code(serial))


def test_a_code_is_spent_by_a_refusal_that_comes_after_it(world: World, guarded: tuple[Keys, str]) -> None:
    ada, serial = guarded
    world.root(AWAY).iam("UpdateRole", RoleName="Deploy", MaxSessionDuration=3600)
    code = world.code(serial)
    error = refused_role(world, ada, SerialNumber=serial, TokenCode=code, DurationSeconds=7200)
    assert "MaxSessionDuration" in error.message
    assert refused_role(world, ada, SerialNumber=serial, TokenCode=code).message == BAD_CODE


def test_a_malformed_request_spends_no_code(world: World, guarded: tuple[Keys, str]) -> None:
    ada, serial = guarded
    code = world.code(serial)
    assert refused_role(world, ada, SerialNumber=serial, TokenCode=code, Policy="{").code == "MalformedPolicyDocument"
    world.assume(ada, ROLE, SerialNumber=serial, TokenCode=code)


@pytest.mark.parametrize("sent", ["SerialNumber", "TokenCode"])
@pytest.mark.parametrize("action", ["AssumeRole", "GetSessionToken"])
def test_serial_and_code_come_together(world: World, guarded: tuple[Keys, str], sent: str, action: str) -> None:
    ada, serial = guarded
    params = {sent: serial if sent == "SerialNumber" else world.code(serial)}
    if action == "AssumeRole":
        params |= {"RoleArn": ROLE, "RoleSessionName": "work"}
    error = refused(world, ada, action, **params)
    assert (error.status, error.code) == (403, "AccessDenied")
    assert error.message == (
        "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
    )


def test_somebody_elses_device(world: World, guarded: tuple[Keys, str]) -> None:
    ada, _ = guarded
    world.user("bob")
    other = world.device("bob")
    for serial, code in ((other, world.code(other)), (f"arn:aws:iam::{HOME}:mfa/none", "123456")):
        error = refused_role(world, ada, SerialNumber=serial, TokenCode=code)
        assert (error.status, error.code, error.message) == (403, "AccessDenied", BAD_DEVICE)


def test_a_role_session_has_no_device(world: World, guarded: tuple[Keys, str]) -> None:
    ada, serial = guarded
    hub = world.role("Hub", HOME)
    session = world.session(ada, hub)
    error = refused_role(world, session, SerialNumber=serial, TokenCode=world.code(serial))
    assert error.message == BAD_DEVICE


def test_session_tokens_carry_mfa_and_role_sessions_do_not(world: World, guarded: tuple[Keys, str]) -> None:
    ada, serial = guarded
    hub = world.role("Hub", HOME, trust(f"arn:aws:iam::{HOME}:root", condition=MFA))
    answer = world.call(ada, "sts", "GetSessionToken", SerialNumber=serial, TokenCode=world.code(serial))
    token = keys_of(answer)
    world.assume(token, ROLE)  # one code, many roles
    hub_session = world.session(token, hub)
    error = refused_role(world, hub_session)
    assert error.code == "AccessDenied"
    without = keys_of(world.call(ada, "sts", "GetSessionToken"))
    assert refused_role(world, without).code == "AccessDenied"


def test_mfa_grows_old(world: World) -> None:
    ada, serial = world.user(), world.device()
    world.role(
        trusted=trust(f"arn:aws:iam::{HOME}:root", condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "600"}})
    )
    token = keys_of(world.call(ada, "sts", "GetSessionToken", SerialNumber=serial, TokenCode=world.code(serial)))
    world.clock.pass_by(599)
    world.assume(token, ROLE)
    world.clock.pass_by(1)
    assert refused_role(world, token).code == "AccessDenied"


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


def tags(count: int) -> list[dict[str, str]]:
    return [{"Key": f"k{number}", "Value": "v"} for number in range(count)]


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
