"""What a process that holds secrets shows of itself: its objects' words, its last words, and its memory."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from evidence import forms
from guarded_house import INGEST, PASSPHRASE, GuardedHouse

from xswitch.engine import Engine
from xswitch.session.model import CodeAsk, GuardAnswer, GuardAsk
from xswitch.shell.environment import Look, changes


@pytest.fixture
def house(tmp_path: Path, xswitch: str) -> Iterator[GuardedHouse]:
    with GuardedHouse(tmp_path, xswitch) as made:
        made.move_in()
        yield made


class Ada:
    """Answers everything."""

    def __init__(self, house: GuardedHouse) -> None:
        self.house = house

    def code(self, ask: CodeAsk) -> str:
        return self.house.code()

    def guard(self, ask: GuardAsk) -> GuardAnswer:
        return GuardAnswer(ask.target.account.name, "a reason")

    def passphrase(self, *, first: bool) -> str:
        return PASSPHRASE

    def note(self, words: str) -> None:
        pass


def test_no_object_says_or_pickles_a_secret(house: GuardedHouse) -> None:
    """Every object of xswitch that is alive after a switch, whatever it is."""
    engine, ada = Engine(house.paths, house.environ, house.clock), Ada(house)
    held: list[object] = [engine, ada]
    for name in ("payments-prod/Deploy", INGEST):
        plan = engine.plan(engine.resolve(name))
        session = engine.open(plan, ada)
        held += [plan, session, changes(session, house.environ, Look()), engine.vault.read(session.record)]
    secrets = {form for secret in house.secrets().values() for form in forms(secret)}
    seen: set[type] = set()
    for thing in gc.get_objects():
        kind = type(thing)
        if not kind.__module__.startswith("xswitch.") or kind.__module__.startswith("xswitch.sandbox"):
            continue
        seen.add(kind)
        words = f"{thing!r} {thing!s} {getattr(thing, '__rich_repr__', tuple)()}".encode("utf-8", "replace")
        assert not [form for form in secrets if form in words], (kind, words[:200])
        try:
            written = pickle.dumps(thing)
        except (TypeError, AttributeError, pickle.PicklingError):
            continue
        assert not [form for form in secrets if form in written], kind
    names = {kind.__name__ for kind in seen}
    assert names >= {"Secret", "Key", "Session", "Credentials", "Record", "Changes", "Plan", "Broker", "Engine"}
    assert len(held) == 10


PROGRAM = """
import sys, threading
from xswitch import __main__, cli

class Odd:
    def __del__(self):
        secret = "S3NTINEL"
        raise ValueError(f"in a destructor: {secret}")

def work():
    secret = "S3NTINEL"
    raise ValueError(f"in a thread: {secret}")

def run(arguments, environ):
    Odd()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return 0

cli.run = run
sys.argv = ["xswitch", "catalog", "path"]
print(__main__.main())
secret = "S3NTINEL"
raise ValueError(f"at the end: {secret}")
"""


def test_what_nobody_caught_is_told_without_its_words() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60)
    assert done.stdout == "0\n"
    told = [line for line in done.stderr.splitlines() if line.startswith("xswitch: ")]
    assert len(told) == 3, done.stderr
    assert all("a fault of xswitch itself, ValueError at __main__:" in line for line in told)
    assert "S3NTINEL" not in done.stderr
    assert "Traceback" not in done.stderr


DUMPABLE = "import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
"""Says whether the process that runs it may be dumped (PR_GET_DUMPABLE of prctl(2))."""


def test_no_core_is_dumped_of_who_holds_the_key_and_what_it_starts_is_as_ever(house: GuardedHouse) -> None:
    """The shell sends xswitch the signal of a crash; where cores may be dumped, they are of what it started alone."""
    handed = {"XSWITCH_PASSPHRASE": PASSPHRASE}
    shown = house.run("exec", "payments-staging/ReadOnly", "--", sys.executable, "-c", DUMPABLE, **handed)
    assert shown == "1\n", "a switched command is dumped as it would be without us"
    process = subprocess.Popen(
        ["sh", "-c", 'ulimit -c unlimited 2>/dev/null; exec "$@"', "sh", house.program, "shell", "payments-staging/ReadOnly"],
        env={**house.environ, **handed}, cwd=house.home, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(b"kill -SEGV $PPID\n")
    process.stdin.close()
    _, status = os.waitpid(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert os.WTERMSIG(status) == signal.SIGSEGV
    assert not os.WCOREDUMP(status)
    assert not list(house.home.glob("core*"))


@pytest.mark.parametrize(
    "opens",
    [
        "from xswitch.vault.holders import FileHolder; from xswitch.vault.folder import Folder; "
        "Vault(folder, FileHolder(Folder(folder))).unlock()",
        "from xswitch.vault import quick; Vault; quick.read(folder, ['a'], plaintext_key=True)",
    ],
    ids=["the vault", "a fast command"],
)
def test_whoever_opens_the_vault_may_not_be_dumped(tmp_path: Path, opens: str) -> None:
    first = f"from xswitch.vault import Vault; folder = {str(tmp_path / 'vault')!r}; "
    make = first + "from xswitch.vault.holders import FileHolder; from xswitch.vault.folder import Folder; "
    make += "Vault(folder, FileHolder(Folder(folder))).write('a', 'k', b'', issued=1.0, expires=None)"
    subprocess.run([sys.executable, "-c", make], check=True, timeout=60)
    done = subprocess.run(
        [sys.executable, "-c", f"{DUMPABLE}; {first}{opens}; {DUMPABLE}"], capture_output=True, text=True, timeout=60
    )  # fmt: skip
    assert done.stdout.split() == ["1", "0"], done.stderr
