"""SIGKILL after every change, and inside every write, of everything that writes below the state folder."""

from __future__ import annotations

from pathlib import Path

import fire
import pytest
from fire_operations import OPERATIONS, Operation, Scene

pytestmark = pytest.mark.usefixtures("unsynced")


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_kill_after_any_change_leaves_the_old_or_the_new(operation: Operation, tmp_path: Path) -> None:
    scene = Scene(operation, tmp_path)
    for point in range(200):
        home = scene.reset()
        if not fire.kill_after(point, lambda home=home: operation.work(home)):
            break
        scene.check(f"change {point}")
    else:
        raise AssertionError("every run was killed")
    assert point >= 1, "the harness sees the changes"


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_kill_inside_a_write_leaves_the_old_or_the_new(operation: Operation, tmp_path: Path) -> None:
    scene = Scene(operation, tmp_path)
    for point in range(50):
        for size in (0, 1, 9):
            home = scene.reset()
            torn = fire.tear(point, size, lambda home=home: operation.work(home))
            if torn:
                scene.check(f"{size} bytes of write {point}")
        if not torn:
            return
    raise AssertionError("every run was killed")
