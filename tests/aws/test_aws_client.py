"""A call under fire: every fault of the sandbox, the clock, and what else answers or does not."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from datetime import UTC, datetime

import pytest
from calling import Aws
from wires import Relay, free_port, saying

from xswitch.aws.client import Client
from xswitch.aws.http import Limits
from xswitch.aws.query import Refusal
from xswitch.errors import Unreachable, Usage
from xswitch.secret import Secret

SHORT = Limits(connect=20.0, answer=0.3)


# ── tries and waits


@pytest.mark.parametrize(
    ("fraction", "waits"), [(0.0, [0.0, 0.0]), (0.25, [0.25, 0.5]), (1.0, [1.0, 2.0])], ids=["least", "some", "most"]
)
def test_throttling_is_waited_out_with_jitter(aws: Aws, fraction: float, waits: list[float]) -> None:
    aws.fraction = fraction
    aws.sandbox.faults.throttle(2)
    assert aws.is_ada(aws.who())
    assert aws.outcomes == ["Throttling", "Throttling", "ok"]
    assert aws.waits == waits


def test_throttling_that_goes_on_is_returned_after_three_tries(aws: Aws) -> None:
    aws.sandbox.faults.throttle(None)
    found = aws.who()
    assert isinstance(found, Refusal)
    assert found.throttled
    assert (len(aws.outcomes), len(aws.waits)) == (3, 2)


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_in_trouble_is_asked_again_soon(aws: Aws, status: int) -> None:
    aws.sandbox.faults.fail(2, status=status)
    assert aws.is_ada(aws.who())
    assert aws.waits == [0.025, 0.05]
    aws.sandbox.faults.fail(3, status=status)
    found = aws.who()
    assert isinstance(found, Refusal)
    assert found.status == status


@pytest.mark.parametrize("fault", ["reset", "reset-after", "half"])
def test_a_connection_that_breaks_off_is_made_again(aws: Aws, fault: str) -> None:
    def happen(times: int) -> None:
        if fault == "half":
            aws.sandbox.faults.half(times)
        else:
            aws.sandbox.faults.reset(times, after=fault == "reset-after")

    happen(2)
    assert aws.is_ada(aws.who())
    assert len(aws.waits) == 2
    happen(3)
    with pytest.raises(Unreachable, match="broke off"):
        aws.who()
    assert len(aws.outcomes) == 6


def test_an_answer_that_is_none_is_not_asked_for_again(aws: Aws) -> None:
    aws.sandbox.faults.garbage(1)
    with pytest.raises(Unreachable, match="is not AWS") as caught:
        aws.who()
    assert caught.value.hint
    assert (aws.outcomes, aws.waits) == (["ok"], [])


def test_a_slow_answer_is_given_up_and_tried_again(aws: Aws) -> None:
    aws.sandbox.faults.slow(5.0, 1)
    assert aws.is_ada(aws.who(limits=Limits(20.0, 1.0)))
    aws.sandbox.faults.slow(30.0, None)
    began = time.monotonic()
    with pytest.raises(Unreachable, match="did not answer in time"):
        aws.who(limits=SHORT)
    assert time.monotonic() - began < 20
    aws.sandbox.faults.clear()


def test_one_attempt_is_one(aws: Aws) -> None:
    aws.sandbox.faults.throttle(1)
    assert isinstance(aws.who(attempts=1), Refusal)
    aws.sandbox.faults.reset(1)
    with pytest.raises(Unreachable):
        aws.who(attempts=1)
    assert (len(aws.outcomes), aws.waits) == (2, [])


def test_a_denial_is_final(aws: Aws) -> None:
    found = aws.client().call(
        "sts",
        "AssumeRole",
        {"RoleArn": "arn:aws:iam::444455556666:role/Missing", "RoleSessionName": "ada"},
        aws.keys,
        region="eu-west-1",
        doing="x",
    )
    assert isinstance(found, Refusal)
    assert (found.code, found.status, found.passing) == ("AccessDenied", 403, False)
    assert found.request_id == aws.sandbox.calls[-1].request_id
    assert aws.waits == []


def test_a_server_s_wish_is_followed(aws: Aws) -> None:
    busy = b"HTTP/1.1 503 Slow Down\r\nx-amz-retry-after: 2500\r\nContent-Length: 0\r\n\r\n"
    with saying(busy) as (url, _):
        aws.who(aws.client({"AWS_ENDPOINT_URL": url}))
    assert aws.waits == [2.5, 2.5]


# ── the clock


@pytest.mark.parametrize("hours", [-15, -1, 1, 15])
def test_a_clock_that_is_hours_off_signs_by_aws_s(aws: Aws, hours: int) -> None:
    aws.shift = hours * 3600.0
    client = aws.client()
    assert aws.is_ada(aws.who(client, attempts=1))
    assert client.skew == pytest.approx(-aws.shift, abs=3)
    assert aws.is_ada(aws.who(client, attempts=1))
    assert aws.waits == []


def test_only_what_aws_refused_is_signed_again(aws: Aws) -> None:
    """What a refused signature costs is seen at the wire: the sandbox counts calls that it could attribute."""
    aws.shift = 3600.0
    relay_port = int(aws.sandbox.url.rpartition(":")[2])
    with Relay(relay_port) as relay:
        client = aws.client({"AWS_ENDPOINT_URL": relay.url})
        for _ in range(3):
            assert aws.is_ada(aws.who(client))
    assert aws.outcomes.count("ok") == 3
    assert len(aws.outcomes) == 4


def test_a_skew_that_is_known_already_costs_no_second_try(aws: Aws) -> None:
    aws.shift, aws.known_skew = -7200.0, 7200.0
    assert aws.is_ada(aws.who())
    assert aws.outcomes == ["ok"]


def test_a_known_skew_that_is_no_longer_true_is_forgotten(aws: Aws) -> None:
    aws.known_skew = 7200.0
    client = aws.client()
    assert aws.is_ada(aws.who(client))
    assert aws.outcomes == ["SignatureDoesNotMatch", "ok"]
    assert aws.is_ada(aws.who(client))
    assert len(aws.outcomes) == 3


def test_a_difference_that_aws_tolerates_is_left_alone(aws: Aws) -> None:
    aws.shift, aws.known_skew = -230.0, 230.0
    client = aws.client()
    assert aws.is_ada(aws.who(client))
    assert aws.outcomes == ["ok"]
    assert client.skew == pytest.approx(230, abs=3)
    with saying(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n") as (url, requests):
        aws.who(aws.client({"AWS_ENDPOINT_URL": url}))
    stamp = requests[0].decode().partition("X-Amz-Date: ")[2].partition("\r\n")[0]
    signed = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    assert signed == pytest.approx(time.time() - 230, abs=60)


def test_a_wrong_secret_is_not_the_clock_s_fault(aws: Aws) -> None:
    aws.keys = type(aws.keys)(aws.keys.access_key_id, Secret("wrong"))
    found = aws.who()
    assert isinstance(found, Refusal)
    assert found.code == "SignatureDoesNotMatch"
    assert aws.outcomes == ["SignatureDoesNotMatch"]
    assert found.skew == pytest.approx(0, abs=3)


def test_a_wrong_secret_and_a_wrong_clock_end_after_one_more(aws: Aws) -> None:
    aws.shift = 3600.0
    aws.keys = type(aws.keys)(aws.keys.access_key_id, Secret("wrong"))
    found = aws.who()
    assert isinstance(found, Refusal)
    assert aws.outcomes == ["SignatureDoesNotMatch"] * 2


def test_an_answer_without_a_date_teaches_nothing(aws: Aws) -> None:
    body = b"<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>"
    with saying(b"HTTP/1.1 403 No\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)) as (url, requests):
        client = aws.client({"AWS_ENDPOINT_URL": url})
        found = aws.who(client)
    assert isinstance(found, Refusal)
    assert (found.skew, client.skew, len(requests)) == (None, None, 1)


@pytest.mark.parametrize("status", [200, 302, 403, 503])
def test_a_sign_in_page_is_not_believed_about_the_time(aws: Aws, status: int) -> None:
    page = b"<html>Please sign in</html>"
    head = b"HTTP/1.1 %d X\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: %d\r\n\r\n" % (status, len(page))
    with saying(head + page) as (url, _):
        client = aws.client({"AWS_ENDPOINT_URL": url})
        with contextlib.suppress(Unreachable):
            aws.who(client)
    assert client.skew is None


# ── where it goes


@pytest.mark.parametrize("path", ["", "/", "/aws", "/aws/", "/a/b/", "/%C3%BC"])
def test_an_address_may_have_a_path(aws: Aws, path: str) -> None:
    assert aws.is_ada(aws.who(aws.client({"AWS_ENDPOINT_URL": aws.sandbox.url + path})))


def test_the_loopback_of_ipv6(aws: Aws) -> None:
    with Relay(int(aws.sandbox.url.rpartition(":")[2]), "::1") as relay:
        assert "[::1]" in relay.url
        assert aws.is_ada(aws.who(aws.client({"AWS_ENDPOINT_URL": relay.url})))


def test_a_host_with_a_dead_address_is_reached_at_its_next(aws: Aws) -> None:
    port = int(aws.sandbox.url.rpartition(":")[2])

    def lookup(host: str, _: int) -> list[tuple[object, ...]]:
        assert host == "aws.test"
        dead = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", free_port()))
        return [(9999, socket.SOCK_STREAM, 0, "", ("x", 1)), dead, (*dead[:4], ("127.0.0.1", port))]

    client = aws.client({"AWS_ENDPOINT_URL": f"http://aws.test:{port}"}, lookup=lookup)
    assert aws.is_ada(aws.who(client))


def test_a_name_that_nobody_knows(aws: Aws) -> None:
    def lookup(_: str, __: int) -> list[tuple[object, ...]]:
        raise OSError("no such host")

    client = aws.client({"AWS_ENDPOINT_URL": "https://aws.test"}, lookup=lookup)
    with pytest.raises(Unreachable, match=r"can't be reached at https://aws\.test, for the name behind ada"):
        aws.who(client)
    assert len(aws.waits) == 2


def test_numbers_that_are_no_address_are_a_name_that_nobody_knows(aws: Aws) -> None:
    asked: list[str] = []

    def lookup(host: str, _: int) -> list[tuple[object, ...]]:
        asked.append(threading.current_thread().name)
        raise OSError(host)

    for host in ("999.999.999.999", "12345"):
        with pytest.raises(Unreachable, match="can't be reached"):
            aws.who(aws.client({"AWS_ENDPOINT_URL": f"http://{host}:1"}, lookup=lookup), attempts=1)
    assert asked == ["looking up a host"] * 2


def test_a_resolver_that_hangs_is_not_waited_for(aws: Aws) -> None:
    """The system's resolver can't be interrupted: it is left behind in its thread."""
    ending = threading.Event()

    def lookup(_: str, __: int) -> list[tuple[object, ...]]:
        ending.wait(60)
        return []

    client = aws.client({"AWS_ENDPOINT_URL": "https://aws.test"}, lookup=lookup)
    began = time.monotonic()
    with pytest.raises(Unreachable, match="did not answer in time"):
        aws.who(client, attempts=1, limits=Limits(0.2, 1.0))
    assert time.monotonic() - began < 20
    ending.set()


def test_nobody_listens(aws: Aws) -> None:
    url = f"http://user:password@127.0.0.1:{free_port()}"
    with pytest.raises(Unreachable, match="can't be reached at http://127") as caught:
        aws.who(aws.client({"AWS_ENDPOINT_URL": url}))
    assert "password" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("address", ["127.0.0.1:1", "not an address", "http://", "ftp//x", "https://h?a=b"])
def test_an_address_that_is_none_is_wrong_usage(aws: Aws, address: str) -> None:
    with pytest.raises(Usage, match="AWS_ENDPOINT_URL"):
        aws.who(aws.client({"AWS_ENDPOINT_URL": address}))


def test_credentials_that_no_header_can_hold(aws: Aws) -> None:
    aws.keys = type(aws.keys)(aws.keys.access_key_id, aws.keys.secret_access_key, Secret("token\r\nX-Evil: 1"))
    with pytest.raises(Usage, match="holds a character") as caught:
        aws.who()
    assert "Evil" not in str(vars(caught.value))
    assert aws.outcomes == []


def test_what_is_said_in_the_request_names_the_program(aws: Aws) -> None:
    elsewhere = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with saying(elsewhere) as (url, requests), pytest.raises(Unreachable, match="is not AWS"):
        aws.who(aws.client({"AWS_ENDPOINT_URL": url}))
    assert len(requests) == 1, "a redirect is not followed"
    assert b"\r\nUser-Agent: xswitch/" in requests[0]
    assert aws.keys.secret_access_key.reveal().encode() not in requests[0]


def test_a_dripping_answer_is_given_up(aws: Aws) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    with saying(head, *([b"x", 0.05] * 1000)) as (url, _):
        began = time.monotonic()
        with pytest.raises(Unreachable, match="in time"):
            aws.who(aws.client({"AWS_ENDPOINT_URL": url}), attempts=1, limits=SHORT)
        assert time.monotonic() - began < 10


def test_threads_share_a_client(aws: Aws) -> None:
    client = aws.client()
    found: list[bool] = []
    threads = [threading.Thread(target=lambda: found.append(aws.is_ada(aws.who(client)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == [True] * 8


def test_nothing_of_the_process_s_own_environment_is_read(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, dead)
    for name in ("AWS_PROFILE", "AWS_CA_BUNDLE", "AWS_CONFIG_FILE", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "/not/there")
    assert aws.is_ada(aws.who())


def test_a_client_of_its_own_needs_no_more_than_environment_and_clock(aws: Aws) -> None:
    client = Client({"AWS_ENDPOINT_URL": aws.sandbox.url}, time.time)
    assert client.skew is None
    assert aws.is_ada(aws.who(client))
