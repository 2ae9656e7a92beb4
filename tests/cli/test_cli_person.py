"""Asking on a terminal: what is shown, what is not, and what a refusal leaves behind."""

from __future__ import annotations

import os
import pty
import select
import termios
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

import pyte
import pytest

from xswitch.catalog.model import Account, Environment, Target
from xswitch.cli.person import Nobody, TerminalPerson, open_terminal
from xswitch.errors import Cancelled, PersonNeeded
from xswitch.session.model import CodeAsk, GuardAnswer, GuardAsk

T = TypeVar("T")
PROD = Environment("prod", "red", "type", reason=True, max_duration=3600)
TARGET = Target(
    Account("444455556666", "payments-prod", environment="prod"), "Deploy", "arn:aws:iam::444455556666:role/Deploy"
)
CODE = CodeAsk("arn:aws:iam::111122223333:mfa/ada", "central", "ada", TARGET.name, PROD)


class Desk:
    """A terminal with somebody at it: types ``keys``, keeps what was shown."""

    def __init__(self) -> None:
        self.keyboard, self.terminal = pty.openpty()
        self.shown = ""

    def ask(self, question: Callable[[TerminalPerson], T], keys: str, **given: str) -> T:
        """Ask ``question``; ``keys`` are typed all at once, as soon as something is asked."""
        typist = threading.Thread(target=self._type, args=(keys,))
        typist.start()
        try:
            return question(TerminalPerson(self.terminal, **given))
        finally:
            typist.join()
            while select.select([self.keyboard], [], [], 0.05)[0]:
                self.shown += os.read(self.keyboard, 4096).decode()

    def _type(self, keys: str) -> None:
        if select.select([self.keyboard], [], [], 5)[0]:
            self.shown += os.read(self.keyboard, 4096).decode()
        os.write(self.keyboard, keys.encode())


@pytest.fixture
def desk() -> Iterator[Desk]:
    here = Desk()
    before = termios.tcgetattr(here.terminal)
    yield here
    assert termios.tcgetattr(here.terminal) == before, "the terminal was not given back as it was"
    os.close(here.keyboard)
    os.close(here.terminal)


def test_a_code_is_taken_at_its_sixth_digit_and_never_shown(desk: Desk) -> None:
    assert desk.ask(lambda person: person.code(CODE), "482913") == "482913"
    assert "4829" not in desk.shown
    assert "MFA code for ada: ······" in desk.shown


@pytest.mark.parametrize("typed", ["48291x\r482913", "12\r482913", "48\x7f\x7f482913", "999\x15482913", "482 913\r"])
def test_a_code_that_is_not_six_digits_is_asked_for_again(desk: Desk, typed: str) -> None:
    assert desk.ask(lambda person: person.code(CODE), typed) == "482913"


def test_an_enter_by_habit_after_the_sixth_digit_is_no_answer_to_the_next_question(desk: Desk) -> None:
    def twice(person: TerminalPerson) -> list[str]:
        return [person.code(CODE), person.code(CODE)]

    assert desk.ask(twice, "482913\r739164") == ["482913", "739164"]
    assert "A code is six digits." not in desk.shown


def test_only_one_enter_is_taken_for_habit(desk: Desk) -> None:
    def twice(person: TerminalPerson) -> list[str]:
        return [person.code(CODE), person.code(CODE)]

    assert desk.ask(twice, "482913\r\r739164") == ["482913", "739164"]
    assert desk.shown.count("A code is six digits.") == 1


@pytest.mark.parametrize(
    "reason", ["a rather long reason, for the audit log", "理由はとても長いので一行には入りません", "e\u0301" * 40]
)
def test_what_is_longer_than_the_terminal_is_wide_stays_on_one_line(desk: Desk, reason: str) -> None:
    termios.tcsetwinsize(desk.terminal, (10, 24))
    screen = pyte.Screen(24, 10)
    answer = desk.ask(lambda person: person.line("Reason: "), f"{reason}x\x7f\r")
    assert answer == reason
    pyte.Stream(screen).feed(desk.shown.replace("\n", "\r\n"))
    assert [line.rstrip() for line in screen.display[1:]] == [""] * 9, "the question was written on more than one line"
    assert screen.display[0].startswith("Reason: …" if len(reason) < 80 else "Reason: ")
    assert screen.cursor.y == 1


@pytest.mark.parametrize("key", ["\x03", "\x04"])
def test_ctrl_c_and_ctrl_d_cancel_every_question(desk: Desk, key: str) -> None:
    for question in (
        lambda person: person.code(CODE),
        lambda person: person.guard(GuardAsk(TARGET, PROD, 3600)),
        lambda person: person.passphrase(first=True),
    ):
        with pytest.raises(Cancelled):
            desk.ask(question, key)


def test_the_guard_asks_for_the_name_until_it_is_right_and_then_for_a_reason(desk: Desk) -> None:
    answer = desk.ask(
        lambda person: person.guard(GuardAsk(TARGET, PROD, 3600)), "payments\rpayments-prod\r\rPAY-1423\r"
    )
    assert answer == GuardAnswer("payments-prod", "PAY-1423")
    assert desk.shown.startswith("PROD")


def test_what_was_given_on_the_command_line_is_not_asked(desk: Desk) -> None:
    answer = desk.ask(
        lambda person: person.guard(GuardAsk(TARGET, PROD, 3600)), "", confirm="payments-prod", reason="r"
    )
    assert answer == GuardAnswer("payments-prod", "r")


def test_a_wrong_name_on_the_command_line_is_told_and_asked_again(desk: Desk) -> None:
    ask = GuardAsk(TARGET, PROD, 3600)
    answer = desk.ask(lambda person: person.guard(ask), "payments-prod\r", confirm="payments-dev", reason="r")
    assert answer == GuardAnswer("payments-prod", "r")
    assert "--confirm payments-dev does not name the account." in desk.shown


@pytest.mark.parametrize(("typed", "yes"), [("y\r", True), ("yes\r", True), ("n\r", False), ("\r", False)])
def test_an_asking_guard_wants_a_yes(desk: Desk, typed: str, yes: bool) -> None:
    ask = GuardAsk(TARGET, Environment("staging", confirm="ask"), 3600)
    if yes:
        assert desk.ask(lambda person: person.guard(ask), typed) == GuardAnswer("payments-prod", "")
    else:
        with pytest.raises(Cancelled):
            desk.ask(lambda person: person.guard(ask), typed)


def test_a_new_passphrase_is_asked_twice_and_never_shown(desk: Desk) -> None:
    words = desk.ask(lambda person: person.passphrase(first=True), "one\rtwo\rhorse staple\rhorse staple\r")
    assert words == "horse staple"
    assert "horse" not in desk.shown
    assert "They differ." in desk.shown


def test_a_hostile_name_moves_no_cursor(desk: Desk) -> None:
    target = Target(
        Account("444455556666", "a\x1b[2J\u202eb", environment="prod"), "R", "arn:aws:iam::444455556666:role/R"
    )
    desk.ask(lambda person: person.guard(GuardAsk(target, PROD, 3600)), "a[2Jb\r", confirm="x\x1b[2J", reason="r")
    assert "\x1b[2J" not in desk.shown
    assert "\u202e" not in desk.shown


def test_the_terminal_is_given_back_when_the_answer_never_comes(desk: Desk) -> None:
    outcome: list[BaseException] = []

    def wait() -> None:
        try:
            TerminalPerson(desk.terminal).code(CODE)
        except Cancelled as error:
            outcome.append(error)

    asking = threading.Thread(target=wait)
    asking.start()
    desk._type("\x03")  # once the question stands there
    asking.join(5)
    assert [type(error) for error in outcome] == [Cancelled]


def test_nobody_says_what_is_needed() -> None:
    with pytest.raises(PersonNeeded, match="MFA code") as needed:
        Nobody().code(CODE)
    assert "XSWITCH_MFA_CODE" in needed.value.hint
    with pytest.raises(PersonNeeded, match="--confirm"):
        Nobody(reason="r").guard(GuardAsk(TARGET, PROD, 3600))
    with pytest.raises(PersonNeeded, match="--reason"):
        Nobody(confirm="payments-prod").guard(GuardAsk(TARGET, PROD, 3600))


@pytest.mark.parametrize(("environ", "no_input"), [({}, True), ({"XSWITCH_NO_INPUT": "1"}, False)])
def test_no_input_means_that_nobody_is_there(environ: dict[str, str], no_input: bool) -> None:
    assert open_terminal(environ, no_input=no_input) is None
