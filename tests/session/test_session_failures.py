"""One failure is not made many, a wait has a bound, and whatever interrupts a call leaves no lock."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from broker_house import House
from session_doubles import DEV, HUB, NOW, PAYMENTS, Clock, FakePerson, a_target, planned

from xswitch.errors import Denied, PersonNeeded, Unreachable, VaultUnavailable, WrongCode, XswitchError
from xswitch.session.failures import FOLDER, PAUSE, Failures
from xswitch.session.model import Caller
from xswitch.session.sts import WhoAmI

HUB_ROLE = a_target(HUB, "Hub")
CHAINED = a_target(PAYMENTS, "Deploy", via=HUB_ROLE.name, mfa=True)
DENIED = Denied(
    "AWS denied it", "ask", aws_code="AccessDenied", aws_message="no", request_id="r", side="role", target="web-dev/X"
)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "state")


@pytest.fixture
def failures(tmp_path: Path) -> Failures:
    return Failures(tmp_path / "state", Clock())


# ── notes


@pytest.mark.parametrize("error", [DENIED, Unreachable("AWS kept throttling", "wait")])
def test_what_aws_said_is_said_to_who_waited(failures, error):
    mark = failures.mark("session-a")
    assert failures.since("session-a", mark) is None
    failures.note("session-a", error)
    found = failures.since("session-a", mark)
    assert type(found) is type(error)
    assert vars(found) == vars(error)
    assert failures.since("session-a", failures.mark("session-a")) is None, "who comes later tries anew"
    assert failures.since("session-b", "") is None


@pytest.mark.parametrize(
    "error", [WrongCode("that code"), PersonNeeded("nobody"), VaultUnavailable("full"), RuntimeError("a bug")]
)
def test_what_is_one_caller_s_own_is_nobody_else_s(failures, error):
    failures.note("session-a", error)
    assert failures.since("session-a", "") is None
    assert failures.recent("session-a")


def test_a_failure_is_recent_for_a_minute(failures, tmp_path):
    clock = Clock()
    failures = Failures(tmp_path / "state", clock)
    assert not failures.recent("session-a")
    failures.note("session-a", DENIED)
    clock.now += PAUSE - 1
    assert failures.recent("session-a")
    clock.now += 1
    assert not failures.recent("session-a")
    clock.now = NOW - 1
    assert not failures.recent("session-a"), "a clock that was set back keeps nobody waiting"
    clock.now = NOW
    failures.clear("session-a")
    assert not failures.recent("session-a")
    failures.clear("session-a")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"at": "x", "kind": 1, "mark": []}', b"[" * 9999])
def test_a_damaged_note_is_none(failures, tmp_path, content):
    failures.note("session-a", DENIED)
    (tmp_path / "state" / FOLDER / "session-a").write_bytes(content)
    assert failures.since("session-a", "") is None
    assert not failures.recent("session-a")


def test_notes_that_can_t_be_written_are_no_reason_to_fail(tmp_path):
    (tmp_path / "state").write_text("a file")
    failures = Failures(tmp_path / "state", Clock())
    failures.note("session-a", DENIED)
    failures.clear("session-a")
    failures.sweep(0)
    assert failures.mark("session-a") == ""


def test_old_notes_are_swept(tmp_path):
    clock = Clock(time.time() + 1)
    failures = Failures(tmp_path / "state", clock)
    failures.note("session-a", DENIED)
    failures.sweep(60)
    assert failures.mark("session-a")
    clock.now += 61
    failures.sweep(60)
    assert not failures.mark("session-a")


# ── the broker


def together(house: House, plan, many: int, person=None, min_left=60):  # type: ignore[no-untyped-def]
    """Ask for one session from many threads, the first of which waits in AWS until the others wait for it."""
    looked: set[int] = set()
    everybody = threading.Event()
    mark = house.failures.mark

    def counting(name: str) -> str:
        found = mark(name)
        looked.add(threading.get_ident())
        if len(looked) == many:
            everybody.set()
        return found

    house.failures.mark = counting  # type: ignore[method-assign]
    first = house.sts.script.pop(0)

    def wait() -> None:
        assert everybody.wait(20)
        if isinstance(first, Exception):
            raise first

    house.sts.script.insert(0, wait)

    def one(_: int) -> object:
        try:
            return house.another(30).session(plan, person or FakePerson(), min_left=min_left)
        except XswitchError as error:
            return error

    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(one, range(many)))


@pytest.mark.parametrize("error", [DENIED, Unreachable("AWS kept throttling", "wait")])
def test_a_call_that_fails_fails_for_all_who_waited_and_is_made_once(house, error):
    house.sts.script = [error]
    found = together(house, planned(a_target()), 12)
    assert {str(one) for one in found} == {error.message}
    assert len(house.sts.calls) == 1
    assert not house.store.held
    assert house.broker.session(planned(a_target()), FakePerson()).fresh
    assert house.failures.mark(house.broker.names(planned(a_target()))[-1]) == "", "success forgets the failure"


def test_less_than_all_want_is_asked_for_once_where_aws_gives_no_more(house):
    house.sts.life = 900
    house.sts.script = [None]
    found = together(house, planned(a_target()), 8, min_left=2700)
    assert len(house.sts.calls) == 1
    assert {one.expires for one in found} == {NOW + 900}


def test_a_code_that_was_wrong_fails_only_its_own_caller(house):
    house.sts.script = [WrongCode("wrong")]
    person = FakePerson("111111", "222222", "333333")
    house.source = "process"
    found = together(house, planned(a_target(mfa=True)), 2, person)
    assert sum(isinstance(one, WrongCode) for one in found) == 1
    assert len(person.asks) == 2


def test_one_process_asks_whose_keys_they_are_for_all(house):
    plan = planned(a_target(), caller=Caller("central"))
    ask = house.sts.who_am_i

    def slowly(*args: object, **names: object) -> WhoAmI:
        time.sleep(0.05)
        return ask(*args, **names)

    house.sts.who_am_i = slowly
    with ThreadPoolExecutor(8) as pool:
        settled = list(
            pool.map(
                lambda _: house.another(30).settled(
                    plan.identity, lambda who: planned(a_target(), caller=who), FakePerson()
                ),
                range(8),
            )
        )
    assert house.sts.asked_who == 1
    assert {one.caller.user for one in settled} == {"ada"}


def test_who_waits_for_two_locks_waits_no_longer_than_for_one(house):
    plan = planned(CHAINED, HUB_ROLE)
    names = house.broker.names(plan)
    told: list[float] = []
    lock = house.store.lock

    def telling(name, *, timeout, purpose):  # type: ignore[no-untyped-def]
        told.append(timeout)
        return lock(name, timeout=timeout if name == names[-1] else 0, purpose=purpose)

    held = lock(names[-1], timeout=0, purpose="slow")
    held.__enter__()
    house.store.lock = telling
    release = threading.Timer(2.0, held.__exit__, (None, None, None))
    release.start()
    with lock(names[1], timeout=0, purpose="stopped"), pytest.raises(PersonNeeded, match="opening identity-hub/Hub"):
        house.another().session(plan, FakePerson(), patience=5)
    release.join()
    assert told[0] == 5
    assert told[1] <= 4, "what was waited for the first lock is not waited for the second"
    assert house.store.held == set()


# ── interrupted


class Interrupted(BaseException):
    """What a signal raises."""


@pytest.mark.parametrize("where", ["code", "note", "first call", "last call", "write", "read"])
def test_whatever_is_interrupted_leaves_no_lock_and_the_next_goes_on(house, where):
    plan = planned(CHAINED, HUB_ROLE)
    person = FakePerson("111111", "222222", "333333")
    raised = []

    def interrupt(*args: object, **names: object) -> None:
        raised.append(where)
        raise Interrupted

    keep = house.store.write, house.store.read
    if where == "code":
        person.code = interrupt
    elif where == "note":
        person.note = interrupt
    elif where == "first call":
        house.sts.script = [interrupt]
    elif where == "last call":
        house.sts.script = [None, None, interrupt]
    elif where == "write":
        house.store.write = lambda name, kind, *rest, **facts: (
            interrupt() if kind == "session" else keep[0](name, kind, *rest, **facts)
        )
    else:
        house.store.read = lambda name: interrupt() if house.store.held else keep[1](name)
    with pytest.raises(Interrupted):
        house.broker.session(plan, person)
    assert raised == [where]
    assert house.store.held == set()
    house.store.write, house.store.read = keep
    house.clock.now += 60
    again = FakePerson("444444", "555555")
    assert house.another(patience=0.1).session(plan, again).kept


def test_the_lock_of_one_request_is_none_of_another_s(house):
    with house.store.lock(house.broker.names(planned(a_target()))[-1], timeout=0, purpose="stopped"):
        assert house.another(patience=0).session(planned(a_target(DEV, "Other")), FakePerson()).kept
