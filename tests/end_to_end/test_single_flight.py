"""Many processes that want one session at once: one call, one code, and nobody waits for ever."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path

from company import TARGET, Company, outcomes, wait_until
from terminal import Terminal

MFA = {"payments-staging/Admin": "mfa = true"}
STAGING = "payments-staging/Admin"


def answers(found: list[tuple[int, str, str]]) -> set[str]:
    """Return the documents that were printed, each once."""
    assert [status for status, _, _ in found] == [0] * len(found), next(err for status, _, err in found if status)
    return {out for _, out, _ in found}


def helper(company: Company, folder: Path) -> tuple[Path, str]:
    """Write a program that prints the code and leaves a line of each run; return where, and how to name it."""
    log, program = folder / "asked", folder / "code"
    seed = company.practice.totp_secret
    program.write_text(f"#!/bin/sh\necho asked >>'{log}'\nexec oathtool --totp -b {seed}\n")
    program.chmod(0o700)
    return log, f'mfa_process = "{program}"'


def test_a_hundred_at_once_are_one_call_and_a_hundred_right_answers(company: Company) -> None:
    found = outcomes([company.start("credential-process", TARGET) for _ in range(100)])
    (document,) = answers(found)
    assert company.calls() == ["AssumeRole ok"]
    assert json.loads(document)["AccountId"] == "697658141357"
    assert company.keys() == json.loads(document)["AccessKeyId"]


def test_a_helper_program_is_asked_for_one_code_whoever_wants_it(company: Company, tmp_path: Path) -> None:
    log, line = helper(company, tmp_path)
    company.roles(MFA, identity=line)
    found = outcomes([company.start("credential-process", STAGING) for _ in range(12)])
    assert len(answers(found)) == 1
    assert log.read_text() == "asked\n"
    assert company.calls() == ["GetSessionToken ok", "AssumeRole ok"]


def test_nobody_to_ask_is_said_at_once_to_each(company: Company) -> None:
    company.roles(MFA)
    found = outcomes([company.start("credential-process", STAGING) for _ in range(12)])
    assert {status for status, _, _ in found} == {5}
    assert all(f"{STAGING} needs an MFA code, and nobody can be asked" in err for _, _, err in found)
    assert company.calls() == []


def test_those_who_wait_for_a_call_that_is_denied_do_not_make_it_again(company: Company) -> None:
    company.faults.slow(4.0, 1, "AssumeRole")
    first = company.start("credential-process", "denied-on-purpose/NotInMyPolicy")
    wait_until(company.purposes, "the first has the lock")
    first.send_signal(signal.SIGSTOP)
    others = [company.start("credential-process", "denied-on-purpose/NotInMyPolicy") for _ in range(5)]
    wait_until(lambda: all(map(waits, others)), "the others wait")
    first.send_signal(signal.SIGCONT)
    found = outcomes([first, *others])
    assert {status for status, _, _ in found} == {4}
    assert len({err for _, _, err in found}) == 1, "all are told the same"
    assert company.calls() == ["AssumeRole AccessDenied"]
    assert company.run("credential-process", "denied-on-purpose/NotInMyPolicy").returncode == 4
    assert company.calls() == ["AssumeRole AccessDenied"], "who comes later asks anew"


def test_a_holder_that_is_killed_lets_the_others_go_on(company: Company) -> None:
    company.faults.slow(60.0, 1, "AssumeRole")
    holder = company.start("credential-process", TARGET)
    wait_until(company.purposes, "it holds the lock")
    crowd = [company.start("credential-process", TARGET) for _ in range(4)]
    wait_until(lambda: all(map(waits, crowd)), "the others wait")
    holder.send_signal(signal.SIGKILL)
    company.faults.clear()
    assert len(answers(outcomes(crowd, 60))) == 1
    holder.communicate()
    assert holder.returncode == -signal.SIGKILL


def test_a_holder_that_hangs_is_waited_for_with_a_bound_and_named(company: Company) -> None:
    company.faults.slow(60.0, 1, "AssumeRole")
    holder = company.start("credential-process", TARGET)
    wait_until(company.purposes, "it holds the lock")
    holder.send_signal(signal.SIGSTOP)
    try:
        crowd = [company.start("credential-process", TARGET, "--wait", "2s") for _ in range(3)]
        for status, out, err in outcomes(crowd):
            assert (status, out) == (7, "")
            assert f"process {holder.pid}, which is opening {TARGET}, holds the lock still after 2 seconds" in err
            assert f"kill {holder.pid}" in err
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()


def test_where_a_code_may_be_being_typed_a_person_is_needed(company: Company, xswitch: str) -> None:
    company.roles(MFA)
    environ = company.environ | {"XSWITCH_NO_INPUT": "", "TERM": "xterm"}
    with Terminal([xswitch, "exec", STAGING, "--", "true"], environ) as screen:
        screen.wait("MFA code for ada")
        done = company.run("credential-process", STAGING, "--wait", "1s")
        assert done.returncode == 5
        assert re.search(rf"process \d+, which is opening {STAGING}, .*it may be asking for a code", done.stderr)
        waiting = company.start("credential-process", STAGING)
        screen.send(company.practice.code())
        assert screen.end() == 0
    assert len(answers(outcomes([waiting]))) == 1
    assert company.calls() == ["GetSessionToken ok", "AssumeRole ok"]


def test_a_call_that_is_cancelled_leaves_no_lock(company: Company) -> None:
    company.faults.slow(60.0, 2, "AssumeRole")
    for number in (signal.SIGINT, signal.SIGTERM):
        holder = company.start("exec", TARGET, "--", "true")
        wait_until(company.purposes, "it holds the lock")
        holder.send_signal(number)
        _, err = holder.communicate(timeout=30)
        assert holder.returncode == 128 + number, err
        assert company.purposes() == []
    company.faults.clear()
    assert company.run("credential-process", TARGET, "--wait", "1s").returncode == 0


def waits(process: subprocess.Popen[str]) -> bool:
    """Tell whether a process has come to the lock of a session."""
    opened = Path(f"/proc/{process.pid}/fd")
    return any(re.search(r"locks/session-\w+\.lock$", str(one.resolve())) for one in opened.iterdir())
