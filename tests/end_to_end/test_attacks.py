"""What a second pair of eyes found: each of these worked once, and must not again."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from company import TARGET, Company
from terminal import Terminal


def inside(xswitch: str, environ: dict[str, str], script: str, *, status: int = 0) -> str:
    """Run a script in the demo, with ``X`` for the program; return what it printed."""
    work = Path(environ["HOME"]).parent / "work"
    work.mkdir(exist_ok=True)
    done = subprocess.run(
        [xswitch, "demo", "--", "exec", "observability/ReadOnly", "--", "bash", "-c", script.replace("X ", f"{xswitch} ")],
        env=environ, cwd=work, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == status, done
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_the_name_of_a_variable_is_never_code(xswitch: str, newcomer: dict[str, str]) -> None:
    hostile = "env 'AWS_CONTAINER_$(touch pwned)=1'"
    shown = inside(xswitch, newcomer, f'eval "$({hostile} X env payments-staging/ReadOnly --format bash)"; ls')
    assert "pwned" not in shown


def test_a_dumb_terminal_shows_no_picker(xswitch: str, newcomer: dict[str, str]) -> None:
    script = f"{xswitch} exec payments-stag -- sh -c 'echo RAN'; echo status=$?"
    argv = [xswitch, "demo", "--", "exec", "observability/ReadOnly", "--", "bash", "-c", script]
    with Terminal(argv, newcomer | {"TERM": "dumb"}) as screen:
        screen.wait("status=1")
        assert "RAN" not in screen.text()
        assert "Search" not in screen.text()
        screen.end()


@pytest.mark.parametrize("key", ["\r", "\x1b\x1b"])
def test_what_is_piped_into_a_command_never_drives_the_picker(
    xswitch: str, newcomer: dict[str, str], key: str, tmp_path: Path
) -> None:
    """The picker takes its keys from the terminal, and the command finds stdin, stdout and stderr as they were."""
    out, error = tmp_path / "out", tmp_path / "error"
    command = "cat; echo RAN $XSWITCH_TARGET >&2"
    script = (
        f"printf '\\rpiped' | {xswitch} exec payments-staging/Rea -- sh -c '{command}' >{out} 2>{error}; echo status=$?"
    )
    argv = [xswitch, "demo", "--", "exec", "observability/ReadOnly", "--", "bash", "-c", script]
    with Terminal(argv, newcomer) as screen:
        screen.wait(r"❯ payments-staging\s+ReadOnly")
        assert not out.read_bytes() and not error.read_bytes()
        screen.send(key)
        screen.wait("status=0" if key == "\r" else "status=1")
        screen.end()
    ran = key == "\r"
    assert out.read_bytes() == (b"\rpiped" if ran else b"")
    assert ("RAN payments-staging/ReadOnly" in error.read_text()) == ran
    assert "\x1b[" not in error.read_text()


def test_a_renewal_of_a_partial_target_opens_the_picker(xswitch: str, newcomer: dict[str, str]) -> None:
    script = (
        f"{xswitch} sessions renew observability/; echo status=$?; {xswitch} sessions renew payments-staging/ReadOnly"
    )
    argv = [xswitch, "demo", "--", "exec", "observability/ReadOnly", "--", "bash", "-c", script]
    with Terminal(argv, newcomer) as screen:
        screen.wait(r"❯ observability\s+ReadOnly")
        screen.send("\r")
        screen.wait(r"observability/ReadOnly for [\s\S]*status=0")
        screen.wait("payments-staging/ReadOnly has no live session")
        screen.end()


def test_an_env_that_was_cancelled_in_the_picker_fails_its_eval(xswitch: str, newcomer: dict[str, str]) -> None:
    script = f'eval "$({xswitch} env payments-staging/Dep --format bash)"; echo status=$?'
    argv = [xswitch, "demo", "--", "exec", "observability/ReadOnly", "--", "bash", "-c", script]
    with Terminal(argv, newcomer) as screen:
        screen.wait("payments-staging")
        screen.send("\x1b\x1b")
        screen.wait("status=1")
        screen.end()


def test_a_partial_target_opens_the_picker_and_runs_what_was_picked(xswitch: str, newcomer: dict[str, str]) -> None:
    argv = [xswitch, "demo", "--", "exec", "payments-staging/Rea", "--", "sh", "-c", "echo RAN $XSWITCH_TARGET"]
    with Terminal(argv, newcomer) as screen:
        screen.wait(r"❯ payments-staging\s+ReadOnly")
        screen.send("\r")
        screen.wait("RAN payments-staging/ReadOnly")
        assert screen.end() == 0


def test_a_renamed_account_keeps_its_session_in_reach(xswitch: str, newcomer: dict[str, str]) -> None:
    script = """
        X exec payments-staging/ReadOnly -- true &&
        sed -i 's/name = "payments-staging"/name = "pay-stg"/' "$XSWITCH_HOME/config/catalog.toml" &&
        X sessions --json >one && X sessions end pay-stg/ReadOnly 2>&1 && cat one
    """
    shown = inside(xswitch, newcomer, script)
    assert "pay-stg/ReadOnly is forgotten here" in shown
    assert "for half a minute the session board of `xswitch` can bring it back" in shown
    live = json.loads(shown[shown.index("[") : shown.rindex("]") + 1])
    assert {one["target"] for one in live} == {"pay-stg/ReadOnly", "observability/ReadOnly"}


def test_a_role_that_the_catalog_lacks_is_guarded_and_marked(xswitch: str, newcomer: dict[str, str]) -> None:
    """Its account is taken out of the catalog: a switch by ARN asks, and the shell shows that it is guarded."""
    arn = "arn:aws:iam::555566667777:role/ReadOnly"
    script = f"""
        python3 - "$XSWITCH_HOME/config/catalog.toml" <<'P'
import re, sys
text = open(sys.argv[1]).read()
open(sys.argv[1], "w").write(re.sub(r'\\[\\[accounts\\]\\]\\nid = "555566667777".*?\\n\\n', "", text, flags=re.DOTALL))
P
        X exec {arn} -- true; echo status=$?
        X exec {arn} --confirm 555566667777 -- sh -c 'echo "$XSWITCH_ENVIRONMENT [$XSWITCH_PROMPT_GUARDED]"'
    """
    shown = inside(xswitch, newcomer, script)
    assert "status=5" in shown
    assert "unlisted [1]" in shown


def test_a_minimum_that_can_not_be_had_is_refused_before_the_command(xswitch: str, newcomer: dict[str, str]) -> None:
    shown = inside(xswitch, newcomer, "X exec web-dev/PowerUser --min-ttl 11h -- echo RAN; echo status=$?")
    assert "status=5" in shown
    assert "RAN" not in shown


@pytest.mark.parametrize("redirection", [">&-", ">/dev/full"])
def test_a_stdout_that_fails_is_no_fault_of_ours(xswitch: str, newcomer: dict[str, str], redirection: str) -> None:
    shown = inside(xswitch, newcomer, f"X catalog list {redirection}; X identity list <&- {redirection}; echo done")
    assert "a fault of xswitch" not in shown
    assert "done" in shown


@pytest.mark.parametrize("renew", [[], ["--renew"]])
def test_the_locale_is_what_it_was(company: Company, renew: list[str]) -> None:
    """Python sets LC_CTYPE where the locale is C, and a command would sort, match and print by it."""
    for given in ({"LANG": "C"}, {"LANG": ""}, {"LANG": "C", "LC_CTYPE": "C.UTF-8"}, {"LANG": "C", "LC_ALL": "C"}):
        for _ in range(2):  # a new session, then one that is live
            done = company.run("exec", TARGET, *renew, "--", "env", **given)
            lines = [line for line in done.stdout.splitlines() if line.startswith(("LANG=", "LC_"))]
            assert sorted(lines) == [f"{name}={value}" for name, value in sorted(given.items())], done


def test_options_are_written_in_full_and_stray_words_refused(xswitch: str, newcomer: dict[str, str]) -> None:
    script = """
        X env nope --js >/dev/null; echo $?
        X env nope --format json; echo $?
        X identity list foo; echo $?
        X sessions --all; echo $?
        X sessions end --all --no-input >/dev/null 2>&1; X sessions end --all; echo $?
    """
    shown = inside(xswitch, newcomer, script)
    assert [line for line in shown.splitlines() if line.isdigit()] == ["2", "1", "2", "2", "0"]
    assert "false" not in shown
    assert "no live sessions" in shown
