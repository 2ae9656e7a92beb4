"""Sessions by a login of Identity Center in the engine: board, renewals, doctor, consent, and the portal as a source."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "sandbox"))
from portal_house import CATALOG, DEVELOPER, GUARDED, HUB, VIA, VIEW, PortalHouse
from signed_in import IDENTITY

from xswitch.cli.person import Nobody
from xswitch.cli.sessions import as_json
from xswitch.engine import Engine, sync
from xswitch.engine.checks import identities
from xswitch.engine.checks.machine import Machine
from xswitch.errors import Denied, InvalidConfig, NoSuchTarget, PersonNeeded, Unreachable, Usage
from xswitch.session import grants
from xswitch.session.model import GuardAnswer, GuardAsk, Session


class Confirms(Nobody):
    """Types the account's name."""

    def guard(self, ask: GuardAsk) -> GuardAnswer:
        return GuardAnswer(ask.target.account.name, "")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[PortalHouse]:
    made = PortalHouse(tmp_path)
    yield made
    made.close()


def opened(engine: Engine, target: str, **more: object) -> Session:
    return engine.open(engine.plan(engine.resolve(target)), Confirms(), **more)  # type: ignore[arg-type]


def renewal(house: PortalHouse, target: str) -> str:
    return next(one.renewal for one in house.engine().live() if one.target == target)


# ── opened and shown


def test_a_switch_is_logged_with_who_is_signed_in_and_stands_on_the_board(house: PortalHouse) -> None:
    house.sign_in()
    engine = house.engine()
    session = opened(engine, VIEW)
    line = json.loads(house.paths.audit_log.read_text())
    assert (line["user"], line["session_name"], line["identity"]) == ("ada", "ada", "corp")
    assert (line["chain"], line["mfa"], line["duration"], line["arn"]) == ([VIEW], False, 28800, session.arn)
    (live,) = house.engine().live()
    shown = as_json(live, engine.now())
    assert (shown["target"], shown["duration"], shown["renewable"]) == (VIEW, 28800, True)
    assert 28780 < shown["remaining"] <= 28800
    assert (live.why, live.asked) == ("as its permission set says", None)
    outlook = house.engine().outlook(engine.resolve(VIEW))
    assert (outlook.plan.duration, outlook.login, outlook.code) == (28800, False, False)
    assert outlook.live is not None
    assert house.calls() == ["GetRoleCredentials ok", "GetCallerIdentity ok"]


def test_renewing_needs_a_login_once_it_is_over(house: PortalHouse) -> None:
    house.sign_in()
    for target in (VIEW, VIA):
        opened(house.engine(), target)
    assert (renewal(house, VIEW), renewal(house, VIA)) == ("no code", "no code")
    house.sign_out()
    assert (renewal(house, VIEW), renewal(house, VIA)) == ("a login", "no code"), "the chain's first session is live"
    house.engine().end(HUB)
    assert renewal(house, VIA) == "a login"
    assert [as_json(one, 0)["renewable"] for one in house.engine().live()] == [False, False]
    house.sign_in(seconds=60, refresh=None)
    assert renewal(house, VIEW) == "no code"
    house.shift += 61
    assert renewal(house, VIEW) == "a login"
    house.sign_in(seconds=60)
    house.shift += 61
    assert renewal(house, VIEW) == "no code", "the login is refreshed by itself"
    engine = house.engine()
    wants = {target: engine.outlook(engine.resolve(target)).login for target in (VIEW, DEVELOPER)}
    assert wants == {VIEW: False, DEVELOPER: False}
    house.sign_out()
    wants = {target: engine.outlook(engine.resolve(target)).login for target in (VIEW, DEVELOPER)}
    assert wants == {VIEW: False, DEVELOPER: True}


def test_nobody_signed_in_is_a_person_needed_and_aws_is_not_asked(house: PortalHouse) -> None:
    for target in (VIEW, VIA):
        with pytest.raises(PersonNeeded, match="nobody is signed in to corp") as caught:
            opened(house.engine(), target)
        assert (caught.value.exit_status, caught.value.hint) == (5, "xswitch identity login corp")
    assert house.calls() == []


def test_a_token_that_is_over_is_refreshed_on_the_way(house: PortalHouse) -> None:
    house.sign_in(seconds=60)
    house.shift += 61
    opened(house.engine(), VIEW)
    assert house.calls() == ["CreateToken ok", "GetRoleCredentials ok", "GetCallerIdentity ok"]


def test_a_guarded_one_is_used_for_the_environment_s_maximum_and_within_its_grant(house: PortalHouse) -> None:
    house.sign_in()
    engine = house.engine()
    session = opened(engine, GUARDED)
    assert (session.duration, session.why, session.asked) == (3600, "prod's maximum", 28800)
    assert session.expires - engine.now() <= 3600
    plan = engine.plan(engine.resolve(GUARDED))
    assert engine.serve(plan, Nobody()).credentials == session.credentials
    assert plan.guard is not None
    grants.revoke(engine.vault, plan.target, plan.guard)
    with pytest.raises(PersonNeeded):
        engine.serve(plan, Nobody())


def test_more_time_than_the_set_was_thought_to_give_is_asked_of_aws(house: PortalHouse) -> None:
    house.sign_in()
    assert opened(house.engine(), VIEW, min_left=7200).duration == 28800
    with pytest.raises(PersonNeeded, match="can't be had"):
        opened(house.engine(), DEVELOPER, min_left=7200)
    house.organization.directory.sets["Developer"].duration = 14400
    assert opened(house.engine(), DEVELOPER, min_left=7200).duration == 14400


def test_a_denial_is_explained_as_an_assignment(house: PortalHouse) -> None:
    house.sign_in()
    engine = house.engine()
    plan = engine.plan(engine.resolve("payments-staging/Unassigned"))
    with pytest.raises(Denied) as caught:
        engine.open(plan, Nobody())
    found = engine.explain(caught.value, plan)
    assert [stop.name for stop in found.wire] == ["corp", "payments-staging/Unassigned"]
    assert (found.broken_after, found.caller.verdict, found.sure) == (0, "denies", "AWS said which side")
    assert [(one.state, one.name) for one in found.caller.checks] == [("no", "assignment")]
    assert "Assign the permission set Unassigned in the account 555566667777" in found.change[0]
    assert "sts:AssumeRole" not in repr(found)


# ── served to SDKs and renewed


def test_what_is_left_is_served_while_the_login_is_over(house: PortalHouse) -> None:
    house.sign_in()
    house.faults.shorten(600, 1, "GetRoleCredentials")
    first = opened(house.engine(), VIEW)
    house.sign_out()
    engine = house.engine()
    plan = engine.plan(engine.resolve(VIEW))
    assert engine.serve(plan, Nobody()).credentials == first.credentials
    house.shift += 545
    with pytest.raises(PersonNeeded, match="nobody is signed in"):
        house.engine().serve(plan, Nobody())
    house.sign_in()
    second = house.engine().serve(plan, Nobody())
    assert second.expires - house.clock() > 28000


@pytest.mark.parametrize(
    ("target", "login", "until"),
    [
        (VIEW, {}, None),
        (VIEW, {"refresh": None, "seconds": 1800}, ("the login", 1800)),
        (VIA, {}, None),
        (VIA, None, ("the login's own session", 28800)),
    ],
)
def test_what_is_renewed_says_until_when_nobody_is_needed(
    house: PortalHouse, target: str, login: dict[str, object] | None, until: tuple[str, int] | None
) -> None:
    house.sign_in()
    if login is None:
        opened(house.engine(), target)
        house.sign_out()
    else:
        house.sign_in(**login)  # type: ignore[arg-type]
    engine = house.engine()
    kept = engine.keep(engine.plan(engine.resolve(target)), Nobody(), Nobody())
    if until is None:
        assert (kept.until, kept.what) == (None, "")
    else:
        assert kept.what == until[0]
        assert kept.until is not None
        assert until[1] - 30 < kept.until - engine.now() <= until[1]


def test_renewing_is_refused_at_once_where_the_login_is_over(house: PortalHouse) -> None:
    house.sign_in()
    opened(house.engine(), VIEW)
    house.sign_out()
    engine = house.engine()
    with pytest.raises(PersonNeeded, match="nobody is signed in"):
        engine.keep(engine.plan(engine.resolve(VIEW)), Nobody(), Nobody())
    house.sign_in(seconds=60)
    house.faults.reset(None, "CreateToken")
    house.shift += 61
    engine = house.engine()
    assert engine.keep(engine.plan(engine.resolve(VIEW)), Nobody(), Nobody()).until is None, "the network may come back"


# ── others' start URLs, doctor


def test_a_start_url_that_others_wrote_needs_consent_before_its_token_goes_anywhere(house: PortalHouse) -> None:
    house.sign_in()
    shared = house.paths.state / "shared" / "team" / "current"
    shared.mkdir(parents=True)
    own = CATALOG.replace(IDENTITY, "").replace('[defaults]\nidentity = "corp"\nregion = "eu-west-1"\n', "")
    (shared / "catalog.toml").write_text(
        f'version = 1\n[defaults]\nidentity = "corp"\n{IDENTITY}[[accounts]]\nid = "555566667777"\nname = "theirs"\n'
        'roles = [{ name = "ViewOnly" }]\n'
    )
    house.paths.catalog_file.write_text(own.partition("[[accounts]]")[0])
    with pytest.raises(PersonNeeded, match="not consented"):
        opened(house.engine(), "theirs/ViewOnly")
    with pytest.raises(PersonNeeded, match="not consented"):
        sync.identity_center(house.engine(), sync.Request("corp"), lambda *_: None)
    assert house.calls() == []


def test_doctor_says_who_is_signed_in(house: PortalHouse) -> None:
    def found() -> tuple[str, str, str]:
        (one,) = identities.check(Machine(house.engine()))
        return one.level, one.message, one.hint

    assert found() == ("warn", "corp: nobody is signed in", "xswitch identity login corp")
    house.sign_in()
    assert found() == ("ok", "corp: signed in, renewed by itself", "")
    house.sign_in(refresh=None)
    assert found()[:2] == ("ok", "corp: signed in, for 59m") or found()[1].endswith("for 1h")
    house.shift += 3601
    assert found()[0] == "warn"


# ── the portal as a source


def synced(house: PortalHouse, **asked: object) -> sync.Synced:
    return sync.identity_center(house.engine(), sync.Request(**asked), lambda *_: None)  # type: ignore[arg-type]


def test_the_portal_is_read_and_its_targets_open(house: PortalHouse) -> None:
    house.sign_in()
    found = synced(house)
    assert (found.name, found.left, len(found.changes.new)) == ("identity-center-corp", (), len(found.draft.accounts))
    assert not house.paths.catalog_folder.exists()
    path = Path(sync.keep(house.engine(), found))
    assert path == house.paths.catalog_folder / "identity-center-corp.toml"
    assert not list((house.paths.state / "sync").glob("*"))
    assert opened(house.engine(), "web-dev/ViewOnly").account == "web-dev"
    before = path.stat().st_mtime_ns
    again = synced(house)
    sync.keep(house.engine(), again)
    assert (bool(again.changes), path.stat().st_mtime_ns) == (False, before)


def test_a_failure_keeps_the_last_good_file(house: PortalHouse) -> None:
    house.sign_in()
    path = Path(sync.keep(house.engine(), synced(house)))
    before = path.read_bytes()
    house.organization.account("555566667777").name = "renamed"
    house.faults.deny(1, "ListAccountRoles", {"account_id": "444455556666"})
    with pytest.raises(Denied, match="ListAccountRoles"):
        synced(house)
    assert path.read_bytes() == before
    assert (house.paths.state / "sync" / "identity-center-corp.json").exists()
    found = synced(house)
    assert found.resumed > 0
    assert found.changes.renamed == ("payments-staging -> renamed",)
    house.organization.directory.assigned.clear()
    with pytest.raises(NoSuchTarget):
        synced(house, fresh=True)
    assert path.read_bytes() == before


def test_whose_portal_is_read(house: PortalHouse) -> None:
    second = IDENTITY.replace("corp", "other").replace("acme", "beta")
    house.paths.catalog_file.write_text(CATALOG + second + '[identities.keys]\nkind = "keys"\n')
    house.sign_in()
    assert synced(house).name == "identity-center-corp", "the default identity"
    with pytest.raises(PersonNeeded, match="nobody is signed in to other"):
        synced(house, identity="other")
    with pytest.raises(Usage, match="kind keys"):
        synced(house, identity="keys")
    with pytest.raises(NoSuchTarget, match="nobody"):
        synced(house, identity="nobody")
    text = (
        (CATALOG + second)
        .replace('[defaults]\nidentity = "corp"\nregion = "eu-west-1"\n', "")
        .partition("[[accounts]]")[0]
    )
    house.paths.catalog_file.write_text(text + second)
    with pytest.raises(Usage, match="more than one") as caught:
        synced(house)
    assert caught.value.hint.endswith("corp, other")
    house.paths.catalog_file.write_text("version = 1\n")
    with pytest.raises(Usage, match="there is no login"):
        synced(house)
    house.paths.catalog_file.write_text(CATALOG)
    house.faults.reset(None, "ListAccounts")
    with pytest.raises(Unreachable):
        synced(house)


def test_an_organization_can_be_read_with_a_session_of_the_login_and_not_with_the_login(house: PortalHouse) -> None:
    house.sign_in()
    with pytest.raises(Usage, match="no keys of its own"):
        sync.organizations(house.engine(), sync.Request("corp"), Nobody(), lambda *_: None)


def test_a_file_of_that_name_that_a_person_wrote_stays(house: PortalHouse) -> None:
    house.sign_in()
    house.paths.catalog_folder.mkdir()
    file = house.paths.catalog_folder / "identity-center-corp.toml"
    file.write_text("# mine\nversion = 1\n")
    with pytest.raises(InvalidConfig):
        synced(house)
    assert file.read_text() == "# mine\nversion = 1\n"
