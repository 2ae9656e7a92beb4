"""Targets of policy documents: what AWS would decide, whatever JSON they are."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args

from fuzz_catalog import text_of

from xswitch.policy import Caller, PolicyKind, Request, Role, assume_role, authorize, parsed, problems
from xswitch.policy.validation import malformed
from xswitch.policy.variables import expanded, literal
from xswitch.policy.wildcard import matches_text

HOME, AWAY = "111122223333", "444455556666"
USER = f"arn:aws:iam::{HOME}:user/ada"
OPEN = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
DENY = {"Effect": "Deny", "Action": "*", "Resource": "*"}
TRUST: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{HOME}:root"}, "Action": "sts:*"}],
}
ADA = Caller(arn=USER, account=HOME, kind="user", identity_policies=(OPEN,), tags={"team": "blue"})
OPS = replace(
    ADA, arn=f"arn:aws:sts::{HOME}:assumed-role/Ops/ada", kind="role-session", issued_by=f"{USER[:-8]}role/Ops"
)
ROLE = Role(arn=f"arn:aws:iam::{AWAY}:role/Deploy", account=AWAY, trust=TRUST)
WORK = Request(
    session_name="work", external_id="cust-42", time=datetime(2026, 3, 1, 12, tzinfo=UTC), source_ip="203.0.113.10",
    tags={"team": "blue"},
)  # fmt: skip
KINDS: dict[bytes, PolicyKind] = {kind[:1].encode(): kind for kind in get_args(PolicyKind)}
KINDS[b"c"] = "scp"
KINDS[b"s"] = "session"


def placed(kind: PolicyKind, *documents: Any) -> tuple[Caller, Role]:
    """A caller and a role that documents of a kind bind."""
    if kind == "identity":
        return replace(ADA, identity_policies=documents), ROLE
    if kind == "session":
        return replace(OPS, session_policies=documents), ROLE
    if kind == "scp":
        return replace(ADA, scps=((OPEN,), documents)), ROLE
    if kind == "rcp":
        return ADA, replace(ROLE, rcps=(documents,))
    return ADA, replace(ROLE, trust=documents[0])


def policy(data: bytes) -> None:
    """Nothing raises and nothing malformed allows; order counts for nothing, and Deny takes away alone.

    The first byte chooses the kind of the document, the rest is its JSON.
    """
    kind = KINDS.get(data[:1], "identity")
    try:
        held = parsed(text_of(data[1:]))
    except ValueError as error:
        assert str(error)
        return
    assert all(isinstance(text, str) and text for text in problems(held, kind))
    caller, role = placed(kind, held)
    decision = assume_role(caller, role, WORK)
    authorize(caller, "iam:GetRole", role.arn, {"aws:SourceIp": "203.0.113.1"})
    if malformed(held, kind):
        assert decision.effect == "error" or (kind == "trust" and held is None)
        return
    assert decision.effect in ("allow", "deny")
    assert (decision.code is None) == decision.allowed == (decision.message == "")
    items = held["Statement"] if isinstance(held["Statement"], list) else [held["Statement"]]
    turned = {**held, "Statement": items[::-1]}
    assert assume_role(*placed(kind, turned), WORK).effect == decision.effect
    denial = {**DENY, "Principal": "*"} if kind in ("trust", "rcp") else DENY
    if kind == "trust":
        denial = {key: value for key, value in denial.items() if key != "Resource"} | {"Action": "sts:*"}
    barred = {**held, "Statement": [*items, denial]}
    assert assume_role(*placed(kind, barred), WORK).effect == "deny"
    for place in range(min(len(items), 6)):
        fewer = {**held, "Statement": items[:place] + items[place + 1 :]}
        after = assume_role(*placed(kind, fewer), WORK)
        if items[place]["Effect"] == "Allow":
            assert decision.allowed or not after.allowed, "without an Allow, less is allowed"
        else:
            assert after.allowed or not decision.allowed, "without a Deny, more is allowed"


def wildcard(data: bytes) -> None:
    """A pattern matches as a regular expression of it does; a variable's value is literal whatever it holds."""
    pattern, _, value = text_of(data).partition("\n")
    pattern, value = pattern[:60], value[:60]
    if pattern.count("*") <= 6:
        meant = {"*": ".*", "?": "."}
        oracle = re.fullmatch("".join(meant.get(sign) or re.escape(sign) for sign in pattern), value, re.DOTALL)
        assert matches_text(pattern, value) is (oracle is not None)
    context = {"aws:username": (value,), "aws:principaltag/team": ("a", "b")}
    put_in = expanded("${aws:username}", context, variables=True)
    assert put_in is not None
    assert literal(put_in) == value
    assert expanded("${aws:PrincipalTag/team}", context, variables=True) is None
    for variables in (False, True):
        found = expanded(pattern, context, variables=variables)
        assert found is None or isinstance(literal(found), str)
