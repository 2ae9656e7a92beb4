"""Folders that are the person's alone, whatever the umask and whoever asks for them first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xswitch.files import make_private_folder


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_every_folder_that_is_made_is_private(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        make_private_folder(tmp_path / "state" / "shared" / "x")
    finally:
        os.umask(before)
    for name in ("state", "state/shared", "state/shared/x"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o700


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir(mode=0o755)
    make_private_folder(tmp_path / "mine")
    assert (tmp_path / "mine").stat().st_mode & 0o777 == 0o755


def test_a_file_in_its_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        make_private_folder(tmp_path / "file")
    with pytest.raises(OSError, match="file"):
        make_private_folder(tmp_path / "file" / "below")
