from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import examples

from xswitch.catalog import journal, ledger, pins, visits

NOW = 1_790_000_000.0
DAY = 86400.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "visits.json"


def test_a_visit_is_kept_with_its_time(path: Path) -> None:
    visits.record(path, "payments-prod/ReadOnly", NOW)
    assert visits.load(path) == {"payments-prod/ReadOnly": (1.0, 1, NOW)}
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_week_halves_what_was(path: Path) -> None:
    visits.record(path, "a/b", NOW)
    visits.record(path, "a/b", NOW + 7 * DAY)
    visits.record(path, "a/b", NOW + 14 * DAY)
    total, count, last = visits.load(path)["a/b"]
    assert total == pytest.approx(1 + 0.5 + 0.25)
    assert (count, last) == (3, NOW + 14 * DAY)


def test_a_clock_set_back_neither_grows_nor_loses_a_sum(path: Path) -> None:
    visits.record(path, "a/b", NOW)
    visits.record(path, "a/b", NOW - 30 * DAY)
    assert visits.load(path)["a/b"] == (2.0, 2, NOW - 30 * DAY)


def test_no_file_is_no_visits(path: Path) -> None:
    assert visits.load(path) == {}
    assert not path.parent.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"\xff\xfe", b"[]", b"null x", b'{"version": 2, "visits": {}}', b'{"version": 1, "visits": []}',
        b'{"version": 1}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_broken_file_is_kept_aside_and_begun_anew(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    assert visits.load(path) == {}
    assert path.read_bytes() == content, "loading changes nothing"
    visits.record(path, "a/b", NOW)
    assert visits.load(path) == {"a/b": (1.0, 1, NOW)}
    assert path.with_name("visits.json.broken").read_bytes() == content


@pytest.mark.parametrize(
    "entry",
    ["[NaN, 1, 5]", "[1, 1, Infinity]", "[-1, 1, 5]", "[1, 0, 5]", "[1, 1]", '"x"', "null", f"[1{'0' * 400}, 1, 5]"],
)
def test_an_entry_that_makes_no_sense_is_left_out(path: Path, entry: str) -> None:
    path.parent.mkdir()
    path.write_text(f'{{"version": 1, "visits": {{"bad/one": {entry}, "good/one": [2.5, 3, 7]}}}}')
    assert visits.load(path) == {"good/one": (2.5, 3, 7.0)}


def test_an_unreadable_file_is_no_visits_and_is_not_replaced(path: Path) -> None:
    path.mkdir(parents=True)  # a folder where the file should be
    assert visits.load(path) == {}
    with pytest.raises(OSError, match="visits"):
        visits.record(path, "a/b", NOW)
    assert path.is_dir()


def test_the_least_used_targets_are_forgotten(path: Path) -> None:
    path.parent.mkdir()
    many = {f"old-{number}/R": [1.0, 1, NOW - number * DAY] for number in range(600)}
    path.write_text(json.dumps({"version": 1, "visits": many}))
    visits.record(path, "new/R", NOW)
    kept = visits.load(path)
    assert len(kept) == 500
    assert "new/R" in kept
    assert set(kept) - {"new/R"} == {f"old-{number}/R" for number in range(499)}


def test_a_new_target_stays_where_all_others_have_more(path: Path) -> None:
    path.parent.mkdir()
    path.write_text(json.dumps({"version": 1, "visits": {f"{n}/R": [50.0, 50, NOW] for n in range(500)}}))
    visits.record(path, "new/R", NOW)
    assert visits.load(path)["new/R"] == (1.0, 1, NOW)
    assert len(visits.load(path)) == 500


def test_parallel_writers_lose_nothing(path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from xswitch.catalog import pins, visits\n"
        "for n in range(15):\n"
        f" visits.record(Path(sys.argv[1]), 'shared/R', {NOW})\n"
        f" visits.record(Path(sys.argv[1]), sys.argv[2] + '/R', {NOW})\n"
        "pins.toggle(Path(sys.argv[1]).with_name('pins.json'), sys.argv[2])\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program, str(path), f"own-{number}"], env=dict(os.environ))
        for number in range(4)
    ]
    assert [process.wait(60) for process in running] == [0, 0, 0, 0]
    kept = visits.load(path)
    assert kept["shared/R"] == (60.0, 60, NOW)
    assert [kept[f"own-{number}/R"][1] for number in range(4)] == [15] * 4
    assert sorted(pins.load(path.with_name("pins.json"))) == [f"own-{number}" for number in range(4)]
    assert [name.name for name in path.parent.iterdir() if name.name.endswith(".tmp")] == []


def test_a_lock_that_is_never_given_back_stops_nobody(path: Path) -> None:
    pauses: list[float] = []
    with ledger.locked(path), pytest.raises(TimeoutError, match=r"visits\.json"), ledger.locked(path, pauses.append):
        pass
    assert sum(pauses) == pytest.approx(2.0)
    visits.record(path, "a/b", NOW)


def test_a_visit_that_was_left_counts_at_once_and_is_entered_once(path: Path) -> None:
    visits.record(path, "a/b", NOW)
    for at, name in ((NOW + 7 * DAY, "a/b"), (NOW + 8 * DAY, 'é "new"\\R')):
        journal.leave(str(path), name, at)
    waiting = path.with_name("visits.json.new")
    assert waiting.stat().st_mode & 0o777 == 0o600
    expected = {"a/b": (1.5, 2, NOW + 7 * DAY), 'é "new"\\R': (1.0, 1, NOW + 8 * DAY)}
    assert visits.load(path) == visits.load(path) == expected
    visits.record(path, "c/d", NOW + 9 * DAY)
    assert waiting.read_bytes() == b""
    assert visits.load(path) == expected | {"c/d": (1.0, 1, NOW + 9 * DAY)}
    visits.record(path, "c/d", NOW + 9 * DAY)
    assert visits.load(path)["a/b"] == expected["a/b"]


def test_of_what_waits_only_whole_visits_count(path: Path) -> None:
    path.parent.mkdir()
    journal.leave(str(path), "a/b", NOW)
    waiting = path.with_name("visits.json.new")
    waiting.write_bytes(b'x "y/z"\nnan "y/z"\n5 y/z\n5 ["y/z"]\n\xff\n\n' + waiting.read_bytes() + b'5 "half')
    assert visits.load(path) == {"a/b": (1.0, 1, NOW)}


def test_what_waits_is_bounded(path: Path) -> None:
    path.parent.mkdir()
    waiting = path.with_name("visits.json.new")
    waiting.write_bytes(b"\n" * (1 << 20))
    journal.leave(str(path), "a/b", NOW)
    assert waiting.stat().st_size == 1 << 20


def test_those_who_leave_and_those_who_enter_lose_nothing(path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from xswitch.catalog import journal, visits\n"
        "for n in range(25):\n"
        f" journal.leave(sys.argv[1], 'shared/R', {NOW})\n"
        f" if n % 5 == 0: visits.record(Path(sys.argv[1]), 'shared/R', {NOW})\n"
    )
    path.parent.mkdir()
    running = [subprocess.Popen([sys.executable, "-c", program, str(path)]) for _ in range(4)]
    assert [process.wait(60) for process in running] == [0, 0, 0, 0]
    assert visits.load(path)["shared/R"] == (120.0, 120, NOW)


@given(total=st.floats(), count=st.integers(), last=st.floats(), now=st.floats())
@examples(200)
def test_the_bonus_is_bounded_whatever_is_in_the_file(total: float, count: int, last: float, now: float) -> None:
    assert 0.0 <= visits.frecency((total, count, last), now) <= visits.BONUS_LIMIT


def test_the_bonus_is_as_documented() -> None:
    assert visits.frecency((1.0, 1, NOW), NOW) == 1.0
    assert visits.frecency((3.0, 3, NOW), NOW) == 2.0
    assert visits.frecency((2.0, 2, NOW - 7 * DAY), NOW) == 1.0
    assert visits.frecency((10_000.0, 10_000, NOW), NOW) == 8.0
    assert visits.frecency((1.0, 1, NOW), NOW + 3650 * DAY) == pytest.approx(0.0, abs=1e-9)
    assert math.isclose(visits.frecency((1.0, 1, NOW + DAY), NOW), 1.0)


def test_pins_toggle_in_order(tmp_path: Path) -> None:
    path = tmp_path / "state" / "pins.json"
    assert pins.load(path) == ()
    assert pins.toggle(path, "b/R") is True
    assert pins.toggle(path, "a/R") is True
    assert pins.load(path) == ("b/R", "a/R")
    assert pins.toggle(path, "b/R") is False
    assert pins.toggle(path, "b/R") is True
    assert pins.load(path) == ("a/R", "b/R")


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"version": 1, "pins": "a"}', b'{"version": 9, "pins": []}'])
def test_broken_pins_are_kept_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pins.json"
    path.write_bytes(content)
    assert pins.load(path) == ()
    assert pins.toggle(path, "a/R") is True
    assert pins.load(path) == ("a/R",)
    assert path.with_name("pins.json.broken").read_bytes() == content


def test_pins_hold_each_name_once(tmp_path: Path) -> None:
    path = tmp_path / "pins.json"
    path.write_text('{"version": 1, "pins": ["a/R", 5, "a/R", "b/R"]}')
    assert pins.load(path) == ("a/R", "b/R")


def test_loading_is_light() -> None:
    heavy = {"json", "frizbee", "fcntl", "argparse", "tomli"}
    program = f"import sys, xswitch.catalog.visits, xswitch.catalog.pins; print(*({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, env=dict(os.environ)
    )
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
