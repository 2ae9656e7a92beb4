"""The vault under fire, as it looks from outside: the installed program, a real STS, and what is done to the home."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from fire_house import GUARDED, PASSED, TARGET, YEAR, FireHouse

FULL = "ulimit -f 0"
"""No file may grow: what a full disk is to a program, for anybody and in any container."""


def test_a_full_disk_serves_what_is_there_and_hands_over_what_was_just_paid_for(fire_house: FireHouse) -> None:
    done = fire_house.run("exec", TARGET, "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID", under=FULL)
    assert done.returncode == 0, done
    assert done.stdout.startswith("ASIA")
    assert "a limit on the size of files is in force; this session is handed over all the same" in done.stderr
    assert fire_house.calls() == 1

    kept = fire_house.key()
    assert kept != done.stdout.strip()
    assert fire_house.calls() == 2
    assert fire_house.key(under=FULL) == kept
    done = fire_house.run("exec", TARGET, "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID", under=FULL)
    assert (done.stdout.strip(), done.stderr) == (kept, "")
    assert fire_house.calls() == 2


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
def test_a_clock_that_is_a_year_off_serves_nothing_that_ended(fire_house: FireHouse, shift: float) -> None:
    """AWS says what time it is with its first answer; what was opened under either clock is good under the other."""
    first = fire_house.key()
    off = fire_house.key(shift=shift)
    assert fire_house.key(shift=shift) == off
    calls = fire_house.calls()
    again = fire_house.key()
    assert again in (first, off)
    assert fire_house.calls() == calls
    shown = fire_house.run("sessions", "--json")
    assert shown.returncode == 0
    assert shown.stdout.count('"target"') == 1


def test_sessions_that_ended_are_cleared_away(fire_house: FireHouse) -> None:
    fire_house.key()
    fire_house.run("sessions", "end", TARGET)
    trash = fire_house.vault / "trash"
    assert len(list(trash.glob("*.rec"))) == 1
    (aside,) = trash.glob("*.rec")
    os.utime(aside, (aside.stat().st_mtime - 60,) * 2)
    (fire_house.vault / ".session-x.rec.1.abc.tmp").write_bytes(b"torn")
    fire_house.key()
    assert [path.suffix for path in trash.iterdir()] == [".gone"]
    assert not list(fire_house.vault.glob(".*.tmp"))
