"""The waits between tries: botocore's standard mode, number for number."""

from __future__ import annotations

import pytest
from botocore.retries.standard import (
    ExponentialBackoff,
    RetryContext,
    ThrottledRetryableChecker,
    ThrottlingErrorDetector,
    TransientRetryableChecker,
)
from hypothesis import given
from hypothesis import strategies as st

from xswitch.aws.client import ATTEMPTS
from xswitch.aws.query import BUSY, Refusal
from xswitch.aws.retries import LONGEST, pause, random_fraction


class Headers:
    """An answer of which botocore reads headers alone."""

    def __init__(self, wish: str) -> None:
        self.headers = {"x-amz-retry-after": wish} if wish else {}
        self.status_code = 503


class Detector(ThrottlingErrorDetector):
    """Says of every error whether it is a throttle."""

    def __init__(self, throttled: bool) -> None:
        self.throttled = throttled

    def is_throttling_error_from_context(self, context: RetryContext) -> bool:
        return self.throttled


@given(
    st.integers(1, 40),
    st.booleans(),
    st.floats(0, 1),
    st.one_of(st.just(""), st.integers(0, 100_000).map(str), st.sampled_from(["-5", "soon", "1.5", "٣"])),
)
def test_every_wait_is_botocore_s(attempt: int, throttled: bool, fraction: float, wish: str) -> None:
    backoff = ExponentialBackoff(random=lambda: fraction, throttling_detector=Detector(throttled))
    context = RetryContext(attempt, http_response=Headers(wish if wish != "٣" else "x"))
    assert pause(attempt, throttled=throttled, fraction=fraction, wish=wish) == pytest.approx(
        backoff.delay_amount(context)
    )


def test_waits_grow_to_a_bound() -> None:
    waits = [pause(attempt, throttled=True, fraction=1.0) for attempt in range(1, 9)]
    assert waits == [1, 2, 4, 8, 16, 20, 20, 20]
    assert LONGEST == 20
    assert pause(1, throttled=True, fraction=0.0) == 0
    assert pause(1, throttled=True, fraction=0.5, wish="60000") == 5.5, "a server's wish is followed within reason"


def test_tries_and_codes_are_botocore_s() -> None:
    from botocore.retries.standard import DEFAULT_MAX_ATTEMPTS

    assert ATTEMPTS == DEFAULT_MAX_ATTEMPTS
    elsewhere = {"ProvisionedThroughputExceededException", "TransactionInProgressException", "EC2ThrottledException"}
    quotas = {"LimitExceededException"}
    assert set(ThrottledRetryableChecker._THROTTLED_ERROR_CODES) - BUSY == elsewhere | quotas
    for status in TransientRetryableChecker._TRANSIENT_STATUS_CODES:
        assert Refusal("", "", status).passing
    for code in TransientRetryableChecker._TRANSIENT_ERROR_CODES:
        assert Refusal(code, "", 400).passing


def test_fractions_are_spread() -> None:
    found = [random_fraction() for _ in range(2000)]
    assert all(0 <= one < 1 for one in found)
    assert len(set(found)) == 2000
    assert 0.4 < sum(found) / 2000 < 0.6
