"""Moments as AWS writes them."""

from __future__ import annotations

from email.utils import formatdate, parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch.aws.dates import of_header, of_iso


@given(st.integers(-2_000_000_000, 250_000_000_000))
def test_a_date_header_is_what_the_standard_library_reads(when: int) -> None:
    text = formatdate(when, usegmt=True)
    assert of_header(text) == parsedate_to_datetime(text).timestamp() == when


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 +0100",
        "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 25:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:60 GMT",
        "Sun, 06 Nov 1994 08:49:3٧ GMT",
        "Sun, 06 Nov 1994 08:49:37:1 GMT",
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert of_header(text) is None


@given(st.text(max_size=40))
def test_any_text_is_a_date_or_none(text: str) -> None:
    assert of_header(text) is None


def test_moments_of_documents() -> None:
    assert of_iso("2026-11-23T12:00:00Z") == of_iso("2026-11-23T12:00:00.000Z") == 1_795_435_200
    assert of_iso("2026-11-23T13:00:00+01:00") == 1_795_435_200
    for text in ("", "soon", "2026-11-23T12:00:00"):
        with pytest.raises(ValueError, match=r"zone|isoformat"):
            of_iso(text)
