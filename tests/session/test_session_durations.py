"""The ladder of durations: what a role gives is read by a session in its account, or learnt from a refusal, once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from broker_house import House
from session_doubles import DEV, HUB, NOW, PAYMENTS, FakePerson, a_target, planned

from xswitch.errors import Denied, Unreachable
from xswitch.session.duration import LONGEST
from xswitch.session.model import Options, Plan
from xswitch.session.refusals import DurationRefused
from xswitch.vault.record import Record

TOO_LONG = DurationRefused("too long", chain=False, aws_message="", request_id="")
NEIGHBOUR = a_target(DEV, "Neighbour")
LONG = a_target(DEV, "Long", duration=14400)
LONG_MFA = replace(LONG, mfa=True)


class Measured(House):
    """A house with a session of a neighbour role in the account, so that somebody can read roles there."""

    since = 0

    def open(self, target=LONG, person=None, *others, **options):  # type: ignore[no-untyped-def]
        """Open a target as the engine does: the plan is made again once more is known."""

        def made() -> Plan:
            return planned(target, *others, learnt=self.learnt.maxima(), options=Options(**options))

        return self.broker.session(made(), person or FakePerson(), fresh=True, again=made)

    def neighbour(self, target=NEIGHBOUR):  # type: ignore[no-untyped-def]
        """Open another role, and forget that it was asked for."""
        session = self.broker.session(planned(target), FakePerson())
        self.since = len(self.sts.calls)
        return session

    @property
    def kinds(self) -> list[str]:
        """What STS was asked for since the neighbour was opened."""
        return self.sts.kinds[self.since :]


@pytest.fixture
def house(tmp_path: Path) -> Measured:
    return Measured(tmp_path / "state")


@pytest.mark.parametrize(
    ("most", "seconds", "why", "asked"),
    [
        (3600, 3600, "the role's maximum", 14400),
        (7200, 7200, "the role's maximum", 14400),
        (14400, 14400, "the role's maximum", None),
        (43200, 14400, "as the catalog says", None),
    ],
)
def test_what_iam_says_is_asked_for_exactly(house, most, seconds, why, asked):
    reader = house.neighbour()
    house.sts.role_maxima[LONG.arn] = most
    session = house.open()
    assert (session.duration, session.asked) == (seconds, asked)
    assert session.why == (why if asked or most > 14400 else session.why)
    assert house.kinds == [f"web-dev/Long {seconds}"], "no refusal on the way"
    assert house.sts.asked_maximum == [(LONG.arn, reader.credentials.access_key_id)]
    house.clock.now += 60
    again = house.open()
    assert again.duration == seconds
    assert len(house.sts.asked_maximum) == 1, "it is remembered"


def test_without_a_session_in_the_account_a_refusal_costs_one_call_and_gives_an_hour(house):
    house.neighbour(a_target(PAYMENTS, "Elsewhere"))
    house.sts.script = [TOO_LONG]
    session = house.open()
    assert house.kinds == ["web-dev/Long 14400", "web-dev/Long 3600"]
    assert house.sts.asked_maximum == []
    assert (session.duration, session.why, session.asked) == (3600, "the role gives less than 4h", 14400)


def test_a_wish_that_is_too_long_leaves_the_catalogs_as_it_is(house):
    house.sts.script = [TOO_LONG]
    session = house.open(duration=43200)
    assert house.kinds == ["web-dev/Long 43200", "web-dev/Long 14400"], "one more call, for what the catalog says"
    assert (session.duration, session.why, session.asked) == (14400, "the role gives less than 12h", 43200)
    house.since = len(house.sts.calls)
    plain, shorter, longer = house.open(), house.open(duration=28800), house.open(duration=43200)
    assert house.kinds == ["web-dev/Long 14400", "web-dev/Long 28800", "web-dev/Long 14400"]
    assert (plain.duration, plain.asked) == (14400, None)
    assert (shorter.duration, shorter.asked) == (28800, None)
    assert longer.why == "the role gives less than 12h"


def test_a_catalogs_wish_that_is_refused_too_ends_at_an_hour(house):
    house.sts.script = [TOO_LONG, TOO_LONG]
    session = house.open(duration=43200)
    assert house.kinds == ["web-dev/Long 43200", "web-dev/Long 14400", "web-dev/Long 3600"]
    assert (session.duration, session.why, session.asked) == (3600, "the role gives less than 4h", 43200)
    house.since = len(house.sts.calls)
    house.open(duration=43200)
    assert house.kinds == ["web-dev/Long 3600"], "what was refused is not asked for again"


def test_what_a_refusal_taught_is_bettered_at_the_next_opening_by_the_session_itself(house):
    house.sts.script = [TOO_LONG]
    first = house.open()
    house.sts.role_maxima[LONG.arn] = 7200
    house.since = len(house.sts.calls)
    second = house.open()
    assert house.sts.asked_maximum == [(LONG.arn, first.credentials.access_key_id)]
    assert house.kinds == ["web-dev/Long 7200"]
    assert (second.duration, second.why, second.asked) == (7200, "the role's maximum", 14400)
    house.open()
    assert len(house.sts.asked_maximum) == 1


def test_what_was_read_and_is_refused_all_the_same_is_unlearnt(house):
    house.neighbour()
    house.sts.role_maxima[LONG.arn] = 14400
    house.open()
    house.sts.script = [TOO_LONG]
    session = house.open()
    assert session.duration == 3600
    assert house.learnt.read_maximum(LONG.arn) is None
    assert len(house.sts.asked_maximum) == 1, "a refusal is answered by an hour, not by another question"


def test_who_may_not_read_roles_is_not_asked_again_for_a_day(house):
    reader = house.neighbour()
    assert house.open().duration == 14400, "the try goes on, as AWS may give it"
    assert house.sts.asked_maximum == [(LONG.arn, reader.credentials.access_key_id)]
    other = a_target(DEV, "Other", duration=14400)
    house.open(other)
    asked = [key for _, key in house.sts.asked_maximum]
    assert asked.count(reader.credentials.access_key_id) == 1
    house.clock.now += 86400
    reader = house.neighbour()
    house.open(a_target(DEV, "Third", duration=14400))
    assert house.sts.asked_maximum[-1][1] == reader.credentials.access_key_id


def test_who_could_read_roles_before_is_asked_first(house):
    house.neighbour()
    house.sts.role_maxima[LONG.arn] = 14400
    house.open()
    able = house.sts.asked_maximum[-1][1]
    house.clock.now += 60
    house.neighbour(a_target(DEV, "Younger"))
    house.open(a_target(DEV, "Other", duration=7200))
    assert house.sts.asked_maximum[-1][1] == able


def test_nothing_is_asked_where_an_hour_will_do_or_aws_gave_as_much_before(house):
    house.open()
    house.neighbour()
    house.open()
    house.open(replace(LONG, duration=3600))
    house.open(LONG, duration=900)
    house.open(a_target(PAYMENTS, "Capped", duration=14400))
    assert house.sts.asked_maximum == [], "prod's own maximum is an hour"
    house.open(LONG, duration=28800)
    assert len(house.sts.asked_maximum) == 1, "more than ever was given"


@pytest.mark.parametrize("most", [Unreachable("throttled"), 60, 10**6, 0])
def test_iam_that_does_not_answer_or_answers_nonsense_changes_nothing(house, most):
    house.neighbour()
    house.sts.role_maxima[LONG.arn] = most
    assert house.open().duration == 14400
    assert not house.learnt.maxima()


def test_a_session_of_another_account_partition_or_aws_is_never_sent_to_read(house):
    house.neighbour(a_target(PAYMENTS, "Elsewhere"))
    house.sts.endpoint = "http://127.0.0.1:1"
    house.neighbour()
    house.sts.endpoint = ""
    house.open()
    assert house.sts.asked_maximum == []
    house.broker.session(planned(NEIGHBOUR), FakePerson())
    with pytest.raises(Denied, match="nothing was handed over"):
        house.open(replace(LONG, arn="arn:aws-cn:iam::555566667777:role/Long"))
    assert house.sts.asked_maximum == []


def test_what_has_less_than_a_minute_left_reads_nothing(house):
    house.neighbour()
    house.clock.now += 3541
    house.open()
    assert house.sts.asked_maximum == []


def test_a_damaged_reader_is_passed_over(house):
    session = house.neighbour()
    other = house.broker.session(planned(a_target(DEV, "Whole")), FakePerson())
    record = house.store.records[session.record]
    house.store.records[session.record] = Record(record.header, b"nonsense")
    house.sts.role_maxima[LONG.arn] = 7200
    assert house.open().duration == 7200
    assert house.sts.asked_maximum[-1][1] == other.credentials.access_key_id


def test_a_hub_on_the_way_is_measured_too(house):
    hub = a_target(HUB, "Hub", duration=14400)
    house.neighbour(a_target(HUB, "Neighbour"))
    house.sts.role_maxima[hub.arn] = 7200
    session = house.open(a_target(PAYMENTS, "Deploy", via=hub.name), None, hub)
    assert house.kinds == ["identity-hub/Hub 7200", "payments-prod/Deploy 3600"]
    assert (session.duration, session.why) == (3600, "as every chain does")


def test_a_live_session_is_served_without_a_question(house):
    house.neighbour()
    house.sts.role_maxima[LONG.arn] = 43200
    session = house.open()
    asked = len(house.sts.asked_maximum)
    served = house.another().session(planned(LONG, learnt=house.learnt.maxima()), FakePerson())
    assert served == replace(session, fresh=False, why=served.why)
    assert len(house.sts.asked_maximum) == asked


# ── with a code


def test_what_the_role_gives_is_known_before_the_code_is_asked_for(house):
    house.neighbour()
    house.sts.role_maxima[LONG.arn] = 7200
    person = FakePerson("111111")
    session = house.open(LONG_MFA, person)
    assert house.kinds == ["web-dev/Long+code 7200"]
    assert person.asks[0].covers == "It opens this role alone, for 2h."
    assert (session.duration, session.asked) == (7200, 14400)


def test_an_hour_known_beforehand_makes_one_code_serve_every_role(house):
    house.neighbour()
    house.sts.role_maxima[LONG.arn] = 3600
    person = FakePerson("111111")
    house.open(LONG_MFA, person)
    assert house.kinds == ["token+code 43200", "web-dev/Long 3600"]
    assert "No role of ada asks again until" in person.asks[0].covers


def test_who_can_t_know_says_before_the_first_code_that_a_second_may_come(house):
    house.sts.script = [TOO_LONG]
    person = FakePerson("111111", "222222")
    house.open(LONG_MFA, person)
    assert "If the role allows less, a second code is asked for" in person.asks[0].covers
    assert len(person.asks) == 2


def test_a_longer_session_is_not_looked_for_while_one_code_serves_every_role(house):
    """It would need a code of its own, where a renewal needs none."""
    house.sts.script = [TOO_LONG]
    house.open(LONG_MFA, FakePerson("111111", "222222"))
    house.sts.role_maxima[LONG.arn] = 14400
    house.since = len(house.sts.calls)
    house.open(LONG_MFA, FakePerson())
    assert house.kinds == ["web-dev/Long 3600"]
    assert house.sts.asked_maximum == []
    house.clock.now = NOW + 43200
    house.neighbour()
    person = FakePerson("333333")
    house.open(LONG_MFA, person)
    assert house.kinds == ["web-dev/Long+code 14400"]
    assert len(house.sts.asked_maximum) == 1


def test_the_maximum_that_was_read_makes_the_next_code_certain(house):
    house.neighbour()
    house.sts.role_maxima[LONG.arn] = LONGEST
    house.open(LONG_MFA, FakePerson("111111"))
    house.clock.now += 60
    person = FakePerson("222222")
    house.open(replace(LONG_MFA, duration=28800), person)
    assert person.asks[0].covers == "It opens this role alone, for 8h."
    assert len(house.sts.asked_maximum) == 1


def test_an_hour_that_aws_refuses_is_an_error_and_no_loop(house):
    house.neighbour()
    house.sts.script = [TOO_LONG, TOO_LONG]
    with pytest.raises(Denied):
        house.open()
    assert len(house.kinds) == 2
