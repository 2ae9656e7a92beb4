"""Guards judged, switches logged, denials explained: nothing guessed, nothing secret."""

from __future__ import annotations

import fcntl
import json
import os
import stat
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import examples

from xswitch.catalog.model import Account, Environment, Identity, Target
from xswitch.credentials import Credentials
from xswitch.errors import Denied, PersonNeeded
from xswitch.govern import audit
from xswitch.govern.denial import blame, explain, smallest_change
from xswitch.govern.guard import grant_duration, judge
from xswitch.secret import Secret
from xswitch.session.model import Caller, GuardAnswer, GuardAsk, Hop, Plan, Session
from xswitch.session.refusals import SIDES
from xswitch.text import clean

PROD = Environment("prod", "red", "type", reason=True, max_duration=1800)
TARGET = Target(
    Account("444455556666", "pay\u202e-prod", environment="prod"), "Deploy", "arn:aws:iam::444455556666:role/ci/Deploy"
)
HUB = Hop("assume-role", 3600, "identity-hub/Hub", "arn:aws:iam::111122223333:role/Hub", "111122223333", "ada")
LAST = Hop(
    "assume-role", 3600, TARGET.name, TARGET.arn, "444455556666", "ada", tags=(("team", "x"),), source_identity="ada"
)
PLAN = Plan(
    TARGET,
    Identity("central", "keys"),
    Caller("central", "user", user="ada"),
    (HUB, LAST),
    3600,
    "",
    None,
    PROD,
    "eu-west-1",
)
ASK = GuardAsk(TARGET, PROD, 1800)
SESSION = Session(
    TARGET.name, "444455556666", "pay-prod", "Deploy", "prod", "arn:aws:sts::444455556666:assumed-role/Deploy/ada", "central",
    "eu-west-1", Credentials("ASIASENTINEL", Secret("sentinel-secret"), Secret("sentinel-token"), 4600.0), 1000.0, 3600, "req-1",
)  # fmt: skip


def test_a_guard_wants_the_very_name_and_a_reason() -> None:
    assert judge(ASK, GuardAnswer(TARGET.account.name, "  PAY-1 ")) == "PAY-1"
    for wrong in (GuardAnswer("pay-prod", "r"), GuardAnswer("", "r"), GuardAnswer(TARGET.account.name, "  ")):
        with pytest.raises(PersonNeeded):
            judge(ASK, wrong)
    assert judge(replace(ASK, environment=replace(PROD, reason=False)), GuardAnswer(TARGET.account.name)) == ""


def test_a_grant_lasts_as_the_environment_says_and_an_hour_otherwise() -> None:
    assert grant_duration(PROD) == 1800
    assert grant_duration(replace(PROD, max_duration=None)) == 3600


def test_the_log_leads_back_to_the_person_and_holds_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "state" / "audit.jsonl"
    audit.append(path, audit.line_of(PLAN, SESSION, now=1000.0, os_user="ada", reason="why\nnot"))
    text = path.read_text()
    line = json.loads(text)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (line["request_id"], line["os_user"], line["user"], line["reason"]) == ("req-1", "ada", "ada", "why not")
    assert line["chain"] == ["identity-hub/Hub", "pay-prod/Deploy"]
    assert line["time"] == "1970-01-01T00:16:40Z"
    assert "sentinel" not in text.lower()


ANY_TEXT = st.text(max_size=12) | st.binary(max_size=8).map(lambda raw: raw.decode("utf-8", "surrogateescape"))


@examples(100)
@given(ANY_TEXT, ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_whatever_names_and_reasons_are_a_line_of_the_log_is_one_line_of_json(
    name: str, environment: str, user: str, reason: str
) -> None:
    session = replace(SESSION, target=f"{name}/Deploy", role=name, environment=environment, identity=user, arn=name)
    plan = replace(PLAN, caller=replace(PLAN.caller, user=user))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "audit.jsonl"
        audit.append(path, audit.line_of(plan, session, now=1000.0, os_user=user, reason=reason))
        text = path.read_text(encoding="utf-8")
    assert text.count("\n") == 1
    assert text.splitlines() == [text[:-1]] == [clean(text)[:-1]]
    line = json.loads(text)
    assert line["target"] == clean(f"{name}/Deploy")
    assert line["os_user"] == clean(user)
    assert "sentinel" not in text.lower() or "sentinel" in f"{name}{environment}{user}{reason}".lower()


def test_parallel_writers_never_mix_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    writers = [
        threading.Thread(target=lambda n=n: [audit.append(path, {"n": n, "text": "x" * 900}) for _ in range(25)])
        for n in range(8)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(json.loads(line)["n"] for line in path.read_text().splitlines()) == sorted(list(range(8)) * 25)


def test_a_line_after_half_a_line_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    audit.append(path, {"n": 1})
    with path.open("ab") as log:
        log.write(b'{"n": 2, "te')
    audit.append(path, {"n": 3})
    assert path.read_text().splitlines() == ['{"n":1}', '{"n": 2, "te', '{"n":3}']


def test_a_writer_that_stands_still_stops_nobody(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    audit.append(path, {"n": 1})
    with path.open("rb") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        audit.append(path, {"n": 2})
    assert [json.loads(line)["n"] for line in path.read_text().splitlines()] == [1, 2]


def test_what_is_no_file_is_refused_and_waited_for_by_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("pipe", "folder", "link"):
        with pytest.raises(OSError):
            audit.append(tmp_path / name, {"n": 1})
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("said", "side", "check"),
    [
        ("because no identity-based policy allows the sts:AssumeRole action", "caller", "identity policy"),
        ("with an explicit deny in an identity-based policy", "caller", "explicit deny"),
        ("with an explicit deny in a service control policy", "caller", "SCP"),
        ("because no permissions boundary allows the sts:AssumeRole action", "caller", "boundary"),
        ("with an explicit deny in a resource control policy", "role", "RCP"),
        ("because no resource-based policy allows the sts:AssumeRole action", "role", "trust policy"),
        ("because no VPC endpoint policy allows the sts:AssumeRole action", "caller", "VPC endpoint"),
        ("because no role trust policy allows the sts:AssumeRole action", "role", "trust policy"),
        ("with an explicit deny in something new", "unknown", ""),
        ("", "unknown", ""),
    ],
)
def test_the_side_is_what_aws_says_and_nothing_else(said: str, side: str, check: str) -> None:
    message = f"User: arn:aws:iam::1:user/a is not authorized to perform: sts:AssumeRole on resource: r {said}"
    assert blame(message)[:2] == (side, check)


@pytest.mark.parametrize("policy", SIDES)
@pytest.mark.parametrize("words", ["because no {} allows the action", "with an explicit deny\n in a  {}"])
def test_every_type_of_policy_that_aws_names_decides_a_check(policy: str, words: str) -> None:
    side, check, said = blame(words.format(policy))
    assert (side, bool(check), bool(said)) == (SIDES[policy], True, True)


def test_a_denial_shows_where_the_chain_stops_and_what_was_sent() -> None:
    first = explain(Denied("d", aws_message="no", target="identity-hub/Hub"), PLAN, now=5.0)
    assert [stop.name for stop in first.wire] == ["ada", "identity-hub/Hub", "pay-prod/Deploy"]
    assert first.broken_after == 0
    last = explain(
        Denied("d", aws_message="because no resource-based policy allows", target=TARGET.name), PLAN, now=5.0
    )
    assert last.broken_after == 1
    assert (last.caller.verdict, last.role.verdict) == ("can't be told", "denies")
    words = {check.name: (check.state, check.words) for check in last.role.checks}
    assert words["trust policy"] == ("no", "does not allow this caller")
    assert words["external id"][1] == "none was sent"
    assert words["source id"][1] == "ada"
    assert "sts:TagSession" in {check.name: check.words for check in last.caller.checks}["action"]


def test_what_can_not_be_told_is_said_and_listed_in_order() -> None:
    shown = explain(
        Denied("d", aws_code="AccessDenied", aws_message="not authorized", target=TARGET.name), PLAN, now=5.0
    )
    assert shown.sure == "AWS did not say which side"
    assert "does not exist" in shown.change[0]
    assert "external id" in shown.change[1]
    assert not any("\u202e" in text for text in (shown.target, *shown.change, *(stop.name for stop in shown.wire)))


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("because no permissions boundary allows the sts:AssumeRole action", "A permissions boundary stands above"),
        ("with an explicit deny in a service control policy", "A service control policy stands above"),
        ("because no identity-based policy allows the sts:AssumeRole action", "Let the caller's policy allow"),
        ("because no resource-based policy allows the sts:AssumeRole action", "its own"),
        ("", "its own"),
    ],
)
def test_the_smallest_change_is_the_hint_where_aws_named_what_of_the_caller_denied(said: str, hint: str) -> None:
    message = f"User: arn:aws:iam::1:user/a is not authorized to perform: sts:AssumeRole on resource: r {said}"
    denied = Denied("d", "its own", aws_message=message, target=TARGET.name)
    assert smallest_change(denied, PLAN).startswith(hint)
    other = Denied("d", "its own", aws_message=message.replace(": sts:AssumeRole", ": sts:TagSession"))
    assert smallest_change(other, PLAN) == "its own"
