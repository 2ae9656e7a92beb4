"""A key that was changed: nothing opens, nothing is lost, and all opens again once the right one is back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fire_operations import NEW, OLD, put, seen, vault
from vault_tools import SENTINEL, MemoryHolder, everything, keep

from xswitch.errors import RecordDamaged, VaultUnavailable
from xswitch.vault.key import Key
from xswitch.vault.store import Vault


def refuses_everything(words: str, hint: str, home: Path) -> None:
    """Reading and writing fail with what to do, time and again, and change nothing."""
    before = everything(home)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: vault(home).read("one"),
        lambda: vault(home).unlock(),
        lambda: put(home, "one", NEW),
        lambda: put(home, "new", NEW),
    )
    for attempt in attempts * 2:
        with pytest.raises(VaultUnavailable, match=words) as caught:
            attempt()
        assert caught.value.exit_status == 6
        assert hint in caught.value.hint
        assert not isinstance(caught.value, RecordDamaged), "it is the key that is wrong, not the records"
    assert everything(home) == before


@pytest.mark.parametrize("passphrase", [False, True])
@pytest.mark.parametrize("name", ["key", "id", "id and key"])
def test_files_of_another_vault(tmp_path: Path, name: str, passphrase: bool) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    put(home, "one", OLD, passphrase=passphrase)
    put(other, "one", NEW, passphrase=passphrase)
    held = "passphrase" if passphrase else "key"
    files = {"key": [held], "id": ["id"], "id and key": ["id", held, "holder"]}[name]
    good = {file: (home / "vault" / file).read_bytes() for file in files}
    for file in files:
        (home / "vault" / file).write_bytes((other / "vault" / file).read_bytes())
    if name == "key":
        words = "does not open the vault" if passphrase else "not the one that sealed"
        refuses_everything(words, f"put {home}/vault/{held} back", home)
    else:
        right = good["id"].decode().strip()
        refuses_everything("names another vault than its records do", right, home)
        with pytest.raises(VaultUnavailable, match="names another vault"):
            vault(home).headers()
    for file, content in good.items():
        (home / "vault" / file).write_bytes(content)
    assert seen(home)["live"] == {"one": OLD}
    put(home, "one", NEW)
    assert seen(home)["live"] == {"one": NEW}


def test_a_process_that_knows_the_key_notices_another_id(folder: Path, holder: MemoryHolder) -> None:
    knows = Vault(folder, holder)
    keep(knows, "one")
    good = (folder / "id").read_bytes()
    (folder / "id").write_bytes(b"cd" * 16)
    for attempt in (lambda: knows.read("one"), lambda: keep(knows, "two"), knows.headers):
        with pytest.raises(VaultUnavailable, match="names another vault"):
            attempt()
    (folder / "id").write_bytes(good)
    keep(knows, "two")
    assert [header.name for header in knows.headers()] == ["one", "two"]


@pytest.mark.parametrize("entry", ["another", "gone"])
def test_an_entry_of_the_keyring_that_was_replaced_or_removed(folder: Path, holder: MemoryHolder, entry: str) -> None:
    keep(Vault(folder, holder), "one")
    records = (folder / "one.rec").read_bytes()
    ((vault_id, key),) = holder.kept.items()
    holder.kept.clear()
    if entry == "another":
        holder.kept[vault_id] = Key.new()
    for _ in range(2):
        with pytest.raises(VaultUnavailable, match=r"not the one that sealed|has no key for this vault") as caught:
            Vault(folder, holder).read("one")
        assert caught.value.hint == "restore it"
        with pytest.raises(VaultUnavailable):
            keep(Vault(folder, holder), "one", b"new")
    assert (folder / "one.rec").read_bytes() == records
    holder.kept[vault_id] = key
    found = Vault(folder, holder).read("one")
    assert found is not None and found.payload == SENTINEL
    assert holder.stores == 1


def test_one_record_of_another_vault_among_ones_own_is_that_records_damage_alone(tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    put(home, "one", OLD)
    put(other, "foreign", NEW)
    (home / "vault" / "foreign.rec").write_bytes((other / "vault" / "foreign.rec").read_bytes())
    assert seen(home)["live"] == {"one": OLD}
    with pytest.raises(RecordDamaged, match="belongs to the vault"):
        vault(home).read("foreign")
