from __future__ import annotations

import json
import pickle
import struct
from binascii import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import examples
from vault_tools import SENTINEL

from xswitch.errors import RecordDamaged
from xswitch.vault import record
from xswitch.vault.key import Key

KEY = Key(bytes(range(32)))
ID = "0123456789abcdef" * 2
NAMES = st.text(min_size=1, max_size=60)
FACTS = st.dictionaries(
    st.text(max_size=10),
    st.one_of(st.text(max_size=20), st.integers(), st.floats(allow_nan=False, allow_infinity=False)),
    max_size=6,
)
TIMES = st.floats(allow_nan=False, allow_infinity=False)


def sealed(name: str = "session-1", payload: bytes = SENTINEL, expires: float | None = 2e9) -> bytes:
    facts = {"target": "a/b", "duration": 900}
    return record.seal(KEY, ID, name, "session", payload, issued=1.5e9, expires=expires, facts=facts)


@examples(150)
@given(NAMES, st.binary(max_size=300), TIMES, st.one_of(st.none(), TIMES), FACTS)
def test_what_is_sealed_comes_back(
    name: str, payload: bytes, issued: float, expires: float | None, facts: dict[str, str | int | float]
) -> None:
    data = record.seal(KEY, ID, name, "grant", payload, issued=issued, expires=expires, facts=facts)
    opened = record.unseal(KEY, ID, name, data)
    assert opened.payload == payload
    assert opened.header == record.parse_header(data, record.file_name(name))
    assert opened.header == record.Header(name, "grant", ID, issued, expires, opened.header.facts_text)
    assert opened.header.facts == facts


def test_every_flipped_bit_is_noticed() -> None:
    data = sealed(payload=b"short")
    for position in range(len(data)):
        for bit in range(8):
            wrong = bytearray(data)
            wrong[position] ^= 1 << bit
            with pytest.raises(RecordDamaged):
                record.unseal(KEY, ID, "session-1", bytes(wrong))


def test_every_truncation_and_extension_is_noticed_with_and_without_the_key() -> None:
    data = sealed()
    for length in range(len(data)):
        with pytest.raises(RecordDamaged):
            record.unseal(KEY, ID, "session-1", data[:length])
        with pytest.raises(RecordDamaged):
            record.parse_header(data[:length], "session-1.rec")
    with pytest.raises(RecordDamaged):
        record.unseal(KEY, ID, "session-1", data + b"\0")
    with pytest.raises(RecordDamaged):
        record.parse_header(data + b"\0", "session-1.rec")


def forged(data: bytes, **changes: float | bytes) -> bytes:
    """Alter header fields as somebody would who knows the format: the checksum is made right again."""
    layout = struct.Struct(">8s16s16sddHII")
    names = ("magic", "vault", "kind", "issued", "expires", "name_length", "facts_length", "sealed_length")
    fields = dict(zip(names, layout.unpack_from(data), strict=True))
    plain_end = layout.size + fields["name_length"] + fields["facts_length"]
    text = data[layout.size : plain_end]
    if "text" in changes:
        text = changes.pop("text")
    head = layout.pack(*(fields | changes).values()) + text
    return head + struct.pack(">I", crc32(head)) + data[plain_end + 4 :]


@pytest.mark.parametrize(
    "changes",
    [
        {"issued": 1.6e9},
        {"expires": 3e9},
        {"expires": float("inf")},
        {"kind": b"grant"},
        {"vault": b"x" * 16},
        {"text": b'session-1{"target":"b/a","duration":900}'},
        {"text": b'session-2{"target":"a/b","duration":900}'},
    ],
)
def test_a_forged_header_opens_nothing(changes: dict[str, float | bytes]) -> None:
    data = sealed()
    assert forged(data) == data
    wrong = forged(data, **changes)
    assert wrong != data
    with pytest.raises(RecordDamaged):
        record.unseal(KEY, ID, "session-1", wrong)


@pytest.mark.parametrize("changes", [{"issued": float("nan")}, {"expires": float("nan")}, {"kind": b""}])
def test_a_header_that_no_record_can_have_is_damaged_without_the_key_too(changes: dict[str, float | bytes]) -> None:
    with pytest.raises(RecordDamaged):
        record.parse_header(forged(sealed(), **changes), "session-1.rec")


def test_headers_are_not_exchanged_between_records() -> None:
    one, two = sealed(payload=b"1" * 40), sealed(payload=b"2" * 40, expires=1e9)
    start = len(record.tombstone(one, "session-1.rec"))
    with pytest.raises(RecordDamaged):
        record.unseal(KEY, ID, "session-1", two[:start] + one[start:])


def test_another_name_another_vault_another_key() -> None:
    data = sealed()
    with pytest.raises(RecordDamaged, match="renamed"):
        record.unseal(KEY, ID, "session-2", data)
    with pytest.raises(RecordDamaged, match="renamed"):
        record.parse_header(data, "session-2.rec")
    with pytest.raises(RecordDamaged, match=f"belongs to the vault {ID}"):
        record.unseal(KEY, "f" * 32, "session-1", data)
    with pytest.raises(RecordDamaged, match="under another key"):
        record.unseal(Key.new(), ID, "session-1", data)


def test_a_later_format_says_so() -> None:
    data = b"xswrec\x00\x02" + sealed()[8:]
    with pytest.raises(RecordDamaged, match="format 2 is not known"):
        record.parse_header(data, "session-1.rec")


@examples(200)
@given(st.binary(max_size=400), st.booleans())
def test_noise_is_damaged_and_nothing_else(noise: bytes, magic: bool) -> None:
    data = record.MAGIC + noise if magic else noise
    for attempt in (
        lambda: record.unseal(KEY, ID, "a", data),
        lambda: record.parse_header(data, "a.rec"),
        lambda: record.tombstone(data, "a.rec"),
    ):
        with pytest.raises(RecordDamaged):
            attempt()
    assert record.unsealed(KEY, ID, "a", data) is None


def test_a_tombstone_keeps_the_header_and_nothing_of_the_payload() -> None:
    data = sealed()
    stone = record.tombstone(data, "session-1.rec")
    header = record.parse_header(stone, "session-1.rec", whole=False)
    assert header == record.parse_header(data, "session-1.rec")
    assert data.startswith(stone)
    assert len(data) - len(stone) == 12 + len(SENTINEL) + 16


@examples(200)
@given(st.text(max_size=200), st.text(max_size=200))
def test_file_names_are_safe_and_differ_even_where_case_does_not(one: str, two: str) -> None:
    first, second = record.file_name(one), record.file_name(two)
    assert (first.casefold() == second.casefold()) == (one == two)
    assert first == first.casefold()
    assert len(first) <= 200
    assert not first.startswith((".", "="))
    assert set(first) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-%~.")


def test_a_record_and_a_key_print_nothing() -> None:
    opened = record.unseal(KEY, ID, "session-1", sealed())
    for words in (repr(opened), str(opened), f"{opened}", repr(KEY), str(KEY), f"{KEY}"):
        assert SENTINEL.decode() not in words
        assert bytes(range(32)).hex() not in words
        assert "\\x01\\x02" not in words
    with pytest.raises(TypeError):
        pickle.dumps(KEY)


def test_what_no_record_can_hold_is_refused_without_quoting_it() -> None:
    good = {"issued": 1.0, "expires": None, "facts": {}}
    wrong: list[tuple[str, bytes, dict[str, object]]] = [
        ("", b"", good),
        ("seventeen-letters", b"", good),
        ("a", b"", good | {"issued": float("nan")}),
        ("a", b"", good | {"expires": float("inf")}),
        ("a", b"", good | {"facts": {"a": None}}),
        ("a", b"", good | {"facts": {"a": float("nan")}}),
        ("a", SENTINEL * 30_000, good),
    ]
    for kind, payload, rest in wrong:
        with pytest.raises(ValueError) as caught:
            record.seal(KEY, ID, "n", kind, payload, **rest)  # type: ignore[arg-type]
        assert SENTINEL.decode() not in str(caught.value)


def test_the_header_is_readable_at_fixed_places() -> None:
    data = sealed()
    assert struct.unpack_from(">dd", data, 40) == (1.5e9, 2e9)
    assert data[8:24].hex() == ID
    assert data[24:40].rstrip(b"\0") == b"session"
    assert json.loads(record.parse_header(data, "session-1.rec").facts_text) == {"target": "a/b", "duration": 900}


def test_facts_that_are_no_object_are_damage() -> None:
    for text in (b"[]", b"{", b'{"a":null}', b'{"a":[1]}', b'{"a":NaN}', b'{"a":1e999}', b"\xff", b"[" * 100_000):
        with pytest.raises(RecordDamaged):
            _ = record.Header("n", "k", ID, 0.0, None, text).facts
