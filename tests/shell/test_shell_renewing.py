"""Prompts that renew: bash, zsh and fish on a real terminal, the installed xswitch, a strict AWS over HTTP."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from people_and_shells import RC_FILES
from renewing_house import House, Opened, Resident, children_of, processes_with

from xswitch.session.model import Options

CALM = "payments-staging/ReadOnly full"
PID = {"bash": "$$", "zsh": "$$", "fish": "$fish_pid"}


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    made = House()
    yield made
    made.sandbox.stop()


@pytest.fixture
def ada(house: House, tmp_path: Path) -> Iterator[Resident]:
    home = tmp_path / "home"
    home.mkdir()
    someone = house.person(home)
    yield someone
    someone.close()
    assert not [file.name for file in home.iterdir() if file.name.startswith("pwned")]


def export(shell: str, name: str, value: str) -> str:
    return f"set -gx {name} {value}" if shell == "fish" else f"export {name}={value}"


def test_a_session_is_renewed_before_it_ends_once_for_all_shells(ada: Resident) -> None:
    for shell in ("bash", "zsh", "fish"):
        ada.write_rc(shell)
    ada.opened()
    terminals = [ada.open(shell, "payments-staging/ReadOnly") for shell in ("bash", "zsh", "fish")]
    for terminal in terminals:
        terminal.settle()
    for terminal in terminals:
        assert terminal.until(lambda shell=terminal: shell.marker() == CALM) == CALM
    keys = {terminal.key() for terminal in terminals}
    assert len(keys) == 1
    assert ada.switches == ["ok", "ok"]
    arn = terminals[0].ask("aws sts get-caller-identity --query Arn --output text")
    assert arn == "arn:aws:sts::555566667777:assumed-role/ReadOnly/ada"
    for terminal in terminals:
        terminal.leave()
    lines = [json.loads(line) for line in ada.paths.audit_log.read_text().splitlines()]
    assert [line["from_vault"] for line in lines].count(False) == 2


def test_what_was_renewed_elsewhere_is_there_at_the_next_prompt(ada: Resident, shell: str) -> None:
    ada.write_rc(shell)
    terminal = ada.open(shell, "payments-staging/ReadOnly").settle()
    pid = int(terminal.ask(f"echo {PID[shell]}"))
    before, key = children_of(pid), terminal.key()
    calm = children_of(pid)
    for _ in range(4):
        terminal.enter()
    assert children_of(pid) == calm, "a prompt that renews nothing starts no process"
    assert before != calm
    ada.renew()
    lines = len(ada.paths.audit_log.read_text().splitlines())
    terminal.enter()
    assert terminal.key() not in (key, "")
    assert ada.switches == ["ok", "ok"]
    assert len(ada.paths.audit_log.read_text().splitlines()) == lines, "to follow is no switch"
    held = json.loads(ada.xswitch("env", "payments-staging/ReadOnly", "--format", "json").stdout)
    assert terminal.key() == held["AWS_ACCESS_KEY_ID"]
    assert terminal.ask("printenv AWS_CREDENTIAL_EXPIRATION XSWITCH_DEPTH").split() == [
        held["AWS_CREDENTIAL_EXPIRATION"], "1",
    ]  # fmt: skip
    terminal.leave()


def test_only_the_sessions_own_variables_change(ada: Resident, shell: str) -> None:
    ada.write_rc(shell)
    terminal = ada.open(shell, "payments-staging/ReadOnly").settle()
    terminal.enter(export(shell, "AWS_REGION", "ap-south-1"))
    terminal.enter(export(shell, "AWS_PROFILE", "mine"))
    key = terminal.key()
    ada.renew()
    terminal.enter()
    assert terminal.key() != key
    names = "AWS_REGION AWS_DEFAULT_REGION AWS_PROFILE"
    assert terminal.ask(f"printenv {names}").split() == ["ap-south-1", "eu-west-1", "mine"]
    # Keys that the person puts there stay, whatever is renewed elsewhere.
    terminal.enter(export(shell, "AWS_ACCESS_KEY_ID", "AKIAMYOWN"))
    ada.renew()
    terminal.enter()
    assert terminal.key() == "AKIAMYOWN"
    # Who asks for it gets the session as it was opened, but for the region that was chosen.
    terminal.enter("xs .")
    assert "renewed until " in terminal.seen
    assert terminal.key().startswith("ASIA")
    assert terminal.ask("printenv AWS_REGION AWS_PROFILE") == "ap-south-1"
    assert ada.switches == ["ok"] * 3
    terminal.leave()


def test_it_can_be_turned_off_and_done_by_hand(ada: Resident, shell: str) -> None:
    ada.write_rc(shell)
    ada.opened()
    environ = {**ada.environ, "XSWITCH_PROMPT_RENEW": "0"}
    terminal = ada.open(shell, "payments-staging/ReadOnly", environ=environ)
    terminal.prompt()
    key = terminal.key()
    ada.later()
    assert terminal.enter() == "payments-staging/ReadOnly ! 13m"
    ada.xswitch("sessions", "renew", "payments-staging/ReadOnly")
    assert terminal.enter() == "payments-staging/ReadOnly ! 13m"
    assert terminal.key() == key
    assert ada.switches == ["ok", "ok"]
    # It takes what there is; a second time there is nothing later, so a new one is opened.
    assert terminal.enter("xs .") == CALM
    assert ada.switches == ["ok", "ok"]
    ada.later()
    terminal.enter("xs .")
    assert ada.switches == ["ok"] * 3
    assert terminal.enter("xs payments-prod/ReadOnly") == CALM
    assert "this shell knows `xs .` alone" in terminal.seen
    assert (terminal.enter("xs"), terminal.status())[1] == "2"
    terminal.leave()


def test_where_a_code_is_needed_it_says_so_and_xs_asks(ada: Resident, shell: str) -> None:
    ada.write_rc(shell)
    ada.opened("payments-staging/Admin", Options(duration=4 * 3600))
    terminal = ada.open(shell, "payments-staging/Admin").settle()
    needs = "payments-staging/Admin ! 13m needs a code: xs ."
    assert terminal.until(lambda: "needs" in terminal.marker()) == needs
    assert ada.switches == ["ok"]
    key = terminal.key()
    # Ctrl-C at the question changes nothing.
    terminal.type("xs .")
    terminal.expect("MFA code for ada: ")
    terminal.child.send("\x03")
    terminal.prompt()
    assert terminal.status() == "130"
    assert (terminal.key(), terminal.marker()) == (key, needs.replace("13m", terminal.marker().split()[2]))
    ada.fresh_code()
    terminal.type("xs .")
    give_code(ada, terminal)
    terminal.prompt()
    assert terminal.status() == "0"
    assert terminal.marker() == "payments-staging/Admin full"
    assert terminal.key() != key
    assert ada.switches == ["ok", "ok"]
    terminal.leave()


def give_code(ada: Resident, terminal: Opened) -> None:
    """Type the code that is asked for."""
    terminal.expect("MFA code for ada: ")
    terminal.child.send(ada.fresh_code())


def test_a_grant_that_is_over_is_said_and_given_again(ada: Resident, shell: str) -> None:
    ada.write_rc(shell)
    ada.opened("payments-prod/ReadOnly")
    environ = {**ada.environ, "XSWITCH_PROMPT_RENEW": "0"}
    terminal = ada.open(shell, "payments-prod/ReadOnly", "--confirm", "payments-prod", environ=environ).settle()
    key = terminal.key()
    ada.renew("payments-prod/ReadOnly")
    ada.end_grant("payments-prod/ReadOnly")
    # What is in the vault is not handed over either.
    terminal.enter(export(shell, "XSWITCH_PROMPT_RENEW", "1"))
    terminal.until(lambda: "needs" in terminal.marker())
    assert terminal.marker() == "PROD  payments-prod/ReadOnly ! 13m needs confirmation: xs ."
    assert (ada.switches, terminal.key()) == (["ok", "ok"], key)
    terminal.type("xs .")
    terminal.expect(r"Open it \[y/N\]\?")
    terminal.child.send("y\r")
    terminal.prompt()
    assert terminal.marker() == "PROD  payments-prod/ReadOnly full"
    assert ada.switches == ["ok"] * 3
    # Within the grant the prompt renews by itself again, but not what the person has ended.
    ada.end("payments-prod/ReadOnly")
    terminal.enter(export(shell, "XSWITCH_EXPIRES", str(int(time.time()) + 835)))
    pid = int(terminal.ask(f"echo {PID[shell]}"))
    idle = children_of(pid)
    assert re.search("ReadOnly ! 1[23]m$", terminal.let(due=0))
    assert children_of(pid) == idle
    terminal.leave()


def test_what_a_prompt_does_is_not_seen_by_the_next_command(ada: Resident, shell: str) -> None:
    ada.write_rc(shell)
    terminal = ada.open(shell, "payments-staging/ReadOnly").settle()
    jobs = {"bash": "$!", "zsh": "$!", "fish": "$last_pid"}[shell]
    terminal.enter("sleep 300 &")
    before = terminal.ask(f"echo {jobs}; jobs")
    key = terminal.key()
    ada.renew()
    shown = {"bash": "$? ${PIPESTATUS[*]}", "zsh": "$? $pipestatus", "fish": "$status $pipestatus"}[shell]
    terminal.enter("sh -c 'exit 3' | sh -c 'exit 4'")
    terminal.type(f"echo GO''T {shown}")
    terminal.expect("GOT 4 3 4\r*\n")
    terminal.prompt()
    assert terminal.key() != key
    # Now the same while it renews in the background.
    in_need(ada, terminal, shell)
    terminal.let(due=0)
    terminal.enter("sh -c 'exit 3' | sh -c 'exit 4'")
    terminal.type(f"echo GO''T {shown}")
    terminal.expect("GOT 4 3 4\r*\n")
    terminal.prompt()
    terminal.until(lambda: terminal.marker() == CALM)
    assert terminal.ask(f"echo {jobs}; jobs") == before
    assert "Done" not in terminal.seen
    assert "has ended" not in terminal.seen
    terminal.enter("kill %1")
    terminal.leave()


def in_need(ada: Resident, terminal: Opened, shell: str) -> None:
    """Make the session of a shell one that is about to end, in the vault and in the shell."""
    ada.end()
    ada.opened(left=250)
    ada.later()
    call = f"{ada.program} env payments-staging/ReadOnly --format {shell}"
    terminal.enter(f"{call} | source" if shell == "fish" else f'eval "$({call})"')


STRICT = {
    "bash": "set -euo pipefail; set -o noclobber; set -TE; IFS=0; trap 'echo t >>t' ERR; trap 'echo DEB''UG >>d' DEBUG",
    "zsh": (
        "setopt err_exit no_unset pipe_fail no_clobber ksh_arrays sh_word_split no_nomatch glob_subst prompt_subst; "
        "IFS=0; trap 'echo t >>t' ZERR; trap 'echo DEB''UG >>d' DEBUG"
    ),
}
OPTIONS = {"bash": 'echo "$-" "$SHELLOPTS"; trap', "zsh": "setopt; trap"}


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_options_and_traps_are_left_as_they_were(ada: Resident, shell: str) -> None:
    ada.write_rc(shell)
    terminal = ada.open(shell, "payments-staging/ReadOnly").settle()
    terminal.enter(STRICT[shell])
    terminal.enter("! true")
    before, key = terminal.ask(OPTIONS[shell]), terminal.key()
    ada.renew()
    terminal.enter()
    assert terminal.key() != key
    terminal.enter("unset AWS_PROFILE NO_COLOR")
    key = terminal.key()
    terminal.enter("xs .")
    assert terminal.key() != key
    assert terminal.ask(OPTIONS[shell]) == before
    assert not (ada.home / "t").exists()
    assert terminal.marker() == CALM
    terminal.leave()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_trace_shows_no_secret(ada: Resident, shell: str) -> None:
    ada.write_rc(shell)
    trace = {"bash": "set -xvT; trap 'echo \"$BASH_COMMAND\"' DEBUG", "zsh": "set -xv; trap 'echo $ZSH_DEBUG_CMD' DEBUG",
             "fish": "set -g fish_trace 1"}  # fmt: skip
    terminal = ada.open(shell, "payments-staging/ReadOnly").settle()
    terminal.enter(trace[shell])
    for way in ("", "xs ."):
        ada.later()
        if not way:
            ada.xswitch("sessions", "renew", "payments-staging/ReadOnly")
        terminal.enter(way)
        held = json.loads(ada.xswitch("env", "payments-staging/ReadOnly", "--format", "json").stdout)
        terminal.type("printenv AWS_ACCESS_KEY_ID")
        terminal.expect(held["AWS_ACCESS_KEY_ID"])
        terminal.prompt()
        for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            assert held[name] not in terminal.seen
            assert held[name][:20] not in terminal.seen
    files = [file for file in (ada.paths.state / "shells").rglob("*") if file.is_file()]
    assert files
    assert not any(held["AWS_SECRET_ACCESS_KEY"].encode() in file.read_bytes() for file in files)
    terminal.leave()


def test_slowness_and_failure_change_nothing(ada: Resident, shell: str) -> None:
    ada.write_rc(shell)
    terminal = ada.open(shell, "payments-staging/ReadOnly").settle()
    slow = ada.home / "slow"
    slow.write_text('#!/bin/sh\necho "$*" >>called\necho false\n[ ! -e fails ] || exit 4\nexec sleep 300\n')
    slow.chmod(0o755)
    terminal.let(program=f"({slow})" if shell != "fish" else slow, patience=1)
    key = terminal.key()
    ada.renew()
    for _ in range(3):
        terminal.enter()
    assert terminal.key() == key
    called = (ada.home / "called").read_text().splitlines()
    assert len(called) == 1, "not again for a minute"
    assert called[0].startswith("env 555566667777/ReadOnly --follow")
    terminal.until(lambda: not processes_with(str(slow)))
    (ada.home / "fails").touch()
    terminal.let(rest=0)
    assert terminal.key() == key
    assert len((ada.home / "called").read_text().splitlines()) == 2
    assert (terminal.enter("xs ."), terminal.status())[1] == "4"
    assert terminal.key() == key
    # Ctrl-C ends the wait, and the shell is as it was.
    (ada.home / "fails").unlink()
    if shell != "fish":
        terminal.enter("set -u")
    terminal.type(
        "set -g __xswitch_patience 40; set -g __xswitch_rest 0"
        if shell == "fish"
        else "__xswitch_patience=40 __xswitch_rest=0"
    )
    deadline = time.monotonic() + 60
    while len((ada.home / "called").read_text().splitlines()) < 4:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(1.5)  # no hand is faster than the two lines with which the one who waits makes ready for it
    terminal.child.send("\x03")
    terminal.enter()
    assert terminal.key() == key
    if shell != "fish":
        assert "u" in terminal.ask("echo $-")
    terminal.let(rest=9999999999)  # no prompt begins another while the last one is waited for
    terminal.until(lambda: not processes_with(str(slow)))
    terminal.leave()


def test_the_renewal_runs_apart_from_the_shell_and_outlives_it(ada: Resident, shell: str) -> None:
    ada.write_rc(shell)
    faults = ada.house.sandbox.faults
    ada.opened()
    environ = {**ada.environ, "XSWITCH_PROMPT_RENEW": "0"}
    terminal = ada.open(shell, "payments-staging/ReadOnly", environ=environ).settle()
    faults.slow(4, times=1, action="AssumeRole")
    terminal.enter(export(shell, "XSWITCH_PROMPT_RENEW", "1"))
    began = time.monotonic()
    terminal.enter()
    ours = f"--report={ada.home}"
    (renewing,) = wait_for(lambda: [pid for pid in processes_with(ours) if b"python" in argv(pid)[0]])
    wait_for(lambda: session_of(renewing) == renewing)
    assert terminal_of(renewing) == 0
    assert {os.readlink(f"/proc/{renewing}/fd/{number}") for number in (0, 1, 2)} == {os.devnull}
    assert "ReadOnly" in terminal.ask("echo $XSWITCH_TARGET; jobs")
    terminal.leave()
    assert time.monotonic() - began < 60
    wait_for(lambda: ada.switches == ["ok", "ok"])
    wait_for(lambda: not processes_with(ours))
    assert list((ada.paths.state / "shells").iterdir()) == []
    left = json.loads(ada.xswitch("sessions", "--json").stdout)[0]["remaining"]
    assert left > 3000


def argv(pid: int) -> list[bytes]:
    return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")


def session_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[3])


def terminal_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[4])


def wait_for(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 60
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def until_another_key(terminal: Opened, key: str) -> None:
    terminal.until(lambda: terminal.key() != key)


def test_where_aws_gives_short_sessions_their_own_life_counts(ada: Resident, shell: str) -> None:
    ada.write_rc(shell)
    ada.house.sandbox.faults.shorten(800, action="AssumeRole")
    environ = {**ada.environ, "XSWITCH_PROMPT_RENEW": "0"}
    terminal = ada.open(shell, "payments-staging/ReadOnly", environ=environ).settle()
    pid, key = int(terminal.ask(f"echo {PID[shell]}")), terminal.key()
    ada.renew()
    terminal.enter(export(shell, "XSWITCH_PROMPT_RENEW", "1"))
    assert terminal.key() != key, "what another shell has got a moment ago"
    terminal.let(due=0)
    idle = children_of(pid)
    for _ in range(3):
        terminal.enter()
    assert children_of(pid) == idle, "more than a quarter of what AWS gives is left"
    assert ada.switches == ["ok"] * 2
    terminal.leave()


def test_it_asks_for_what_the_shell_was_opened_with(ada: Resident, shell: str) -> None:
    ada.write_rc(shell)
    ada.opened(options=Options(duration=7200, region="eu-north-1", session_name="it=is+me"))
    words = ("--duration", "2h", "--region", "eu-north-1", "--session-name", "it=is+me")
    terminal = ada.open(shell, "payments-staging/ReadOnly", *words).settle()
    terminal.until(lambda: terminal.marker() == "payments-staging/ReadOnly full")
    assert terminal.ask("printenv AWS_REGION") == "eu-north-1"
    asked = [call.params for call in ada.house.sandbox.calls if call.action == "AssumeRole"][-1]
    assert (asked["DurationSeconds"], asked["RoleSessionName"]) == ("7200", "it=is+me")
    # Another session of the same role is not what this shell has.
    key = terminal.key()
    ada.renew(options=Options(duration=8 * 3600))
    terminal.enter()
    assert terminal.key() == key
    pid = int(terminal.ask(f"echo {PID[shell]}"))
    idle = children_of(pid)
    terminal.enter()
    assert children_of(pid) == idle, "it was looked at once"
    terminal.leave()


ODD = {
    "bash": "PROMPT_COMMAND=(true false)\nIFS=0\nshopt -s extglob nocasematch failglob\n",
    "zsh": "setopt prompt_subst extended_glob glob_subst ignore_braces\n",
    "fish": "fish_vi_key_bindings\nfunction fish_mode_prompt; end\n",
}


def test_a_hostile_name_is_renewed_and_runs_nothing(ada: Resident, shell: str) -> None:
    ada.write_rc(shell)
    file = ada.home / [*RC_FILES[shell]][-1]
    file.write_text(file.read_text() + ODD[shell])
    ada.opened("666013131313/Admin")
    terminal = ada.open(shell, "666013131313/Admin").settle()
    terminal.until(lambda: "full" in terminal.marker())
    key = terminal.key()
    terminal.enter("xs .")
    assert terminal.key() != key
    assert ada.switches == ["ok"] * 3
    for name in ("ACCOUNT_ID", "ROLE", "EXPIRES", "TARGET", "PROMPT_SKEW", "PROMPT_RENEW", "PROMPT_STEPS"):
        terminal.enter(export(shell, f"XSWITCH_{name}", "'a[$(touch pwned4)]`touch pwned5`/../%{x'"))
    terminal.enter("xs .")
    terminal.leave()


OWN = [
    ("bash", "xs() { echo my own; }\n"),
    ("bash", "alias xs='echo my own;' local='touch pwned' read='touch pwned' __xswitch_xs='touch pwned'\n"),
    ("zsh", "alias xs='echo my own;' local='touch pwned'\nalias -g now='; touch pwned;'\n"),
    ("fish", ""),
]


@pytest.mark.parametrize(("shell", "code"), OWN)
def test_an_xs_of_the_persons_own_stays(ada: Resident, shell: str, code: str) -> None:
    ada.write_rc(shell)
    file = ada.home / [*RC_FILES[shell]][-1]
    file.write_text(file.read_text() + code)
    own = ada.home / "bin"
    own.mkdir()
    if not code:
        (own / "xs").write_text("#!/bin/sh\necho my own\n")
        (own / "xs").chmod(0o755)
    environ = {**ada.environ, "PATH": f"{own}:{ada.environ['PATH']}"}
    terminal = ada.open(shell, "payments-staging/ReadOnly", environ=environ)
    terminal.prompt()
    assert "xswitch: xs is yours already and stays so; `__xswitch_xs .` renews this shell" in terminal.seen
    assert terminal.ask("xs .").startswith("my own")
    key = terminal.key()
    terminal.enter("\\__xswitch_xs ." if "alias" in code else "__xswitch_xs .")
    assert (terminal.status(), terminal.key() != key) == ("0", True)
    assert terminal.ask("mine") == "rc-alias-42"
    terminal.leave()


def test_the_time_left_is_counted_by_aws_s_clock(ada: Resident, shell: str) -> None:
    ada.write_rc(shell)
    ada.house.shift = 700.0 if shell != "zsh" else -700.0
    ada.renew()  # the first answer shows by how much it is off
    terminal = ada.open(shell, "payments-staging/ReadOnly").settle()
    assert terminal.marker() == CALM
    assert abs(int(terminal.ask("printenv XSWITCH_PROMPT_SKEW")) - ada.house.shift) <= 2
    assert terminal.ask(f"{ada.program} prompt") in ("payments-staging/ReadOnly 59m", "payments-staging/ReadOnly 1h")
    assert 3400 < json.loads(terminal.ask(f"{ada.program} status --json"))["remaining"] <= 3600
    assert 3400 < json.loads(ada.xswitch("sessions", "--json").stdout)[0]["remaining"] <= 3600
    terminal.leave()


def test_a_shell_that_is_renewed_as_it_runs_shows_no_countdown(ada: Resident, shell: str) -> None:
    ada.write_rc(shell)
    terminal = ada.open(shell, "payments-staging/ReadOnly", "--renew").settle()
    assert terminal.marker() == "payments-staging/ReadOnly renewing"
    assert terminal.enter(export(shell, "XSWITCH_EXPIRES", "1000")) == "payments-staging/ReadOnly renewing"
    assert "ended" not in terminal.seen
    assert terminal.ask(f"{ada.program} prompt") == "payments-staging/ReadOnly renewing"
    assert terminal.ask(f"{ada.program} status").endswith("m left, renewed as it runs")
    terminal.enter("xs .")
    assert (terminal.status(), ada.switches) == ("0", ["ok", "ok"])
    assert terminal.ask("printenv AWS_ACCESS_KEY_ID XSWITCH_RENEWING") == "1", "the processes fetch it themselves"
    terminal.leave()


WORDS = {
    "code": "needs a code: xs .",
    "confirmation": "needs confirmation: xs .",
    "person": "needs you: xs .",
    "vault": "the vault is locked: xs .",
    "denied": "AWS denies it: xs .",
    "network": "AWS is out of reach",
    "failed": "not renewed: xs .",
    "renewed": "",
    "code; touch pwned": "",
    "$(touch pwned)%{\\": "",
    "x" * 70000: "",
}


def test_the_prompt_says_in_its_own_words_what_hinders_it(ada: Resident, shell: str) -> None:
    ada.write_rc(shell)
    terminal = ada.open(shell, "payments-staging/ReadOnly").settle()
    terminal.let(due=9999999999, rest=9999999999)
    terminal.enter(export(shell, "XSWITCH_EXPIRES", str(int(time.time()) + 835)))
    (own,) = (ada.paths.state / "shells").iterdir()
    for word, shown in WORDS.items():
        (own / "need").write_text(word)
        assert terminal.enter() == f"payments-staging/ReadOnly ! 13m {shown}".strip()
    terminal.leave()


@pytest.mark.parametrize(
    ("hindered", "shown"),
    [
        ("export AWS_ENDPOINT_URL=http://127.0.0.1:9", "AWS is out of reach"),
        ("mv $XSWITCH_HOME/state/vault/key $XSWITCH_HOME/key", "the vault is locked: xs ."),
        ("__xswitch_request=(555566667777/Missing)", "AWS denies it: xs ."),
        ("__xswitch_request=(555566667777/Nothing)", "not renewed: xs ."),
        ("mv $XSWITCH_HOME/config/catalog.toml $XSWITCH_HOME/catalog.toml", "not renewed: xs ."),
    ],
)
def test_each_hindrance_has_its_word(ada: Resident, hindered: str, shown: str) -> None:
    ada.write_rc("bash")
    ada.opened()
    environ = {**ada.environ, "XSWITCH_PROMPT_RENEW": "0"}
    terminal = ada.open("bash", "payments-staging/ReadOnly", environ=environ).settle()
    terminal.enter(hindered)
    terminal.enter("XSWITCH_PROMPT_RENEW=1")
    terminal.until(lambda: not re.search("1[23]m$", terminal.marker()))
    assert re.sub("1[23]m", "13m", terminal.marker()) == f"payments-staging/ReadOnly ! 13m {shown}"
    terminal.leave()


def test_a_session_that_ended_is_opened_again_where_nobody_is_needed(ada: Resident, shell: str) -> None:
    ada.write_rc(shell)
    ada.house.sandbox.faults.shorten(50, times=1, action="AssumeRole")
    environ = {**ada.environ, "XSWITCH_PROMPT_RENEW": "0"}
    terminal = ada.open(shell, "payments-staging/ReadOnly", environ=environ).settle()
    terminal.enter(export(shell, "XSWITCH_EXPIRES", str(int(time.time()) - 5)))
    assert terminal.marker() == "payments-staging/ReadOnly  ended"
    assert terminal.seen.count("ended at") == 1
    assert "hint: xs . renews this shell" in terminal.seen
    terminal.enter(export(shell, "XSWITCH_PROMPT_RENEW", "1"))
    terminal.until(lambda: terminal.marker() == CALM)
    assert ada.switches == ["ok", "ok"]
    terminal.leave()


def test_renewing_below_a_time_left_renews_only_what_has_less(ada: Resident) -> None:
    ada.house.sandbox.faults.shorten(800, times=1, action="AssumeRole")
    assert ada.xswitch("sessions", "renew", "payments-staging/ReadOnly", check=False).returncode == 1
    opened = ada.xswitch("sessions", "renew", "payments-staging/ReadOnly", "--below", "20m").stdout
    assert re.fullmatch(r"payments-staging/ReadOnly for 1[23]m\n", opened)
    for switches in (2, 2):
        ada.xswitch("sessions", "renew", "--all", "--below", "20m")
        assert len(ada.switches) == switches
    ada.xswitch("sessions", "renew", "--all", "--below", "12h")
    assert len(ada.switches) == 2, "it is as long as it can be"
    assert ada.xswitch("sessions", "end", "--all", "--below", "20m", check=False).returncode == 2
