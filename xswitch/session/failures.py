"""Calls that failed a moment ago, noted for every process of this person, so that one failure is not made many.

Who waited while another made the same call gets that call's failure, not a try of its own: a hundred programs at once
ask AWS once, also where the answer is no. And a renewal in advance that failed is tried again after a minute, however
often an SDK asks meanwhile, while what is left of the session before it still serves.

A note is a small file in ``state/failed``, named as the record that the call was for. It holds no secret. One that
can't be read or written costs a call to AWS, so nothing here raises.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, cast, get_args

from xswitch.errors import Denied, Side, Unreachable, VaultUnavailable, XswitchError
from xswitch.vault.folder import Folder

FOLDER: Final = "failed"
PAUSE: Final = 60.0
"""Seconds for which a renewal that failed is not tried again."""
_SHARED: Final = {"denied": Denied, "unreachable": Unreachable}
_OF_DENIALS: Final = ("aws_code", "aws_message", "request_id", "side", "target")


class Failures:
    """The notes in a state folder. ``clock`` gives epoch seconds, UTC."""

    def __init__(self, state: Path, clock: Callable[[], float]) -> None:
        self._folder = Folder(str(state / FOLDER))
        self._clock = clock

    def mark(self, record: str) -> str:
        """Return what tells the present note of ``record`` from every later one; "" for none."""
        return str(self._read(record).get("mark", ""))

    def since(self, record: str, mark: str) -> XswitchError | None:
        """Return the failure that was noted since ``mark`` was taken, where it holds for whoever asks: AWS's own no."""
        found = self._read(record)
        kind = _SHARED.get(str(found.get("kind")))
        if kind is None or found.get("mark") == mark:
            return None
        message, hint = str(found.get("message", "")), str(found.get("hint", ""))
        if kind is Unreachable:
            return Unreachable(message, hint)
        said = {name: str(found.get(name, "")) for name in _OF_DENIALS}
        side = said.pop("side")
        return Denied(message, hint, side=cast("Side", side if side in get_args(Side) else "unknown"), **said)

    def recent(self, record: str) -> bool:
        """Tell whether a try failed within the last minute."""
        at: Any = self._read(record).get("at")
        return isinstance(at, int | float) and 0 <= self._clock() - at < PAUSE

    def note(self, record: str, error: Exception) -> None:
        """Note that the call for ``record`` failed just now, and how."""
        import json

        kind = next((name for name, shared in _SHARED.items() if type(error) is shared), "")
        said: dict[str, Any] = {"mark": os.urandom(8).hex(), "at": self._clock(), "kind": kind}
        if isinstance(error, XswitchError) and kind:
            said |= {"message": error.message, "hint": error.hint}
            said |= {name: getattr(error, name) for name in _OF_DENIALS if kind == "denied"}
        try:
            self._folder.write(record, json.dumps(said).encode())
        except VaultUnavailable:
            return

    def clear(self, record: str) -> None:
        """Forget the note: the call was made."""
        try:
            self._folder.remove(record)
        except VaultUnavailable:
            return

    def sweep(self, idle: float) -> None:
        """Remove notes that are older than ``idle`` seconds, or of a time to come."""
        try:
            for name in self._folder.names():
                changed = self._folder.changed(name)
                if changed is not None and not -60 <= self._clock() - changed <= idle:
                    self._folder.remove(name)
        except VaultUnavailable:
            return

    def _read(self, record: str) -> dict[str, Any]:
        import json

        try:
            content = self._folder.read(record, 1 << 16)
            found = json.loads(content) if content else {}
        except (VaultUnavailable, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}
