"""What is over is cleared away once an hour, by a process that nobody waits for; what AWS still honours stays."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from practice_house import a_vault

from xswitch.session import sweeping
from xswitch.session.failures import Failures
from xswitch.session.learnt import Learnt
from xswitch.vault import steady

Started = list[tuple[list[str], dict[str, str]]]
NOW = 1_790_000_000.0
ENVIRON = {"PATH": "/bin", "XSWITCH_PASSPHRASE": "hidden", "AWS_SECRET_ACCESS_KEY": "hidden"}


def begin(state: Path, now: float) -> Started:
    """Begin a sweep, and return what was started."""
    started: Started = []
    due = sweeping.begin(state, now, ENVIRON, lambda argv, environ: started.append((argv, environ)))
    assert due is bool(started)
    return started


def test_one_an_hour_and_none_where_nothing_is_old_yet(tmp_path: Path) -> None:
    assert begin(tmp_path, NOW) == []
    assert begin(tmp_path, NOW + sweeping.EVERY - 1) == []
    ((argv, environ),) = begin(tmp_path, NOW + sweeping.EVERY)
    assert argv == [sys.executable, "-I", "-m", "xswitch.session.sweeping", str(tmp_path)]
    assert environ == {"PATH": "/bin"}, "it needs no secret and gets none"
    assert begin(tmp_path, NOW + sweeping.EVERY + 1) == []
    assert len(begin(tmp_path, NOW)) == 1, "a clock that was set back stops nothing"
    assert (tmp_path / sweeping.STAMP).stat().st_mode & 0o077 == 0


def test_a_switch_never_fails_for_it(tmp_path: Path) -> None:
    def broken(argv: list[str], environ: dict[str, str]) -> None:
        raise OSError("no more processes")

    assert begin(tmp_path / "missing", NOW) == []
    begin(tmp_path, NOW)
    assert not sweeping.begin(tmp_path, NOW + 2 * sweeping.EVERY, ENVIRON, broken)
    (tmp_path / "file").write_text("")
    assert begin(tmp_path / "file", NOW) == []


def agree(state: Path, now: float) -> None:
    """Let AWS's time ``now`` have kept time with the steady clock for more than an hour."""
    moment = steady.beat()
    text = f"{moment.boot} {moment.seconds - 3700!r} {now - 3700!r}\n"
    (state / "vault" / steady.FILE).write_text(text)
    (state / "vault" / steady.FILE).chmod(0o600)


def test_what_ended_by_the_clock_of_aws_goes_and_what_it_honours_stays(tmp_path: Path) -> None:
    now = time.time()
    vault = a_vault(tmp_path)
    for name, ends in {"old": now - 3 * 3600, "recent": now - 1.5 * 3600, "live": now + 60}.items():
        vault.write(name, "session", b"x", issued=ends - 3600, expires=ends, facts={})
    learnt = Learnt(tmp_path, lambda: now)
    learnt.learn_skew(-3600)
    agree(tmp_path, now - 3600)
    assert sweeping.sweep(tmp_path, lambda: now) == 1
    assert {header.name for header in vault.headers()} == {"recent", "live"}, "AWS's clock is an hour behind"
    learnt.learn_skew(0)
    agree(tmp_path, now)
    assert sweeping.sweep(tmp_path, lambda: now) == 1
    assert {header.name for header in vault.headers()} == {"live"}


def test_a_sweep_of_its_own_process_is_nobody_s_child(tmp_path: Path) -> None:
    """What proves it is a note of long ago, which goes."""
    Failures(tmp_path, time.time).note("session-a", RuntimeError())
    note = tmp_path / "failed" / "session-a"
    a_vault(tmp_path).write("live", "session", b"x", issued=0, expires=None, facts={})
    long_ago = time.time() - 2 * 86400
    os.utime(note, (long_ago, long_ago))
    begin(tmp_path, time.time() - sweeping.EVERY)
    assert sweeping.begin(tmp_path, time.time(), os.environ)
    end = time.monotonic() + 60
    while note.exists():
        assert time.monotonic() < end, "it was not swept"
        time.sleep(0.02)
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    assert not any(b"sweeping" in Path(f"/proc/{child}/cmdline").read_bytes() for child in children)
