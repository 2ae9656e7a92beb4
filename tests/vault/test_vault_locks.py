from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path

import pytest
from vault_tools import finish, run, start

from xswitch.errors import VaultUnavailable
from xswitch.vault import locks
from xswitch.vault.folder import Folder
from xswitch.vault.locks import LockTimeout
from xswitch.vault.store import Vault

HOLD = """
import sys
from xswitch.vault.folder import Folder
from xswitch.vault.locks import hold
with hold(Folder(sys.argv[1]), "a.lock", timeout=5, purpose=sys.argv[2]):
    print("held", flush=True)
    sys.stdin.readline()
"""
COUNT = """
import os, sys
from xswitch.vault.folder import Folder
from xswitch.vault.locks import hold
for _ in range(int(sys.argv[3])):
    with hold(Folder(sys.argv[1]), "a.lock", timeout=60, purpose="counting"):
        with open(sys.argv[2]) as file: number = int(file.read())
        with open(sys.argv[2], "w") as file: file.write(str(number + 1))
"""


def test_a_timeout_names_who_holds_it_and_why(tmp_path: Path) -> None:
    holder = start(HOLD, str(tmp_path), "assuming payments/\x1b[31mDeploy")
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    try:
        for timeout in (0.0, 0.1):
            with (
                pytest.raises(LockTimeout) as caught,
                locks.hold(Folder(str(tmp_path)), "a.lock", timeout=timeout, purpose="x"),
            ):
                raise AssertionError("not reached")
            assert caught.value.pid == holder.pid
            assert f"process {holder.pid}, which is assuming payments/[31mDeploy, holds" in caught.value.message
            assert f"kill {holder.pid}" in caught.value.hint
            assert caught.value.exit_status == 6
    finally:
        finish(holder)
    with locks.hold(Folder(str(tmp_path)), "a.lock", timeout=0, purpose="x"):
        assert (tmp_path / "a.lock").read_text() == f"{os.getpid()} x\n"
    assert (tmp_path / "a.lock").read_text() == ""


def test_a_killed_holder_lets_go(tmp_path: Path) -> None:
    holder = start(HOLD, str(tmp_path), "dying")
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    holder.kill()
    with locks.hold(Folder(str(tmp_path)), "a.lock", timeout=5, purpose="taking over"):
        assert "taking over" in (tmp_path / "a.lock").read_text()
    finish(holder)


def test_one_at_a_time_between_processes(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    programs = [start(COUNT, str(tmp_path / "locks"), str(counter), "25") for _ in range(6)]
    assert [finish(program)[0] for program in programs] == [0] * 6
    assert counter.read_text() == "150"


def test_one_at_a_time_between_threads(tmp_path: Path) -> None:
    folder, inside, most = Folder(str(tmp_path)), [0], [0]

    def work() -> None:
        for _ in range(20):
            with locks.hold(folder, "a.lock", timeout=30, purpose="x"):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == [1]
    with (
        locks.hold(folder, "a.lock", timeout=0, purpose="mine"),
        pytest.raises(LockTimeout, match="this process itself"),
        locks.hold(folder, "a.lock", timeout=0, purpose="again"),
    ):
        raise AssertionError("not reached")


def test_shared_holders_exclude_the_lone_one_only(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path))
    with (
        locks.hold(folder, "a.lock", timeout=0, purpose="1", shared=True),
        locks.hold(folder, "a.lock", timeout=0, purpose="2", shared=True),
        pytest.raises(LockTimeout, match="another xswitch"),
        locks.hold(folder, "a.lock", timeout=0, purpose="3"),
    ):
        raise AssertionError("not reached")


def test_an_error_inside_lets_go(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path))
    with pytest.raises(KeyError), locks.hold(folder, "a.lock", timeout=0, purpose="x"):
        raise KeyError("a cancelled call")
    with locks.hold(folder, "a.lock", timeout=0, purpose="x"):
        pass


def test_a_lock_that_was_swept_while_it_was_waited_for_is_taken_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(str(tmp_path))
    original = locks._try
    swept: list[int] = []

    def sweep_first(descriptor: int, kind: int, where: str) -> bool:
        if not swept:
            swept.append(os.fstat(descriptor).st_ino)
            folder.remove("a.lock")
        return original(descriptor, kind, where)

    monkeypatch.setattr(locks, "_try", sweep_first)
    with (
        locks.hold(folder, "a.lock", timeout=1, purpose="x"),
        (tmp_path / "a.lock").open() as file,
        pytest.raises(BlockingIOError),
    ):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_idle_locks_are_swept_and_held_ones_never(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path))
    for name in ("idle.lock", "young.lock", "held.lock"):
        with locks.hold(folder, name, timeout=0, purpose="x"):
            pass
    folder.touch("idle.lock", 1000.0)
    folder.touch("young.lock", 99_000.0)
    with locks.hold(folder, "held.lock", timeout=0, purpose="x"):
        folder.touch("held.lock", 1000.0)
        locks.sweep(folder, 100_000.0, 86_400.0)
        assert folder.names(".lock") == ["held.lock", "young.lock"]


def test_a_child_process_does_not_inherit_a_lock(vault: Vault, folder: Path) -> None:
    with vault.lock("one", timeout=1, purpose="starting a shell"):
        child = start("import sys; print('up', flush=True); sys.stdin.readline()")
        assert child.stdout is not None
        assert child.stdout.readline() == "up\n"
    with vault.lock("one", timeout=0, purpose="again"):
        pass
    finish(child)


def test_a_fork_does_not_prolong_a_lock(tmp_path: Path) -> None:
    code = """
import os, sys
from xswitch.vault.folder import Folder
from xswitch.vault.locks import hold
read, write = os.pipe()
with hold(Folder(sys.argv[1]), "a.lock", timeout=0, purpose="forking"):
    child = os.fork()
    if not child:
        os.read(read, 1)
        os._exit(0)
with hold(Folder(sys.argv[1]), "a.lock", timeout=0, purpose="again"):
    print("free")
os.write(write, b"x")
os.waitpid(child, 0)
"""
    assert run(code, str(tmp_path)) == (0, "free\n", "")


def test_where_locks_do_not_work_it_says_so(tmp_path: Path) -> None:
    code = """
import errno, fcntl, sys
from xswitch.vault.folder import Folder
from xswitch.vault import locks
def broken(*_): raise OSError(errno.ENOLCK, "no")
locks.fcntl.flock = broken
try:
    with locks.hold(Folder(sys.argv[1]), "a.lock", timeout=1, purpose="x"): print("held")
except Exception as error: print(type(error).__name__, error)
"""
    status, out, err = run(code, str(tmp_path))
    assert (status, err) == (0, "")
    assert out.startswith("VaultUnavailable the vault can't lock")


def test_a_folder_in_place_of_a_lock(tmp_path: Path) -> None:
    (tmp_path / "a.lock").mkdir()
    with pytest.raises(VaultUnavailable), locks.hold(Folder(str(tmp_path)), "a.lock", timeout=1, purpose="x"):
        raise AssertionError("not reached")


def test_words_that_a_killed_holder_left_blame_nobody(tmp_path: Path) -> None:
    """The lock is shared by writers, who sign nothing: whoever waits for them is not told of a process that is gone."""
    holder = start(HOLD, str(tmp_path), "making the key")
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    holder.kill()
    finish(holder)
    assert "making the key" in (tmp_path / "a.lock").read_text()
    folder = Folder(str(tmp_path))
    with (
        locks.hold(folder, "a.lock", timeout=5, purpose="writing", shared=True),
        pytest.raises(LockTimeout, match="another xswitch") as caught,
        locks.hold(folder, "a.lock", timeout=0, purpose="sweeping"),
    ):
        raise AssertionError("not reached")
    assert "kill" not in caught.value.hint


def test_a_lock_file_with_another_name_is_locked_and_never_written(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("do not touch")
    (tmp_path / "locks").mkdir(0o700)
    (tmp_path / "locks" / "a.lock").hardlink_to(mine)
    folder = Folder(str(tmp_path / "locks"))
    with (
        locks.hold(folder, "a.lock", timeout=0, purpose="x"),
        pytest.raises(LockTimeout),
        locks.hold(folder, "a.lock", timeout=0, purpose="y"),
    ):
        raise AssertionError("not reached")
    with locks.hold(folder, "a.lock", timeout=0, purpose="x", shared=True):
        pass
    assert mine.read_text() == "do not touch"


@pytest.mark.parametrize("jump", [365 * 86400.0, -365 * 86400.0])
def test_locks_neither_rot_nor_get_lost_when_the_clock_jumps_a_year(tmp_path: Path, jump: float) -> None:
    folder, now = Folder(str(tmp_path)), 1_700_000_000.0
    for name in ("idle.lock", "held.lock"):
        with locks.hold(folder, name, timeout=0, purpose="x"):
            pass
        folder.touch(name, now)
    with locks.hold(folder, "held.lock", timeout=0, purpose="x"):
        folder.touch("held.lock", now)
        locks.sweep(folder, now + jump, 86_400.0)
        assert folder.names(".lock") == ["held.lock"]


def test_whoever_wants_the_vault_alone_is_not_starved_by_writers(vault: Vault) -> None:
    """Writers follow each other without a gap; one who came after the lone one has to wait behind him."""
    keys, entered = vault._keys, threading.Event()

    def alone() -> None:
        with keys.exclusive("bringing a record back", timeout=30):
            entered.set()

    waiting = threading.Thread(target=alone)
    with keys.shared():
        waiting.start()
        for _ in range(1000):
            try:
                with keys.shared(timeout=0):
                    entered.wait(0.01)
            except LockTimeout as refused:
                if "bringing a record back" in refused.message:
                    break
                entered.wait(0.01)  # he has the lock, and has not said yet what for
        else:
            raise AssertionError("writers go on for ever")
        assert not entered.is_set()
    assert entered.wait(30)
    waiting.join(30)
    with keys.shared(timeout=0):
        pass


def test_one_who_gave_up_waiting_alone_stands_in_nobodys_way(vault: Vault) -> None:
    with vault._keys.shared():
        with pytest.raises(LockTimeout), vault._keys.exclusive("sweeping", timeout=0.02):
            raise AssertionError("not reached")
        with vault._keys.shared(timeout=0):
            pass
