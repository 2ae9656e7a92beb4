"""What a person consents to in a shared catalog: a start URL or a program, by its exact text, once.

A shared catalog comes from others. A program in it would run as the person, and a login page would get the person's
password: so neither is used before the person has seen the text and said yes (``state/consents.json``, which holds
hashes of the texts).
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from xswitch.errors import PersonNeeded
from xswitch.files import make_private_folder, write_atomically
from xswitch.text import clean

if TYPE_CHECKING:
    from pathlib import Path

    from xswitch.catalog.model import Identity

KEYS: Final = ("start_url", "process", "mfa_process")
"""The settings of an identity that need consent where others wrote them."""


def texts_of(identity: Identity) -> tuple[tuple[str, str], ...]:
    """Return the settings of an identity that need consent, with their texts; none for the person's own identity."""
    if not identity.source:
        return ()
    return tuple((key, getattr(identity, key)) for key in KEYS if getattr(identity, key))


class Consents:
    """What was consented to, kept in the ``state`` folder. A file that can't be read means that nothing was."""

    def __init__(self, state: Path) -> None:
        self._file = state / "consents.json"

    def given(self, identity: Identity, key: str, text: str) -> bool:
        """Tell whether the person consented to this very text, of this source."""
        return _digest(identity, key, text) in self._read()

    def give(self, identity: Identity, key: str, text: str) -> None:
        """Note the person's consent. Raises OSError."""
        known = self._read() | {_digest(identity, key, text)}
        make_private_folder(self._file.parent)
        write_atomically(self._file, json.dumps(sorted(known)).encode())

    def require(self, identity: Identity, key: str) -> None:
        """Raise PersonNeeded unless an identity's setting is the person's own or was consented to."""
        for name, text in texts_of(identity):
            if name == key and not self.given(identity, key, text):
                raise PersonNeeded(
                    f"the shared catalog {clean(identity.source)} wants to use {key} {clean(text)!r}, "
                    "and you have not consented to that",
                    f"`xswitch catalog sync {clean(identity.source)}` asks for it",
                )

    def _read(self) -> frozenset[str]:
        try:
            found = json.loads(self._file.read_bytes())
        except (OSError, ValueError, RecursionError):
            return frozenset()
        return frozenset(one for one in found if isinstance(one, str)) if isinstance(found, list) else frozenset()


def _digest(identity: Identity, key: str, text: str) -> str:
    said = "\0".join((identity.source, identity.kind, key, text))
    return sha256(said.encode("utf-8", "surrogatepass")).hexdigest()
