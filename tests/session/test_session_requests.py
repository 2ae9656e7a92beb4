"""Whatever is changed in a request is another session: any change of any plan, with the names of all its calls."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from properties import examples
from session_doubles import ADA, DEV, a_target, planned

from xswitch.catalog.model import Identity, VaultRef
from xswitch.session.keys import record_names
from xswitch.session.model import Hop, Plan

WORDS = st.text(alphabet="abAB12=,.@-/: \n", max_size=6)
PAIRS = st.lists(st.tuples(WORDS, WORDS), max_size=4, unique=True).map(tuple)
SETS = st.lists(WORDS, max_size=4, unique=True).map(tuple)
EXTERNAL = st.none() | WORDS | st.builds(VaultRef, WORDS, WORDS)
HOPS = st.builds(
    Hop,
    st.sampled_from(["session-token", "assume-role"]),
    st.integers(900, 43200),
    role_arn=WORDS,
    session_name=WORDS,
    external_id=EXTERNAL,
    source_identity=WORDS,
    tags=PAIRS,
    transitive_tags=SETS,
    policy=WORDS,
    policy_arns=SETS,
    mfa_serial=WORDS,
)
OF_A_CALL = {
    "kind": st.sampled_from(["session-token", "assume-role"]),
    "duration": st.integers(900, 43200),
    "role_arn": WORDS,
    "session_name": WORDS,
    "external_id": EXTERNAL,
    "source_identity": WORDS,
    "tags": PAIRS,
    "transitive_tags": SETS,
    "policy": WORDS,
    "policy_arns": SETS,
    "mfa_serial": WORDS,
}
UNORDERED = ("tags", "transitive_tags", "policy_arns")


def names(plan: Plan, versions: str = "v1", endpoint: str = "") -> tuple[str, ...]:
    return record_names(plan, lambda ref: f"{versions} of {ref.name}", endpoint)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """A plan of one to three calls, of anybody, for anything."""
    hops = tuple(draw(st.lists(HOPS, min_size=1, max_size=3)))
    caller = replace(ADA, fingerprint=draw(st.sampled_from(["f1", "f2"])), arn=draw(WORDS))
    return replace(planned(a_target(DEV, "Deploy")), hops=hops, caller=caller)


def same(one: object, other: object) -> bool:
    """Tell whether two values of a call are one to AWS: sets have no order."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return sorted(one) == sorted(other)
    return one == other


@examples(300)
@given(plans(), st.data())
def test_any_change_of_any_call_makes_other_names_from_there_on(plan: Plan, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(plan.hops) - 1))
    field = data.draw(st.sampled_from(sorted(OF_A_CALL)))
    value = data.draw(OF_A_CALL[field])
    hops = list(plan.hops)
    was = getattr(hops[place], field)
    hops[place] = replace(hops[place], **{field: value})
    before, after = names(plan), names(replace(plan, hops=tuple(hops)))
    assert before[:place] == after[:place], "what comes before is shared still"
    for old, new in zip(before[place:], after[place:], strict=True):
        assert (old == new) is same(was, value)


@examples(200)
@given(plans(), st.data())
def test_the_order_of_what_has_none_is_no_change(plan: Plan, data: st.DataObject) -> None:
    hops = tuple(
        replace(hop, **{field: tuple(data.draw(st.permutations(getattr(hop, field)))) for field in UNORDERED})
        for hop in plan.hops
    )
    assert names(replace(plan, hops=hops)) == names(plan)


@examples(200)
@given(plans(), st.data())
def test_another_caller_partition_endpoint_or_value_in_the_vault_is_another_session(
    plan: Plan, data: st.DataObject
) -> None:
    known = names(plan)
    other_key = replace(plan, caller=replace(plan.caller, fingerprint=plan.caller.fingerprint + "0"))
    profile = replace(plan, identity=Identity("central", "profile", profile=data.draw(WORDS)))
    partition = replace(plan, target=replace(plan.target, arn="arn:aws-cn:iam::555566667777:role/Deploy"))
    endpoint = names(plan, endpoint=data.draw(WORDS.filter(bool)))
    for found in (names(other_key), names(profile), names(partition), endpoint):
        assert not set(found) & set(known)
    assert names(replace(profile, caller=replace(plan.caller, arn=plan.caller.arn + "x")))[0] != names(profile)[0]
    turned = names(plan, versions="v2")
    first = next((at for at, hop in enumerate(plan.hops) if isinstance(hop.external_id, VaultRef)), len(plan.hops))
    assert turned[:first] == known[:first]
    assert not set(turned[first:]) & set(known[first:])


@examples(100)
@given(plans(), WORDS)
def test_what_aws_never_hears_is_no_change(plan: Plan, word: str) -> None:
    hops = tuple(replace(hop, target=word, environment=word, account_id=word) for hop in plan.hops)
    said = replace(plan, hops=hops, region="eu-north-1", why=word, asked=4, caller=replace(plan.caller, user=word))
    assert names(said) == names(plan)


@examples(100)
@given(plans(), plans())
def test_one_call_more_or_less_is_another_session(plan: Plan, other: Plan) -> None:
    longer = replace(plan, hops=(*plan.hops, *other.hops))
    assert names(longer)[: len(plan.hops)] == names(plan)
    assert names(longer)[-1] not in names(plan)
    assert len(set(names(longer))) == len(longer.hops)
