"""Wrong permissions, foreign owners, and things that are no files, under a real uid that the kernel does not let pass."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import fire
import pytest
from fire_operations import NEW, NOW, OLD, put, seen, vault
from vault_tools import everything

from xswitch.catalog import pins, visits
from xswitch.errors import VaultUnavailable
from xswitch.govern import audit
from xswitch.session.learnt import Learnt
from xswitch.shell import uses
from xswitch.vault.folder import Folder

NOBODY = 65534


@pytest.fixture
def home() -> Iterator[Path]:
    """A state folder with two records, in a place that any user can reach, owned by one whom permissions bind."""
    place = Path(tempfile.mkdtemp(prefix="xswitch-test-"))
    place.chmod(0o755)
    made = place / "state"
    made.mkdir(0o700)
    put(made, "one", OLD)
    put(made, "aside", OLD)
    vault(made).set_aside("aside")
    put(made, "other", NEW)
    if os.geteuid() == 0:
        for path in (made, *made.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
    yield made
    for path in place.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
    shutil.rmtree(place)


def as_owner(work: Callable[[], object]) -> None:
    """Run ``work`` in a process of the home's owner, who is not root; a failed assertion fails the test."""

    def bound() -> None:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        assert os.geteuid() != 0
        work()

    assert fire.run(bound) == 0


def refused(words: str, *attempts: Callable[[], object]) -> None:
    for attempt in attempts:
        with pytest.raises(VaultUnavailable, match=words) as caught:
            attempt()
        assert caught.value.exit_status == 6
        assert caught.value.hint


def writes(home: Path) -> tuple[Callable[[], object], ...]:
    """Return everything that changes a vault."""

    def lock() -> None:
        with vault(home).lock("one", timeout=0, purpose="x"):
            raise AssertionError("not reached")

    return (
        lambda: put(home, "one", NEW),
        lambda: put(home, "new", NEW),
        lambda: vault(home).set_aside("one"),
        lambda: vault(home).bring_back("aside"),
        lambda: vault(home).remove("one"),
        lambda: vault(home).sweep(NOW),
        lambda: vault(home).forget_key(),
        lock,
    )


def test_a_home_that_can_t_be_written_serves_what_it_has(home: Path) -> None:
    before = everything(home)
    for path in (home, *home.rglob("*")):
        path.chmod(0o500 if path.is_dir() else 0o400)

    def work() -> None:
        assert seen(home)["live"] == {"one": OLD, "other": NEW}
        assert vault(home).describe()
        for file in (home / "vault" / "locks").iterdir():
            file.chmod(0o400)
        change, add, _, _, remove, _, forget, _ = writes(home)
        refused("permission denied", change, add, remove, forget)
        learnt = Learnt(home, lambda: NOW)
        learnt.learn_maximum("arn:r", 3600)
        assert learnt.maxima() == {"arn:r": 3600}, "known to this process"

    as_owner(work)
    assert everything(home) == before


def test_another_users_vault_is_never_used_however_open_it_is(home: Path) -> None:
    for path in (home, *home.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    before = everything(home)
    if os.geteuid() == 0:
        reads = (lambda: vault(home).read("one"), lambda: vault(home).headers(), lambda: vault(home).damaged())
        refused(f"belongs to user id {NOBODY}, and you are 0", *reads, *writes(home))
        assert everything(home) == before
        assert {stat.S_IMODE(path.stat().st_mode) for path in home.rglob("*")} == {0o777, 0o666}, "nor mended"
    else:
        refused("belongs to user id 0", lambda: Folder("/usr").read("x"), lambda: Folder("/usr").write("x", b""))


def test_a_record_of_another_user_in_ones_own_vault_is_refused_alone(home: Path) -> None:
    if os.geteuid() != 0:
        return  # only root can give a file away
    os.chown(home / "vault" / "one.rec", 0, 0)
    (home / "vault" / "one.rec").chmod(0o644)

    def work() -> None:
        here = vault(home)
        refused("belongs to user id 0", lambda: here.read("one"))
        found = here.read("other")
        assert found is not None and found.payload == NEW
        assert [bad.file for bad in here.damaged()] == ["one.rec"]
        put(home, "one", NEW)
        assert seen(home)["live"] == {"one": NEW, "other": NEW}

    as_owner(work)


def test_everything_that_is_open_to_others_is_closed_by_its_use(home: Path) -> None:
    for path in (home / "vault", *(home / "vault").rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)

    def work() -> None:
        assert seen(home)["live"] == {"one": OLD, "other": NEW}
        put(home, "one", NEW)
        assert vault(home).bring_back("aside")

    as_owner(work)
    left = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (home / "vault", *(home / "vault").rglob("*"))}
    assert {name: mode for name, mode in left.items() if mode not in (0o700, 0o600)} == {}


def in_place_of(path: Path, kind: str) -> None:
    """Put something else where a file or a folder of the vault is."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            old = Path.cwd()
            os.chdir(path.parent)  # the path of a socket has 108 bytes at most
            made.bind(path.name)
            os.chdir(old)
    elif kind == "link":
        path.symlink_to(path.parent.parent / "elsewhere")
    else:
        path.write_bytes(b"")


KINDS = ("pipe", "folder", "socket", "link")
FILES = (
    *("id", "holder", "key", "locked", "clock", "one.rec"),
    *("locks/=vault.lock", "locks/=gate.lock", "locks/one.lock", "trash/aside.rec"),
)


@pytest.mark.parametrize("name", [*FILES, "locks", "trash"])
def test_what_is_no_file_is_refused_by_the_contracts_error_and_waited_for_by_nobody(tmp_path: Path, name: str) -> None:
    template = tmp_path / "template"
    template.mkdir(0o700)
    put(template, "one", OLD)
    put(template, "aside", OLD)
    vault(template).set_aside("aside")
    vault(template).forget_key()
    vault(template).sweep(NOW)
    kinds = ("file", "pipe", "link") if name in ("locks", "trash") else KINDS
    for kind in kinds:
        home = fire.fresh_copy(template, tmp_path / "home")
        in_place_of(home / "vault" / name, kind)

        def work(home: Path = home) -> None:
            signal.alarm(30)
            attempts = (lambda: seen(home), lambda: vault(home).read("one"), lambda: vault(home).describe())
            for attempt in (*attempts, *writes(home)[:7]):
                try:
                    attempt()
                except VaultUnavailable as error:
                    assert error.hint
            with pytest.raises((VaultUnavailable, AssertionError)):
                writes(home)[7]()

        began = time.monotonic()
        assert fire.run(work) == 0, f"{kind} in place of {name}"
        assert time.monotonic() - began < 25
        assert not (home / "elsewhere").exists(), "nothing is written through a link"
        assert not fire.leftovers(home)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_in_the_state_folder_stops_nobody(tmp_path: Path, kind: str) -> None:
    for name in ("learnt.json", "visits.json", "pins.json", "audit.jsonl", ".visits.json.lock"):
        in_place_of(tmp_path / name, kind)
    (tmp_path / "uses").mkdir()
    in_place_of(tmp_path / "uses" / f"{os.getpid()}-abcd", kind)

    def work() -> None:
        signal.alarm(30)
        learnt = Learnt(tmp_path, lambda: NOW)
        learnt.learn_maximum("arn:r", 3600)
        assert learnt.maxima() == {"arn:r": 3600}
        assert pins.load(tmp_path / "pins.json") == ()
        assert visits.load(tmp_path / "visits.json") == {}
        assert uses.current(uses.folder_in(tmp_path)) == ()
        for attempt in (
            lambda: visits.record(tmp_path / "visits.json", "a/b", NOW),
            lambda: pins.toggle(tmp_path / "pins.json", "a/b"),
            lambda: audit.append(tmp_path / "audit.jsonl", {"n": 1}),
        ):
            try:
                attempt()
            except OSError:
                continue

    assert fire.run(work) == 0
