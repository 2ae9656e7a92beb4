"""Bad input, from outside: each gives the contract's one-line error, a hint and an exit status, never a traceback."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from company import Company
from terminal import Terminal

from xswitch.sandbox import Sandbox, practice

GOOD = """\
version = 1
[defaults]
identity = "central"
[identities.central]
kind = "environment"
account_id = "111122223333"
mfa_serial = "arn:aws:iam::111122223333:mfa/ada"
[environments.prod]
confirm = "type"
reason = true
[[accounts]]
id = "444455556666"
name = "payments-prod"
environment = "prod"
roles = [{ name = "ReadOnly" }, { name = "Deploy", mfa = true }]
[[accounts]]
id = "555566667777"
name = "payments-dev"
roles = [{ name = "Admin" }, { name = "Deploy", mfa = true }]
"""
KEYS = {"AWS_ACCESS_KEY_ID": "AKIA" + "PRACTICE" * 2, "AWS_SECRET_ACCESS_KEY": "sentinel" * 5}


class Home:
    """An XSWITCH_HOME with a catalog, and the installed program to run on it."""

    def __init__(self, program: str, environ: dict[str, str], folder: Path) -> None:
        self.program = program
        self.folder = folder
        self.environ = environ | {"XSWITCH_HOME": str(folder)}
        (folder / "config").mkdir(parents=True)
        self.catalog.write_text(GOOD)
        self.preferences("plaintext_key = true\nkernel_keyring = false\n")

    @property
    def catalog(self) -> Path:
        return self.folder / "config" / "catalog.toml"

    def preferences(self, text: str) -> None:
        (self.folder / "config" / "config.toml").write_text(text)

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [self.program, *arguments],
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            start_new_session=True,
        )
        assert "Traceback" not in done.stderr + done.stdout
        assert "sentinel" not in done.stderr
        return done

    def fails(self, status: int, words: str, *arguments: str, **environ: str) -> None:
        """Run it: ``status``, an error line that holds ``words``, and a hint."""
        done = self.run(*arguments, **environ)
        assert done.returncode == status, done
        lines = done.stderr.splitlines()
        assert any(line.startswith("xswitch: ") for line in lines), done
        assert any(line.startswith("  hint: ") for line in lines), done
        assert words in done.stderr, done
        assert done.stdout in ("", "false\n"), done


@pytest.fixture
def home(xswitch: str, newcomer: dict[str, str], tmp_path: Path) -> Home:
    return Home(xswitch, newcomer, tmp_path / "xswitch")


BROKEN = {
    "broken TOML": ("version = 1\n[[accounts\n", "catalog.toml:2"),
    "a wrong type": (GOOD.replace('"payments-dev"', "17"), "name"),
    "an unknown key": (GOOD.replace("mfa_serial", "mfa_serail"), "mfa_serial"),
    "a missing identity": (GOOD.replace('identity = "central"', 'identity = "west"'), "west"),
    "a looping via": (GOOD.replace('{ name = "Admin" }', '{ name = "Admin", via = "payments-dev/Admin" }'), "via"),
    "an id of 11 digits": (GOOD.replace('"555566667777"', '"55556666777"'), "55556666777"),
    "zero accounts": ("version = 1\n", "account"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_catalog_is_named_with_its_place(home: Home, what: str) -> None:
    text, words = BROKEN[what]
    home.catalog.write_text(text)
    home.fails(3, words, "catalog", "list")
    home.fails(3, words, "exec", "payments-dev/Admin", "--", "true")
    answer = home.run("catalog", "check", "--json")
    assert answer.returncode == 3
    found = json.loads(answer.stdout)["error"]["problems"]
    assert any(words in "{file}:{line}: {key} {message} {hint}".format(**one) for one in found)


@pytest.mark.parametrize(
    "command",
    [
        ["catalog", "check"], ["catalog", "list"], ["catalog", "show", "payments-dev/Admin"], ["identity", "list"],
        ["sessions", "renew", "payments-dev/Admin"], ["exec", "payments-dev/Admin", "--", "true"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_every_problem_is_reported_at_once(home: Home, command: list[str]) -> None:
    home.catalog.write_text(GOOD.replace("mfa_serial", "mfa_serail").replace('"555566667777"', '"5555"'))
    done = home.run(*command)
    assert done.returncode == 3
    lines = [line for line in done.stderr.splitlines() if not line.startswith("warning: ")]
    assert [line.partition("catalog.toml:")[2][:2] for line in lines if line.startswith("xswitch: ")] == ["7:", "17"]
    assert lines[1] == '  hint: did you mean "mfa_serial"?'
    assert "more)" not in done.stderr


def test_every_problem_is_in_the_json(home: Home) -> None:
    home.catalog.write_text(GOOD.replace("mfa_serial", "mfa_serail").replace('"555566667777"', '"5555"'))
    done = home.run("catalog", "list", "--json")
    assert (done.returncode, done.stderr) == (3, "")
    error = json.loads(done.stdout)["error"]
    assert [(one["line"], one["key"]) for one in error["problems"]] == [
        (7, "identities.central.mfa_serail"), (17, "accounts[1].id"),
    ]  # fmt: skip


def test_a_folder_in_place_of_the_catalog(home: Home) -> None:
    home.catalog.unlink()
    home.catalog.mkdir()
    home.fails(3, "catalog.toml", "catalog", "list")


def test_a_named_catalog_that_is_not_there(home: Home, tmp_path: Path) -> None:
    home.fails(3, "nowhere.toml", "catalog", "list", XSWITCH_CATALOG=str(tmp_path / "nowhere.toml"))


def test_broken_preferences(home: Home) -> None:
    home.preferences("kernel_keyrnig = false\n")
    home.fails(3, "kernel_keyring", "exec", "payments-dev/Admin", "--", "true")


@pytest.mark.parametrize("source", ["organizations", "identity-center"])
def test_a_rule_of_a_sync_that_names_nothing_there_is(home: Home, source: str) -> None:
    home.preferences(
        '[[sync.environments]]\nenvironment = "pord"\naccounts = "ou:Prod"\n[[sync.roles]]\nname = "R"\nidentity = "x"\n'
    )
    home.fails(3, 'config.toml:2: sync.environments[0].environment: the environment "pord"', "catalog", "sync", source)
    home.fails(3, 'config.toml:6: sync.roles[0].identity: the identity "x"', "catalog", "sync", source, "--dry-run")


@pytest.mark.parametrize(
    ("status", "arguments"),
    [
        (2, ["frobnicate"]),
        (2, ["exec", "payments-dev/Admin"]),
        (2, ["exec"]),
        (2, ["shell", "payments-dev/Admin", "--duration", "1d"]),
        (2, ["shell", "payments-dev/Admin", "--duration", "14m"]),
        (2, ["shell", "payments-dev/Admin", "--duration", "13h"]),
        (2, ["exec", "payments-dev/Admin", "--session-name", "josé", "--", "true"]),
        (2, ["catalog", "show"]),
        (2, ["sessions", "end"]),
        (2, ["sessions", "--", "x"]),
        (5, []),
        (1, ["exec", "payments/Nothing", "--", "true"]),
        (1, ["catalog", "show", "payments-dev/Amdin"]),
        (1, ["catalog", "list", "env:nowhere"]),
        (1, ["sessions", "end", "payments-dev/Admin"]),
    ],
)
def test_wrong_usage_and_no_such_target(home: Home, status: int, arguments: list[str]) -> None:
    home.fails(status, "", *arguments)


@pytest.mark.parametrize(
    ("hint", "arguments"),
    [
        ("did you mean `xswitch --version`?", ["version"]),
        ("did you mean `list`?", ["catalog", "lst"]),
        ("one of renew, end", ["sessions", "foo"]),
        ("did you mean `renew`?", ["sessions", "renwe"]),
        ("did you mean `--renew`?", ["exec", "payments-dev/Admin", "--rnew", "--", "true"]),
        ("did you mean `--dry-run`?", ["catalog", "sync", "organizations", "--dry-rnu"]),
        ("did you mean `json`?", ["env", "payments-dev/Admin", "--format", "jsno"]),
        ("write -- before the command: xswitch exec TARGET -- CMD", ["exec", "payments-dev/Admin", "aws", "sts"]),
        ("xswitch status --help", ["status", "quo"]),
        ("xswitch exec --help", ["exec", "a/b", "--min-ttl", "45", "--", "true"]),
        ("xswitch exec --help", ["exec", "a/b", "--duration", "45", "--", "true"]),
    ],
)
def test_what_is_mistyped_is_told_with_the_nearest(home: Home, hint: str, arguments: list[str]) -> None:
    home.fails(2, f"  hint: {hint}\n", *arguments)


def test_a_source_that_is_mistyped_is_told_with_the_nearest(home: Home) -> None:
    home.fails(1, 'did you mean "organizations"?', "catalog", "sync", "organisations")


def test_an_error_as_json(home: Home) -> None:
    done = home.run("catalog", "show", "payments-dev/Amdin", "--json")
    assert done.returncode == 1
    error = json.loads(done.stdout)["error"]
    assert set(error) == {"code", "message", "hint"}
    assert "payments-dev/Admin" in error["hint"]
    assert done.stderr == ""


@pytest.mark.parametrize("renew", [[], ["--renew"]])
@pytest.mark.parametrize("target", ["payments-dev/Admin", "payments-prod/ReadOnly"])
def test_a_program_that_is_none_costs_neither_a_call_nor_a_question(
    company: Company, target: str, renew: list[str]
) -> None:
    for status, words, arguments in (
        (127, "nosuch: command not found", ["exec", target, *renew, "--", "nosuch"]),
        (126, "is a folder", ["exec", target, *renew, "--", "/"]),
        (127, "no such shell: /nonexistent", ["shell", target, *renew, "--shell", "/nonexistent"]),
        (126, "not executable: /etc/passwd", ["shell", target, *renew, "--shell", "/etc/passwd"]),
    ):
        done = company.run(*arguments)
        assert (done.returncode, company.calls()) == (status, []), done
        assert words in done.stderr, done
        assert "Leave with exit" not in done.stderr, done
    assert company.run("exec", "nope/x", "--", "nosuch").returncode == 1


@pytest.mark.parametrize("command", [["shell"], ["exec"], ["env"], ["credential-process"]])
def test_what_needs_a_person_says_so(home: Home, command: list[str]) -> None:
    tail = ["--", "true"] if command == ["exec"] else []
    home.fails(5, "payments-prod/ReadOnly", *command, "payments-prod/ReadOnly", *tail, **KEYS)


@pytest.fixture
def practiced() -> Iterator[dict[str, str]]:
    """The environment of the practice organization's person: keys and endpoint."""
    made = practice.build()
    with Sandbox(made.organization) as sandbox:
        key, secret = made.user_access_key
        yield {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_ENDPOINT_URL": sandbox.url}


def test_a_command_that_is_none(home: Home, practiced: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "note").write_text("text")
    run = ("exec", "payments-dev/Admin", "--")
    home.fails(127, "nosuch: command not found", *run, "nosuch", **practiced)
    home.fails(127, "no such file", *run, "./nosuch", **practiced)
    home.fails(126, "is a folder", *run, str(tmp_path), **practiced)
    home.fails(126, "not executable", *run, str(tmp_path / "note"), **practiced)
    home.fails(2, "stdin wants two lines", "identity", "add", "new")
    home.fails(2, "--process is empty", "identity", "add", "new", "--process", "")
    home.fails(2, "--start-url is empty", "identity", "add", "new", "--start-url", " ", "--sso-region", "eu-west-1")


@pytest.mark.parametrize("command", [["shell"], ["exec"], ["env"], ["credential-process"]])
def test_a_code_that_nobody_can_give(home: Home, practiced: dict[str, str], command: list[str]) -> None:
    tail = ["--", "true"] if command == ["exec"] else []
    passed = ["--confirm", "payments-prod", "--reason", "r"]
    home.fails(5, "MFA code", *command, "payments-prod/Deploy", *passed, *tail, **practiced)
    home.fails(4, "MFA code", *command, "payments-prod/Deploy", *tail, **practiced, XSWITCH_MFA_CODE="000000")


@pytest.mark.parametrize("confirm", [["--confirm", "payments-dev", "--reason", "r"], ["--confirm", "payments-prod"]])
def test_a_guard_is_not_passed_by_half(home: Home, confirm: list[str]) -> None:
    home.fails(5, "payments-prod", "exec", "payments-prod/ReadOnly", *confirm, "--", "true", **KEYS)


def test_env_makes_an_eval_fail(home: Home) -> None:
    assert home.run("env", "payments-prod/ReadOnly", "--format", "bash", **KEYS).stdout == "false\n"
    assert home.run("env", "payments-prod/ReadOnly", "--format", "json", **KEYS).stdout == ""


UNTOLD = {
    "env": (1, "false\n", ["env", "nope/x"]),
    "env as JSON": (1, "", ["env", "nope/x", "--format", "json"]),
    "exec": (1, "", ["exec", "nope/x", "--", "true"]),
    "exec of nothing": (127, "", ["exec", "payments-dev/Admin", "--", "nosuchprogram"]),
    "credential-process": (5, "", ["credential-process", "payments-prod/ReadOnly"]),
    "sessions end": (1, "", ["sessions", "end", "nope/x"]),
    "wrong usage": (2, "", ["sessions", "--nope"]),
}


@pytest.mark.parametrize("stderr", ["2>/dev/full", "2>&-", "2</dev/null", "2> >(exec sleep 0); wait $!"])
@pytest.mark.parametrize("what", UNTOLD)
def test_a_stderr_that_fails_changes_no_status(home: Home, what: str, stderr: str, practiced: dict[str, str]) -> None:
    """Nobody reads why; the status, and what makes an `eval` fail, are what they always are."""
    status, shown, arguments = UNTOLD[what]
    script = f'exec {stderr}; "$@"; echo status=$?'
    done = subprocess.run(
        ["bash", "-c", script, "bash", home.program, *arguments], env=home.environ | KEYS | practiced,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=60, start_new_session=True,
    )  # fmt: skip
    assert done.stdout == f"{shown}status={status}\n"


def test_a_shell_finds_the_stderr_that_was_given(home: Home, practiced: dict[str, str]) -> None:
    """What could not be announced is no reason to take it away: it may be a disk that has room again."""
    done = subprocess.run(
        ["bash", "-c", 'exec 2>/dev/full; "$@"', "bash", home.program, "shell", "payments-dev/Admin"],
        env=home.environ | KEYS | practiced, input="readlink /proc/self/fd/2; exit 3", stdout=subprocess.PIPE, text=True,
        timeout=60, start_new_session=True,
    )  # fmt: skip
    assert (done.stdout, done.returncode) == ("/dev/full\n", 3)


def test_no_network(home: Home) -> None:
    home.fails(
        7, "127.0.0.1:9", "exec", "payments-dev/Admin", "--", "true", **KEYS, AWS_ENDPOINT_URL="http://127.0.0.1:9"
    )


@pytest.fixture
def answering() -> Iterator[Callable[[bytes], str]]:
    """A server that gives one answer to every request."""
    servers: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(answer: bytes) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        threads.append(thread)
        return f"http://127.0.0.1:{server.getsockname()[1]}"

    yield start
    for server in servers:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
    for thread in threads:
        thread.join(5)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\n<html>!",
        b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\nConnection: close\r\n\r\n<AssumeRoleResponse",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ],
    ids=["500", "429", "garbage", "half an answer", "not http"],
)
def test_an_sts_that_answers_nonsense(home: Home, answering: Callable[[bytes], str], answer: bytes) -> None:
    home.fails(7, "", "exec", "payments-dev/Admin", "--", "true", **KEYS, AWS_ENDPOINT_URL=answering(answer))


def test_the_picker_needs_a_terminal(home: Home) -> None:
    home.fails(5, "terminal")
    home.fails(5, "terminal", "tui", "-q", "prod")


def test_a_terminal_of_twenty_columns(home: Home) -> None:
    with Terminal([home.program], home.environ, columns=20, rows=8) as screen:
        screen.wait("payments")
        screen.send("\x1b")
        assert screen.end() == 0


def test_the_picker_takes_what_a_switch_may_ask_for(home: Home) -> None:
    home.fails(2, "outside 15m to 12h", "tui", "--duration", "13h")
    argv = [
        home.program,
        "--duration",
        "33m",
        "--region",
        "eu-north-1",
        "--session-name",
        "me",
        "-q",
        "payments-dev/Admin",
    ]
    with Terminal(argv, home.environ) as screen:
        screen.wait("33m")
        screen.send("\x03")
        screen.end()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("prompt", ["Account name", "Reason", "MFA code"])
def test_a_signal_at_a_prompt_gives_the_terminal_back(
    home: Home, practiced: dict[str, str], prompt: str, number: signal.Signals
) -> None:
    target = "payments-prod/Deploy"
    if prompt == "MFA code":
        target += " --confirm payments-prod --reason r"
    script = f"stty -a >$TMPDIR/before; {home.program} shell {target}; echo status=$?; stty -a >$TMPDIR/after"
    environ = home.environ | practiced | {"PS1": "$ "}
    with Terminal(["/bin/bash", "--norc", "-i"], environ) as screen:
        screen.wait(r"\$$")
        screen.send(f"{script}\r")
        screen.wait("Account name:" if prompt == "Reason" else f"{prompt}.*:")
        if prompt == "Reason":
            screen.send("payments-prod\r")
            screen.wait("Reason:")
        group = os.tcgetpgrp(screen.process.child_fd)
        os.killpg(group, number)
        expected = 130 if number == signal.SIGINT else 128 + number
        screen.wait(rf"status={expected}\b")
        folder = Path(environ["TMPDIR"])
        screen.wait(r"\$$")
        before, after = (folder / "before"), (folder / "after")
        assert before.read_text() == after.read_text()
        before.unlink()
        after.unlink()


def test_a_signal_at_the_picker_gives_the_terminal_back(home: Home) -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        with Terminal([home.program], home.environ) as screen:
            screen.wait("Search accounts")
            os.kill(screen.process.pid, number)
            assert screen.end() == 128 + number
            assert b"\x1b[?1049l" in screen.raw


NO_KEYRING = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus"}
RUN = ["exec", "payments-dev/Admin", "--", "true"]


def test_no_keyring_and_nobody_to_ask_for_a_passphrase(home: Home, practiced: dict[str, str]) -> None:
    home.preferences("kernel_keyring = false\n")
    home.fails(6, "XSWITCH_PASSPHRASE", *RUN, **practiced, **NO_KEYRING)


def test_a_passphrase_opens_the_vault_and_a_wrong_one_does_not(home: Home, practiced: dict[str, str]) -> None:
    home.preferences("kernel_keyring = false\n")
    run = ["exec", "payments-prod/ReadOnly", "--confirm", "payments-prod", "--reason", "r", "--", "sh", "-c"]
    script = 'echo "[$XSWITCH_PASSPHRASE]$XSWITCH_TARGET"'
    good = home.run(*run, script, **practiced, **NO_KEYRING, XSWITCH_PASSPHRASE="horse staple")
    assert good.stdout == "[]payments-prod/ReadOnly\n", good
    home.fails(6, "passphrase", *run, script, **practiced, **NO_KEYRING, XSWITCH_PASSPHRASE="another one")
    again = home.run(*run, script, **practiced, **NO_KEYRING, XSWITCH_PASSPHRASE="horse staple")
    assert again.stdout == "[]payments-prod/ReadOnly\n", again


def test_a_vault_that_another_user_owns(home: Home, practiced: dict[str, str]) -> None:
    vault = home.folder / "state" / "vault"
    vault.mkdir(parents=True)
    os.chown(vault, 12345, 12345)  # continuous integration and this project's machines run the tests as root
    home.fails(6, "vault", *RUN, **practiced)


def test_a_state_folder_that_is_a_file(home: Home, practiced: dict[str, str]) -> None:
    (home.folder / "state").write_text("in the way")
    home.fails(6, "vault", *RUN, **practiced)
