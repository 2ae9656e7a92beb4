"""Whether the vault opens and is whole, who keeps its key, and whether there is room for more."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xswitch.engine.checks.machine import Finding, Level, Machine
from xswitch.errors import RecordDamaged
from xswitch.text import clean, plural

if TYPE_CHECKING:
    from xswitch.vault import Vault

CHECK: Final = "vault"
LITTLE: Final = 64 << 20
"""Bytes: with less room than this on the disk, a warning."""
NONE: Final = 1 << 20
"""Bytes: with less than this, nothing more can be kept."""
_TRIED: Final = 3
_NAMED: Final = 3


def check(machine: Machine) -> Iterator[Finding]:
    """Look at the folder, open a record, and name what is damaged. Nothing is made where there is nothing yet."""
    vault = machine.engine.vault
    facts = dict(vault.describe())
    headers = vault.headers()
    if machine.vault_mode & 0o077:
        message = f"others could open its folder ({machine.vault_mode:04o}); it is 0700 again"
        yield Finding(CHECK, "warn", message, "see what changed it: a copy, a backup, another program")
    if facts["id"] == "none yet":
        yield _new(machine)
    elif facts["holder"] == "the key file" and machine.environ.get("XSWITCH_PRACTICE"):
        yield Finding(CHECK, "ok", "its key lies in a plain file beside it, and opens practice credentials only")
    elif facts["holder"] == "the key file":
        message = "its key lies in a plain file beside it, as config.toml allows"
        yield Finding(CHECK, "warn", message, "whoever can read the folder can read the vault; a keyring is better")
    if headers:
        yield _opened(machine, vault, [header.name for header in headers], facts)
    elif facts["id"] != "none yet":
        yield Finding(CHECK, "ok", f"no records; {facts['holder']} has its key")
    damaged = vault.damaged()
    for bad in damaged[:_NAMED]:
        hint = f"remove {Path(vault.folder, bad.file)}: a session is opened anew, an identity's key added again"
        yield Finding(CHECK, "fail", f"{bad.file} is damaged: {bad.why}", hint)
    if len(damaged) > _NAMED:
        yield Finding(CHECK, "fail", f"{len(damaged) - _NAMED} more records are damaged", f"see {vault.folder}")
    yield Finding(CHECK, "ok", f"kernel keyring: {facts['kernel keyring']}")
    yield from _disk(machine)


def _new(machine: Machine) -> Finding:
    """Say where the key of a vault that is not there yet will go."""
    from xswitch.vault.os_keyring import KeyringHolder, NoKeyring

    if machine.engine.preferences.plaintext_key:
        return Finding(CHECK, "warn", "not made yet; its key will go to a plain file", "remove plaintext_key = true")
    try:
        backend = KeyringHolder(machine.environ, _say_nothing, patient=False).probe()
    except NoKeyring as absent:
        message = f"not made yet; its key will be kept under a passphrase: {absent.message}"
        return Finding(CHECK, "warn", message, absent.hint)
    return Finding(CHECK, "ok", f"not made yet; its key will go to the OS keyring ({_brief(backend)})")


def _say_nothing(words: str) -> None:
    """Leave unsaid what is waited for: nobody watches."""


def _opened(machine: Machine, vault: Vault, names: list[str], facts: dict[str, str]) -> Finding:
    """Open a record, where no person has to be asked for that."""
    holder, count = facts["holder"], plural(len(names), "record")
    at_hand = machine.environ.get("XSWITCH_PASSPHRASE") or facts["kernel keyring"] == "holds the key"
    if holder == "the passphrase file" and not at_hand:
        message = f"{count}, none opened: the passphrase is not at hand"
        return Finding(CHECK, "warn", message, "set XSWITCH_PASSPHRASE, or switch once and look again")
    damaged: RecordDamaged | None = None
    for name in names[:_TRIED]:
        try:
            if vault.read(name) is not None:
                return Finding(CHECK, "ok", f"{count}; {holder} has the key, and it fits")
        except RecordDamaged as error:
            damaged = error
    if damaged is not None:
        message = f"{count}, and none that was tried opens: {damaged.message}"
        return Finding(CHECK, "fail", message, damaged.hint)
    return Finding(CHECK, "ok", f"{count}; {holder} has the key")


def _disk(machine: Machine) -> Iterator[Finding]:
    """Tell whether more can be written where the vault is, or will be."""
    folder = Path(machine.engine.vault.folder)
    there = next(place for place in (folder, *folder.parents) if place.is_dir())
    shown = clean(str(there))
    if os.statvfs(there).f_flag & os.ST_RDONLY or not os.access(there, os.W_OK):
        yield Finding(
            CHECK, "fail", f"{shown} can't be written to", "chmod u+w it, or set XSWITCH_HOME to another folder"
        )
        return
    free = shutil.disk_usage(there).free
    if free < LITTLE:
        level: Level = "fail" if free < NONE else "warn"
        yield Finding(CHECK, level, f"{free >> 20} MiB are free on the disk of {shown}", "free some space on it")


def _brief(backend: str) -> str:
    return clean(backend.removeprefix("keyring.backends."))
