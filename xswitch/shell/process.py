"""Telling one process from another that got its number later: by when it started."""

from __future__ import annotations

import os


def start_mark(pid: int) -> str:
    """Return what tells process ``pid`` from any other that has had or will have its number; "" if it is gone.

    Where there is one, that is the start time of ``/proc/PID/stat`` (proc(5), field 22), elsewhere what ``ps`` says.
    """
    return _mark_from_proc(pid) if os.access("/proc/self/stat", os.F_OK) else _mark_from_ps(pid)


def runs(pid: int, mark: str) -> bool:
    """Tell whether process ``pid`` still runs and is the one that ``mark`` was made for."""
    return bool(mark) and start_mark(pid) == mark


def _mark_from_proc(pid: int) -> str:
    try:
        descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        line = os.read(descriptor, 4096).decode("ascii", "replace")
    except OSError:
        return ""
    finally:
        os.close(descriptor)
    fields = line.rpartition(")")[2].split()
    if len(fields) < 20 or fields[0] in ("Z", "X"):
        return ""
    return fields[19]


def _mark_from_ps(pid: int) -> str:
    import subprocess

    asked = ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)]
    try:
        answer = subprocess.run(asked, capture_output=True, text=True, timeout=5, env={"LC_ALL": "C"}, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    state, _, started = answer.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else "-".join(started.split())
