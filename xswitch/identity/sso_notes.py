"""Notes of refreshes that failed a moment ago, so that one failure is not made many by those who wait or ask again.

A note lies beside the lock in ``state/sso`` and holds no secret. One that can't be read or written costs a call.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any, Final

from xswitch.errors import Denied, Unreachable, VaultUnavailable, XswitchError
from xswitch.vault.folder import Folder

PAUSE: Final = 60.0
"""Seconds for which a refresh that failed is not tried again while the token before it serves."""


class Notes:
    """The note of one login. Times are epoch seconds. Nothing here raises."""

    def __init__(self, folder: Folder, name: str) -> None:
        self._folder = folder
        self._file = f"{name}.failed"

    def mark(self) -> str:
        """Return what tells the present note from every later one; "" for none."""
        return str(self._read().get("mark", ""))

    def since(self, mark: str) -> XswitchError | None:
        """Return the failure that was noted since ``mark`` was taken."""
        found = self._read()
        if not found or str(found.get("mark", "")) == mark:
            return None
        kind = Denied if found.get("kind") == Denied.code else Unreachable
        return kind(str(found.get("message", "")), str(found.get("hint", "")))

    def recent(self, now: float) -> bool:
        """Tell whether a refresh failed within the last minute."""
        at = self._read().get("at")
        return isinstance(at, int | float) and 0 <= now - at < PAUSE

    def note(self, now: float, error: XswitchError) -> None:
        """Note that a refresh failed just now, and how."""
        data = {"mark": os.urandom(8).hex(), "at": now, "kind": error.code, "message": error.message}
        with contextlib.suppress(VaultUnavailable):
            self._folder.write(self._file, json.dumps(data | {"hint": error.hint}).encode())

    def clear(self) -> None:
        """Forget it."""
        with contextlib.suppress(VaultUnavailable):
            self._folder.remove(self._file)

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(self._folder.read(self._file) or b"{}")
        except (VaultUnavailable, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}
