"""The vault: writers, readers, listers, lockers, ends and undos, sweeps under clocks that jump, locked keys, faults.

What was acknowledged is noted in shared memory, and every look is compared with it: a version that was acknowledged is
never lost, none comes from nowhere, and none is a mixture.
"""

from __future__ import annotations

import errno
import time
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from random import Random

import fire
from board import Board
from crew import FAULTS, REFUSED, Crew

from xswitch.errors import RecordDamaged, VaultUnavailable
from xswitch.vault.folder import Folder
from xswitch.vault.holders import FileHolder
from xswitch.vault.steady import Beat
from xswitch.vault.store import Vault

NAMES = 6
WORKERS = 10
YEAR = 365 * 86400.0
BEGUN, ACKNOWLEDGED, GONE, EPOCH, ASIDE_AT = range(5)
"""The columns of the oracle, a row a record: versions begun and acknowledged, whether it may be absent, how often it
became so, and when it was set aside (seconds of the monotonic clock; 0 where it was removed for good)."""
PATIENCE = 5.0
_ERRORS = (errno.ENOSPC, errno.EROFS, errno.EIO, errno.EDQUOT)


class VaultSoak:
    """One vault below ``home`` and the oracle of its records."""

    def __init__(self, home: Path, seed: str, seconds: float) -> None:
        self.folder = home / "vault"
        self.oracle = Board(NAMES, 5)
        self.crew = Crew(WORKERS, seed, 0.08, self.work)
        self._wall, self._began = time.time(), time.monotonic()
        self._hurry = 3600 / (0.02 * seconds)  # the clock is believed after an hour: a fiftieth of all
        self._calm = seconds / 6
        for name in range(NAMES):
            self._write(name, 1)
            self.oracle.put(name, 1, ACKNOWLEDGED)

    def run(self, seconds: float) -> None:
        """Work for so long, then look at everything once more. Raises AssertionError where something is wrong."""
        self.crew.run(seconds)
        for name in range(NAMES):
            with self._vault().lock(self._record(name), timeout=PATIENCE, purpose="looking"):
                self._settle(name)
        vault = self._vault()
        vault.sweep(time.time())
        assert vault.damaged() == ()
        assert len([header for header in vault.headers() if header.name.startswith("record")]) == NAMES
        assert not fire.leftovers(self.folder)
        with vault._keys.exclusive("looking", timeout=PATIENCE):
            pass

    def work(self, place: int, random: Random) -> None:
        """Do one thing."""
        name = random.randrange(NAMES)
        deeds = (self._read, self._list, self._change, self._fail, self._die, self._undo, self._sweep, self._forget)
        (deed,) = random.choices(deeds, (30, 8, 30, 8, 4, 8, 8, 2))
        try:
            deed(place, name, random)
        except RecordDamaged:
            raise
        except VaultUnavailable as error:
            assert "lock" in error.message or deed is self._fail, error.message
            self.crew.tally.add(place, REFUSED)

    # -- what is done

    def _read(self, place: int, name: int, random: Random) -> None:
        """Look without a lock: never older than what was acknowledged before, never newer than what was begun since."""
        least, gone, epoch = (self.oracle.get(name, column) for column in (ACKNOWLEDGED, GONE, EPOCH))
        found = self._vault().read(self._record(name))
        if found is None:
            absent = gone or self.oracle.get(name, GONE) or epoch != self.oracle.get(name, EPOCH)
            assert absent, f"record {name} is lost"
            return
        version = self._version(name, found.payload)
        assert least <= version, f"record {name} is of version {version}, and {least} was acknowledged"
        assert version <= self.oracle.get(name, BEGUN), f"record {name} is of version {version}, which nobody wrote"

    def _list(self, place: int, name: int, random: Random) -> None:
        vault = self._vault()
        assert vault.damaged() == (), "a record is damaged"
        assert all(header.facts is not None for header in vault.headers())
        vault.set_aside_headers()

    def _change(self, place: int, name: int, random: Random) -> None:
        with self._locked(name):
            self._write(name, self._settle(name) + 1)
            self.oracle.put(name, self.oracle.get(name, BEGUN), ACKNOWLEDGED)
        if random.random() < 0.1:  # something that ends, and is cleared away
            expires = self._now() - 7200
            self._vault().write(f"over-{random.randrange(9)}", "session", b"x", issued=1.0, expires=expires)

    def _fail(self, place: int, name: int, random: Random) -> None:
        """The disk fails from some call on, or once."""
        with self._locked(name):
            version = self._settle(name) + 1
            code, once = random.choice(_ERRORS), random.random() < 0.5
            calls = fire.FULL if code in (errno.ENOSPC, errno.EDQUOT) else frozenset(fire.SEAMS)
            with fire.failing(random.randrange(25), code, calls, once=once) as faults, suppress(VaultUnavailable):
                self._write(name, version)
                if not faults.failed:
                    self.oracle.put(name, version, ACKNOWLEDGED)
            self.crew.tally.add(place, FAULTS, bool(faults.failed))
            self._settle(name)

    def _die(self, place: int, name: int, random: Random) -> None:
        """Be killed after some change of a write, an end, an undo or a sweep."""
        deed = random.choice((self._change, self._undo, self._sweep))
        with fire.dying(random.randrange(40)):
            deed(place, name, random)

    def _undo(self, place: int, name: int, random: Random) -> None:
        """Set a record aside, or remove it, and have it back."""
        with self._locked(name):
            version = self._settle(name)
            removing = random.random() < 0.3
            self.oracle.add(name, EPOCH)
            self.oracle.put(name, 0 if removing else time.monotonic(), ASIDE_AT)
            self.oracle.put(name, 1, GONE)
            vault = self._vault()
            if removing:
                assert vault.remove(self._record(name)), f"record {name} was not there"
                self._write(name, version + 1)
                self.oracle.put(name, version + 1, ACKNOWLEDGED)
            else:
                assert vault.set_aside(self._record(name)), f"record {name} was not there"
                time.sleep(random.uniform(0, 0.01))
                self._settle(name)
            self.oracle.put(name, 0, GONE)

    def _sweep(self, place: int, name: int, random: Random) -> None:
        """Sweep by AWS's time, a year off in every sixth part of the soak: then what is live looks long over."""
        jumps = (time.monotonic() - self._began) % (3 * self._calm) > 2 * self._calm
        elapsed = (time.monotonic() - self._began) * self._hurry
        jump = random.choice((YEAR, -YEAR)) * random.uniform(0.9, 1.1) if jumps else 0.0
        vault = self._vault(Beat("soak", elapsed))
        vault.sweep(self._wall + elapsed + jump)

    def _forget(self, place: int, name: int, random: Random) -> None:
        self._vault().forget_key()

    # -- how

    def _vault(self, beat: Beat | None = None) -> Vault:
        folder = Folder(str(self.folder))
        return Vault(folder.path, FileHolder(folder), beat=lambda: beat or Beat("soak", 0.0))

    def _now(self) -> float:
        return self._wall + (time.monotonic() - self._began) * self._hurry

    @staticmethod
    def _record(name: int) -> str:
        return f"record-{name}"

    def _locked(self, name: int) -> AbstractContextManager[None]:
        return self._vault().lock(self._record(name), timeout=PATIENCE, purpose=f"changing record {name}")

    def _write(self, name: int, version: float) -> None:
        self.oracle.put(name, version, BEGUN)
        content = self._payload(name, version)
        expires = self._wall + 100 * 86400
        self._vault().write(self._record(name), "session", content, issued=1.0, expires=expires, facts={"n": version})

    @staticmethod
    def _payload(name: int, version: float) -> bytes:
        return f"{name}:{version:.0f};".encode() * (1 + int(version) * 37 % 4000)

    def _version(self, name: int, content: bytes) -> float:
        version = float(content.split(b";")[0].split(b":")[1])
        assert content == self._payload(name, version), f"record {name} is a mixture"
        return version

    def _settle(self, name: int) -> float:
        """Find out, with the record's lock, which version it has after whoever had the lock before; return that."""
        vault, record = self._vault(), self._record(name)
        found = vault.read(record)
        if found is None:
            assert self.oracle.get(name, GONE), f"record {name} is lost"
            aside = self.oracle.get(name, ASIDE_AT)
            back = vault.bring_back(record)
            assert back or not aside or time.monotonic() - aside > 20, f"record {name} can't be brought back"
            if not back:
                version = self.oracle.get(name, BEGUN) + 1
                self._write(name, version)
                self.oracle.put(name, version, ACKNOWLEDGED)
            found = vault.read(record)
            assert found is not None, f"record {name} is lost"
        version = self._version(name, found.payload)
        assert self.oracle.get(name, ACKNOWLEDGED) <= version <= self.oracle.get(name, BEGUN), f"record {name} is wrong"
        for column, value in ((BEGUN, version), (ACKNOWLEDGED, version), (GONE, 0)):
            self.oracle.put(name, value, column)
        return version
