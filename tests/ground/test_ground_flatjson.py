"""What is written is what json writes, to the letter; what json wrote is read."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from xswitch import flatjson

texts = st.text(st.characters(), max_size=12) | st.sampled_from(
    [
        "",
        '"',
        "\\",
        '\\"',
        '\\\\"',
        "\x00\x1f\x7f",
        "\n\r\t\b\f",
        "\u2028é",
        "\U0001f600",
        "\ud83d",
        "\ude00\ud83d",
        "/",
    ]
)
values = texts | st.integers() | st.booleans() | st.none() | st.lists(texts, max_size=3)


@given(st.dictionaries(texts, values, max_size=6))
@settings(deadline=None)
@example({})
@example({"a": [], "b": True, "c": -1})
def test_it_writes_what_json_writes(pairs: dict[str, object]) -> None:
    assert flatjson.compact(pairs) == json.dumps(pairs, ensure_ascii=False, separators=(",", ":"))
    assert flatjson.spaced(pairs) == json.dumps(pairs)


@given(st.dictionaries(texts, texts, max_size=6))
@settings(deadline=None)
@example({})
def test_it_writes_lines_as_json_does(pairs: dict[str, str]) -> None:
    assert flatjson.indented(pairs) == json.dumps(pairs, indent=2)


@given(st.dictionaries(texts, texts | st.integers(), max_size=6))
@settings(deadline=None)
@example({})
@example({"a\\": "b\\", '"': '\\"'})
@example({"a": -5, "b": 10**20})
def test_it_reads_what_json_wrote(pairs: dict[str, str | int]) -> None:
    assert flatjson.read(json.dumps(pairs, separators=(",", ":")).encode()) == pairs


@given(st.dictionaries(texts, texts | st.integers(), min_size=1, max_size=3), st.data())
@settings(deadline=None)
def test_half_an_object_is_none(pairs: dict[str, str | int], data: st.DataObject) -> None:
    whole = json.dumps(pairs, separators=(",", ":")).encode()
    assert flatjson.read(whole[: data.draw(st.integers(0, len(whole) - 1))]) is None


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"}", b"[]", b"null", b'{"a":1.5}', b'{"a":null}', b'{"a":true}', b'{"a":[]}', b'{"a":{}}', b'{"a":1,}',
     b'{"a" :1}', b'{ "a":1}', b'{"a":1}x', b'{"a"}', b'{"a":}', b'{"a":-}', b'{"a":--1}', b'{"a":"b}', b"{a:1}",
     b'{"a":"\xc3\xa9"}', b'{"a":1"b":2}', b'{,}',
     b'{"a":"\\x41"}', b'{"a":"\\u00"}', b'{"a":"\\uZZZZ"}', b'{"a":"\\N{DEL}"}', b'{"a":"\\a"}', b'{"a":"b\nc"}', b'{"a":007}',
     b'{"a":' + b"9" * 9000 + b"}"],
)  # fmt: skip
def test_anything_else_is_none(text: bytes) -> None:
    assert flatjson.read(text) is None
