"""Two hundred processes at once on a few records: nobody sees half of one, an old one, none, or waits for ever."""

from __future__ import annotations

import os
import time
from pathlib import Path

import fire
from board import Board
from fire_operations import vault

from xswitch.errors import VaultUnavailable

WRITERS, READERS = 100, 100
NAMES = 5
ROUNDS = 3


def payload(name: int, version: int) -> bytes:
    return f"{name}:{version};".encode() * 300


def version_of(name: int, content: bytes) -> int:
    """Return the version that a payload is of, once it is seen to be whole and of that name."""
    version = int(content.split(b";")[0].split(b":")[1])
    assert content == payload(name, version), "a mixture"
    return version


def put(home: Path, name: int, version: int) -> None:
    vault(home).write(
        f"record-{name}", "session", payload(name, version), issued=1.0, expires=None, facts={"n": version}
    )


def write(home: Path, number: int, acknowledged: Board, over: Board) -> None:
    """Write the next version as the broker does: under the record's own lock, by what is there."""
    for turn in range(ROUNDS):
        name = (number + turn) % NAMES
        here = vault(home)
        with here.lock(f"record-{name}", timeout=50, purpose="writing"):
            found = here.read(f"record-{name}")
            assert found is not None, "a record that was written is not there"
            version = version_of(name, found.payload)
            assert version == acknowledged.get(name), "an acknowledged version is lost, or one came from nowhere"
            put(home, name, version + 1)
            acknowledged.put(name, version + 1)
    over.put(number, 1)


def read(home: Path, acknowledged: Board, over: Board) -> None:
    """Read until every writer is through: never older than what was acknowledged before the look."""
    here = vault(home)
    while over.sum() != WRITERS:
        for name in range(NAMES):
            least = acknowledged.get(name)
            found = here.read(f"record-{name}")
            assert found is not None, "a record that was written is not there"
            assert version_of(name, found.payload) >= least, "an old answer"
            header = here.header(f"record-{name}")
            assert header is not None and int(header.facts["n"]) >= least
        assert len(here.headers()) == NAMES
        assert here.damaged() == ()
        time.sleep(0.25)  # a hundred of them must leave the writers some of one core


def stand_alone(home: Path, entered: Board, over: Board) -> None:
    """Want the vault alone, again and again, while a hundred write: each time within the bound, or it is starved."""
    while over.sum() != WRITERS or not entered.get(0):
        with vault(home)._keys.exclusive("sweeping", timeout=30):
            entered.add(0)
        time.sleep(0.02)


def test_two_hundred_writers_and_readers_at_once(tmp_path: Path) -> None:
    for name in range(NAMES):
        put(tmp_path, name, 0)
    acknowledged, over, entered = Board(NAMES), Board(WRITERS), Board(1)
    crowd = [
        *(fire.fork(lambda number=number: write(tmp_path, number, acknowledged, over)) for number in range(WRITERS)),
        *(fire.fork(lambda: read(tmp_path, acknowledged, over)) for _ in range(READERS)),
        fire.fork(lambda: stand_alone(tmp_path, entered, over)),
    ]
    assert [fire.join(one) for one in crowd] == [0] * len(crowd)
    assert acknowledged.sum() == WRITERS * ROUNDS
    for name in range(NAMES):
        found = vault(tmp_path).read(f"record-{name}")
        assert found is not None and version_of(name, found.payload) == acknowledged.get(name)
    assert entered.get(0)
    assert not fire.leftovers(tmp_path)


def test_a_wait_is_bounded_for_each_of_a_hundred(tmp_path: Path) -> None:
    """The lock is with a process that stands still: each of the hundred gives up in its time, by the contract's error."""
    put(tmp_path, 0, 0)
    reading, writing = os.pipe()

    def hold() -> None:
        with vault(tmp_path).lock("record-0", timeout=0, purpose="thinking"):
            os.write(writing, b"x")
            time.sleep(fire.LIMIT)

    def wait() -> None:
        try:
            with vault(tmp_path).lock("record-0", timeout=0.3, purpose="writing"):
                raise AssertionError("not reached")
        except VaultUnavailable as error:
            assert f"process {holder}, which is thinking" in error.message
            assert error.exit_status == 6

    holder = fire.fork(hold)
    try:
        assert os.read(reading, 1) == b"x"
        assert {fire.join(one) for one in [fire.fork(wait) for _ in range(100)]} == {0}
    finally:
        os.kill(holder, 9)
        fire.join(holder)
        os.close(reading)
        os.close(writing)
    with vault(tmp_path).lock("record-0", timeout=5, purpose="writing"):
        pass
