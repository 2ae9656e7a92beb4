"""The practice organization over HTTP, for what is tried against a real STS."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from practice_house import PracticeHouse

from xswitch.sandbox import Sandbox, practice


@pytest.fixture
def house(tmp_path) -> Iterator[PracticeHouse]:
    """A practice organization, its person, and a broker on a real vault."""
    made = PracticeHouse(tmp_path)
    try:
        yield made
    finally:
        made.sandbox.stop()


@pytest.fixture(scope="module")
def plain() -> Iterator[tuple[Sandbox, practice.PracticeOrganization]]:
    """A practice organization for calls that change nothing."""
    organization = practice.build(time.time)
    with Sandbox(organization.organization, time.time) as sandbox:
        yield sandbox, organization
