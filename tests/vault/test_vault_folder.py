from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from vault_tools import SENTINEL, MemoryHolder, everything, keep

from xswitch.errors import RecordDamaged, VaultUnavailable
from xswitch.vault import folder as folder_module
from xswitch.vault.folder import Folder
from xswitch.vault.store import Vault


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@contextmanager
def umask(value: int) -> Iterator[None]:
    old = os.umask(value)
    try:
        yield
    finally:
        os.umask(old)


@pytest.mark.parametrize("value", [0o000, 0o022, 0o777])
def test_everything_is_private_whatever_the_umask(vault: Vault, folder: Path, value: int) -> None:
    with umask(value):
        keep(vault, "one")
        with vault.lock("one", timeout=1, purpose="testing"):
            keep(vault, "one")
        vault.set_aside("one")
    made = list(folder.parent.parent.rglob("*"))
    assert {mode(path) for path in made if path.is_dir()} == {0o700}
    assert {mode(path) for path in made if path.is_file()} == {0o600}
    assert mode(folder.parent.parent) == 0o700
    assert len(made) > 6


def test_open_permissions_are_closed_again(vault: Vault, folder: Path) -> None:
    keep(vault, "one")
    folder.chmod(0o755)
    (folder / "one.rec").chmod(0o644)
    record = vault.read("one")
    assert record is not None and record.payload == SENTINEL
    assert mode(folder) == 0o700
    assert mode(folder / "one.rec") == 0o600


def test_open_permissions_that_cannot_be_closed_are_refused(
    vault: Vault, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no(descriptor: int, wanted: int) -> None:
        raise PermissionError(errno.EPERM, "no")

    keep(vault, "one")
    monkeypatch.setattr(folder_module, "_fchmod", no)
    (folder / "one.rec").chmod(0o644)
    with pytest.raises(VaultUnavailable, match="others can open it") as caught:
        vault.read("one")
    assert "chmod 600" in caught.value.hint
    folder.chmod(0o755)
    with pytest.raises(VaultUnavailable, match="others can open it") as caught:
        vault.headers()
    assert "chmod 700" in caught.value.hint
    assert caught.value.exit_status == 6


def test_what_another_user_owns_is_refused(vault: Vault, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(vault, "one")
    before = everything(folder)
    stranger = os.geteuid() + 4321
    monkeypatch.setattr(os, "geteuid", lambda: stranger)
    other = Vault(folder, MemoryHolder())
    attempts: tuple[Callable[[], object], ...] = (
        lambda: other.read("one"),
        other.headers,
        lambda: keep(other, "two"),
        lambda: other.remove("one"),
        lambda: other.set_aside("one"),
    )
    for attempt in attempts:
        with pytest.raises(VaultUnavailable, match=f"and you are {stranger}") as caught:
            attempt()
        assert "XSWITCH_HOME" in caught.value.hint
    assert everything(folder) == before


def test_one_file_that_another_user_owns_is_refused_alone(tmp_path: Path) -> None:
    own = Folder(str(tmp_path / "f"))
    own.write("mine", b"1")
    original = os.fstat

    class Stranger:
        st_mode = stat.S_IFREG | 0o600
        st_uid = os.geteuid() + 1

    checked = Folder(str(tmp_path / "f"))
    descriptor = os.open(tmp_path / "f" / "mine", os.O_RDONLY)
    try:
        assert original(descriptor).st_uid == checked.owner
    finally:
        os.close(descriptor)
    with pytest.raises(VaultUnavailable, match="belongs to user id"):
        checked._check_owner(Stranger.st_uid, "there")
    if os.geteuid() == 0:
        os.chown(tmp_path / "f" / "mine", 4321, -1)
        with pytest.raises(VaultUnavailable, match="belongs to user id 4321"):
            checked.read("mine")


def test_links_in_place_of_folder_or_file_are_refused(vault: Vault, folder: Path, tmp_path: Path) -> None:
    keep(vault, "one")
    real = tmp_path / "elsewhere.rec"
    (folder / "one.rec").rename(real)
    (folder / "one.rec").symlink_to(real)
    with pytest.raises(VaultUnavailable, match="symbolic link"):
        vault.read("one")
    assert vault.headers() == ()
    assert [bad.file for bad in vault.damaged()] == ["one.rec"]
    keep(vault, "one")
    assert not (folder / "one.rec").is_symlink()
    assert real.exists()

    moved = tmp_path / "moved"
    folder.rename(moved)
    folder.symlink_to(moved)
    with pytest.raises(VaultUnavailable, match="symbolic link"):
        vault.headers()
    with pytest.raises(VaultUnavailable, match="symbolic link"):
        keep(vault, "two")


def test_a_folder_or_a_pipe_in_place_of_a_record(vault: Vault, folder: Path) -> None:
    keep(vault, "one")
    (folder / "two.rec").mkdir()
    os.mkfifo(folder / "three.rec")
    for name in ("two", "three"):
        with pytest.raises(VaultUnavailable, match="not a file"):
            vault.read(name)
    assert [header.name for header in vault.headers()] == ["one"]
    assert [bad.file for bad in vault.damaged()] == ["three.rec", "two.rec"]
    with pytest.raises(VaultUnavailable):
        keep(vault, "two")


def test_a_file_in_place_of_the_folder(vault: Vault, folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_text("")
    with pytest.raises(VaultUnavailable, match="not a folder"):
        vault.headers()
    with pytest.raises(VaultUnavailable, match="not a folder"):
        keep(vault, "one")
    assert folder.read_text() == ""


CALLS = ("_open", "_fchmod", "_write", "_fsync", "_replace")


class Fault:
    """Let the first ``after`` calls pass, then fail each with one errno."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, call: str, after: int, code: int) -> None:
        self.left = after
        self.failed = 0
        self.code = code
        self.original = getattr(folder_module, call)
        self.reading = call == "_open"
        monkeypatch.setattr(folder_module, call, self)

    def __call__(self, *arguments: object, **more: object) -> object:
        if self.reading and not int(str(arguments[1])) & os.O_CREAT:
            return self.original(*arguments, **more)
        self.left -= 1
        if self.left >= 0:
            return self.original(*arguments, **more)
        self.failed += 1
        raise OSError(self.code, "injected")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "read-only"),
        (errno.EDQUOT, "quota"),
        (errno.EACCES, "permission denied"),
        (errno.EIO, "the disk failed"),
    ],
)
@pytest.mark.parametrize("call", CALLS)
def test_a_fault_at_any_point_of_a_write_loses_nothing(
    vault: Vault, folder: Path, holder: MemoryHolder, monkeypatch: pytest.MonkeyPatch, call: str, code: int, words: str
) -> None:
    keep(vault, "one", SENTINEL + b"old")
    before = {name for name in everything(folder) if "locks" not in name}
    faults = 0
    for after in range(8):
        with monkeypatch.context() as patch:
            fault = Fault(patch, call, after, code)
            try:
                keep(vault, "one", SENTINEL + b"new")
            except VaultUnavailable as error:
                assert words in error.message
                assert error.hint
                assert SENTINEL.decode() not in f"{error.message}{error.hint}{error!r}"
                assert not isinstance(error, RecordDamaged)
            faults += fault.failed
            if not fault.failed:
                break
        found = Vault(folder, holder).read("one")
        assert found is not None and found.payload in (SENTINEL + b"old", SENTINEL + b"new")
        assert {name for name in everything(folder) if "locks" not in name} == before
    else:
        raise AssertionError("the fault was always hit")
    assert faults
    keep(vault, "one", SENTINEL + b"new")
    found = vault.read("one")
    assert found is not None and found.payload == SENTINEL + b"new"


@pytest.mark.parametrize("call", CALLS)
def test_a_fault_at_any_point_of_a_first_write_leaves_a_vault_that_works(
    folder: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    holder = MemoryHolder()
    for after in range(40):
        with monkeypatch.context() as patch:
            fault = Fault(patch, call, after, errno.ENOSPC)
            try:
                keep(Vault(folder, holder), "one")
            except VaultUnavailable as error:
                assert "the disk is full" in error.message
            if not fault.failed:
                break
        assert not [name for name in everything(folder) if name.endswith(".tmp")]
    else:
        raise AssertionError("the fault was always hit")
    found = Vault(folder, holder).read("one")
    assert found is not None and found.payload == SENTINEL
    assert len(holder.kept) == 1


def test_a_short_write_is_continued(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "_write", lambda descriptor, data: os.write(descriptor, bytes(data[:7])))
    keep(vault, "one", SENTINEL * 20)
    found = vault.read("one")
    assert found is not None and found.payload == SENTINEL * 20


def test_a_read_only_home_still_reads(vault: Vault, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(vault, "one")
    original = os.open

    def read_only(path: str, flags: int, *arguments: int, **more: int) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR):
            raise OSError(errno.EROFS, "read-only")
        return original(path, flags, *arguments, **more)

    monkeypatch.setattr(folder_module, "_open", read_only)
    found = vault.read("one")
    assert found is not None and found.payload == SENTINEL
    assert [header.name for header in vault.headers()] == ["one"]
    with pytest.raises(VaultUnavailable, match="read-only") as caught:
        keep(vault, "one", b"new")
    assert "XSWITCH_HOME" in caught.value.hint
    with pytest.raises(VaultUnavailable, match="read-only"), vault.lock("one", timeout=1, purpose="testing"):
        raise AssertionError("not reached")


def test_a_hostile_path_is_shown_without_its_controls(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31m\u202eb"
    path.write_text("")
    with pytest.raises(VaultUnavailable) as caught:
        Folder(str(path)).read("x")
    assert "\x1b" not in caught.value.message
    assert "\u202e" not in caught.value.message


def test_a_relative_folder_is_made_where_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Folder("v").write("a", b"1")
    assert (tmp_path / "v" / "a").read_bytes() == b"1"


def test_too_long_a_file_is_cut_so_that_no_parser_takes_it(tmp_path: Path) -> None:
    own = Folder(str(tmp_path / "f"))
    own.write("a", b"x" * 100)
    assert own.read("a", 10) == b"x" * 11
