"""A logout: here in any case, at AWS where that can be told, and of no other login."""

from __future__ import annotations

from dataclasses import replace

import pytest
from login_house import CORP, OTHER, LoginHouse

from xswitch.errors import PersonNeeded


def test_a_logout_ends_it_here_and_at_aws(house: LoginHouse) -> None:
    token = house.sign_in()
    assert house.sign_out() == (True, "")
    assert not house.accepted(token)
    assert not house.file.exists()
    assert house.calls("Logout") == 1
    assert house.sign_out() == (False, "")
    assert house.calls("Logout") == 1
    with pytest.raises(PersonNeeded):
        house.token()


def test_a_login_whose_token_ran_out_is_ended_at_aws_too(house: LoginHouse) -> None:
    """What could still be refreshed would live on for hours."""
    house.sign_in()
    house.now += 3700
    assert house.sign_out() == (True, "")
    assert house.directory.grants[0].ended
    assert not house.file.exists()


@pytest.mark.parametrize(
    ("kind", "words"), [("reset", ""), ("throttle", "throttling"), ("fail", ""), ("deny", "denied")]
)
def test_where_aws_can_not_be_told_it_is_ended_here(house: LoginHouse, kind: str, words: str) -> None:
    house.sign_in()
    getattr(house.faults, kind)(None, "Logout")
    done = house.sign_out()
    assert done.there
    assert done.untold
    assert words in done.untold
    assert not house.file.exists()


def test_a_portal_that_is_busy_is_told_in_the_end_and_one_that_ended_the_login_itself_is_no_failure(
    house: LoginHouse,
) -> None:
    token = house.sign_in()
    house.faults.throttle(2, "Logout")
    assert house.sign_out() == (True, "")
    assert house.pauses == [0.25, 0.5]
    assert not house.accepted(token)
    house.sign_in()
    house.directory.grants[-1].ended = True
    assert house.sign_out() == (True, "")


def test_a_logout_touches_no_other_login(house: LoginHouse) -> None:
    second = replace(CORP, name="second", sso_session="second")
    house.sign_in()
    token = house.sign_in(second)
    files = {path.name: path.read_bytes() for path in house.folder.iterdir()}
    done = house.sign_out(OTHER)
    assert done == (False, ""), "the file of that name is of another portal"
    assert {path.name: path.read_bytes() for path in house.folder.iterdir()} == files
    house.sign_out()
    assert house.token(second) == token
    assert house.accepted(token)


def test_a_logout_removes_what_can_not_be_read(house: LoginHouse) -> None:
    house.folder.mkdir(parents=True)
    house.file.write_bytes(b'{"accessToken": "half')
    assert house.sign_out() == (True, "")
    assert not house.file.exists()
    assert not house.sandbox.calls
