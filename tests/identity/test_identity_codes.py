"""MFA codes: the variable for one call, a helper program, the person, in this order."""

from __future__ import annotations

import shlex
import sys

import pytest

from xswitch.catalog.model import Identity
from xswitch.errors import Cancelled, PersonNeeded, Usage
from xswitch.identity.codes import Codes

PLAIN = Identity("central", "keys")


def asked(*codes: str):
    left = list(codes)
    return lambda: left.pop(0)


def never() -> str:
    raise AssertionError("the person is not asked here")


def with_process(program: str) -> Identity:
    return Identity("central", "keys", mfa_process=f"{shlex.quote(sys.executable)} -c {shlex.quote(program)}")


def test_the_variable_serves_one_call_and_then_the_next_source():
    codes = Codes({"XSWITCH_MFA_CODE": "123456"})
    code, source = codes.code(PLAIN, never)
    assert (code.reveal(), source) == ("123456", "environment")
    code, source = codes.code(PLAIN, asked("654321"))
    assert (code.reveal(), source) == ("654321", "person")


def test_the_variable_goes_before_the_program_and_the_program_before_the_person():
    identity = with_process("print('222222')")
    codes = Codes({"XSWITCH_MFA_CODE": "111 111\n"})
    found = [codes.code(identity, never) for _ in range(2)]
    assert [(code.reveal(), source) for code, source in found] == [("111111", "environment"), ("222222", "process")]


@pytest.mark.parametrize("value", ["12345", "1234567", "abcdef", "١٢٣٤٥٦", "12-34-56"])
def test_a_variable_that_is_no_code_is_wrong_usage_and_not_shown(value):
    with pytest.raises(Usage, match="XSWITCH_MFA_CODE") as caught:
        Codes({"XSWITCH_MFA_CODE": value}).code(PLAIN, never)
    assert value not in caught.value.message + caught.value.hint


def test_what_a_person_types_is_for_the_asker_to_judge():
    codes = Codes({})
    assert codes.code(PLAIN, asked("123 456"))[0].reveal() == "123456"
    assert codes.code(PLAIN, asked("12345"))[0].reveal() == "12345"


@pytest.mark.parametrize("error", [Cancelled(), PersonNeeded("nobody")])
def test_who_declines_is_heard(error):
    def declines() -> str:
        raise error

    with pytest.raises(type(error)):
        Codes({}).code(PLAIN, declines)


@pytest.mark.parametrize("printed", ["123456", "123456\n", " 123 456 \n"])
def test_a_program_s_six_digits(printed):
    assert Codes({}).code(with_process(f"print({printed!r})"), never)[0].reveal() == "123456"


@pytest.mark.parametrize("printed", ["", "12345", "code: 123456", "123456\n654321"])
def test_a_program_that_prints_something_else(printed):
    with pytest.raises(PersonNeeded, match="something else than six digits") as caught:
        Codes({}).code(with_process(f"print({printed!r})"), never)
    assert "123456" not in caught.value.message + caught.value.hint


def test_a_program_that_fails_says_why_and_safely():
    program = (
        "import sys; print('first', file=sys.stderr); print('\\x1b[31mno token\\u202e', file=sys.stderr); sys.exit(3)"
    )
    with pytest.raises(PersonNeeded, match="mfa_process of central failed with status 3") as caught:
        Codes({"PYTHONIOENCODING": "utf-8"}).code(with_process(program), never)
    assert caught.value.hint == "[31mno token"
    assert caught.value.exit_status == 5


def test_a_program_that_hangs_is_ended():
    identity = with_process("import signal; print('123456', flush=True); signal.pause()")
    with pytest.raises(PersonNeeded, match=r"no code within 0\.5s"):
        Codes({}, seconds=0.5).code(identity, never)


@pytest.mark.parametrize("command", ["/does/not/exist", "/etc/passwd", " "])
def test_a_program_that_can_t_be_run(command):
    with pytest.raises(PersonNeeded, match="can't be run"):
        Codes({}).code(Identity("central", "keys", mfa_process=command), never)


def test_a_quote_that_is_never_closed():
    with pytest.raises(Usage, match="quote"):
        Codes({}).code(Identity("central", "keys", mfa_process="echo '123456"), never)


def test_there_is_no_shell():
    identity = Identity("central", "keys", mfa_process="echo 123456; touch pwned $(touch pwned)")
    with pytest.raises(PersonNeeded):
        Codes({"PATH": "/usr/bin:/bin"}).code(identity, never)


def test_the_program_sees_neither_the_code_nor_the_passphrase_nor_the_terminal():
    program = (
        "import os, sys; seen = {'XSWITCH_MFA_CODE', 'XSWITCH_PASSPHRASE'} & set(os.environ); "
        "sys.exit('seen' if seen or sys.stdin.read() or os.environ['KEPT'] != 'yes' else print('123456'))"
    )
    environ = {"XSWITCH_MFA_CODE": "111111", "XSWITCH_PASSPHRASE": "sentinel", "KEPT": "yes"}
    codes = Codes(environ)
    codes.code(PLAIN, never)
    assert codes.code(with_process(program), never)[0].reveal() == "123456"
