"""Words that the tests of STS share."""

from __future__ import annotations

from typing import Any

import pytest
from small_aws import AWAY, HOME, NOON, Keys, Refused, World

ADA = f"arn:aws:iam::{HOME}:user/ada"
ROLE = f"arn:aws:iam::{AWAY}:role/Deploy"
NAME_PATTERN = r"[\w+=,.@-]*"
EXTERNAL_PATTERN = r"[\w+=,.@:\/-]*"
SERIAL_PATTERN = r"[\w+=/:,.@-]*"


def refused(world: World, keys: Keys, action: str = "AssumeRole", **params: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        world.call(keys, "sts", action, **params)
    return caught.value


def refused_role(world: World, keys: Keys, **params: Any) -> Refused:
    return refused(world, keys, **{"RoleArn": ROLE, "RoleSessionName": "work", **params})


def one_error(value: str, where: str, constraint: str) -> str:
    return f"1 validation error detected: Value '{value}' at '{where}' failed to satisfy constraint: Member must {constraint}"


def seconds(answer: dict[str, Any]) -> float:
    return float(answer["Credentials"]["Expiration"].timestamp() - NOON)


def tags(count: int) -> list[dict[str, str]]:
    return [{"Key": f"k{number}", "Value": "v"} for number in range(count)]
