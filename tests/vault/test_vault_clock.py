"""Clocks that are set: undo, sweeps and what is left of them. Locks and the sweep of records have tests beside theirs."""

from __future__ import annotations

from pathlib import Path

import pytest
from vault_tools import SENTINEL, Clock, MemoryHolder, keep

from xswitch.vault.store import Vault

YEAR = 365 * 86400.0


@pytest.mark.parametrize("jump", [YEAR, -YEAR])
def test_an_end_stays_an_end_when_the_clock_jumps_and_its_undo_comes_back_with_it(
    vault: Vault, clock: Clock, jump: float
) -> None:
    keep(vault, "one")
    vault.set_aside("one")
    clock.now += jump
    assert vault.bring_back("one") is False
    assert not any(aside.restorable for aside in vault.set_aside_headers())
    assert vault.read("one") is None
    clock.now += 20 - jump
    assert vault.bring_back("one") is True
    found = vault.read("one")
    assert found is not None and found.payload == SENTINEL


@pytest.mark.parametrize("jump", [YEAR, -YEAR])
def test_what_was_ended_is_forgotten_whatever_the_clock_says(
    vault: Vault, folder: Path, clock: Clock, jump: float
) -> None:
    """Its half minute can't be told any more, so it is over: no payload lies about for a year."""
    keep(vault, "one")
    vault.set_aside("one")
    clock.now += jump
    vault.sweep(clock.now)
    assert not list((folder / "trash").glob("*.rec"))
    clock.now -= jump
    assert vault.bring_back("one") is False


@pytest.mark.parametrize("ahead", [3 * 3600.0, -3 * 3600.0, YEAR])
def test_the_half_minute_is_this_machines_whatever_time_aws_has(vault: Vault, clock: Clock, ahead: float) -> None:
    keep(vault, "one")
    vault.set_aside("one")
    clock.now += 10
    vault.sweep(clock.now + ahead)
    assert vault.bring_back("one") is True


def test_only_the_time_that_kept_time_with_the_steady_clock_removes_anything(folder: Path) -> None:
    """AWS's time as it was learnt and forgotten again is two times: neither is believed before it has lasted an hour."""
    from xswitch.vault.steady import Beat

    beat, now, holder = [0.0], 1_700_000_000.0, MemoryHolder()
    vault = Vault(folder, holder, clock=lambda: now + beat[0], beat=lambda: Beat("boot", beat[0]))
    keep(vault, "live", expires=now + 3000)
    for skew in (0.0, 7200.0, 0.0, 7200.0):
        assert vault.sweep(now + beat[0] + skew) == 0
        beat[0] += 1800
    assert vault.read("live") is not None
