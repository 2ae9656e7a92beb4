"""The clock that nobody sets: which boot it counts from, and its seconds. Nothing heavy is imported."""

from __future__ import annotations

import os
import time


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
