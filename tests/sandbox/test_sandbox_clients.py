"""Real clients: boto3 as a program has it, signing with the machine's clock."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import botocore.exceptions
import pytest
from botocore.config import Config
from small_aws import AWAY, HOME, Clock, Keys, World, trust

from xswitch.sandbox import Faults, Organization, Sandbox

ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=10)
ROLE = f"arn:aws:iam::{AWAY}:role/Deploy"


@pytest.fixture
def now() -> Iterator[World]:
    made = World(clock=Clock(time.time()))
    yield made
    made.close()


@pytest.fixture
def client(now: World) -> Iterator[Callable[..., Any]]:
    made: list[Any] = []

    def make(service: str, keys: Keys, config: Config = ONCE) -> Any:
        one = boto3.client(
            service,
            endpoint_url=now.sandbox.url,
            region_name="eu-west-1",
            aws_access_key_id=keys.id,
            aws_secret_access_key=keys.secret,
            aws_session_token=keys.token,
            config=config,
        )
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()


def test_boto3_assumes_a_role(now: World, client: Callable[..., Any]) -> None:
    now.role(trusted=trust(f"arn:aws:iam::{HOME}:root", condition={"StringEquals": {"sts:ExternalId": "a+b/c:d"}}))
    sts = client("sts", now.user())
    answer = sts.assume_role(
        RoleArn=ROLE,
        RoleSessionName="ada@acme.example",
        ExternalId="a+b/c:d",
        Tags=[{"Key": "team", "Value": "payments + more = é"}],
        TransitiveTagKeys=["team"],
    )
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert answer["ResponseMetadata"]["RequestId"] == now.sandbox.calls[-1].request_id
    got = answer["Credentials"]
    session = Keys(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])
    who = client("sts", session).get_caller_identity()
    assert who["Arn"] == f"arn:aws:sts::{AWAY}:assumed-role/Deploy/ada@acme.example"


def test_boto3_understands_a_refusal(now: World, client: Callable[..., Any]) -> None:
    sts = client("sts", now.user())
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        sts.assume_role(RoleArn=ROLE, RoleSessionName="ada")
    error = caught.value.response
    assert error["Error"]["Type"] == "Sender"
    assert error["Error"]["Code"] == "AccessDenied"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert error["ResponseMetadata"]["RequestId"] == now.sandbox.calls[-1].request_id
    with pytest.raises(sts.exceptions.PackedPolicyTooLargeException):
        arns = [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]
        sts.assume_role(RoleArn=ROLE, RoleSessionName="ada", Policy=" " * 2040, PolicyArns=arns)


def test_boto3_presigns(now: World, client: Callable[..., Any]) -> None:
    sts = client("sts", now.user())
    url = sts.generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
    with urllib.request.urlopen(url) as answer:
        assert f"<Account>{HOME}</Account>".encode() in answer.read()
    # It is signed for one method: what works as POST does not as GET.
    posted = sts.generate_presigned_url("get_caller_identity", ExpiresIn=60)
    with urllib.request.urlopen(urllib.request.Request(posted, method="POST")) as answer:
        assert answer.status == 200
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(posted)
    assert caught.value.code == 403
    caught.value.close()


def test_boto3_pages(now: World, client: Callable[..., Any]) -> None:
    ada = now.user()
    for number in range(5):
        now.role(f"R{number}", HOME)
    pages = client("iam", ada).get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 2})
    names = [[role["RoleName"] for role in page["Roles"]] for page in pages]
    assert names == [["R0", "R1"], ["R2", "R3"], ["R4"]]
    boss = now.user("boss", now.organization.management_id)
    accounts = client("organizations", boss).get_paginator("list_accounts").paginate(PaginationConfig={"PageSize": 2})
    assert [len(page["Accounts"]) for page in accounts] == [2, 1]


def test_botocores_own_retries_pass_a_throttle(now: World, client: Callable[..., Any]) -> None:
    sts = client("sts", now.user(), Config(retries={"mode": "standard", "total_max_attempts": 3}))
    now.faults.throttle(1)
    now.faults.fail(1, status=503)
    assert sts.get_caller_identity()["Account"] == HOME
    assert [call.outcome for call in now.sandbox.calls] == ["Throttling", "ServiceUnavailable", "ok"]


def test_many_clients_at_once(now: World, client: Callable[..., Any]) -> None:
    now.role()
    clients = [client("sts", now.user()) for _ in range(1)] * 8
    found: list[str] = []

    def work(sts: Any) -> None:
        answers = (sts.assume_role(RoleArn=ROLE, RoleSessionName="ada") for _ in range(5))
        found.extend(answer["Credentials"]["AccessKeyId"] for answer in answers)

    threads = [threading.Thread(target=work, args=(sts,)) for sts in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(set(found)) == 40 == len(now.sandbox.calls)


def test_a_code_is_good_once_among_many(now: World, client: Callable[..., Any]) -> None:
    ada, serial = now.user(), now.device()
    sts = client("sts", ada)
    outcomes: list[str] = []

    def work() -> None:
        try:
            sts.get_session_token(SerialNumber=serial, TokenCode=now.code(serial))
            outcomes.append("ok")
        except botocore.exceptions.ClientError as error:
            outcomes.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["AccessDenied"] * 7 + ["ok"]


def test_it_stops_and_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    faults = Faults()
    sandbox = Sandbox(Organization(HOME, "home"), faults=faults)
    for _ in range(2):
        sandbox.start()
        url = sandbox.url
        idle = boto3.client(
            "sts", endpoint_url=url, region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        with pytest.raises(botocore.exceptions.ClientError):
            idle.get_caller_identity()  # its connection stays open
        sandbox.stop()
        idle.close()
        with pytest.raises(OSError):
            urllib.request.urlopen(url, timeout=5)
    assert set(threading.enumerate()) == before
    sandbox.stop()


def test_it_runs_once_at_a_time() -> None:
    sandbox = Sandbox(Organization(HOME, "home"))
    with pytest.raises(RuntimeError, match="not running"):
        _ = sandbox.url
    with sandbox, pytest.raises(RuntimeError, match="is running"):
        sandbox.start()
