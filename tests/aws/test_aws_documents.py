"""The portal of IAM Identity Center on the wire: the request, its answer or refusal, and what answers in AWS's place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from calling import PATIENT, Aws
from wires import saying

from xswitch.aws.documents import read
from xswitch.aws.http import Response, Trouble
from xswitch.aws.query import Answer, Refusal
from xswitch.errors import Unreachable, Usage
from xswitch.secret import Secret

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"a": {"b":1}}'.replace(b"13", b"14")


def answered(body: object, status: int = 200, **headers: str) -> Answer | Refusal:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read(Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, data), 1.5)


def test_an_answer_is_its_texts_by_their_paths() -> None:
    found = answered({"a": {"b": "x", "n": 1790000000000}, "l": [1], "t": True, "z": None}, x_amzn_requestid="r-1")
    assert found == Answer({"a.b": "x", "a.n": "1790000000000"}, "r-1")


@pytest.mark.parametrize(
    ("body", "headers", "code", "message"),
    [
        ({"message": "No access", "__type": "ForbiddenException"}, {}, "ForbiddenException", "No access"),
        ({"message": "m", "__type": "com.amazonaws.sso#UnauthorizedException"}, {}, "UnauthorizedException", "m"),
        (
            {"Message": "m"},
            {"x_amzn_errortype": "TooManyRequestsException:http://x/#y"},
            "TooManyRequestsException",
            "m",
        ),
        ({"code": "X"}, {}, "X", ""),
        (b"<html>", {}, "", ""),
        ([1], {}, "", ""),
    ],
)
def test_a_refusal_is_what_aws_said(body: Any, headers: dict[str, str], code: str, message: str) -> None:
    found = answered(body, 403, x_amz_retry_after="1500", **headers)
    assert found == Refusal(code, message, 403, "", 1.5, "1500")


@pytest.mark.parametrize("body", [b"", b"<html>sign in</html>", b"[]", b"1", b'{"a": ', b"\xff\xfe", b"[" * 100000])
def test_what_is_no_object_of_json_is_not_aws(body: bytes) -> None:
    with pytest.raises(Trouble) as caught:
        answered(body)
    assert caught.value.kind == "not-aws"
    with pytest.raises(Trouble):
        answered({}, 302)


def test_depth_ends_the_reading() -> None:
    deep: dict[str, Any] = {"x": "y"}
    for _ in range(50):
        deep = {"a": deep}
    assert answered(deep) == Answer({}, "")


def ask(aws: Aws, token: str = "token", **environ: str) -> Answer | Refusal:
    return aws.client(environ).ask_portal(
        "/federation/credentials",
        {"role_name": "a+b&c", "account_id": "1"},
        Secret(token),
        region="eu-west-1",
        doing="x",
        limits=PATIENT,
    )


def test_the_request_is_a_get_with_the_token_in_a_header_alone(aws: Aws) -> None:
    with saying(ANSWER) as (url, requests):
        found = ask(aws, AWS_ENDPOINT_URL_SSO=f"{url}/base/", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert found == Answer({"a.b": "1"}, "")
    head, _, body = requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "GET /base/federation/credentials?role_name=a%2Bb%26c&account_id=1 HTTP/1.1"
    names = {line.partition(":")[0].lower() for line in lines[1:]}
    assert names == {"host", "x-amz-sso_bearer_token", "user-agent", "accept-encoding", "connection"}
    assert (body, "x-amz-sso_bearer_token: token" in lines) == (b"", True)


def test_a_token_that_no_header_can_hold_is_not_sent(aws: Aws) -> None:
    with pytest.raises(Usage):
        ask(aws, "two\r\nlines: x")


def test_throttling_is_waited_out_longer_than_other_trouble(aws: Aws) -> None:
    aws.sandbox.faults.throttle(None, "GetRoleCredentials")
    found = ask(aws)
    assert isinstance(found, Refusal)
    assert (found.throttled, found.code) == (True, "TooManyRequestsException")
    assert aws.waits == [0.5, 1.0, 2.0, 4.0, 8.0]
    aws.sandbox.faults.clear()
    aws.waits.clear()
    aws.sandbox.faults.reset(None, "GetRoleCredentials")
    with pytest.raises(Unreachable):
        ask(aws)
    assert len(aws.waits) == 2
