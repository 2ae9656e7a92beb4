"""The golden table of AssumeRole decisions, through users, roles, sessions and policies of the sandbox, over HTTP."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from golden_world import IMPOSSIBLE, ask

TABLE = Path(__file__).parent.parent / "policy" / "golden" / "assume_role.json"


def load() -> list[dict[str, Any]]:
    path = Path(os.environ.get("GOLDEN_CASES") or TABLE)
    cases: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cases"]
    return cases


CASES = load()
BUILT = [case for case in CASES if case["id"] not in IMPOSSIBLE]


@pytest.mark.parametrize("case", BUILT, ids=[case["id"] for case in BUILT])
def test_the_sandbox_answers_as_aws_does(case: dict[str, Any]) -> None:
    effect, code, message = ask(case)
    assert (effect, code) == (case["expect"], case["code"]), message


def test_nearly_every_row_can_be_built(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\ngolden: {len(BUILT)} of {len(CASES)} rows are asked over HTTP")
    if "GOLDEN_CASES" not in os.environ:
        assert (len(BUILT), len(CASES)) == (290, 292)
