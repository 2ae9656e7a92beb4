"""Whether every identity has what it needs: a key in the vault, and how old that is, a login, or a program."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from xswitch.engine.checks.machine import Finding, Level, Machine
from xswitch.errors import InvalidConfig, VaultUnavailable
from xswitch.text import say_duration

if TYPE_CHECKING:
    from xswitch.engine.views import IdentityView

CHECK: Final = "identities"


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
        if view.kind == "process":
            yield _program(about, engine.catalog.identities[view.name].process, engine.environ.get("PATH"))
        elif view.kind == "sso":
            yield _login(machine, view.name)
        elif view.kind != "keys":
            yield Finding(CHECK, "ok", f"{about}kind {view.kind}, keeps no key here")
        elif view.key_age_days is None:
            level: Level = "fail" if view.name == (default or views[0].name) else "warn"
            yield Finding(CHECK, level, f"{about}the vault holds no key", f"xswitch identity add {view.name}")
        elif view.key_is_old:
            yield Finding(CHECK, "warn", f"{about}{_age(view)}", f"xswitch identity rotate {view.name}")
        else:
            yield Finding(CHECK, "ok", f"{about}{_age(view)}")


def _age(view: IdentityView) -> str:
    days = "today" if (view.key_age_days or 0) < 1 else f"{view.key_age_days} days ago"
    return f"its key was made {days}" if view.key_age_known else f"its key was put here {days}"


def _program(about: str, command: str, path: str | None) -> Finding:
    """Tell whether the program of an identity is there. It is not run: it might open a browser."""
    try:
        program = next(iter(shlex.split(command)), "")
    except ValueError:
        return Finding(CHECK, "warn", f"{about}its program has a quote that is never closed", "mend process")
    if shutil.which(program, path=path) is None:
        hint = "install it, or mend process in the catalog"
        return Finding(CHECK, "warn", f"{about}its program {program!r} is not on PATH", hint)
    return Finding(CHECK, "ok", f"{about}kind process, its program is there")


def _login(machine: Machine, name: str) -> Finding:
    """Tell whether somebody is signed in, by the file that the AWS CLI shares; AWS is not asked."""
    engine = machine.engine
    login = engine.people.login(engine.catalog.identities[name])
    if not login.lives:
        return Finding(CHECK, "warn", f"{name}: nobody is signed in", f"xswitch identity login {name}")
    left = say_duration(max(0.0, login.expires - engine.now()))
    return Finding(CHECK, "ok", f"{name}: signed in, " + ("renewed by itself" if login.renews else f"for {left}"))
