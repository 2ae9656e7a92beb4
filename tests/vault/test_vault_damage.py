"""Every file of the state folder cut at every length and with every bit turned.

Never a wrong answer, never a traceback: the answer as it was, the contract's error, or a clean beginning of what can be
learnt again; and everything else unharmed. Once the file is back, all is as it was.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import fire_operations as operations
import pytest
from fire_operations import NEW, NOW, OLD, PROD, TARGET, put, vault

from xswitch.catalog import pins, visits
from xswitch.errors import VaultUnavailable
from xswitch.secret import Secret
from xswitch.session import grants
from xswitch.session.codes import SpentCodes
from xswitch.session.learnt import Learnt

pytestmark = pytest.mark.usefixtures("unsynced")


def damaged(content: bytes, *, bits: int = 1) -> Iterator[bytes]:
    """Return the content cut at every length, then with every ``bits``-th bit turned."""
    for length in range(len(content)):
        yield content[:length]
    for bit in range(0, 8 * len(content), bits):
        turned = bytearray(content)
        turned[bit // 8] ^= 1 << bit % 8
        yield bytes(turned)


def overwritten(file: Path, look: Callable[[], object], *, bits: int = 1) -> Iterator[object]:
    """Damage a file in every way; return what is seen each time, an error in place of what raised one."""
    good = file.read_bytes()
    assert good
    for content in damaged(good, bits=bits):
        file.write_bytes(content)
        try:
            yield look()
        except VaultUnavailable as error:
            assert error.exit_status == 6
            assert error.hint
            yield error
    file.write_bytes(good)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state folder with two records."""
    put(tmp_path, "one", OLD)
    put(tmp_path, "other", NEW)
    return tmp_path


def payloads(home: Path) -> tuple[bytes | None, ...]:
    here = vault(home)
    return tuple(found.payload if (found := here.read(name)) else None for name in ("one", "other"))


def test_a_record(home: Path) -> None:
    """It alone is damaged: the listing says so, the other is served, and a write puts a good one in its place."""

    def look() -> object:
        here = vault(home)
        other = here.read("other")
        assert other is not None and other.payload == NEW
        assert "other" in [header.name for header in here.headers()]
        return here.read("one")

    seen = list(overwritten(home / "vault" / "one.rec", look, bits=3))
    assert len(seen) > 500
    assert all(isinstance(one, VaultUnavailable) for one in seen)
    (home / "vault" / "one.rec").write_bytes(b"")
    put(home, "one", NEW)
    assert payloads(home) == (NEW, NEW)


@pytest.mark.parametrize(
    ("name", "passphrase"),
    [
        ("id", False),
        ("holder", False),
        ("holder", True),
        ("key", False),
        ("passphrase", True),
        ("locked", False),
        ("clock", False),
    ],
)
def test_a_file_beside_the_records(tmp_path: Path, name: str, passphrase: bool) -> None:
    put(tmp_path, "one", OLD, passphrase=passphrase)
    put(tmp_path, "other", NEW)
    vault(tmp_path).forget_key()
    vault(tmp_path).sweep(NOW)
    records = {file.name: file.read_bytes() for file in (tmp_path / "vault").glob("*.rec")}

    def look() -> object:
        vault(tmp_path).sweep(NOW + 1e9)
        return payloads(tmp_path)

    seen = list(overwritten(tmp_path / "vault" / name, look, bits=5 if passphrase else 1))
    answers = [one for one in seen if not isinstance(one, VaultUnavailable)]
    assert set(answers) <= {(OLD, NEW)}
    if name in ("holder", "locked", "clock"):
        assert len(answers) == len(seen), "all of it can be found again"
    else:
        assert len(answers) < len(seen) / 20, "no more than what ends the line"
    assert payloads(tmp_path) == (OLD, NEW)
    assert {file.name: file.read_bytes() for file in (tmp_path / "vault").glob("*.rec")} == records


def test_a_damaged_id_says_which_it_was(home: Path) -> None:
    good = (home / "vault" / "id").read_text().strip()
    hints = [
        one.hint
        for one in overwritten(home / "vault" / "id", lambda: payloads(home))
        if isinstance(one, VaultUnavailable)
    ]
    assert len(hints) > 100
    assert sum(good in hint for hint in hints) > 50, "where it is an id still, its records name the right one"


def test_what_aws_taught(tmp_path: Path) -> None:
    learnt = Learnt(tmp_path, lambda: NOW)
    learnt.learn_caller(operations._caller("ada"))
    learnt.learn_maximum("arn:aws:iam::444455556666:role/Deploy", 3600)
    learnt.learn_granted("arn:aws:iam::444455556666:role/Admin", 7200)
    learnt.learn_skew(-4000)

    def look() -> object:
        here = Learnt(tmp_path, lambda: NOW)
        return json.dumps([here._section(name) for name in ("roles", "callers", "clock")])

    good = look()
    seen = list(overwritten(tmp_path / "learnt.json", look, bits=3))
    assert set(seen) <= {good, "[{}, {}, {}]"}
    assert len(seen) > 1000
    assert look() == good


@pytest.mark.parametrize("name", ["visits.json", "pins.json"])
def test_habits(tmp_path: Path, name: str) -> None:
    """A name may become another name; there is no more to lose. What is no such file is kept aside."""
    for target in ("payments/Deploy", "web/ReadOnly"):
        visits.record(tmp_path / "visits.json", target, NOW)
        pins.toggle(tmp_path / "pins.json", target)
    look = {"visits.json": visits.load, "pins.json": pins.load}[name]
    for seen in overwritten(tmp_path / name, lambda: look(tmp_path / name)):
        assert isinstance(seen, dict | tuple)
        assert len(seen) <= 2
        for entry in seen.values() if isinstance(seen, dict) else ():
            assert all(isinstance(number, int | float) for number in entry)


@pytest.mark.parametrize("kind", ["grant", "spent"])
def test_what_is_damaged_grants_nothing_and_stops_nobody(home: Path, kind: str) -> None:
    """A damaged grant is none. Of damaged codes AWS itself says that they are spent."""
    grants.grant(vault(home), TARGET, PROD, "incident 7", NOW)
    operations._spend(home)
    (file,) = (home / "vault").glob(f"{kind}-*.rec")
    here = vault(home)

    def look() -> object:
        if kind == "grant":
            return grants.live_grant(here, TARGET, PROD, NOW)
        return SpentCodes(here, lambda: NOW).wait("arn:mfa")

    assert look()
    assert {repr(one) for one in overwritten(file, look, bits=5)} == {"None" if kind == "grant" else "0"}
    assert look()
    file.write_bytes(b"")
    grants.grant(vault(home), TARGET, PROD, "again", NOW)
    assert SpentCodes(vault(home), lambda: NOW).spend("arn:mfa", Secret("654321")) == 0


def test_records_that_were_set_aside(home: Path) -> None:
    vault(home).set_aside("one")
    file = home / "vault" / "trash" / "one.rec"

    def look() -> object:
        os.utime(file, (NOW, NOW))
        here = vault(home)
        assert payloads(home) == (None, NEW)
        return tuple(one.header.name for one in here.set_aside_headers())

    assert set(overwritten(file, look, bits=7)) <= {(), ("one",)}
    assert look() == ("one",)
    file.write_bytes(b"x")
    os.utime(file, (NOW, NOW))
    vault(home, now=NOW + 60).sweep(NOW)
    assert not list((home / "vault" / "trash").iterdir())
    assert payloads(home) == (None, NEW)
