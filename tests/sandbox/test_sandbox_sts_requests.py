"""AssumeRole: what it answers, how long it lasts, and the form of what is asked."""

from __future__ import annotations

import re

import pytest
from small_aws import AWAY, HOME, World, allow, keys_of, trust
from sts_words import (
    EXTERNAL_PATTERN,
    NAME_PATTERN,
    ROLE,
    SERIAL_PATTERN,
    one_error,
    refused,
    refused_role,
    seconds,
)

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
