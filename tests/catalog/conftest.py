from __future__ import annotations

from pathlib import Path

import pytest
from catalog_home import Home

from xswitch.paths import Paths


@pytest.fixture
def home(tmp_path: Path) -> Home:
    paths = Paths.of({"XSWITCH_HOME": str(tmp_path)})
    paths.config.mkdir()
    return Home(paths)
