"""Asks ministack's evaluator, in its own virtual environment: a JSON line in, a JSON line out.

The evaluator is put together as ministack's own STS does for AssumeRole: the caller's identity policies within the
boundary and the session policies, then the role's trust policy, then sts:TagSession in the trust policy where tags are
sent. Time and context keys that a server would find out for itself are handed in.
"""

from __future__ import annotations

import datetime
import json
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from ministack.core import iam_evaluator as evaluator


def at(moment: datetime.datetime) -> SimpleNamespace:
    """Return a stand-in for the datetime module whose clock stands at a moment."""

    class Standing(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:  # type: ignore[override]
            return moment.astimezone(tz)

    return SimpleNamespace(datetime=Standing, timezone=datetime.timezone)


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    evaluator._dt = at(datetime.datetime.fromisoformat(asked["time"]))
    context = evaluator.EvalContext(
        principal_arn=asked["arn"],
        principal_type=asked["type"],
        principal_account=asked["account"],
        action="sts:AssumeRole",
        resource_arn=asked["role"],
        region="eu-west-1",
        source_ip=asked["source_ip"],
        request_tags=asked["tags"],
        tag_keys=list(asked["tags"]),
        service_context=asked["context"],
    )
    layers = [[evaluator.parse_policy_document(document) for document in layer] for layer in asked["layers"]]
    identity = evaluator.evaluate(context, layers[0], *layers[1:]).decision
    trust = evaluator.evaluate_trust_policy(asked["trust"], asked["arn"], context)
    tagging = replace(context, action="sts:TagSession")
    tags = not asked["tags"] or evaluator.evaluate_trust_policy(asked["trust"], asked["arn"], tagging)
    allowed = identity == "Allow" and trust and tags
    return {"effect": "allow" if allowed else "deny", "identity": identity, "trust": trust, "tags": tags}


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
