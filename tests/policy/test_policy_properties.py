"""What holds of every decision: Deny wins, nothing is allowed without an Allow, and nothing raises."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from generated_cases import generate
from golden_cases import caller_of, request_of, role_of
from hypothesis import given, settings
from hypothesis import strategies as st
from policies import ADA, OPS_SESSION, ROLE, WORK, allow, deny, document, trusting

from xswitch.policy import Caller, Request, Role, assume_role, authorize, parsed, problems
from xswitch.policy.validation import malformed

MANY = settings(max_examples=200, deadline=None)
SEEDS = st.integers(min_value=0, max_value=10**9)
KINDS = ("identity", "trust", "scp", "rcp", "session")
DENY_ALL = document(deny("*"))

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
WORDS = st.sampled_from(
    ["Allow", "Deny", "*", "sts:AssumeRole", "arn:aws:iam::444455556666:role/Deploy", "2012-10-17", "${aws:username}"]
)
VALUES = WORDS | JSON | st.lists(WORDS, max_size=2)
CONDITIONS = st.dictionaries(
    st.sampled_from(["StringLike", "Bool", "Null", "NumericLessThan", "ForAllValues:ArnLike", "DateEqualsIfExists"]),
    st.dictionaries(st.sampled_from(["aws:PrincipalArn", "sts:ExternalId", "x"]), VALUES, max_size=2) | JSON,
    max_size=2,
)
ELEMENTS = ["Effect", "Action", "NotAction", "Resource", "Principal", "NotPrincipal", "Sid", "Id"]
STATEMENTS = st.dictionaries(st.sampled_from(ELEMENTS), VALUES, max_size=6).flatmap(
    lambda held: st.just(held) | CONDITIONS.map(lambda conditions: {**held, "Condition": conditions})
)
DOCUMENTS = JSON | st.fixed_dictionaries(
    {"Statement": STATEMENTS | st.lists(STATEMENTS | JSON, max_size=3)}, optional={"Version": WORDS | JSON}
)


def drawn(seed: int) -> tuple[Caller, Role, Request]:
    case = generate(seed)
    return caller_of(case), role_of(case), request_of(case)


def with_policy(caller: Caller, where: str, more: dict[str, Any]) -> Caller:
    if where == "identity":
        return replace(caller, identity_policies=(*caller.identity_policies, more))
    if where == "boundary":
        held = caller.boundary["Statement"] if caller.boundary else [allow("*")]
        held = held if isinstance(held, list) else [held]
        return replace(caller, boundary=document(*held, *more["Statement"]))
    if where == "session":
        return replace(caller, session_policies=(*caller.session_policies, more))
    return replace(caller, scps=((document(allow("*")), more),))


@MANY
@given(SEEDS, st.sampled_from(["identity", "boundary", "session", "scp"]))
def test_an_explicit_deny_of_the_caller_always_denies(seed: int, where: str) -> None:
    caller, role, request = drawn(seed)
    assert assume_role(with_policy(caller, where, DENY_ALL), role, request).effect == "deny"


@MANY
@given(SEEDS, st.sampled_from(["trust", "rcp"]))
def test_an_explicit_deny_of_the_role_always_denies(seed: int, where: str) -> None:
    caller, role, request = drawn(seed)
    if where == "rcp":
        barred = replace(role, rcps=((document({**deny("*"), "Principal": "*"}),),))
    else:
        held = list((role.trust or {})["Statement"])
        barred = replace(role, trust=document(*held, trusting("*", effect="Deny")))
    assert assume_role(caller, barred, request).effect == "deny"


@MANY
@given(SEEDS, SEEDS)
def test_another_deny_never_turns_a_denial_into_an_allow(seed: int, other: int) -> None:
    caller, role, request = drawn(seed)
    before = assume_role(caller, role, request)
    statement = _denying(generate(other)["identity_policies"])
    after = assume_role(with_policy(caller, "identity", document(statement)), role, request)
    assert not (after.allowed and not before.allowed)


def _denying(policies: list[dict[str, Any]]) -> dict[str, Any]:
    held = policies[0]["Statement"] if policies else deny("s3:*")
    return {**deepcopy(held[0] if isinstance(held, list) else held), "Effect": "Deny"}


@MANY
@given(SEEDS, SEEDS, st.sampled_from(["identity", "trust"]))
def test_another_allow_never_turns_an_allow_into_a_denial(seed: int, other: int, where: str) -> None:
    caller, role, request = drawn(seed)
    before = assume_role(caller, role, request)
    more = generate(other)
    if where == "identity":
        held = [{**one, "Effect": "Allow"} for document_ in more["identity_policies"] for one in _statements(document_)]
        caller = replace(caller, identity_policies=(*caller.identity_policies, document(*held)))
    else:
        held = [{**one, "Effect": "Allow"} for one in _statements(more["role"]["trust"])]
        role = replace(role, trust=document(*_statements(role.trust), *held))
    after = assume_role(caller, role, request)
    assert after.allowed or not before.allowed


def _statements(held: Any) -> list[dict[str, Any]]:
    statements = held["Statement"]
    return list(statements) if isinstance(statements, list) else [statements]


@MANY
@given(SEEDS, st.randoms(use_true_random=False))
def test_the_order_of_statements_and_documents_decides_nothing(seed: int, random: Any) -> None:
    case = generate(seed)
    before = assume_role(caller_of(case), role_of(case), request_of(case))
    random.shuffle(case["identity_policies"])
    for held in (*case["identity_policies"], case["role"]["trust"]):
        statements = _statements(held)
        random.shuffle(statements)
        held["Statement"] = statements
    after = assume_role(caller_of(case), role_of(case), request_of(case))
    assert (after.effect, after.code, after.side) == (before.effect, before.code, before.side)
    assert {after.cause, *after.also} == {before.cause, *before.also}


@MANY
@given(SEEDS, st.data())
def test_without_an_allow_less_is_allowed_never_more(seed: int, data: st.DataObject) -> None:
    case = generate(seed)
    before = assume_role(caller_of(case), role_of(case), request_of(case))
    documents = [*case["identity_policies"], case["role"]["trust"]]
    places = [
        (held, index)
        for held in (one["Statement"] for one in documents)
        if isinstance(held, list)
        for index, statement in enumerate(held)
        if statement["Effect"] == "Allow"
    ]
    if places:
        held, index = data.draw(st.sampled_from(places))
        del held[index]
        after = assume_role(caller_of(case), role_of(case), request_of(case))
        assert before.allowed or not after.allowed


@MANY
@given(SEEDS, SEEDS)
def test_scps_only_take_away(seed: int, other: int) -> None:
    caller, role, request = drawn(seed)
    level = tuple(generate(other)["identity_policies"])
    bound = replace(caller, scps=((document(allow("*")),), level))
    before, after = assume_role(caller, role, request), assume_role(bound, role, request)
    assert before.allowed or not after.allowed
    exempt = assume_role(replace(bound, org_management=True), role, request)
    assert exempt.effect == assume_role(replace(caller, org_management=True), role, request).effect


@MANY
@given(SEEDS, st.sampled_from(["identity", "trust", "both"]))
def test_no_allow_no_access(seed: int, where: str) -> None:
    caller, role, request = drawn(seed)
    if where != "trust":
        caller = replace(caller, identity_policies=())
        role = replace(role, account="444455556666")
    if where != "identity":
        role = replace(role, trust=document())
    assert assume_role(caller, role, request).effect == "deny"


@MANY
@given(SEEDS)
def test_a_decision_is_the_same_twice_and_tells_its_reason(seed: int) -> None:
    caller, role, request = drawn(seed)
    decision = assume_role(caller, role, request)
    assert decision == assume_role(caller, role, request)
    assert decision.findings
    assert (decision.code is None) == decision.allowed == (decision.message == "")
    assert (decision.side == "none") == decision.allowed
    if not decision.allowed:
        assert [decision.cause, *decision.also] == list(dict.fromkeys(found.cause for found in decision.findings))


@MANY
@given(DOCUMENTS, st.sampled_from(KINDS))
def test_no_json_raises_and_nothing_malformed_allows(held: Any, kind: str) -> None:
    found = problems(held, kind)  # type: ignore[arg-type]
    assert all(isinstance(text, str) and text for text in found)
    caller, role = ADA, ROLE
    if kind == "identity":
        caller = replace(ADA, identity_policies=(held,))
    elif kind == "session":
        caller = replace(OPS_SESSION, session_policies=(held,))
    elif kind == "scp":
        caller = replace(ADA, scps=((held,),))
    elif kind == "trust":
        role = replace(ROLE, trust=held)
    else:
        role = replace(ROLE, rcps=((held,),))
    decision = assume_role(caller, role, WORK)
    if malformed(held, kind) and (kind != "trust" or held is not None):  # type: ignore[arg-type]
        assert (decision.effect, decision.code) == ("error", "MalformedPolicyDocument")
    authorize(caller, "iam:GetRole", role.arn, {"aws:SourceIp": "203.0.113.1"})


@MANY
@given(
    st.text(max_size=30), st.text(max_size=30), st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3)
)
def test_no_request_raises(name: str, other: str, tags: dict[str, str]) -> None:
    request = replace(WORK, session_name=name, external_id=other, source_identity=name, tags=tags, policy=other)
    assert assume_role(ADA, ROLE, request).effect in ("allow", "deny", "error")


@MANY
@given(st.text(max_size=40) | JSON.map(str))
def test_text_that_is_no_policy_is_a_value_error_at_worst(text: str) -> None:
    try:
        parsed(text)
    except ValueError as error:
        assert str(error)


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', "[" * 100_000, "NaN", '{"a": Infinity}', "", "{"])
def test_text_that_json_alone_might_take(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parsed(text)
