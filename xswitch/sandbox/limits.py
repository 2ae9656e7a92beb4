"""How many calls a service takes: token buckets, as AWS throttles by ("API throttling" of each service's guide)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """A token bucket: ``rate`` calls a second come back, ``burst`` can be saved up. ``at`` is in seconds."""

    rate: float
    burst: float
    level: float
    at: float


class Limits:
    """The buckets of a sandbox's services; none at first. Thread-safe. ``beat`` gives the seconds of a steady clock.

    The sandbox's own clock may stand still in tests, so it is no measure of how fast calls come. ``beat`` is asked once
    for each call, one at a time.
    """

    def __init__(self, beat: Callable[[], float]) -> None:
        self.beat = beat
        self._lock = threading.Lock()
        self._buckets: dict[str, Bucket] = {}
        self.refused = 0
        """How many calls were refused so far."""

    def limit(self, service: str, rate: float, burst: float) -> None:
        """Take at most ``rate`` calls of a service a second, ``burst`` at once."""
        with self._lock:
            self._buckets[service] = Bucket(rate, burst, burst, self.beat())

    def clear(self) -> None:
        """Take any number of calls again."""
        with self._lock:
            self._buckets.clear()

    def take(self, service: str) -> bool:
        """Tell whether one more call of a service is taken now."""
        with self._lock:
            bucket = self._buckets.get(service)
            if bucket is None:
                return True
            now = self.beat()
            bucket.level = min(bucket.burst, bucket.level + (now - bucket.at) * bucket.rate)
            bucket.at = now
            if bucket.level < 1:
                self.refused += 1
                return False
            bucket.level -= 1
            return True
