"""Processes at once: first runs, and a holder of the vault's own lock that is killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from vault_tools import everything, finish, start

from xswitch.vault.folder import Folder
from xswitch.vault.holders import Cost, FileHolder, PassphraseHolder
from xswitch.vault.locks import LockTimeout
from xswitch.vault.store import Vault

OPEN = """
import os, signal, sys
from xswitch.vault.folder import Folder
from xswitch.vault.holders import Cost, FileHolder, PassphraseHolder
from xswitch.vault.store import Vault
def opened(kind, path):
    folder = Folder(path)
    if kind == "file": return Vault(path, FileHolder(folder))
    return Vault(path, PassphraseHolder(folder, {"XSWITCH_PASSPHRASE": "pw"}, None, print, cost=Cost(4, 8, 1)))
"""
FIRST = (
    OPEN
    + """
kind, path, name = sys.argv[1:]
vault = opened(kind, path)
print("ready", flush=True)
sys.stdin.readline()
vault.write(name, "session", name.encode() * 50, issued=1.0, expires=None, facts={"by": name})
print("wrote", flush=True)
"""
)


def opened(kind: str, path: Path) -> Vault:
    folder = Folder(str(path))
    if kind == "file":
        return Vault(path, FileHolder(folder))
    return Vault(
        path, PassphraseHolder(folder, {"XSWITCH_PASSPHRASE": "pw"}, None, lambda words: None, cost=Cost(4, 8, 1))
    )


@pytest.mark.parametrize("kind", ["file", "passphrase"])
def test_first_runs_at_once_make_one_key_and_lose_no_record(folder: Path, kind: str) -> None:
    names = [f"first-{number}" for number in range(12)]
    programs = [start(FIRST, kind, str(folder), name) for name in names]
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
    for program in programs:
        assert program.stdin is not None
        program.stdin.write("go\n")
        program.stdin.flush()
    for program in programs:
        status, out, err = finish(program)
        assert (status, out, err) == (0, "wrote\n", "")
    vault = opened(kind, folder)
    for name in names:
        found = vault.read(name)
        assert found is not None and found.payload == name.encode() * 50
    assert len({header.vault_id for header in vault.headers()}) == 1
    assert not [name for name in everything(folder) if name.endswith(".tmp")]


def test_a_killed_holder_of_the_vaults_own_lock_blocks_nobody(folder: Path) -> None:
    vault = opened("file", folder)
    code = OPEN + "\nimport time\nwith opened('file', sys.argv[1])._keys.exclusive('making the key'):\n"
    holder = start(code + "    print('held', flush=True); sys.stdin.readline()", str(folder))
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(LockTimeout, match="which is making the key"), vault._keys.exclusive("x", timeout=0.05):
        raise AssertionError("not reached")
    os.kill(holder.pid, signal.SIGKILL)
    vault.write("one", "session", b"1", issued=1.0, expires=None, facts={})
    finish(holder)
