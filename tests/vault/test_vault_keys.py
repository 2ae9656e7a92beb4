from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest
from vault_tools import SENTINEL, MemoryHolder, keep

from xswitch.errors import Cancelled, PersonNeeded, VaultUnavailable
from xswitch.paths import Paths
from xswitch.vault import kernel
from xswitch.vault.folder import Folder
from xswitch.vault.holders import Cost, FileHolder, PassphraseHolder, WrongPassphrase
from xswitch.vault.key import Key, holder_bytes
from xswitch.vault.opening import Chooser, open_vault
from xswitch.vault.os_keyring import KeyringHolder, NoKeyring
from xswitch.vault.store import Vault

CHEAP = Cost(4, 8, 1)


def test_the_id_is_made_once_and_names_the_key(vault: Vault, folder: Path, holder: MemoryHolder) -> None:
    keep(vault, "one")
    vault_id = (folder / "id").read_text().strip()
    assert len(bytes.fromhex(vault_id)) == 16
    assert list(holder.kept) == [vault_id]
    keep(Vault(folder, holder), "two")
    assert (folder / "id").read_text().strip() == vault_id
    assert {header.vault_id for header in vault.headers()} == {vault_id}


def test_two_homes_have_two_keys_with_one_holder(tmp_path: Path, holder: MemoryHolder) -> None:
    one, two = Vault(tmp_path / "1", holder), Vault(tmp_path / "2", holder)
    keep(one, "a", b"1")
    keep(two, "a", b"2")
    assert len(holder.kept) == 2
    first, second = one.read("a"), two.read("a")
    assert first is not None and second is not None
    assert (first.payload, second.payload) == (b"1", b"2")


def test_a_lost_key_is_never_replaced_while_there_are_records(folder: Path, holder: MemoryHolder) -> None:
    keep(Vault(folder, holder), "one")
    lost = dict(holder.kept)
    holder.kept.clear()
    for _ in range(2):
        for attempt in (lambda: Vault(folder, holder).read("one"), lambda: keep(Vault(folder, holder), "two")):
            with pytest.raises(VaultUnavailable, match="has no key for this vault") as caught:
                attempt()
            assert caught.value.hint == "restore it"
    assert holder.kept == {}
    holder.kept.update(lost)
    found = Vault(folder, holder).read("one")
    assert found is not None and found.payload == SENTINEL


def test_a_record_that_was_set_aside_keeps_the_key_too(folder: Path, holder: MemoryHolder) -> None:
    vault = Vault(folder, holder)
    keep(vault, "one")
    vault.set_aside("one")
    holder.kept.clear()
    with pytest.raises(VaultUnavailable, match="has no key"):
        keep(Vault(folder, holder), "two")


def test_a_lost_key_without_records_is_made_anew_under_the_same_id(folder: Path, holder: MemoryHolder) -> None:
    old = Vault(folder, holder)
    keep(old, "one")
    vault_id = (folder / "id").read_text()
    old.remove("one")
    holder.kept.clear()
    keep(Vault(folder, holder), "two", b"2")
    assert (folder / "id").read_text() == vault_id
    keep(old, "three", b"3")
    for name, payload in (("two", b"2"), ("three", b"3")):
        found = Vault(folder, holder).read(name)
        assert found is not None and found.payload == payload, "who remembered the old key looked again"


def test_another_key_under_the_same_id_is_told_apart(folder: Path, holder: MemoryHolder) -> None:
    keep(Vault(folder, holder), "one")
    (vault_id,) = holder.kept
    good = holder.kept[vault_id]
    holder.kept[vault_id] = Key.new()
    with pytest.raises(VaultUnavailable, match="not the one that sealed"):
        Vault(folder, holder).read("one")
    with pytest.raises(VaultUnavailable, match="not the one that sealed"):
        keep(Vault(folder, holder), "one", b"new")
    holder.kept[vault_id] = good
    found = Vault(folder, holder).read("one")
    assert found is not None and found.payload == SENTINEL


@pytest.mark.parametrize("content", [None, b"", b"nonsense", b"memory\nnot-hex\n"])
def test_a_lost_holder_file_is_found_again_by_the_key_that_opens(
    folder: Path, holder: MemoryHolder, content: bytes | None
) -> None:
    keep(Vault(folder, holder), "one")
    good = (folder / "holder").read_bytes()
    if content is None:
        (folder / "holder").unlink()
    else:
        (folder / "holder").write_bytes(content)
    found = Vault(folder, holder).read("one")
    assert found is not None and found.payload == SENTINEL
    assert (folder / "holder").read_bytes() == good
    assert holder.stores == 1

    (folder / "holder").unlink()
    holder.kept[next(iter(holder.kept))] = Key.new()
    with pytest.raises(VaultUnavailable, match="opens none of its records"):
        Vault(folder, holder).read("one")
    assert not (folder / "holder").exists()


def test_a_lost_or_damaged_id_is_never_replaced_while_there_are_records(folder: Path, holder: MemoryHolder) -> None:
    keep(Vault(folder, holder), "one")
    good = (folder / "id").read_bytes()
    (folder / "id").unlink()
    for attempt in (lambda: Vault(folder, holder).read("one"), lambda: keep(Vault(folder, holder), "two")):
        with pytest.raises(VaultUnavailable, match="records and no id file"):
            attempt()
    assert not (folder / "id").exists()
    (folder / "id").write_bytes(b"garbage")
    with pytest.raises(VaultUnavailable, match=r"id file .* is damaged"):
        Vault(folder, holder).read("one")
    with pytest.raises(VaultUnavailable, match=r"id file .* is damaged"):
        Vault(folder, holder).headers()
    assert (folder / "id").read_bytes() == b"garbage"
    (folder / "id").write_bytes(good)
    assert Vault(folder, holder).read("one") is not None


def test_a_holder_that_cannot_be_used_stores_nothing(folder: Path, holder: MemoryHolder) -> None:
    holder.fault = VaultUnavailable("the OS keyring is locked", "unlock it")
    with pytest.raises(VaultUnavailable, match="is locked"):
        keep(Vault(folder, holder), "one")
    assert not folder.exists()
    holder.fault = None
    keep(Vault(folder, holder), "one")
    holder.fault = VaultUnavailable("the OS keyring is locked", "unlock it")
    with pytest.raises(VaultUnavailable, match="is locked"):
        Vault(folder, holder).read("one")


def test_threads_of_one_process_ask_once(folder: Path, holder: MemoryHolder) -> None:
    keep(Vault(folder, holder), "one")
    vault, found = Vault(folder, holder), []

    def work() -> None:
        record = vault.read("one")
        found.append(record.payload if record else None)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == [SENTINEL] * 8
    assert holder.loads == 1


class Person:
    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[bool] = []
        self.noted: list[str] = []

    def ask(self, first: bool) -> str:
        self.asked.append(first)
        return self.answers.pop(0)


def with_passphrase(folder: Path, person: Person | None = None, environ: dict[str, str] | None = None) -> Vault:
    own = Folder(str(folder))
    ask, note = (person.ask, person.noted.append) if person else (None, lambda words: None)
    return Vault(folder, PassphraseHolder(own, environ or {}, ask, note, cost=CHEAP))


def test_a_passphrase_is_chosen_once_and_opens_again(folder: Path) -> None:
    person = Person("correct horse")
    keep(with_passphrase(folder, person), "one")
    assert person.asked == [True]
    again = Person("correct horse")
    vault = with_passphrase(folder, again)
    for _ in range(2):
        found = vault.read("one")
        assert found is not None and found.payload == SENTINEL
    assert again.asked == [False]
    found = with_passphrase(folder, None, {"XSWITCH_PASSPHRASE": "correct horse"}).read("one")
    assert found is not None and found.payload == SENTINEL
    assert b"correct horse" not in (folder / "passphrase").read_bytes()


def test_a_wrong_passphrase_is_asked_again_three_times(folder: Path) -> None:
    keep(with_passphrase(folder, Person("right")), "one")
    person = Person("wrong", "", "right")
    assert with_passphrase(folder, person).read("one") is not None
    assert person.asked == [False] * 3
    assert len(person.noted) == 2
    person = Person("1", "2", "3", "right")
    with pytest.raises(WrongPassphrase) as caught:
        with_passphrase(folder, person).read("one")
    assert caught.value.exit_status == 6
    assert person.answers == ["right"]
    before = (folder / "passphrase").read_bytes()
    with pytest.raises(WrongPassphrase, match="XSWITCH_PASSPHRASE does not open"):
        with_passphrase(folder, person, {"XSWITCH_PASSPHRASE": "wrong"}).read("one")
    assert person.answers == ["right"], "a wrong variable is no question"
    assert (folder / "passphrase").read_bytes() == before


def test_an_empty_passphrase_is_not_chosen(folder: Path) -> None:
    person = Person("", "", "")
    with pytest.raises(VaultUnavailable, match="no passphrase was chosen"):
        keep(with_passphrase(folder, person), "one")
    assert not folder.exists()
    with pytest.raises(VaultUnavailable) as caught:
        keep(with_passphrase(folder, None, {"XSWITCH_PASSPHRASE": ""}), "one")
    assert "XSWITCH_PASSPHRASE" in caught.value.hint


def test_nobody_to_ask_is_exit_6_and_a_cancel_stays_a_cancel(folder: Path) -> None:
    def nobody(first: bool) -> str:
        raise PersonNeeded("no terminal")

    def cancelled(first: bool) -> str:
        raise Cancelled

    for ask in (None, nobody):
        holder = PassphraseHolder(Folder(str(folder)), {}, ask, lambda words: None, cost=CHEAP)
        with pytest.raises(VaultUnavailable) as caught:
            keep(Vault(folder, holder), "one")
        assert caught.value.exit_status == 6
        assert "XSWITCH_PASSPHRASE" in caught.value.hint
    holder = PassphraseHolder(Folder(str(folder)), {}, cancelled, lambda words: None, cost=CHEAP)
    with pytest.raises(Cancelled):
        keep(Vault(folder, holder), "one")
    assert not folder.exists()


def test_a_passphrase_is_the_same_however_its_accents_are_typed(folder: Path) -> None:
    keep(with_passphrase(folder, Person("Gru\u0308\u00df")), "one")
    assert with_passphrase(folder, Person("Gr\u00fc\u00df")).read("one") is not None


def test_a_damaged_passphrase_file_is_no_wrong_passphrase(folder: Path) -> None:
    keep(with_passphrase(folder, Person("right")), "one")
    good = (folder / "passphrase").read_bytes()
    for position in range(0, len(good), 7):
        wrong = bytearray(good)
        wrong[position] ^= 1
        for content in (bytes(wrong), good[:position], good + good[: position + 1], good.replace(b"\n", b"\v", 1)):
            (folder / "passphrase").write_bytes(content)
            with pytest.raises(VaultUnavailable, match="is damaged") as caught:
                with_passphrase(folder, Person("right")).read("one")
            assert not isinstance(caught.value, WrongPassphrase)
    (folder / "passphrase").write_bytes(good)
    assert with_passphrase(folder, Person("right")).read("one") is not None


@pytest.mark.parametrize("cost", ["40 8 1", "17 100000 1", "17 8 1000", "0 8 1"])
def test_a_file_that_asks_for_a_cost_nobody_can_pay_is_damaged(folder: Path, cost: str) -> None:
    keep(with_passphrase(folder, Person("right")), "one")
    path = folder / "passphrase"
    body = path.read_text().rsplit("\n", 2)[0].replace("scrypt 4 8 1", f"scrypt {cost}") + "\n"
    path.write_text(f"{body}{hashlib.sha256(body.encode()).hexdigest()}\n")
    with pytest.raises(VaultUnavailable, match="is damaged"):
        with_passphrase(folder, Person("right")).read("one")


def test_a_cost_that_no_machine_can_pay_is_refused() -> None:
    assert Cost().sane
    assert Cost() == (17, 8, 1)
    for cost in (Cost(40), Cost(17, 10_000), Cost(17, 8, 999), Cost(0), Cost(-1)):
        assert not cost.sane


class Keyring(KeyringHolder):
    """A keyring without a process: absent, or with what is in ``kept``."""

    def __init__(self, kept: dict[str, Key] | None) -> None:
        super().__init__({}, lambda words: None, patient=False)
        self.kept = kept
        self.probes = 0

    def probe(self) -> str:
        self.probes += 1
        if self.kept is None:
            raise NoKeyring("there is no OS keyring to use here: none", "set XSWITCH_PASSPHRASE")
        return "keyring.backends.SecretService.Keyring"

    def load(self, vault_id: str, detail: str = "") -> Key | None:
        if self.kept is None:
            raise VaultUnavailable("the OS keyring that holds the vault's key can't be reached here", "start it")
        assert detail in ("", "keyring keyring.backends.SecretService.Keyring")
        return self.kept.get(vault_id)

    def find(self, vault_id: str) -> tuple[Key, str] | None:
        key = self.load(vault_id)
        return None if key is None else (key, f"keyring {self.probe()}")

    def store(self, vault_id: str, key: Key) -> tuple[Key, str]:
        assert self.kept is not None
        return self.kept.setdefault(vault_id, key), f"keyring {self.probe()}"


def chosen(folder: Path, keyring: Keyring, *, plaintext: bool = False, passphrase: str = "") -> Vault:
    own = Folder(str(folder))
    environ = {"XSWITCH_PASSPHRASE": passphrase} if passphrase else {}
    opener = PassphraseHolder(own, environ, None, lambda words: None, cost=CHEAP)
    return Vault(folder, Chooser(keyring, opener, FileHolder(own), plaintext_key=plaintext))


def test_the_os_keyring_comes_first_and_is_remembered(folder: Path) -> None:
    keyring = Keyring({})
    keep(chosen(folder, keyring, passphrase="unused"), "one")
    assert keyring.kept and len(keyring.kept) == 1
    assert not (folder / "passphrase").exists()
    with pytest.raises(VaultUnavailable, match="can't be reached here"):
        chosen(folder, Keyring(None), passphrase="unused").read("one")
    with pytest.raises(VaultUnavailable, match="can't be reached here"):
        keep(chosen(folder, Keyring(None), passphrase="unused", plaintext=True), "two")
    assert not (folder / "passphrase").exists()
    assert not (folder / "key").exists()
    assert chosen(folder, keyring).read("one") is not None


def test_a_passphrase_where_there_is_no_keyring_is_remembered(folder: Path) -> None:
    keep(chosen(folder, Keyring(None), passphrase="right"), "one")
    later = Keyring({})
    assert chosen(folder, later, passphrase="right").read("one") is not None
    assert later.kept == {}
    with pytest.raises(VaultUnavailable) as caught:
        chosen(folder / "new", Keyring(None)).unlock()
    assert "no OS keyring" in caught.value.message
    assert "XSWITCH_PASSPHRASE" in caught.value.hint
    (folder / "holder").unlink()
    assert chosen(folder, later, passphrase="right").read("one") is not None
    assert (folder / "holder").read_text().startswith("passphrase\n")


def test_a_plain_key_only_while_the_person_says_so(folder: Path) -> None:
    keyring = Keyring({})
    keep(chosen(folder, keyring, plaintext=True), "one")
    assert (folder / "key").stat().st_mode & 0o777 == 0o600
    assert (keyring.kept, keyring.probes) == ({}, 0)
    assert chosen(folder, keyring, plaintext=True).read("one") is not None
    with pytest.raises(VaultUnavailable, match="does not allow that any more") as caught:
        chosen(folder, keyring).read("one")
    assert "plaintext_key = true" in caught.value.hint
    good = (folder / "key").read_bytes()
    (folder / "key").write_bytes(b"garbage")
    with pytest.raises(VaultUnavailable, match=r"key file .* is damaged"):
        chosen(folder, keyring, plaintext=True).read("one")
    (folder / "key").unlink()
    with pytest.raises(VaultUnavailable, match="the key file has no key") as caught:
        chosen(folder, keyring, plaintext=True).read("one")
    assert "put" in caught.value.hint
    (folder / "key").write_bytes(good)
    (folder / "holder").unlink()
    assert chosen(folder, keyring, plaintext=True).read("one") is not None


def test_a_holder_of_a_later_version_is_not_guessed(folder: Path) -> None:
    keep(chosen(folder, Keyring({})), "one")
    check = (folder / "holder").read_text().splitlines()[1]
    (folder / "holder").write_bytes(holder_bytes("hardware-token 1", check))
    with pytest.raises(VaultUnavailable, match="does not know"):
        chosen(folder, Keyring({})).read("one")


def test_open_vault_touches_nothing_until_it_is_used(tmp_path: Path) -> None:
    paths = Paths.of({"XSWITCH_HOME": str(tmp_path / "home")})
    vault = open_vault(paths, {}, kernel_keyring=True, plaintext_key=True, ask=None, note=lambda words: None)
    assert vault.headers() == ()
    assert not (tmp_path / "home").exists()
    keep(vault, "one")
    assert vault.folder == str(paths.vault)
    vault_id = (paths.vault / "id").read_text().strip()
    assert kernel.get(vault_id) is None, "a plain key needs no shadow"
