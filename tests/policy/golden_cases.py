"""The golden table of AssumeRole decisions: its rows as arguments of the evaluator."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from xswitch.policy import Caller, Decision, Request, Role, assume_role

TABLE = Path(__file__).parent / "golden" / "assume_role.json"


def load() -> list[dict[str, Any]]:
    """Return the cases of the table, or of the file that the environment variable GOLDEN_CASES names."""
    path = Path(os.environ.get("GOLDEN_CASES") or TABLE)
    cases: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cases"]
    return cases


def levels(documents: list[list[Any]]) -> tuple[tuple[Any, ...], ...]:
    return tuple(tuple(level) for level in documents)


def caller_of(case: dict[str, Any]) -> Caller:
    caller = case["caller"]
    return Caller(
        arn=caller["arn"],
        account=caller["account"],
        kind=caller["kind"],
        issued_by=caller.get("issued_by") or "",
        mfa_age=caller["mfa"],
        tags=caller["tags"],
        transitive_tags=caller.get("transitive_tags") or {},
        source_identity=caller["source_identity"],
        org_id=caller["org_id"],
        org_path=caller.get("org_path"),
        org_management=bool(caller.get("org_management")),
        identity_policies=tuple(case["identity_policies"]),
        boundary=case["boundary"],
        session_policies=() if case["session_policy"] is None else (case["session_policy"],),
        scps=levels(case["scps"]),
    )


def role_of(case: dict[str, Any]) -> Role:
    role = case["role"]
    return Role(
        arn=role["arn"],
        account=role["account"],
        trust=role["trust"],
        max_session_duration=role["max_session_duration"] or 3600,
        exists=role.get("exists", True),
        org_management=bool(role.get("org_management")),
        rcps=levels(case["rcps"]),
    )


def request_of(case: dict[str, Any]) -> Request:
    request = case["request"]
    return Request(
        session_name=request["session_name"],
        duration=request["duration"],
        external_id=request["external_id"],
        source_identity=request["source_identity"],
        tags=request["tags"],
        transitive_tag_keys=tuple(request["transitive_tag_keys"]),
        source_ip=request["source_ip"],
        time=datetime.fromisoformat(request["time"]),
        action=request["action"],
    )


def decide(case: dict[str, Any]) -> Decision:
    return assume_role(caller_of(case), role_of(case), request_of(case))


def disagreement(case: dict[str, Any], decision: Decision) -> str:
    """Return in words how a decision differs from its row, empty where they agree."""
    expected = (case["expect"], case["code"], case["side"])
    answered = (decision.effect, decision.code, decision.side)
    causes = {case["cause"], *case.get("also", ())}
    if answered == expected and decision.cause in causes:
        return ""
    return f"{case['id']}: expected {expected} {sorted(causes)}, got {answered} {decision.cause} {decision.also}"
