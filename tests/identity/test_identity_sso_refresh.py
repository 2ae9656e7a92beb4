"""A token that is about to end: who refreshes it and when, and what is served where that fails."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from login_house import CORP, NEAR, LoginHouse

from xswitch.catalog.model import Identity
from xswitch.errors import Denied, PersonNeeded, Unreachable
from xswitch.identity import sso, sso_tokens
from xswitch.identity.consent import Consents
from xswitch.vault.folder import Folder
from xswitch.vault.locks import hold


def test_a_token_that_is_good_is_read_and_nothing_else_is_done(house: LoginHouse) -> None:
    token = house.sign_in()
    shutil.rmtree(house.state)
    assert house.token() == token
    assert not house.state.exists()
    assert house.calls("CreateToken") == 1


def test_a_token_is_refreshed_five_minutes_before_its_end_and_the_rotated_one_is_kept(house: LoginHouse) -> None:
    first = house.sign_in()
    house.now += NEAR - 2
    assert house.token() == first
    house.now += 2
    others = house.data() | {"theirs": {"kept": [1]}}
    house.file.write_text(json.dumps(others))
    second = house.token()
    assert house.accepted(second)
    assert not house.accepted(first)
    assert second.refresh != first.refresh
    data = house.data()
    assert data["refreshToken"] == house.directory.grants[0].refresh
    assert (data["theirs"], data["accessToken"]) == ({"kept": [1]}, second.access.reveal())
    assert second.expires == house.now + 3600
    house.now += 3700
    third = house.token()
    assert house.accepted(third), "one that has ended is refreshed too"
    assert house.calls("CreateToken") == 3
    assert house.file.stat().st_mode & 0o777 == 0o600


def test_a_refresh_that_gives_no_new_refresh_token_keeps_the_one_there_was(house: LoginHouse) -> None:
    house.sign_in()
    house.directory.rotates = False
    before = house.directory.grants[0].refresh
    issue = type(house.directory).issue

    def without(*args, **more):
        return {name: value for name, value in issue(*args, **more).items() if name != "refreshToken"}

    type(house.directory).issue = without
    try:
        house.now += NEAR
        house.token()
    finally:
        type(house.directory).issue = issue
    assert house.data()["refreshToken"] == before


def test_a_refresh_token_that_is_refused_needs_the_person(house: LoginHouse) -> None:
    first = house.sign_in()
    house.directory.grants[0].ended = True
    house.now += NEAR
    assert house.token() == first, "what is left of it is served"
    house.now += 300
    with pytest.raises(PersonNeeded, match="has ended") as caught:
        house.token()
    assert caught.value.hint == "xswitch identity login corp"
    assert house.data()["refreshToken"], "the file is as it was"


def test_a_client_whose_registration_ended_is_not_tried(house: LoginHouse) -> None:
    house.sign_in()
    house.now += 91 * 86400
    calls = len(house.sandbox.calls)
    with pytest.raises(PersonNeeded):
        house.token()
    assert len(house.sandbox.calls) == calls


def test_while_the_network_fails_the_old_token_is_served_and_it_is_not_tried_at_each_call(house: LoginHouse) -> None:
    first = house.sign_in()
    house.now += NEAR
    house.faults.reset(None, "CreateToken")
    before = len(house.sandbox.calls)
    for _ in range(4):
        assert house.token() == first
    assert len(house.sandbox.calls) == before + 1
    assert house.pauses == [], "nobody waits while there is a token"
    house.now += 61
    assert house.token() == first
    assert len(house.sandbox.calls) == before + 2
    house.now += 300
    with pytest.raises(Unreachable):
        house.token()
    assert house.pauses == [0.25, 0.5]
    house.faults.clear()
    assert house.accepted(house.token()), "a token that has ended is tried for at once"
    assert not list((house.state / "sso").glob("*.failed"))


def test_a_denial_while_the_old_token_lives_is_passed_over(house: LoginHouse) -> None:
    first = house.sign_in()
    house.now += NEAR
    house.faults.deny(1, "CreateToken")
    assert house.token() == first
    house.now += 600
    house.faults.deny(1, "CreateToken")
    with pytest.raises(Denied):
        house.token()


def test_a_token_that_the_portal_refuses_half_way_is_not_served_again(house: LoginHouse) -> None:
    first = house.sign_in()
    second = house.token(refused=first)
    assert house.accepted(second)
    assert house.token(refused=first) == second, "another asks with the same old one"
    assert house.calls("CreateToken") == 2
    house.directory.grants[0].ended = True
    with pytest.raises(PersonNeeded):
        house.token(refused=second)
    house.faults.reset(None, "CreateToken")
    with pytest.raises(Unreachable):
        house.token(refused=second)


def test_what_another_tool_refreshed_meanwhile_is_taken(house: LoginHouse) -> None:
    """The AWS CLI takes no part in our lock: it may spend the refresh token between our look and our call."""
    house.sign_in()
    house.now += NEAR
    theirs = house.data()
    grant = house.directory.grants[0]
    fresh = house.directory.issue(house.organization, grant, house.now, refreshable=True)
    theirs |= {"accessToken": fresh["accessToken"], "refreshToken": fresh["refreshToken"]}
    theirs["expiresAt"] = "2026-03-01T14:00:00Z"
    place = sso_tokens.read
    looks: list[int] = []

    def read(identity: Identity, folder: Path):
        found = place(identity, folder)
        looks.append(1)
        if len(looks) == 2:  # after the look under the lock
            house.file.write_text(json.dumps(theirs))
        return found

    sso_tokens.read = read
    try:
        token = house.token()
    finally:
        sso_tokens.read = place
    assert token.access.reveal() == fresh["accessToken"]
    assert house.data() == theirs


@pytest.mark.parametrize("there", ["another login", "a logout"])
def test_what_another_tool_did_during_a_refresh_is_not_written_over(house: LoginHouse, there: str) -> None:
    house.sign_in()
    house.now += NEAR
    theirs = house.data() | {"accessToken": "theirs", "expiresAt": "2026-03-01T20:00:00Z"}
    issue = type(house.directory).issue

    def meanwhile(*args, **more):
        house.file.write_text(json.dumps(theirs)) if there == "another login" else house.file.unlink()
        return issue(*args, **more)

    type(house.directory).issue = meanwhile
    try:
        if there == "another login":
            assert house.token().access.reveal() == "theirs"
            assert house.data() == theirs
        else:
            with pytest.raises(PersonNeeded):
                house.token()
            assert not house.file.exists()
    finally:
        type(house.directory).issue = issue


def test_a_refreshed_token_that_can_not_be_written_serves_and_that_is_told(house: LoginHouse, monkeypatch) -> None:
    house.sign_in()
    house.now += NEAR
    told: list[str] = []

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sso_tokens, "write_atomically", full)
    token = house.token(note=told.append)
    assert house.accepted(token)
    assert len(told) == 1
    assert "no space left" in told[0]


def test_a_busy_service_is_asked_again_for_a_refresh(house: LoginHouse) -> None:
    house.sign_in()
    house.now += 3700
    house.faults.throttle(2, "CreateToken")
    assert house.accepted(house.token())
    assert house.pauses == [0.25, 0.5]


def test_a_shared_catalogs_start_url_needs_consent_before_a_token_is_given(house: LoginHouse) -> None:
    house.sign_in()
    shared = replace(CORP, source="team")
    with pytest.raises(PersonNeeded, match="have not consented"):
        house.token(shared)
    Consents(house.state).give(shared, "start_url", shared.start_url)
    assert house.token(shared)


CROWD = """
import json, os, sys
from pathlib import Path
from xswitch.catalog.model import Identity
from xswitch.identity import sso, sso_login, sso_service
from xswitch.errors import XswitchError
import botocore.session
home, url, now, number = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
corp = Identity("corp", "sso", sso_session="acme", start_url="https://acme.awsapps.com/start", sso_region="eu-west-1")
environ = {"HOME": home, "AWS_ENDPOINT_URL": url}
begin, go = os.pipe()
ends = []
for _ in range(number):
    end, say = os.pipe()
    if os.fork() == 0:
        os.close(go)
        os.read(begin, 1)
        try:
            said = sso.token_of(corp, environ, Path(home) / "x" / "state", now).access.reveal()
        except XswitchError as error:
            said = type(error).__name__
        os.write(say, said.encode())
        os._exit(0)
    os.close(say)
    ends.append(end)
os.close(begin)
os.close(go)
print(json.dumps([os.read(end, 65536).decode() for end in ends]))
for _ in range(number):
    os.wait()
"""


def crowd(house: LoginHouse, number: int = 100) -> list[str]:
    """Ask for the token in so many processes at once; return what each got."""
    argv = [sys.executable, "-c", CROWD, str(house.home), house.sandbox.url, str(house.now), str(number)]
    environ = {"PATH": os.environ["PATH"], "HOME": str(house.home)}
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    assert len(found) == number
    return found


def test_a_hundred_processes_refresh_once(house: LoginHouse) -> None:
    first = house.sign_in()
    house.now += 3700
    got = set(crowd(house))
    assert got == {house.data()["accessToken"]}
    assert got != {first.access.reveal()}
    assert house.calls("CreateToken") == 2
    assert sorted(path.suffix for path in (house.state / "sso").iterdir()) == [".lock", ".sign-in"]


def test_a_hundred_processes_that_are_refused_or_find_no_network(house: LoginHouse) -> None:
    house.sign_in()
    house.now += 3700
    house.faults.fail(None, "CreateToken")
    before = len(house.sandbox.calls)
    assert set(crowd(house)) == {"Unreachable"}
    assert len(house.sandbox.calls) - before <= 6, "one process tries, or a late second one"


def test_a_lock_that_another_keeps_is_not_waited_for_while_a_token_serves(house: LoginHouse, monkeypatch) -> None:
    first = house.sign_in()
    house.now += NEAR
    monkeypatch.setattr(sso, "_SHORT", 0.05)
    monkeypatch.setattr(sso, "_HOLDER_SECONDS", 0.05)
    with hold(Folder(str(house.state / "sso")), f"{house.file.stem}.lock", timeout=1, purpose="standing still"):
        assert house.token() == first
        house.now += 300
        with pytest.raises(Unreachable, match="standing still"):
            house.token()
        assert house.sign_out().there, "a logout goes on without"
    assert not house.file.exists()
