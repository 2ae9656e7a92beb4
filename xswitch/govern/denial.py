"""Why a switch was denied, as far as it can be told from AWS's answer and from what was sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["allows", "denies", "can't be told"]
State = Literal["ok", "no", "unknown"]


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a side: what was looked at, how it stands, and a few words."""

    state: State
    name: str
    words: str


@dataclass(frozen=True, slots=True)
class SideView:
    """One side of the handshake: its verdict, where that is known from, and its checks."""

    verdict: Verdict
    known_from: str
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop on the wire from the identity to the target; ``note`` is its second line."""

    name: str
    note: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A denial, explained. ``broken_after`` is the index in ``wire`` of the last stop that was reached.

    ``change`` is the smallest change that would mend it, in sentences; ``at`` is epoch seconds. Every text is already
    safe to show.
    """

    target: str
    sentence: str
    sure: str
    aws_code: str
    aws_message: str
    request_id: str
    at: float
    wire: tuple[Stop, ...]
    broken_after: int
    caller: SideView
    role: SideView
    change_title: str
    change: tuple[str, ...]
