"""How often and how lately each target was switched to: what makes habits rise in the picker.

For a target, the sum of 2^(-age/7d) over its visits is kept as it stood at the last one, with the number of visits and
the time of the last (epoch seconds, UTC). The sum at any later time follows from that, so no list of visits is kept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from xswitch.catalog import journal, ledger

HALF_LIFE: Final = 7 * 86400.0  # seconds in which a visit loses half of its weight
BONUS_LIMIT: Final = 8.0  # points; under one step of field weight, which is 10
_MOST: Final = 500  # targets that are remembered
_VERSION: Final = 1

Visit = tuple[float, int, float]
Visits = Mapping[str, Visit]


def decayed(total: float, last: float, now: float) -> float:
    """Return a sum as it stands at ``now``; ``total`` is as it stood at ``last``. A clock set back decays nothing."""
    return total * math.exp2(-max(0.0, now - last) / HALF_LIFE)


def frecency(visit: Visit, now: float) -> float:
    """Return the bonus for visits, in points: ``min(B, log2(1 + Σ 2^(-age/7d)))``; 0 for one that makes no sense."""
    total, _, last = visit
    if not (total > 0 and math.isfinite(last) and math.isfinite(now)):
        return 0.0
    return min(BONUS_LIMIT, math.log2(1 + decayed(total, last, now)))


def load(path: Path) -> dict[str, Visit]:
    """Return the visits by target name; none where the file is missing or can't be read. Never raises."""
    try:
        visits = _parse(ledger.read(path))
        waiting = journal.waiting(str(path))
    except (OSError, ledger.NotALedger):
        return {}
    for target, at in waiting:
        _enter(visits, target, at)
    return visits


def record(path: Path, target: str, now: float) -> None:
    """Add a visit of ``target`` at ``now``, and those that wait. Parallel writers lose nothing; a broken file is kept.

    Only the 500 targets with the highest sums stay. Raises OSError, TimeoutError where the lock is held for seconds.
    """
    with ledger.locked(path):
        try:
            visits = _parse(ledger.read(path))
        except ledger.NotALedger:
            ledger.keep_aside(path)
            visits = {}
        waiting = journal.waiting(str(path))
        for earlier, at in waiting:
            _enter(visits, earlier, at)
        _enter(visits, target, now)
        if len(visits) > _MOST:
            others = sorted(visits.items(), key=lambda item: -decayed(item[1][0], item[1][2], now))
            visits = dict([*(item for item in others if item[0] != target)][: _MOST - 1]) | {target: visits[target]}
        kept = {name: [round(total, 6), count, round(last, 3)] for name, (total, count, last) in visits.items()}
        ledger.write(path, {"version": _VERSION, "visits": kept})
        if waiting:
            journal.empty(str(path))


def _enter(visits: dict[str, Visit], target: str, at: float) -> None:
    total, count, last = visits.get(target, (0.0, 0, at))
    visits[target] = (decayed(total, last, at) + 1.0, count + 1, at)


def _parse(content: object) -> dict[str, Visit]:
    """Return the visits of a file's content, without entries that make no sense. Raises NotALedger."""
    if content is None:
        return {}
    if not isinstance(content, dict) or content.get("version") != _VERSION:
        raise ledger.NotALedger
    entries = content.get("visits")
    if not isinstance(entries, dict):
        raise ledger.NotALedger
    visits: dict[str, Visit] = {}
    for name, entry in entries.items():
        match entry:
            case [int() | float() as total, int() as count, int() | float() as last] if count > 0 and _sane(
                total, last
            ):
                visits[name] = (float(total), count, float(last))
    return visits


def _sane(total: float, last: float) -> bool:
    try:
        return math.isfinite(float(total)) and math.isfinite(float(last)) and 0 < total < 1e9
    except OverflowError:
        return False
