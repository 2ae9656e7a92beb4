"""The broker: the vault first, one call for all who ask, codes never twice, nothing handed over that was not asked."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from broker_house import House
from session_doubles import (
    ADA,
    DEV,
    HUB,
    KEYS,
    NOW,
    PAYMENTS,
    SERIAL,
    Clock,
    FakePerson,
    a_target,
    planned,
)

from xswitch.catalog.model import VaultRef
from xswitch.errors import (
    Cancelled,
    CodeReused,
    Denied,
    InvalidConfig,
    PersonNeeded,
    Unreachable,
    VaultUnavailable,
    WrongCode,
)
from xswitch.secret import Secret
from xswitch.session.externals import keep_external_id
from xswitch.session.model import Caller, Options
from xswitch.session.refusals import DurationRefused
from xswitch.session.sts import WhoAmI

NOBODY = PersonNeeded("nobody can be asked")
TOO_LONG = DurationRefused("too long", chain=False, aws_message="", request_id="")
CHAIN_TOO_LONG = DurationRefused("too long", chain=True, aws_message="", request_id="")
WRONG = WrongCode("AWS did not accept the MFA code")


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "state")


DIRECT = a_target(duration=14400, mfa=True)
HUB_ROLE = a_target(HUB, "Hub")
CHAINED = a_target(PAYMENTS, "Deploy", via="identity-hub/Hub")


# ── served and opened


def test_a_session_is_opened_once_and_served_until_a_minute_before_its_end(house):
    plan = planned(a_target(region="eu-west-1"))
    assert house.broker.live(plan) is None
    first = house.broker.session(plan, FakePerson())
    assert (first.fresh, first.kept, first.expires, first.duration) == (True, True, NOW + 3600, 3600)
    assert first.arn == "arn:aws:sts::555566667777:assumed-role/ReadOnly/ada"
    assert (first.target, first.account, first.role, first.region) == (
        "web-dev/ReadOnly",
        "web-dev",
        "ReadOnly",
        "eu-west-1",
    )
    house.clock.now += 3540
    again = house.another().session(plan, FakePerson())
    assert again == replace(first, fresh=False)
    assert house.broker.live(plan) == again
    house.clock.now += 1
    assert house.broker.live(plan) is None
    assert house.broker.session(plan, FakePerson()).credentials != first.credentials
    assert house.sts.kinds == ["web-dev/ReadOnly 3600"] * 2


def test_the_time_that_must_be_left_can_be_more(house):
    plan = planned(a_target())
    house.broker.session(plan, FakePerson())
    house.clock.now += 1200
    assert house.broker.live(plan, 2401) is None
    assert house.broker.live(plan, 2400) is not None
    house.broker.session(plan, FakePerson(), min_left=2401)
    assert len(house.sts.calls) == 2


def test_the_regions_and_names_of_the_catalog_now_are_those_of_the_session(house):
    house.broker.session(planned(a_target(region="eu-west-1")), FakePerson())
    renamed = replace(DEV, name="web-development", environment="dev")
    served = house.broker.session(planned(a_target(renamed, region="us-east-1")), FakePerson())
    assert (served.target, served.account, served.environment) == ("web-development/ReadOnly", "web-development", "dev")
    assert served.region == "us-east-1"
    assert len(house.sts.calls) == 1


def test_a_changed_catalog_never_serves_the_old_session(house):
    for settings in ({}, {"external_id": "x"}, {"external_id": "y"}, {"session_tags": (("a", "b"),)}, {"policy": "{}"}):
        house.broker.session(planned(a_target(**settings)), FakePerson())
    assert len(house.sts.calls) == 5


def test_a_fresh_one_keeps_the_old_until_it_is_there(house):
    plan = planned(a_target())
    old = house.broker.session(plan, FakePerson())
    seen: list[object] = []
    house.sts.script = [lambda: seen.append(house.another().live(plan))]
    new = house.broker.session(plan, FakePerson(), fresh=True)
    assert seen == [replace(old, fresh=False)]
    assert new.credentials != old.credentials
    house.sts.script = [Unreachable("no network")]
    with pytest.raises(Unreachable):
        house.broker.session(plan, FakePerson(), fresh=True)
    assert house.broker.live(plan) == replace(new, fresh=False)
    assert "remove" not in house.store.trail


def test_keys_of_the_caller_sign_the_first_call_and_each_session_the_next(house):
    house.broker.session(planned(CHAINED, HUB_ROLE), FakePerson())
    assert [(hop.target, key) for hop, key, _ in house.sts.calls] == [
        ("identity-hub/Hub", KEYS.access_key_id),
        ("payments-prod/Deploy", f"ASIA{1:016}"),
    ]


def test_a_chain_goes_on_from_its_last_live_session(house):
    house.broker.session(planned(HUB_ROLE), FakePerson())
    house.broker.session(planned(CHAINED, HUB_ROLE), FakePerson())
    other = a_target(DEV, "Deploy", via=HUB_ROLE.name)
    house.broker.session(planned(other, HUB_ROLE), FakePerson())
    assert house.sts.kinds == ["identity-hub/Hub 3600", "payments-prod/Deploy 3600", "web-dev/Deploy 3600"]
    house.clock.now += 3541
    house.broker.session(planned(CHAINED, HUB_ROLE), FakePerson())
    assert house.sts.kinds[3:] == ["identity-hub/Hub 3600", "payments-prod/Deploy 3600"]


def test_a_session_on_the_way_that_aws_takes_no_more_is_made_anew_once(house):
    house.broker.session(planned(HUB_ROLE), FakePerson())
    expired = Denied("over", aws_code="ExpiredToken")
    house.sts.script = [expired]
    house.broker.session(planned(CHAINED, HUB_ROLE), FakePerson())
    assert [(hop.target, key[-1]) for hop, key, _ in house.sts.calls[1:]] == [
        ("payments-prod/Deploy", "1"),
        ("identity-hub/Hub", "1"),
        ("payments-prod/Deploy", "3"),
    ]
    house.sts.script = [expired, None, expired]
    with pytest.raises(Denied, match="over"):
        house.broker.session(planned(CHAINED, HUB_ROLE), FakePerson(), fresh=True)


def test_keys_of_the_person_that_have_expired_are_not_tried_twice(house):
    house.sts.script = [Denied("over", aws_code="ExpiredToken")]
    with pytest.raises(Denied, match="over"):
        house.broker.session(planned(a_target()), FakePerson())
    assert len(house.sts.calls) == 1


def test_a_denial_of_a_session_from_the_vault_is_not_tried_twice(house):
    house.broker.session(planned(HUB_ROLE), FakePerson())
    house.sts.script = [Denied("no", aws_code="AccessDenied")]
    with pytest.raises(Denied):
        house.broker.session(planned(CHAINED, HUB_ROLE), FakePerson())
    assert len(house.sts.calls) == 2


def test_the_region_to_call_is_the_target_s_else_the_identity_s(house):
    house.broker.session(planned(a_target(region="eu-west-1")), FakePerson())
    plan = planned(a_target(role="Other"))
    house.broker.session(replace(plan, identity=replace(plan.identity, region="us-east-2")), FakePerson())
    assert house.sts.regions == ["eu-west-1", "us-east-2"]


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "nonsense",
        "arn:aws:sts::444455556666:assumed-role/ReadOnly/ada",
        "arn:aws:sts::555566667777:assumed-role/Admin/ada",
        "arn:aws:sts::555566667777:assumed-role/ReadOnlyMore/ada",
        "arn:aws-cn:sts::555566667777:assumed-role/ReadOnly/ada",
        "arn:aws:iam::555566667777:user/ReadOnly/ada",
    ],
)
def test_an_answer_for_another_role_is_not_handed_over_and_not_kept(house, arn):
    house.sts.session_arn = arn
    with pytest.raises(Denied, match="nothing was handed over"):
        house.broker.session(planned(a_target()), FakePerson())
    assert not house.store.records
    house.sts.session_arn = None
    house.broker.session(planned(a_target(arn="arn:aws:iam::555566667777:role/with/path/ReadOnly")), FakePerson())


def test_an_arn_of_another_account_than_the_target_s_is_refused_too(house):
    house.sts.session_arn = "arn:aws:sts::555566667777:assumed-role/ReadOnly/ada"
    with pytest.raises(Denied, match="nothing was handed over"):
        house.broker.session(planned(a_target(arn="arn:aws:iam::999999999999:role/ReadOnly")), FakePerson())


def test_facts_are_readable_without_the_key_and_hold_no_secret(house):
    session = house.broker.session(planned(CHAINED, HUB_ROLE), FakePerson())
    facts = house.store.records[session.record].header.facts
    assert (facts["target"], facts["account"], facts["role"]) == ("payments-prod/Deploy", "payments-prod", "Deploy")
    assert (facts["identity"], facts["duration"], facts["environment"]) == ("central", 3600, "prod")
    assert facts["why"] == "as every chain does"
    for record in house.store.records.values():
        text = repr(record.header)
        assert "secret" not in text
        assert "token-" not in text
        assert "ASIA" not in text


def test_the_external_id_comes_from_the_vault_at_the_last_moment(house):
    ref = VaultRef("deploy")
    plan = planned(a_target(external_id=ref))
    with pytest.raises(InvalidConfig, match="no external id deploy"):
        house.broker.session(plan, FakePerson())
    keep_external_id(house.store, ref, Secret("first-value"), NOW)
    house.broker.session(plan, FakePerson())
    keep_external_id(house.store, ref, Secret("second-value"), NOW)
    house.broker.session(plan, FakePerson())
    assert house.sts.external_ids == ["first-value", "second-value"], "a new value never serves the old session"


# ── codes


def test_one_code_serves_every_role_for_twelve_hours(house):
    person = FakePerson("111111")
    for role in ("One", "Two"):
        house.broker.session(planned(a_target(DEV, role, mfa=True)), person)
    house.clock.now += 43200 - 61
    house.broker.session(planned(a_target(DEV, "Three", mfa=True)), person)
    assert house.sts.kinds == ["token+code 43200", "web-dev/One 3600", "web-dev/Two 3600", "web-dev/Three 3600"]
    (ask,) = person.asks
    assert (ask.serial, ask.identity, ask.user, ask.problem, ask.wait) == (SERIAL, "central", "ada", "", 0)
    assert "No role of ada asks again until" in ask.covers
    house.clock.now += 2
    last = FakePerson("222222")
    house.broker.session(planned(a_target(DEV, "Four", mfa=True)), last)
    assert len(last.asks) == 1, "a minute before its end it is over"


def test_a_renewal_needs_no_code_while_the_mfa_session_is_live(house):
    plan = planned(a_target(mfa=True))
    house.broker.session(plan, FakePerson("111111"))
    house.broker.session(plan, FakePerson(), fresh=True)
    assert house.sts.kinds[2:] == ["web-dev/ReadOnly 3600"]


def test_longer_than_an_hour_sends_the_code_with_the_role_and_says_what_that_means(house):
    person = FakePerson("111111")
    house.broker.session(planned(DIRECT), person)
    assert house.sts.kinds == ["web-dev/ReadOnly+code 14400"]
    assert person.asks[0].covers.startswith("It opens this role alone, for 4h.")
    assert "second code" in person.asks[0].covers
    house.clock.now += 14400
    again = FakePerson("222222")
    house.broker.session(planned(DIRECT), again)
    assert "second code" not in again.asks[0].covers, "AWS gave four hours before"


@pytest.mark.parametrize(
    ("settings", "mfa_session", "covers"),
    [
        ({"duration": 14400}, "always", "This one lasts 1h, not 4h: mfa_session is always."),
        ({}, "always", "No role of ada asks again until"),
        ({}, "never", "It opens this role alone, for 1h."),
        ({"duration": 14400}, "never", "It opens this role alone, for 4h. If the role allows less, a second code"),
    ],
)
def test_the_person_is_told_what_the_setting_makes_of_a_code(house, settings, mfa_session, covers):
    person = FakePerson("111111")
    house.broker.session(planned(a_target(mfa=True, **settings), mfa_session=mfa_session), person)
    assert covers in person.asks[0].covers


def test_in_the_evening_a_code_lasts_until_tomorrow(house):
    house.clock.now = datetime.fromisoformat("2026-11-24T23:14").timestamp()
    person = FakePerson("111111")
    house.broker.session(planned(a_target(mfa=True)), person)
    assert person.asks[0].covers == "No role of ada asks again until 11:14 tomorrow."


def test_a_code_that_opens_the_first_of_a_chain_says_so(house):
    plan = planned(replace(CHAINED, mfa=True), replace(HUB_ROLE, duration=14400), mfa_session="never")
    person = FakePerson("111111")
    house.broker.session(plan, person)
    assert house.sts.kinds == ["identity-hub/Hub+code 14400", "payments-prod/Deploy 3600"]
    assert person.asks[0].covers.startswith("It opens identity-hub/Hub for 4h, and what goes via it. If the role")


def test_without_shared_sessions_each_role_asks_for_a_code_of_its_own(house):
    person = FakePerson("111111", "222222")
    house.broker.session(planned(a_target(mfa=True)), FakePerson("000000"))
    for role in ("One", "Two"):
        house.clock.now += 30
        house.broker.session(planned(a_target(DEV, role, mfa=True), mfa_session="never"), person)
    assert house.sts.kinds[2:] == ["web-dev/One+code 3600", "web-dev/Two+code 3600"], "a live MFA session is not used"


def test_a_wrong_code_asks_again_and_says_so(house):
    house.sts.script = [WRONG, WRONG]
    person = FakePerson("111111", "222222", "333333")
    house.broker.session(planned(DIRECT), person)
    assert [ask.problem for ask in person.asks] == ["", *["AWS did not accept that code"] * 2]
    assert [code for _, _, code in house.sts.calls] == ["111111", "222222", "333333"]


def test_three_wrong_codes_are_enough(house):
    house.sts.script = [WRONG, WRONG, WRONG]
    with pytest.raises(WrongCode):
        house.broker.session(planned(DIRECT), FakePerson("111111", "222222", "333333"))
    assert not house.store.held


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345x", "١٢٣٤٥٦", "123 456"])
def test_what_is_no_code_is_never_sent(house, typed):
    person = FakePerson(typed, "111111")
    house.broker.session(planned(DIRECT), person)
    assert [code for _, _, code in house.sts.calls] == ["111111"]
    assert person.asks[1].problem == "a code has six digits"


def test_a_code_is_never_sent_twice_not_by_another_process_either(house):
    house.broker.session(planned(DIRECT), FakePerson("111111"))
    person = FakePerson("111111", "222222")
    other = a_target(DEV, "Other", duration=14400, mfa=True)
    house.another().session(planned(other), person)
    assert person.asks[0].wait == 30, "it says before asking that a new code is needed"
    assert person.asks[1].problem == "that code was already used, the next comes in 30s"
    assert [code for _, _, code in house.sts.calls] == ["111111", "222222"]


def test_the_wait_is_what_is_left_of_the_thirty_seconds(house):
    house.broker.session(planned(DIRECT), FakePerson("111111"))
    house.clock.now += 17.2
    person = FakePerson("222222")
    other = a_target(DEV, "Other", duration=14400, mfa=True)
    house.another().session(planned(other), person)
    assert person.asks[0].wait == 13
    house.clock.now += 13
    last = FakePerson("333333")
    house.another().session(planned(a_target(DEV, "Third", duration=14400, mfa=True)), last)
    assert last.asks[0].wait == 0


def test_a_wrong_code_is_spent_as_well(house):
    house.sts.script = [WRONG]
    person = FakePerson("111111", "111111", "222222")
    house.broker.session(planned(DIRECT), person)
    assert [code for _, _, code in house.sts.calls] == ["111111", "222222"]


def test_a_code_that_may_have_arrived_is_not_sent_again(house):
    house.sts.script = [Unreachable("reset")]
    with pytest.raises(Unreachable):
        house.broker.session(planned(DIRECT), FakePerson("111111"))
    house.broker.session(planned(DIRECT), FakePerson("111111", "222222"))
    assert [code for _, _, code in house.sts.calls] == ["111111", "222222"]


def test_a_helper_program_is_waited_for_and_a_variable_is_not(house):
    house.broker.session(planned(DIRECT), FakePerson("111111"))
    plan = planned(a_target(DEV, "Other", duration=14400, mfa=True))
    house.source = "environment"
    with pytest.raises(CodeReused) as caught:
        house.broker.session(plan, FakePerson("111111"))
    assert caught.value.wait == 30
    assert caught.value.exit_status == 4
    house.source = "process"
    person = FakePerson("111111", "222222")
    house.broker.session(plan, person)
    assert house.slept == [31.0]
    assert person.notes[0] == "waiting 30s for the next code"


def test_a_wrong_code_of_a_program_or_without_a_person_ends_as_a_wrong_code(house):
    house.source = "process"
    house.sts.script = [WRONG]
    with pytest.raises(WrongCode):
        house.broker.session(planned(DIRECT), FakePerson("111111"))

    class Once(FakePerson):
        def code(self, ask):
            if self.asks:
                raise NOBODY
            return super().code(ask)

    house.source = "environment"
    house.sts.script = [WRONG]
    with pytest.raises(WrongCode):
        house.broker.session(planned(DIRECT), Once("222222"))


@pytest.mark.parametrize("error", [Cancelled(), NOBODY])
def test_who_declines_leaves_no_lock_and_spends_nothing(house, error):
    class Declines(FakePerson):
        def code(self, ask):
            raise error

    with pytest.raises(type(error)):
        house.broker.session(planned(a_target(mfa=True)), Declines())
    assert not house.store.held
    assert not house.sts.calls
    assert not house.store.records


def test_an_interrupted_call_leaves_no_lock(house):
    def interrupt() -> None:
        raise KeyboardInterrupt

    house.sts.script = [None, interrupt]
    with pytest.raises(KeyboardInterrupt):
        house.broker.session(planned(CHAINED, HUB_ROLE), FakePerson())
    assert not house.store.held


# ── durations


def test_a_refused_duration_becomes_an_hour_and_is_remembered(house):
    plan = planned(a_target(duration=14400))
    house.sts.script = [TOO_LONG]
    session = house.broker.session(plan, FakePerson())
    assert house.sts.kinds == ["web-dev/ReadOnly 14400", "web-dev/ReadOnly 3600"]
    assert (session.duration, session.why, session.asked) == (3600, "the role gives less than 4h", 14400)
    assert house.another().session(plan, FakePerson()) == replace(session, fresh=False)
    assert house.another().live(plan) == replace(session, fresh=False)
    house.broker.session(plan, FakePerson(), fresh=True)
    assert house.sts.kinds[2:] == ["web-dev/ReadOnly 3600"], "the second time it is known"


def test_a_refused_duration_with_a_code_asks_for_one_that_serves_every_role(house):
    house.sts.script = [TOO_LONG]
    person = FakePerson("111111", "222222")
    session = house.broker.session(planned(DIRECT), person)
    assert house.sts.kinds == ["web-dev/ReadOnly+code 14400", "token+code 43200", "web-dev/ReadOnly 3600"]
    assert session.duration == 3600
    assert "second code" in person.asks[0].covers
    assert "No role of ada asks again" in person.asks[1].covers
    assert person.asks[1].wait == 30


def test_a_refusal_that_names_the_chain_is_the_chain_s(house):
    house.sts.script = [CHAIN_TOO_LONG]
    session = house.broker.session(planned(a_target(duration=14400)), FakePerson())
    assert (session.duration, session.why) == (3600, "as every chain does")
    assert not house.learnt.maxima()


def test_a_hub_that_gives_less_is_asked_for_less(house):
    hub = replace(HUB_ROLE, duration=14400)
    house.sts.script = [TOO_LONG]
    house.broker.session(planned(CHAINED, hub), FakePerson())
    assert house.sts.kinds == ["identity-hub/Hub 14400", "identity-hub/Hub 3600", "payments-prod/Deploy 3600"]


def test_an_hour_that_is_refused_is_an_error(house):
    house.sts.script = [TOO_LONG]
    with pytest.raises(Denied):
        house.broker.session(planned(a_target()), FakePerson())
    assert len(house.sts.calls) == 1


def test_a_shorter_answer_of_aws_counts(house):
    house.sts.life = 900
    session = house.broker.session(planned(a_target()), FakePerson())
    assert (session.duration, session.expires) == (900, NOW + 900)
    assert (session.why, session.asked) == ("all that AWS gave", 3600)
    assert house.another().session(planned(a_target()), FakePerson()) == replace(session, fresh=False)
    house.clock.now += 841
    assert house.broker.live(planned(a_target())) is None


# ── the vault fails


def test_a_session_that_the_vault_can_t_keep_is_not_lost(house):
    house.store.broken = {"write session", "write session-token"}
    person = FakePerson("111111")
    plan = planned(a_target(mfa=True))
    session = house.broker.session(plan, person)
    assert not session.kept
    assert "this session lives only as long as this program" in person.notes[-1]
    assert house.broker.session(plan, FakePerson()).credentials == session.credentials, "this process serves it on"
    house.broker.session(planned(a_target(role="Other", mfa=True)), FakePerson())
    assert house.sts.kinds == ["token+code 43200", "web-dev/ReadOnly 3600", "web-dev/Other 3600"]
    house.store.broken.clear()
    assert house.broker.session(plan, FakePerson(), fresh=True).kept


def test_a_code_is_not_sent_where_it_can_t_be_noted(house):
    house.store.broken = {"write"}
    with pytest.raises(VaultUnavailable):
        house.broker.session(planned(DIRECT), FakePerson("111111"))
    assert not house.sts.calls
    assert not house.store.held


def test_a_vault_that_can_t_be_read_is_an_error_before_any_call(house):
    house.store.broken = {"read"}
    with pytest.raises(VaultUnavailable):
        house.broker.session(planned(a_target()), FakePerson())
    assert not house.sts.calls


def test_a_record_that_holds_something_else_is_opened_afresh(house):
    plan = planned(a_target())
    session = house.broker.session(plan, FakePerson())
    house.store.records[session.record].payload = b"something else"
    assert house.broker.session(plan, FakePerson()).credentials != session.credentials


# ── many at once


def test_a_hundred_threads_share_one_call_and_one_code(house):
    plan = planned(a_target(mfa=True))
    person = FakePerson("111111")
    brokers = [house.another(30) for _ in range(100)]
    with ThreadPoolExecutor(100) as pool:
        found = list(pool.map(lambda broker: broker.session(plan, person), brokers))
    assert house.sts.kinds == ["token+code 43200", "web-dev/ReadOnly 3600"]
    assert len({one.credentials.access_key_id for one in found}) == 1
    assert sum(one.fresh for one in found) == 1
    assert len(person.asks) == 1


def answered_once_all_have_looked(house, number):
    """Let the next call be answered once so many threads have read the vault; return the event of that."""
    looked, everybody = set(), threading.Event()
    read = house.store.read

    def looking(name: str):
        found = read(name)
        looked.add(threading.get_ident())
        if len(looked) == number:
            everybody.set()
        return found

    house.store.read = looking
    house.sts.script = [lambda: everybody.wait(60) and None]
    return everybody


def test_renewals_at_once_share_one_call(house):
    plan = planned(a_target())
    old = house.broker.session(plan, FakePerson())
    everybody = answered_once_all_have_looked(house, 8)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: house.another(30).session(plan, FakePerson(), fresh=True), range(8)))
    assert everybody.is_set()
    assert len(house.sts.calls) == 2
    assert old.credentials.access_key_id not in {one.credentials.access_key_id for one in found}
    assert len({one.credentials.access_key_id for one in found}) == 1


@pytest.mark.parametrize("life", [3600, 1800])
def test_all_who_want_as_much_as_aws_gives_share_one_call(house, life):
    plan = planned(a_target())
    house.broker.session(plan, FakePerson())
    house.clock.now += 60
    house.sts.life = life
    everybody = answered_once_all_have_looked(house, 8)
    house.clock.step = 0.001
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: house.another(30).session(plan, FakePerson(), min_left=3600), range(8)))
    assert everybody.is_set()
    assert len(house.sts.calls) == 2
    assert len({one.credentials.access_key_id for one in found}) == 1
    late = house.another().session(plan, FakePerson(), min_left=3600)
    assert (late.credentials == found[0].credentials) is (life == 3600), "that is what a call gives, a moment later"


def test_what_was_opened_since_it_was_seen_that_one_is_due_will_do(house):
    plan = planned(a_target())
    old = house.broker.session(plan, FakePerson())
    house.clock.now += 3000
    seen = house.broker.seen(plan)
    assert seen.session.credentials == old.credentials
    newer = house.another().session(plan, FakePerson(), fresh=True)
    assert house.broker.session(plan, FakePerson(), seen=seen).credentials == newer.credentials
    assert len(house.sts.calls) == 2
    again = house.broker.session(plan, FakePerson(), seen=house.broker.seen(plan))
    assert again.credentials != newer.credentials


def test_what_failed_since_it_was_seen_that_one_is_due_is_not_tried_again(house):
    plan = planned(a_target())
    house.broker.session(plan, FakePerson())
    seen = house.broker.seen(plan)
    house.sts.script = [Denied("no", aws_code="AccessDenied"), None]
    for _ in range(2):
        with pytest.raises(Denied):
            house.another().session(plan, FakePerson(), seen=seen)
    assert len(house.sts.calls) == 2
    assert house.broker.session(plan, FakePerson(), seen=house.broker.seen(plan)).fresh


def test_different_roles_at_once_share_the_code_and_never_wait_in_a_circle(house):
    hub = replace(HUB_ROLE, mfa=True)
    roles = [a_target(DEV, f"R{n}", via=hub.name, mfa=True) for n in range(8)]
    plans = [planned(hub), *(planned(role, hub) for role in roles)] * 3
    person = FakePerson("111111")
    with ThreadPoolExecutor(len(plans)) as pool:
        list(pool.map(lambda plan: house.another(30).session(plan, person), plans))
    assert house.sts.kinds[:2] == ["token+code 43200", "identity-hub/Hub 3600"]
    assert sorted(house.sts.kinds[2:]) == [f"web-dev/R{n} 3600" for n in range(8)]


@pytest.mark.parametrize(("mfa", "kind", "status"), [(True, PersonNeeded, 5), (False, Unreachable, 7)])
def test_who_waits_too_long_is_told_for_whom(house, mfa, kind, status):
    plan = planned(a_target(mfa=mfa))
    with (
        house.store.lock(house.broker.names(plan)[-1], timeout=0, purpose="x"),
        pytest.raises(kind, match="process 4711, which is opening web-dev/ReadOnly") as caught,
    ):
        house.another(patience=0.01).session(plan, FakePerson())
    assert caught.value.exit_status == status
    assert not house.sts.calls


# ── callers and clocks


def test_a_caller_is_learnt_once_and_by_its_key(house):
    plan = planned(a_target(), caller=Caller("central"))
    assert plan.needs_caller
    with pytest.raises(ValueError, match="settled"):
        house.broker.session(plan, FakePerson())
    for broker in (house.broker, house.another()):
        settled = broker.settled(plan.identity, lambda caller: planned(a_target(), caller=caller), FakePerson())
        assert settled.caller == ADA
        assert settled.hops[0].session_name == "ada"
    assert house.sts.asked_who == 1
    assert house.learnt.caller("central", "another-key") is None


@pytest.mark.parametrize(
    ("arn", "temporary", "kind", "user"),
    [
        ("arn:aws:iam::111122223333:user/ada", False, "user", "ada"),
        ("arn:aws:iam::111122223333:user/people/eu/ada", False, "user", "ada"),
        ("arn:aws:iam::111122223333:user/ada", True, "session-token", "ada"),
        ("arn:aws-us-gov:sts::111122223333:assumed-role/Dev/ada@x.org", True, "role", "ada@x.org"),
        ("arn:aws:sts::111122223333:federated-user/ada", True, "federated", "ada"),
        ("arn:aws:iam::111122223333:root", False, "root", "root"),
        ("arn:aws:sts::111122223333:something/new", True, "unknown", "new"),
        ("garbage", True, "unknown", ""),
    ],
)
def test_whose_keys_they_are(arn, temporary, kind, user):
    from xswitch.session.callers import caller_from

    caller = caller_from("me", WhoAmI(arn, "111122223333", ""), temporary=temporary, fingerprint="f")
    assert (caller.kind, caller.user, caller.identity, caller.fingerprint) == (kind, user, "me", "f")


def test_time_left_is_by_the_clock_of_aws(house):
    plan = planned(a_target())
    house.sts.skew = 3 * 3600.0
    house.sts.clock = Clock(NOW + 3 * 3600)
    session = house.broker.session(plan, FakePerson())
    assert session.expires == NOW + 4 * 3600
    assert house.broker.left(session) == 3600
    house.sts.skew = None
    another = house.another()
    assert another.left(session) == 3600, "another process knows it too"
    house.clock.now += 3541
    assert another.live(plan) is None


@pytest.mark.parametrize("via", [False, True])
def test_a_session_of_a_time_that_has_not_come_is_not_served(house, via):
    """The clock was set back a year after it was opened: it may have ended long ago. AWS tells the time, once."""
    plan = planned(CHAINED, HUB_ROLE) if via else planned(a_target())
    old = house.broker.session(plan, FakePerson())
    house.sts.clock = Clock(NOW + 7200)
    house.clock.now -= 365 * 86400
    house.sts.skew = None
    another = house.another()
    assert another.live(plan) is None
    calls = len(house.sts.calls)
    house.sts.script = [lambda: setattr(house.sts, "skew", 365 * 86400.0 + 7200)]
    new = another.session(plan, FakePerson())
    assert new.credentials != old.credentials
    assert len(house.sts.calls) == calls + (2 if via else 1), "not from a step of that time either"
    assert another.left(new) == 3600
    house.sts.skew = None
    assert house.another().live(plan) == replace(new, fresh=False)


@pytest.mark.parametrize("jump", [365 * 86400.0, -365 * 86400.0])
def test_a_clock_that_jumps_a_year_loses_no_session_that_was_good(house, jump):
    """Nobody asked AWS meanwhile: what was opened before is served again once the clock is right."""
    plan = planned(a_target())
    session = house.broker.session(plan, FakePerson())
    house.clock.now += jump
    assert house.another().live(plan) is None
    house.clock.now += 60 - jump
    assert house.another().session(plan, FakePerson()) == replace(session, fresh=False)
    assert len(house.sts.calls) == 1


def test_a_few_seconds_of_difference_are_the_network_s(house):
    house.sts.skew = 3.0
    assert house.broker.now() == NOW


def test_options_of_a_person_reach_aws(house):
    plan = planned(a_target(), options=Options(duration=900, session_name="incident"))
    session = house.broker.session(plan, FakePerson())
    assert session.arn.endswith("/incident")
    assert house.sts.kinds == ["web-dev/ReadOnly 900"]
