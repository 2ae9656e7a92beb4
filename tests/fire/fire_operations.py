"""Everything that writes below the state folder, as operations that can be killed or failed at any point.

``prepare`` makes what is there before, ``work`` is the operation, ``look`` says what a process that comes afterwards
finds: what it found before, or what it finds once the operation is over, and nothing else. All of them take the state
folder.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import fire

from xswitch.catalog import compiled, pins, visits
from xswitch.catalog.model import Account, Environment, Target
from xswitch.govern import audit
from xswitch.secret import Secret
from xswitch.session import grants
from xswitch.session.codes import SpentCodes
from xswitch.session.learnt import Learnt
from xswitch.session.model import Caller
from xswitch.shell import uses
from xswitch.vault import steady
from xswitch.vault.folder import Folder
from xswitch.vault.holders import Cost, FileHolder, PassphraseHolder
from xswitch.vault.locks import LockTimeout
from xswitch.vault.store import Vault

NOW = 1_700_000_000.0
SENTINEL = b"AQoSENTINELsecretNEVERshown/+=0123456789"
OLD, NEW = SENTINEL + b" old", SENTINEL * 30 + b" new"
PROD = Environment("prod", "red", "type", True, 1800)
TARGET = Target(
    Account("444455556666", "pay", "", "prod"), "Deploy", "arn:aws:iam::444455556666:role/Deploy", "central"
)
BOOT = steady.Beat("boot-1", 9000.0)


@dataclass(frozen=True)
class Operation:
    name: str
    prepare: Callable[[Path], object]
    work: Callable[[Path], object]
    look: Callable[[Path], object]
    quiet: bool = False
    """It never raises: what it could not write is only a loss of comfort."""

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


def vault(home: Path, *, now: float = NOW, passphrase: bool = False) -> Vault:
    """Open the vault of a state folder, as a process of its own would: nothing is remembered."""
    folder = Folder(str(home / "vault"))
    holder = (
        PassphraseHolder(folder, {"XSWITCH_PASSPHRASE": "pw"}, None, lambda words: None, cost=Cost(1, 8, 1))
        if passphrase or (home / "vault" / "passphrase").exists()
        else FileHolder(folder)
    )
    return Vault(folder.path, holder, clock=lambda: now, beat=lambda: BOOT)


def put(home: Path, name: str, payload: bytes = OLD, *, expires: float | None = None, passphrase: bool = False) -> None:
    vault(home, passphrase=passphrase).write(
        name, "session", payload, issued=NOW - 60, expires=expires, facts={"target": "a/b"}
    )


def seen(home: Path) -> dict[str, object]:
    """Return what a vault has: payloads, what can be brought back, and what is damaged."""
    here = vault(home)
    live = {header.name: record.payload for header in here.headers() if (record := here.read(header.name))}
    aside = sorted(one.header.name for one in here.set_aside_headers() if one.restorable)
    return {"live": live, "aside": aside, "damaged": here.damaged()}


def _two(home: Path) -> None:
    put(home, "one")
    put(home, "other")


def _aside(home: Path) -> None:
    _two(home)
    vault(home).set_aside("one")


def _littered(home: Path) -> None:
    """Leave work for a sweep: torn writes, an expired record, one set aside long ago and one lately, idle locks."""
    put(home, "over", expires=NOW - 9000)
    put(home, "one")
    for name, age in (("long-ago", 60), ("lately", 10), ("very-long-ago", 9000)):
        put(home, name)
        vault(home, now=NOW - age).set_aside(name)
    (home / "vault" / "trash" / "very-long-ago.rec").rename(home / "vault" / "trash" / "very-long-ago.gone")
    for folder in (home / "vault", home / "vault" / "trash"):
        (folder / ".one.rec.4242.abcdef.tmp").write_bytes(b"half")
    with vault(home).lock("one", timeout=0, purpose="x"):
        pass
    os.utime(home / "vault" / "locks" / "one.lock", (NOW - 90_000, NOW - 90_000))
    (home / "vault" / "clock").write_text(f"{BOOT.boot} {BOOT.seconds - 4000} {NOW - 4000}\n")
    (home / "vault" / "clock").chmod(0o600)


def _swept(home: Path) -> dict[str, object]:
    found = seen(home)
    live = found["live"]
    assert isinstance(live, dict)
    live.pop("over", None)
    return found


def _lock(home: Path) -> None:
    with vault(home).lock("one", timeout=1, purpose="opening a/b"):
        pass


def _adoptable(home: Path) -> None:
    _two(home)
    (home / "vault" / "holder").unlink()


def _learnt(home: Path) -> Learnt:
    return Learnt(home, lambda: NOW)


def _known(home: Path) -> tuple[object, ...]:
    return _learnt(home).caller("central"), _learnt(home).granted("arn:r"), dict(_learnt(home).maxima())


def _caller(user: str) -> Caller:
    return Caller("central", "user", f"arn:aws:iam::111122223333:user/{user}", "111122223333", user, "f" * 16)


def _spend(home: Path) -> None:
    SpentCodes(vault(home), lambda: NOW).spend("arn:mfa", Secret("123456"))


def _granted(home: Path) -> object:
    return grants.live_grant(vault(home), TARGET, PROD, NOW) is not None


def _log(home: Path, target: str) -> None:
    audit.append(home / "audit.jsonl", {"target": target, "words": "é" * 4000})


def _logged(home: Path) -> list[str]:
    import json

    whole = [line for line in (home / "audit.jsonl").read_text().splitlines() if line.endswith("}")]
    return [json.loads(line)["target"] for line in whole]


def _use(home: Path) -> None:
    uses.register(uses.folder_in(home), "a/b", "shell", began=NOW)


def _nothing(home: Path) -> None:
    """Nothing is there yet."""


def _compile(home: Path, content: bytes) -> None:
    compiled.write(home / "cache" / "catalog.xswcat", content)


def _compiled(home: Path) -> bytes | None:
    file = home / "cache" / "catalog.xswcat"
    return file.read_bytes() if file.exists() else None


OPERATIONS = [
    Operation("a first write", _nothing, lambda home: put(home, "one", NEW), seen),
    Operation("a first write under a passphrase", _nothing, lambda home: put(home, "one", NEW, passphrase=True), seen),
    Operation("a write over a record", _two, lambda home: put(home, "one", NEW), seen),
    Operation("setting aside", _two, lambda home: vault(home).set_aside("one"), seen),
    Operation("bringing back", _aside, lambda home: vault(home).bring_back("one"), seen),
    Operation("removing", _two, lambda home: vault(home).remove("one"), seen),
    Operation("sweeping", _littered, lambda home: vault(home).sweep(NOW), _swept),
    Operation("a lock", _two, _lock, seen),
    Operation("forgetting the key", _two, lambda home: vault(home).forget_key(), seen),
    Operation("writing down the holder anew", _adoptable, lambda home: vault(home).unlock(), seen),
    Operation(
        "learning a caller",
        lambda home: _learnt(home).learn_caller(_caller("ada")),
        lambda home: _learnt(home).learn_caller(_caller("bob")),
        _known,
        quiet=True,
    ),
    Operation("a grant", _two, lambda home: grants.grant(vault(home), TARGET, PROD, "incident 7", NOW), _granted),
    Operation("spending a code", _two, _spend, lambda home: SpentCodes(vault(home), lambda: NOW).wait("arn:mfa")),
    Operation(
        "a visit",
        lambda home: visits.record(home / "visits.json", "a/b", NOW - 9),
        lambda home: visits.record(home / "visits.json", "a/b", NOW),
        lambda home: visits.load(home / "visits.json"),
    ),
    Operation(
        "a pin",
        lambda home: pins.toggle(home / "pins.json", "a/b"),
        lambda home: pins.toggle(home / "pins.json", "c/d"),
        lambda home: pins.load(home / "pins.json"),
    ),
    Operation("a line of the log", lambda home: _log(home, "a/b"), lambda home: _log(home, "c/d"), _logged),
    Operation("a use", _nothing, _use, lambda home: uses.current(uses.folder_in(home)), quiet=True),
    Operation(
        "compiling",
        lambda home: _compile(home, b"old" * 99),
        lambda home: _compile(home, b"new" * 99),
        _compiled,
        quiet=True,
    ),
]


class Scene:
    """One operation, what it is done to, and what may be found after it."""

    def __init__(self, operation: Operation, place: Path) -> None:
        self.operation = operation
        self.home = place / "home"
        self.template = place / "template"
        self.template.mkdir()
        operation.prepare(self.template)
        self.before = operation.look(self.reset())
        self.reset()
        assert fire.run(lambda: operation.work(self.home)) == 0
        self.after = operation.look(self.home)

    def reset(self) -> Path:
        return fire.fresh_copy(self.template, self.home)

    def check(self, point: str) -> None:
        """See the old state or the new one, no lock, and an operation that works now and leaves nothing lying about."""
        found = self.operation.look(self.home)
        assert found in (self.before, self.after), f"{point} of {self.operation}"
        assert free(self.home), f"{point} of {self.operation}"
        self.recover(point)

    def recover(self, point: str) -> None:
        """See that everything works now, and that nothing was left."""
        self.operation.work(self.home)
        self.operation.look(self.home)
        put(self.home, "later")
        vault(self.home).sweep(NOW)
        assert seen(self.home)["live"]["later"], f"{point} of {self.operation}"
        assert not fire.leftovers(self.home), f"{point} of {self.operation}"


def free(home: Path) -> bool:
    """Tell whether nobody holds the vault's lock or the record's."""
    try:
        with (
            vault(home)._keys.exclusive("looking", timeout=0),
            vault(home).lock("one", timeout=0, purpose="looking"),
        ):
            return True
    except LockTimeout:
        return False
