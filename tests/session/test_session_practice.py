"""Each path of a switch, end to end against the practice organization, which enforces AWS's rules."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from xswitch.aws.client import Client
from xswitch.aws.http import Limits
from xswitch.catalog.model import Identity, VaultRef
from xswitch.errors import Denied, InvalidConfig, PersonNeeded, Unreachable, WrongCode
from xswitch.secret import Secret
from xswitch.session.externals import keep_external_id
from xswitch.session.sts import StsClient

PROD = "payments-prod"


def test_plain_from_the_user_s_keys_and_served_again(house):
    session = house.open(f"{PROD}/ReadOnly")
    assert house.who(session) == session.arn == "arn:aws:sts::444455556666:assumed-role/ReadOnly/ada"
    assert 3595 < session.expires - house.clock() <= 3600
    assert house.open(f"{PROD}/ReadOnly").credentials == session.credentials
    assert house.calls == ["GetCallerIdentity ok", "AssumeRole ok", "GetCallerIdentity ok"]
    assert house.sandbox.calls[-2].request_id == session.request_id


def test_twelve_hours_directly(house):
    target = replace(house.target("sandbox-ada/Admin"), duration=43200)
    session = house.open(target)
    assert 43190 < session.expires - house.clock() <= 43200


def test_one_code_for_every_role(house):
    for account in (PROD, "billing-prod", "web-prod"):
        assert house.who(house.open(f"{account}/Deploy")).endswith("assumed-role/Deploy/ada")
    house.open(f"{PROD}/BreakGlass")
    made = [call for call in house.calls if not call.startswith("GetCaller")]
    assert made == ["GetSessionToken ok", *["AssumeRole ok"] * 4]
    assert len(house.ada.asks) == 1


def test_longer_than_an_hour_with_the_code_in_the_call(house):
    target = replace(house.target("web-staging/Deploy"), mfa=True, duration=14400)
    session = house.open(target)
    assert session.duration == 14400
    assert "GetSessionToken ok" not in house.calls


def test_a_wrong_code_then_the_right_one(house):
    right = house.practice.code()
    house.ada.first = [f"{(int(right) + 1) % 10**6:06d}"]
    house.open(f"{PROD}/Deploy")
    assert [call for call in house.calls if "Token" in call] == ["GetSessionToken AccessDenied", "GetSessionToken ok"]
    assert house.ada.asks[1].problem == "AWS did not accept that code"


def test_three_wrong_ones_end_it(house):
    right = int(house.practice.code())
    house.ada.first = [f"{(right + step) % 10**6:06d}" for step in (100, 200, 300)]
    with pytest.raises(WrongCode) as caught:
        house.open(f"{PROD}/Deploy")
    assert caught.value.aws_message == "MultiFactorAuthentication failed with invalid MFA one time pass code. "


def test_the_code_of_thirty_seconds_ago_is_not_sent_again(house):
    house.clock.shift += 30 - house.clock() % 30  # a half minute begins: none ends on the way
    target = replace(house.target("web-staging/Deploy"), mfa=True, duration=14400)
    code = house.practice.code()
    house.ada.first = [code]
    house.open(target)

    class Waits(type(house.ada)):
        def code(self, ask):
            if len(self.asks) == 1:
                house.clock.shift += 30
            return super().code(ask)

    house.ada = Waits(house.practice)
    house.ada.first = [code]
    house.broker.session(house.planned(replace(target, session_name="again")), house.ada)
    assert 1 <= house.ada.asks[0].wait <= 30
    assert house.ada.asks[1].problem.startswith("that code was already used")
    assert [call for call in house.calls if "Denied" in call] == []


def test_a_device_that_is_not_the_user_s_is_not_asked_about_twice(house):
    target = house.target(f"{PROD}/Deploy")
    plan = house.planned(target)
    hops = (replace(plan.hops[0], mfa_serial="arn:aws:iam::111122223333:mfa/eve"), *plan.hops[1:])
    with pytest.raises(Denied, match="does not know the MFA device"):
        house.broker.session(replace(plan, hops=hops), house.ada)
    assert len(house.ada.asks) == 1


def test_a_chain_and_its_hour(house):
    session = house.open(f"{PROD}/Audit")
    assert session.arn == "arn:aws:sts::444455556666:assumed-role/Audit/ada"
    assert (session.duration, session.why) == (3600, "as every chain does")
    assert house.who(session) == session.arn
    house.open("billing-prod/Audit")
    assert house.calls.count("AssumeRole ok") == 3, "the hub is assumed once"


def test_a_chain_that_is_asked_for_more_is_refused_by_aws_and_falls_back(house):
    """The planner knows better; AWS's own words are understood too, should it ever not."""
    plan = house.planned(f"{PROD}/Audit")
    forced = replace(plan, hops=(plan.hops[0], replace(plan.hops[1], duration=7200)), duration=7200)
    session = house.broker.session(forced, house.ada)
    assert (session.duration, session.why, session.asked) == (3600, "as every chain does", 7200)
    assert house.calls[-2:] == ["AssumeRole ValidationError", "AssumeRole ok"]
    assert not house.learnt.maxima()


def test_a_role_that_gives_an_hour_costs_one_call_more_and_only_once(house):
    session = house.open("denied-on-purpose/OneHourAtMost")
    assert (session.duration, session.why, session.asked) == (3600, "the role gives less than 4h", 14400)
    assert house.calls[-2:] == ["AssumeRole ValidationError", "AssumeRole ok"]
    house.open("denied-on-purpose/OneHourAtMost", fresh=True)
    assert house.calls[-1:] == ["AssumeRole ok"]
    assert house.calls.count("AssumeRole ValidationError") == 1


def test_an_external_id_from_the_vault(house):
    name, value = next(iter(house.practice.vault_secrets.items()))
    session = house.open(f"{name}/Ingest")
    assert house.who(session) == session.arn
    keep_external_id(house.vault, VaultRef(name), Secret("not-agreed-upon"), house.clock())
    with pytest.raises(Denied) as caught:
        house.open(f"{name}/Ingest")
    assert value not in str(vars(caught.value))
    house.vault.remove(next(h.name for h in house.vault.headers("external-id")))
    with pytest.raises(InvalidConfig):
        house.open(f"{name}/Ingest")


def test_source_identity_tags_and_policies_go_along(house):
    target = replace(
        house.target("sandbox-ada/ReadOnly"),
        source_identity="{user}",
        session_tags=(("team", "payments"),),
        transitive_tags=("team",),
        policy='{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}',
        policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",),
    )
    session = house.open(target)
    assert session.source_identity == "ada"
    sent = next(call for call in reversed(house.sandbox.calls) if call.action == "AssumeRole").params
    assert sent["SourceIdentity"] == "ada"
    assert sent["Tags"] == [{"Key": "team", "Value": "payments"}]
    assert sent["TransitiveTagKeys"] == ["team"]
    assert "PolicyArns" in sent
    assert "Policy" in sent


DENIALS = {
    "WantsExternalId": "unknown",
    "DeniedByScp": "caller",
    "NotInMyPolicy": "caller",
    "TrustsSomebodyElse": "unknown",
    "OutsideMyBoundary": "caller",
    "NeverCreated": "unknown",
    "WantsSourceIdentity": "unknown",
}


def test_denials_say_what_aws_says(house):
    for role, side in DENIALS.items():
        with pytest.raises(Denied) as caught:
            house.open(f"denied-on-purpose/{role}")
        error = caught.value
        assert (error.exit_status, error.aws_code) == (4, "AccessDenied")
        assert error.aws_message.startswith("User: arn:aws:iam::111122223333:user/ada is not authorized")
        assert error.side == side, f"{role}: {error.aws_message}"
        assert error.request_id
    assert not house.vault.headers("session")


def test_the_hostile_account_is_an_account(house):
    target = next(target for target in house.catalog.targets if "touch pwned" in target.account.name)
    session = house.open(replace(target, session_name="{account}"))
    assert house.who(session) == session.arn


# ── other identities


def _with(house, identity, **environ):
    """Put an identity and variables into the house; return a target that it opens."""
    house.environ |= environ
    house.catalog = replace(house.catalog, identities=dict(house.catalog.identities) | {identity.name: identity})
    return replace(house.target("sandbox-ada/ReadOnly"), identity=identity.name, duration=14400)


def test_a_user_s_keys_in_the_environment_are_as_good_as_in_the_vault(house):
    key, secret = house.practice.user_access_key
    outside = Identity("outside", "environment", mfa_serial=house.practice.mfa_serial)
    target = _with(house, outside, AWS_ACCESS_KEY_ID=key, AWS_SECRET_ACCESS_KEY=secret)
    assert house.open(target).duration == 14400
    session = house.open(replace(target, mfa=True, duration=None))
    assert house.calls[-2:] == ["GetSessionToken ok", "AssumeRole ok"]
    del house.environ["AWS_ACCESS_KEY_ID"], house.environ["AWS_SECRET_ACCESS_KEY"]
    house.environ["XSWITCH_TARGET"] = session.target
    again = house.open(replace(target, mfa=True, duration=None))
    assert again.credentials == session.credentials, "inside a switched shell the vault still serves"
    with pytest.raises(PersonNeeded, match="not the keys of outside"):
        house.open(replace(target, session_name="another"))


def test_a_role_s_keys_in_the_environment_are_a_chain(house):
    hub = house.open("identity-hub/Hub")
    token = hub.credentials.session_token
    assert token is not None
    target = _with(
        house,
        Identity("outside", "environment"),
        AWS_ACCESS_KEY_ID=hub.credentials.access_key_id,
        AWS_SECRET_ACCESS_KEY=hub.credentials.secret_access_key.reveal(),
        AWS_SESSION_TOKEN=token.reveal(),
    )
    audit = replace(house.target(f"{PROD}/Audit"), identity="outside", via="", duration=14400)
    before = house.calls.count("GetCallerIdentity ok")
    session = house.open(audit)
    assert (session.duration, session.why, session.asked) == (3600, "as every chain does", 14400)
    with pytest.raises(Denied):
        house.open(target)
    assert house.calls.count("GetCallerIdentity ok") == before + 1, "whose keys they are is asked once"
    house.environ |= {"AWS_ACCESS_KEY_ID": house.practice.user_access_key[0], "AWS_SESSION_TOKEN": ""}
    house.environ |= {"AWS_SECRET_ACCESS_KEY": house.practice.user_access_key[1]}
    with pytest.raises(Denied):
        house.open(audit)
    assert house.calls.count("GetCallerIdentity ok") == before + 2, "other keys are somebody else's until asked"


def test_a_profile_s_keys(house, tmp_path):
    key, secret = house.practice.user_access_key
    file = tmp_path / "credentials"
    file.write_text(f"[corp]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
    identity = Identity("corp", "profile", profile="corp")
    target = _with(house, identity, AWS_SHARED_CREDENTIALS_FILE=str(file), AWS_CONFIG_FILE=str(tmp_path / "none"))
    session = house.open(target)
    assert (session.duration, session.identity) == (14400, "corp")
    assert house.open(target).credentials == session.credentials


# ── the longest session of a role


def test_a_role_s_maximum_is_read_by_a_session_in_its_account(house):
    session = house.open("sandbox-ada/Admin")
    arn = house.target("sandbox-ada/Admin").arn
    assert house.sts.role_maximum(session.credentials, arn, partition="aws", region="eu-west-1") == 43200
    assert house.sandbox.calls[-1].action == "GetRole"
    assert house.sandbox.calls[-1].service == "iam"


def test_a_maximum_that_may_not_be_read_is_unknown(house):
    arn = house.target("payments-prod/Deploy").arn
    assert house.sts.role_maximum(_keys(house), arn, partition="aws") is None, "the user is of another account"
    session = house.open("sandbox-ada/Admin")
    assert house.sts.role_maximum(session.credentials, f"{arn}NotThere", partition="aws") is None


def test_a_maximum_is_asked_for_once_where_aws_has_no_time(house):
    session = house.open("sandbox-ada/Admin")
    for fault in ("throttle", "fail", "reset", "half"):
        getattr(house.sandbox.faults, fault)(1, "GetRole")
        before = len(house.calls)
        with pytest.raises(Unreachable):
            house.sts.role_maximum(session.credentials, house.target("sandbox-ada/Admin").arn, partition="aws")
        assert len(house.calls) == before + 1


# ── faults


def test_throttling_is_waited_out_and_at_last_said(house):
    house.open(f"{PROD}/ReadOnly")
    house.sandbox.faults.throttle(2, "AssumeRole")
    house.open("billing-prod/ReadOnly")
    house.sandbox.faults.throttle(3, "AssumeRole")
    with pytest.raises(Unreachable, match="throttling"):
        house.open("web-prod/ReadOnly")
    assert house.calls[-3:] == ["AssumeRole Throttling"] * 3


def test_a_call_with_a_code_is_tried_once(house):
    house.open(f"{PROD}/ReadOnly")
    house.sandbox.faults.throttle(1, "GetSessionToken")
    with pytest.raises(Unreachable):
        house.open(f"{PROD}/Deploy")
    assert house.calls[-1] == "GetSessionToken Throttling"
    assert house.calls.count("GetSessionToken Throttling") == 1


def test_a_broken_answer_is_unreachable_and_the_next_try_works(house):
    house.open(f"{PROD}/ReadOnly")
    for number, fault in enumerate(("fail", "garbage", "half", "reset")):
        target = replace(house.target("billing-prod/ReadOnly"), session_name=f"try-{number}")
        getattr(house.sandbox.faults, fault)(3, "AssumeRole")
        with pytest.raises(Unreachable) as caught:
            house.open(target)
        assert caught.value.exit_status == 7
        assert caught.value.hint
        house.sandbox.faults.clear()
        assert house.open(target).fresh


def test_a_slow_answer_is_given_up(house):
    house.open(f"{PROD}/ReadOnly")
    house.sts._attempts, house.sts._limits = 1, Limits(4.0, 0.3)
    house.sandbox.faults.slow(20.0, 1, "AssumeRole")
    began = time.monotonic()
    with pytest.raises(Unreachable, match="in time"):
        house.open("billing-prod/ReadOnly")
    assert time.monotonic() - began < 15


def test_no_network(house):
    house.open(f"{PROD}/ReadOnly")
    house.sandbox.stop()
    house.broker.session(house.planned(f"{PROD}/ReadOnly"), house.ada)
    with pytest.raises(Unreachable, match="can't be reached"):
        house.open("billing-prod/ReadOnly")


def test_a_region_that_is_switched_off_is_answered_for_by_the_main_one(house):
    house.sandbox.faults.disable_region("eu-west-1")
    session = house.open(f"{PROD}/ReadOnly")
    assert house.who(session) == session.arn
    assert "AssumeRole RegionDisabledException" in house.calls
    assert {call.region for call in house.sandbox.calls[house.made :] if call.outcome == "ok"} == {"us-east-1"}
    house.sandbox.faults.disable_region("us-east-1")
    with pytest.raises(Denied, match="switched off"):
        house.open("billing-prod/ReadOnly")


def test_a_clock_that_is_off_by_hours_switches_all_the_same(house):
    house.clock.shift = 15 * 3600.0
    sts = StsClient(Client(house.environ, time.time))
    assert sts.who_am_i(_keys(house), identity="central").arn == house.practice.caller_arn
    assert sts.skew == pytest.approx(15 * 3600.0, abs=2)
    assert house.calls == ["GetCallerIdentity SignatureDoesNotMatch", "GetCallerIdentity ok"]


def test_a_code_is_good_after_a_signature_that_was_made_by_a_wrong_clock(house):
    """AWS judges the signature first, so the code was not looked at: sent once more, it is the first time for AWS."""
    hop = house.planned(f"{PROD}/Deploy").hops[0]
    house.clock.shift = -15 * 3600.0
    sts = StsClient(Client(house.environ, time.time))
    code = Secret(house.practice.code())
    issued = sts.issue(hop, _keys(house), identity="central", partition="aws", code=code)
    assert issued.credentials.expires == pytest.approx(house.clock() + hop.duration, abs=3)
    assert house.calls[-2:] == ["GetSessionToken SignatureDoesNotMatch", "GetSessionToken ok"]


def test_a_shortened_session_is_as_long_as_aws_says(house):
    house.sandbox.faults.shorten(240)
    session = house.open(f"{PROD}/ReadOnly")
    assert 230 < session.expires - house.clock() <= 240


def test_a_key_that_was_deactivated(house):
    house.open(f"{PROD}/ReadOnly")
    key = house.practice.user_access_key[0]
    root = house.practice.organization.root("111122223333")
    root.iam("UpdateAccessKey", UserName="ada", AccessKeyId=key, Status="Inactive")
    with pytest.raises(Denied, match="does not know the access key of central"):
        house.open("billing-prod/ReadOnly")


def _keys(house):
    from xswitch.credentials import Credentials

    key, secret = house.practice.user_access_key
    return Credentials(key, Secret(secret))
