"""The records' names: held to a vector, another for every change, never two requests with one."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import examples
from session_doubles import ADA, CENTRAL, DEV, HUB, a_target, planned

from xswitch.catalog.model import Identity, VaultRef
from xswitch.session.keys import encoded, record_names
from xswitch.session.model import Hop, Plan

FULL = Hop(
    "assume-role",
    3600,
    target="web-dev/Deploy",
    role_arn="arn:aws:iam::555566667777:role/Deploy",
    account_id="555566667777",
    session_name="ada",
    external_id="ext",
    source_identity="ada",
    tags=(("a", "1"), ("b", "2")),
    transitive_tags=("a", "b"),
    policy="{}",
    policy_arns=("arn:aws:iam::aws:policy/A", "arn:aws:iam::aws:policy/B"),
    mfa_serial="arn:aws:iam::111122223333:mfa/ada",
    environment="dev",
)
PLAN = replace(planned(a_target(DEV, "Deploy")), hops=(FULL,))


def name(plan: Plan, version: str = "v1", endpoint: str = "") -> str:
    return record_names(plan, lambda _: version, endpoint)[-1]


def test_the_name_is_the_hash_that_it_always_was():
    """Worked out by hand from the encoding's rules: `s<length>:text`, `i<number>;`, `l<members>:…`, `n`."""

    def text(value: str) -> bytes:
        return f"s{len(value.encode())}:{value}".encode()

    arns = [text("arn:aws:iam::aws:policy/A"), text("arn:aws:iam::aws:policy/B")]
    call = b"".join(
        [
            b"l11:",
            text("assume-role"),
            b"i3600;",
            text("arn:aws:iam::555566667777:role/Deploy"),
            text("ada"),
            text("ext"),
            text("ada"),
            b"l2:l2:s1:as1:1l2:s1:bs1:2",
            b"l2:s1:as1:b",
            text("{}"),
            b"l2:" + b"".join(arns),
            text("arn:aws:iam::111122223333:mfa/ada"),
        ]
    )
    caller = b"l3:" + text("key") + text(ADA.fingerprint) + text("")
    whole = b"l5:" + text("xswitch session 1") + caller + text("aws") + text("") + call
    assert name(PLAN) == "session-" + hashlib.sha256(whole).hexdigest()
    assert name(PLAN) == "session-a5d4b036265333905b4b53f741f02757c5382e61f7528069111e9a7ffa24abda"


OTHER = {
    "kind": "session-token",
    "duration": 3601,
    "role_arn": "arn:aws:iam::555566667777:role/Deploy2",
    "session_name": "bob",
    "external_id": VaultRef("ext"),
    "source_identity": "",
    "tags": (("a", "1"), ("b", "3")),
    "transitive_tags": ("a",),
    "policy": "",
    "policy_arns": (),
    "mfa_serial": "",
}
SAME = {"target": "renamed/Deploy", "account_id": "", "environment": "prod", "permission_set": "ViewOnly", "most": 900}
PORTAL = Hop("portal", 3600, "web-dev/ViewOnly", "", "555566667777", environment="dev", permission_set="ViewOnly")
OTHER_SET = {"kind": "session-token", "account_id": "444455556666", "permission_set": "Admin", "most": 3600}


@pytest.mark.parametrize("field", [field.name for field in fields(Hop)])
def test_any_part_of_a_call_makes_another_name_and_words_of_this_machine_do_not(field):
    changed = replace(PLAN, hops=(replace(FULL, **{field: (OTHER | SAME)[field]}),))
    assert (name(changed) == name(PLAN)) is (field in SAME)


@pytest.mark.parametrize("field", [field.name for field in fields(Hop)])
def test_a_call_of_the_portal_is_its_account_and_permission_set_however_long_aws_lets_it_last(field):
    before = replace(PLAN, hops=(PORTAL,))
    changed = replace(PLAN, hops=(replace(PORTAL, **{field: OTHER_SET.get(field, (OTHER | SAME)[field])}),))
    assert (name(changed) == name(before)) is (field not in OTHER_SET)


@pytest.mark.parametrize("field", ["start_url", "sso_region", "sso_session"])
def test_a_login_is_where_it_is_made_and_its_name(field):
    corp = Identity("corp", "sso", start_url="https://acme.awsapps.com/start", sso_region="eu-west-1")
    before = replace(PLAN, identity=corp, hops=(PORTAL,))
    assert name(replace(before, identity=replace(corp, **{field: "other"}))) != name(before)
    assert name(replace(before, identity=replace(corp, name="renamed"))) == name(before)
    assert name(replace(before, caller=replace(ADA, user="bob"))) == name(before)
    assert name(replace(before, caller=replace(ADA, fingerprint="0" * 32))) != name(before)
    assert record_names(before, lambda _: "", "", "http://127.0.0.1:1") != record_names(before, lambda _: "")


def test_what_is_around_the_calls_makes_another_name_too():
    outside = replace(PLAN, identity=Identity("central", "profile", profile="p"))
    plans = [
        PLAN,
        replace(PLAN, caller=replace(ADA, fingerprint="0" * 32)),
        outside,
        replace(outside, caller=replace(ADA, arn="arn:aws:sts::1:assumed-role/R/s")),
        replace(outside, identity=Identity("central", "profile", profile="q")),
        program := replace(PLAN, identity=Identity("central", "process", process="p")),
        replace(program, caller=replace(ADA, arn="arn:aws:sts::1:assumed-role/R/s")),
        replace(program, caller=replace(ADA, fingerprint="0" * 32)),
        replace(PLAN, target=replace(PLAN.target, arn="arn:aws-cn:iam::555566667777:role/Deploy")),
        replace(PLAN, hops=(Hop("session-token", 43200), FULL)),
        replace(PLAN, hops=(FULL, FULL)),
    ]
    names = [name(plan) for plan in plans] + [name(PLAN, endpoint="http://127.0.0.1:1")]
    assert len(set(names)) == len(names)


def test_the_region_and_the_reason_are_not_part_of_it():
    assert name(replace(PLAN, region="us-east-1", why="as asked", asked=7200)) == name(PLAN)


def test_an_external_id_of_the_vault_counts_by_its_version():
    plan = replace(PLAN, hops=(replace(FULL, external_id=VaultRef("x")),))
    other = replace(PLAN, hops=(replace(FULL, external_id=VaultRef("x", "shared")),))
    assert len({name(plan, "v1"), name(plan, "v2"), name(other, "v1"), name(PLAN)}) == 4


def test_the_order_of_tags_and_policies_does_not_matter():
    turned = replace(
        FULL,
        tags=FULL.tags[::-1],
        transitive_tags=FULL.transitive_tags[::-1],
        policy_arns=FULL.policy_arns[::-1],
    )
    assert name(replace(PLAN, hops=(turned,))) == name(PLAN)


def test_a_hop_on_the_way_has_the_name_that_it_has_alone():
    hub = a_target(HUB, "Hub")
    chained = planned(a_target(via=hub.name), hub)
    assert record_names(chained, lambda _: "")[0] == name(planned(hub))
    one, two = (planned(a_target(DEV, role, mfa=True)) for role in ("One", "Two"))
    assert record_names(one, lambda _: "")[0] == record_names(two, lambda _: "")[0], "one code serves both"


def test_no_secret_and_no_key_id_is_in_a_name():
    assert CENTRAL.mfa_serial not in name(PLAN)
    assert name(PLAN).startswith("session-")
    assert len(name(PLAN)) == len("session-") + 64


VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4).map(tuple),
    max_leaves=12,
)


@examples(200)
@given(VALUES, VALUES)
def test_two_values_are_written_alike_only_where_they_are_one(one, two):
    assert (encoded(one) == encoded(two)) is (one == two)


@examples(200)
@given(st.lists(st.text(alphabet="ab:1s", max_size=4), min_size=2, max_size=5), st.data())
def test_moving_a_character_over_a_border_makes_another_encoding(parts, data):
    place = data.draw(st.integers(0, len(parts) - 2))
    if not parts[place]:
        return
    moved = parts.copy()
    moved[place], moved[place + 1] = parts[place][:-1], parts[place][-1] + parts[place + 1]
    assert encoded(tuple(moved)) != encoded(tuple(parts))
    merged = [*parts[:place], parts[place] + parts[place + 1], *parts[place + 2 :]]
    assert encoded(tuple(merged)) != encoded(tuple(parts))


def test_what_has_no_place_in_a_request_is_refused():
    with pytest.raises(TypeError):
        encoded(1.5)
