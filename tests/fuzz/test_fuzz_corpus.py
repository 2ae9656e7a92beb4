"""Every fuzz target over its corpus, and over files of the corpus as they come to be damaged: without a fuzzer."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from fuzz_targets import CORPUS, TARGETS
from hypothesis import given
from hypothesis import strategies as st
from properties import examples

WORDS = [
    line[1:-1].encode("latin-1").decode("unicode_escape").encode("latin-1")
    for line in Path(__file__).with_name("words.dict").read_text().splitlines()
    if line.startswith('"')
]


@cache
def corpus(name: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]


def test_every_target_has_a_small_corpus_and_no_other_is_there() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)
    for name in TARGETS:
        assert 0 < len(corpus(name)) <= 60, name
        assert max(map(len, corpus(name))) <= 4096, name


@pytest.mark.parametrize("name", TARGETS)
def test_what_was_found_once_stays_found(name: str) -> None:
    for path in sorted((CORPUS / name).iterdir()):
        try:
            TARGETS[name](path.read_bytes())
        except Exception as error:
            raise AssertionError(f"{name} breaks at corpus/{name}/{path.name}") from error


@st.composite
def damaged(draw: st.DrawFn, name: str) -> bytes:
    """A file of a target's corpus, with some of it cut out, doubled, overwritten, or taken from another file."""
    data = draw(st.sampled_from(corpus(name)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 40)))
        other = draw(st.sampled_from(corpus(name)))
        piece = draw(
            st.one_of(st.just(b""), st.binary(max_size=4), st.sampled_from(WORDS), st.just(2 * data[start:end]),
                      st.just(other[start:end]))
        )  # fmt: skip
        data = data[:start] + piece + data[end:]
    return data


@pytest.mark.parametrize("name", TARGETS)
@examples(40)
@given(st.data())
def test_damage_breaks_no_target(name: str, data: st.DataObject) -> None:
    TARGETS[name](data.draw(damaged(name)))


def test_the_dictionary_is_read_as_libfuzzer_does() -> None:
    assert b"[[accounts]]\n" in WORDS
    assert b'kind = "keys"\n' in WORDS
    assert b"\xff" in WORDS
