"""The reason for passing a guard is in the log, however late the switch comes and whichever way it takes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fast_house import GUARDED, MFA, Builder, House

from xswitch import flatjson
from xswitch.session import grants

WHY = ("--confirm", "payments-prod", "--reason", "TICKET-42: “deploy”")
REASON = WHY[-1]


def logged(house: House) -> list[dict[str, Any]]:
    if not house.paths.audit_log.exists():
        return []
    return [json.loads(line) for line in house.paths.audit_log.read_text().splitlines()]


def test_a_switch_within_the_grant_of_a_try_that_failed_says_why(build: Builder) -> None:
    house = build()
    assert house.slow("env", MFA, *WHY)[0] == 5, "no code"
    assert logged(house) == []
    assert house.slow("env", MFA, XSWITCH_MFA_CODE=house.code())[0] == 0
    assert [line["reason"] for line in logged(house)] == [REASON]


def test_the_fast_commands_say_why_too(build: Builder) -> None:
    house = build()
    assert house.slow("env", GUARDED, *WHY)[0] == 0
    house.settle(GUARDED)
    before = len(logged(house))
    assert house.fast("env", GUARDED) is not None
    assert [line["reason"] for line in logged(house)[before:]] == [REASON]


def test_a_guard_that_credential_process_passes_is_logged_once(build: Builder) -> None:
    house = build()
    assert house.slow("env", GUARDED, *WHY)[0] == 0
    engine = house.engine()
    target = engine.resolve(GUARDED)
    environment = engine.environment_of(target)
    assert environment is not None and grants.revoke(engine.vault, target, environment)
    for _ in range(2):
        assert house.slow("credential-process", GUARDED, "--confirm", "payments-prod", "--reason", "another")[0] == 0
    assert [line["reason"] for line in logged(house)] == [REASON, "another"]


def test_what_credential_process_opens_says_why(build: Builder) -> None:
    house = build()
    assert house.slow("credential-process", GUARDED, *WHY)[0] == 0
    assert [line["reason"] for line in logged(house)] == [REASON]


@pytest.mark.parametrize("command", [["env"], ["exec"], ["credential-process"], ["sessions", "renew"]])
def test_another_accounts_name_is_refused_within_a_grant_as_without_one(build: Builder, command: list[str]) -> None:
    tail = ["--", "true"] if command == ["exec"] else []
    wrong = [*command, GUARDED, "--confirm", "payments-dev", "--reason", "r", *tail]
    house = build()
    status, shown, said = house.slow("env", GUARDED, *wrong[len(command) + 1 : len(command) + 5])
    assert (status, shown) == (5, "")
    assert house.slow("env", GUARDED, *WHY)[0] == 0
    house.settle(GUARDED)
    before = logged(house)
    done = house.run(*wrong)
    assert (done.returncode, done.stdout, done.stderr) == (status, "false\n" if command == ["env"] else "", said)
    assert logged(house) == before


def test_another_reason_within_a_grant_is_that_of_its_switch_alone(build: Builder) -> None:
    house = build()
    assert house.slow("env", GUARDED, *WHY)[0] == 0
    house.settle(GUARDED)
    before = len(logged(house))
    for given in (["--reason", "TICKET-43"], ["--confirm", "payments-prod", "--reason", " TICKET-44 "], []):
        assert house.run("env", GUARDED, *given).returncode == 0
    assert [line["reason"] for line in logged(house)[before:]] == ["TICKET-43", "TICKET-44", REASON]


def test_one_name_for_all_sessions_is_no_wrong_one_for_those_with_a_grant(build: Builder) -> None:
    house = build()
    house.open((GUARDED,))
    status, _, said = house.slow("sessions", "renew", "--all", "--confirm", "payments-dev", "--reason", "the release")
    assert status == 0, said
    assert logged(house)[-1]["reason"] == "the release"


@pytest.mark.parametrize("text", ["", "plain", 'a "quoted" \\ one\n', "ünï 🦊 \ud800"])
def test_the_texts_that_an_array_begins_with(text: str) -> None:
    written = json.dumps(["a", "b", text, 1.5, 2]).encode()
    assert flatjson.first_texts(written, 3) == ["a", "b", text]


@pytest.mark.parametrize("written", [b"", b"[", b'["a"]', b'["a","b","c"]', b'["a", "b", 1]', b'{"a", "b", "c"]'])
def test_what_is_no_such_array(written: bytes) -> None:
    assert flatjson.first_texts(written, 3) is None
