"""Processes that want one session at once, on a real vault and a real STS over HTTP."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.process import BaseProcess

import elsewhere
import pytest

SPAWN = multiprocessing.get_context("spawn")


class Crowd:
    """Processes that each open one session."""

    def __init__(self, house) -> None:
        self.house = house
        self.found = SPAWN.Queue()
        self.members: list[BaseProcess] = []

    def add(self, target: str, *, fresh: bool = False, **environ: str) -> BaseProcess:
        arguments = (self.house.environ | environ, target, self.found, fresh)
        member = SPAWN.Process(target=elsewhere.open_session, args=arguments)
        member.start()
        self.members.append(member)
        return member

    def outcome(self) -> list[tuple[str, object]]:
        found = [self.found.get(timeout=60) for _ in self.members]
        for member in self.members:
            member.join(30)
            assert member.exitcode == 0
        return found


@pytest.fixture
def crowd(house):
    made = Crowd(house)
    yield made
    for member in made.members:
        if member.is_alive():
            member.kill()
        member.join(10)
        member.close()
    made.found.close()
    made.found.join_thread()


def test_one_call_and_one_code_for_all_processes(house, crowd):
    house.open("payments-dev/ReadOnly")
    calls = len(house.calls)
    code = house.practice.code()
    for _ in range(5):
        crowd.add("payments-prod/Deploy", XSWITCH_MFA_CODE=code)
    found = crowd.outcome()
    assert sorted(kind for kind, _ in found) == ["opened", *["served"] * 4]
    assert len({key for _, key in found}) == 1
    assert house.calls[calls:] == ["GetSessionToken ok", "AssumeRole ok"]


def test_nobody_to_ask_is_a_quick_answer_for_each(house, crowd):
    house.open("payments-dev/ReadOnly")
    calls = len(house.calls)
    for _ in range(3):
        crowd.add("payments-prod/Deploy")
    assert crowd.outcome() == [("PersonNeeded", 5)] * 3
    assert house.calls[calls:] == []


def test_renewals_at_once_are_one_call_and_the_old_session_stays_meanwhile(house, crowd):
    old = house.open("payments-prod/ReadOnly")
    calls = len(house.calls)
    house.sandbox.faults.slow(4.0, 1, "AssumeRole")
    for _ in range(3):
        crowd.add("payments-prod/ReadOnly", fresh=True)
    _wait_until(lambda: _purposes(house) != [], "a renewal is under way")
    served = house.broker.live(house.planned("payments-prod/ReadOnly"))
    assert served is not None
    found = crowd.outcome()
    assert len(house.calls[calls:]) < 3, "those that came while it was under way shared it"
    assert old.credentials.access_key_id not in {key for _, key in found}


def test_a_holder_that_is_killed_leaves_the_lock_to_the_next(house, crowd):
    house.open("payments-dev/ReadOnly")
    house.sandbox.faults.slow(20.0, 1, "AssumeRole")
    holder = crowd.add("payments-prod/ReadOnly")
    _wait_until(lambda: any("opening payments-prod/ReadOnly" in line for line in _purposes(house)), "it holds the lock")
    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    holder.join(10)
    house.sandbox.faults.clear()
    began = time.monotonic()
    session = house.open("payments-prod/ReadOnly")
    assert time.monotonic() - began < 10
    assert session.kept


def _purposes(house) -> list[str]:
    """What the locks of sessions say of their holders."""
    folder = house.paths.state / "vault" / "locks"
    return [text for path in folder.glob("session-*") if (text := path.read_text().strip())]


def _wait_until(condition, what: str) -> None:
    pause = threading.Event()
    for _ in range(1500):
        if condition():
            return
        pause.wait(0.02)
    raise AssertionError(f"not within 30 seconds: {what}")
