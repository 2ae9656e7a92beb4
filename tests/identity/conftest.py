from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from login_house import LoginHouse


@pytest.fixture
def house(tmp_path: Path) -> Iterator[LoginHouse]:
    made = LoginHouse(tmp_path)
    yield made
    made.close()
