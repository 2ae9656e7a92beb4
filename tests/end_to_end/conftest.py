"""What the end-to-end tests share: the installed program and a person with nothing configured."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from company import Company
from fire_house import FireHouse

BIN = Path(sys.executable).parent
EXPECTED = {".bash_history", ".bashrc", ".zshrc", ".cache", ".local", ".config"}
"""What shells and tests put into a home; xswitch puts nothing there in the demo."""


@pytest.fixture
def xswitch() -> str:
    """The installed program."""
    program = BIN / "xswitch"
    assert program.exists(), f"xswitch is not installed beside {sys.executable}: run `make test`"
    return str(program)


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of somebody who has just arrived: an empty home, the AWS CLI, and nothing of AWS set up."""
    home = tmp_path / "home"
    home.mkdir()
    # Else fish reads every manual page of the machine in the background, for completions, on its first start there.
    (home / ".local" / "share" / "fish" / "generated_completions").mkdir(parents=True)
    (tmp_path / "tmp").mkdir()
    environ = {
        "HOME": str(home),
        "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        "SHELL": "/bin/bash",
        "TMPDIR": str(tmp_path / "tmp"),
        "USER": "newcomer",
    }
    yield environ
    left = {path.name for path in (tmp_path / "tmp").iterdir()} - {"fish.root"}
    assert not left, "something was left behind"
    assert {path.name for path in home.iterdir()} <= EXPECTED


@pytest.fixture
def fire_house(xswitch: str, newcomer: dict[str, str], tmp_path: Path) -> Iterator[FireHouse]:
    """A person of the practice organization with a vault and nothing opened yet."""
    made = FireHouse(xswitch, newcomer, tmp_path / "xswitch")
    try:
        made.settle()
        yield made
    finally:
        made.sandbox.stop()


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    """A practice organization over HTTP, and a person of it with the installed program."""
    made = Company(tmp_path)
    yield made
    made.close()
