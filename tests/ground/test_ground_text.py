"""Words that are safe to show, and words for time: what holds for any text and any number of seconds."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import examples

from xswitch.countdown import prompt_words, step, thresholds
from xswitch.text import clean, iso8601, parse_duration, prompt_safe, say_duration, shorten

TEXTS = st.text(st.characters(codec=None, categories=None), max_size=40) | st.text(
    "a\u202e\u200b\x1b\x9b\x85\u2028é\t "
)
STEPS = ("calm", "soon", "ending", "ended")


@examples(300)
@given(TEXTS)
def test_what_is_clean_moves_nothing_hides_nothing_and_stays_clean(text: str) -> None:
    safe = clean(text)
    assert clean(safe) == safe
    assert not {unicodedata.category(letter) for letter in safe} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert not {unicodedata.bidirectional(letter) for letter in safe} & {
        "LRE",
        "RLE",
        "LRO",
        "RLO",
        "PDF",
        "LRI",
        "PDI",
    }
    kept = [
        letter
        for letter in text
        if unicodedata.category(letter)[0] in "LNPS" and letter not in "\u115f\u1160\u3164\uffa0"
    ]
    assert [letter for letter in safe if unicodedata.category(letter)[0] in "LNPS"] == kept


@examples(100)
@given(TEXTS, st.integers(0, 30))
def test_a_prompts_text_and_a_shortened_one(text: str, width: int) -> None:
    assert len(prompt_safe(text)) == len(text)
    assert set(prompt_safe(text)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/@+-")
    short = shorten(text, width)
    assert len(short) <= width or short == text
    assert (short == text) == (len(text) <= width) or short == text


@examples(200)
@given(st.integers(0, 99), st.integers(0, 5000), st.integers(0, 9999))
def test_a_duration_is_read_part_by_part(hours: int, minutes: int, seconds: int) -> None:
    total = hours * 3600 + minutes * 60 + seconds
    text = f"{hours}h{minutes}m{seconds}s"
    if total:
        assert parse_duration(text) == parse_duration(f"{total}s") == parse_duration(str(total)) == total
    else:
        with pytest.raises(ValueError, match="not a duration"):
            parse_duration(text)


@examples(300)
@given(TEXTS | st.text("0123456789hms -+.٣²", max_size=12))
def test_any_text_is_a_duration_or_a_value_error_that_is_safe_to_show(text: str) -> None:
    try:
        assert 0 < parse_duration(text) < 10**9
    except ValueError as error:
        assert str(error) == clean(str(error))
    else:
        assert text.isascii()


@examples(200)
@given(st.integers(1, 10**6))
def test_what_is_said_of_a_span_is_read_as_nearly_that_span(seconds: int) -> None:
    said = parse_duration(say_duration(seconds).replace(" ", ""))
    assert said == seconds if seconds < 300 else 0 <= seconds - said < 60


@examples(200)
@given(st.integers(0, 253_402_300_799) | st.floats(0, 4e9))
def test_a_time_is_written_as_aws_writes_it(epoch: float) -> None:
    assert iso8601(epoch) == datetime.fromtimestamp(int(epoch), UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


@examples(200)
@given(st.floats(0, 50000), st.floats(-10, 50000), st.floats(0, 50000))
def test_a_countdown_only_goes_forward(life: float, left: float, passes: float) -> None:
    assert STEPS.index(step(left, life)) <= STEPS.index(step(left - passes, life))
    soon, ending = thresholds(life)
    assert 0 <= ending <= soon <= 900
    assert set(prompt_words(left)) <= set("0123456789hmsend ")
