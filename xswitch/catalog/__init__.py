"""What there is to switch to.

::

    catalog.toml, catalog.d/, shared folders      origins    which files, and for whom each speaks
            │
            ▼
    parse + schema, fields                        one file, every value against its rule
            │
            ▼
    merge ──► expand ──► ways                     precedence, names; role sets, settings, chains
            │
            ▼
    loading ◄──► compiled ──► fast              the catalog, its cache, one row of it without any import
            │
            ├── resolution                        TARGET to target, exactly
            ├── selector                          many targets, nothing fuzzy
            └── search, visits                    the picker's list, best first

:func:`load` and :func:`check` are the two doors. What is exported here is imported when it is first asked for, so that
the fast commands pay for nothing but what they use.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself would be the heaviest import here
if TYPE_CHECKING:
    from xswitch.catalog.loading import (
        Found,
        check,
        check_shared,
        check_with,
        find,
        is_first_run,
        load,
        load_for_sync,
        load_last_good,
        load_with,
    )
    from xswitch.catalog.model import (
        UNLISTED,
        Account,
        Catalog,
        Environment,
        Identity,
        Target,
        VaultRef,
    )
    from xswitch.catalog.nothing import unmatched
    from xswitch.catalog.origins import sources
    from xswitch.catalog.resolution import locate, resolve, resolve_guarded
    from xswitch.catalog.selector import Selector

__all__ = [
    "UNLISTED",
    "Account",
    "Catalog",
    "Environment",
    "Found",
    "Identity",
    "Selector",
    "Target",
    "VaultRef",
    "check",
    "check_shared",
    "check_with",
    "find",
    "is_first_run",
    "load",
    "load_for_sync",
    "load_last_good",
    "load_with",
    "locate",
    "resolve",
    "resolve_guarded",
    "sources",
    "unmatched",
]

_HOMES = {
    "check": "loading",
    "check_shared": "loading",
    "check_with": "loading",
    "Found": "loading",
    "find": "loading",
    "is_first_run": "loading",
    "load": "loading",
    "load_for_sync": "loading",
    "load_last_good": "loading",
    "load_with": "loading",
    "locate": "resolution",
    "resolve": "resolution",
    "resolve_guarded": "resolution",
    "Selector": "selector",
    "sources": "origins",
    "unmatched": "nothing",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found: object = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'model')}"), name)
    globals()[name] = found
    return found
