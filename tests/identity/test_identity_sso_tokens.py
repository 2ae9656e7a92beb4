"""The shared token file: what is read of it, what is written over, and what is left of a killed writer."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest
from login_house import BEGIN, CORP, NEAR, OTHER, LoginHouse, in_background

from xswitch.errors import PersonNeeded, VaultUnavailable
from xswitch.identity import sso_tokens


def test_nobody_is_signed_in(house: LoginHouse) -> None:
    with pytest.raises(PersonNeeded, match="nobody is signed in to corp") as caught:
        house.token()
    assert caught.value.hint == "xswitch identity login corp"
    assert not house.sandbox.calls


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"accessToken": "a", "expiresAt": "2026-03-01T13:00',
        b"[]",
        b"null",
        b"\xff\xfe{}",
        b"[" * 100_000,
        b'{"accessToken": 1, "expiresAt": "2026-03-01T13:00:00Z"}',
        b'{"accessToken": "", "expiresAt": "2026-03-01T13:00:00Z"}',
        b'{"accessToken": "a"}',
        b'{"accessToken": "a", "expiresAt": 1772370000}',
        b'{"accessToken": "a", "expiresAt": "soon"}',
        b'{"accessToken": "a", "expiresAt": "2026-03-01T13:00:00Z", "startUrl": "https://other.awsapps.com/start"}',
        b'{"accessToken": "a", "expiresAt": "2026-03-01T13:00:00Z", "startUrl": ["https://acme.awsapps.com/start"]}',
        b'{"clientId": "a", "clientSecret": "b", "expiresAt": "2026-03-01T13:00:00Z"}',
    ],
)
def test_a_file_that_holds_no_token_of_ours_is_none(house: LoginHouse, content: bytes) -> None:
    house.folder.mkdir(parents=True)
    house.file.write_bytes(content)
    with pytest.raises(PersonNeeded):
        house.token()
    assert house.file.read_bytes() == content
    assert house.accepted(house.sign_in())
    assert house.token()


@pytest.mark.parametrize(
    "make", [lambda path: path.mkdir(), os.mkfifo, lambda path: path.symlink_to(path.parent / "no")]
)
def test_what_is_no_file_is_none(house: LoginHouse, make) -> None:
    house.folder.mkdir(parents=True)
    make(house.file)
    with pytest.raises(PersonNeeded):
        house.token()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("2026-03-01T13:00:00Z", 3600),
        ("2026-03-01T13:00:00UTC", 3600),
        ("2026-03-01T13:00:00.250Z", 3600.25),
        ("2026-03-01T14:00:00+01:00", 3600),
        ("2026-03-01T13:00:00", 3600),
    ],
)
def test_times_as_the_aws_cli_and_the_sdks_write_them(house: LoginHouse, text: str, left: float) -> None:
    house.folder.mkdir(parents=True)
    url = CORP.start_url + "/#/"
    house.file.write_text(json.dumps({"accessToken": "a", "expiresAt": text, "startUrl": url, "region": "eu-west-1"}))
    token = house.token()
    assert (token.expires - BEGIN, token.refreshable) == (left, False)


def test_a_token_without_refresh_serves_to_its_last_second(house: LoginHouse) -> None:
    house.folder.mkdir(parents=True)
    house.file.write_text('{"accessToken": "a", "expiresAt": "2026-03-01T13:00:00Z"}')
    house.now += 3599
    assert house.token().access.reveal() == "a"
    house.now += 1
    with pytest.raises(PersonNeeded, match="the login of corp has ended"):
        house.token()
    assert not house.sandbox.calls


def test_a_folder_that_takes_no_login_is_told_before_the_person_is_asked(tmp_path: Path) -> None:
    sso_tokens.make_ready(tmp_path / "new" / "cache")
    assert (tmp_path / "new" / "cache").stat().st_mode & 0o777 == 0o700
    (tmp_path / "file").write_text("")
    with pytest.raises(VaultUnavailable, match="not a directory") as caught:
        sso_tokens.make_ready(tmp_path / "file" / "cache")
    assert "writable" in caught.value.hint


def test_what_a_killed_writer_left_is_cleared(house: LoginHouse) -> None:
    house.sign_in()
    torn = house.folder / f".{house.file.name}.99999999.00000000.tmp"
    torn.write_text("half")
    house.sign_in()
    assert not torn.exists()
    torn.write_text("half")
    house.sign_out()
    assert not torn.exists()


def test_readers_see_whole_tokens_while_logins_write(house: LoginHouse) -> None:
    house.sign_in()
    stop = threading.Event()
    seen: list[object] = []

    def look() -> None:
        while not stop.is_set():
            seen.append(sso_tokens.read(CORP, house.folder))

    reader = in_background(look)
    for _ in range(5):
        house.sign_in()
    stop.set()
    reader.join(10)
    assert None not in seen


def test_a_login_takes_nothing_over_from_another_portals_file(house: LoginHouse) -> None:
    house.sign_in()
    house.file.write_text(json.dumps(house.data() | {"startUrl": OTHER.start_url, "theirs": 1}))
    house.sign_in()
    assert "theirs" not in house.data()
    assert house.data()["startUrl"] == CORP.start_url


def test_the_practice_organization_has_a_folder_of_its_own(house: LoginHouse) -> None:
    house.environ["XSWITCH_PRACTICE"] = "http://127.0.0.1:1/x"
    house.folder = sso_tokens.folder_in(house.environ, house.state)
    house.sign_in()
    assert house.file.parent == house.state / "sso"
    assert house.token()
    assert not (house.home / ".aws").exists()
    house.now += NEAR
    assert house.accepted(house.token())
    assert house.sign_out() == (True, "")
