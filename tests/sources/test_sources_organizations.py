"""Reading AWS Organizations: pages, places, tags, throttling, interruptions; and an organization written elsewhere."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "sandbox"))
from large import large
from small_aws import MANAGER, Clock, Pace

from xswitch.aws import boto
from xswitch.aws.patience import Failed, Patience, Throttled, workers
from xswitch.credentials import Credentials
from xswitch.errors import Denied, Unreachable
from xswitch.sandbox import Faults, Sandbox
from xswitch.secret import Secret
from xswitch.sources.checkpoint import Checkpoint
from xswitch.sources.organizations import Crawl, Member

MOTO = Path(__file__).parents[2] / ".cache" / "moto" / "bin" / "python"


class Aws:
    """A sandbox with a large organization and the management account's own key."""

    def __init__(self, accounts: int) -> None:
        self.clock = Clock()
        self.faults = Faults()
        self.organization = large(accounts, clock=self.clock)
        root = self.organization.root(MANAGER)
        root.iam("CreateUser", UserName="boss")
        root.iam(
            "PutUserPolicy",
            UserName="boss",
            PolicyName="All",
            PolicyDocument='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}',
        )
        key = root.iam("CreateAccessKey", UserName="boss")["AccessKey"]
        self.credentials = Credentials(key["AccessKeyId"], Secret(key["SecretAccessKey"]))
        self.sandbox = Sandbox(self.organization, time.time, self.faults)
        self.sandbox.start()

    def crawl(self, folder: Path, *, fresh: bool = True, without: tuple[str, ...] = ()) -> tuple[Member, ...]:
        return crawl(self.sandbox.url, self.credentials, folder, fresh=fresh, without=without)


def crawl(
    url: str, credentials: Credentials, folder: Path, *, fresh: bool = True, without: tuple[str, ...] = ()
) -> tuple[Member, ...]:
    made = boto.client("organizations", {"AWS_ENDPOINT_URL": url}, region="us-east-1", credentials=credentials)
    api = boto.caller(made, "the organization")

    def call(action: str, **params: Any) -> Any:
        answer = dict(api(action, **params))
        if action == "ListAccounts":
            answer["Accounts"] = [{k: v for k, v in one.items() if k not in without} for one in answer["Accounts"]]
        return answer

    with workers() as pool:
        checkpoint = Checkpoint(folder / "sync.json", "me", time.time, fresh=fresh)
        patience = Patience(lambda seconds: pool.stopped.wait(seconds / 50), Random(1))
        return Crawl(call, patience, pool, checkpoint, lambda *_: None).run()


@pytest.fixture
def aws() -> Iterator[Aws]:
    made = Aws(120)
    yield made
    made.sandbox.stop()
    assert made.sandbox.crashes == []


def expected(aws: Aws) -> dict[str, tuple[str, str, str, dict[str, str]]]:
    organization = aws.organization
    names = {unit.id: unit.name for unit in organization.units.values()}
    return {
        account.id: (
            account.name,
            account.state,
            "/".join(names[one] for one in organization.lineage(account.id)[1:-1]),
            account.tags,
        )
        for account in organization.accounts.values()
    }


def read(members: tuple[Member, ...]) -> dict[str, tuple[str, str, str, dict[str, str]]]:
    return {one.id: (one.name, one.state, one.ou, dict(one.tags)) for one in members}


@pytest.mark.parametrize("without", [(), ("Paths",), ("Paths", "State")])
def test_every_account_with_its_state_place_and_tags(aws: Aws, tmp_path: Path, without: tuple[str, ...]) -> None:
    found = read(aws.crawl(tmp_path, without=without))
    assert found == expected(aws)
    assert len(found) == 121
    assert sum(state == "SUSPENDED" for _, state, _, _ in found.values()) == 2


def test_throttling_server_errors_and_broken_answers_cost_time_and_lose_nothing(aws: Aws, tmp_path: Path) -> None:
    aws.sandbox.limits.beat = Pace(500)
    aws.sandbox.limits.limit("organizations", rate=400, burst=5)
    for fault in (aws.faults.fail, aws.faults.reset, aws.faults.half, aws.faults.garbage):
        fault(2, "ListTagsForResource")
    assert read(aws.crawl(tmp_path)) == expected(aws)
    assert aws.sandbox.limits.refused > 20


def test_one_account_that_may_not_be_read_fails_the_whole_and_the_rest_is_kept(aws: Aws, tmp_path: Path) -> None:
    last = list(aws.organization.accounts)[-1]
    aws.faults.deny(1, "ListTagsForResource", {"ResourceId": last})
    with pytest.raises(Denied, match="ListTagsForResource"):
        aws.crawl(tmp_path)
    before = len(aws.sandbox.calls)
    assert read(aws.crawl(tmp_path, fresh=False)) == expected(aws)
    again = [call for call in aws.sandbox.calls[before:] if call.action == "ListTagsForResource"]
    assert 0 < len(again) < 121


def test_accounts_that_may_not_be_read_are_named_and_all_others_are_read(aws: Aws, tmp_path: Path) -> None:
    ids = list(aws.organization.accounts)
    for account in (ids[3], ids[-1]):
        aws.faults.deny(1, "ListTagsForResource", {"ResourceId": account})
    with pytest.raises(Denied, match="the tags of 2 accounts are missing") as caught:
        aws.crawl(tmp_path)
    for account in (ids[3], ids[-1]):
        assert f"{aws.organization.accounts[account].name} ({account})" in caught.value.message
    before = len(aws.sandbox.calls)
    assert read(aws.crawl(tmp_path, fresh=False)) == expected(aws)
    again = [call for call in aws.sandbox.calls[before:] if call.action == "ListTagsForResource"]
    assert len(again) == 2


def test_where_nothing_may_be_read_not_everything_is_tried(aws: Aws, tmp_path: Path) -> None:
    aws.faults.deny(None, "ListTagsForResource")
    with pytest.raises(Denied, match="ListTagsForResource"):
        aws.crawl(tmp_path)
    assert sum(call.action == "ListTagsForResource" for call in aws.sandbox.calls) < 60


ONE = {"Id": "111122223333", "Name": "one", "State": "ACTIVE", "Paths": ["o-x/r-x/111122223333/"]}
IN_A_UNIT = ONE | {"Paths": ["o-x/r-x/ou-1/111122223333/"]}
NO_TAGS: dict[str, Any] = {"ListTagsForResource": {"Tags": []}}
TREE: dict[str, Any] = {"ListRoots": {"Roots": [{"Id": "r-1"}]}, "ListAccountsForParent": {"Accounts": []}}


def crawled(folder: Path, answers: dict[str, Any]) -> tuple[Member, ...]:
    with workers() as pool:
        checkpoint = Checkpoint(folder / "sync.json", "me", time.time)
        crawl = Crawl(lambda action, **_: answers[action], Patience(lambda _: None), pool, checkpoint, lambda *_: None)
        return crawl.run()


@pytest.mark.parametrize(
    "answers",
    [
        {"ListAccounts": {"Accounts": []}},
        {"ListAccounts": {"Accounts": ["one"]}},
        {"ListAccounts": {"Accounts": [{"Name": "one"}]}},
        {"ListAccounts": {"Accounts": [ONE | {"Id": "12"}]}},
        {"ListAccounts": {"Accounts": [ONE]}, "ListTagsForResource": {"Tags": [{"Key": "team"}]}},
        {"ListAccounts": {"Accounts": [IN_A_UNIT]}, "DescribeOrganizationalUnit": {"OrganizationalUnit": {}}},
        TREE
        | {
            "ListAccounts": {"Accounts": [ONE | {"Paths": None}]},
            "ListOrganizationalUnitsForParent": {"OrganizationalUnits": [{"Id": "ou-1", "Name": "in itself"}]},
        },
    ],
)
def test_answers_that_aws_would_not_give(tmp_path: Path, answers: dict[str, Any]) -> None:
    with pytest.raises(Unreachable, match="is not AWS"):
        crawled(tmp_path, NO_TAGS | answers)


@pytest.mark.parametrize("name", [{"Name": " \u200b"}, {"Name": ""}, {"Name": None}])
def test_an_account_without_a_name_goes_by_its_id_and_one_listed_twice_is_one(
    tmp_path: Path, name: dict[str, Any]
) -> None:
    (found,) = crawled(tmp_path, NO_TAGS | {"ListAccounts": {"Accounts": [ONE, ONE | name]}})
    assert (found.id, found.name) == ("111122223333", "111122223333")


def test_an_interruption_ends_at_once_and_leaves_a_checkpoint(aws: Aws, tmp_path: Path) -> None:
    aws.faults.slow(30, None, "ListTagsForResource")
    made = boto.client(
        "organizations", {"AWS_ENDPOINT_URL": aws.sandbox.url}, region="us-east-1", credentials=aws.credentials
    )

    def stop(kind: str, *_: int) -> None:
        if kind == "tags":
            raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), workers() as pool:
        checkpoint = Checkpoint(tmp_path / "sync.json", "me", time.time)
        Crawl(boto.caller(made, "x"), Patience(pool.stopped.wait), pool, checkpoint, stop).run()
    assert time.monotonic() - started < 20
    assert (tmp_path / "sync.json").exists()


def test_a_checkpoint_is_its_owners_and_believed_for_an_hour(tmp_path: Path) -> None:
    file = tmp_path / "sync.json"
    first = Checkpoint(file, "ada", lambda: 1000.0)
    first.put("tags", "1", {"a": "b"})
    first.save()
    assert Checkpoint(file, "ada", lambda: 4599.0).get("tags", "1") == {"a": "b"}
    for owner, now in (("eve", 1000.0), ("ada", 4600.0), ("ada", 999.0)):
        assert Checkpoint(file, owner, lambda now=now: now).get("tags", "1") is None
    file.write_text('{"owner": "ada", "began": 1000, "values": [1]}')
    assert Checkpoint(file, "ada", lambda: 1000.0).resumed == 0
    assert file.stat().st_mode & 0o077 == 0
    first.clear()
    assert not file.exists()


def test_patience_waits_longer_each_time_and_ends(tmp_path: Path) -> None:
    waits: list[float] = []

    def pause(seconds: float) -> bool:
        waits.append(seconds)
        return False

    class Most(Random):
        def uniform(self, a: float, b: float) -> float:
            return b

    answers: list[Exception | str] = [Throttled(), Throttled(3.0), Failed("500"), "done"]

    def work() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    patience = Patience(pause, Most())
    assert patience.call("x", work) == "done"
    assert waits == [0.2, 3.4, 0.8]
    assert patience.throttled == 2
    with pytest.raises(Unreachable, match="kept throttling"):
        Patience(lambda _: False).call("x", raising(Throttled()))
    with pytest.raises(Unreachable, match="failed the request for x: 500"):
        Patience(lambda _: False).call("x", raising(Failed("500")))
    with pytest.raises(Unreachable, match="given up"):
        Patience(lambda _: True).call("x", raising(Throttled()))


def raising(error: Exception) -> Callable[[], str]:
    def work() -> str:
        raise error

    return work


def test_workers_do_no_more_than_so_many_at_once_and_stop_at_the_first_error() -> None:
    lock, under_way, most = threading.Lock(), 0, 0

    def work(number: int) -> int:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.01)
        with lock:
            under_way -= 1
        if number == 7:
            raise ValueError(number)
        return number * 2

    with workers(3) as pool:
        assert sorted(pool.each(range(6), work)) == [(n, 2 * n) for n in range(6)]
        with pytest.raises(ValueError, match="7"):
            list(pool.each(range(7, 1000), work))
    assert most == 3


def test_an_organization_that_nobody_here_wrote(tmp_path: Path) -> None:
    assert MOTO.exists(), "run `make test`, which brings moto's server"
    server = subprocess.Popen(
        [str(MOTO), str(Path(__file__).with_name("moto_organization.py"))],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=tmp_path,
    )
    try:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}"
        members = crawl(url, Credentials("AKIAPRACTICE0000000A", Secret("practice" * 5)), tmp_path)
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()
    found = {one.name: (one.ou, dict(one.tags)) for one in members if one.name.startswith("account-")}
    places = ("", "Workloads", "Workloads/Prod")
    assert found == {
        f"account-{number:04d}": (
            places[number % 3] if number < 90 else "",
            {"team": f"team-{number % 7}"} if number % 2 else {},
        )
        for number in range(1205)
    }
