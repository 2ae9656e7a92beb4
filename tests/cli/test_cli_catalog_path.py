"""`catalog path`: what a file is called reaches the terminal clean, and a program as it is."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from xswitch.cli import catalog_path
from xswitch.paths import Paths


def test_names_of_files_are_shown_clean(tmp_path: Path) -> None:
    paths = Paths.of({"XSWITCH_HOME": str(tmp_path)})
    for folder in (paths.config / "catalog.d", paths.state / "shared" / "team" / "current" / "catalog.d"):
        folder.mkdir(parents=True)
        for name in ("b\x1b]0;x\x07.toml", "x\nfake.toml"):
            (folder / name).write_text("")
    result = catalog_path.run(Namespace(json=False), cast(Any, SimpleNamespace(paths=paths)))
    lines = cast(str, result.text).splitlines()
    assert [line.rpartition("/")[2] for line in lines] == ["b]0;x.toml", "x fake.toml"] * 2
    assert [Path(one).name for one in result.data] == ["b\x1b]0;x\x07.toml", "x\nfake.toml"] * 2
