"""Whether every identity that keeps its key in the vault has one there, how old it is, and who is signed in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from xswitch.engine.checks.machine import Finding, Level, Machine
from xswitch.errors import InvalidConfig, VaultUnavailable
from xswitch.text import say_duration

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
        if view.kind == "sso":
            yield _login(machine, view.name)
        elif view.kind != "keys":
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


def _login(machine: Machine, name: str) -> Finding:
    """Tell whether somebody is signed in, by the file that the AWS CLI shares; AWS is not asked."""
    engine = machine.engine
    login = engine.people.login(engine.catalog.identities[name])
    if not login.lives:
        return Finding(CHECK, "warn", f"{name}: nobody is signed in", f"xswitch identity login {name}")
    left = say_duration(max(0.0, login.expires - engine.now()))
    return Finding(CHECK, "ok", f"{name}: signed in, " + ("renewed by itself" if login.renews else f"for {left}"))
