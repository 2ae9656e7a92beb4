"""MFA codes: both parts or neither, good once, one step of drift, and who carries MFA on."""

from __future__ import annotations

import pytest
from small_aws import AWAY, HOME, Keys, World, keys_of, trust
from sts_words import (
    ROLE,
    refused,
    refused_role,
    seconds,
)

MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
BAD_CODE = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
BAD_DEVICE = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  "
    "Please verify your MFA serial number is valid and associated with this user."
)


# -- MFA ---------------------------------------------------------------------------------------------------------------


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
