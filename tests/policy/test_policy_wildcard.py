"""The wildcard matcher beside a reference made of a regular expression, and its bound in time."""

from __future__ import annotations

import re
import time
from itertools import product

from hypothesis import given
from hypothesis import strategies as st
from properties import examples

from xswitch.policy.wildcard import Wild, compiled, lowered, matches, matches_text

PATTERNS = st.text(alphabet="ab*?:/é\n", max_size=14)
VALUES = st.text(alphabet="ab*?:/é\n", max_size=18)


def reference(pattern: str, value: str) -> bool:
    meant = {"*": ".*", "?": "."}
    text = "".join(meant.get(sign) or re.escape(sign) for sign in pattern)
    return re.fullmatch(text, value, re.DOTALL) is not None


@examples(200)
@given(PATTERNS, VALUES)
def test_it_matches_what_the_reference_matches(pattern: str, value: str) -> None:
    assert matches_text(pattern, value) == reference(pattern, value)


def words(alphabet: str, longest: int) -> list[str]:
    return ["".join(signs) for length in range(longest + 1) for signs in product(alphabet, repeat=length)]


def test_it_matches_what_the_reference_matches_in_every_short_case() -> None:
    for pattern in [*words("ab*?", 4), "*ab*ba*", "ab*ba", "*a?*?b*", "a*b?*a"]:
        expected = re.compile(pattern.replace("*", ".*").replace("?", "."))
        for value in words("ab", 5):
            assert matches_text(pattern, value) == (expected.fullmatch(value) is not None), (pattern, value)


@examples(200)
@given(st.lists(st.tuples(VALUES, st.sampled_from(["*", "?", ""])), max_size=5), st.data())
def test_a_pattern_made_from_a_value_matches_it(parts: list[tuple[str, str]], data: st.DataObject) -> None:
    pattern, value = "", ""
    for text, wild in parts:
        plain = text.replace("*", "").replace("?", "")
        pattern += plain + wild
        value += plain + {"*": data.draw(VALUES), "?": data.draw(st.sampled_from("ab:")), "": ""}[wild]
    assert matches_text(pattern, value)


def test_literal_pieces_hold_no_wildcards() -> None:
    assert matches(("a*", Wild.ONE), "a*b")
    assert not matches(("a*", Wild.ONE), "axb")
    assert lowered(compiled("STS:*Role?")) == ("sts:", Wild.ANY, "role", Wild.ONE)


def test_a_pattern_that_makes_others_blow_up_is_answered_soon() -> None:
    started = time.perf_counter()
    for pattern in ("*a" * 1000 + "b", "a*" * 1000 + "b", "*?" * 1000 + "b", "*?a" * 600 + "*b"):
        assert not matches_text(pattern, "a" * 6000)
    assert time.perf_counter() - started < 5
