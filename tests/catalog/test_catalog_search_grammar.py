"""How a query is read: operators, fields, quotes, and what is pasted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import examples

from xswitch.catalog.pasted import Place, locate, permission_set
from xswitch.catalog.query import parse

ID = "444455556666"
ANYTHING = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="ab!^$'\":/\\*|%- \t=é", max_size=40),
    st.tuples(st.sampled_from(["arn:", "https://", "http://[", 'ou:"']), st.text(max_size=40)).map("".join),
)


@given(ANYTHING)
@examples(200)
def test_parsing_never_raises(text: str) -> None:
    for term in parse(text).terms:
        assert term.text
        assert locate(term.text) is not None


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("a b", [("a", "", "fuzzy", False), ("b", "", "fuzzy", False)]),
        ("'a' ^b c$ ^d$", [
            ("a", "", "boundary", False), ("b", "", "prefix", False), ("c", "", "suffix", False), ("d", "", "whole", False)]),
        ("!a !^b !c$ !'d", [
            ("a", "", "substring", True), ("b", "", "prefix", True), ("c", "", "suffix", True), ("d", "", "fuzzy", True)]),
        ("a\\ b", [("a b", "", "fuzzy", False)]),
        ('ou:"a b" c', [("a b", "ou", "open", False), ("c", "", "fuzzy", False)]),
        ('ou:"a b', [("a b", "ou", "open", False)]),
        ('tag:k="a b"', [("k=a b", "tag", "open", False)]),
        ('say "x y"', [("say", "", "fuzzy", False), ('"x', "", "fuzzy", False), ('y"', "", "fuzzy", False)]),
        ("Role:^Read", [("Read", "role", "prefix", False)]),
        ("!live:no", [("yes", "live", "whole", False)]),
        ("$ !", [("$", "", "fuzzy", False)]),
        ("a a", [("a", "", "fuzzy", False)]),
        ("a\\", [("a\\", "", "fuzzy", False)]),
    ],
)  # fmt: skip
def test_the_grammar(text: str, terms: list[tuple[str, str, str, bool]]) -> None:
    assert [(term.text, term.field, term.mode, term.negated) for term in parse(text).terms] == terms


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f"arn:aws:iam::{ID}:role/Deploy", Place((ID,), role="Deploy", arn=f"arn:aws:iam::{ID}:role/Deploy")),
        (
            f"arn:aws-us-gov:iam::{ID}:role/a/b/Deploy",
            Place((ID,), role="Deploy", arn=f"arn:aws-us-gov:iam::{ID}:role/a/b/Deploy"),
        ),
        (f"arn:aws:sts::{ID}:assumed-role/Deploy/ada", Place((ID,), role="Deploy")),
        (f"arn:aws:iam::{ID}:user/ada", Place((ID,))),
        (f"arn:aws:kms:eu-west-1:{ID}:key/1", Place((ID,))),
        ("arn:aws:s3:::bucket", Place(begun="arn:aws:s3:::bucket")),
        (f"arn:aws:iam::{ID}:ro", Place(begun=f"arn:aws:iam::{ID}:ro")),
        (f"https://{ID}.signin.aws.amazon.com/console/", Place((ID,))),
        (f"https://{ID}-a1.eu-west-1.console.amazonaws.cn/ec2/home", Place((ID,))),
        (f"https://{ID}-a1.console.aws.amazon.com/iam/home#/roles/details/Deploy", Place((ID,), role="Deploy")),
        ("https://console.aws.amazon.com/iam/home#/roles/Deploy", Place(role="Deploy")),
        (f"https://signin.aws.amazon.com/switchrole?account={ID}&roleName=ci%2FDeploy", Place((ID,), role="ci/Deploy")),
        ("https://signin.aws.amazon.com/switchrole?account=acme&roleName=Ops", Place(alias="acme", role="Ops")),
        (f"https://acme.awsapps.com/start/#/console?account_id={ID}&role_name=Ops", Place((ID,), role="Ops")),
        (f"acme.awsapps.com/start#/console?account_id={ID}&role_name=Ops", Place((ID,), role="Ops")),
        (f"https://x.console.aws.amazon.com/?a=arn%253Aaws%253Asqs%253Ax%253A{ID}%253Aq", Place((ID,))),
        ("https://console.aws.amazon.com/s3/home", Place()),
        ("https://[", Place()),
    ],
)
def test_what_a_pasted_text_names(text: str, place: Place) -> None:
    assert locate(text) == place
    assert place.empty == (place == Place())


def test_the_permission_set_of_a_role_that_identity_center_made() -> None:
    assert permission_set("AWSReservedSSO_Power_User_0123456789abcdef") == "Power_User"
    assert permission_set("AWSReservedSSO_Power_User") == ""
    assert permission_set("Deploy") == ""
