"""What an SDK gets near the end of a session, and what a command gets that wants time: a table of times and faults."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from company_engine import Office

from xswitch.cli.person import Nobody
from xswitch.engine.left import RENEWAL_PATIENCE, SDK_PATIENCE
from xswitch.errors import Denied, PersonNeeded, Unreachable, XswitchError

MFA = 'mfa = true\nduration = "2h"'
"""A role that wants a code at every renewal."""
LEFT = {"14 minutes": 840, "9 minutes": 540, "4 minutes": 240, "a minute": 100, "59 seconds": 59}


def throttled(office: Office) -> None:
    office.faults.throttle(None)


def offline(office: Office) -> None:
    office.faults.reset(None)


def denied(office: Office) -> None:
    office.deactivate()


def with_left(office: Office, seconds: int, settings: str = "", *, code: bool = False) -> str:
    """Open a session of which so many seconds are left, and return its key."""
    office.roles(settings)
    office.faults.shorten(seconds, 1, "AssumeRole")
    key = office.open(code=code).credentials.access_key_id
    office.faults.clear()
    office.calls()
    return key


def test_more_than_a_quarter_of_an_hour_is_served_as_it_is(office: Office) -> None:
    key = with_left(office, 930)
    assert office.serve().credentials.access_key_id == key
    assert office.calls() == []


@pytest.mark.parametrize("seconds", LEFT.values(), ids=LEFT)
def test_less_is_renewed_where_nobody_is_needed(office: Office, seconds: int) -> None:
    key = with_left(office, seconds)
    session = office.serve()
    assert session.credentials.access_key_id != key
    assert session.expires - office.clock() > 3500
    assert office.calls() == ["AssumeRole ok"]
    assert office.serve().credentials == session.credentials
    assert office.calls() == []


@pytest.mark.parametrize(
    ("fault", "error", "tries", "seconds"),
    [
        *((denied, Denied, "", seconds) for seconds in LEFT.values()),
        *((offline, Unreachable, "", seconds) for seconds in (840, 59)),
        *((throttled, Unreachable, "AssumeRole Throttling", seconds) for seconds in (840, 59)),
    ],
)
def test_what_is_left_is_served_where_it_can_t_be_renewed(
    office: Office, fault: Callable[[Office], None], error: type[XswitchError], tries: str, seconds: int
) -> None:
    key = with_left(office, seconds)
    fault(office)
    if seconds < 60:
        with pytest.raises(error):
            office.serve()
        return
    assert office.serve().credentials.access_key_id == key
    made = office.calls()
    assert not tries or set(made) == {tries}
    for _ in range(5):
        assert office.serve().credentials.access_key_id == key
    assert office.calls() == [], "an SDK that asks each second asks AWS once a minute"


@pytest.mark.parametrize("seconds", LEFT.values(), ids=LEFT)
def test_what_is_left_is_served_where_a_person_is_needed(office: Office, seconds: int) -> None:
    key = with_left(office, seconds, MFA, code=True)
    if seconds < 60:
        with pytest.raises(PersonNeeded):
            office.serve()
    else:
        assert office.serve().credentials.access_key_id == key
    assert office.calls() == []


def test_a_failed_renewal_is_tried_again_after_a_minute(office: Office) -> None:
    key = with_left(office, 840)
    office.faults.throttle(None)
    assert office.serve().credentials.access_key_id == key
    assert set(office.calls()) == {"AssumeRole Throttling"}
    office.faults.clear()
    assert office.serve().credentials.access_key_id == key
    assert office.calls() == []
    office.shift += 61
    renewed = office.serve()
    assert renewed.credentials.access_key_id != key
    assert office.calls() == ["AssumeRole ok"]
    office.faults.shorten(840, 1)
    office.open(role="ReadOnly")
    office.calls()
    office.serve("ReadOnly")
    assert office.calls() == ["AssumeRole ok"], "one role's failure is none of another's"


def test_a_helper_program_is_nobody(office: Office, tmp_path) -> None:
    asked = tmp_path / "asked"
    program = tmp_path / "code"
    code = tmp_path / "now"
    program.write_text(f"#!/bin/sh\necho x >>{asked}\nexec cat {code}\n")
    program.chmod(0o700)
    office.roles(MFA, identity=f'mfa_process = "{program}"')
    code.write_text(office.practice.code())
    office.faults.shorten(840, 1, "AssumeRole")
    key = office.serve().credentials.access_key_id
    office.shift += 31
    code.write_text(office.practice.code())
    assert office.serve().credentials.access_key_id != key
    assert office.calls() == ["AssumeRole ok", "AssumeRole ok"]
    assert asked.read_text() == "x\nx\n"


def test_a_helper_program_that_fails_is_run_once_a_minute(office: Office, tmp_path) -> None:
    key = with_left(office, 840, MFA, code=True)
    asked, program = tmp_path / "asked", tmp_path / "code"
    program.write_text(f"#!/bin/sh\necho x >>{asked}\nexit 1\n")
    program.chmod(0o700)
    office.roles(MFA, identity=f'mfa_process = "{program}"')
    for _ in range(5):
        assert office.serve().credentials.access_key_id == key
    assert asked.read_text() == "x\n"
    office.shift += 61
    office.serve()
    assert asked.read_text() == "x\nx\n"


@pytest.mark.parametrize(("seconds", "patience"), [(840, RENEWAL_PATIENCE), (59, SDK_PATIENCE)])
def test_an_sdk_that_can_be_served_does_not_wait_for_another_s_renewal(
    office: Office, seconds: int, patience: float
) -> None:
    with_left(office, seconds)
    engine = office.engine()
    plan = engine.plan(engine.resolve("web-dev/PowerUser"))
    told: list[float] = []
    lock = engine.vault.lock

    def telling(name: str, *, timeout: float, purpose: str) -> AbstractContextManager[None]:
        told.append(timeout)
        return lock(name, timeout=timeout, purpose=purpose)

    engine.vault.lock = telling  # type: ignore[method-assign]
    engine.serve(plan, Nobody())
    assert told == [patience]


def test_a_live_mfa_session_renews_without_a_code(office: Office) -> None:
    key = with_left(office, 240, "mfa = true", code=True)
    assert office.serve().credentials.access_key_id != key
    assert office.calls() == ["AssumeRole ok"]


def test_a_new_session_of_less_than_a_minute_is_none(office: Office) -> None:
    office.faults.shorten(40, None, "AssumeRole")
    with pytest.raises(PersonNeeded, match=r"AWS gave web-dev/PowerUser 3\ds: 1m can't be had"):
        office.serve()


def test_a_quarter_of_an_hour_that_was_asked_for_is_not_renewed_at_each_call(office: Office) -> None:
    office.roles('duration = "15m"')
    key = office.serve().credentials.access_key_id
    assert office.serve().credentials.access_key_id == key
    assert office.calls() == ["AssumeRole ok"]
    office.shift += 451
    assert office.serve().credentials.access_key_id != key


def test_a_session_of_a_guarded_account_is_served_within_the_grant_alone(office: Office) -> None:
    office.roles("", environment='[environments.kept]\nconfirm = "ask"\nmax_duration = "1h"')
    with pytest.raises(PersonNeeded, match="guarded"):
        office.serve()
    assert office.calls() == []


# ── time that a command wants


def test_time_that_is_wanted_is_there_or_the_session_is_renewed_first(office: Office) -> None:
    key = with_left(office, 1800)
    assert office.open(min_left=1700).credentials.access_key_id == key
    assert office.calls() == []
    session = office.open(min_left=2700)
    assert session.credentials.access_key_id != key
    assert session.expires - office.clock() > 2700
    assert office.calls() == ["AssumeRole ok"]
    whole = office.open(min_left=3600)
    assert whole.expires - office.clock() > 3590


@pytest.mark.parametrize(("seconds", "calls"), [(1800, 1), (900, 1)])
def test_less_than_was_asked_of_aws_is_refused(office: Office, seconds: int, calls: int) -> None:
    office.faults.shorten(seconds, None, "AssumeRole")
    with pytest.raises(PersonNeeded, match=r"AWS gave web-dev/PowerUser .*m: 45m can't be had"):
        office.open(min_left=2700)
    assert office.calls() == ["AssumeRole ok"] * calls
    with pytest.raises(PersonNeeded):
        office.open(min_left=2700)


def test_a_renewal_that_is_shorter_than_what_it_renews_is_refused_too(office: Office) -> None:
    with_left(office, 1800)
    office.faults.shorten(600, 1, "AssumeRole")
    with pytest.raises(PersonNeeded, match="can't be had"):
        office.open(min_left=2700)


def test_more_than_a_session_lasts_is_refused_before_anybody_is_asked(office: Office) -> None:
    office.roles("mfa = true")
    with pytest.raises(PersonNeeded, match=r"lasts 1h, .*: 2h can't be had"):
        office.open(min_left=7200, code=True)
    assert office.calls() == []


def test_a_refusal_is_not_taken_for_all_that_the_role_gives(office: Office) -> None:
    """It may have been a refusal of more; with a session in the account IAM says what the role gives."""
    root = office.practice.organization.root("697658141357")
    root.iam("UpdateRole", RoleName="PowerUser", MaxSessionDuration=7200)
    office.roles('duration = "4h"')
    assert office.open().duration == 3600
    assert office.calls() == ["AssumeRole ValidationError", "AssumeRole ok"]
    office.shift += 2
    office.open(role="ReadOnly")
    office.calls()
    assert office.open(min_left=7200).duration == 7200
    assert office.calls() == ["GetRole ok", "AssumeRole ok"]


def test_where_nobody_is_there_for_a_code_the_time_is_refused(office: Office) -> None:
    with_left(office, 1800, MFA, code=True)
    with pytest.raises(PersonNeeded, match="needs an MFA code"):
        office.open(min_left=2700)
    assert office.calls() == []


# ── the ladder, against IAM


def test_iam_is_asked_by_a_session_of_the_account(office: Office) -> None:
    office.roles('duration = "12h"')
    office.open(role="ReadOnly")
    office.calls()
    session = office.open()
    assert (session.duration, session.why, session.asked) == (28800, "the role's maximum", 43200)
    assert office.calls() == ["GetRole ok", "AssumeRole ok"]
    (live,) = [one for one in office.engine().live() if one.target == "web-dev/PowerUser"]
    assert (live.duration, live.why, live.asked) == (28800, "the role's maximum", 43200)


def test_who_may_not_read_roles_is_told_no_and_the_try_goes_on(office: Office) -> None:
    office.open()
    office.roles('duration = "12h"')
    office.calls()
    assert office.open(duration=28800).duration == 28800
    assert office.calls() == ["GetRole AccessDenied", "AssumeRole ok"]
    assert office.open(duration=25200).duration == 25200
    assert office.calls() == ["AssumeRole ok"]


def test_where_the_code_goes_is_the_person_s_to_say(office: Office) -> None:
    office.roles(MFA)
    office.prefer('mfa_session = "always"\n')
    session = office.open(code=True)
    assert (session.duration, session.why, session.asked) == (3600, "mfa_session is always", 7200)
    assert office.calls() == ["GetSessionToken ok", "AssumeRole ok"]
    office.prefer('mfa_session = "never"\n')
    office.shift += 31
    assert office.open(code=True).duration == 7200
    assert "GetSessionToken ok" not in office.calls()


def test_after_a_switch_what_is_over_is_swept_once_an_hour(office: Office) -> None:
    office.open()
    stamp = office.paths.state / "swept"
    assert stamp.exists(), "the first hour begins"
    old = office.clock() - 7200
    os.utime(stamp, (old, old))
    office.open(role="ReadOnly")
    assert office.clock() - stamp.stat().st_mtime < 60
    os.utime(stamp, (old, old))
    office.serve()
    assert stamp.stat().st_mtime == pytest.approx(old), "what is only served sweeps nothing"


@pytest.mark.parametrize("fault", [None, denied])
def test_another_that_renews_at_the_same_moment_is_not_overtaken(
    office: Office, monkeypatch: pytest.MonkeyPatch, fault: Callable[[Office], None] | None
) -> None:
    before = with_left(office, 600)
    engine = office.engine()
    failures = engine.people.failures
    real, others = failures.recent, []

    def recent(record: str) -> bool:
        """Let another process renew between our look at the vault and our wait for its lock."""
        found = real(record)
        others.append(office.serve())
        return found

    if fault is not None:
        fault(office)
    monkeypatch.setattr(type(failures), "recent", lambda self, record: recent(record) if self is failures else False)
    session = engine.serve(engine.plan(engine.resolve("web-dev/PowerUser")), Nobody())
    assert len(office.calls()) == 1
    assert [session.credentials] == [one.credentials for one in others]
    assert (session.credentials.access_key_id == before) is (fault is not None)
