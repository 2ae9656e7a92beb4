from __future__ import annotations

import os
from pathlib import Path

import pytest
from vault_tools import Clock, MemoryHolder

from xswitch.vault import folder as folder_module
from xswitch.vault.store import Vault


@pytest.fixture
def clock() -> Clock:
    return Clock(1_700_000_000.0)


@pytest.fixture
def holder() -> MemoryHolder:
    return MemoryHolder()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home" / "state" / "vault"


@pytest.fixture
def vault(folder: Path, holder: MemoryHolder, clock: Clock) -> Vault:
    return Vault(folder, holder, clock=clock)


@pytest.fixture
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits for the disk: neither a kill nor an error of a call loses what was written without."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(folder_module, "_fsync", lambda descriptor: None)
