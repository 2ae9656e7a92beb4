"""A broker with doubles of everything around it."""

from __future__ import annotations

from pathlib import Path

from session_doubles import ADA, KEYS, Clock, FakePortal, FakeSts, MemoryStore

from xswitch.secret import Secret
from xswitch.session.broker import Broker
from xswitch.session.failures import Failures
from xswitch.session.learnt import Learnt
from xswitch.vault.steady import Beat


class House:
    """A broker with everything around it."""

    def __init__(self, state: Path) -> None:
        self.clock = Clock()
        self.store = MemoryStore()
        self.sts = FakeSts(self.clock)
        self.portal = FakePortal(self.clock, self.sts)
        self.learnt = Learnt(state, self.clock, lambda: Beat("this-boot", self.clock.now))
        self.failures = Failures(state, self.clock)
        self.source = "person"
        self.slept: list[float] = []
        self.broker = self.another()

    def another(self, patience: float = 5.0) -> Broker:
        """Another process's broker, on the same vault and the same AWS."""
        return Broker(
            self.store,
            self.sts,
            self.learnt,
            self.failures,
            self.clock,
            portal=self.portal,
            credentials_of=lambda identity: KEYS,
            fingerprint_of=lambda identity: ADA.fingerprint,
            code_of=lambda identity, ask, person: (Secret(person.code(ask)), self.source),
            sleep=self._sleep,
            patience=patience,
        )

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.sleep(seconds)
