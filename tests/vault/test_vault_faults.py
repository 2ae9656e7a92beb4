"""Disks that are full, read-only or broken, at every call of everything that writes below the state folder."""

from __future__ import annotations

import errno
from pathlib import Path

import fire
import pytest
from fire_operations import OPERATIONS, Operation, Scene
from vault_tools import SENTINEL

from xswitch.errors import RecordDamaged, VaultUnavailable

pytestmark = pytest.mark.usefixtures("unsynced")
EVERY_CALL = frozenset(fire.SEAMS)
FAULTS = [
    pytest.param(errno.ENOSPC, fire.FULL, False, "the disk is full", id="full"),
    pytest.param(errno.EROFS, EVERY_CALL, False, "read-only", id="read-only"),
    pytest.param(errno.EIO, EVERY_CALL, True, "the disk failed", id="failing-once"),
]


def failure(operation: Operation, home: Path) -> Exception | None:
    """Do it; return what it raised."""
    try:
        operation.work(home)
    except (VaultUnavailable, OSError) as error:
        return error
    return None


@pytest.mark.parametrize(("code", "calls", "once", "words"), FAULTS)
@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_fault_at_any_call_keeps_the_old_or_the_new_and_says_why(
    operation: Operation, tmp_path: Path, code: int, calls: frozenset[str], once: bool, words: str
) -> None:
    scene = Scene(operation, tmp_path)
    failed = 0
    for point in range(200):
        home = scene.reset()
        with fire.failing(point, code, calls, once=once) as faults:
            error = failure(operation, home)
            found = operation.look(home)
        if not faults.failed:
            break
        failed += 1
        assert found in (scene.before, scene.after), f"call {point} of {operation}"
        assert error is not None or operation.quiet or found == scene.after, f"call {point} of {operation}"
        if isinstance(error, VaultUnavailable):
            assert words in error.message and error.hint and error.exit_status == 6
            assert not isinstance(error, RecordDamaged)
            assert SENTINEL.decode() not in f"{error.message}{error.hint}{error!r}"
        if "unlink" not in calls:
            assert set(fire.leftovers(home)) <= set(fire.leftovers(scene.template)), f"call {point} of {operation}"
        scene.recover(f"call {point}")
    else:
        raise AssertionError("the fault was always hit")
    assert failed
