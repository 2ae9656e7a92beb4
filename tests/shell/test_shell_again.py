"""What a shell is told to renew itself with, and the notes by which it learns that there is something to take."""

from __future__ import annotations

import os
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import examples

from xswitch.session.model import Options, Session
from xswitch.shell import renewed
from xswitch.shell.again import Again, own_program
from xswitch.shell.environment import KEYS, SHADOWS, Look, in_place, switched

SHELL_DIR = Path(renewed.__file__).parent


def test_the_program_is_this_very_one(tmp_path: Path) -> None:
    installed = tmp_path / "bin" / "xswitch"
    installed.parent.mkdir()
    installed.write_text("#!/bin/sh\n")
    as_module = ("/venv/python", "-P", "-m", "xswitch")
    assert own_program(str(installed), "/venv/python") == as_module, "no program"
    installed.chmod(0o755)
    assert own_program(str(installed), "/venv/python") == (str(installed),)
    assert own_program("/lib/xswitch/__main__.py", "/venv/python") == as_module
    assert own_program("-c", "/venv/python") == as_module


def test_a_relative_program_is_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "xswitch").write_text("#!/bin/sh\n")
    (tmp_path / "xswitch").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    assert own_program("./xswitch", "python") == (str(tmp_path / "xswitch"),)


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("payments-prod/Deploy", "444455556666/Deploy"),
        ("", "444455556666/Deploy"),
        ("arn:aws:iam::444455556666:role/ci/Deploy", "arn:aws:iam::444455556666:role/ci/Deploy"),
        # What was picked in its place is another role.
        ("arn:aws:iam::444455556666:role/ci/Other", "444455556666/Deploy"),
        ("arn:aws:iam::111122223333:role/Deploy", "444455556666/Deploy"),
        ("arn", "444455556666/Deploy"),
    ],
)
def test_the_target_outlives_a_renamed_account(session: Session, typed: str, asked: str, tmp_path: Path) -> None:
    assert Again.of(session, Options(), typed, tmp_path).request == (asked,)


def test_the_options_go_with_it(session: Session, tmp_path: Path) -> None:
    made = Again.of(session, Options(duration=7200, region="eu-north-1", session_name="it=is+me"), "", tmp_path)
    assert made.request[1:] == ("--duration=7200", "--region=eu-north-1", "--session-name=it=is+me")
    assert made.notes == tmp_path / "renewed"


def test_a_note_says_when_the_latest_session_ends(session: Session, tmp_path: Path) -> None:
    folder = renewed.folder_in(tmp_path)
    assert renewed.latest(folder, "444455556666", "Deploy") == 0
    renewed.announce(folder, session)
    (note,) = folder.iterdir()
    assert (note.name, note.read_text()) == ("444455556666-Deploy", "1795000000\n")
    assert stat.S_IMODE(note.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert renewed.latest(folder, "444455556666", "Deploy") == 1795000000
    renewed.forget(folder, "444455556666", "Deploy")
    renewed.forget(folder, "444455556666", "Deploy")
    assert list(folder.iterdir()) == []
    note.write_text("x")
    assert renewed.latest(folder, "444455556666", "Deploy") == 0


def test_a_note_that_can_not_be_written_fails_nothing(session: Session, tmp_path: Path) -> None:
    (tmp_path / "renewed").write_text("in the way")
    renewed.announce(tmp_path / "renewed", session)
    renewed.forget(tmp_path / "renewed", "444455556666", "Deploy")


def test_notes_of_a_day_ago_go(session: Session, tmp_path: Path) -> None:
    for name, age in (("old", 86500), ("new", 86000)):
        (tmp_path / name).write_text("1\n")
        when = (tmp_path / name).stat().st_mtime - age
        os.utime(tmp_path / name, (when, when))
    renewed.announce(tmp_path, session)
    assert sorted(note.name for note in tmp_path.iterdir()) == ["444455556666-Deploy", "new"]


ROLES = ["Deploy", "it=is,me.@x_-+", "a/../b", "$(touch pwned)`x`", "%{'\"\\", "..", "-n", "*?[a]", "x y"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shells_name_a_note_as_python_does(shell: str, tmp_path: Path) -> None:
    marker, renew = (SHELL_DIR / f"{part}.{shell}" for part in ("marker", "renew"))
    options = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    for role in ROLES:
        note = tmp_path / renewed.name_of("444455556666", role)
        note.write_text("77\n")
        show = (
            'string replace -ra "[^A-Za-z0-9._@+-]" _ -- "$XSWITCH_ROLE"'
            if shell == "fish"
            else f'__xswitch_notes={tmp_path}; __xswitch_opened=; __xswitch_which; printf "%s\\n" "${{note##*-4}}" "$note"'
        )
        code = f"source '{marker}'; source '{renew}'; {show}"
        done = subprocess.run(
            [shell, *options, "-c", code], env={**os.environ, "XSWITCH_ACCOUNT_ID": "444455556666", "XSWITCH_ROLE": role},
            capture_output=True, text=True, timeout=30, cwd=tmp_path, check=False,
        )  # fmt: skip
        assert done.stdout.splitlines()[-1] in (str(note), note.name.partition("-")[2])
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shells_count_by_aws_s_clock(shell: str) -> None:
    options = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    show = "__xswitch_now" if shell == "fish" else "__xswitch_now; echo $now"
    for skew, ahead in {"": 0, "700": 700, "-700": -700, "08": 8, "-": 0}.items():
        began = int(time.time())
        done = subprocess.run(
            [shell, *options, "-c", f"source '{SHELL_DIR}/marker.{shell}'; {show}"],
            env={**os.environ, "XSWITCH_PROMPT_SKEW": skew}, capture_output=True, text=True, timeout=30, check=True,
        )  # fmt: skip
        assert began + ahead <= int(done.stdout) <= time.time() + ahead


@examples(200)
@given(st.text())
def test_a_note_stays_in_its_folder(role: str) -> None:
    name = renewed.name_of("444455556666", role)
    assert "/" not in name
    assert name.startswith("444455556666-")
    assert name.isascii()
    assert name.isprintable()


INSIDE = {
    "XSWITCH_REGION": "eu-west-1",
    "XSWITCH_DEPTH": "2",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
}


def test_a_renewal_in_place_changes_the_session_and_no_more(sessions: Callable[..., Session]) -> None:
    loud = in_place(sessions(), {**INSIDE, "AWS_PROFILE": "mine"}, quietly=False)
    quiet = in_place(sessions(), {**INSIDE, "AWS_PROFILE": "mine"}, quietly=True)
    assert loud.assignments == quiet.assignments
    assert loud.assignments["AWS_REGION"] == "eu-west-1"
    assert loud.assignments["XSWITCH_DEPTH"] == "2"
    assert set(SHADOWS) <= set(loud.removals)
    assert not set(SHADOWS) & set(quiet.removals)
    # A part that this session lacks is taken away all the same.
    unmarked = in_place(sessions(environment=""), INSIDE, quietly=True)
    assert "XSWITCH_PROMPT_ENVIRONMENT" in unmarked.removals
    assert set(KEYS) <= set(quiet.assignments)


@pytest.mark.parametrize(
    ("inside", "kept"),
    [
        ({**INSIDE, "AWS_REGION": "us-east-1"}, {"AWS_REGION"}),
        ({name: value for name, value in INSIDE.items() if name != "AWS_DEFAULT_REGION"}, {"AWS_DEFAULT_REGION"}),
        # Who says nothing of a region of ours gets one, as at a switch.
        ({"AWS_REGION": "us-east-1"}, set()),
        # The session had no region when it was opened, and the person none.
        ({"XSWITCH_REGION": ""}, set()),
        ({"XSWITCH_REGION": "", "AWS_REGION": "us-east-1"}, {"AWS_REGION"}),
    ],
)
def test_a_region_that_was_chosen_inside_stays(session: Session, inside: dict[str, str], kept: set[str]) -> None:
    made = in_place(session, inside, quietly=False)
    assert {"AWS_REGION", "AWS_DEFAULT_REGION"} - set(made.assignments) == kept
    assert not kept & set(made.removals)


def test_the_skew_of_the_clocks_goes_with_the_session(session: Session) -> None:
    assert switched(session, {}, Look(skew=-700))["XSWITCH_PROMPT_SKEW"] == "-700"
    assert "XSWITCH_PROMPT_SKEW" not in switched(session, {"XSWITCH_PROMPT_SKEW": "9"}, Look())
    assert repr(Look.of(None, "light", 9)) == repr(Look(theme="light", skew=9))


def within(*words: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(SHELL_DIR / "within.posix"), *words],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def test_a_bounded_command_is_itself() -> None:
    done = within("60", "sh", "-c", 'printf "%s|" "$@"; exit 7', "x", "a b", "*", "")
    assert (done.stdout, done.returncode) == ("a b|*||", 7)


def test_a_command_past_its_bound_is_ended() -> None:
    assert within("1", "sleep", "300").returncode == 143
    # One that does not want to end is ended all the same.
    stubborn = "trap '' TERM; while :; do sleep 0.1; done"
    assert within("1", "sh", "-c", stubborn).returncode == 137
