"""What AWS refuses to save, by the grammar of the policy language and the pages of each kind of policy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from policies import ADA, OPS_SESSION, ROLE, ROOT_OF_HOME, WORK, allow, deny, document, trusting, with_trust

from xswitch.policy import PolicyKind, assume_role, authorize, problems

FULL_RCP = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
DENY_RCP = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"}

GOOD: list[tuple[PolicyKind, Any]] = [
    ("identity", document(allow())),
    ("identity", {"Version": "2012-10-17", "Statement": allow(["*", "iam:Get*"], ["*", "arn:aws:s3:::b/*"], Sid="A1")}),
    ("identity", document(allow("*:*"), version=None)),
    ("identity", document()),
    ("identity", document(allow([], []), version="2008-10-17")),
    ("identity", document(allow(Condition={}))),
    ("identity", document(allow(resource="arn:aws:s3"))),
    ("identity", document(allow(resource="arn:*:iam::*:role/x"))),
    ("trust", document(trusting("*"))),
    ("trust", {**document(trusting(ROOT_OF_HOME, "sts:assumerole")), "Id": "mine"}),
    ("trust", document(trusting({"AWS": ["111122223333", "*"], "Service": "ec2.amazonaws.com"}))),
    ("trust", document(trusting({"Federated": ["accounts.google.com", "arn:aws:iam::111122223333:saml-provider/X"]}))),
    ("trust", document(trusting({"AWS": "arn:aws-us-gov:iam::111122223333:user/a/b+c@d"}))),
    ("trust", document(trusting({"AWS": "arn:aws:sts::111122223333:assumed-role/Ops/ada"}))),
    ("trust", document(trusting({"AWS": "arn:aws:sts::111122223333:federated-user/ada"}))),
    ("trust", document(trusting({"AWS": ["AIDACKCEVSQ6C2EXAMPLE", "AROACKCEVSQ6C2EXAMPLE"]}))),
    ("trust", document(trusting("*", ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity", "sts:A*"]))),
    ("scp", document(allow("*"), deny("sts:*", Condition={"Bool": {"aws:ViaAWSService": "false"}}))),
    ("rcp", document(FULL_RCP)),
    ("rcp", document({**DENY_RCP, "Principal": {"AWS": "*"}, "Sid": "a"})),
    ("session", document(allow("s3:GetObject"))),
]


@pytest.mark.parametrize(("kind", "held"), GOOD)
def test_what_aws_saves(kind: PolicyKind, held: Any) -> None:
    assert problems(held, kind) == ()


BAD: list[tuple[PolicyKind, Any]] = [
    ("identity", None),
    ("identity", []),
    ("identity", "text"),
    ("identity", {}),
    ("identity", {"Version": "2012-10-17"}),
    ("identity", {"Statement": "x"}),
    ("identity", {"statement": [allow()]}),
    ("identity", {**document(allow()), "Extra": 1}),
    ("identity", {**document(allow()), "Id": "x"}),
    ("identity", {**document(allow()), "Version": ["2012-10-17"]}),
    ("identity", document(allow(), version="2012-10-18")),
    ("identity", document("x")),  # type: ignore[arg-type]
    ("identity", document(allow(Principal="*"))),
    ("identity", document(allow(NotPrincipal="*"))),
    ("identity", document({"Action": "s3:*", "Resource": "*"})),
    ("identity", document({**allow(), "Effect": "ALLOW"})),
    ("identity", document({**allow(), "Effect": ["Allow"]})),
    ("identity", document({"Effect": "Allow", "Resource": "*"})),
    ("identity", document({"Effect": "Allow", "Action": "s3:*"})),
    ("identity", document(allow(NotAction="iam:*"))),
    ("identity", document(allow(NotResource="*"))),
    ("identity", document(allow("AssumeRole"))),
    ("identity", document(allow("s*:AssumeRole"))),
    ("identity", document(allow("sts: AssumeRole"))),
    ("identity", document(allow(7))),
    ("identity", document(allow(["sts:*", None]))),
    ("identity", document(allow(resource="role/Deploy"))),
    ("identity", document(allow(resource="arn:aws:i*:::x"))),
    ("identity", document(allow(resource={"x": 1}))),
    ("identity", document(allow(Sid="has space"))),
    ("identity", document(allow(Sid=7))),
    ("identity", document(allow(Sid="A"), deny(Sid="A"))),
    ("identity", document(allow(Other=1))),
    ("identity", document(allow(Condition=[]))),
    ("identity", document(allow(Condition={"StringIs": {"aws:username": "a"}}))),
    ("identity", document(allow(Condition={"NullIfExists": {"aws:username": "true"}}))),
    ("identity", document(allow(Condition={"StringEquals": ["aws:username"]}))),
    ("identity", document(allow(Condition={"StringEquals": {"username": "a"}}))),
    ("identity", document(allow(Condition={"StringEquals": {"aws:username": {"a": 1}}}))),
    ("identity", document(allow(Condition={"StringEquals": {"aws:username": [None]}}))),
    ("identity", document(allow(Condition={"Null": {"aws:username": "maybe"}}))),
    ("identity", document(allow(Condition={"Bool": {"aws:SecureTransport": "yes"}}))),
    ("identity", document(allow(Condition={"NumericEquals": {"aws:EpochTime": "ten"}}))),
    ("identity", document(allow(Condition={"NumericEquals": {"aws:EpochTime": "${aws:username}"}}))),
    ("identity", document(allow(Condition={"DateLessThan": {"aws:CurrentTime": "2026-13-01"}}))),
    ("identity", document(allow(Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/33"}}))),
    ("identity", document(allow(Condition={"BinaryEquals": {"aws:username": "é"}}))),
    ("trust", document(trusting("111122223333"))),
    ("trust", document(trusting({}))),
    ("trust", document(trusting(["*"]))),
    ("trust", document(trusting({"AWS": "12345"}))),
    ("trust", document(trusting({"AWS": "arn:aws:iam::111122223333:group/admins"}))),
    ("trust", document(trusting({"AWS": "arn:aws:iam::111122223333:role/Op?"}))),
    ("trust", document(trusting({"AWS": "arn:aws:iam::*:root"}))),
    ("trust", document(trusting({"AWS": "arn:aws:sts::111122223333:assumed-role/Ops"}))),
    ("trust", document(trusting({"AWS": 111122223333}))),
    ("trust", document(trusting({"CanonicalUser": "79a59df900b949e5"}))),
    ("trust", document(trusting({"Service": "*.amazonaws.com"}))),
    ("trust", document(trusting("*", "*"))),
    ("trust", document(trusting("*", "sts:TagSessions"))),
    ("trust", document(trusting("*", "sts:GetCallerIdentity"))),
    ("trust", document(trusting("*", NotResource="*"))),
    ("trust", document(trusting("*", NotPrincipal={"AWS": "111122223333"}))),
    ("trust", document({"Effect": "Deny", "NotPrincipal": {"AWS": "111122223333"}, "Action": "sts:*"})),
    ("scp", document(allow("*"), version=None)),
    ("scp", document(allow("*", Principal="*"))),
    ("rcp", document({**DENY_RCP, "Principal": {"AWS": "111122223333"}})),
    ("rcp", document({**DENY_RCP, "Action": "*"})),
    ("rcp", document({**FULL_RCP, "Action": "sts:*"})),
    ("rcp", document({**FULL_RCP, "Effect": "Deny", "NotAction": "s3:*"})),
    ("rcp", document(DENY_RCP, version="2008-10-17")),
    ("rcp", document({key: value for key, value in DENY_RCP.items() if key != "Resource"})),
    ("session", document(allow(Principal="*"))),
]


@pytest.mark.parametrize(("kind", "held"), BAD)
def test_what_aws_refuses(kind: PolicyKind, held: Any) -> None:
    found = problems(held, kind)
    assert found
    assert all(found)


@pytest.mark.parametrize(
    ("kind", "held", "text"),
    [
        (
            "trust",
            document(trusting("*", "s3:GetObject")),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        ("trust", document(trusting("*", Resource="*")), "Has prohibited field Resource"),
        ("trust", document({"Effect": "Allow", "Action": "sts:*"}), "Missing required field Principal"),
        (
            "trust",
            document(trusting({"AWS": "arn:aws:iam::111122223333:user/*"})),
            'Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:user/*"',
        ),
        ("identity", document(allow(Principal="*")), "Policy document should not specify a principal."),
        ("identity", document(allow(resource="x")), 'Resource x must be in ARN format or "*".'),
        ("identity", document(allow(Sid="A"), deny(Sid="A")), "Statement IDs (SID) in a single policy must be unique."),
    ],
)
def test_aws_s_own_words(kind: PolicyKind, held: Any, text: str) -> None:
    assert problems(held, kind) == (text,)


def test_every_document_is_asked_and_a_malformed_one_decides_nothing() -> None:
    bad = document({**allow(), "Effect": "allow"})
    placed = [
        (replace(ADA, identity_policies=(document(allow()), bad)), ROLE, "malformed-identity", "caller"),
        (replace(ADA, boundary=bad), ROLE, "malformed-identity", "caller"),
        (replace(OPS_SESSION, session_policies=(bad,)), ROLE, "malformed-session", "caller"),
        (replace(ADA, scps=((document(allow("*")),), (bad,))), ROLE, "malformed-scp", "caller"),
        (ADA, with_trust(ROLE, {**trusting("*"), "Effect": "allow"}), "malformed-trust", "role"),
        (ADA, replace(ROLE, rcps=((bad,),)), "malformed-rcp", "role"),
    ]
    for caller, role, cause, side in placed:
        decision = assume_role(caller, role, WORK)
        answer = (decision.effect, decision.code, decision.cause, decision.side)
        assert answer == ("error", "MalformedPolicyDocument", cause, side)
        if side == "caller":
            assert authorize(caller, "iam:GetRole", role.arn).effect == "error"
