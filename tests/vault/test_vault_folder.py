from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import fire
import pytest
from vault_tools import SENTINEL, MemoryHolder, everything, keep

from xswitch.errors import VaultUnavailable
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


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.EDQUOT, "quota is used up"),
        (errno.EACCES, "permission denied"),
        (errno.EFBIG, "a limit on the size of files is in force"),
        (errno.ESTALE, "the network drive lost it"),
        (errno.ENXIO, "No such device"),
    ],
)
def test_an_error_of_the_system_is_put_into_words(vault: Vault, code: int, words: str) -> None:
    keep(vault, "one", SENTINEL + b"old")
    with fire.failing(0, code, frozenset({"write"})), pytest.raises(VaultUnavailable, match=words) as caught:
        keep(vault, "one", SENTINEL + b"new")
    assert caught.value.hint
    found = vault.read("one")
    assert found is not None and found.payload == SENTINEL + b"old"


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
