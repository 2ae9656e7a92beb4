"""A time of day to come, and whether it is tomorrow's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from xswitch.text import time_of_day


def test_what_comes_after_midnight_is_tomorrow_in_the_persons_own_zone() -> None:
    now = datetime(2026, 11, 24, 23, 14, tzinfo=UTC).timestamp()
    assert time_of_day(now + 12 * 3600, now, UTC) == "11:14 tomorrow"
    assert time_of_day(now + 60, now, UTC) == "23:15"
    assert time_of_day(now + 3600, now, timezone(timedelta(hours=-5))) == "19:14"
