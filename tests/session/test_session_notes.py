"""What is remembered beside sessions: what AWS taught, codes that were sent, grants, external ids."""

from __future__ import annotations

import json
import multiprocessing
import os
from dataclasses import replace
from pathlib import Path

import pytest
from session_doubles import ADA, NOW, PAYMENTS, PROD, SERIAL, Clock, MemoryStore, a_target

from xswitch.catalog.model import VaultRef
from xswitch.errors import InvalidConfig, Usage, VaultUnavailable
from xswitch.secret import Secret
from xswitch.session import grants
from xswitch.session.codes import REMEMBERED, SpentCodes
from xswitch.session.externals import external_id, keep_external_id, versions
from xswitch.session.learnt import DENIED_KEPT, KEPT, SKEW_KEPT, Learnt
from xswitch.vault.steady import Beat

ROLE = "arn:aws:iam::444455556666:role/Deploy"


# ── learnt


class Steady:
    """The clock that nobody sets: it goes on with ours until ours is set."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.set_by = 0.0
        self.boot = "this-boot"

    def __call__(self) -> Beat:
        return Beat(self.boot, self.clock.now - self.set_by - NOW + 500)

    def turn(self, seconds: float) -> None:
        """Set our clock forward."""
        self.clock.now += seconds
        self.set_by += seconds


@pytest.mark.parametrize("set_by", [54_000, -54_000, 3600, 61, -61])
def test_a_difference_of_the_clocks_is_over_once_ours_was_set(tmp_path, set_by):
    clock = Clock()
    steady = Steady(clock)
    learnt = Learnt(tmp_path / "state", clock, steady)
    learnt.learn_skew(54_000)
    clock.now += 3600
    other = Learnt(tmp_path / "state", clock, steady)
    assert (learnt.skew, other.skew) == (54_000, 54_000), "time that went by changes nothing"
    steady.turn(set_by)
    assert (learnt.skew, other.skew) == (0, 0)
    learnt.learn_skew(54_000 - set_by)
    assert other.skew == 54_000 - set_by


def test_a_clock_that_is_slewed_is_not_one_that_was_set(tmp_path):
    clock = Clock()
    steady = Steady(clock)
    learnt = Learnt(tmp_path / "state", clock, steady)
    learnt.learn_skew(900)
    steady.turn(40)
    assert learnt.skew == 900


def test_a_difference_of_the_clocks_does_not_outlive_the_boot(tmp_path):
    clock = Clock()
    steady = Steady(clock)
    learnt = Learnt(tmp_path / "state", clock, steady)
    learnt.learn_skew(54_000)
    steady.boot = "another"
    assert learnt.skew == 0
    learnt.learn_skew(0)
    steady.boot = "this-boot"
    learnt.learn_skew(0)
    assert learnt.skew == 0, "AWS's clock is ours again"


def test_the_file_is_parsed_again_only_when_it_changed(tmp_path, monkeypatch):
    clock = Clock()
    steady = Steady(clock)
    learnt, other = (Learnt(tmp_path / "state", clock, steady) for _ in range(2))
    learnt.learn_skew(900)
    parsed: list[int] = []
    loads = json.loads
    monkeypatch.setattr(json, "loads", lambda text: (parsed.append(1), loads(text))[1])
    assert [other.skew for _ in range(50)] == [900] * 50
    assert len(parsed) == 1
    learnt.learn_maximum(ROLE, 7200, read=True)
    parsed.clear()
    assert [other.maxima() for _ in range(5)] == [{ROLE: 7200}] * 5
    assert len(parsed) == 1
    (tmp_path / "state" / "learnt.json").unlink()
    assert (other.skew, other.maxima()) == (0, {})


def test_who_may_read_roles_is_remembered_and_who_may_not_for_a_day(tmp_path):
    clock = Clock()
    learnt = Learnt(tmp_path / "state", clock)
    reader = "arn:aws:sts::444455556666:assumed-role/ReadOnly"
    assert learnt.reader(reader) is None
    learnt.learn_reader(reader, can=False)
    assert learnt.reader(reader) is False
    clock.now += DENIED_KEPT
    assert learnt.reader(reader) is None
    learnt.learn_reader(reader, can=True)
    clock.now += 30 * 86400
    assert Learnt(tmp_path / "state", clock).reader(reader) is True


def test_where_a_maximum_is_from_is_remembered(tmp_path):
    learnt = Learnt(tmp_path / "state", Clock())
    learnt.learn_maximum(ROLE, 3600)
    assert (learnt.read_maximum(ROLE), learnt.maxima()) == (None, {ROLE: 3600})
    assert not learnt.certain(ROLE, 3601)
    learnt.learn_maximum(ROLE, 7200, read=True)
    assert (learnt.read_maximum(ROLE), learnt.certain(ROLE, 7200), learnt.certain(ROLE, 7201)) == (7200, True, False)
    learnt.learn_granted(ROLE, 9000)
    assert learnt.certain(ROLE, 9000)


def test_what_was_learnt_is_known_to_the_next_process_and_for_its_time(tmp_path):
    clock = Clock()
    steady = Steady(clock)
    learnt = Learnt(tmp_path / "state", clock, steady)
    learnt.learn_granted(ROLE, 7200)
    learnt.learn_granted(ROLE, 3600)
    learnt.learn_caller(ADA)
    learnt.learn_skew(5400.4)
    other = Learnt(tmp_path / "state", clock, steady)
    assert (other.maxima(), other.granted(ROLE), other.caller("central"), other.skew) == ({}, 7200, ADA, 5400)
    learnt.learn_maximum(ROLE, 3600)
    assert (other.maxima(), other.granted(ROLE)) == ({ROLE: 3600}, 0)
    clock.now += SKEW_KEPT
    assert other.skew == 0
    clock.now = NOW + KEPT
    assert other.maxima() == {}
    clock.now = NOW - 10
    assert other.maxima() == {}, "a clock that was set back makes nothing certain"


def test_a_caller_goes_by_the_fingerprint_of_the_key(tmp_path):
    learnt = Learnt(tmp_path / "state", Clock())
    learnt.learn_caller(ADA)
    assert learnt.caller("central", ADA.fingerprint) == ADA
    assert learnt.caller("central", "other") is None
    assert learnt.caller("corp") is None
    learnt.forget_caller("central")
    assert Learnt(tmp_path / "state", Clock()).caller("central") is None


def test_small_differences_of_the_clocks_are_not_written(tmp_path):
    learnt = Learnt(tmp_path / "state", Clock())
    learnt.learn_skew(4.9)
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"roles": 1, "callers": [], "clock": "x"}',
        json.dumps(
            {
                "roles": {ROLE: {"most": "3600", "at": 1, "granted": "x"}, "x": 1, "y": {"most": 10**9, "at": NOW}},
                "callers": {"central": {"kind": ["user"], "arn": 1}},
                "clock": {"skew": {"seconds": "1", "at": None}},
            }
        ).encode(),
        b'{"clock": {"skew": {"seconds": 1e400, "at": NaN}}, "roles": {"r": {"most": true, "at": 1790000010}}}',
    ],
)
def test_a_damaged_file_is_begun_anew(tmp_path, content):
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (state / "learnt.json").write_bytes(content)
    (state / "learnt.json").chmod(0o600)
    learnt = Learnt(state, Clock())
    assert (learnt.maxima(), learnt.granted(ROLE), learnt.caller("central"), learnt.skew) == ({}, 0, None, 0.0)
    learnt.learn_maximum(ROLE, 3600)
    assert Learnt(state, Clock()).maxima() == {ROLE: 3600}


def test_a_state_folder_that_can_t_be_written_is_no_reason_to_fail(tmp_path):
    (tmp_path / "state").write_text("a file")
    learnt = Learnt(tmp_path / "state", Clock())
    learnt.learn_maximum(ROLE, 3600)
    learnt.learn_caller(ADA)
    assert learnt.maxima() == {ROLE: 3600}, "this process still knows"
    assert learnt.caller("central") == ADA
    assert (tmp_path / "state").read_text() == "a file"


def _learn(state: str, number: int) -> None:
    learnt = Learnt(Path(state), Clock())
    for each in range(10):
        learnt.learn_maximum(f"arn:{number}:{each}", 3600)


def test_processes_that_learn_at_once_lose_nothing(tmp_path):
    context = multiprocessing.get_context("spawn")
    learners = [context.Process(target=_learn, args=(str(tmp_path / "state"), number)) for number in range(3)]
    for learner in learners:
        learner.start()
    for learner in learners:
        learner.join(60)
        assert learner.exitcode == 0
    assert len(Learnt(tmp_path / "state", Clock()).maxima()) == 30
    names = sorted(os.listdir(tmp_path / "state"))
    assert names == ["learnt.json", "learnt.json.lock"]
    assert (tmp_path / "state" / "learnt.json").stat().st_mode & 0o777 == 0o600


# ── codes


def test_a_code_is_spent_once_for_two_minutes_and_leaves_no_trace_of_itself():
    clock, store = Clock(), MemoryStore()
    codes = SpentCodes(store, clock)
    assert codes.wait(SERIAL) == 0
    assert codes.spend(SERIAL, Secret("123456")) == 0
    assert codes.wait(SERIAL) == 30
    assert SpentCodes(store, clock).spend(SERIAL, Secret("123456")) == 30
    assert codes.spend("another-device", Secret("123456")) == 0
    assert codes.spend(SERIAL, Secret("654321")) == 0
    clock.now += 29.5
    assert (codes.wait(SERIAL), codes.spend(SERIAL, Secret("123456"))) == (1, 1)
    clock.now += 0.5
    assert codes.wait(SERIAL) == 0
    assert codes.spend(SERIAL, Secret("123456")) == 30, "the device's clock may be a step behind"
    clock.now = NOW + REMEMBERED
    assert codes.spend(SERIAL, Secret("123456")) == 0
    for record in store.records.values():
        assert b"123456" not in record.payload
        assert "123456" not in repr(record.header)
        assert SERIAL not in record.header.name


def test_a_clock_that_jumps_does_not_lock_a_device_out():
    clock, store = Clock(), MemoryStore()
    codes = SpentCodes(store, clock)
    codes.spend(SERIAL, Secret("123456"))
    clock.now -= 365 * 86400
    assert codes.wait(SERIAL) == 0
    assert codes.spend(SERIAL, Secret("123456")) == 0


def test_what_can_t_be_noted_is_not_spent():
    store = MemoryStore()
    store.broken = {"write"}
    codes = SpentCodes(store, Clock())
    with pytest.raises(VaultUnavailable):
        codes.spend(SERIAL, Secret("123456"))
    store.broken.clear()
    assert codes.spend(SERIAL, Secret("123456")) == 0


# ── grants


def test_a_grant_lasts_as_long_as_its_environment_says_and_is_for_one_role():
    store, target = MemoryStore(), a_target(PAYMENTS, "Deploy")
    made = grants.grant(store, target, PROD, "PAY-1423", NOW)
    assert (made.until, made.reason) == (NOW + 3600, "PAY-1423")
    assert grants.live_grant(store, target, PROD, NOW + 3599) == made
    assert grants.granted_until(store, target, PROD, NOW + 3599) == NOW + 3600
    assert grants.live_grant(store, target, PROD, NOW + 3600) is None
    assert grants.granted_until(store, target, PROD, NOW + 3600) is None
    assert grants.live_grant(store, a_target(PAYMENTS, "Admin"), PROD, NOW) is None
    assert grants.live_grant(store, target, replace(PROD, name="other"), NOW) is None


def test_a_grant_without_a_maximum_lasts_an_hour_and_a_new_maximum_counts_at_once():
    store, target = MemoryStore(), a_target(PAYMENTS, "Deploy")
    free = replace(PROD, max_duration=None)
    assert grants.grant(store, target, free, "", NOW).until == NOW + 3600
    assert grants.live_grant(store, target, replace(PROD, max_duration=900), NOW + 900) is None
    assert grants.live_grant(store, target, replace(PROD, max_duration=14400), NOW + 3600) is None


def test_a_grant_from_the_future_is_none():
    store, target = MemoryStore(), a_target(PAYMENTS, "Deploy")
    grants.grant(store, target, PROD, "", NOW)
    assert grants.live_grant(store, target, PROD, NOW - 3600) is None


@pytest.mark.parametrize("back", [600.0, 3000.0])
def test_a_clock_set_back_while_a_grant_holds_makes_it_no_longer(back):
    """Fifty minutes after it was given the clock goes back: the grant is over an hour after it was given all the same."""
    store, target = MemoryStore(), a_target(PAYMENTS, "Deploy")
    grants.grant(store, target, PROD, "", NOW, Beat("boot-1", 100.0))

    def live(seconds, clock, boot="boot-1"):
        return grants.live_grant(store, target, PROD, NOW + clock, Beat(boot, 100.0 + seconds)) is not None

    assert live(3000, 3000)
    assert live(3001, 3001 - back)
    assert not live(3600, 3600 - back)
    assert live(50, 3000, boot="boot-2"), "another boot's steady clock says nothing"


def test_a_grant_can_be_revoked():
    store, target = MemoryStore(), a_target(PAYMENTS, "Deploy")
    grants.grant(store, target, PROD, "", NOW)
    assert grants.revoke(store, target, PROD)
    assert not grants.revoke(store, target, PROD)
    assert grants.live_grant(store, target, PROD, NOW) is None


# ── external ids


def test_an_external_id_is_kept_under_its_own_source_and_its_version_changes():
    store, own, shared = MemoryStore(), VaultRef("deploy"), VaultRef("deploy", "team")
    version = versions(store)
    assert version(own) == ""
    keep_external_id(store, own, Secret("of-the-person"), NOW)
    keep_external_id(store, shared, Secret("of-the-team"), NOW)
    assert external_id(store, own, wanted_by="x").reveal() == "of-the-person"
    assert external_id(store, shared, wanted_by="x").reveal() == "of-the-team"
    first = version(own)
    keep_external_id(store, own, Secret("of-the-person"), NOW)
    assert len({first, version(own), version(shared), ""}) == 4
    assert all("of-the" not in repr(record.header) for record in store.records.values())


@pytest.mark.parametrize("name", ["a/b", "", "../../etc/passwd", "team/deploy"])
def test_names_of_two_sources_never_meet(name):
    store = MemoryStore()
    refs = [VaultRef(name), VaultRef("b", "a"), VaultRef("", "a/b"), VaultRef("b/x", "a"), VaultRef("x", "a/b")]
    for number, ref in enumerate(refs):
        keep_external_id(store, ref, Secret(f"value-{number}"), NOW)
    found = [external_id(store, ref, wanted_by="x").reveal() for ref in refs]
    assert found == [f"value-{number}" for number in range(len(refs))]


@pytest.mark.parametrize("value", ["", "x", "x" * 1225, "a b", "é" * 3, "value\n", "a*b"])
def test_an_external_id_that_aws_refuses_is_refused(value):
    store = MemoryStore()
    with pytest.raises(Usage) as caught:
        keep_external_id(store, VaultRef("deploy"), Secret(value), NOW)
    assert not store.records
    assert not value or value not in str(caught.value) or len(value) < 3


def test_a_missing_one_names_its_file_and_key():
    with pytest.raises(InvalidConfig, match="no external id deploy for web/Deploy") as caught:
        external_id(MemoryStore(), VaultRef("deploy"), wanted_by="web/Deploy", origin="catalog.toml:12")
    assert caught.value.exit_status == 3
    assert "catalog.toml:12" in caught.value.message
