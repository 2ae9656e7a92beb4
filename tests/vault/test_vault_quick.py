from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from vault_tools import SENTINEL, MemoryHolder, keep, run

from xswitch.vault import kernel, quick
from xswitch.vault.folder import Folder
from xswitch.vault.holders import FileHolder
from xswitch.vault.store import Vault


@pytest.fixture
def shadowed(folder: Path, holder: MemoryHolder) -> Iterator[str]:
    """A vault with one record, and its key in the kernel keyring."""
    assert kernel.available(), (
        "these tests need the kernel keyring: allow add_key and keyctl in the container's seccomp"
    )
    keep(Vault(folder, holder, shadow=True), "one")
    yield str(folder)
    kernel.clear((folder / "id").read_text().strip())


def test_it_reads_what_the_vault_wrote(shadowed: str, folder: Path, holder: MemoryHolder) -> None:
    vault = Vault(folder, holder, shadow=True)
    keep(vault, "two", b"another")
    found = quick.read(shadowed, ["two", "one"])
    assert found is not None
    assert [one.payload for one in found] == [b"another", SENTINEL]
    for name, quickly in zip(("two", "one"), found, strict=True):
        slow = vault.read(name)
        assert slow is not None and slow.header == quickly.header
    assert quick.read(shadowed, ["one", "three"]) is None, "all or none"
    assert quick.read(shadowed + "/nowhere", ["one"]) is None
    assert quick.read(shadowed, ["one"], kernel_keyring=False) is None


def test_without_the_shadow_it_has_nothing_to_say(shadowed: str, folder: Path) -> None:
    kernel.clear((folder / "id").read_text().strip())
    assert quick.read(shadowed, ["one"]) is None


def test_whatever_is_not_in_order_is_left_to_the_vault(shadowed: str, folder: Path, tmp_path: Path) -> None:
    path = folder / "one.rec"
    good = path.read_bytes()

    def refused() -> bool:
        return quick.read(shadowed, ["one"]) is None

    path.chmod(0o644)
    assert refused()
    path.chmod(0o600)
    folder.chmod(0o750)
    assert refused()
    folder.chmod(0o700)
    assert not refused()
    for wrong in (good[:-1], good + b"x", b"", good[:60] + bytes([good[60] ^ 1]) + good[61:], b"x" * 2_000_000):
        path.write_bytes(wrong)
        assert refused()
    path.write_bytes(good)
    (folder / "two.rec").write_bytes(good)
    (folder / "two.rec").chmod(0o600)
    assert quick.read(shadowed, ["two"]) is None
    vault_id = (folder / "id").read_bytes()
    for wrong in (b"", b"f" * 32, b"F" * 32, vault_id[:-2]):
        (folder / "id").write_bytes(wrong)
        assert refused()
    (folder / "id").write_bytes(vault_id)
    holder = (folder / "holder").read_bytes()
    for wrong in (b"", b"memory\n", holder[:-2] + b"\n", holder + b"x"):
        (folder / "holder").write_bytes(wrong)
        assert refused()
    (folder / "holder").write_bytes(holder)
    assert not refused()
    path.unlink()
    path.mkdir()
    assert refused()
    path.rmdir()
    os.mkfifo(path, 0o600)
    assert refused()
    path.unlink()
    (tmp_path / "real").write_bytes(good)
    (tmp_path / "real").chmod(0o600)
    path.symlink_to(tmp_path / "real")
    assert refused()


def test_another_users_vault_is_left_to_the_vault(shadowed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    uid = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
    assert quick.read(shadowed, ["one"]) is None


def test_a_plain_key_file_only_where_it_is_allowed(folder: Path) -> None:
    keep(Vault(folder, FileHolder(Folder(str(folder)))), "one")
    assert quick.read(str(folder), ["one"]) is None
    (found,) = quick.read(str(folder), ["one"], plaintext_key=True) or [None]
    assert found is not None and found.payload == SENTINEL
    (folder / "key").chmod(0o640)
    assert quick.read(str(folder), ["one"], plaintext_key=True) is None
    (folder / "key").chmod(0o600)
    (folder / "holder").write_bytes(b"keyring x\n0123456789abcdef\n")
    assert quick.read(str(folder), ["one"], plaintext_key=True) is None


def test_it_loads_nothing_that_costs(shadowed: str) -> None:
    code = """
import sys
from xswitch.vault import quick
assert quick.read(sys.argv[1], ["one"]) is not None
heavy = ("json", "keyring", "argparse", "pathlib", "dataclasses", "inspect", "logging", "subprocess", "hashlib",
         "asyncio", "textual", "boto3", "botocore", "platformdirs", "xswitch.errors", "xswitch.vault.store", "hmac")
print([name for name in heavy if name in sys.modules])
"""
    assert run(code, shadowed) == (0, "[]\n", "")
