from __future__ import annotations

import os
import threading
import traceback
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vault_tools import SENTINEL, Clock, MemoryHolder, everything, keep

from xswitch.errors import RecordDamaged, VaultUnavailable
from xswitch.vault import folder as folder_module
from xswitch.vault import record, steady, store
from xswitch.vault.folder import Folder
from xswitch.vault.key import Key
from xswitch.vault.store import Vault


def test_an_untouched_vault_makes_nothing_and_asks_nobody(vault: Vault, folder: Path, holder: MemoryHolder) -> None:
    assert vault.read("one") is None
    assert vault.headers() == ()
    assert vault.header("one") is None
    assert vault.damaged() == ()
    assert vault.set_aside_headers() == ()
    assert vault.remove("one") is False
    assert vault.set_aside("one") is False
    assert vault.sweep(0.0) == 0
    vault.forget_key()
    assert dict(vault.describe())["holder"] == "not chosen yet"
    assert not folder.parent.exists()
    assert (holder.loads, holder.stores) == (0, 0)


def test_write_read_replace_remove(vault: Vault, folder: Path, holder: MemoryHolder) -> None:
    keep(vault, "one", b"first")
    keep(vault, "one", bytearray(b"second"))
    keep(vault, "two", b"", kind="grant", expires=None)
    again = Vault(folder, holder)
    found = again.read("one")
    assert found is not None
    assert found.payload == b"second"
    assert found.header.facts == {"target": "payments/Deploy", "duration": 3600}
    assert found.header.issued == 1.7e9
    assert [(header.name, header.kind, header.expires) for header in again.headers()] == [
        ("one", "session", 2e9),
        ("two", "grant", None),
    ]
    assert [header.name for header in again.headers("grant")] == ["two"]
    assert again.header("two") == again.headers("grant")[0]
    assert vault.remove("one") is True
    assert vault.remove("one") is False
    assert again.read("one") is None


def test_headers_need_no_key(vault: Vault, folder: Path, holder: MemoryHolder) -> None:
    keep(vault, "one")
    holder.fault = VaultUnavailable("locked", "unlock it")
    blind = Vault(folder, holder)
    assert [header.name for header in blind.headers()] == ["one"]
    assert dict(blind.describe())["records"] == "1"
    assert blind.set_aside("one") is True
    assert [aside.restorable for aside in blind.set_aside_headers()] == [True]
    assert holder.loads == 0


def test_a_name_may_hold_anything(vault: Vault, folder: Path) -> None:
    names = ["../../etc/passwd", "Über/Größe", "a" * 500, ".hidden", "$(touch pwned)", "A", "a", "con\n", "=vault"]
    for name in names:
        keep(vault, name, name.encode())
        with vault.lock(name, timeout=1, purpose="x"):
            pass
    for name in names:
        found = vault.read(name)
        assert found is not None and found.payload == name.encode()
    assert {header.name for header in vault.headers()} == set(names)
    assert len(list(folder.glob("*.rec"))) == len(names)


def test_damaged_and_foreign_records_are_left_out_and_reported(
    vault: Vault, folder: Path, tmp_path: Path, holder: MemoryHolder
) -> None:
    for name in ("good", "short", "flipped", "renamed"):
        keep(vault, name)
    (folder / "short.rec").write_bytes((folder / "short.rec").read_bytes()[:-1])
    flipped = bytearray((folder / "flipped.rec").read_bytes())
    flipped[45] ^= 1
    (folder / "flipped.rec").write_bytes(flipped)
    (folder / "renamed.rec").rename(folder / "moved.rec")
    other = Vault(tmp_path / "other", MemoryHolder())
    keep(other, "foreign")
    (folder / "foreign.rec").write_bytes((tmp_path / "other" / "foreign.rec").read_bytes())
    (folder / "empty.rec").write_bytes(b"")

    assert [header.name for header in vault.headers()] == ["good"]
    reported = {bad.file: bad.why for bad in vault.damaged()}
    assert sorted(reported) == ["empty.rec", "flipped.rec", "foreign.rec", "moved.rec", "short.rec"]
    assert "belongs to the vault" in reported["foreign.rec"]
    for name in ("short", "flipped", "moved", "foreign", "empty"):
        with pytest.raises(RecordDamaged) as caught:
            vault.read(name)
        assert caught.value.exit_status == 6
        with pytest.raises(RecordDamaged):
            vault.header(name)
    keep(vault, "short", b"new")
    found = vault.read("short")
    assert found is not None and found.payload == b"new"


def test_a_damaged_payload_is_found_by_reading(vault: Vault, folder: Path) -> None:
    keep(vault, "one")
    data = bytearray((folder / "one.rec").read_bytes())
    data[-1] ^= 1
    (folder / "one.rec").write_bytes(data)
    with pytest.raises(RecordDamaged, match="altered, or sealed under another key"):
        vault.read("one")


def test_an_end_can_be_undone_for_half_a_minute(vault: Vault, folder: Path, clock: Clock) -> None:
    keep(vault, "one")
    assert vault.set_aside("one") is True
    assert vault.read("one") is None
    (aside,) = vault.set_aside_headers()
    assert (aside.header.name, aside.at, aside.restorable) == ("one", clock.now, True)
    clock.now += 29.9
    vault.sweep(clock.now)
    assert vault.bring_back("one") is True
    assert vault.bring_back("one") is False
    found = vault.read("one")
    assert found is not None and found.payload == SENTINEL

    vault.set_aside("one")
    clock.now += 31
    assert vault.bring_back("one") is False
    assert [aside.restorable for aside in vault.set_aside_headers()] == [False]
    vault.sweep(clock.now)
    (aside,) = vault.set_aside_headers()
    assert (aside.header.facts["target"], aside.at, aside.restorable) == ("payments/Deploy", clock.now - 31, False)
    assert not list(folder.rglob("*.rec")), "the payload is gone, the header is left"
    clock.now += 3600
    assert vault.set_aside_headers() == ()
    vault.sweep(clock.now)
    assert not list((folder / "trash").iterdir())


def test_an_undo_never_replaces_a_newer_record(vault: Vault) -> None:
    keep(vault, "one", b"old")
    vault.set_aside("one")
    keep(vault, "one", b"new")
    assert vault.bring_back("one") is False
    found = vault.read("one")
    assert found is not None and found.payload == b"new"


class Beats:
    def __init__(self) -> None:
        self.boot = "boot-1"
        self.seconds = 5000.0

    def __call__(self) -> steady.Beat:
        return steady.Beat(self.boot, self.seconds)


def swept(folder: Path, holder: MemoryHolder, now: float, beats: Beats) -> int:
    return Vault(folder, holder, clock=lambda: now, beat=beats).sweep(now)


def test_expired_records_go_an_hour_after_their_end(folder: Path, holder: MemoryHolder) -> None:
    beats, start = Beats(), 1_700_000_000.0
    vault = Vault(folder, holder, beat=beats)
    keep(vault, "over", expires=start)
    keep(vault, "live", expires=start + 9000)
    keep(vault, "for-ever", expires=None)
    assert swept(folder, holder, start, beats) == 0
    beats.seconds += 3600
    assert swept(folder, holder, start + 3600, beats) == 0
    beats.seconds += 1
    assert swept(folder, holder, start + 3601, beats) == 1
    assert [header.name for header in vault.headers()] == ["for-ever", "live"]


def test_nothing_goes_for_its_age_before_the_clock_was_watched_for_an_hour(folder: Path, holder: MemoryHolder) -> None:
    beats, now = Beats(), 1_700_000_000.0
    keep(Vault(folder, holder), "over", expires=now - 86400)
    for seconds, removed in ((0, 0), (1800, 0), (3599, 0), (3600, 1)):
        beats.seconds = 5000.0 + seconds
        assert swept(folder, holder, now + seconds, beats) == removed


@pytest.mark.parametrize("jump", [365 * 86400.0, -365 * 86400.0])
def test_a_clock_that_jumps_a_year_loses_nothing(folder: Path, holder: MemoryHolder, jump: float) -> None:
    beats, now = Beats(), 1_700_000_000.0
    keep(Vault(folder, holder), "live", expires=now + 900)
    swept(folder, holder, now, beats)
    for _ in range(3):
        beats.seconds += 3000
        now += 3000 + jump
        jump = -jump
        assert swept(folder, holder, now, beats) == 0
    found = Vault(folder, holder).read("live")
    assert found is not None and found.payload == SENTINEL


def test_a_reboot_or_a_damaged_mark_begins_the_hour_anew(folder: Path, holder: MemoryHolder) -> None:
    beats, now = Beats(), 1_700_000_000.0
    keep(Vault(folder, holder), "over", expires=now - 9000)
    swept(folder, holder, now, beats)
    beats.seconds += 4000
    (folder / "clock").write_text("nonsense")
    assert swept(folder, holder, now + 4000, beats) == 0
    beats.boot, beats.seconds = "boot-2", 10.0
    assert swept(folder, holder, now + 8000, beats) == 0
    beats.seconds += 3600
    assert swept(folder, holder, now + 11600, beats) == 1


def test_the_real_steady_clock_goes_on() -> None:
    one, two = steady.beat(), steady.beat()
    assert one.boot == two.boot
    assert one.boot
    assert 0 <= two.seconds - one.seconds < 60


def test_torn_writes_are_swept_and_nobody_is_swept_while_writing(vault: Vault, folder: Path, clock: Clock) -> None:
    keep(vault, "one")
    torn = folder / ".one.rec.4242.abcdef.tmp"
    torn.write_bytes(b"half")
    with vault._keys.shared():
        vault.sweep(clock.now)
        assert torn.exists()
    vault.sweep(clock.now)
    assert not torn.exists()
    assert vault.read("one") is not None


def locals_of_the_vault(error: BaseException) -> str:
    """Return what a traceback with locals, such as Textual's, shows of the vault's own frames."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = [frame for frame in shown.stack if f"{os.sep}xswitch{os.sep}vault{os.sep}" in frame.filename]
    assert len(frames) >= 2
    lines = [f"{name} = {value}" for frame in frames for name, value in (frame.locals or {}).items()]
    return "\n".join([*lines, str(error)])


def test_secrets_are_in_no_file_and_no_error(vault: Vault, folder: Path, holder: MemoryHolder) -> None:
    keep(vault, "one")
    vault.set_aside("one")
    vault.bring_back("one")
    (key,) = holder.kept.values()
    for name, content in everything(folder.parent.parent).items():
        for secret in (SENTINEL, SENTINEL[:12], key.reveal(), key.reveal().hex().encode()):
            assert secret not in content, name
    found = vault.read("one")
    words = [repr(found), str(found), repr(vault), repr(vault.headers()), repr(vault.describe()), repr(key)]
    (folder / "one.rec").write_bytes(b"x")
    try:
        vault.read("one")
    except RecordDamaged as error:
        words.append(locals_of_the_vault(error))
    assert len(words) == 7
    for text in words:
        assert SENTINEL.decode() not in text
        assert key.reveal().hex() not in text
        assert repr(key.reveal())[2:20] not in text


def test_a_failed_write_shows_no_payload_in_a_traceback_with_locals(
    vault: Vault, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(vault, "one", b"old")

    def full(*_: object) -> int:
        raise OSError(28, "no space")

    monkeypatch.setattr(folder_module, "_write", full)
    payloads = [SENTINEL]
    with pytest.raises(VaultUnavailable) as caught:
        vault.write("one", "session", payloads.pop(), issued=0.0, expires=None, facts={})
    shown = locals_of_the_vault(caught.value)
    assert "sealed = " in shown
    assert SENTINEL.decode() not in shown


operations = st.lists(
    st.tuples(
        st.sampled_from(["write", "remove", "aside", "back", "wait", "sweep", "forget"]),
        st.sampled_from(["a", "b"]),
        st.binary(max_size=8),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations)
def test_any_history_reads_as_a_dictionary_would(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[str, str, bytes]]
) -> None:
    clock, holder = Clock(1e9), MemoryHolder()
    vault = Vault(tmp_path_factory.mktemp("v") / "vault", holder, clock=clock)
    live: dict[str, bytes] = {}
    aside: dict[str, tuple[bytes, float]] = {}
    for operation, name, payload in history:
        if operation == "write":
            keep(vault, name, payload, expires=None)
            live[name] = payload
        elif operation == "remove":
            assert vault.remove(name) == (name in live)
            live.pop(name, None)
        elif operation == "aside":
            assert vault.set_aside(name) == (name in live)
            if name in live:
                aside[name] = live.pop(name), clock.now
        elif operation == "back":
            possible = name in aside and name not in live and clock.now - aside[name][1] <= 30
            assert vault.bring_back(name) == possible
            if possible:
                live[name] = aside.pop(name)[0]
        elif operation == "wait":
            clock.now += 16
        elif operation == "sweep":
            vault.sweep(clock.now)
            aside = {key: value for key, value in aside.items() if clock.now - value[1] <= 30}
        else:
            vault.forget_key()
        for key in ("a", "b"):
            found = vault.read(key)
            assert (found.payload if found else None) == live.get(key)
    assert len(holder.kept) <= 1


def test_the_key_is_looked_for_once_and_again_after_a_lock(vault: Vault, folder: Path, holder: MemoryHolder) -> None:
    keep(vault, "one")
    for _ in range(3):
        vault.read("one")
    assert holder.loads == 0, "who made the key has it"
    other = Vault(folder, holder)
    for _ in range(3):
        other.read("one")
    assert holder.loads == 1
    vault.forget_key()
    other.read("one")
    assert holder.loads == 2, "a lock in one process reaches the others"


def test_describe_names_the_holder_and_counts(vault: Vault, folder: Path) -> None:
    keep(vault, "one")
    keep(vault, "two")
    vault.set_aside("two")
    (folder / "bad.rec").write_bytes(b"")
    facts = dict(vault.describe())
    assert facts["records"] == "1"
    assert facts["set aside"] == "1"
    assert facts["damaged"] == "1"
    assert facts["kernel keyring"] == "off"
    assert len(facts["id"]) == 32


def test_a_payload_may_be_gone_between_listing_and_reading(vault: Vault, folder: Path) -> None:
    keep(vault, "one")
    original = os.listdir(folder)
    vault.remove("one")
    assert "one.rec" in original
    assert store._look(vault._folder, "one.rec", None) == (None, None)


def test_names_are_those_of_the_format() -> None:
    assert record.file_name("session-0a1b") == "session-0a1b.rec"
    assert Key.new() != Key.new()


def test_a_record_that_is_set_aside_while_an_older_one_is_swept_can_be_brought_back(
    vault: Vault, folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep has judged the older one already: the newer one must not go in its place."""
    keep(vault, "one", b"older")
    vault.set_aside("one")
    clock.now += 60
    keep(vault, "one", b"newer")
    other = threading.Thread(target=vault.set_aside, args=("one",))
    read = Folder.read

    def meanwhile(self: Folder, name: str, limit: int = 1 << 20) -> bytes | None:
        if self.path.endswith("/trash") and name == "one.rec" and not other.is_alive() and other.ident is None:
            other.start()
            other.join(0.2)
        return read(self, name, limit)

    monkeypatch.setattr(Folder, "read", meanwhile)
    vault.sweep(clock.now)
    other.join(30)
    assert vault.bring_back("one") is True
    found = vault.read("one")
    assert found is not None and found.payload == b"newer"


def test_a_write_whose_neighbour_was_swept_is_made_again(
    vault: Vault, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`xswitch lock` takes no lock of the vault's, so a sweep may clear away what it is writing."""
    keep(vault, "one")
    replace = folder_module._replace
    swept: list[str] = []

    def swept_first(*names: str, **more: int) -> None:
        if not swept:
            swept.append("once")
            vault.sweep(0.0)
        replace(*names, **more)

    monkeypatch.setattr(folder_module, "_replace", swept_first)
    vault.forget_key()
    assert swept == ["once"]
    assert (folder / "locked").exists()
    assert not list(folder.glob("*.tmp")) + list(folder.glob(".*.tmp"))


def test_a_key_that_was_made_anew_meanwhile_opens_the_record(folder: Path, holder: MemoryHolder) -> None:
    """The first key was lost before any record was written, and another process made the second."""
    first = Vault(folder, holder)
    first.unlock()
    holder.kept.clear()
    keep(Vault(folder, holder), "one")
    found = first.read("one")
    assert found is not None and found.payload == SENTINEL


@pytest.mark.parametrize("deed", ["write", "set aside"])
def test_nothing_is_written_while_somebody_has_the_vault_alone(vault: Vault, clock: Clock, deed: str) -> None:
    keep(vault, "one", b"old")
    work = {"write": lambda: keep(vault, "one", b"new"), "set aside": lambda: vault.set_aside("one")}[deed]
    thread = threading.Thread(target=work)
    with vault._keys.exclusive("sweeping"):
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
        found = vault.read("one")
        assert found is not None and found.payload == b"old"
    thread.join(30)
    found = vault.read("one")
    assert (found and found.payload) == (b"new" if deed == "write" else None)
