"""A strict AWS over HTTP and over HTTPS, and a client of it whose waits are counted instead of waited."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from authority import Authority
from calling import Aws

from xswitch.sandbox import Sandbox, practice


@pytest.fixture
def aws() -> Iterator[Aws]:
    """A practice organization over HTTP."""
    organization = practice.build(time.time)
    with Sandbox(organization.organization, time.time) as sandbox:
        yield Aws(sandbox, organization)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A private authority for certificates."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def bundle(authority: Authority) -> Path:
    """The file that names it."""
    return authority.bundle
