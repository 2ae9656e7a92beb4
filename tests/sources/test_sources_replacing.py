"""A file of the person's own, replaced: what another program writes to it meanwhile is not lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from xswitch.errors import VaultUnavailable
from xswitch.sources.replacing import rework_own


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "config"
    made.write_bytes(b"first\n")
    return made


def test_what_was_written_meanwhile_is_worked_on_as_well(file: Path) -> None:
    seen: list[bytes] = []

    def work_out(before: bytes) -> bytes:
        seen.append(before)
        if len(seen) == 1:
            file.write_bytes(before + b"theirs\n")
        return before + b"ours\n"

    rework_own(file, work_out)
    assert file.read_bytes() == b"first\ntheirs\nours\n"
    assert seen == [b"first\n", b"first\ntheirs\n"]


def test_a_file_that_never_rests_is_left_to_the_other_and_that_is_said(file: Path) -> None:
    tries: list[bytes] = []

    def work_out(before: bytes) -> bytes:
        tries.append(before)
        file.write_bytes(before + b"theirs\n")
        return before + b"ours\n"

    with pytest.raises(VaultUnavailable, match="changed meanwhile"):
        rework_own(file, work_out)
    assert file.read_bytes() == b"first\n" + len(tries) * b"theirs\n"
    assert len(tries) == 3


def test_what_changes_nothing_writes_nothing_and_a_file_that_is_not_there_is_empty(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "config"
    rework_own(file, lambda before: before)
    assert not file.parent.exists()
    rework_own(file, lambda before: before + b"ours\n")
    assert file.read_bytes() == b"ours\n"
