from __future__ import annotations

from pathlib import Path

import pytest
from vault_tools import Clock, MemoryHolder

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
