"""GetRoleCredentials over HTTP, at the practice organization's access portal: what is sent, refused and asked again."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "sandbox"))
from practice_house import PracticeHouse
from signed_in import IDENTITY, sign_in, sign_out

from xswitch.catalog import load
from xswitch.errors import Denied, PersonNeeded, Unreachable
from xswitch.secret import Secret
from xswitch.session.learnt import Learnt
from xswitch.vault.steady import Beat

ACCOUNT = "payments-staging"
HUB = "identity-hub"


@pytest.fixture
def signed_in(house: PracticeHouse) -> PracticeHouse:
    """The person has the login ``corp``, with permission sets beside the practice organization's roles."""
    ids = {target.account.name: target.account.id for target in house.catalog.targets}
    roles = {ACCOUNT: ("ViewOnly", "Developer", "Unassigned"), HUB: ("ViewOnly",), "web-dev": ("ViewOnly",)}
    lines = ["# xswitch: synced", "version = 1", '[defaults]\nidentity = "corp"']
    for account, names in roles.items():
        lines += ["[[accounts]]", f'id = "{ids[account]}"', f'name = "{account}"']
        lines += [f"roles = [{', '.join(f'{{ name = {name!r} }}' for name in names)}]".replace("'", '"')]
    folder = house.paths.catalog_folder
    folder.mkdir()
    (folder / "portal.toml").write_text("\n".join(lines) + "\n")
    house.paths.catalog_file.write_text(house.practice.catalog_toml() + IDENTITY)
    house.catalog = load(house.paths)
    house.token = sign_in(house.practice.organization, house.clock()).access
    house.made = len(house.sandbox.calls)
    return house


def test_a_permission_set_opens_and_is_served_again(signed_in: PracticeHouse) -> None:
    session = signed_in.open(f"{ACCOUNT}/ViewOnly")
    assert signed_in.calls == ["GetRoleCredentials ok", "GetCallerIdentity ok"]
    assert signed_in.who(session) == session.arn
    account, role = session.arn.split(":")[4], session.arn.split("/")[1]
    assert (account, role[:24], session.arn.rpartition("/")[2]) == ("555566667777", "AWSReservedSSO_ViewOnly_", "ada")
    assert (session.duration, signed_in.open(f"{ACCOUNT}/Developer").duration) == (28800, 3600)
    assert 28790 < session.expires - signed_in.clock() <= 28800
    call = next(call for call in signed_in.sandbox.calls if call.action == "GetRoleCredentials")
    assert call.params == {"role_name": "ViewOnly", "account_id": "555566667777"}
    assert session.request_id == call.request_id
    assert signed_in.open(f"{ACCOUNT}/ViewOnly").credentials == session.credentials
    assert len([one for one in signed_in.calls if one.startswith("GetRole")]) == 2


def test_the_region_of_the_target_is_asked_whose_they_are(signed_in: PracticeHouse) -> None:
    signed_in.open(f"{ACCOUNT}/ViewOnly", region="eu-central-1")
    signed_in.open("web-dev/ViewOnly")
    regions = [call.region for call in signed_in.sandbox.calls if call.action == "GetCallerIdentity"]
    assert regions[-2:] == ["eu-central-1", "eu-west-1"]


def test_a_chain_into_a_role_that_trusts_the_permission_set(signed_in: PracticeHouse) -> None:
    view = signed_in.target(f"{HUB}/ViewOnly")
    account, organization = view.account.id, signed_in.practice.organization
    set_role = organization.directory.role(organization, account, "ViewOnly")
    assert set_role is not None
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": set_role.arn}}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arn = organization.root(account).iam("CreateRole", RoleName="Via", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    target = replace(view, role="Via", arn=arn, via=view.name)
    session = signed_in.open(target)
    assert signed_in.who(session) == f"arn:aws:sts::{account}:assumed-role/Via/ada"
    assert (session.duration, session.why) == (3600, "as every chain does")
    assert signed_in.calls[:3] == ["GetRoleCredentials ok", "GetCallerIdentity ok", "AssumeRole ok"]


def test_a_permission_set_that_is_not_the_person_s_says_so(signed_in: PracticeHouse) -> None:
    with pytest.raises(Denied, match="Unassigned is not assigned to you in 555566667777") as caught:
        signed_in.open(f"{ACCOUNT}/Unassigned")
    denied = caught.value
    assert (denied.exit_status, denied.side, denied.aws_code) == (4, "caller", "ForbiddenException")
    assert denied.target == f"{ACCOUNT}/Unassigned"
    assert "identity-center" in denied.hint


def test_a_login_that_is_over_needs_a_person_and_the_hint_says_how(signed_in: PracticeHouse) -> None:
    sign_out(signed_in.practice.organization)
    with pytest.raises(PersonNeeded, match="takes the login of corp no more") as caught:
        signed_in.open(f"{ACCOUNT}/ViewOnly")
    assert (caught.value.exit_status, caught.value.hint) == (5, "xswitch identity login corp")
    assert signed_in.calls == ["GetRoleCredentials UnauthorizedException"]
    assert not list(signed_in.vault.headers("session"))


def test_a_token_that_another_process_replaced_just_now_is_taken_anew(signed_in: PracticeHouse) -> None:
    given = [Secret("replaced"), signed_in.token]
    signed_in.token_of = lambda *_: given.pop(0)  # type: ignore[method-assign]
    signed_in.broker = signed_in.another()
    signed_in.open(f"{ACCOUNT}/ViewOnly")
    assert signed_in.calls[:2] == ["GetRoleCredentials UnauthorizedException", "GetRoleCredentials ok"]


def test_429_is_waited_out_and_a_portal_that_stays_busy_is_told(signed_in: PracticeHouse) -> None:
    faults = signed_in.sandbox.faults
    faults.throttle(5, "GetRoleCredentials")
    signed_in.open(f"{ACCOUNT}/ViewOnly")
    assert len(signed_in.slept) == 5
    assert all(0 <= wait <= 2**number for number, wait in enumerate(signed_in.slept))
    faults.throttle(6, "GetRoleCredentials")
    with pytest.raises(Unreachable, match="kept throttling"):
        signed_in.open(f"{ACCOUNT}/Developer")


@pytest.mark.parametrize("fault", ["fail", "reset", "half"])
def test_what_passes_is_asked_again_and_what_stays_is_told(signed_in: PracticeHouse, fault: str) -> None:
    faults = signed_in.sandbox.faults
    getattr(faults, fault)(2, "GetRoleCredentials")
    signed_in.open(f"{ACCOUNT}/ViewOnly")
    getattr(faults, fault)(3, "GetRoleCredentials")
    with pytest.raises(Unreachable):
        signed_in.open(f"{ACCOUNT}/Developer")


def test_garbage_is_not_aws(signed_in: PracticeHouse) -> None:
    signed_in.sandbox.faults.garbage(1, "GetRoleCredentials")
    with pytest.raises(Unreachable, match="is not AWS"):
        signed_in.open(f"{ACCOUNT}/ViewOnly")


def test_credentials_that_aws_does_not_know_are_not_handed_over(signed_in: PracticeHouse) -> None:
    signed_in.sandbox.faults.deny(1, "GetCallerIdentity")
    with pytest.raises(Denied):
        signed_in.open(f"{ACCOUNT}/ViewOnly")
    assert not list(signed_in.vault.headers("session"))


def test_our_clock_may_be_off_by_hours(signed_in: PracticeHouse) -> None:
    signed_in.learnt = Learnt(signed_in.paths.state, lambda: signed_in.clock() - 7200, lambda: Beat("boot", 0.0))
    signed_in.client._clock = lambda: signed_in.clock() - 7200
    signed_in.open(f"{ACCOUNT}/ViewOnly")
    assert signed_in.calls == ["GetRoleCredentials ok", "GetCallerIdentity ok"], "the portal told the time"


def test_no_token_is_in_an_error_or_a_record(signed_in: PracticeHouse) -> None:
    token = signed_in.token.reveal()
    signed_in.open(f"{ACCOUNT}/ViewOnly")
    sign_out(signed_in.practice.organization)
    with pytest.raises(PersonNeeded) as caught:
        signed_in.open(f"{ACCOUNT}/Developer")
    assert token not in f"{caught.value!r} {caught.value} {caught.value.hint} {signed_in.sandbox.calls}"
    for file in signed_in.paths.state.rglob("*"):
        assert not file.is_file() or token.encode() not in file.read_bytes()
