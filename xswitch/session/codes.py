"""MFA codes that were sent: none is sent twice.

A code is good once, for the 30 seconds that the device shows it (RFC 6238, section 5.2; AWS says the same of STS).
What was sent is remembered in the vault as a salted hash, for every process of this person, before it is sent: a
process that dies in between has spent it too.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal, Protocol

from xswitch.catalog.model import Identity
from xswitch.errors import RecordDamaged
from xswitch.secret import Secret
from xswitch.session.model import CodeAsk, Person
from xswitch.session.store import RecordStore

STEP: Final = 30
"""Seconds that a device shows one code."""
REMEMBERED: Final = 120
"""Seconds that a sent code is remembered: AWS accepts devices whose clocks are a step or two off."""
_KIND: Final = "spent-codes"
_PATIENCE: Final = 10.0

CodeSource = Literal["person", "process", "environment"]


class CodeGiver(Protocol):
    """Where codes come from: the environment for one call, a helper program, or the person."""

    def __call__(self, identity: Identity, ask: CodeAsk, person: Person) -> tuple[Secret, CodeSource]:
        """Return six digits and where they are from. Raises PersonNeeded, Cancelled."""


@dataclass(frozen=True, slots=True)
class _Sent:
    digest: str
    at: float


class SpentCodes:
    """The codes that were sent for each device. ``now`` gives AWS's time in epoch seconds."""

    def __init__(self, store: RecordStore, now: Callable[[], float]) -> None:
        self._store = store
        self._now = now

    def wait(self, serial: str) -> int:
        """Return the seconds until the device shows a code that was not sent yet, 0 where it shows one now."""
        _, sent = self._read(serial)
        now = self._now()
        return _rest(now) if any(_step(one.at) == _step(now) for one in sent) else 0

    def spend(self, serial: str, code: Secret) -> int:
        """Note that ``code`` is about to be sent, and return 0; where it was sent already, the seconds to the next.

        Raises VaultUnavailable where it can't be noted: then the code was not spent.
        """
        with self._store.lock(_name(serial), timeout=_PATIENCE, purpose="noting an MFA code as used"):
            salt, sent = self._read(serial)
            now = self._now()
            digest = sha256(bytes.fromhex(salt) + serial.encode() + b"\0" + code.reveal().encode()).hexdigest()
            if any(one.digest == digest for one in sent):
                return _rest(now)
            self._write(serial, salt, (*sent, _Sent(digest, now)), now)
            return 0

    def _read(self, serial: str) -> tuple[str, tuple[_Sent, ...]]:
        import json

        fresh = os.urandom(16).hex()
        try:
            record = self._store.read(_name(serial))
        except RecordDamaged:
            return fresh, ()
        if record is None:
            return fresh, ()
        found = json.loads(record.payload)
        now = self._now()
        sent = (_Sent(digest, at) for digest, at in found["sent"])
        return found["salt"], tuple(one for one in sent if abs(now - one.at) < REMEMBERED)

    def _write(self, serial: str, salt: str, sent: tuple[_Sent, ...], now: float) -> None:
        import json

        payload = json.dumps({"salt": salt, "sent": [[one.digest, one.at] for one in sent]}).encode()
        self._store.write(_name(serial), _KIND, payload, issued=now, expires=now + REMEMBERED, facts={})


def _name(serial: str) -> str:
    return "spent-" + sha256(serial.encode()).hexdigest()[:32]


def _step(at: float) -> int:
    return math.floor(at / STEP)


def _rest(now: float) -> int:
    """Return the whole seconds until the device shows its next code: 1 to 30."""
    return max(1, math.ceil((_step(now) + 1) * STEP - now))
