"""Sessions of permission sets: planned, opened once for all who ask, checked, kept, and the beginning of chains."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from broker_house import House
from session_doubles import ADA, DEV, HUB, NOW, PAYMENTS, FakePerson, a_catalog, a_target, planned

from xswitch.catalog.model import Identity
from xswitch.errors import Denied, PersonNeeded, Unreachable, Usage
from xswitch.session.model import Caller, Options, Plan
from xswitch.session.permission_sets import is_session, learnt_as
from xswitch.session.plan import plan

CORP = Identity("corp", "sso", start_url="https://acme.awsapps.com/start", sso_region="eu-west-1", sso_session="acme")
VIEW = a_target(DEV, "ViewOnly", identity="corp")
PROD_VIEW = a_target(PAYMENTS, "ViewOnly", identity="corp")
HUB_VIEW = a_target(HUB, "ViewOnly", identity="corp")
DEPLOY = a_target(PAYMENTS, "Deploy", identity="corp", via=HUB_VIEW.name)
SOMEBODY = Caller("corp", fingerprint=ADA.fingerprint)
SAYS = "as its permission set says"


def login(target, *others, **more) -> Plan:
    return planned(target, *others, **{"identities": (CORP,), "caller": SOMEBODY} | more)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "state")


# ── planned


def test_a_permission_set_is_one_call_of_the_portal():
    made = login(VIEW)
    (hop,) = made.hops
    assert (hop.kind, hop.target, hop.account_id, hop.permission_set) == ("portal", VIEW.name, DEV.id, "ViewOnly")
    assert (hop.role_arn, hop.session_name, hop.mfa_serial) == ("", "", "")
    assert (made.by_login, made.chained, made.needs_caller, made.mfa_serial) == (True, False, False, "")
    assert login(a_target(DEV, "AWSReservedSSO_ViewOnly_0123456789abcdef", identity="corp")).hops[0].permission_set == (
        "ViewOnly"
    )


@pytest.mark.parametrize(
    ("target", "known", "duration", "why", "asked"),
    [
        (VIEW, None, 3600, f"or more, {SAYS}", None),
        (VIEW, 28800, 28800, SAYS, None),
        (PROD_VIEW, None, 3600, "prod's maximum", None),
        (PROD_VIEW, 3600, 3600, "prod's maximum", None),
        (PROD_VIEW, 28800, 3600, "prod's maximum", 28800),
    ],
)
def test_it_lasts_as_the_set_says_and_no_longer_than_its_environment(target, known, duration, why, asked):
    learnt = {learnt_as(target.account.id, "ViewOnly"): known} if known else {}
    made = login(target, learnt=learnt)
    assert (made.duration, made.why, made.asked, made.hops[0].duration) == (duration, why, asked, duration)
    assert made.hops[0].most == (3600 if target is PROD_VIEW else 0)


def test_what_a_role_of_that_name_was_learnt_to_give_is_not_the_permission_set_s():
    assert login(VIEW, learnt={VIEW.arn: 900}).duration == 3600


@pytest.mark.parametrize(
    ("options", "said"), [({"duration": 3600}, "--duration"), ({"session_name": "me"}, "--session")]
)
def test_nothing_can_be_asked_of_it(options, said):
    with pytest.raises(Usage, match="is a permission set") as caught:
        login(VIEW, options=Options(**options))
    assert said in caught.value.hint


def test_a_chain_goes_on_with_an_hour_and_who_is_signed_in():
    made = login(DEPLOY, HUB_VIEW)
    assert [hop.kind for hop in made.hops] == ["portal", "assume-role"]
    assert (made.duration, made.why, made.chained, made.needs_caller) == (3600, "as every chain does", True, True)
    known = login(DEPLOY, HUB_VIEW, caller=replace(SOMEBODY, kind="role", user="ada@acme.example"))
    assert (known.needs_caller, known.hops[1].session_name) == (False, "ada@acme.example")
    asked = login(DEPLOY, HUB_VIEW, options=Options(session_name="me", duration=1800))
    assert (asked.needs_caller, asked.duration, asked.hops[1].session_name) == (False, 1800, "me")
    named = replace(DEPLOY, session_name="x-{os_user}", source_identity="{user}")
    assert login(named, HUB_VIEW).needs_caller
    assert not login(replace(named, source_identity=""), HUB_VIEW).needs_caller


# ── opened


def test_it_is_opened_once_and_its_record_says_whose_and_how_long(house):
    session = house.broker.session(login(VIEW), FakePerson())
    assert (
        session.arn == f"arn:aws:sts::{DEV.id}:assumed-role/AWSReservedSSO_ViewOnly_0123456789abcdef/ada@acme.example"
    )
    assert (session.duration, session.expires, session.why, session.asked) == (28800, NOW + 28800, SAYS, None)
    assert (session.request_id, session.fresh, session.identity) == ("portal-req-1", True, "corp")
    house.clock.now += 28800 - 61
    again = house.another().session(login(VIEW, learnt=house.learnt.maxima()), FakePerson())
    assert again == replace(session, fresh=False)
    assert house.portal.calls == [("corp", DEV.id, "ViewOnly")]
    house.clock.now += 2
    assert house.broker.session(login(VIEW), FakePerson()).credentials != session.credentials


def test_what_is_learnt_is_written_once(house, tmp_path):
    house.broker.session(login(VIEW), FakePerson())
    assert house.learnt.maxima() == {learnt_as(DEV.id, "ViewOnly"): 28800}
    caller = house.learnt.caller("corp", SOMEBODY.fingerprint)
    assert (caller.kind, caller.user, caller.arn) == ("role", "ada@acme.example", "")
    file = tmp_path / "state" / "learnt.json"
    before = file.stat().st_mtime_ns, file.stat().st_ino
    house.clock.now += 1.3
    house.portal.life = 28798.9
    house.broker.session(login(VIEW), FakePerson(), fresh=True)
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == before
    house.portal.life, house.portal.user = 7200, "bob"
    house.broker.session(login(VIEW), FakePerson(), fresh=True)
    assert login(VIEW, learnt=house.learnt.maxima()).duration == 7200
    assert house.learnt.caller("corp", SOMEBODY.fingerprint).user == "bob"


def test_an_environment_s_maximum_ends_it_here_before_aws_does(house):
    session = house.broker.session(login(PROD_VIEW), FakePerson())
    assert (session.duration, session.expires, session.credentials.expires) == (3600, NOW + 3600, NOW + 3600)
    assert (session.why, session.asked) == ("prod's maximum", 28800)
    house.clock.now += 3600
    assert house.broker.live(login(PROD_VIEW)) is None


def test_eight_who_ask_at_once_get_one_session(house):
    made = login(VIEW)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: house.another(30).session(made, FakePerson()), range(8)))
    assert len(house.portal.calls) == 1
    assert len({one.credentials.access_key_id for one in found}) == 1


@pytest.mark.parametrize(
    "arn",
    [
        "",
        f"arn:aws:sts::{DEV.id}:assumed-role/ViewOnly/ada",
        f"arn:aws:sts::{PAYMENTS.id}:assumed-role/AWSReservedSSO_ViewOnly_0123456789abcdef/ada",
        f"arn:aws-cn:sts::{DEV.id}:assumed-role/AWSReservedSSO_ViewOnly_0123456789abcdef/ada",
        f"arn:aws:sts::{DEV.id}:assumed-role/AWSReservedSSO_ViewOnlyMore_0123456789abcdef/ada",
        f"arn:aws:sts::{DEV.id}:assumed-role/AWSReservedSSO_ViewOnly_More_0123456789abcdef/ada",
        f"arn:aws:sts::{DEV.id}:assumed-role/AWSReservedSSO_ViewOnly_0123456789abcde/ada",
        f"arn:aws:sts::{DEV.id}:assumed-role/AWSReservedSSO_ViewOnly_0123456789abcdeg/ada",
        f"arn:aws:sts::{DEV.id}:assumed-role/AWSReservedSSO_ViewOnly_0123456789abcdef/",
        f"arn:aws:sts::{DEV.id}:assumed-role/AWSReservedSSO_ViewOnly_0123456789abcdef",
        f"arn:aws:sts::{DEV.id}:assumed-role/AWSReservedSSO_ViewOnly_0123456789abcdef/ada/x",
        f"arn:aws:iam::{DEV.id}:user/ada",
    ],
)
def test_whose_keys_they_are_is_asked_and_another_s_are_not_handed_over(house, arn):
    assert not is_session(arn, "aws", DEV.id, "ViewOnly")
    made = login(VIEW)
    give = house.portal.role_credentials

    def another(identity, hop):
        granted = give(identity, hop)
        house.sts.who = house.sts.who._replace(arn=arn)
        return granted

    house.portal.role_credentials = another
    with pytest.raises(Denied, match="nothing was handed over") as caught:
        house.broker.session(made, FakePerson())
    assert (caught.value.side, caught.value.target) == ("request", VIEW.name)
    assert not house.store.records
    assert not house.learnt.maxima()


def test_a_target_whose_arn_is_of_another_account_is_not_handed_over(house):
    stray = replace(VIEW, arn=f"arn:aws:iam::{PAYMENTS.id}:role/ViewOnly")
    with pytest.raises(Denied, match="nothing was handed over"):
        house.broker.session(login(stray), FakePerson())


# ── chains


def settled(house: House, broker=None):
    def make(caller: Caller) -> Plan:
        catalog = a_catalog(DEPLOY, HUB_VIEW, identities=(CORP,))
        return plan(catalog, DEPLOY, Options(), caller, house.learnt.maxima(), os_user="ada.l", host="tower")

    return (broker or house.broker).settled(CORP, make, FakePerson())


def test_a_chain_is_signed_by_the_portal_s_session_and_named_after_who_is_signed_in(house):
    session = house.broker.session(settled(house), FakePerson())
    assert session.arn == f"arn:aws:sts::{PAYMENTS.id}:assumed-role/Deploy/ada@acme.example"
    (call,) = house.sts.calls
    assert (call[0].role_arn, call[1]) == (DEPLOY.arn, "ASIAPORTAL0000000001")
    assert house.portal.calls == [("corp", HUB.id, "ViewOnly")]
    assert house.broker.session(login(HUB_VIEW), FakePerson()).credentials.access_key_id == call[1], "one session"
    house.clock.now += 3600
    house.broker.session(settled(house, house.another()), FakePerson())
    assert (len(house.portal.calls), len(house.sts.calls)) == (1, 2)


def test_who_is_signed_in_is_told_by_a_live_session_where_it_was_forgotten(house):
    house.broker.session(login(HUB_VIEW), FakePerson())
    house.learnt.forget_caller("corp")
    assert settled(house).caller.user == "ada@acme.example"
    assert len(house.portal.calls) == 1


def test_who_asks_who_is_signed_in_waits_for_another_who_opens_that_session(house):
    name = house.broker.names(login(HUB_VIEW))[0]
    with (
        house.store.lock(name, timeout=1, purpose="opening it elsewhere"),
        pytest.raises(Unreachable, match="holds the lock"),
    ):
        settled(house, house.another(patience=0.01))
    assert house.portal.calls == []


def test_a_portal_s_session_that_aws_takes_no_more_is_opened_anew(house):
    made = settled(house)
    house.sts.script = [Denied("the session has expired", aws_code="ExpiredToken")]
    house.broker.session(made, FakePerson())
    assert [call[1] for call in house.sts.calls] == ["ASIAPORTAL0000000001", "ASIAPORTAL0000000002"]


def test_a_login_that_is_over_leaves_the_good_session(house):
    session = house.broker.session(login(VIEW), FakePerson())
    house.portal.script = [PersonNeeded("nobody is signed in to corp", "xswitch identity login corp")]
    with pytest.raises(PersonNeeded, match="nobody is signed in"):
        house.broker.session(login(VIEW), FakePerson(), fresh=True)
    assert house.broker.session(login(VIEW), FakePerson()).credentials == session.credentials
