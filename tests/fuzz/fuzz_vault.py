"""Targets of what lies on the disk: records of the vault, and the small files of the state folder."""

from __future__ import annotations

import math
from binascii import crc32
from pathlib import Path
from struct import Struct

from fuzz_catalog import home, shown

from xswitch.catalog import journal, pins, visits
from xswitch.errors import RecordDamaged, VaultUnavailable
from xswitch.session.learnt import FILE as LEARNT
from xswitch.session.learnt import Learnt
from xswitch.session.model import Caller
from xswitch.session.records import credentials_in, stored_session
from xswitch.shell import uses
from xswitch.vault import record
from xswitch.vault.folder import Folder
from xswitch.vault.holders import Cost, FileHolder, PassphraseHolder
from xswitch.vault.key import Key
from xswitch.vault.keys import Keys

KEY = Key(bytes(range(32)))
ID = "0123456789abcdef0123456789abcdef"
NAME = "session-1"
FILE = record.file_name(NAME)
NOW = 1_790_000_000.0


GOOD = bytes.fromhex(
    "78737772656300010123456789abcdef0123456789abcdef73657373696f6e00000000000000000041d65a0bc000000041dd"
    "cd650000000000090000002a0000002d73657373696f6e2d317b22746172676574223a22612f62222c226475726174696f6e"
    "223a333630302c2261736b6564223a307dd7234ecb622f3b53c5f116feaf5f2c859272caf29c2e6397e0697ef359b6b58b51"
    "30053246dc2ad1d094524b212f2f1328"
)
"""A record of KEY and ID, sealed once: what it holds is SEALED."""
SEALED = b"AKIA\nsecret\ntoken"


def vault_record(data: bytes) -> None:
    """Bytes are the record that was sealed, bit for bit, or they are damaged; nothing else is raised.

    The first byte chooses: the input as it is; edits of three bytes (place, place, value) of a sound record; or those
    edits with the checksum of the header made right again.
    """
    mode, rest = data[:1], data[1:]
    bad = rest if mode == b"w" else _edited(GOOD, rest)
    if mode == b"r":
        bad = _checked(bad)
    header = None
    try:
        header = record.parse_header(bad, FILE)
        assert isinstance(header.facts, dict)
    except RecordDamaged as error:
        shown(error.message, error.hint)
    try:
        opened = record.unseal(KEY, ID, NAME, bad)
    except RecordDamaged as error:
        shown(error.message, error.hint)
        assert bad != GOOD
        assert record.unsealed(KEY, ID, NAME, bad) is None
        return
    assert bad == GOOD
    assert opened.header == header
    assert opened.payload == SEALED


def _edited(good: bytes, edits: bytes) -> bytes:
    bad = bytearray(good)
    for at in range(0, len(edits) - 2, 3):
        bad[int.from_bytes(edits[at : at + 2], "big") % len(bad)] = edits[at + 2]
    return bytes(bad)


_LENGTHS = Struct(">HII")


def _checked(data: bytes) -> bytes:
    name_length, facts_length, _ = _LENGTHS.unpack_from(data, 56)
    end = 66 + name_length + facts_length
    return data[:end] + Struct(">I").pack(crc32(data[:end])) + data[end + 4 :]


def stored_payload(data: bytes) -> None:
    """A record that opens and holds something else than a session is a ValueError or damage, and nothing else."""
    facts, _, payload = data.partition(b"\0")
    opened = record.Record(record.Header(NAME, "session", ID, 1.5e9, 2e9, facts), payload)
    assert repr(opened) == f"Record({opened.header!r}, [hidden])"
    try:
        keys = credentials_in(opened)
    except ValueError:
        keys = None
    try:
        session = stored_session(opened)
    except (ValueError, RecordDamaged):
        return
    assert session.credentials == keys
    assert "\n".join((keys.access_key_id, keys.secret_access_key.reveal(),
                      keys.session_token.reveal() if keys.session_token else "")).encode() == payload  # fmt: skip


def state_files(data: bytes) -> None:
    """Whatever stands in the files that only save time, they are read, written anew, and make sense then."""
    state = home().state
    state.mkdir(mode=0o700, exist_ok=True)
    for path in state.iterdir():
        if path.is_file():
            path.unlink()
    for name in ("visits.json", "pins.json", LEARNT):
        (state / name).write_bytes(data)
        (state / name).chmod(0o600)
    _journal(state, data)
    _visits(state / "visits.json")
    _pins(state / "pins.json")
    _learnt(state)


def _journal(state: Path, data: bytes) -> None:
    ledger = str(state / "waited.json")
    (state / "waited.json.new").write_bytes(data)
    before = journal.waiting(ledger)
    assert all(math.isfinite(at) for _, at in before)
    journal.leave(ledger, "a/b", NOW)
    assert journal.waiting(ledger)[: len(before)] == before
    journal.empty(ledger)
    assert journal.waiting(ledger) == []


def _visits(path: Path) -> None:
    before = visits.load(path)
    for visit in before.values():
        bonus = visits.frecency(visit, NOW)
        assert math.isfinite(bonus)
        assert 0 <= bonus <= visits.BONUS_LIMIT
    visits.record(path, "a/b", NOW)
    after = visits.load(path)
    assert after["a/b"][1] == before.get("a/b", (0.0, 0, 0.0))[1] + 1
    assert after.keys() >= before.keys() or len(before) > 400


def _pins(path: Path) -> None:
    before = pins.load(path)
    assert len(set(before)) == len(before)
    assert pins.toggle(path, "a/b") is ("a/b" not in before)
    rest = [name for name in before if name != "a/b"]
    assert [name for name in pins.load(path) if name != "a/b"] == [
        name.encode("utf-8", "replace").decode() for name in rest
    ]


def _learnt(state: Path) -> None:
    found = Learnt(state, lambda: NOW)
    assert all(isinstance(most, int) and 900 <= most <= 43200 for most in found.maxima().values())
    assert math.isfinite(found.skew)
    for identity in ("central", "a"):
        caller = found.caller(identity)
        assert caller is None or isinstance(caller, Caller)
        assert isinstance(found.granted(f"arn:{identity}"), int)
    found.learn_maximum("arn:x", 3600)
    found.learn_caller(Caller("new", "user", "arn:y", "111122223333", "ada", "f"))
    found.learn_skew(100.0)
    again = Learnt(state, lambda: NOW)
    assert again.maxima()["arn:x"] == 3600
    assert again.caller("new") == Caller("new", "user", "arn:y", "111122223333", "ada", "f")


def vault_files(data: bytes) -> None:
    """The small files of the vault are what they should be, or the vault says which one is damaged."""
    path = home().state / "vault"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Folder(str(path))
    for name in ("id", "holder", "key", "passphrase"):
        (path / name).write_bytes(data)
        (path / name).chmod(0o600)
    passphrase = PassphraseHolder(folder, {"XSWITCH_PASSPHRASE": "no"}, None, lambda _: None, cost=Cost(1, 1, 1))
    keys = Keys(folder, passphrase, shadow=False)
    memo = keys.memo()
    assert memo is None or len(memo.check) == 16
    for read in (keys.vault_id, lambda: FileHolder(folder).load(ID)):
        try:
            read()
        except VaultUnavailable as error:
            assert "damaged" in error.message
    if b"scrypt 1" not in data or b"scrypt 17" not in data:  # a cost that takes seconds is the same code
        return
    try:
        assert passphrase.load(ID) is None
    except VaultUnavailable as error:
        assert "damaged" in error.message or "does not open" in error.message


def use_files(data: bytes) -> None:
    """A file of a process that holds a session tells of it, or is swept away; both alike for any content."""
    folder = home().state / "uses"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / "1-abcd"
    file.write_bytes(data)
    found = uses.current(folder, alive=lambda _, mark: bool(mark))
    assert len(found) == int(file.exists())
    for use in found:
        assert use.pid == 1
