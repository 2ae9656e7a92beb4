"""Reading the access portal: pages, throttling, tokens that end, hostile names; and the catalog that comes of it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "sandbox"))
from signed_in import CORP, sign_in, sign_out
from small_aws import Pace, World

from xswitch.aws import boto
from xswitch.aws.patience import Patience, workers
from xswitch.catalog import Selector, load
from xswitch.errors import Denied, NoSuchTarget, PersonNeeded, Unreachable
from xswitch.paths import Paths
from xswitch.secret import Secret
from xswitch.sources import install
from xswitch.sources.checkpoint import Checkpoint
from xswitch.sources.identity_center import Assigned, Assignments, Bearer, draft_of, file_name
from xswitch.sources.rules import EnvironmentRule, Rules

HOSTILE = [
    'quo"te \\ back',
    "two\nlines\tand a tab",
    "right\u202eleft",
    "\x7fdel",
    "a/slash",
    "ünïcödé 🙂",
    "$(touch pwned)",
]


class Office:
    """A person with permission sets in so many accounts, and how the portal is read for them."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.organization = world.organization
        self.folder = folder
        self.token = sign_in(self.organization, world.clock()).access
        self.progress: list[tuple[str, int, int]] = []
        self.patience = Patience(lambda _: False)

    def accounts(self, count: int, *sets: str) -> None:
        directory = self.organization.directory
        for number in range(count):
            account = self.organization.add_account(f"{300000000000 + number}", f"account-{number:03}")
            for name in sets or ("ReadOnly",):
                if name not in directory.sets:
                    directory.add_set(name)
                directory.assign(self.organization, "ada", account.id, name)

    def read(self, *, fresh: bool = True, tokens: list[Secret] | None = None, api: Any = None) -> tuple[Assigned, ...]:
        client = boto.client("sso", {"AWS_ENDPOINT_URL": self.world.sandbox.url}, region="eu-west-1")
        given = [self.token] if tokens is None else tokens
        bearer = Bearer(
            api or boto.caller(client, "the portal"), CORP, lambda *_: given.pop(0) if len(given) > 1 else given[0]
        )
        checkpoint = Checkpoint(self.folder / "portal.json", "corp", self.world.clock, fresh=fresh)
        with workers() as pool:
            self.patience = Patience(lambda seconds: pool.stopped.wait(seconds / 100), Random(1))
            tell = lambda *said: self.progress.append(said)  # noqa: E731
            return Assignments(bearer, self.patience, pool, checkpoint, tell).run()

    def calls(self, action: str) -> int:
        return sum(call.action == action for call in self.world.sandbox.calls)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    world = World()
    yield Office(world, tmp_path)
    world.close()


def test_fifty_accounts_and_429s_are_no_event(office: Office) -> None:
    office.accounts(50, "ReadOnly", "Admin")
    office.world.sandbox.limits.beat = Pace(150)
    office.world.sandbox.limits.limit("sso", rate=100, burst=5)
    found = office.read()
    assert [(one.id, one.name) for one in found] == [(f"{300000000000 + n}", f"account-{n:03}") for n in range(50)]
    assert {one.sets for one in found} == {("ReadOnly", "Admin")}
    assert office.patience.throttled == office.world.sandbox.limits.refused > 5
    assert ("accounts", 50, 50) in office.progress
    assert office.progress[-1] == ("permission sets", 50, 50)


def test_every_page_is_read(office: Office) -> None:
    office.accounts(230)
    directory = office.organization.directory
    names = [f"Set-{number:03}" for number in range(120)]
    for name in names:
        directory.add_set(name)
    directory.assigned["ada", "300000000000"] = names
    found = office.read()
    assert len(found) == 230
    assert found[0].sets == tuple(names)
    assert (office.calls("ListAccounts"), office.calls("ListAccountRoles")) == (3, 231)


@pytest.mark.parametrize("fault", ["fail", "reset", "half", "garbage"])
def test_broken_and_cut_off_pages_are_read_again(office: Office, fault: str) -> None:
    office.accounts(12)
    for action in ("ListAccounts", "ListAccountRoles"):
        getattr(office.world.faults, fault)(2, action)
    assert len(office.read()) == 12


def test_a_page_that_leads_to_itself_ends(office: Office) -> None:
    def api(action: str, **_: Any) -> Mapping[str, Any]:
        return {"accountList": [{"accountId": "300000000000"}], "nextToken": "again"}

    with pytest.raises(Unreachable, match="no end"):
        office.read(api=api)


@pytest.mark.parametrize(
    "answer", [{}, {"accountList": [{"accountId": "12"}]}, {"accountList": [{"accountName": "x"}]}]
)
def test_what_is_no_answer_of_the_portal(office: Office, answer: Mapping[str, Any]) -> None:
    with pytest.raises(Unreachable, match="not AWS"):
        office.read(api=lambda *_, **__: answer)


def test_a_portal_with_nothing_in_it_is_no_catalog(office: Office) -> None:
    with pytest.raises(NoSuchTarget, match="no permission set") as caught:
        office.read()
    assert caught.value.exit_status == 1
    office.accounts(2)
    with pytest.raises(NoSuchTarget, match="no permission set"):
        office.read(
            api=lambda action, **_: (
                {"roleList": []} if action == "ListAccountRoles" else {"accountList": [{"accountId": "300000000000"}]}
            )
        )


def test_a_failure_half_way_keeps_what_was_read_for_the_next(office: Office) -> None:
    office.accounts(60)
    office.world.faults.deny(1, "ListAccountRoles", {"account_id": "300000000059"})
    with pytest.raises(Denied, match="ListAccountRoles"):
        office.read()
    before = office.calls("ListAccountRoles")
    assert len(office.read(fresh=False)) == 60
    assert 0 < office.calls("ListAccountRoles") - before < 40


def test_a_login_that_ends_half_way_needs_a_person_and_what_was_read_is_kept(office: Office) -> None:
    office.accounts(40)
    lock, done = threading.Lock(), 0
    client = boto.client("sso", {"AWS_ENDPOINT_URL": office.world.sandbox.url}, region="eu-west-1")
    real = boto.caller(client, "the portal")

    def api(action: str, **params: Any) -> Mapping[str, Any]:
        nonlocal done
        with lock:
            done += action == "ListAccountRoles"
            if done == 20:
                sign_out(office.organization)
        return real(action, **params)

    with pytest.raises(PersonNeeded, match="takes the login of corp no more") as caught:
        office.read(api=api)
    assert caught.value.hint == "xswitch identity login corp"
    office.token = sign_in(office.organization, office.world.clock()).access
    before = office.calls("ListAccountRoles")
    assert len(office.read(fresh=False)) == 40
    assert 0 < office.calls("ListAccountRoles") - before < 40


def test_a_token_that_was_replaced_meanwhile_is_taken_anew_once_for_all(office: Office) -> None:
    office.accounts(30)
    tokens = [Secret("replaced by another process"), office.token]
    assert len(office.read(tokens=tokens)) == 30
    assert sum(call.outcome == "UnauthorizedException" for call in office.world.sandbox.calls) <= 9
    with pytest.raises(PersonNeeded):
        office.read(tokens=[Secret("a"), Secret("b")])


def test_workers_whose_token_ended_at_once_take_another_one_together() -> None:
    together = threading.Barrier(4, timeout=30)
    tokens = [Secret("spent"), Secret("good"), Secret("one too many")]

    def api(action: str, **params: Any) -> Mapping[str, Any]:
        if params["accessToken"] == "spent":
            together.wait()
            raise Denied("no", aws_code="UnauthorizedException")
        return {"token": params["accessToken"]}

    bearer = Bearer(api, CORP, lambda *_: tokens.pop(0))
    with workers(4) as pool:
        found = list(pool.each(range(4), lambda _: bearer("ListAccountRoles")["token"]))
    assert {token for _, token in found} == {"good"}
    assert len(tokens) == 1


# ── the catalog that comes of it


def installed(found: tuple[Assigned, ...], tmp_path: Path, rules: Rules = Rules(), own: str = "") -> Any:  # noqa: B008
    paths = Paths.of({"XSWITCH_HOME": str(tmp_path)})
    paths.config.mkdir(parents=True, exist_ok=True)
    paths.catalog_file.write_text(
        'version = 1\n[identities.corp]\nkind = "sso"\nstart_url = "https://acme.awsapps.com/start"\n'
        f'sso_region = "eu-west-1"\n[environments.prod]\nconfirm = "type"\n{own}'
    )
    draft, left = draft_of(found, rules, identity="corp", region="eu-west-1")
    install.install(paths, file_name("corp"), draft)
    return load(paths), left


def test_hostile_names_come_whole_and_harmless(tmp_path: Path) -> None:
    found = tuple(Assigned(f"{300000000000 + n}", name, ("ReadOnly",)) for n, name in enumerate(HOSTILE))
    catalog, left = installed(found, tmp_path)
    assert {one.account.name for one in catalog.targets} == set(HOSTILE)
    assert left == ()


def test_two_accounts_of_one_name_get_distinct_ones_and_one_without_a_name_has_its_id(tmp_path: Path) -> None:
    found = (
        Assigned("300000000001", "twin", ("A",)),
        Assigned("300000000002", "twin", ("A",)),
        Assigned("400000000002", "twin", ("A",)),
        Assigned("300000000003", "300000000003", ("A",)),
    )
    catalog, _ = installed(found, tmp_path)
    assert sorted(one.name for one in catalog.targets) == [
        "300000000003/A",
        "twin-0001/A",
        "twin-300000000002/A",
        "twin-400000000002/A",
    ]


def test_what_is_no_name_of_a_permission_set_is_left_out_and_said(tmp_path: Path) -> None:
    names = ("ReadOnly", "ReadOnly", "two words", "a/b", "", "x" * 65, "evil\n[[accounts]]")
    catalog, left = installed((Assigned("300000000001", "one\u202e", names),), tmp_path)
    assert [one.role for one in catalog.targets] == ["ReadOnly"]
    assert left == ("one/two words", "one/a/b", "one/", f"one/{'x' * 65}", "one/evil [[accounts]]")


def test_roles_are_opened_by_the_login_and_environments_come_by_rule(tmp_path: Path) -> None:
    rules = Rules((EnvironmentRule("prod", Selector.parse("id:3000*1")),))
    found = (Assigned("300000000001", "prod-like", ("B", "A")), Assigned("300000000002", "prod-named", ("A",)))
    own = '[defaults]\nidentity = "corp"\n[[accounts]]\nid = "300000000002"\nname = "mine"\n[[accounts.roles]]\nname = "Own"\n'
    catalog, _ = installed(found, tmp_path, rules, own)
    told = {one.name: (one.identity, one.account.environment, one.arn) for one in catalog.targets}
    assert told == {
        "prod-like/A": ("corp", "prod", "arn:aws:iam::300000000001:role/A"),
        "prod-like/B": ("corp", "prod", "arn:aws:iam::300000000001:role/B"),
        "mine/Own": ("corp", "", "arn:aws:iam::300000000002:role/Own"),
        "mine/A": ("corp", "", "arn:aws:iam::300000000002:role/A"),
    }


def test_a_portal_of_another_partition_says_so() -> None:
    draft, _ = draft_of((Assigned("300000000001", "x", ("A",)),), Rules(), identity="g", region="us-gov-west-1")
    assert draft.accounts[0].roles[0].settings == {"arn": "arn:aws-us-gov:iam::300000000001:role/A"}


def test_each_portal_has_a_file_of_its_own() -> None:
    assert file_name("corp") == "identity-center-corp"
    odd = {file_name(name) for name in ("a/b", "../x", "a b", "ä", "x" * 65)}
    assert len(odd) == 5
    assert all(name.replace("-", "").isalnum() for name in odd)
