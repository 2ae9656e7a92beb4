"""Seeded AssumeRole cases: policies and requests that are near enough to each other to be allowed often.

A case is a dictionary in the shape of a golden row. One case in five holds a form that evaluators are known to differ
on, one such form only, so that a disagreement has one reason.
"""

from __future__ import annotations

from random import Random
from typing import Any

HOME, AWAY, THIRD = "111122223333", "444455556666", "777788889999"
USER = f"arn:aws:iam::{HOME}:user/ada"
ROLE = f"arn:aws:iam::{HOME}:role/Ops"
SESSION = f"arn:aws:sts::{HOME}:assumed-role/Ops/ada"
TIME = "2026-03-01T12:00:00Z"
CONTESTED = ("variable", "principal-arn", "principal-case", "role-path", "arn-colons", "short-arn", "tag-keys-null")

_ALWAYS = {"Version": "2012-10-17"}
_OTHERS = (f"arn:aws:iam::{HOME}:user/bob", f"arn:aws:iam::{HOME}:role/Audit", f"arn:aws:iam::{THIRD}:root", THIRD)
_STRING = ("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase")
_LIKE = ("StringLike", "StringNotLike")
_ORDER = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")


def generate(seed: int) -> dict[str, Any]:
    """Return the case of a seed."""
    random = Random(seed)
    contested = random.choice(CONTESTED) if random.random() < 0.2 else ""
    caller = _caller(random, contested)
    account = HOME if random.random() < 0.3 else AWAY
    role = f"arn:aws:iam::{account}:role/Deploy"
    request = _request(random, contested)
    world = {"caller": caller, "role": {"arn": role, "account": account}, "request": request, "contested": contested}
    facts = _facts(caller, request)
    limits = [_document(random, world, facts, 0.95) if random.random() < 0.15 else None for _ in range(2)]
    return {
        "id": f"seed-{seed}",
        "caller": caller,
        "identity_policies": [
            _document(random, world, facts, 0.85) for _ in range(random.choice((0, 1, 1, 1, 1, 2, 3)))
        ],
        "boundary": limits[0],
        "session_policy": limits[1] if caller["kind"] == "role-session" else None,
        "scps": [],
        "rcps": [],
        "role": {"arn": role, "account": account, "trust": _trust(random, world, facts), "max_session_duration": 3600},
        "request": request,
        "contested": contested,
    }


def _caller(random: Random, contested: str) -> dict[str, Any]:
    kind = random.choice(("user", "session-token", "role-session"))
    if contested in ("role-path", "principal-arn", "arn-colons"):
        kind = "role-session"
    if contested == "variable":
        kind = "user"
    path = "app/" if contested == "role-path" else ""
    behind = ROLE.replace("role/", f"role/{path}") if kind == "role-session" else USER
    in_organization = random.random() < 0.7
    return {
        "arn": SESSION if kind == "role-session" else USER,
        "kind": kind,
        "account": HOME,
        "issued_by": "" if kind == "user" else behind,
        "mfa": random.choice((None, None, 0)) if kind == "user" else random.choice((None, 60, 7200)),
        "tags": random.choice(({}, {"team": "blue"}, {"Team": "red"})),
        "source_identity": "ada" if kind == "role-session" and random.random() < 0.2 else None,
        "org_id": "o-a1b2c3d4e5" if in_organization else None,
        "org_path": "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/" if in_organization else None,
    }


def _request(random: Random, contested: str) -> dict[str, Any]:
    tags = random.choice(({}, {}, {}, {"team": "blue"}, {"team": "red", "cost": "7"}))
    return {
        "action": "sts:AssumeRole",
        "duration": None,
        "external_id": random.choice((None, "cust-42", "CUST-42", "other")),
        "source_identity": None,
        "session_name": "ada" if contested == "variable" else random.choice(("ada", "work", "release-7")),
        "tags": tags,
        "transitive_tag_keys": [key for key in tags if random.random() < 0.4],
        "source_ip": random.choice(("203.0.113.10", "198.51.100.7", "2001:db8::1", None)),
        "time": TIME,
    }


def _facts(caller: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """Return the keys that conditions are made of, with the value that the request has, None where it lacks it."""
    tags = {key.lower(): value for key, value in caller["tags"].items()}
    return {
        "sts:ExternalId": request["external_id"],
        "sts:RoleSessionName": request["session_name"],
        "aws:PrincipalAccount": HOME,
        "aws:PrincipalType": "AssumedRole" if caller["kind"] == "role-session" else "User",
        "aws:PrincipalOrgID": caller["org_id"],
        "aws:SourceIdentity": caller["source_identity"],
        "aws:PrincipalTag/team": tags.get("team"),
        "aws:RequestTag/team": request["tags"].get("team"),
        "aws:username": None if caller["kind"] == "role-session" else "ada",
    }


def _document(random: Random, world: dict[str, Any], facts: dict[str, Any], friendly: float) -> dict[str, Any]:
    statements = [_identity_statement(random, world, facts, random.random() < friendly)]
    while random.random() < 0.25:
        statements.append(_identity_statement(random, world, facts, False))
    return {**_ALWAYS, "Statement": statements if len(statements) > 1 or random.random() < 0.8 else statements[0]}


def _identity_statement(random: Random, world: dict[str, Any], facts: dict[str, Any], friendly: bool) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Allow" if friendly or random.random() < 0.7 else "Deny"}
    statement |= _actions(random, friendly)
    role = world["role"]["arn"]
    account = world["role"]["account"]
    if friendly or random.random() < 0.5:
        resources = ["*", role, f"arn:aws:iam::{account}:role/*", "arn:aws:iam::*:role/Dep*", role[:-1] + "?"]
    else:
        resources = [f"{role}s", role.lower(), f"arn:aws:iam::{THIRD}:role/*", f"arn:aws:iam::{account}:user/*"]
    name = "Resource" if friendly or random.random() < 0.85 else "NotResource"
    statement[name] = _some(random, resources)
    if world["contested"] == "short-arn" and random.random() < 0.5:
        statement[name] = random.choice((f"arn:aws:iam:*:{role.rpartition(':')[2]}", "arn:aws:iam::*", "arn:aws:iam"))
    if world["contested"] == "variable" and random.random() < 0.5:
        text = random.choice(("De${aws:username}", "${aws:PrincipalTag/team, 'Dep'}loy", "Deploy${sts:none}", "D${*}"))
        statement[name] = f"arn:aws:iam::{account}:role/{text}"
    return _with_condition(random, statement, world, facts, 0.2 if friendly else 0.4)


def _actions(random: Random, friendly: bool) -> dict[str, Any]:
    if friendly:
        return {
            "Action": random.choice(
                ("sts:AssumeRole", "sts:*", "*", "STS:assume*", ["sts:AssumeRole", "sts:TagSession"])
            )
        }
    if random.random() < 0.3:
        return {"NotAction": random.choice(("iam:*", ["iam:*", "sts:*"], "sts:TagSession"))}
    return {"Action": random.choice(("sts:TagSession", "sts:Assume", "sts:AssumeRol?", "s3:*", "sts:AssumeRoleWith*"))}


def _trust(random: Random, world: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    statements = [_trust_statement(random, world, facts, random.random() < 0.9)]
    while random.random() < 0.35:
        statements.append(_trust_statement(random, world, facts, False))
    random.shuffle(statements)
    return {**_ALWAYS, "Statement": statements}


def _trust_statement(random: Random, world: dict[str, Any], facts: dict[str, Any], friendly: bool) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Allow" if friendly or random.random() < 0.6 else "Deny"}
    caller = world["caller"]
    own = [f"arn:aws:iam::{HOME}:root", HOME, "*", caller["issued_by"] or USER, caller["arn"]]
    named = _some(random, own if friendly or random.random() < 0.4 else _OTHERS)
    if world["contested"] == "principal-case" and random.random() < 0.7:
        named = random.choice((f"arn:aws:iam::{HOME}:user/Ada", f"arn:aws:iam::{HOME}:role/ops"))
    if world["contested"] == "role-path" and random.random() < 0.7:
        named = ROLE
    statement["Principal"] = named if named == "*" and random.random() < 0.5 else {"AWS": named}
    if isinstance(statement["Principal"], dict) and random.random() < 0.1:
        statement["Principal"]["Service"] = "ec2.amazonaws.com"
    both = ["sts:AssumeRole", "sts:TagSession"]
    statement["Action"] = (
        random.choice((both, both, "sts:*", "sts:Assume*", "STS:AssumeRole"))
        if friendly
        else (random.choice((both, "sts:AssumeRole", "sts:TagSession", "sts:AssumeRoleWithSAML")))
    )
    return _with_condition(random, statement, world, facts, 0.5)


def _some(random: Random, values: Any) -> Any:
    count = random.choice((1, 1, 2))
    found = random.sample(list(values), count)
    return found[0] if count == 1 and random.random() < 0.7 else found


def _with_condition(
    random: Random, statement: dict[str, Any], world: dict[str, Any], facts: dict[str, Any], chance: float
) -> dict[str, Any]:
    blocks: dict[str, dict[str, Any]] = {}
    while random.random() < chance:
        operator, key, values = _condition(random, world, facts)
        blocks.setdefault(operator, {})[key] = values
    return statement | {"Condition": blocks} if blocks else statement


def _condition(random: Random, world: dict[str, Any], facts: dict[str, Any]) -> tuple[str, str, Any]:
    contested = _contested_condition(random, world)
    if contested and random.random() < 0.7:
        return contested
    kind = random.choice(("string", "string", "like", "mfa", "age", "time", "epoch", "ip", "set", "null"))
    if kind in ("string", "like"):
        operator, key, values = _text_condition(random, facts, kind)
    elif kind == "set":
        return _set_condition(random, world)
    elif kind == "null":
        return (
            "Null",
            random.choice([*facts, "aws:SourceIp", "aws:MultiFactorAuthAge"]),
            random.choice(("true", "false")),
        )
    else:
        operator, key, values = _typed_condition(random, kind)
    return operator + ("IfExists" if random.random() < 0.2 else ""), key, values


def _text_condition(random: Random, facts: dict[str, Any], kind: str) -> tuple[str, str, Any]:
    key = random.choice(list(facts))
    value = facts[key] or "none"
    near = [value, value.upper(), value[:-1], "other", "cust-42", "blue"]
    if kind == "like":
        near = [value, f"{value[:2]}*", f"*{value[2:]}", value[:-1] + "?", f"?{value[:-1]}", "*", "x*y"]
    operator = random.choice(_STRING if kind == "string" else _LIKE)
    shown = key.upper() if random.random() < 0.1 else key
    return operator, shown, _some(random, [*near, value])


def _typed_condition(random: Random, kind: str) -> tuple[str, str, Any]:
    order = random.choice(_ORDER)
    if kind == "mfa":
        return "Bool", "aws:MultiFactorAuthPresent", random.choice(("true", "false", True, "TRUE"))
    if kind == "age":
        return f"Numeric{order}", "aws:MultiFactorAuthAge", random.choice(("3600", 60, "60.0", ["0", "7200"], 1e2))
    if kind == "time":
        dates = [TIME, "2026-12-31", "2026-02-28T23:59:59Z", "2026-03-01T14:00:00+02:00", "1772366400"]
        return f"Date{order}", "aws:CurrentTime", _some(random, dates)
    if kind == "epoch":
        return f"Date{order}", "aws:EpochTime", _some(random, ["1772366400", "2026-03-01T12:00:00Z", "1800000000"])
    ranges = ["203.0.113.0/24", "198.51.100.7", "2001:db8::/32", "0.0.0.0/0", "203.0.113.10/32", "::/0"]
    return random.choice(("IpAddress", "NotIpAddress")), "aws:SourceIp", _some(random, ranges)


def _set_condition(random: Random, world: dict[str, Any]) -> tuple[str, str, Any]:
    key = random.choice(("aws:TagKeys", "sts:TransitiveTagKeys", "aws:PrincipalOrgPaths"))
    quantifier = random.choice(("ForAllValues:", "ForAnyValue:"))
    values = ["team", "cost", "te*", "*", "owner"]
    if key == "aws:PrincipalOrgPaths":
        values = ["o-a1b2c3d4e5/*", "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/", "o-zzzzzzzzzz/*"]
    operator = random.choice((*_STRING, *_LIKE))
    suffix = "IfExists" if key != "aws:TagKeys" and random.random() < 0.15 else ""
    return quantifier + operator + suffix, key, _some(random, values)


def _contested_condition(random: Random, world: dict[str, Any]) -> tuple[str, str, Any] | None:
    contested = world["contested"]
    if contested == "variable":
        values = ["${aws:username}", "${AWS:UserName}", "a?${?}", "${aws:none, 'ada'}", "${aws:none}", "${*}"]
        return random.choice((*_STRING, *_LIKE)), "sts:RoleSessionName", _some(random, values)
    if contested == "principal-arn":
        values = [ROLE, SESSION, f"arn:aws:iam::{HOME}:role/*", f"arn:aws:sts::{HOME}:assumed-role/Ops/*"]
        return random.choice(("ArnLike", "ArnEquals", "ArnNotLike", *_LIKE)), "aws:PrincipalArn", _some(random, values)
    if contested == "arn-colons":
        values = ["arn:aws:*:role/Ops", "arn:aws:*", "arn:aws:sts:*", "*", "arn:aws:iam::*:role/*"]
        return random.choice(("ArnLike", "ArnNotEquals")), "aws:PrincipalArn", _some(random, values)
    if contested == "tag-keys-null":
        return random.choice(
            (
                ("Null", "aws:TagKeys", random.choice(("true", "false"))),
                ("ForAnyValue:StringEqualsIfExists", "aws:TagKeys", "team"),
            )
        )
    return None
