"""Pinned targets, in the order they were pinned."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from xswitch.catalog import ledger

_VERSION: Final = 1


def load(path: Path) -> tuple[str, ...]:
    """Return the names of the pinned targets; none where the file is missing or can't be read. Never raises."""
    try:
        return _parse(ledger.read(path))
    except (OSError, ledger.NotALedger):
        return ()


def toggle(path: Path, target: str) -> bool:
    """Pin ``target``, last, or unpin it; return whether it is pinned now. A broken file is kept aside.

    Raises OSError, TimeoutError where another process holds the lock for seconds.
    """
    with ledger.locked(path):
        try:
            pins = _parse(ledger.read(path))
        except ledger.NotALedger:
            ledger.keep_aside(path)
            pins = ()
        pinned = target not in pins
        names = [*pins, target] if pinned else [name for name in pins if name != target]
        ledger.write(path, {"version": _VERSION, "pins": names})
        return pinned


def _parse(content: object) -> tuple[str, ...]:
    """Return the pins of a file's content, each once. Raises NotALedger."""
    if content is None:
        return ()
    if not isinstance(content, dict) or content.get("version") != _VERSION or not isinstance(content.get("pins"), list):
        raise ledger.NotALedger
    return tuple(dict.fromkeys(name for name in content["pins"] if isinstance(name, str)))
