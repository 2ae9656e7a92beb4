"""The server's edges: odd requests, faults, the practice authenticator, what is recorded."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from small_aws import AWAY, HOME, NOON, Clock, Refused, World, keys_of, trust

from xswitch.sandbox import Faults, Organization, Sandbox, totp

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ROLE = f"arn:aws:iam::{AWAY}:role/Deploy"


# -- faults ------------------------------------------------------------------------------------------------------------


def test_throttling(world: World) -> None:
    ada = world.user()
    world.faults.throttle(2, "GetCallerIdentity")
    world.role()
    world.assume(ada, ROLE)
    for _ in range(2):
        with pytest.raises(Refused) as caught:
            world.call(ada, "sts", "GetCallerIdentity")
        assert (caught.value.status, caught.value.code, caught.value.message) == (400, "Throttling", "Rate exceeded")
    world.call(ada, "sts", "GetCallerIdentity")
    world.faults.throttle()
    boss = world.user("boss", world.organization.management_id)
    with pytest.raises(Refused) as caught:
        world.call(boss, "organizations", "ListRoots")
    assert (caught.value.status, caught.value.code) == (400, "TooManyRequestsException")


@pytest.mark.parametrize(("status", "code"), [(500, "InternalFailure"), (503, "ServiceUnavailable")])
def test_server_errors(world: World, status: int, code: str) -> None:
    ada = world.user()
    world.faults.fail(status=status)
    with pytest.raises(Refused) as caught:
        world.call(ada, "sts", "GetCallerIdentity")
    assert (caught.value.status, caught.value.code) == (status, code)
    world.call(ada, "sts", "GetCallerIdentity")


def test_a_throttled_call_spends_no_code_and_a_lost_answer_does(world: World) -> None:
    ada, serial = world.user(), world.device()
    code = world.code(serial)
    world.faults.throttle()
    with pytest.raises(Refused, match="Throttling"):
        world.call(ada, "sts", "GetSessionToken", SerialNumber=serial, TokenCode=code)
    world.faults.reset(after=True)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        world.call(ada, "sts", "GetSessionToken", SerialNumber=serial, TokenCode=code)
    with pytest.raises(Refused, match="invalid MFA one time pass code"):
        world.call(ada, "sts", "GetSessionToken", SerialNumber=serial, TokenCode=code)


def test_a_reset_before_the_call_is_performed(world: World) -> None:
    ada, serial = world.user(), world.device()
    world.faults.reset()
    params = {"SerialNumber": serial, "TokenCode": world.code(serial)}
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        world.call(ada, "sts", "GetSessionToken", **params)
    world.call(ada, "sts", "GetSessionToken", **params)
    assert [call.outcome for call in world.sandbox.calls] == ["ConnectionReset", "ok"]


def test_half_an_answer_and_garbage(world: World) -> None:
    ada = world.user()
    world.faults.half()
    with pytest.raises(http.client.IncompleteRead):
        world.call(ada, "sts", "GetCallerIdentity")
    world.faults.garbage()
    with pytest.raises(Exception, match="invalid XML"):
        world.call(ada, "sts", "GetCallerIdentity")
    world.call(ada, "sts", "GetCallerIdentity")


def test_a_slow_answer_ends_with_the_server() -> None:
    world = World()
    ada = world.user()
    world.faults.slow(3600)
    failed: list[BaseException] = []

    def ask() -> None:
        try:
            world.call(ada, "sts", "GetCallerIdentity")
        except (OSError, http.client.HTTPException, Refused) as error:
            failed.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    while not any(
        thread.name.startswith("Thread") and "process_request" in thread.name for thread in threading.enumerate()
    ):
        asking.join(0.01)
    begun = time.monotonic()
    world.sandbox.stop()
    asking.join(10)
    assert not asking.is_alive() and time.monotonic() - begun < 10
    world.close()  # not earlier: the connection is the other thread's


def test_a_session_shortened_by_a_fault(world: World) -> None:
    ada, _ = world.user(), world.role()
    world.faults.shorten(240, times=1)
    answer = world.assume(ada, ROLE)
    assert answer["Credentials"]["Expiration"].timestamp() == NOON + 240
    world.clock.pass_by(240)
    with pytest.raises(Refused, match="ExpiredToken"):
        world.call(keys_of(answer), "sts", "GetCallerIdentity")
    with pytest.raises(Refused, match="ValidationError"):
        world.assume(ada, ROLE, DurationSeconds=240)
    assert world.assume(ada, ROLE)["Credentials"]["Expiration"].timestamp() == NOON + 240 + 3600


def test_faults_are_used_up_in_order() -> None:
    faults = Faults()
    faults.throttle(1)
    faults.fail(1, "AssumeRole")
    faults.slow(2, 1)
    assert [fault.kind for fault in faults.take("GetCallerIdentity")] == ["throttle", "slow"]
    assert faults.take("GetCallerIdentity") == ()
    assert [fault.kind for fault in faults.take("AssumeRole")] == ["fail"]
    faults.throttle(None)
    assert [len(faults.take("x")) for _ in range(3)] == [1, 1, 1]
    faults.clear()
    assert faults.take("x") == ()
    with pytest.raises(ValueError, match="at least once"):
        faults.reset(0)


# -- the protocols -----------------------------------------------------------------------------------------------------


def test_an_answer_on_the_wire(world: World) -> None:
    ada = world.user()
    world.call(ada, "sts", "GetCallerIdentity")
    sandbox_id = world.sandbox.calls[-1].request_id
    world.faults.throttle()
    from test_sandbox_signature import BODY, signed

    status, headers, content = world.send("POST", "/", signed(world, ada), BODY)
    request_id = world.sandbox.calls[-1].request_id
    assert request_id != sandbox_id
    assert (status, headers["content-type"], headers["x-amzn-requestid"]) == (400, "text/xml", request_id)
    assert content.decode() == (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n'
        "  <Error>\n    <Type>Sender</Type>\n    <Code>Throttling</Code>\n    <Message>Rate exceeded</Message>\n"
        f"  </Error>\n  <RequestId>{request_id}</RequestId>\n</ErrorResponse>\n"
    )
    _, _, content = world.send("POST", "/", signed(world, ada), BODY)
    assert content.decode().splitlines()[:3] == [
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">',
        "  <GetCallerIdentityResult>",
        f"    <Arn>arn:aws:iam::{HOME}:user/ada</Arn>",
    ]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"Version=2011-06-15", 400, b"MissingAction"),
        (b"Action=GetCallerIdentity", 400, b"InvalidAction"),
        (b"Action=GetCallerIdentity&Version=1999-01-01", 400, b"InvalidAction"),
        (b"Action=A&Action=B&Version=2011-06-15", 400, b"MalformedInput"),
        (b"Action=A&Version=2011-06-15&x.member.one=1", 400, b"MalformedInput"),
        (b"Action=A&Version=2011-06-15&x=1&x.y=1", 400, b"MalformedInput"),
        (b"Action=A&Version=2011-06-15&x.y=1&x=1", 400, b"MalformedInput"),
        (b"\xff\xfe", 400, b"MalformedInput"),
        (b"Action", 404, b"MalformedQueryString"),
    ],
)
def test_requests_that_are_none(world: World, body: bytes, status: int, code: bytes) -> None:
    found, _, content = world.send("POST", "/", FORM, body)
    assert found == status and b"<Code>" + code + b"</Code>" in content


def test_a_body_of_another_kind(world: World) -> None:
    status, _, content = world.send("POST", "/", {"Content-Type": "application/json"}, b"{}")
    assert status == 400 and b"MalformedInput" in content
    status, _, content = world.send("PUT", "/", {}, b"")
    assert status == 405 and b"InvalidHttpRequest" in content


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        ("Nonsense.ListRoots", b"{}", "UnknownOperationException"),
        ("AWSOrganizationsV20161128.ListRoots", b"{", "SerializationException"),
        ("AWSOrganizationsV20161128.ListRoots", b"[]", "SerializationException"),
        ("AWSOrganizationsV20161128.ListRoots", b"[" * 100000, "SerializationException"),
        ("AWSOrganizationsV20161128.ListRoots", b"{}", "MissingAuthenticationTokenException"),
    ],
)
def test_json_requests_that_are_none(world: World, target: str, body: bytes, code: str) -> None:
    status, headers, content = world.send("POST", "/", {"X-Amz-Target": target}, body)
    assert (status, headers["content-type"]) == (400, "application/x-amz-json-1.1")
    assert json.loads(content)["__type"] == code


def test_an_action_that_is_not_there(world: World) -> None:
    with pytest.raises(Refused) as caught:
        world.call(world.user(), "iam", "ListSAMLProviders")
    assert (caught.value.status, caught.value.code) == (400, "InvalidAction")


def raw(sandbox: Sandbox, text: bytes) -> bytes:
    where = urlsplit(sandbox.url)
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=10) as connection:
        connection.sendall(text)
        found = b""
        while chunk := connection.recv(65536):
            found += chunk
        return found


def test_lengths_that_are_none(world: World) -> None:
    head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    assert raw(world.sandbox, head + b"Content-Length: x\r\n\r\n").startswith(b"HTTP/1.1 411 ")
    assert raw(world.sandbox, head + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n").startswith(b"HTTP/1.1 411 ")
    assert raw(world.sandbox, head + b"Content-Length: 1048577\r\n\r\n").startswith(b"HTTP/1.1 413 ")


def test_errors_that_quote_what_xml_cannot_hold(world: World) -> None:
    ada, _ = world.user(), world.role()
    with pytest.raises(Refused) as caught:
        world.assume(ada, ROLE, 'a<b>&"\x1b\x00')
    assert "'a<b>&\"\ufffd\ufffd' at 'roleSessionName'" in caught.value.message


# -- what is recorded --------------------------------------------------------------------------------------------------


def test_calls_are_recorded_without_secrets(world: World) -> None:
    ada, serial = world.user(), world.device()
    world.role(trusted=trust(f"arn:aws:iam::{HOME}:root", condition={"StringEquals": {"sts:ExternalId": "s3cret"}}))
    code = world.code(serial)
    answer = world.assume(ada, ROLE, ExternalId="s3cret", SerialNumber=serial, TokenCode=code)
    call = world.sandbox.calls[-1]
    assert (call.service, call.action, call.caller, call.key_id) == (
        "sts",
        "AssumeRole",
        f"arn:aws:iam::{HOME}:user/ada",
        ada.id,
    )
    assert (call.time, call.outcome, call.region) == (NOON, "ok", "us-east-1")
    assert call.params["RoleArn"] == ROLE
    for secret in ("s3cret", code, ada.secret, answer["Credentials"]["SecretAccessKey"]):
        assert secret not in repr(world.sandbox.calls)
    with pytest.raises(Refused):
        world.assume(ada, ROLE)
    assert world.sandbox.calls[-1].outcome == "AccessDenied"


# -- the practice authenticator ----------------------------------------------------------------------------------------


@pytest.fixture
def shown() -> Iterator[tuple[World, Sandbox]]:
    world = World(clock=Clock(NOON + 13))
    world.user()
    serial = world.device()
    world.organization.shown_device = world.organization.account(HOME).devices[serial]
    with Sandbox(world.organization, world.clock, practice_token="0123456789abcdef") as sandbox:
        yield world, sandbox
    world.close()


def get(sandbox: Sandbox, path: str, host: str = "") -> tuple[int, dict[str, object]]:
    where = urlsplit(sandbox.url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=10)
    connection.request("GET", path, headers={"Host": host or where.netloc})
    answer = connection.getresponse()
    found = answer.status, json.loads(answer.read())
    connection.close()
    return found


def test_the_authenticator_shows_the_code(shown: tuple[World, Sandbox]) -> None:
    world, sandbox = shown
    path = "/practice/0123456789abcdef/authenticator"
    device = world.organization.shown_device
    assert device is not None
    code = totp.code_at(device.seed, world.clock())
    assert get(sandbox, path) == (200, {"code": code, "left": 17, "spent": False})
    assert get(sandbox, path, "localhost:1") == (200, {"code": code, "left": 17, "spent": False})
    from xswitch.sandbox.mfa import spend

    assert spend(device, code, world.clock())
    assert get(sandbox, path)[1]["spent"] is True
    world.clock.pass_by(17)
    assert get(sandbox, path)[1] == {"code": totp.code_at(device.seed, world.clock()), "left": 30, "spent": False}


@pytest.mark.parametrize(
    ("path", "host"),
    [
        ("/practice/0123456789abcdee/authenticator", ""),
        ("/practice//authenticator", ""),
        ("/practice/0123456789abcdef/authenticator/", ""),
        ("/practice/0123456789abcdef/authenticator", "evil.example"),
        ("/practice/0123456789abcdef/authenticator", "127.0.0.1.evil.example:80"),
    ],
)
def test_the_authenticator_is_for_who_knows_its_path(shown: tuple[World, Sandbox], path: str, host: str) -> None:
    assert get(shown[1], path, host) == (404, {})


def test_without_a_token_there_is_no_authenticator() -> None:
    with Sandbox(Organization(HOME, "home")) as sandbox:
        assert get(sandbox, "/practice//authenticator")[0] == 404
    with Sandbox(Organization(HOME, "home"), practice_token="x") as sandbox:
        assert get(sandbox, "/practice/x/authenticator")[0] == 404
