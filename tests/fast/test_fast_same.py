"""Whatever has changed: the fast answer is the whole program's, to the letter, or there is none."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fast_changes import CHANGES, LEFT, SERVED, Change
from fast_house import CHAINED, PLAIN, TARGETS, House, restore
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xswitch.cli.person import Nobody
from xswitch.errors import XswitchError


def compared(house: House, command: str, target: str, *options: str) -> bool:
    """Ask twice; return whether the fast commands answered, after comparing the answers."""
    fast = house.fast(command, target, *options)
    status, slow, said = house.slow(command, target, *options)
    if fast is None:
        return LEFT
    assert (status, said) == (0, "")
    assert fast == slow
    return SERVED


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("command", ["credential-process", "env"])
def test_a_live_session_is_served(house: House, command: str, target: str) -> None:
    house.settle(target)
    assert compared(house, command, target) == SERVED


@pytest.mark.parametrize("change", CHANGES, ids=[change.name for change in CHANGES])
def test_after_a_change(house: House, change: Change) -> None:
    house.settle(*TARGETS)
    change.make(house)
    for command, expected in change.expected.items():
        if expected == LEFT:
            assert house.fast(command, change.target) is None
        else:
            assert compared(house, command, change.target) == SERVED
    # The whole program, asked once more, may have noted it anew: that has to be as right.
    status, _, _ = house.slow("env", change.target)
    for command in change.expected if status == 0 else ():
        compared(house, command, change.target)


EDITS = [change for change in CHANGES if change.name.startswith("catalog: ") and "broken" not in change.name]


@pytest.mark.parametrize("change", EDITS, ids=[change.name for change in EDITS])
def test_after_an_edit_that_was_compiled_meanwhile(house: House, change: Change) -> None:
    """Another command has read the edited catalog, and nobody has worked out this request since."""
    house.settle(*TARGETS)
    change.make(house)
    house.settle()
    assert [house.fast(command, change.target) for command in change.expected] == [None, None]
    compared(house, "env", change.target)
    compared(house, "env", change.target)


NEAR = [change for change in CHANGES if "ENDPOINT_URL" not in change.name]


@given(st.lists(st.sampled_from(NEAR), min_size=2, max_size=4))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_changes_on_changes(opened: tuple[House, Path], made: list[Change]) -> None:
    house, copy = opened
    restore(house, copy)
    house.settle(*TARGETS)
    for change in made:
        try:
            change.make(house)
        except (XswitchError, AssertionError, OSError):
            continue  # it can't be made after those before it
        for command in ("env", "credential-process"):
            compared(house, command, change.target)


def test_the_document_is_what_sdks_read(house: House) -> None:
    house.settle(PLAIN)
    document = json.loads(house.fast("credential-process", PLAIN) or "")
    engine = house.engine()
    session = engine.serve(engine.plan(engine.resolve(PLAIN)), Nobody())
    token = session.credentials.session_token
    assert token is not None
    assert document == {
        "Version": 1,
        "AccessKeyId": session.credentials.access_key_id,
        "SecretAccessKey": session.credentials.secret_access_key.reveal(),
        "SessionToken": token.reveal(),
        "Expiration": datetime.fromtimestamp(int(session.expires), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "AccountId": "697658141357",
    }


OPTIONS = [
    ("--region", "us-east-1"),
    ("--region=ap-southeast-2",),
    ("--duration", "30m"),
    ("--duration=1800",),
    ("--duration", "1h"),
    ("--session-name", "at-work"),
    ("--no-input",),
]
LEFT_TO_ARGPARSE = [
    ("--duration", "1m"),
    ("--duration", "13h"),
    ("--duration", "soon"),
    ("--duration", ""),
    ("--duration",),
    ("--region", "-x"),
    ("--region", "nowhere in particular"),
    ("--session-name", "é"),
    ("--confirm", "payments-prod"),
    ("--reason", "because"),
    ("--json",),
    ("--help",),
    ("-h",),
    ("--reg", "us-east-1"),
    ("--no-such-option",),
    ("--duration", "5s", "--duration", "1h"),
    ("another/Target",),
    ("--", "true"),
]


@pytest.mark.parametrize("options", OPTIONS, ids="_".join)
@pytest.mark.parametrize("command", ["credential-process", "env"])
def test_options_are_part_of_the_request(house: House, command: str, options: tuple[str, ...]) -> None:
    house.settle(PLAIN)
    before = house.fast(command, PLAIN)
    known = compared(house, command, PLAIN, *options)
    assert known == (options == ("--no-input",)), "what was not asked for before is worked out first"
    assert compared(house, command, *options, PLAIN) == SERVED
    assert compared(house, command, PLAIN) == SERVED
    asked = house.fast(command, PLAIN, *options)
    if options[0] != "--duration" or options[1] != "1h":
        assert (asked == before) == (
            options == ("--no-input",) or (command, options[0][:8]) == ("credential-process", "--region")
        )


@pytest.mark.parametrize("options", LEFT_TO_ARGPARSE, ids="_".join)
@pytest.mark.parametrize("command", ["credential-process", "env"])
def test_what_is_not_plain_is_left_to_argparse(house: House, command: str, options: tuple[str, ...]) -> None:
    house.settle(PLAIN)
    assert house.fast(command, PLAIN, *options) is None
    assert house.fast(command, *options, PLAIN) is None


@pytest.mark.parametrize(
    "arguments",
    [("env",), ("env", ""), ("env", "web-dev"), ("env", "web-dev/"), ("env", "nope/PowerUser"), ("env", "-"), ("exec", PLAIN),
     ("exec", PLAIN, "--"), ("exec", "--", "true"), ("exec", PLAIN, "--min-ttl", "2h", "--", "true"),
     ("exec", PLAIN, "--min-ttl", "59m59s", "--renew", "--", "true"), ("exec", PLAIN, "--", "no-such-command"),
     ("exec", PLAIN, "--", "/"), ("shell", PLAIN), ("env", PLAIN, "--format", "xml"), ("env", PLAIN, "--format"),
     ("env", "arn:aws:iam::697658141357:role/Other"), ("credential-process", PLAIN, "--format", "bash")],
    ids=" ".join,
)  # fmt: skip
def test_what_only_the_whole_program_can_answer(house: House, arguments: tuple[str, ...]) -> None:
    house.settle(PLAIN)
    lines = len(house.logged())
    assert house.fast(*arguments) is None
    assert len(house.logged()) == lines, "nothing is logged by who does not answer"


@pytest.mark.parametrize(
    "text", [PLAIN, "697658141357/PowerUser", "arn:aws:iam::697658141357:role/PowerUser"], ids=["name", "id", "arn"]
)
def test_however_the_target_is_written(house: House, text: str) -> None:
    house.settle(PLAIN)
    assert compared(house, "env", text) == compared(house, "credential-process", text) == SERVED


@pytest.mark.parametrize("form", ["bash", "zsh", "fish", "powershell", "dotenv", "docker", "json"])
def test_every_form_of_assignments(house: House, form: str) -> None:
    house.settle(CHAINED)
    assert compared(house, "env", CHAINED, "--format", form) == SERVED


def test_a_value_that_a_form_can_not_hold_has_the_whole_programs_words(house: House) -> None:
    house.change_catalog(('name = "web-dev"', 'name = "it\'s \\\\ web $dev"'))
    target = "it's \\ web $dev/PowerUser"
    house.settle(target)
    assert compared(house, "env", target) == SERVED
    lines = len(house.logged())
    assert house.fast("env", target, "--format", "dotenv") is None
    assert len(house.logged()) == lines
    assert house.slow("env", target, "--format", "dotenv")[0] == 2


def test_the_log_has_the_same_line(house: House) -> None:
    house.settle(*TARGETS)
    for target in TARGETS:
        house.fast("env", target)
        house.slow("env", target)
        fast, slow = house.logged()[-2:]
        assert list(fast) == list(slow)
        assert {key: value for key, value in fast.items() if key != "time"} == {
            key: value for key, value in slow.items() if key != "time"
        }
        written = house.paths.audit_log.read_bytes().splitlines()[-2:]
        assert written[0].replace(fast["time"].encode(), b"") == written[1].replace(slow["time"].encode(), b"")
    lines = len(house.logged())
    house.fast("credential-process", PLAIN)
    house.slow("credential-process", PLAIN)
    assert len(house.logged()) == lines, "an SDK that asks for what is there switches nothing"


def test_a_visit_counts_whoever_served_it(house: House) -> None:
    house.settle(PLAIN)
    _, before, _ = house.engine().visits()[PLAIN]
    for _ in range(3):
        assert house.fast("env", PLAIN)
    assert house.engine().visits()[PLAIN][1] == before + 3
    house.slow("env", PLAIN)
    assert house.engine().visits()[PLAIN][1] == before + 4
    assert (house.paths.state / "visits.json.new").read_bytes() == b""
