"""A long soak of vault and sessions, bounded in time: processes are killed, disks and AWS fail, clocks jump.

    python tests/soak/soak.py --seconds 600 --seed 42

It prints a table and ends with 1 where anything was lost, wrong, or waited for without an end.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from random import SystemRandom

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "fire")]

from broker_soak import BrokerSoak  # noqa: E402
from crew import FAULTS, OPERATIONS, REFUSED, Crew  # noqa: E402
from vault_soak import VaultSoak  # noqa: E402

MEMORY = "/dev/shm"  # a soak that waits for a disk does less


def main() -> int:
    """Soak for the time that the arguments give; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", default=str(SystemRandom().randrange(10**6)))
    given = parser.parse_args()
    seconds = min(600.0, given.seconds)
    print(f"soaking for {seconds:g} seconds, seed {given.seed}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(
        prefix="xswitch-soak-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None
    ) as place:
        home = Path(place)
        vault = VaultSoak(home / "vault-home", given.seed, seconds * 0.55)
        losses = judged(vault.crew, lambda: vault.run(seconds * 0.55))
        broker = BrokerSoak(home / "broker-home", given.seed)
        losses += judged(broker.crew, lambda: aws.update(broker.run(seconds * 0.4)))
    rows = [row("vault", vault.crew, 0), row("sessions", broker.crew, aws.get("failures", 0))]
    show(rows, losses)
    print(f"AWS answered {aws.get('calls', 0):,} calls; {time.monotonic() - began:.0f} seconds in all")
    return 1 if losses else 0


aws: dict[str, int] = {}


def judged(crew: Crew, run: Callable[[], object]) -> int:
    """Run a soak; return how much was lost, what the last look found with it."""
    try:
        run()
    except Exception:
        traceback.print_exc()
        return crew.losses + 1
    return crew.losses


def row(what: str, crew: Crew, failures: int) -> tuple[str, int, int, int, int]:
    """Return a row of the table: operations, refusals (the contract's errors), kills, and faults."""
    tally = crew.tally
    return what, int(tally.sum(OPERATIONS)), int(tally.sum(REFUSED)), crew.kills, int(tally.sum(FAULTS)) + failures


def show(rows: list[tuple[str, int, int, int, int]], losses: int) -> None:
    """Print the table."""
    print("| soak | operations | refused | kills | faults | losses |")
    print("| --- | --- | --- | --- | --- | --- |")
    total = ("together", *(sum(numbers) for numbers in zip(*(one[1:] for one in rows), strict=True)))
    for one in (*rows, total):
        lost = str(losses) if one is total else ""
        print("| " + " | ".join([one[0], *(f"{number:,}" for number in one[1:]), lost]) + " |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
