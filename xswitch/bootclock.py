"""The clock that nobody sets: which boot it counts from, and its seconds. Nothing heavy is imported."""

from __future__ import annotations

import os
import time

DRIFT = 60.0
"""Seconds by which the wall clock may part from the steady one and still count as not set: it is slewed by less."""


def moment() -> tuple[str, float]:
    """Return this boot's id and the seconds of CLOCK_BOOTTIME (Linux, sleep included), else of the monotonic clock."""
    boot = "this-boot"
    try:
        descriptor = os.open("/proc/sys/kernel/random/boot_id", os.O_RDONLY | os.O_CLOEXEC)
        try:
            boot = os.read(descriptor, 64).decode("ascii", "replace").strip()
        finally:
            os.close(descriptor)
    except OSError:
        pass
    return boot, time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def kept(boot: str, ahead: float, now: float) -> bool:
    """Tell whether nobody set the wall clock since it was ``ahead`` seconds ahead of the steady one of ``boot``.

    ``now`` is the wall clock's, in epoch seconds. What was before this boot can't be told, and counts as set.
    """
    here, seconds = moment()
    return here == boot and abs(now - seconds - ahead) <= DRIFT
