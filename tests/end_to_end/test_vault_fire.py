"""The vault under fire, as it looks from outside: the installed program, a real STS, and what is done to the home."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import fire
import pytest
from fire_house import GUARDED, PASSED, TARGET, YEAR, FireHouse, in_one_process

FULL = "ulimit -f 0"
"""No file may grow: what a full disk is to a program, for anybody and in any container."""


def test_a_full_disk_serves_what_is_there_and_hands_over_what_was_just_paid_for(fire_house: FireHouse) -> None:
    words = "a limit on the size of files is in force; this session is handed over all the same"
    done = fire_house.run("exec", TARGET, "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID", under=FULL)
    assert done.returncode == 0, done
    assert done.stdout.startswith("ASIA")
    assert words in done.stderr
    served = fire_house.run("credential-process", TARGET, under=FULL)
    assert json.loads(served.stdout)["AccessKeyId"] != done.stdout.strip()
    assert words in served.stderr
    assert fire_house.calls() == 2, "one for each, since neither could be kept"

    kept = fire_house.key()
    assert fire_house.calls() == 3
    assert fire_house.key(under=FULL) == kept
    done = fire_house.run("exec", TARGET, "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID", under=FULL)
    assert (done.stdout.strip(), done.stderr) == (kept, "")
    assert fire_house.calls() == 3


def test_a_full_disk_keeps_no_guard_and_no_identity_and_says_so(fire_house: FireHouse) -> None:
    fire_house.refused(6, "a limit on the size of files", "exec", GUARDED, *PASSED, "--", "true", under=FULL)
    assert fire_house.calls() == 0
    shutil.rmtree(fire_house.vault)
    fire_house.refused(6, "a limit on the size of files", "exec", TARGET, "--", "true", under=FULL)
    assert fire_house.calls() == 0


def test_a_real_disk_that_is_full(xswitch: str, newcomer: dict[str, str], tmp_path: Path) -> None:
    """A small file system of its own, where mounting one is allowed; elsewhere the limit above has to do."""
    (tmp_path / "disk").mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "none", str(tmp_path / "disk")], capture_output=True
    ).returncode:
        pytest.skip("no privilege to mount a file system")
    house = FireHouse(xswitch, newcomer, tmp_path / "disk" / "xswitch")
    try:
        house.settle()
        kept = house.key()
        with (tmp_path / "disk" / "filler").open("wb", buffering=0) as filler, pytest.raises(OSError):
            while True:
                filler.write(b"x" * 4096)
        assert house.key() == kept
        other = "web-dev/ReadOnly"
        done = house.run("exec", other, "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID")
        if done.returncode:  # not even the lock of that session could be made: then nothing was paid for
            assert "the disk is full" in done.stderr
            assert (done.returncode, house.calls()) == (6, 1)
        else:
            assert done.stdout.startswith("ASIA")
            assert "the disk is full; this session is handed over all the same" in done.stderr
        assert house.key() == kept
        (tmp_path / "disk" / "filler").unlink()
        assert house.key(target=other).startswith("ASIA")
        assert not list((tmp_path / "disk").rglob("*.tmp"))
    finally:
        house.sandbox.stop()
        subprocess.run(["umount", str(tmp_path / "disk")], check=True)


def test_a_changed_key_is_refused_and_loses_nothing(fire_house: FireHouse) -> None:
    kept = fire_house.key()
    key, identity = fire_house.vault / "key", fire_house.vault / "id"
    before = {path.name: path.read_bytes() for path in fire_house.vault.glob("*.rec")}
    for file, wrong, words in (
        (key, "ab" * 32, "is not the one that sealed"),
        (identity, "cd" * 16, "names another vault"),
    ):
        right = file.read_text()
        file.write_text(f"{wrong}\n")
        hint = fire_house.refused(6, words, "credential-process", TARGET)
        assert str(file) in hint
        fire_house.refused(6, words, "exec", TARGET, "--", "true")
        file.write_text(right)
        assert fire_house.key() == kept
    assert {path.name: path.read_bytes() for path in fire_house.vault.glob("*.rec")} == before
    assert fire_house.calls() == 1


@pytest.mark.parametrize("shift", [YEAR, -YEAR])
def test_a_clock_that_is_a_year_off_loses_no_session_and_serves_none_that_ended(
    fire_house: FireHouse, shift: float
) -> None:
    """AWS tells the time with its first answer; from then on a session that is served has an hour by AWS's clock."""
    first = fire_house.key()
    off = fire_house.key(shift=shift)
    assert off != first, "by this clock it ended long ago, or was not yet opened"
    assert fire_house.calls() == 2
    assert fire_house.key(shift=shift) == off
    assert fire_house.key() == off, "the clock is right again"
    assert fire_house.calls() == 2
    (live,) = json.loads(fire_house.run("sessions", "--json").stdout)
    assert 3400 < live["remaining"] <= 3600


@pytest.mark.parametrize("shift", [YEAR, -YEAR])
def test_a_clock_that_is_a_year_off_makes_no_grant_longer(fire_house: FireHouse, shift: float) -> None:
    assert fire_house.run("exec", GUARDED, *PASSED, "--", "true").returncode == 0
    assert fire_house.key(target=GUARDED)
    fire_house.refused(5, "is guarded", "credential-process", GUARDED, shift=shift)
    assert fire_house.key(target=GUARDED)


def test_a_session_that_was_ended_can_not_be_had_back_by_setting_the_clock(fire_house: FireHouse) -> None:
    kept = fire_house.key()
    fire_house.run("sessions", "end", TARGET)
    for shift in (YEAR, -YEAR):
        shown = fire_house.run("sessions", "--json", shift=shift)
        assert (shown.returncode, json.loads(shown.stdout)) == (0, [])
    assert fire_house.key() != kept


def test_sessions_that_ended_are_cleared_away(fire_house: FireHouse) -> None:
    fire_house.key()
    fire_house.run("sessions", "end", TARGET)
    trash = fire_house.vault / "trash"
    assert len(list(trash.glob("*.rec"))) == 1
    (aside,) = trash.glob("*.rec")
    os.utime(aside, (aside.stat().st_mtime - 60,) * 2)
    (fire_house.vault / ".session-x.rec.1.abc.tmp").write_bytes(b"torn")
    stamp = fire_house.vault.parent / "swept"
    os.utime(stamp, (stamp.stat().st_mtime - 3700,) * 2)
    fire_house.key()
    end = time.monotonic() + 30
    while [path.suffix for path in trash.iterdir()] != [".gone"] or list(fire_house.vault.glob(".*.tmp")):
        assert time.monotonic() < end, "a process that nobody waits for does it"
        time.sleep(0.02)


def test_a_home_that_can_t_be_written_serves_what_is_live(xswitch: str, newcomer: dict[str, str]) -> None:
    """Under a uid that permissions bind. All in one process, so that it has loaded what that uid may not read."""
    with FireHouse.reachable(xswitch, newcomer) as house:
        house.settle()
        serve = ["credential-process", TARGET]
        (first,), (second, listed, other, guarded, ended, locked) = in_one_process(
            house,
            [serve],
            [
                serve,
                ["sessions", "--json"],
                ["env", "web-dev/ReadOnly", "--format", "json"],
                ["env", GUARDED, *PASSED, "--format", "bash"],
                ["sessions", "end", TARGET],
                ["lock"],
            ],
        )
        assert (first.status, second.status) == (0, 0)
        assert json.loads(second.out)["AccessKeyId"] == json.loads(first.out)["AccessKeyId"]
        assert [one["target"] for one in json.loads(listed.out)] == [TARGET]
        for one, doing in ((other, "lock"), (guarded, "write|lock"), (ended, "lock"), (locked, "write")):
            assert one.status == 6, one
            assert re.search(f"the vault can't ({doing}) .*permission denied", one.err), one
            assert "  hint: make the folder yours again" in one.err
        assert other.out == "" and guarded.out == "false\n"
        assert house.calls() == 1


def test_a_real_disk_that_is_read_only(fire_house: FireHouse) -> None:
    """Where mounting is allowed; elsewhere the permissions above have to do."""
    kept = fire_house.key()
    home = str(fire_house.home)
    if subprocess.run(["mount", "--bind", home, home], capture_output=True).returncode:
        pytest.skip("no privilege to mount a file system")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", home], check=True)
        assert fire_house.key() == kept
        done = fire_house.run("exec", TARGET, "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID")
        assert (done.returncode, done.stdout.strip()) == (0, kept)
        fire_house.refused(6, "the disk is read-only", "exec", "web-dev/ReadOnly", "--", "true")
        fire_house.refused(6, "the disk is read-only", "exec", GUARDED, *PASSED, "--", "true")
        fire_house.refused(6, "the disk is read-only", "lock")
        assert fire_house.calls() == 1
    finally:
        subprocess.run(["umount", home], check=True)
    assert fire_house.key() == kept


def test_a_kill_anywhere_in_a_switch_is_mended_by_the_next(fire_house: FireHouse, tmp_path: Path) -> None:
    """Every seventh change, from the lock to the log; `make soak` takes the others."""
    template = tmp_path / "template"
    shutil.copytree(fire_house.home, template)

    def switch() -> None:
        fire_house.serve()

    kills = 0
    for point in range(0, 700, 7):
        shutil.rmtree(fire_house.home)
        shutil.copytree(template, fire_house.home)
        calls = fire_house.calls()

        def deadly(point: int = point) -> None:
            with fire.dying(point):
                switch()

        status = fire.run(deadly)
        assert status in (0, -signal.SIGKILL)
        assert fire_house.calls() - calls <= 1
        assert fire.run(switch) == 0, f"after change {point}"
        assert fire_house.calls() - calls <= 2
        (session,) = [one for one in fire_house.engine().live() if one.target == TARGET]
        assert session.expires
        assert fire_house.engine().vault.damaged() == ()
        fire_house.engine().vault.sweep(0.0)
        assert not [path for path in fire_house.home.rglob("*.tmp") if "session" in path.name or "learnt" in path.name]
        if status == 0:
            break
        kills += 1
    else:
        raise AssertionError("every run was killed")
    assert kills >= 3
