"""Whether the catalog and the preferences can be read, and what is odd in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from xswitch.catalog import check as check_catalog
from xswitch.engine.checks.machine import Finding, Machine
from xswitch.errors import InvalidConfig

CHECK: Final = "catalog"


def check(machine: Machine) -> Iterator[Finding]:
    """Count errors and warnings, and name the first of each."""
    engine = machine.engine
    try:
        _ = engine.preferences
    except InvalidConfig as error:
        yield Finding(CHECK, "fail", error.message, error.hint)
    if engine.first_run:
        yield Finding(CHECK, "warn", f"none yet at {engine.paths.catalog_file}", "`xswitch` shows the ways to begin")
        return
    errors, warnings = check_catalog(engine.paths)
    if errors:
        all_of_them = InvalidConfig(errors)
        yield Finding(CHECK, "fail", all_of_them.message, all_of_them.hint or "`xswitch catalog check` lists them")
    else:
        catalog = engine.catalog
        yield Finding(CHECK, "ok", f"{len(catalog.accounts):,} accounts, {len(catalog.targets):,} targets")
    if warnings:
        more = f" (and {len(warnings) - 1} more)" if len(warnings) > 1 else ""
        hint = warnings[0].hint or "`xswitch catalog check` lists all of them"
        yield Finding(CHECK, "warn", f"{warnings[0]}{more}", hint)
