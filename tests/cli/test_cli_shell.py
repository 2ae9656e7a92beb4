"""What is said as a shell starts."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any

from xswitch.cli.shell import announcement


def test_a_session_that_ends_after_midnight_ends_tomorrow() -> None:
    now = datetime.fromisoformat("2026-11-24T23:30").timestamp()
    session: Any = SimpleNamespace(target="web-dev/Admin", expires=now + 3600, why="", asked=0)
    assert announcement(session, now) == "web-dev/Admin for 1h, until 00:30 tomorrow. Leave with exit."
    session.expires = now + 600
    assert announcement(session, now) == "web-dev/Admin for 10m, until 23:40. Leave with exit."
