"""Signing in to Identity Center: what comes back to loopback, what is believed of it, and the code of a device."""

from __future__ import annotations

import json
import socket
import threading
from hashlib import sha1
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from login_house import CORP, LoginHouse, field, get, get_all, in_background

from xswitch.catalog.model import Identity
from xswitch.errors import Cancelled, Denied, PersonNeeded, Unreachable, XswitchError
from xswitch.identity import sso, sso_login
from xswitch.identity.redirect import Redirect

HOURS = 3600.0


def registration(house: LoginHouse) -> Path | None:
    found = [path for path in house.folder.glob("*.json") if path != house.file] if house.folder.exists() else []
    assert len(found) < 2
    return found[0] if found else None


def test_a_code_and_its_proof_give_tokens_in_the_file_that_the_aws_cli_reads(house: LoginHouse) -> None:
    token = house.sign_in()
    assert house.accepted(token)
    assert house.file.name == "293abb6b76d7791c0732cc517d38c4b5c734b87f.json", "the SHA-1 of acme"
    assert house.file.stat().st_mode & 0o777 == 0o600
    data = house.data()
    assert (data["startUrl"], data["region"]) == (CORP.start_url, "eu-west-1")
    assert data["expiresAt"] == "2026-03-01T13:00:00Z"
    assert data["registrationExpiresAt"] == "2026-05-30T12:00:00Z"
    assert data["accessToken"] == token.access.reveal()
    assert {"clientId", "clientSecret", "refreshToken"} <= data.keys()
    assert house.token() == token
    authorize = house.shown[0].address
    assert field(authorize, "code_challenge_method") == "S256"
    assert field(authorize, "scopes") == "sso:account:access"
    assert urlsplit(field(authorize, "redirect_uri")).hostname == "127.0.0.1"
    assert not list(house.folder.glob(".*")), "no neighbour is left"


def test_without_a_session_name_the_start_url_names_the_file(house: LoginHouse) -> None:
    plain = Identity("plain", "sso", start_url=CORP.start_url, sso_region="eu-west-1")
    house.sign_in(plain)
    name = sha1(CORP.start_url.encode()).hexdigest()
    assert json.loads((house.folder / f"{name}.json").read_text())["accessToken"]
    assert house.token(plain)
    assert not house.file.exists()


def test_each_login_has_a_state_and_a_proof_of_its_own(house: LoginHouse) -> None:
    house.sign_in()
    house.sign_in()
    first, second = (one.address for one in house.shown)
    for name in ("state", "code_challenge"):
        assert field(first, name) != field(second, name)
        assert len(field(first, name)) >= 43


def test_what_is_not_this_logins_redirect_is_refused_and_the_login_goes_on(house: LoginHouse) -> None:
    tried: list[int] = []

    def browse(address: str) -> None:
        home, state = field(address, "redirect_uri"), field(address, "state")
        good = {"code": "mine", "state": state}
        away = home.replace("/oauth/callback", "")
        for wrong in (
            f"{home}?{urlencode({'code': 'evil', 'state': 'x'})}",
            f"{home}?{urlencode({'code': 'evil', 'state': state + 'x'})}",
            f"{home}?{urlencode({'code': 'evil', 'state': state[:-1]})}",
            f"{home}?{urlencode({'code': 'evil'})}",
            f"{home}?{urlencode({'error': 'access_denied', 'state': ''})}",
            f"{home}?{urlencode(good)}&{urlencode({'state': 'x'})}",
            f"{away}/?{urlencode(good)}",
            f"{away}/oauth/callback/x?{urlencode(good)}",
            f"{away}/favicon.ico",
            f"{home}?{'&'.join(f'a{n}=1' for n in range(50))}&{urlencode(good)}",
        ):
            status, body, _ = get(wrong)
            tried.append(status)
            assert "not the login" in body
            assert "evil" not in body
        methods = ("POST", "PUT", "HEAD", "OPTIONS", "BREW")
        tried.extend(get(f"{home}?{urlencode(good)}", method)[0] for method in methods)
        get_all(address)

    assert house.accepted(house.sign_in(browse=browse))
    assert set(tried[:10]) == {400}
    assert set(tried[10:]) == {501}


def test_a_connection_that_says_nothing_keeps_nobody_waiting(house: LoginHouse) -> None:
    silent: list[socket.socket] = []

    def browse(address: str) -> None:
        parts = urlsplit(field(address, "redirect_uri"))
        silent.extend(socket.create_connection((parts.hostname or "", parts.port or 0)) for _ in range(3))
        get_all(address)

    assert house.sign_in(browse=browse)
    for one in silent:
        one.close()


def test_the_page_says_what_to_do_and_loads_nothing() -> None:
    with Redirect("s") as redirect:
        status, body, headers = get(f"{redirect.uri}?code=c0de&state=s")
        assert (status, redirect.wait(10)) == (200, redirect.wait(0))
        assert get(f"{redirect.uri}?code=another&state=s")[0] == 400, "the first one counts"
        code = redirect.wait(0)
    assert code is not None
    assert code.reveal() == "c0de"
    assert "go back to the terminal" in body
    assert "c0de" not in body
    assert "http" not in body.replace("http-equiv", "")
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["server"] == "xswitch"


def test_the_redirect_listens_on_loopback_alone_and_no_longer_than_the_login() -> None:
    with Redirect("s") as redirect:
        port = urlsplit(redirect.uri).port or 0
        assert redirect._server.server_address[0] == "127.0.0.1"
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), 5)


def test_the_person_declines_in_the_browser(house: LoginHouse) -> None:
    house.directory.consent = "refused"
    with pytest.raises(Cancelled, match="declined"):
        house.sign_in(browse=lambda address: get_all(address))
    assert not house.file.exists()
    assert registration(house) is None


def test_another_refusal_of_the_page_is_told_in_its_words(house: LoginHouse) -> None:
    def browse(address: str) -> None:
        back = {"error": "invalid_scope\x1b]0;x\x07", "state": field(address, "state")}
        get(f"{field(address, 'redirect_uri')}?{urlencode(back)}")

    with pytest.raises(Denied, match=r"invalid_scope\]0;x$"):
        house.sign_in(browse=browse)


def test_nobody_comes_in_time(house: LoginHouse) -> None:
    with pytest.raises(PersonNeeded, match="within 0s") as caught:
        house.sign_in(browse=lambda _: True, longest=0.05)
    assert "--device" in caught.value.hint
    assert not house.file.exists()
    assert registration(house) is None


def test_ctrl_c_leaves_nothing(house: LoginHouse) -> None:
    house.sign_in()
    before = house.file.read_bytes()

    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        house.sign_in(browse=interrupted)
    assert house.file.read_bytes() == before, "the login before is as it was"
    assert registration(house) is None
    assert not list(house.folder.glob(".*"))
    assert not [thread for thread in threading.enumerate() if thread.name == "redirect"]


def test_a_registration_is_used_again_until_a_week_before_its_end(house: LoginHouse) -> None:
    house.sign_in()
    house.now += 82 * 86400
    house.sign_in()
    assert house.calls("RegisterClient") == 1
    house.now += 2 * 86400
    house.sign_in()
    assert house.calls("RegisterClient") == 2
    kept = registration(house)
    assert kept is not None
    assert kept.stat().st_mode & 0o777 == 0o600
    kept.write_text('{"clientId": 1, "clientSecret": "x", "expiresAt": "2099-01-01T00:00:00Z"}')
    house.sign_in()
    assert house.calls("RegisterClient") == 3


def test_a_client_that_aws_forgot_is_registered_anew(house: LoginHouse) -> None:
    house.sign_in(device=True, sleep=approving(house))
    house.directory.clients.clear()
    assert house.accepted(house.sign_in(device=True, sleep=approving(house)))
    assert house.calls("RegisterClient") == 2


def test_a_start_url_that_the_region_does_not_know_says_where_to_look(house: LoginHouse) -> None:
    other = Identity("other", "sso", start_url="https://other.awsapps.com/start", sso_region="eu-west-1")
    with pytest.raises(Denied, match="start URL") as caught:
        house.sign_in(other, device=True)
    assert caught.value.hint == "check start_url and sso_region of [identities.other] in the catalog"


@pytest.mark.parametrize("kind", ["throttle", "fail", "reset", "half"])
def test_a_busy_or_failing_service_is_asked_again(house: LoginHouse, kind: str) -> None:
    getattr(house.faults, kind)(2, "RegisterClient")
    assert house.accepted(house.sign_in())
    assert house.pauses == [0.25, 0.5]


def test_a_service_that_stays_away_is_unreachable(house: LoginHouse) -> None:
    house.faults.throttle(None, "RegisterClient")
    with pytest.raises(Unreachable, match="throttling"):
        house.sign_in()
    house.faults.clear()
    house.faults.garbage(None, "RegisterClient")
    with pytest.raises(Unreachable, match="AWS"):
        house.sign_in()
    assert house.pauses == [0.25, 0.5, 1.0] * 2
    assert not house.file.exists()


def test_two_logins_at_once_both_end_well_and_the_last_one_counts(house: LoginHouse) -> None:
    ends: list[object] = []
    both = threading.Barrier(2)

    def browse(address: str) -> None:
        both.wait(20)
        get_all(address)

    def login() -> None:
        try:
            ends.append(house.sign_in(browse=browse))
        except XswitchError as error:
            ends.append(error)

    for thread in [in_background(login) for _ in range(2)]:
        thread.join(30)
    assert len(ends) == 2
    assert all(isinstance(end, sso.sso_tokens.Token) for end in ends), ends
    assert house.token() in ends
    assert len({field(one.address, "redirect_uri") for one in house.shown}) == 2


def approving(house: LoginHouse, *, after: int = 1, allow: bool = True):
    """Wait by moving the clock; the person answers during the wait of that number."""
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == after:
            assert house.directory.decide(house.shown[-1].code, allow=allow)
        house.pause(seconds)

    return wait


def test_a_device_is_asked_for_until_the_person_allows_it(house: LoginHouse) -> None:
    token = house.sign_in(device=True, sleep=approving(house, after=3), browse=lambda _: pytest.fail("a browser"))
    assert house.accepted(token)
    shown = house.shown[0]
    assert shown.code in shown.address
    assert house.pauses == [5, 5, 5]
    assert house.token() == token


def test_a_device_that_asks_too_often_slows_down(house: LoginHouse) -> None:
    def hasty(seconds: float) -> None:
        house.pauses.append(seconds)
        house.now += 1 if len(house.pauses) < 3 else seconds
        if len(house.pauses) == 4:
            house.directory.decide(house.shown[0].code, allow=True)

    house.sign_in(device=True, sleep=hasty)
    assert house.pauses == [5, 5, 10, 10]


def test_a_declined_device(house: LoginHouse) -> None:
    with pytest.raises(Cancelled, match="declined"):
        house.sign_in(device=True, sleep=approving(house, after=2, allow=False))
    assert not house.file.exists()


def test_a_device_code_that_expires(house: LoginHouse) -> None:
    with pytest.raises(PersonNeeded, match="nobody signed in to corp") as caught:
        house.sign_in(device=True, longest=3 * HOURS)
    assert house.now - 1_772_366_400.0 <= 605
    assert caught.value.hint == "xswitch identity login corp"


def test_a_device_code_that_aws_ends_early(house: LoginHouse) -> None:
    def wait(seconds: float) -> None:
        for device in house.directory.devices.values():
            device.expires = house.now
        house.pause(seconds)

    with pytest.raises(PersonNeeded):
        house.sign_in(device=True, sleep=wait)
    assert len(house.pauses) == 1


def test_a_network_that_comes_back_while_a_device_is_waited_for(house: LoginHouse) -> None:
    house.faults.reset(4, "CreateToken")
    house.sign_in(device=True, sleep=approving(house, after=5))
    house.faults.reset(5, "CreateToken")
    with pytest.raises(Unreachable):
        house.sign_in(device=True)


def test_what_is_no_token_is_not_kept(house: LoginHouse) -> None:
    house.sign_in()
    before = house.file.read_bytes()
    issue = type(house.directory).issue
    for wrong in ({"expiresIn": 0}, {"expiresIn": "soon"}, {"expiresIn": 1e12}, {"accessToken": ""}):
        type(house.directory).issue = lambda *args, wrong=wrong, **more: issue(*args, **more) | wrong
        try:
            with pytest.raises(Unreachable):
                house.sign_in()
        finally:
            type(house.directory).issue = issue
    assert house.file.read_bytes() == before


def test_no_secret_of_a_login_is_in_what_is_shown_or_raised(house: LoginHouse) -> None:
    token = house.sign_in(device=True, sleep=approving(house))
    said = repr((token, house.shown, house.sandbox.calls))
    data = house.data()
    for name in ("accessToken", "refreshToken", "clientSecret"):
        assert data[name] not in said
    house.faults.deny(1, "CreateToken")
    with pytest.raises(Denied) as caught:
        house.sign_in()
    assert not [
        value for name, value in data.items() if name.endswith(("Token", "Secret")) and value in str(caught.value)
    ]
    assert sso_login.REDIRECT == "http://127.0.0.1/oauth/callback"


def test_an_answer_that_gets_lost_is_no_denial(house: LoginHouse) -> None:
    """The code was spent by the call whose answer never came."""
    house.faults.half(1, "CreateToken")
    with pytest.raises(Unreachable, match="no whole answer"):
        house.sign_in()
    house.faults.reset(1, "CreateToken")
    assert house.accepted(house.sign_in()), "one that never arrived is made again"
