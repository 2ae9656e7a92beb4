"""The keeper of a renewing process: when it renews, how often, and what is served meanwhile. The clock is the test's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from xswitch.credentials import Credentials
from xswitch.errors import Denied, PersonNeeded, Unreachable, VaultUnavailable, XswitchError
from xswitch.secret import Secret
from xswitch.session.model import Session
from xswitch.session.renewer import Renewer

NOON = 1_795_000_000.0


class House:
    """A vault with one place for a session, and an AWS that gives sessions of ``gives`` seconds."""

    def __init__(self) -> None:
        self.now = NOON
        self.gives = 3600
        self.calls = 0
        self.vault: Session | None = None
        self.broken: XswitchError | Exception | None = None
        self.vault_broken = False
        self.forbidden: XswitchError | None = None
        self.before_call: Callable[[], None] = lambda: None
        self._stack = ExitStack()

    def session(self, left: int) -> Session:
        self.calls += 1
        credentials = Credentials(f"ASIA{self.calls:016}", Secret("x"), Secret("y"), self.now + left)
        return Session(
            target="a/b", account_id="1", account="a", role="b", environment="", arn="", identity="", region="",
            credentials=credentials, issued=self.now, duration=3600,
        )  # fmt: skip

    def look(self) -> Session | None:
        if self.vault_broken:
            raise VaultUnavailable("locked")
        return self.vault if self.vault is not None and self.vault.expires - self.now >= 60 else None

    def renew(self, seconds: int) -> Session:
        self.before_call()
        if self.broken is not None:
            self.calls += 1
            raise self.broken
        if self.vault is None or self.vault.expires - self.now < seconds:
            self.vault = self.session(self.gives)
        return self.vault

    def allow(self) -> None:
        if self.forbidden is not None:
            raise self.forbidden

    def begin(self, left: int = 3600, *, duration: int = 3600) -> Renewer:
        """Return the renewer of a first session with ``left`` seconds left; it counts as the first call."""
        from dataclasses import replace

        self.vault = replace(self.session(left), duration=duration)
        made = Renewer(self.vault, look=self.look, renew=self.renew, allow=self.allow, now=lambda: self.now)
        return self._stack.enter_context(made)

    def close(self) -> None:
        self._stack.close()

    def left(self, session: Session) -> float:
        return session.expires - self.now


@pytest.fixture
def house() -> Iterator[House]:
    made = House()
    yield made
    made.close()


def test_a_long_session_is_served_as_it_is(house: House) -> None:
    renewer = house.begin()
    for _ in range(5):
        assert house.left(renewer.give()) == 3600
    house.now += 2699
    assert house.left(renewer.give()) == 901
    assert house.calls == 1


@pytest.mark.parametrize("minutes", [14, 9, 4])
def test_with_less_than_a_quarter_of_an_hour_left_it_is_renewed_once(house: House, minutes: int) -> None:
    renewer = house.begin(minutes * 60)
    for _ in range(5):
        assert house.left(renewer.give()) == 3600
    assert house.calls == 2


@pytest.mark.parametrize("minutes", [14, 9, 4])
def test_short_sessions_are_renewed_when_half_of_them_is_over(house: House, minutes: int) -> None:
    """AWS gives no longer ones: asking at every fetch would bring nothing."""
    life = minutes * 60
    house.gives = life
    renewer = house.begin(life)
    served = [house.left(renewer.give()) for _ in range(5)]
    assert served == [life] * 5
    assert house.calls == 2
    house.now += life / 2 - 1
    assert house.left(renewer.give()) == life / 2 + 1
    assert house.calls == 2
    house.now += 1
    assert house.left(renewer.give()) == life
    assert house.calls == 3


def test_a_session_that_was_asked_for_short_is_not_renewed_at_once(house: House) -> None:
    renewer = house.begin(900, duration=900)
    assert house.left(renewer.give()) == 900
    house.now += 449
    renewer.give()
    assert house.calls == 1
    house.now += 2
    renewer.give()
    assert house.calls == 2


def test_a_session_of_seconds_is_replaced(house: House) -> None:
    renewer = house.begin(4)
    assert house.left(renewer.give()) == 3600
    house.gives = 4
    house.now += 3600
    assert house.left(renewer.give()) == 4
    house.now += 5
    house.gives = 3600
    assert house.left(renewer.give()) == 3600


def test_many_fetches_make_one_call(house: House) -> None:
    renewer = house.begin(30)
    house.before_call = lambda: time.sleep(0.2)
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(renewer.give().credentials.access_key_id)) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(got) == 50
    assert len(set(got)) == 1
    assert house.calls == 2


def test_what_is_left_is_served_while_aws_takes_its_time(house: House) -> None:
    renewer = house.begin(600)
    go = threading.Event()
    house.before_call = lambda: go.wait(30) and None
    began = time.monotonic()
    assert house.left(renewer.give()) == 600
    assert time.monotonic() - began < 10
    go.set()
    for _ in range(200):
        if house.left(renewer.give()) == 3600:
            break
        time.sleep(0.05)
    assert house.calls == 2


def test_what_is_left_is_served_while_renewal_fails_and_one_try_a_minute_made(house: House) -> None:
    renewer = house.begin(600)
    house.broken = Unreachable("AWS can't be reached")
    for second in range(0, 180, 10):
        house.now = NOON + second
        assert house.left(renewer.give()) == 600 - second
    assert house.calls == 1 + 3
    house.broken = None
    house.now = NOON + 180
    assert house.left(renewer.give()) == 3600


def test_under_a_minute_the_reason_is_told(house: House) -> None:
    renewer = house.begin(61)
    house.broken = PersonNeeded("a/b needs an MFA code", "open it once")
    assert house.left(renewer.give()) == 61
    house.now += 2
    with pytest.raises(PersonNeeded, match="MFA code"):
        renewer.give()
    calls = house.calls
    with pytest.raises(PersonNeeded, match="MFA code"):
        renewer.give()
    assert house.calls == calls, "at most one try in a few seconds"
    house.now += 6
    house.broken = None
    assert house.left(renewer.give()) == 3600


def test_what_a_person_opened_elsewhere_meanwhile_is_served_at_once(house: House) -> None:
    renewer = house.begin(61)
    house.broken = PersonNeeded("a/b needs an MFA code", "open it once")
    house.now += 30
    with pytest.raises(PersonNeeded):
        renewer.give()
    house.vault = house.session(3600)
    assert renewer.give() is not None
    assert renewer.give() == house.vault


def test_what_another_process_renewed_is_served_without_a_call(house: House) -> None:
    renewer = house.begin(3600)
    house.now += 2000
    house.vault = house.session(3600)
    calls = house.calls
    assert renewer.give() == house.vault
    assert house.calls == calls


def test_a_session_that_was_ended_is_not_served_again(house: House) -> None:
    renewer = house.begin()
    first = renewer.give()
    house.vault = None
    second = renewer.give()
    assert second.credentials != first.credentials
    house.vault = None
    house.broken = Denied("AWS denied it")
    with pytest.raises(Denied):
        renewer.give()


def test_a_vault_that_can_not_be_read_takes_no_session_away(house: House) -> None:
    renewer = house.begin()
    house.vault_broken = True
    assert house.left(renewer.give()) == 3600


def test_nothing_is_served_where_the_guard_forbids_it(house: House) -> None:
    renewer = house.begin()
    renewer.give()
    house.forbidden = PersonNeeded("prod is guarded")
    with pytest.raises(PersonNeeded, match="guarded"):
        renewer.give()
    house.now += 3000
    renewer.look_ahead()
    assert house.calls == 1, "nor renewed"
    house.forbidden = None
    assert house.left(renewer.give()) == 3600


def test_a_minute_ahead_it_is_renewed_before_anybody_has_to_wait(house: House) -> None:
    renewer = house.begin()
    renewer.give()
    house.now += 3600 - 961
    renewer.look_ahead()
    assert house.calls == 1
    house.now += 2
    renewer.look_ahead()
    assert house.calls == 2
    assert house.left(renewer.give()) == 3600


def test_what_nobody_fetches_is_not_renewed(house: House) -> None:
    renewer = house.begin()
    for _ in range(10):
        house.now += 600
        renewer.look_ahead()
    assert house.calls == 1
    assert house.left(renewer.give()) == 3600
    assert house.calls == 2


def test_the_keeper_looks_by_itself(house: House) -> None:
    house.begin(3600).give()
    house.close()
    house.now += 2640 - 0.1  # a tenth of a second before it looks ahead
    renewer = house.begin(961)
    renewer.give()
    house.now += 2
    before = house.calls
    for _ in range(200):
        if house.calls > before:
            break
        time.sleep(0.05)
    assert house.calls == before + 1


def test_a_fault_of_ours_is_told_without_its_words(house: House) -> None:
    renewer = house.begin(30)
    house.broken = ValueError("s3ntinel")
    with pytest.raises(XswitchError, match="ValueError") as caught:
        renewer.give()
    assert "s3ntinel" not in str(caught.value)


def test_a_clock_that_was_set_back_keeps_nobody_from_trying(house: House) -> None:
    renewer = house.begin(600)
    house.broken = Unreachable("AWS can't be reached")
    renewer.give()
    house.broken = None
    house.now -= 30 * 86400
    house.vault = house.session(600)
    assert house.left(renewer.give()) == 3600


def test_it_ends_with_its_process(house: House) -> None:
    before = set(threading.enumerate())
    house.begin()
    house.close()
    assert set(threading.enumerate()) == before
