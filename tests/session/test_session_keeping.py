"""Opening a session that is renewed: what stands in for the person, until when, and what is refused at the start."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from practice_house import Ada, PracticeHouse

from xswitch.cli.person import Nobody
from xswitch.engine import Engine
from xswitch.engine.renewing import Kept
from xswitch.errors import PersonNeeded
from xswitch.session import grants
from xswitch.session.model import GuardAnswer, GuardAsk, Options, Plan

RENEWING = Options(renewing=True)
HOUR = 3600


class Confirming(Ada):
    """Ada, who also passes guards."""

    def guard(self, ask: GuardAsk) -> GuardAnswer:
        return GuardAnswer(ask.target.account.name, "a reason")


class House(PracticeHouse):
    """A practice house with an engine, whose STS sessions may be shortened."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.paths.preferences_file.write_text("plaintext_key = true\nkernel_keyring = false\n")
        self.engine = Engine(self.paths, self.environ, self.clock)
        self.ada = Confirming(self.practice)

    def edit(self, before: str, after: str) -> None:
        text = self.paths.catalog_file.read_text()
        assert before in text
        self.paths.catalog_file.write_text(text.replace(before, after, 1))
        self.engine = Engine(self.paths, self.environ, self.clock)

    def coded(self) -> None:
        """Let a role want MFA that no guard stands before."""
        self.edit('name = "Deploy"\naccounts = "env:staging"', 'name = "Deploy"\nmfa = true\naccounts = "env:staging"')

    @property
    def opened(self) -> list[str]:
        """The calls that gave sessions, or did not."""
        return [call for call in self.calls if not call.startswith("GetCallerIdentity")]

    def plan(self, target: str, options: Options = RENEWING) -> Plan:
        return self.engine.plan(self.engine.resolve(target), options)

    def keep(self, target: str, person: object = None, options: Options = RENEWING) -> Kept:
        return self.engine.keep(self.plan(target, options), person or self.ada, Nobody())  # type: ignore[arg-type]

    def forget_code(self, target: str) -> None:
        """Remove the session that a code gave, as time would."""
        name = self.another().names(self.plan(target))[0]
        assert self.vault.remove(name)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "home")
    yield made
    made.sandbox.stop()


def test_without_mfa_and_guard_renewal_has_no_end(house: House) -> None:
    kept = house.keep("payments-staging/ReadOnly")
    assert (kept.until, kept.what) == (None, "")
    assert house.ada.asks == []


def test_a_code_goes_to_get_session_token_however_long_is_asked_for(house: House) -> None:
    house.coded()
    kept = house.keep("payments-staging/Deploy", options=replace(RENEWING, duration=4 * HOUR))
    assert house.opened == ["GetSessionToken ok", "AssumeRole ok"]
    assert kept.session.duration == HOUR
    assert kept.what == "the MFA session"
    assert kept.until == pytest.approx(house.clock() + 12 * HOUR, abs=60)
    assert house.plan("payments-staging/Deploy", Options(duration=4 * HOUR)).hops[0].kind == "assume-role"


def test_it_is_renewed_by_that_session_without_another_code(house: House) -> None:
    house.coded()
    house.sandbox.faults.shorten(600, times=1, action="AssumeRole")
    kept = house.keep("payments-staging/Deploy")
    with kept.renewer as renewer:
        renewed = renewer.give()
    assert renewed.expires > kept.session.expires + HOUR / 2
    assert house.who(renewed).endswith("assumed-role/Deploy/ada")
    assert house.opened.count("GetSessionToken ok") == 1
    assert house.opened.count("AssumeRole ok") == 2
    assert len(house.ada.asks) == 1


def test_nobody_to_give_the_code_is_refused_at_the_start(house: House) -> None:
    house.coded()
    with pytest.raises(PersonNeeded) as caught:
        house.keep("payments-staging/Deploy", Nobody())
    assert caught.value.exit_status == 5
    assert house.opened == []


def test_a_live_session_whose_code_is_over_asks_at_once_or_is_refused(house: House) -> None:
    house.coded()
    first = house.keep("payments-staging/Deploy")
    house.forget_code("payments-staging/Deploy")
    with pytest.raises(PersonNeeded):
        house.keep("payments-staging/Deploy", Nobody())
    house.clock.shift += 31  # the device shows the next code
    again = house.keep("payments-staging/Deploy")
    assert len(house.ada.asks) == 2
    assert again.session.credentials != first.session.credentials
    assert again.until is not None


def test_a_plan_that_asks_for_a_code_every_time_is_refused(house: House) -> None:
    house.coded()
    with pytest.raises(PersonNeeded, match="every session") as caught:
        house.keep("payments-staging/Deploy", options=Options(duration=4 * HOUR))
    assert caught.value.hint
    assert house.opened == [], "before a code is spent"


def test_a_program_that_gives_codes_stands_in_for_the_person(house: House, tmp_path: Path) -> None:
    house.coded()
    program = tmp_path / "code"
    program.write_text(f"#!/bin/sh\necho {house.practice.code()}\n")
    program.chmod(0o700)
    house.edit("mfa_serial =", f'mfa_process = "{program}"\nmfa_serial =')
    kept = house.keep("payments-staging/Deploy", Nobody())
    assert (kept.until, kept.what) == (None, "")


def test_inside_a_switched_shell_the_environment_renews_nothing(house: House) -> None:
    house.edit('kind = "keys"', 'kind = "environment"')
    key, secret = house.practice.user_access_key
    keys = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
    house.engine = Engine(house.paths, house.environ | keys, house.clock)
    assert house.keep("payments-staging/ReadOnly").until is None
    house.engine = Engine(house.paths, house.environ | keys | {"XSWITCH_TARGET": "a/b"}, house.clock)
    with pytest.raises(PersonNeeded) as caught:
        house.keep("payments-staging/ReadOnly")
    assert "leave it" in caught.value.hint


def test_a_session_in_the_environment_ends(house: House) -> None:
    house.edit('kind = "keys"', 'kind = "environment"')
    inner = house.open("observability/ReadOnly").credentials
    assert inner.session_token is not None
    end = house.clock() + 1800
    given = {
        "AWS_ACCESS_KEY_ID": inner.access_key_id,
        "AWS_SECRET_ACCESS_KEY": inner.secret_access_key.reveal(),
        "AWS_SESSION_TOKEN": inner.session_token.reveal(),
    }
    from xswitch.engine.renewing import _environments_end
    from xswitch.text import iso8601

    for said, expected in ((iso8601(end), float(int(end))), ("", None), ("soon", None), ("2026-01-01T00:00:00", None)):
        house.engine = Engine(house.paths, house.environ | given | {"AWS_CREDENTIAL_EXPIRATION": said}, house.clock)
        assert _environments_end(house.engine, house.plan("payments-staging/ReadOnly")) == expected


def test_a_guard_is_passed_once_and_its_end_ends_what_is_served(house: House) -> None:
    kept = house.keep("payments-prod/Deploy")
    assert kept.what == "the confirmation"
    assert kept.until == pytest.approx(house.clock() + HOUR, abs=60)
    with kept.renewer as renewer:
        assert renewer.give().credentials == kept.session.credentials
        house.clock.shift += HOUR + 1
        with pytest.raises(PersonNeeded, match="what was confirmed") as caught:
            renewer.give()
        assert caught.value.hint == "run once in a terminal: xswitch exec payments-prod/Deploy --renew -- true"
        house.clock.shift -= HOUR + 1
        plan = house.plan("payments-prod/Deploy")
        assert plan.guard is not None
        assert grants.revoke(house.vault, plan.target, plan.guard)
        with pytest.raises(PersonNeeded, match="what was confirmed"):
            renewer.give()
        grants.grant(house.vault, plan.target, plan.guard, "again", house.clock())
        assert renewer.give().credentials == kept.session.credentials


def test_a_renewal_within_a_grant_is_logged_with_its_reason(house: House) -> None:
    house.sandbox.faults.shorten(600, times=1, action="AssumeRole")
    kept = house.keep("payments-prod/Deploy")
    with kept.renewer as renewer:
        renewer.give()
    lines = [json.loads(line) for line in house.paths.audit_log.read_text().splitlines()]
    assert [line["reason"] for line in lines] == ["a reason", "a reason"]


def test_a_chain_is_renewed(house: House) -> None:
    house.sandbox.faults.shorten(600, times=2, action="AssumeRole")
    kept = house.keep("payments-staging/Audit")
    with kept.renewer as renewer:
        renewed = renewer.give()
    assert house.who(renewed).endswith("assumed-role/Audit/ada")
    assert renewed.credentials != kept.session.credentials
    assert house.opened[:3] == ["AssumeRole ok"] * 3


def test_every_renewal_is_in_the_audit_log(house: House) -> None:
    house.sandbox.faults.shorten(600, times=1, action="AssumeRole")
    kept = house.keep("payments-staging/ReadOnly")
    with kept.renewer as renewer:
        for _ in range(3):
            renewer.give()
    lines = [json.loads(line) for line in house.paths.audit_log.read_text().splitlines()]
    assert [line["target"] for line in lines] == ["payments-staging/ReadOnly"] * 2


def test_two_keepers_and_another_process_share_what_is_renewed(house: House) -> None:
    house.sandbox.faults.shorten(600, times=1, action="AssumeRole")
    one, other = house.keep("payments-staging/ReadOnly"), house.keep("payments-staging/ReadOnly")
    with one.renewer, other.renewer:
        assert one.renewer.give().credentials == other.renewer.give().credentials
        assert house.opened == ["AssumeRole ok"] * 2
        newer = house.engine.open(house.plan("payments-staging/ReadOnly"), house.ada, fresh=True)
        assert one.renewer.give().credentials == newer.credentials
    assert house.opened == ["AssumeRole ok"] * 3


def test_a_session_that_the_person_ended_is_not_brought_back_but_by_them(house: House) -> None:
    target = "payments-staging/ReadOnly"
    house.engine.open(house.plan(target), house.ada)
    assert house.engine.end(target) == 1, "what was ended before has nothing to do with it"
    kept = house.keep(target)
    with kept.renewer as renewer:
        assert renewer.give().credentials == kept.session.credentials
        assert house.engine.end(target) == 1
        for _ in range(2):
            with pytest.raises(PersonNeeded, match=f"the session of {target} was ended here"):
                renewer.give()
        assert house.engine.restore(target)
        assert renewer.give().credentials == kept.session.credentials
        assert house.engine.end(target) == 1
        with pytest.raises(PersonNeeded):
            renewer.give()
        opened = house.engine.open(house.plan(target), house.ada)
        assert renewer.give().credentials == opened.credentials
    assert house.opened == ["AssumeRole ok"] * 3
