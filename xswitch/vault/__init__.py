"""Where secrets rest: encrypted records, the locks around them, and the holders of the one key that opens them.

::

    record.py    one record as bytes: plain header, sealed payload
    trouble.py   every OSError put into words
    folder.py    a private folder: ownership, permissions, atomic writes
    locks.py     locks between processes and threads
    key.py       the key, which never prints itself
    kernel.py    the Linux kernel keyring, the key's fast shadow
    memory.py    no core dumps of who holds the key
    holders.py   who keeps the key: OS keyring, passphrase, plain file
    keys.py      one vault's key: found, made once, never replaced while records exist
    store.py     Vault: read, write, list, lock, set aside, sweep
    opening.py   open_vault: a vault with the holders that a person's settings allow
    quick.py     records by the shadow key alone, for commands that must cost nothing

The names below load on first use, so that :mod:`xswitch.vault.quick` costs no more than what it needs itself.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xswitch.vault.holders import Holder, WrongPassphrase
    from xswitch.vault.locks import LockTimeout
    from xswitch.vault.opening import open_vault
    from xswitch.vault.record import Header, Record
    from xswitch.vault.store import Damaged, SetAside, Vault

__all__ = [
    "Damaged",
    "Header",
    "Holder",
    "LockTimeout",
    "Record",
    "SetAside",
    "Vault",
    "WrongPassphrase",
    "open_vault",
]

_HOMES = {
    "Damaged": "store",
    "Header": "record",
    "Holder": "holders",
    "LockTimeout": "locks",
    "Record": "record",
    "SetAside": "store",
    "Vault": "store",
    "WrongPassphrase": "holders",
    "open_vault": "opening",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
