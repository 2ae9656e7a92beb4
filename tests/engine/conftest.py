"""A person with an engine, against the practice organization."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from company_engine import Office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.sandbox.stop()
    assert not made.sandbox.crashes, made.sandbox.crashes
