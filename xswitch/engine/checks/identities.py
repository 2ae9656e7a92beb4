"""Whether every identity that keeps its key in the vault has one there, and how old it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from xswitch.engine.checks.machine import Finding, Level, Machine
from xswitch.errors import InvalidConfig, VaultUnavailable

CHECK: Final = "identities"
OLD: Final = 90
"""Days: the age from which AWS's own checks ask for another key (IAM User Guide, rotating access keys)."""


def check(machine: Machine) -> Iterator[Finding]:
    """Look at what can be read without the vault's key. That catalog or vault can't be read is another's finding."""
    engine = machine.engine
    if engine.first_run:
        return
    try:
        default, views = engine.catalog.default_identity, engine.identities()
    except (InvalidConfig, VaultUnavailable):
        return
    for view in views:
        about = f"{view.name}: "
        if view.kind != "keys":
            yield Finding(CHECK, "ok", f"{about}kind {view.kind}, keeps no key here")
        elif view.key_age_days is None:
            level: Level = "fail" if view.name == (default or views[0].name) else "warn"
            yield Finding(CHECK, level, f"{about}the vault holds no key", f"xswitch identity add {view.name}")
        elif view.key_age_days > OLD:
            message = f"{about}its key was put here {view.key_age_days} days ago"
            hint = f"make another in IAM, then xswitch identity add {view.name}, then delete the old one"
            yield Finding(CHECK, "warn", message, hint)
        else:
            days = "today" if view.key_age_days < 1 else f"{view.key_age_days} days ago"
            yield Finding(CHECK, "ok", f"{about}its key was put here {days}")
