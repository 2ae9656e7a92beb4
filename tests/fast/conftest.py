"""Homes with live sessions: one that is opened once and restored for each test, and new ones."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fast_house import PROGRAM, Builder, House, restore

from xswitch.sandbox import Sandbox, practice


@pytest.fixture(scope="session")
def organization() -> Iterator[tuple[Sandbox, practice.PracticeOrganization]]:
    """The practice organization, over HTTP."""
    assert PROGRAM.exists(), "xswitch is not installed beside this Python: run `make test`"
    made = practice.build(time.time)
    with Sandbox(made.organization, time.time) as sandbox:
        yield sandbox, made


@pytest.fixture
def build(organization: tuple[Sandbox, practice.PracticeOrganization], tmp_path: Path) -> Builder:
    """Makes a home of its own."""
    sandbox, made = organization

    def make(name: str = "home", **more: str) -> House:
        return House(tmp_path / name, sandbox.url, made, **more)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def opened(
    organization: tuple[Sandbox, practice.PracticeOrganization], tmp_path_factory: pytest.TempPathFactory
) -> tuple[House, Path]:
    """A home where every target's session was opened, and a copy of it."""
    sandbox, made = organization
    house = House(tmp_path_factory.mktemp("fast") / "home", sandbox.url, made)
    house.open()
    copy = house.home.with_name("copy")
    shutil.copytree(house.home, copy)
    return house, copy


@pytest.fixture
def house(opened: tuple[House, Path]) -> Iterator[House]:
    """The home as it was when the sessions had just been opened."""
    house, copy = opened
    restore(house, copy)
    yield house
    house.environ = dict(house.given)
