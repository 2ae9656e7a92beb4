"""What a long reading has so far, so that an interrupted one need not begin anew. It holds no secret.

It belongs to one caller at one endpoint, and is believed for an hour: the organization changes meanwhile. A file that
can't be read or written only costs time.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from xswitch.files import make_private_folder, write_atomically

BELIEVED: Final = 3600.0
"""Seconds."""
_EVERY: Final = 5.0
"""Seconds between two writes."""


class Checkpoint:
    """The values read so far, by kind and name. ``clock`` gives epoch seconds. Safe for threads."""

    def __init__(self, file: Path, owner: str, clock: Callable[[], float], *, fresh: bool = False) -> None:
        self._file = file
        self._owner = owner
        self._clock = clock
        self._lock = threading.Lock()
        self._written = time.monotonic()
        self._began = clock()
        self._values: dict[str, dict[str, Any]] = {}
        if not fresh:
            self._load()
        self.resumed = sum(len(kind) for kind in self._values.values())
        """How many values an interrupted reading left."""

    def get(self, kind: str, name: str) -> Any:
        """Return a value that was read before, or None."""
        with self._lock:
            return self._values.get(kind, {}).get(name)

    def put(self, kind: str, name: str, value: Any) -> None:
        """Note a value; it reaches the disk within a few seconds, or with :meth:`save`."""
        with self._lock:
            self._values.setdefault(kind, {})[name] = value
            due = time.monotonic() - self._written > _EVERY
        if due:
            self.save()

    def save(self) -> None:
        """Write down what there is."""
        with self._lock:
            self._written = time.monotonic()
            if not self._values:
                return
            content = json.dumps({"owner": self._owner, "began": self._began, "values": self._values}).encode()
        with contextlib.suppress(OSError):
            make_private_folder(self._file.parent)
            write_atomically(self._file, content, durable=False)

    def clear(self) -> None:
        """Forget everything: the reading is whole."""
        with self._lock:
            self._values = {}
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)

    def _load(self) -> None:
        try:
            found = json.loads(self._file.read_bytes())
            began, values = float(found["began"]), found["values"]
            if found["owner"] != self._owner or not 0 <= self._clock() - began < BELIEVED:
                return
            self._values = {str(kind): dict(entries) for kind, entries in values.items()}
            self._began = began
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return
