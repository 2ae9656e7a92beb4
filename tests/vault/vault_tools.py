"""What the vault's tests share: holders without a person, and small programs run as processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from xswitch.errors import VaultUnavailable
from xswitch.vault.key import Key
from xswitch.vault.store import Vault

ROOT = Path(__file__).resolve().parents[2]
SENTINEL = b"AQoSENTINELsecretNEVERshown/+=0123456789"


class Clock:
    """A clock that a test sets."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class MemoryHolder:
    """A keyring of this process: it keeps every key, counts what it is asked, and can be told to fail or to lose."""

    def __init__(self) -> None:
        self.kept: dict[str, Key] = {}
        self.loads = 0
        self.stores = 0
        self.fault: VaultUnavailable | None = None

    def load(self, vault_id: str, detail: str) -> Key | None:
        assert detail.startswith("memory")
        self.loads += 1
        if self.fault:
            raise self.fault
        return self.kept.get(vault_id)

    def find(self, vault_id: str) -> tuple[Key, str] | None:
        key = self.kept.get(vault_id)
        return None if key is None else (key, "memory")

    def prepare(self) -> None:
        if self.fault:
            raise self.fault

    def store(self, vault_id: str, key: Key) -> tuple[Key, str]:
        self.stores += 1
        return self.kept.setdefault(vault_id, key), "memory"

    def lacks(self, detail: str) -> str:
        return "restore it"

    def forget(self) -> None:
        """Nothing to forget."""


def keep(vault: Vault, name: str, payload: bytes = SENTINEL, **more: object) -> None:
    """Write a record with ordinary facts."""
    kind = str(more.pop("kind", "session"))
    expires = more.pop("expires", 2_000_000_000.0)
    assert expires is None or isinstance(expires, float)
    facts = {"target": "payments/Deploy", "duration": 3600}
    vault.write(name, kind, payload, issued=1_700_000_000.0, expires=expires, facts=facts)


def start(code: str, *arguments: str, environ: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """Start a Python program that can import xswitch and this module."""
    env = dict(os.environ if environ is None else environ)
    env["PYTHONPATH"] = f"{ROOT}{os.pathsep}{ROOT / 'tests' / 'vault'}"
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
    )


def finish(process: subprocess.Popen[str], timeout: float = 60) -> tuple[int, str, str]:
    """Wait for a program, bounded; return its status and what it wrote."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise AssertionError("the program did not end in time") from None
    return process.returncode, out, err


def run(code: str, *arguments: str, environ: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Run a Python program to its end."""
    return finish(start(code, *arguments, environ=environ))


def everything(folder: Path) -> dict[str, bytes]:
    """Return every file under a folder with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
