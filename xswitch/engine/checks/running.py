"""Runs the checks side by side, each in a thread: one that fails or hangs holds up no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from xswitch.engine.checks import catalog, clock, endpoint, exported, identities, leftovers, shells, vault
from xswitch.engine.checks.machine import Finding, Machine
from xswitch.errors import XswitchError
from xswitch.text import clean

if TYPE_CHECKING:
    from xswitch.engine.core import Engine

SECONDS: Final = 20.0
"""How long all checks may take: a keyring's helper and AWS's endpoint have shorter bounds of their own."""

Check = Callable[[Machine], Iterable[Finding]]

CHECKS: Final[Mapping[str, Check]] = {
    "vault": vault.check,
    "clock": clock.check,
    "catalog": catalog.check,
    "identities": identities.check,
    "shells": shells.check,
    "endpoint": endpoint.check,
    "leftovers": leftovers.check,
    "profiles": exported.check,
}


def examine(engine: Engine, *, checks: Mapping[str, Check] = CHECKS, seconds: float = SECONDS) -> tuple[Finding, ...]:
    """Return what every check found, in their order. Blocks for ``seconds`` at most; raises nothing."""
    machine = Machine(engine)
    found: dict[str, list[Finding]] = {name: [] for name in checks}
    threads = {
        name: threading.Thread(target=_run, args=(name, check, machine, found[name]), name=f"check {name}", daemon=True)
        for name, check in checks.items()
    }
    for thread in threads.values():
        thread.start()
    over = time.monotonic() + seconds
    for name, thread in threads.items():
        thread.join(max(0.0, over - time.monotonic()))
        if thread.is_alive():
            message = f"no answer within {seconds:g}s"
            found[name] = [*found[name], Finding(name, "fail", message, "something it looks at hangs: see what it is")]
    return tuple(_clean(finding) for findings in found.values() for finding in findings)


def _run(name: str, check: Check, machine: Machine, found: list[Finding]) -> None:
    try:
        for finding in check(machine):
            found.append(finding)  # noqa: PERF402 - one by one: what was found before a failure stays
    except XswitchError as error:
        found.append(Finding(name, "fail", error.message, error.hint))
    except Exception as error:  # a check that breaks is a finding too; its words could hold anything
        message = f"this check itself failed: {type(error).__name__}"
        found.append(Finding(name, "fail", message, "this is a fault of xswitch; the other checks hold"))


def _clean(finding: Finding) -> Finding:
    return Finding(finding.check, finding.level, clean(finding.message), clean(finding.hint))
