"""`exec --renew` and `shell --renew` from outside: what the child gets, what it is told, and how both end."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kept_house import ROLE, TARGET, House
from terminal import Terminal

WHO = "aws sts get-caller-identity --query Arn --output text"
MFA = 'name = "Deploy"\naccounts = "env:staging"'


@pytest.fixture
def house(xswitch: str, newcomer: dict[str, str], tmp_path: Path) -> Iterator[House]:
    made = House(xswitch, newcomer, tmp_path / "xswitch")
    yield made
    made.close()


def environment(house: House, *command: str, **environ: str) -> tuple[dict[str, str], subprocess.CompletedProcess[str]]:
    done = house.run("exec", TARGET, "--renew", "--", *(command or ("env", "-0")), **environ)
    assert done.returncode == 0, done
    pairs = (one.partition("=") for one in done.stdout.split("\0") if one)
    return {name: value for name, _, value in pairs}, done


def test_the_command_gets_an_address_and_no_keys(house: House) -> None:
    inherited = {
        "AWS_ACCESS_KEY_ID": "AKIAINHERITED",
        "AWS_SECRET_ACCESS_KEY": "inherited",
        "AWS_SESSION_TOKEN": "inherited",
        "AWS_CREDENTIAL_EXPIRATION": "2030-01-01T00:00:00Z",
        "AWS_PROFILE": "mallory",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/theirs",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/theirs",
        "AWS_CREDENTIAL_FILE": "/theirs",
        "AWS_SHARED_CONFIG_FILE": "/theirs",
    }
    got, done = environment(house, **inherited)
    assert done.stderr == ""
    assert not set(inherited) & set(got)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/session", got["AWS_CONTAINER_CREDENTIALS_FULL_URI"])
    assert len(got["AWS_CONTAINER_AUTHORIZATION_TOKEN"]) >= 32
    assert got["XSWITCH_RENEWING"] == "1"
    assert got["XSWITCH_TARGET"] == TARGET
    assert (got["AWS_REGION"], got["AWS_ACCOUNT_ID"]) == ("eu-west-1", "555566667777")
    assert not [name for name in got if name.startswith("XSWITCH_OWN_")]
    assert "AWS_CONFIG_FILE" not in got


def test_status_and_the_board_tell_that_it_renews(house: House) -> None:
    script = f"{house.program} status --json; {house.program} sessions --json"
    done = house.run("exec", TARGET, "--renew", "--", "sh", "-c", script)
    status, sessions = (json.loads(part) for part in re.split(r"(?<=\n\})\n(?=\[)", done.stdout))
    assert status["renewing"] is True
    assert [one["in_use_by"] for one in sessions] == [["exec sh"]]
    assert list((house.folder / "state" / "uses").iterdir()) == []


def test_copies_stand_in_for_files_with_a_default_and_go_with_the_command(house: House) -> None:
    theirs = f"[default]\nregion = us-east-1\n{house.hostile}[profile other]\n{house.hostile}"
    credentials = house.aws_file("credentials", theirs)
    script = (
        'ls -l "$AWS_CONFIG_FILE" "$AWS_SHARED_CREDENTIALS_FILE"; cat "$AWS_CONFIG_FILE" "$AWS_SHARED_CREDENTIALS_FILE"'
    )
    done = house.run("exec", TARGET, "--renew", "--", "sh", "-c", script)
    assert done.stdout.count("-rw-------") == 2
    assert house.hostile_secret not in done.stdout
    assert "[default]\nregion = us-east-1\n" in done.stdout
    first, second = done.stderr.splitlines()
    assert first.startswith("xswitch: the default profile gives credentials")
    assert second.endswith("so these profiles have none: other")
    shells = house.folder / "state" / "shells"
    assert stat.S_IMODE(shells.stat().st_mode) == 0o700
    assert list(shells.iterdir()) == []
    assert credentials.read_text() == theirs


def test_a_malformed_file_is_told_and_nothing_of_it_used(house: House) -> None:
    house.aws_file("config", "[default\n" + house.hostile)
    done = house.run("exec", TARGET, "--renew", "--", "sh", "-c", WHO)
    assert done.stdout.startswith(ROLE), done
    assert re.search(r"xswitch: .*/\.aws/config can't be understood \(line 1\): its copy is empty", done.stderr)


def test_where_the_copies_can_not_be_written_none_of_the_files_is_used(house: House) -> None:
    house.aws_file("credentials", f"[default]\n{house.hostile}")
    (house.folder / "state").mkdir(mode=0o700, exist_ok=True)
    (house.folder / "state" / "shells").write_text("in the way")
    done = house.run("exec", TARGET, "--renew", "--", "sh", "-c", f"echo $AWS_SHARED_CREDENTIALS_FILE; {WHO}")
    devnull, who = done.stdout.splitlines()
    assert devnull == "/dev/null"
    assert who.startswith(ROLE)
    assert "can't be written" in done.stderr


def test_what_is_started_from_inside_has_the_persons_own_files_again(house: House) -> None:
    own = house.aws_file("config", "[default]\nregion = us-east-1\n" + house.hostile)
    show = "sh -c 'echo [$AWS_CONFIG_FILE] [$AWS_SHARED_CREDENTIALS_FILE] [$XSWITCH_OWN_AWS_CONFIG_FILE] [$XSWITCH_RENEWING]'"
    script = f"{house.program} exec observability/ReadOnly -- {show}; {house.program} exec {TARGET} --renew -- {show}"
    done = house.run("exec", TARGET, "--renew", "--", "sh", "-c", script, AWS_CONFIG_FILE=str(own))
    plain, renewing = done.stdout.splitlines()
    assert plain == f"[{own}] [] [] []"
    assert re.fullmatch(rf"\[\S+/aws_config_file\.without-default\] \[\S+\] \[{re.escape(str(own))}\] \[1\]", renewing)
    script = f'eval "$({house.program} env observability/ReadOnly --format bash)"; {show}; {WHO}'
    done = house.run("exec", TARGET, "--renew", "--", "bash", "-c", script)
    shown, who = done.stdout.splitlines()
    assert shown == "[] [] [] []"
    assert "ReadOnly" in who


def test_a_role_with_mfa_is_refused_where_nobody_gives_a_code(house: House) -> None:
    text = house.paths.catalog_file.read_text()
    house.paths.catalog_file.write_text(text.replace(MFA, f"{MFA}\nmfa = true", 1))
    for command in (
        ["exec", "payments-staging/Deploy", "--renew", "--", "echo", "RAN"],
        ["shell", "payments-staging/Deploy", "--renew"],
    ):
        done = house.run(*command)
        assert done.returncode == 5, done
        assert "RAN" not in done.stdout
        assert re.match(r"xswitch: .*MFA code.*\n  hint: \S", done.stderr)
    assert house.calls("GetSessionToken") == 0
    done = house.run(
        "exec", "payments-staging/Deploy", "--renew", "--duration", "4h", "--", "sh", "-c", WHO,
        XSWITCH_MFA_CODE=house.practice.code(),
    )  # fmt: skip
    assert done.stdout.startswith("arn:aws:sts::555566667777:assumed-role/Deploy/"), done
    assert re.fullmatch(r"xswitch: renewed until \d\d:\d\d( tomorrow)?, when the MFA session ends\n", done.stderr)


HOLDER = """
import os, sys
print(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"], os.getppid(), flush=True)
sys.stdin.read()
print(len(os.listdir("/proc/self/fd")), flush=True)
"""


def held(house: House) -> tuple[subprocess.Popen[str], int, int]:
    """Start a command that waits; return it, the endpoint's port and the process that serves it."""
    process = subprocess.Popen(
        [house.program, "exec", TARGET, "--renew", "--", "python3", "-c", HOLDER], env=house.environ,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    url, parent = process.stdout.readline().split()
    return process, int(url.rpartition(":")[2].partition("/")[0]), int(parent)


@pytest.mark.parametrize("how", ["killed", "ended"])
def test_the_endpoint_ends_with_the_process_that_serves_it(house: House, how: str) -> None:
    process, port, parent = held(house)
    assert process.stdin is not None
    assert process.stdout is not None
    assert parent == process.pid
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"GET /session HTTP/1.1\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 403 ")
    if how == "killed":
        process.kill()
        assert process.wait(30) == -signal.SIGKILL
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=20)
        process.stdin.close()
        assert process.stdout.read() != "", "the command itself goes on"
    else:
        process.stdin.close()
        assert process.wait(30) == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=20)
    process.stdout.close()


def test_the_command_inherits_no_socket(house: House) -> None:
    process, _, parent = held(house)
    child = next(int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit() and _parent(path) == parent)

    def sockets(pid: int) -> list[str]:
        links = [os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir()]
        return [link for link in links if link.startswith("socket:")]

    assert len(sockets(parent)) >= 1
    assert sockets(child) == []
    process.communicate(timeout=30)


def _parent(path: Path) -> int:
    try:
        return int((path / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def test_a_signal_reaches_the_command_and_its_status_comes_back(house: House) -> None:
    script = "trap 'exit 42' TERM; echo ready; while :; do sleep 0.05; done"
    process = subprocess.Popen(
        [house.program, "exec", TARGET, "--renew", "--", "sh", "-c", script], env=house.environ,
        stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    assert process.wait(30) == 42
    process.stdout.close()
    assert house.run("exec", TARGET, "--renew", "--", "sh", "-c", "kill -KILL $$").returncode == 137
    assert house.run("exec", TARGET, "--renew", "--", "no-such-command").returncode == 127


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_renewed_whatever_its_startup_files_set(house: House, shell: str) -> None:
    """A session of seconds: what the shell's commands get is another one, and never the default profile's."""
    config = house.aws_file("config", f"[default]\n{house.hostile}")
    export = "set -gx {} {}" if shell == "fish" else "export {}={}"
    lines = [
        export.format(name, value)
        for name, value in {
            "AWS_CONFIG_FILE": str(config), "AWS_PROFILE": "default", "AWS_ACCESS_KEY_ID": "AKIATHEIRS",
            "AWS_SECRET_ACCESS_KEY": "theirs", "AWS_SHARED_CONFIG_FILE": str(config),
        }.items()
    ]  # fmt: skip
    rc = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/config.fish"}[shell]
    (house.home / rc).parent.mkdir(parents=True, exist_ok=True)
    (house.home / rc).write_text("\n".join(lines) + "\n")
    (house.home / ".local/share/fish/generated_completions").mkdir(parents=True, exist_ok=True)
    house.faults.shorten(3, times=1, action="AssumeRole")
    with Terminal([house.program, "shell", TARGET, "--renew", "--shell", shell], house.environ) as screen:
        screen.wait("renewed as long as this shell runs")
        screen.wait("the default profile gives credentials")
        screen.wait("^staging payments-staging/ReadOnly")
        time.sleep(3)
        screen.send(f"{WHO}\r")
        screen.wait("^" + re.escape(ROLE))
        screen.send('echo "k$AWS_ACCESS_KEY_ID-p$AWS_PROFILE-c$AWS_SHARED_CONFIG_FILE-"\r')
        screen.wait("^k-p-c-")
        screen.send("sh -c 'echo run\"\"ning; exec sleep 60'\r")
        screen.wait("^running")
        screen.send("\x03")
        screen.send("echo st''ill here\r")
        screen.wait("^still here")
        screen.send("exit 3\r")
        assert screen.end() == 3
    assert house.calls() == 2


def test_a_person_types_the_code_and_is_told_until_when(house: House) -> None:
    command = [house.program, "exec", "payments-prod/Deploy", "--renew", "--", "sh", "-c", WHO]
    with Terminal(command, house.environ) as screen:
        screen.wait("Account name")
        screen.send("payments-prod\r")
        screen.wait("Reason")
        screen.send("a look\r")
        screen.wait("MFA code for ada")
        screen.send(house.practice.code())
        screen.wait(r"xswitch: renewed until \d\d:\d\d( tomorrow)?, when the confirmation ends")
        screen.wait("^arn:aws:sts::444455556666:assumed-role/Deploy/ada")
        assert screen.end() == 0


def test_in_the_demo_too(xswitch: str, newcomer: dict[str, str]) -> None:
    done = subprocess.run(
        [xswitch, "demo", "--", "exec", TARGET, "--renew", "--", "sh", "-c", WHO],
        env=newcomer, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, start_new_session=True,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == (f"{ROLE}\n", ""), done
