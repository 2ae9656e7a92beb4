from __future__ import annotations

from pathlib import Path

import pytest

from xswitch.paths import Paths


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """The folders of a person who has nothing yet."""
    return Paths.of({"XSWITCH_HOME": str(tmp_path / "home")})
