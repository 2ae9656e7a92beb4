"""The planner against AWS's rules: a table for each, and what must hold whatever is asked."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import examples
from session_doubles import ADA, CENTRAL, DEV, HUB, PAYMENTS, PROD, SERIAL, a_catalog, a_target, planned

from xswitch.catalog.model import Account, Environment, Identity
from xswitch.errors import NoSuchTarget, Usage
from xswitch.session.duration import SESSION_TOKEN_LIFE, RefusedFrom
from xswitch.session.model import Caller, Options
from xswitch.session.plan import chain_of, identity_of, plan, refused, stepped_down, within

HUB_ROLE = a_target(HUB, "Hub")
CHAIN = "as every chain does"


def kinds(made) -> list[str]:
    return [f"{hop.target or 'token'}{'+code' if hop.mfa_serial else ''} {hop.duration}" for hop in made.hops]


@pytest.mark.parametrize(
    ("settings_", "options", "caller_kind", "learnt", "hops", "why", "asked"),
    [
        # nothing asked: AWS's own default
        ({}, {}, "user", None, ["web-dev/ReadOnly 3600"], "AWS's default", None),
        # from the user's keys, whatever the catalog or the person asks up to 12 hours
        ({"duration": 14400}, {}, "user", None, ["web-dev/ReadOnly 14400"], "as the catalog says", None),
        ({"duration": 14400}, {"duration": 43200}, "user", None, ["web-dev/ReadOnly 43200"], "as asked", None),
        ({"duration": 14400}, {"duration": 900}, "user", None, ["web-dev/ReadOnly 900"], "as asked", None),
        # the role's maximum, learnt
        ({"duration": 14400}, {}, "user", 7200, ["web-dev/ReadOnly 7200"], "the role's maximum", 14400),
        ({"duration": 3600}, {}, "user", 7200, ["web-dev/ReadOnly 3600"], "as the catalog says", None),
        # MFA: one code for every role where an hour is enough, else the code goes with the role
        ({"mfa": True}, {}, "user", None, ["token+code 43200", "web-dev/ReadOnly 3600"], "AWS's default", None),
        (
            {"mfa": True},
            {"duration": 1800},
            "user",
            None,
            ["token+code 43200", "web-dev/ReadOnly 1800"],
            "as asked",
            None,
        ),
        (
            {"mfa": True, "duration": 14400},
            {},
            "user",
            None,
            ["web-dev/ReadOnly+code 14400"],
            "as the catalog says",
            None,
        ),
        ({"mfa": True}, {"duration": 3601}, "user", None, ["web-dev/ReadOnly+code 3601"], "as asked", None),
        # … and the role is known to give no more than an hour: one code for every role again
        (
            {"mfa": True, "duration": 14400},
            {},
            "user",
            3600,
            ["token+code 43200", "web-dev/ReadOnly 3600"],
            "the role's maximum",
            14400,
        ),
        # temporary keys of any kind: an hour, and no code of ours can be added
        ({"duration": 14400}, {}, "role", None, ["web-dev/ReadOnly 3600"], CHAIN, 14400),
        ({}, {}, "role", None, ["web-dev/ReadOnly 3600"], CHAIN, None),
        ({"mfa": True, "duration": 14400}, {}, "role", None, ["web-dev/ReadOnly 3600"], CHAIN, 14400),
        (
            {"mfa": True, "duration": 14400},
            {},
            "session-token",
            None,
            ["web-dev/ReadOnly 3600"],
            "all that session keys get",
            14400,
        ),
        ({"duration": 7200}, {}, "federated", None, ["web-dev/ReadOnly 3600"], "all that session keys get", 7200),
        (
            {"duration": 7200},
            {},
            "unknown",
            None,
            ["web-dev/ReadOnly 3600"],
            "until it is known whose keys these are",
            7200,
        ),
    ],
)
def test_which_calls_for_how_long_and_why(settings_, options, caller_kind, learnt, hops, why, asked):
    target = a_target(**settings_, identity="outside")
    outside = Identity("outside", "environment", mfa_serial=SERIAL)
    caller = replace(ADA, identity="outside", kind=caller_kind)
    made = planned(
        target,
        options=Options(**options),
        caller=caller,
        learnt={target.arn: learnt} if learnt else {},
        identities=(outside,),
    )
    assert (kinds(made), made.why, made.asked) == (hops, why, asked)
    assert made.duration == made.hops[-1].duration


@pytest.mark.parametrize(
    ("settings_", "options", "duration", "why", "asked"),
    [
        ({}, {}, 3600, "prod's maximum", None),
        ({"duration": 14400}, {}, 3600, "prod's maximum", 14400),
        ({"duration": 14400}, {"duration": 43200}, 3600, "prod's maximum", 43200),
        ({}, {"duration": 1800}, 1800, "as asked", None),
        ({}, {"duration": 3600}, 3600, "as asked", None),
    ],
)
def test_the_environments_maximum_caps_whatever_is_asked(settings_, options, duration, why, asked):
    made = planned(a_target(PAYMENTS, "Deploy", **settings_), options=Options(**options))
    assert (made.duration, made.why, made.asked, made.guard) == (duration, why, asked, PROD)


def test_an_environment_without_confirmation_is_no_guard_and_still_caps():
    catalog = a_catalog(target := a_target(duration=14400))
    soft = Environment("soft", max_duration=1800)
    made = plan(catalog, target, Options(), ADA, {}, os_user="u", host="h", environment=soft)
    assert (made.guard, made.duration, made.why) == (None, 1800, "soft's maximum")


def test_a_chain_is_an_hour_and_says_so_before_it_says_prod():
    target = a_target(PAYMENTS, "Deploy", via="identity-hub/Hub", duration=14400)
    made = planned(target, HUB_ROLE)
    assert kinds(made) == ["identity-hub/Hub 3600", "payments-prod/Deploy 3600"]
    assert (made.why, made.asked, made.chained) == (CHAIN, 14400, True)


def test_with_mfa_on_a_later_hop_the_code_goes_with_the_first_call():
    target = a_target(PAYMENTS, "Deploy", via="identity-hub/Hub", mfa=True)
    made = planned(target, HUB_ROLE)
    assert kinds(made) == ["token+code 43200", "identity-hub/Hub 3600", "payments-prod/Deploy 3600"]


def test_a_hub_without_mfa_keeps_its_own_duration_so_that_its_session_is_shared():
    hub = replace(HUB_ROLE, duration=14400)
    target = a_target(PAYMENTS, "Deploy", via="identity-hub/Hub")
    assert planned(target, hub).hops[0] == planned(hub, target).hops[0]
    assert kinds(planned(target, hub)) == ["identity-hub/Hub 14400", "payments-prod/Deploy 3600"]


def test_three_hops_are_an_hour_each_after_the_first():
    middle = a_target(DEV, "Middle", via="identity-hub/Hub", duration=43200)
    target = a_target(PAYMENTS, "Deploy", via="web-dev/Middle")
    assert kinds(planned(target, middle, HUB_ROLE)) == [
        "identity-hub/Hub 3600",
        "web-dev/Middle 3600",
        "payments-prod/Deploy 3600",
    ]


@pytest.mark.parametrize(
    ("mfa_session", "asked", "hops", "why", "was_asked"),
    [
        ("auto", None, ["token+code 43200", "web-dev/ReadOnly 3600"], "AWS's default", None),
        ("always", None, ["token+code 43200", "web-dev/ReadOnly 3600"], "mfa_session is always", None),
        ("never", None, ["web-dev/ReadOnly+code 3600"], "AWS's default", None),
        ("auto", 14400, ["web-dev/ReadOnly+code 14400"], "as asked", None),
        ("always", 14400, ["token+code 43200", "web-dev/ReadOnly 3600"], "mfa_session is always", 14400),
        ("never", 14400, ["web-dev/ReadOnly+code 14400"], "as asked", None),
        ("always", 900, ["token+code 43200", "web-dev/ReadOnly 900"], "as asked", None),
        ("never", 900, ["web-dev/ReadOnly+code 900"], "as asked", None),
    ],
)
def test_the_person_s_setting_says_where_the_code_goes(mfa_session, asked, hops, why, was_asked):
    made = planned(a_target(mfa=True), options=Options(duration=asked), mfa_session=mfa_session)
    assert (kinds(made), made.why, made.asked) == (hops, why, was_asked)
    plain = planned(a_target(), options=Options(duration=asked), mfa_session=mfa_session)
    assert kinds(plain) == kinds(planned(a_target(), options=Options(duration=asked))), "without MFA it says nothing"


@pytest.mark.parametrize(
    ("mfa_session", "hops"),
    [
        ("always", ["token+code 43200", "identity-hub/Hub 3600", "payments-prod/Deploy 3600"]),
        ("never", ["identity-hub/Hub+code 14400", "payments-prod/Deploy 3600"]),
    ],
)
def test_down_a_chain_the_code_goes_with_the_first_call_of_all(mfa_session, hops):
    hub = replace(HUB_ROLE, duration=14400)
    target = a_target(PAYMENTS, "Deploy", via=hub.name, mfa=True, duration=14400)
    made = planned(target, hub, mfa_session=mfa_session)
    assert (kinds(made), made.why, made.asked) == (hops, CHAIN, 14400)
    alone = planned(replace(hub, mfa=True), mfa_session="never")
    assert mfa_session != "never" or made.hops[0] == alone.hops[0], "its session is the one that it has alone"


def test_a_plan_that_is_stepped_down_keeps_to_the_setting():
    made = planned(a_target(mfa=True, duration=14400), mfa_session="never")
    assert kinds(stepped_down(made)) == ["web-dev/ReadOnly+code 3600"]
    learnt = {made.target.arn: 3600}
    assert within(made, learnt) == planned(a_target(mfa=True, duration=14400), mfa_session="never", learnt=learnt)


def test_the_person_s_session_name_is_for_the_last_role_alone():
    target = a_target(PAYMENTS, "Deploy", via="identity-hub/Hub")
    made = planned(target, HUB_ROLE, options=Options(session_name="incident-7"))
    assert [hop.session_name for hop in made.hops] == ["ada", "incident-7"]


@pytest.mark.parametrize("name", ["a", "x" * 65, "josé", "ada\n", "a b", "a/b", "a:b"])
def test_a_session_name_that_aws_refuses_is_refused_here(name):
    with pytest.raises(Usage):
        planned(a_target(), options=Options(session_name=name))


@pytest.mark.parametrize("seconds", [0, 1, 899, 43201, 10**9, -3600])
def test_a_duration_that_aws_refuses_is_refused_here(seconds):
    with pytest.raises(Usage, match="15m to 12h"):
        planned(a_target(), options=Options(duration=seconds))


@pytest.mark.parametrize(
    "region", ["eu west 1", "eu-west-1\n", "EU-WEST-1", "-", "../..", "eu-west-1.evil.example", "é"]
)
def test_a_region_that_is_none_is_refused(region):
    with pytest.raises(Usage, match="region"):
        planned(a_target(), options=Options(region=region))


def test_the_asked_region_goes_before_the_catalog_s():
    target = a_target(region="eu-west-1")
    assert planned(target).region == "eu-west-1"
    assert planned(target, options=Options(region="us-gov-west-1")).region == "us-gov-west-1"


def test_everything_of_the_target_goes_into_the_request():
    target = a_target(
        external_id="abc",
        source_identity="{user}",
        session_tags=(("team", "payments"), ("cost", "1")),
        transitive_tags=("team",),
        policy="{}",
        policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",),
        session_name="{user}@{host}-{account}-{role}-{os_user}",
    )
    (hop,) = planned(target).hops
    assert hop.session_name == "ada@tower-web-dev-ReadOnly-ada.l"
    assert (hop.external_id, hop.source_identity) == ("abc", "ada")
    assert (hop.tags, hop.transitive_tags) == (target.session_tags, ("team",))
    assert (hop.policy, hop.policy_arns) == ("{}", target.policy_arns)


# ── what the chain carries


def test_a_transitive_tag_is_not_passed_again_down_the_chain():
    hub = replace(HUB_ROLE, session_tags=(("Team", "payments"),), transitive_tags=("Team",))
    target = a_target(
        PAYMENTS, "Deploy", via=hub.name, session_tags=(("TEAM", "payments"), ("x", "1")), transitive_tags=("TEAM",)
    )
    assert planned(target, hub).hops[1].tags == (("x", "1"),)
    assert planned(target, hub).hops[1].transitive_tags == ()


def test_a_tag_that_is_not_transitive_is_passed_again():
    hub = replace(HUB_ROLE, session_tags=(("team", "payments"),))
    target = a_target(PAYMENTS, "Deploy", via=hub.name, session_tags=(("team", "web"),))
    assert planned(target, hub).hops[1].tags == (("team", "web"),)


def test_a_carried_tag_and_a_source_identity_can_t_change():
    hub = replace(HUB_ROLE, session_tags=(("team", "payments"),), transitive_tags=("team",), source_identity="{user}")
    with pytest.raises(Usage, match="tag team"):
        planned(a_target(PAYMENTS, "Deploy", via=hub.name, session_tags=(("team", "web"),)), hub)
    with pytest.raises(Usage, match="source identity"):
        planned(a_target(PAYMENTS, "Deploy", via=hub.name, source_identity="{host}"), hub)
    same = planned(a_target(PAYMENTS, "Deploy", via=hub.name, source_identity="{user}"), hub)
    assert [hop.source_identity for hop in same.hops] == ["ada", "ada"]


# ── who calls


def test_the_first_target_s_identity_calls():
    corp = Identity("corp", "profile")
    hub = replace(HUB_ROLE, identity="corp")
    catalog = a_catalog(target := a_target(PAYMENTS, "Deploy", via=hub.name), hub, identities=(CENTRAL, corp))
    assert identity_of(catalog, target) == corp
    assert identity_of(catalog, a_target()) == CENTRAL


@pytest.mark.parametrize(
    ("target", "identities", "match"),
    [
        (a_target(identity=""), (CENTRAL,), "no identity is given"),
        (a_target(identity="ghost"), (CENTRAL,), "ghost.*not defined"),
        (a_target(mfa=True), (replace(CENTRAL, mfa_serial=""),), "names no device"),
    ],
)
def test_what_can_t_be_opened_says_why(target, identities, match):
    with pytest.raises(Usage, match=match) as caught:
        planned(target, identities=identities)
    assert caught.value.hint


def test_a_missing_and_a_looping_via_end():
    with pytest.raises(NoSuchTarget, match="nowhere/Role"):
        planned(a_target(via="nowhere/Role"))
    one, two = a_target(DEV, "One", via="web-dev/Two"), a_target(DEV, "Two", via="web-dev/One")
    with pytest.raises(Usage, match="back to"):
        chain_of(a_catalog(one, two), one)


def test_the_root_user_can_t_assume_roles():
    with pytest.raises(Usage, match="root user"):
        planned(a_target(), caller=replace(ADA, kind="root"))


def test_keys_are_a_user_s_before_anybody_asked():
    made = planned(a_target(duration=14400, session_name="work"), caller=Caller("central"))
    assert (made.caller.kind, made.duration, made.needs_caller) == ("user", 14400, False)


@pytest.mark.parametrize(
    ("settings_", "options", "kind", "needs"),
    [
        ({}, {}, "keys", True),
        ({}, {"session_name": "work"}, "keys", False),
        ({"session_name": "work"}, {}, "keys", False),
        ({"session_name": "work", "source_identity": "{user}"}, {}, "keys", True),
        ({"session_name": "work"}, {}, "environment", True),
        ({"session_name": "work"}, {}, "profile", True),
    ],
)
def test_the_plan_says_when_the_caller_has_to_be_known_first(settings_, options, kind, needs):
    identity = replace(CENTRAL, kind=kind)
    made = planned(a_target(**settings_), options=Options(**options), caller=Caller(""), identities=(identity,))
    assert made.needs_caller is needs
    assert planned(a_target(**settings_), identities=(identity,)).needs_caller is False


# ── the ladder


def test_a_refused_duration_steps_down_to_what_the_planner_would_plan_then():
    target = a_target(mfa=True, duration=14400)
    long = planned(target)
    assert kinds(long) == ["web-dev/ReadOnly+code 14400"]
    down = stepped_down(long)
    again = planned(target, learnt={target.arn: 3600})
    assert (down.hops, down.duration, down.why, down.asked) == (again.hops, 3600, again.why, 14400)
    assert refused(long, hop=0, seconds=14400, chain=True).why == CHAIN


@pytest.mark.parametrize("mfa", [True, False])
@pytest.mark.parametrize("seconds", [14400, 43200])
def test_what_was_refused_is_planned_without_from_then_on(mfa, seconds):
    target = a_target(mfa=mfa, duration=14400)
    options = Options(duration=seconds)
    long = planned(target, options=options)
    down = refused(long, hop=0, seconds=seconds)
    learnt = {target.arn: RefusedFrom(seconds)}
    again = planned(target, options=options, learnt=learnt)
    shorter = 14400 if seconds > 14400 else 3600
    assert (down.hops, down.duration, down.why, down.asked) == (again.hops, shorter, again.why, seconds)
    assert again.why == f"the role gives less than {seconds // 3600}h"
    assert within(long, learnt) == down
    assert within(down, learnt) is down
    assert planned(target, options=Options(duration=7200), learnt=learnt).duration == 7200, "it was never refused"


def test_a_refused_hub_steps_down_alone():
    hub = replace(HUB_ROLE, duration=14400)
    target = a_target(PAYMENTS, "Deploy", via=hub.name)
    down = stepped_down(planned(target, hub), hop=0)
    assert down.hops == planned(target, hub, learnt={hub.arn: 3600}).hops
    assert down.why == CHAIN


def test_within_leaves_alone_what_is_within():
    made = planned(a_target(duration=7200))
    assert within(made, {}) is made
    assert within(made, {made.target.arn: 7200, "arn:aws:iam::1:role/Other": 900}) is made
    assert within(made, {made.target.arn: 3600}).duration == 3600


CALLERS = st.sampled_from(["user", "session-token", "federated", "role", "unknown"])
SECONDS = st.integers(900, 43200)
MAYBE = st.none() | SECONDS
MFA_SESSIONS = st.sampled_from(["auto", "always", "never"])
ENVIRONMENTS = st.none() | st.builds(Environment, st.just("e"), max_duration=MAYBE)


@examples(200)
@given(CALLERS, MAYBE, MAYBE, MAYBE, ENVIRONMENTS, st.booleans(), st.booleans(), st.booleans(), MFA_SESSIONS)
def test_no_plan_asks_for_more_than_any_rule_allows(
    kind, asked, catalogued, most, environment, mfa, hub_mfa, chained, mfa_session
):
    hub = replace(HUB_ROLE, mfa=hub_mfa, duration=catalogued)
    target = a_target(duration=catalogued, mfa=mfa, via=hub.name if chained else "", identity="outside")
    hub = replace(hub, identity="outside")
    catalog = a_catalog(target, hub, identities=(Identity("outside", "environment", mfa_serial=SERIAL),))
    caller = replace(ADA, identity="outside", kind=kind)
    learnt = {target.arn: most} if most else {}

    def make(options: Options):
        return plan(
            catalog,
            target,
            options,
            caller,
            learnt,
            os_user="u",
            host="h",
            environment=environment,
            mfa_session=mfa_session,
        )

    made = make(Options(duration=asked))
    assert made == make(Options(duration=asked)), "the same question has the same answer"
    last = made.hops[-1]
    caps = [43200, most or 43200, (environment and environment.max_duration) or 43200]
    if chained or kind != "user" or any(hop.kind == "session-token" for hop in made.hops):
        caps.append(3600)
    assert 900 <= last.duration <= max(900, min(*caps))
    assert last.duration <= (asked or catalogued or 3600)
    assert made.duration == last.duration
    assert (made.asked is not None) == bool((asked or catalogued or 0) > made.duration)
    for place, hop in enumerate(made.hops):
        if hop.kind == "session-token":
            assert place == 0
            assert hop.duration == SESSION_TOKEN_LIFE
        elif place > 0 or kind != "user":
            assert hop.duration <= 3600, "whatever is temporary gets an hour"
        assert re.fullmatch(r"[\w+=,.@-]{2,64}", hop.session_name, re.ASCII) or hop.kind == "session-token"
    codes = [hop for hop in made.hops if hop.mfa_serial]
    assert len(codes) == int(kind == "user" and (mfa or (chained and hub_mfa)))
    assert not codes or codes == [made.hops[0]], "the code goes with the person's own call"
    if codes and mfa_session != "auto":
        assert codes[0].kind == ("session-token" if mfa_session == "always" else "assume-role")


@examples(100)
@given(SECONDS, SECONDS, MAYBE, st.booleans(), st.booleans())
def test_who_asks_for_more_never_gets_less(one, two, most, mfa, prod):
    low, high = sorted((one, two))
    target = a_target(PAYMENTS if prod else DEV, mfa=mfa)
    learnt = {target.arn: most} if most else {}
    shorter = planned(target, options=Options(duration=low), learnt=learnt)
    longer = planned(target, options=Options(duration=high), learnt=learnt)
    assert shorter.duration <= longer.duration


@examples(100)
@given(
    st.text(max_size=90), st.text(max_size=20), st.sampled_from(["{user}", "{account}", "x{user}", "{account}/{role}"])
)
def test_whatever_names_hold_aws_accepts_what_is_sent(name, user, template):
    account = Account("555566667777", name)
    target = a_target(account, session_name=template, source_identity=template)
    (hop,) = planned(target, caller=replace(ADA, user=user)).hops
    for sent in (hop.session_name, hop.source_identity):
        assert re.fullmatch(r"[\w+=,.@-]{2,64}", sent, re.ASCII)
        assert not sent.startswith("aws:")
