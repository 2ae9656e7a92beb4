"""AWS's refusals in xswitch's words: a table of what AWS sends and what a person is told."""

from __future__ import annotations

import pytest

from xswitch.aws.query import Refusal
from xswitch.errors import Denied, Unreachable, WrongCode
from xswitch.session.refusals import DurationRefused, error_of, side_of

USER = "User: arn:aws:iam::111122223333:user/ada is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::444455556666:role/Deploy"
BAD_DEVICE = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  "
    "Please verify your MFA serial number is valid and associated with this user."
)


def said(code: str, message: str = "", status: int = 403, skew: float | None = 0.0):
    return error_of(Refusal(code, message, status, "req-1", skew), doing="payments-prod/Deploy", identity="central")


@pytest.mark.parametrize(
    ("because", "side"),
    [
        ("", "unknown"),
        (" because no identity-based policy allows the sts:AssumeRole action", "caller"),
        (" because no permissions boundary allows the sts:AssumeRole action", "caller"),
        (" because no session policy allows the sts:AssumeRole action", "caller"),
        (" because no service control policy allows the sts:AssumeRole action", "caller"),
        (" because no VPC endpoint policy allows the sts:AssumeRole action", "caller"),
        (" because no resource-based policy allows the sts:AssumeRole action", "role"),
        (" with an explicit deny in a service control policy", "caller"),
        (" with an explicit deny in an identity-based policy", "caller"),
        (" with an explicit deny in a resource control policy", "role"),
        (" with an explicit deny in a resource-based policy", "role"),
        (" with an explicit deny in something new", "unknown"),
    ],
)
def test_the_side_is_what_aws_names(because, side):
    assert side_of(USER + because) == side
    error = said("AccessDenied", USER + because)
    assert type(error) is Denied
    assert (error.side, error.exit_status, error.aws_code, error.request_id) == (side, 4, "AccessDenied", "req-1")
    assert error.aws_message == USER + because
    assert error.message == f"AWS denied payments-prod/Deploy{',' if because else ''}{because}"


def test_a_role_named_like_a_policy_type_does_not_decide_the_side():
    assert side_of(USER.replace("Deploy", "service-control-policy because")) == "unknown"
    hostile = USER.replace("role/Deploy", "role/resource-based policy")
    assert side_of(hostile + " because no identity-based policy allows the sts:AssumeRole action") == "caller"


@pytest.mark.parametrize(
    ("message", "kind", "words"),
    [
        (
            "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
            WrongCode,
            "did not accept the MFA code",
        ),
        (BAD_DEVICE, Denied, "does not know the MFA device"),
        (
            "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
            Denied,
            "did not accept the MFA data",
        ),
    ],
)
def test_only_a_wrong_code_is_worth_another(message, kind, words):
    error = said("AccessDenied", message)
    assert type(error) is kind
    assert words in error.message
    assert error.side == "request"
    assert error.hint


@pytest.mark.parametrize("action", ["sts:TagSession", "sts:SetSourceIdentity"])
def test_a_denial_of_what_goes_along_names_it(action):
    assert action in said("AccessDenied", USER.replace("sts:AssumeRole", action)).hint


def test_refused_durations_tell_the_role_from_the_chain():
    role = said(
        "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", 400
    )
    chain = said(
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        400,
    )
    assert isinstance(role, DurationRefused)
    assert isinstance(chain, DurationRefused)
    assert (role.chain, chain.chain) == (False, True)


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("Throttling", 400, "throttling"),
        ("ThrottlingException", 400, "throttling"),
        ("RequestLimitExceeded", 503, "throttling"),
        ("", 429, "throttling"),
        ("InternalFailure", 500, "500"),
        ("ServiceUnavailable", 503, "503"),
        ("", 502, "502"),
        ("404", 404, "404"),
        ("", 403, "403"),
        ("", 0, "nothing"),
    ],
)
def test_busy_broken_and_wordless_is_unreachable(code, status, words):
    error = said(code, "", status)
    assert isinstance(error, Unreachable)
    assert error.exit_status == 7
    assert words in error.message
    assert error.hint


@pytest.mark.parametrize(
    ("code", "message", "skew", "words", "hint"),
    [
        (
            "ExpiredToken",
            "The security token included in the request is expired",
            0,
            "session of central has expired",
            "log in",
        ),
        (
            "InvalidClientTokenId",
            "The security token … is invalid.",
            0,
            "not know the access key of central",
            "identity add",
        ),
        ("SignatureDoesNotMatch", "The request signature we calculated …", 2.0, "secret of central", "identity add"),
        ("SignatureDoesNotMatch", "The request signature we calculated …", None, "secret of central", "identity add"),
        (
            "SignatureDoesNotMatch",
            "Signature expired: … is now earlier than …",
            54000,
            "clock is 15h behind",
            "set the clock",
        ),
        (
            "SignatureDoesNotMatch",
            "Signature not yet current: … is still later",
            -5400,
            "clock is 1h 30m ahead",
            "set the clock",
        ),
        ("SignatureDoesNotMatch", "Signature expired: … is now earlier than …", None, "clock is off", "set the clock"),
        ("RequestExpired", "Request has expired.", None, "clock is off", "set the clock"),
        (
            "RegionDisabledException",
            "STS is not activated in this region",
            0,
            "switched off in that region",
            "--region",
        ),
        ("PackedPolicyTooLarge", "Packed policy consumes 120%", 0, "too large", "shorten"),
        ("MalformedPolicyDocument", "Syntax errors in policy.", 0, "Syntax errors in policy", ""),
    ],
)
def test_what_else_aws_refuses(code, message, skew, words, hint):
    error = said(code, message, 403, skew)
    assert isinstance(error, Denied)
    assert error.aws_code == code
    assert words in error.message
    assert hint in error.hint


def test_a_request_that_aws_tells_back_is_left_out_since_it_holds_the_token():
    told = (
        "The request signature we calculated does not match.\n\nThe Canonical String for this request should have been"
    )
    error = said("SignatureDoesNotMatch", f"{told}\n'POST\nx-amz-security-token:s3ntinel'", 403, 0)
    assert "does not match" in error.aws_message
    assert "s3ntinel" not in f"{error.message}{error.hint}{error.aws_message}"


def test_hostile_text_is_made_safe():
    error = said("AccessDenied", f"{USER} with an explicit deny in a \x1b[31m\u202epolicy\x07\n")
    shown = error.message + error.aws_message + error.hint
    assert not any(ord(letter) < 32 or letter == "\u202e" for letter in shown)
