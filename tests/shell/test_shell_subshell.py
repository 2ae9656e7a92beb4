"""Subshells of bash, zsh and fish on a real terminal."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pytest

if TYPE_CHECKING:
    from people_and_shells import Person

PID = {"bash": "$$", "zsh": "$$", "fish": "$fish_pid"}
STATUS = {"bash": "$?", "zsh": "$?", "fish": "$status"}

# Says when it runs in the foreground, at first and again; what is typed before that would reach the shell.
LISTENER = """sh -c 'trap "echo ag""ain" CONT; echo rea""dy; while :; do read -r line && echo "got $line"; done'"""


def setter(shell: str, name: str, value: str) -> str:
    return f"set -gx {name} {value}" if shell == "fish" else f"export {name}={value}"


def epoch(shell: str, seconds: int) -> str:
    """An expression of the shell for an epoch second so many seconds from now."""
    if shell == "fish":
        return f"(math (date +%s) + {seconds})"
    return f"$(( $(date +%s) + {seconds} ))"


def test_the_session_is_inside_and_the_rc_file_is_honoured_and_untouched(person: Person, shell: str) -> None:
    files = person.write_rc(shell)
    terminal = person.start(shell=shell)
    terminal.prompt()
    assert terminal.ask("mine") == "rc-alias-42"
    names = "AWS_ACCESS_KEY_ID AWS_REGION AWS_ACCOUNT_ID XSWITCH_TARGET XSWITCH_DEPTH"
    values = terminal.ask(f"printenv {names} | tr '\\n' ' '")
    assert values == "ASIAEXAMPLE eu-west-1 444455556666 payments-prod/Deploy 1"
    secret = terminal.ask("printenv AWS_SECRET_ACCESS_KEY | cksum")
    assert (
        secret == terminal.ask("printf '%s\\n' 's3ntinel/SECRET+key='\\''\"$(touch pwned)' | cksum") or shell == "fish"
    )
    # The rc file named another profile; nothing of it is left, nor of what the start needed.
    assert terminal.ask("printenv AWS_PROFILE; env | grep -c XSWITCH_KEPT") == "0"
    terminal.type("exit 7")
    assert terminal.end() == 7
    assert {file: file.read_bytes() for file in files} == files
    assert list((person.state / "shells").iterdir()) == []
    assert list((person.state / "uses").iterdir()) == []
    assert not (person.home / "pwned").exists()


def test_the_marker_stands_before_the_persons_own_prompt(person: Person, shell: str) -> None:
    person.write_rc(shell)
    terminal = person.start(shell=shell)
    terminal.prompt()
    screen = terminal.screen()
    row = next(y for y, line in enumerate(screen.display) if OWN in line)
    assert screen.display[row].strip() == "PROD  payments-prod/Deploy 59m ME:"
    cells = screen.buffer[row]
    assert [cells[x].data for x in range(6)] == list(" PROD ")
    # The 256-colour indexes of the dark theme: 203 is red, 233 the ground.
    assert {cells[x].bg for x in range(6)} == {"ff5f5f"}
    assert {cells[x].fg for x in range(6)} == {"121212"}
    assert cells[7].bold
    assert not cells[28].bold


OWN = "ME:"


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (7300, "payments-prod/Deploy 2h 01m ME:"),
        (3630, "payments-prod/Deploy 1h ME:"),
        (800, "payments-prod/Deploy ! 13m ME:"),
        (150, "payments-prod/Deploy  2m  ME:"),
        (-30, "payments-prod/Deploy  ended  ME:"),
    ],
)
def test_the_time_is_computed_anew_at_each_prompt(person: Person, shell: str, left: int, words: str) -> None:
    person.write_rc(shell)
    terminal = person.start(shell=shell)
    terminal.prompt()
    terminal.type(setter(shell, "XSWITCH_EXPIRES", epoch(shell, left)))
    terminal.prompt()
    terminal.type("echo again")
    terminal.prompt()
    shown = [line for line in terminal.screen().display if line.rstrip().endswith(OWN)]
    assert shown[-1].strip() == f"PROD  {words}"
    assert terminal.seen.count("ended at") == (1 if left < 0 else 0)
    if left < 0:
        assert "hint: exit, then xswitch shell payments-prod/Deploy" in terminal.seen


@pytest.mark.parametrize(("columns", "lines"), [(50, 2), (100, 1)])
def test_fish_cuts_no_marker_off_where_the_prompt_is_too_wide(person: Person, columns: int, lines: int) -> None:
    """It takes what is too much from the left, where the marker is."""
    (rc,) = person.write_rc("fish")
    rc.write_text(rc.read_text().replace("'ME: '", "'ada@workstation ~/src/payments ME: '"))
    terminal = person.start(shell="fish", columns=columns)
    terminal.prompt()
    shown = [line.strip() for line in terminal.screen().display if line.strip()]
    assert len(shown) == lines
    assert shown[0].startswith("PROD  payments-prod/Deploy ")
    assert shown[-1].endswith("ada@workstation ~/src/payments ME:")


def test_an_unguarded_environment_is_a_quiet_word(person: Person, shell: str) -> None:
    person.write_rc(shell)
    terminal = person.start(shell=shell, guarded=False, environment="Staging", colour="yellow", target="pay-stg/Admin")
    terminal.prompt()
    screen = terminal.screen()
    row = next(y for y, line in enumerate(screen.display) if OWN in line)
    assert screen.display[row].rstrip() == "staging pay-stg/Admin 59m ME:"
    assert (screen.buffer[row][0].fg, screen.buffer[row][0].bg) == ("d7af5f", "default")


def test_no_color_leaves_reverse_video_and_a_dumb_terminal_nothing(person: Person, shell: str) -> None:
    person.write_rc(shell)
    terminal = person.start(shell=shell, environ={**person.environ, "NO_COLOR": "1"})
    terminal.prompt()
    screen = terminal.screen()
    row = next(y for y, line in enumerate(screen.display) if OWN in line)
    assert all(screen.buffer[row][x].reverse for x in range(6))
    assert {screen.buffer[row][x].fg for x in range(30)} == {"default"}
    plain = person.start(shell=shell, environ={**person.environ, "TERM": "dumb"})
    plain.prompt()
    assert "[PROD] payments-prod/Deploy 59m ME: " in plain.seen
    assert "\x1b]0;" not in plain.seen


def test_a_hostile_name_runs_nothing(person: Person, shell: str) -> None:
    person.write_rc(shell)
    target = "$(touch pwned)`touch pwned2`%(!.x.y)/ReadOnly"
    terminal = person.start(shell=shell, target=target, environment="$(touch pwned3)", left=-5)
    terminal.prompt()
    assert "__touch_pwned__touch_pwned2____.x.y_/ReadOnly" in terminal.seen
    # It is there for programs as it is.
    assert terminal.ask("printenv XSWITCH_TARGET") == target
    for name in ("TARGET", "ENVIRONMENT", "STYLES", "STEPS", "ENDS", "HINT"):
        terminal.type(setter(shell, f"XSWITCH_PROMPT_{name}", "'a[$(touch pwned4)]`touch pwned5`%{x'"))
        terminal.prompt()
    terminal.type(setter(shell, "XSWITCH_EXPIRES", "'a[$(touch pwned6)]'"))
    terminal.prompt()
    assert terminal.ask("mine") == "rc-alias-42"
    terminal.type("exit")
    terminal.end()
    assert [file.name for file in person.home.iterdir() if file.name.startswith("pwned")] == []


def test_the_prompts_width_is_right_so_that_a_long_line_wraps_where_it_should(person: Person, shell: str) -> None:
    person.write_rc(shell)
    terminal = person.start(shell=shell, columns=60)
    terminal.prompt()
    words = "echo " + "".join(chr(97 + number % 26) for number in range(70))
    terminal.child.send(words)
    terminal.expect("r")
    # Deleting back to the start redraws the first line: a shell that miscounted the marker garbles it here.
    terminal.child.send("\x01")
    terminal.child.send("\x05")
    terminal.type("")
    terminal.prompt()
    text = "".join(line.ljust(60) for line in terminal.screen().display)
    start = text.index(OWN) + len(OWN) + 1
    assert text[start : start + len(words)] == words


def test_the_person_sees_the_status_of_the_last_command(person: Person, shell: str) -> None:
    person.write_rc(shell)
    prompts = {
        "bash": "PROMPT_COMMAND='theirs=$?;'; PS1='ME: s=$theirs:$? '\n",
        "zsh": "setopt promptsubst\nPROMPT='ME: s=%?:%? '\n",
        "fish": 'function fish_prompt\n    set -l s $status; set -l p $pipestatus\n    echo -n "ME: s=$s:$s "\nend\n',
    }
    file = next(iter(person.write_rc(shell)))
    name = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/config.fish"}[shell]
    (person.home / name).write_text(prompts[shell])
    assert file.exists()
    terminal = person.start(shell=shell)
    terminal.expect("ME: s=0:0 ")
    terminal.type("sh -c 'exit 3'")
    terminal.expect("ME: s=3:3 ")


def test_a_prompt_that_is_made_anew_each_time_keeps_one_marker(person: Person, shell: str) -> None:
    person.write_rc(shell)
    frameworks = {
        "bash": ".bashrc",
        "zsh": ".zshrc",
        "fish": ".config/fish/config.fish",
    }
    code = {
        "bash": 'count=0\nanew() { count=$((count+1)); PS1="ME:$count ME: "; }\nPROMPT_COMMAND=anew\n',
        "zsh": 'count=0\nanew() { count=$((count+1)); PROMPT="ME:$count ME: " }\nprecmd_functions+=(anew)\n',
        "fish": (
            "set -g fish_greeting\nset -g count 0\nfunction anew --on-event fish_prompt\n"
            "    set -g count (math $count + 1)\n    function fish_prompt\n"
            '        echo -n "ME:$count ME: "\n    end\nend\n'
        ),
    }
    (person.home / frameworks[shell]).write_text(code[shell])
    terminal = person.start(shell=shell)
    for count in (1, 2, 3):
        terminal.expect(f"ME:{count} ME: ")
        terminal.type("echo again")
    terminal.expect("ME:4 ME: ")
    shown = [line for line in terminal.screen().display if "ME:" in line and "again" in line]
    assert [line.count("payments-prod/Deploy") for line in shown] == [1, 1, 1]


def test_shells_nest_and_show_how_deep(person: Person, shell: str) -> None:
    person.write_rc(shell)
    terminal = person.start(shell=shell)
    terminal.prompt()
    command = person.argv(shell=shell, target="identity-hub/Hub", environment="hub", guarded=False, region="")
    terminal.type(" ".join("'" + word.replace("'", "\\'" if shell == "fish" else "'\\''") + "'" for word in command))
    terminal.prompt()
    assert terminal.ask("printenv XSWITCH_DEPTH XSWITCH_TARGET | tr '\\n' ' '") == "2 identity-hub/Hub"
    shown = [line for line in terminal.screen().display if line.rstrip().endswith(OWN)]
    assert shown[-1].rstrip() == "hub identity-hub/Hub (2) 59m ME:"
    terminal.type("exit 4")
    terminal.expect("STATUS=4;")
    terminal.prompt()
    assert terminal.ask("printenv XSWITCH_DEPTH XSWITCH_TARGET | tr '\\n' ' '") == "1 payments-prod/Deploy"
    terminal.type("exit 0")
    assert terminal.end() == 0


def test_jobs_are_controlled(person: Person, shell: str) -> None:
    person.write_rc(shell)
    terminal = person.start(shell=shell)
    terminal.prompt()
    terminal.type("sleep 300 &")
    terminal.prompt()
    terminal.type(LISTENER)
    terminal.expect("ready\r*\n")
    terminal.type("one")
    terminal.expect("got one\r*\n")
    terminal.child.send("\x1a")
    terminal.expect("(?i)stopped|suspended")
    terminal.prompt()
    listed = terminal.ask("jobs")
    assert "sleep 300" in listed
    assert "sh -c" in listed
    terminal.type("fg")
    terminal.expect("again\r*\n")
    terminal.type("two")
    terminal.expect("got two\r*\n")
    terminal.child.send("\x03")
    terminal.prompt()
    listed = terminal.ask("jobs")
    assert "sleep 300" in listed
    assert "sh -c" not in listed
    terminal.type("kill %1")
    terminal.prompt()
    # zsh would stay for a job that it has not seen the end of.
    assert any("sleep 300" not in terminal.ask("jobs") for _ in range(200)), "the job is killed"
    terminal.type("exit 5")
    assert terminal.end() == 5


def test_ctrl_c_at_the_prompt_ends_neither_shell_nor_parent(person: Person, shell: str) -> None:
    person.write_rc(shell)
    terminal = person.start(shell=shell)
    terminal.prompt()
    terminal.child.send("\x03\x1c")
    terminal.type("")
    terminal.prompt()
    terminal.type("sh -c 'echo read''y; exec sleep 300'")
    terminal.expect("ready")
    terminal.child.send("\x03")
    terminal.prompt()
    assert terminal.ask("mine") == "rc-alias-42"
    terminal.type("exit 6")
    assert terminal.end() == 6


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_parent_ends_the_shell(person: Person, shell: str, number: signal.Signals) -> None:
    person.write_rc(shell)
    terminal = person.start(shell=shell)
    terminal.prompt()
    terminal.child.kill(number)
    assert terminal.end() in (129, 143, 1, 0)


def test_the_terminal_is_given_back_after_a_shell_was_killed(person: Person, shell: str) -> None:
    """A killed shell leaves a dead foreground group and raw modes; whoever started us must not notice."""
    person.write_rc("bash")
    person.write_rc(shell)
    outer = pexpect.spawn(
        "bash", ["--norc", "-i"], env={**person.environ, "PS1": "OUTER> "}, encoding="utf-8", timeout=15,
        dimensions=(24, 200),
    )  # fmt: skip
    outer.delaybeforesend = None
    person.children.append(outer)
    outer.expect("OUTER> ")
    outer.send("stty -a | cksum\r")
    before = _sum(outer)
    command = " ".join("'" + word.replace("'", "'\\''") + "'" for word in person.argv(shell=shell))
    outer.send(command + "; stty -a | cksum\r")
    outer.expect("ME: ")
    outer.send(f"kill -9 {PID[shell]}\r")
    outer.expect("STATUS=137;")
    assert _sum(outer) == before
    outer.send("cat\r")
    outer.expect("cat\r*\n")
    outer.send("typed\r")
    outer.expect("typed\r*\n.*typed\r*\n")
    outer.send("\x03")
    outer.expect("OUTER> ")
    outer.send("exit\r")
    outer.expect(pexpect.EOF)


def _sum(outer: pexpect.spawn[str]) -> str:
    outer.expect(r"(\d{6,} \d+)\r*\n")
    assert isinstance(outer.match, re.Match)
    found: str = outer.match.group(1)
    outer.expect("OUTER> ")
    return found


def test_the_title_is_set_and_given_back(person: Person, shell: str) -> None:
    person.write_rc(shell)
    terminal = person.start(shell=shell)
    terminal.prompt()
    terminal.type("exit")
    terminal.end()
    first = terminal.seen.index("\x1b[22;0t")
    assert terminal.seen.index("\x1b]0;PROD payments-prod/Deploy\x07") > first
    assert "\x1b[23;0t" in terminal.seen


def test_no_secret_is_in_any_argument_file_or_title(person: Person, shell: str) -> None:
    person.write_rc(shell)
    terminal = person.start(shell=shell)
    terminal.prompt()
    own = terminal.ask(f"cat /proc/{PID[shell]}/cmdline | tr '\\0' ' '")
    assert own.startswith("/")
    assert "s3ntinel" not in own
    assert "t0ken" not in own
    files = [file for file in person.state.rglob("*") if file.is_file()]
    assert files
    for file in files:
        assert b"s3ntinel" not in file.read_bytes()
        assert file.stat().st_mode & 0o077 == 0
    assert all(folder.stat().st_mode & 0o077 == 0 for folder in person.state.rglob("*"))
    assert "s3ntinel" not in terminal.seen


def test_what_a_killed_parent_left_is_swept_by_the_next(person: Person) -> None:
    person.write_rc("bash")
    first = person.start(shell="bash")
    first.prompt()
    shells = person.state / "shells"
    left = {folder.name for folder in shells.iterdir()}
    assert len(left) == 1
    first.child.kill(signal.SIGKILL)
    first.child.wait()
    second = person.start(shell="bash")
    second.prompt()
    assert left.isdisjoint(folder.name for folder in shells.iterdir())
    second.type("exit")
    second.end()


def test_zsh_gets_its_own_folder_back(person: Person) -> None:
    person.write_rc("zsh")
    folder = person.home / "dot"
    folder.mkdir()
    (person.home / ".zshenv").write_text(f"ZDOTDIR={folder}\n")
    (folder / ".zshrc").write_text("PROMPT='ME: '\nHISTFILE=${ZDOTDIR}/.zsh_history\nalias mine='echo from-dot'\n")
    terminal = person.start(shell="zsh")
    terminal.prompt()
    assert terminal.ask("mine") == "from-dot"
    assert terminal.ask("echo $ZDOTDIR $HISTFILE") == f"{folder} {folder}/.zsh_history"
    assert terminal.ask("printenv ZDOTDIR; echo $?") == "1"
    terminal.type("exit")
    terminal.end()
    unset = person.start(shell="zsh", environ={**person.environ, "ZDOTDIR": str(folder)})
    unset.prompt()
    assert unset.ask("printenv ZDOTDIR") == str(folder)


def test_dash_says_when_it_ends(person: Person) -> None:
    (person.home / "shrc").write_text("PS1='ME: '\nmine() { echo from-env; }\n")
    terminal = person.start(shell="dash", environ={**person.environ, "ENV": "$HOME/shrc"})
    terminal.prompt()
    assert re.search(r"\[PROD\] payments-prod/Deploy until \d\d:\d\d ME: ", terminal.seen)
    assert terminal.ask("mine") == "from-env"
    assert terminal.ask("echo $ENV") == "$HOME/shrc"
    terminal.type("exit 3")
    assert terminal.end() == 3


def test_any_other_program_gets_the_session_alone(person: Person) -> None:
    program = person.home / "mysh"
    program.write_text("#!/bin/sh\necho target=$XSWITCH_TARGET\nread line\nexit 9\n")
    program.chmod(0o755)
    terminal = person.start(shell=str(program))
    terminal.expect("target=payments-prod/Deploy")
    terminal.type("")
    assert terminal.end() == 9


def test_a_shell_that_is_piped_into_reads_its_commands_there(person: Person) -> None:
    import subprocess

    person.write_rc("bash")
    done = subprocess.run(
        person.argv(shell="bash"), input="echo $XSWITCH_TARGET $-\nexit 4\n", env=person.environ, cwd=person.home,
        capture_output=True, text=True, timeout=20,
    )  # fmt: skip
    assert done.returncode == 4
    assert done.stdout.startswith("payments-prod/Deploy ")
    assert "i" not in done.stdout.split()[1]
    assert done.stderr == ""


def test_a_stopped_shell_gives_the_outer_shell_its_prompt(person: Person) -> None:
    person.write_rc("bash")
    outer = pexpect.spawn(
        "bash", ["--norc", "-i"], env={**person.environ, "PS1": "OUTER> "}, encoding="utf-8", timeout=15,
        dimensions=(24, 200),
    )  # fmt: skip
    outer.delaybeforesend = None
    person.children.append(outer)
    outer.expect("OUTER> ")
    outer.send(" ".join("'" + word.replace("'", "'\\''") + "'" for word in person.argv(shell="bash")) + "\r")
    outer.expect("ME: ")
    outer.send("suspend\r")
    outer.expect("Stopped.*OUTER> ")
    outer.send("fg\r")
    outer.send("echo in''side\r")
    outer.expect("inside\r*\n")
    outer.expect("ME: ")
    outer.send("exit 8\r")
    outer.expect("STATUS=8;.*OUTER> ")


def test_a_shell_that_is_not_there(person: Person) -> None:
    terminal = person.start(shell="/nowhere/zsh")
    terminal.expect("no such shell: /nowhere/zsh")
    assert terminal.end() == 127
    plain = person.home / "zsh"
    plain.write_text("")
    other = person.start(shell=str(plain))
    other.expect("not executable")
    assert other.end() == 126


def test_the_prompt_starts_no_process(person: Person, shell: str) -> None:
    """Counted by the kernel: the children of the shell that have ended, by their page faults, and those that live."""
    person.write_rc(shell)
    terminal = person.start(shell=shell)
    terminal.prompt()
    pid = int(terminal.ask(f"echo {PID[shell]}"))
    before = _faults_of_children(pid)
    for _ in range(5):
        terminal.type("")
        terminal.prompt()
    assert _faults_of_children(pid) == before
    assert Path(f"/proc/{pid}/task/{pid}/children").read_text() == ""
    terminal.ask("sh -c :")
    assert _faults_of_children(pid) > before


def _faults_of_children(pid: int) -> int:
    """Return the page faults of children that ended (proc(5), stat, field 11); starting a process makes some."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[8])
