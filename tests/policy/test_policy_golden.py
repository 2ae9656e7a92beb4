"""Every row of the golden table, which was written from AWS's documentation before the evaluator was."""

from __future__ import annotations

from typing import Any

import pytest
from golden_cases import decide, disagreement, load

from xswitch.policy import Decision


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in load()])
def test_the_decision_is_aws_s(case: dict[str, Any]) -> None:
    assert disagreement(case, decide(case)) == ""


def test_how_many_agree(capsys: pytest.CaptureFixture[str]) -> None:
    cases = load()
    wrong = [found for case in cases if (found := disagreement(case, decide(case)))]
    with capsys.disabled():
        print(f"\ngolden table: {len(cases) - len(wrong)} of {len(cases)} decisions agree")
    assert cases and not wrong, "\n".join(wrong)


def test_every_denial_has_aws_s_text_and_a_finding() -> None:
    for case in load():
        decision = decide(case)
        if decision.effect == "deny":
            text = f"User: {case['caller']['arn']} is not authorized to perform: sts:"
            assert decision.message.startswith(text), case["id"]
            assert f"on resource: {case['role']['arn']}" in decision.message, case["id"]
            assert decision.findings[0].cause == decision.cause, case["id"]


def test_a_table_that_is_wrong_is_told_from_one_that_is_right() -> None:
    case = load()[0]
    assert disagreement(case, decide(case)) == ""
    wrong = Decision("deny", "AccessDenied", "", "trust-principal", "role")
    assert "expected" in disagreement(case, wrong)
