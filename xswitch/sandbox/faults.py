"""What can go wrong on demand: throttling, server errors, garbage, half answers, resets, slowness, disabled regions.

A fault waits for the next calls of its action ("*" for any) and is used up by them. Slowness and shortened sessions
add to a call; of the others one at a time is taken, in the order they were asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Kind = Literal["throttle", "fail", "deny", "garbage", "half", "reset", "reset-after", "slow", "shorten"]
_ADDING: Final = frozenset({"slow", "shorten"})


@dataclass(slots=True)
class Fault:
    """One fault: what it does, to which action, how many more times (None: always), and a number that it needs.

    ``where`` are parameters that a call has to have, such as ``{"ResourceId": "111122223333"}``.
    """

    kind: Kind
    action: str
    left: int | None
    value: float = 0.0
    where: Mapping[str, Any] = field(default_factory=dict)

    def meets(self, action: str, params: Mapping[str, Any]) -> bool:
        """Tell whether a call is one of those that it lies in wait for."""
        return self.action in ("*", action) and all(params.get(name) == value for name, value in self.where.items())


class Faults:
    """The faults that lie in wait. Thread-safe; may be changed while the sandbox runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []
        self._disabled: set[str] = set()

    def throttle(self, times: int | None = 1, action: str = "*") -> None:
        """Answer with Throttling, ``Rate exceeded``; the call is not performed."""
        self._add("throttle", action, times)

    def fail(self, times: int | None = 1, action: str = "*", status: int = 500) -> None:
        """Answer with InternalFailure (500) or ServiceUnavailable (503); the call is not performed."""
        self._add("fail", action, times, status)

    def deny(self, times: int | None = 1, action: str = "*", where: Mapping[str, Any] | None = None) -> None:
        """Answer with AccessDenied, to all calls of ``action`` or those that have the parameters of ``where``."""
        self._add("deny", action, times, where=where)

    def garbage(self, times: int | None = 1, action: str = "*") -> None:
        """Answer 200 with a body that is no answer; the call was performed."""
        self._add("garbage", action, times)

    def half(self, times: int | None = 1, action: str = "*") -> None:
        """Send half of the answer and close the connection; the call was performed."""
        self._add("half", action, times)

    def reset(self, times: int | None = 1, action: str = "*", *, after: bool = False) -> None:
        """Reset the connection without an answer, before the call is performed or ``after`` it was."""
        self._add("reset-after" if after else "reset", action, times)

    def slow(self, seconds: float, times: int | None = 1, action: str = "*") -> None:
        """Wait so many seconds before the call is performed."""
        self._add("slow", action, times, seconds)

    def shorten(self, seconds: int, times: int | None = None, action: str = "*") -> None:
        """Issue sessions that end after so many seconds, and say so; what may be asked for stays as strict as it is."""
        self._add("shorten", action, times, seconds)

    def disable_region(self, region: str) -> None:
        """Answer STS calls signed for ``region`` with RegionDisabledException."""
        with self._lock:
            self._disabled.add(region)

    def enable_region(self, region: str) -> None:
        """Undo :meth:`disable_region`."""
        with self._lock:
            self._disabled.discard(region)

    def region_disabled(self, region: str) -> bool:
        """Tell whether STS is switched off in ``region``."""
        with self._lock:
            return region in self._disabled

    def clear(self) -> None:
        """Forget every fault."""
        with self._lock:
            self._waiting.clear()
            self._disabled.clear()

    @property
    def waiting(self) -> int:
        """How many faults have still to happen at least once more."""
        with self._lock:
            return len(self._waiting)

    def take(self, action: str, params: Mapping[str, Any] | None = None) -> tuple[Fault, ...]:
        """Use up and return the faults of one call of ``action``."""
        taken: list[Fault] = []
        with self._lock:
            kinds: set[str] = set()
            for fault in self._waiting:
                group = fault.kind if fault.kind in _ADDING else "outcome"
                if group in kinds or not fault.meets(action, params or {}):
                    continue
                kinds.add(group)
                if fault.left is not None:
                    fault.left -= 1
                taken.append(fault)
            self._waiting = [fault for fault in self._waiting if fault.left is None or fault.left > 0]
        return tuple(taken)

    def _add(
        self,
        kind: Kind,
        action: str,
        times: int | None,
        value: float = 0.0,
        where: Mapping[str, Any] | None = None,
    ) -> None:
        if times is not None and times < 1:
            raise ValueError("a fault needs to happen at least once")
        with self._lock:
            self._waiting.append(Fault(kind, action, times, value, where or {}))
