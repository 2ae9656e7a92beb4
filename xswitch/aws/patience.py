"""Many calls of an AWS API at once, as many as it takes: throttled ones wait and come again, the rest go on.

A service throttles by a token bucket whose size nobody tells ("API throttling" of each service's guide). Refused calls
cost nothing there, so each worker waits for a random while, longer each time ("exponential back-off and jitter"), and a
long list is read at the bucket's own pace.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random, SystemRandom
from typing import Final, TypeVar

from xswitch.errors import Unreachable

BUSY: Final = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "SlowDown",
        "SlowDownException",
    }
)
WORKERS: Final = 8
FIRST_WAIT: Final = 0.2
"""Seconds that the first wait lasts at most; each later one is twice as long at most, up to :data:`LONGEST_WAIT`."""
LONGEST_WAIT: Final = 5.0
THROTTLED: Final = 60
"""Times that one call is sent again after it was throttled."""
FAILED: Final = 4
"""Times that one call is sent again after the service failed or could not be reached."""

T = TypeVar("T")
R = TypeVar("R")


class Throttled(Exception):
    """A call was refused for coming too soon; ``after`` is the seconds that the service asks to wait, or 0."""

    def __init__(self, after: float = 0.0) -> None:
        super().__init__("throttled")
        self.after = after


class Failed(Exception):
    """A call failed in a way that may pass: a server's error, a broken connection. ``why`` says it, safe to show."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(slots=True)
class Patience:
    """How calls are sent again. ``pause`` waits for seconds, and returns True at once when all is to stop."""

    pause: Callable[[float], bool]
    random: Random = field(default_factory=SystemRandom)
    throttled: int = 0
    """How many calls were throttled so far."""

    def call(self, what: str, work: Callable[[], T]) -> T:
        """Return what ``work`` returns once it raises neither Throttled nor Failed. Raises Unreachable in the end."""
        refusals = failures = 0
        while True:
            after = 0.0
            try:
                return work()
            except Throttled as busy:
                self.throttled += 1
                refusals, after = refusals + 1, busy.after
                if refusals > THROTTLED:
                    raise Unreachable(f"AWS kept throttling the request for {what}", "try again later") from None
            except Failed as failed:
                failures += 1
                if failures > FAILED:
                    raise Unreachable(f"AWS failed the request for {what}: {failed.why}", "try again later") from None
            most = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(refusals + failures - 1, 10))
            if self.pause(after + self.random.uniform(0, most)):
                raise Unreachable(f"the request for {what} was given up", "the others failed")


@contextmanager
def workers(count: int = WORKERS) -> Iterator[Workers]:
    """Give threads that make calls; whatever ends the block ends them, waits included."""
    pool = Workers(count)
    try:
        yield pool
    finally:
        pool.close()


class Workers:
    """A bounded number of threads. ``stopped`` is set when they are to end: it is what a pause waits on."""

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="sync")
        self._count = count
        self.stopped = threading.Event()

    def each(self, items: Iterable[T], work: Callable[[T], R]) -> Iterator[tuple[T, R]]:
        """Return items with what ``work`` gives for them, in the order in which they are done.

        Raises what ``work`` raises first; the calls that are under way then stop as soon as they can.
        """
        rest = iter(items)
        under_way: dict[Future[R], T] = {}
        while True:
            while len(under_way) < 2 * self._count:
                try:
                    item = next(rest)
                except StopIteration:
                    break
                under_way[self._pool.submit(work, item)] = item
            if not under_way:
                return
            # A bounded wait, so that Ctrl-C is met at once.
            done, _ = wait(under_way, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in done:
                yield under_way.pop(future), future.result()

    def close(self) -> None:
        """Begin nothing more, and wait for what is under way."""
        self.stopped.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
