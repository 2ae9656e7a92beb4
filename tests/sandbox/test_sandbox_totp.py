"""One-time passwords against the vectors of the RFC, and the parts of the wire that have rules of their own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import examples

from xswitch.sandbox import totp, wire
from xswitch.sandbox.mfa import spend
from xswitch.sandbox.refusal import Refusal
from xswitch.sandbox.state import MfaDevice

SEED = b"12345678901234567890"


@pytest.mark.parametrize(
    ("when", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238(when: int, code: str) -> None:
    assert totp.code_at(SEED, when) == code[-6:]
    assert totp.code_at(SEED, when + 0.9) == code[-6:]


@given(st.binary(min_size=1, max_size=64))
@examples(100)
def test_seeds_survive_base32(seed: bytes) -> None:
    assert totp.decode_seed(totp.encode_seed(seed)) == seed
    assert totp.decode_seed(totp.encode_seed(seed).lower()) == seed


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(-2, 2)), max_size=40))
@examples(100)
def test_no_code_is_ever_good_twice(tries: list[tuple[int, int]]) -> None:
    device = MfaDevice("serial", "111122223333", SEED)
    now, taken = 1_000_000, set()
    for wait, off in tries:
        now += wait
        step = totp.counter(now) + off
        good = spend(device, totp.code_of(SEED, step), now)
        assert good == (abs(off) <= 1 and step not in taken)
        if good:
            taken.add(step)


def test_dates_are_as_http_and_xml_want_them() -> None:
    assert wire.http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT"
    assert wire.http_date(1795478400.7) == "Tue, 24 Nov 2026 00:00:00 GMT"
    assert wire.iso(1795478400.7) == "2026-11-24T00:00:00Z"


def test_lists_are_read_in_the_order_of_their_numbers() -> None:
    flat = {"Tags.member.10.Key": "j", "Tags.member.2.Key": "b", "Tags.member.2.Value": "", "Name": "n", "A.B": "c"}
    assert wire.nest(flat) == {"Tags": [{"Key": "b", "Value": ""}, {"Key": "j"}], "Name": "n", "A": {"B": "c"}}


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=6))
@examples(150)
def test_any_parameters_are_nested_or_refused(flat: dict[str, str]) -> None:
    try:
        assert isinstance(wire.nest(flat), dict)
    except Refusal as refusal:
        assert refusal.code == "MalformedInput"


@given(st.text(max_size=60))
@examples(150)
def test_any_form_is_read_or_refused(text: str) -> None:
    try:
        wire.parse_form(text)
    except Refusal as refusal:
        assert refusal.code in ("MalformedInput", "MalformedQueryString")
