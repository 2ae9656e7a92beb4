from __future__ import annotations

from pathlib import Path

import pytest
from git_remote import Remote

from xswitch.paths import Paths


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """The folders of a person who has nothing yet."""
    return Paths.of({"XSWITCH_HOME": str(tmp_path / "home")})


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    """A repository of a team."""
    return Remote(tmp_path)
