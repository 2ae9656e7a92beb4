"""The installed program, as SDKs, shells and people start it: what is loaded, what comes out, with which status."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from fast_house import AGREED, GUARDED, PLAIN, PROGRAM, Builder, House

from xswitch.vault import kernel

NEVER = {
    "argparse", "json", "dataclasses", "pathlib", "shlex", "secrets", "hashlib", "hmac", "subprocess", "logging", "inspect",
    "platformdirs", "tomli", "boto3", "botocore", "keyring", "textual", "urllib", "http", "xswitch.errors", "xswitch.engine",
    "xswitch.paths", "xswitch.catalog.model", "xswitch.session.model", "xswitch.cli.dispatch",
}  # fmt: skip
OURS = {
    "__future__", "_ctypes", "_struct", "_typing", "binascii", "ctypes", "ctypes._endian", "errno", "fcntl", "gc", "pwd", "signal",
    "struct",
}  # fmt: skip
"""What the three commands may load beside cryptography and xswitch itself: a few small modules of the system."""
WRAPPER = "import re, sys"
"""What the console script that pip writes loads."""
CIPHER = f"{WRAPPER}\nfrom cryptography.hazmat.primitives.ciphers.aead import AESGCM"


def loaded(argv: list[str], environ: dict[str, str]) -> set[str]:
    """Return the modules that a Python program loads, seen from outside."""
    environ = environ | {"PYTHONPROFILEIMPORTTIME": "1"}
    done = subprocess.run(argv, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    lines = [line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")]
    return set(lines) - {"imported package"}


def served_fast(house: House, *arguments: str) -> bool:
    return "argparse" not in loaded([str(PROGRAM), *arguments], house.environ)


@pytest.mark.parametrize(
    "arguments", [("credential-process", PLAIN), ("env", PLAIN), ("env", GUARDED, "--format=json"), ("exec", GUARDED, "--", "true")],
    ids=" ".join,
)  # fmt: skip
def test_only_cryptography_is_loaded(house: House, arguments: tuple[str, ...]) -> None:
    house.settle(PLAIN, GUARDED)
    floor = loaded([sys.executable, "-c", CIPHER], house.environ)
    found = loaded([str(PROGRAM), *arguments], house.environ)
    assert not NEVER & found
    others = {name for name in found - floor if not name.startswith("xswitch")}
    assert others <= OURS


def test_a_prompt_loads_nothing(house: House) -> None:
    environ = house.environ | {"XSWITCH_TARGET": PLAIN, "XSWITCH_EXPIRES": "1"}
    found = loaded([str(PROGRAM), "prompt"], environ)
    assert not NEVER & found
    floor = loaded([sys.executable, "-c", WRAPPER], environ)
    others = {name for name in found - floor if not name.startswith("xswitch")}
    assert others <= {"__future__"}
    ours = {name for name in found if name.startswith("xswitch")}
    assert ours == {
        "xswitch", "xswitch.__main__", "xswitch.cli", "xswitch.cli.output", "xswitch.cli.prompt", "xswitch.countdown",
        "xswitch.shell", "xswitch.shell.prompt",
    }  # fmt: skip


@pytest.mark.parametrize("target", [PLAIN, GUARDED, AGREED])
@pytest.mark.parametrize("command", ["credential-process", "env"])
def test_the_installed_program_says_what_the_whole_one_says(house: House, command: str, target: str) -> None:
    house.settle(target)
    fast = house.run(command, target)
    slow = house.whole(command, target)
    assert (fast.returncode, fast.stdout, fast.stderr) == (slow.returncode, slow.stdout, slow.stderr)
    assert served_fast(house, command, target)


def test_a_command_gets_the_same_environment(house: House) -> None:
    house.environ |= {"XSWITCH_PASSPHRASE": "p", "AWS_PROFILE": "theirs", "XSWITCH_DEPTH": "1", "ODD": "é\n"}
    house.settle(GUARDED)
    show = (sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))")
    fast = house.run("exec", GUARDED, "--", *show)
    slow = house.whole("exec", GUARDED, "--", *show)
    assert (fast.stdout, fast.returncode, fast.stderr) == (slow.stdout, 0, "")
    given = json.loads(fast.stdout)
    assert given["XSWITCH_TARGET"] == GUARDED
    assert given["XSWITCH_DEPTH"] == "2"
    assert "XSWITCH_PASSPHRASE" not in given and "AWS_PROFILE" not in given


def test_exec_becomes_its_command_and_is_on_the_board(house: House) -> None:
    house.settle(PLAIN)
    script = f'echo $$; "{PROGRAM}" sessions --json'
    process = subprocess.Popen(
        [str(PROGRAM), "exec", PLAIN, "--", "sh", "-c", script], env=house.environ, stdout=subprocess.PIPE, text=True
    )
    out, _ = process.communicate(timeout=60)
    pid, _, listed = out.partition("\n")
    assert int(pid) == process.pid
    (live,) = [one for one in json.loads(listed) if one["target"] == PLAIN]
    assert live["in_use_by"] == ["exec sh"]
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("argv", "status", "words"),
    [(["no-such-command"], 127, "command not found"), (["/"], 126, "is a folder"), (["./plain"], 126, "not executable"),
     (["./no-interpreter"], 127, "does not exist"), (["./garbage"], 126, "binary"), (["sh", "-c", "exit 42"], 42, ""),
     (["sh", "-c", "kill -TERM $$"], -15, ""), (["./script"], 3, "")],
)  # fmt: skip
def test_exec_ends_as_its_command_does(house: House, tmp_path: Path, argv: list[str], status: int, words: str) -> None:
    for name, text in {
        "plain": b"x",
        "no-interpreter": b"#!/no/such/sh\n",
        "script": b"exit 3\n",
        "garbage": b"\x7fELF\0\1",
    }.items():
        (tmp_path / name).write_bytes(text)
        (tmp_path / name).chmod(0o644 if name == "plain" else 0o755)
    house.settle(PLAIN)
    lines = len(house.logged())
    done = house.run("exec", PLAIN, "--", *argv, cwd=tmp_path)
    assert done.returncode == status
    assert words in done.stderr
    assert done.stderr.startswith("xswitch: ") if words else done.stderr == ""
    switched = words not in ("command not found", "is a folder", "not executable")  # what is no program opens nothing
    assert len(house.logged()) == lines + switched, "one line a switch"
    assert "Traceback" not in done.stderr


def test_signals_that_were_ignored_are_as_they_were(house: House) -> None:
    """Python ignores SIGPIPE for itself: a command that writes into a closed pipe has to end, as under a shell."""
    house.settle(PLAIN)
    done = subprocess.run(
        ["bash", "-c", f'"{PROGRAM}" exec {PLAIN} -- yes | head -1; echo ${{PIPESTATUS[0]}}'],
        env=house.environ, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout == "y\n141\n"


@pytest.mark.parametrize("command", ["credential-process", "env", "prompt"])
def test_a_full_disk_and_a_reader_that_left(house: House, command: str) -> None:
    house.settle(PLAIN)
    house.environ |= {"XSWITCH_TARGET": PLAIN} if command == "prompt" else {}
    arguments = [command] if command == "prompt" else [command, PLAIN]
    with Path("/dev/full").open("w") as full:
        done = house.run(*arguments, stdout=full)
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "xswitch: the result can't be written: no space left on device"
    reader, writer = os.pipe()
    os.close(reader)
    gone = house.run(*arguments, stdout=writer)
    os.close(writer)
    assert (gone.returncode, gone.stderr) == (141, "")


@pytest.mark.parametrize("command", ["credential-process", "env", "exec", "prompt"])
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams(house: House, command: str, closed: str) -> None:
    house.settle(PLAIN)
    words = {"exec": f"exec {PLAIN} -- sh -c 'exit 7'", "prompt": "prompt"}.get(command, f"{command} {PLAIN}")
    done = subprocess.run(
        ["bash", "-c", f'"{PROGRAM}" {words} {closed}'], env=house.environ, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == (7 if command == "exec" else 0)
    assert done.stderr == ""


def test_a_terminal_shows_no_keys_unless_it_is_told_to(house: House) -> None:
    house.settle(PLAIN)

    def on_a_terminal(*arguments: str) -> tuple[int, bytes]:
        child, terminal = pty.fork()
        if child == 0:
            os.execve(PROGRAM, [str(PROGRAM), *arguments], house.environ)
        shown = b""
        try:
            while data := os.read(terminal, 4096):
                shown += data
        except OSError:
            pass  # how Linux says that nobody holds the other end any more
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown

    status, shown = on_a_terminal("env", PLAIN)
    assert status == 2
    assert b"AWS_SECRET_ACCESS_KEY" not in shown
    status, shown = on_a_terminal("env", PLAIN, "--reveal")
    assert status == 0
    assert b"AWS_SECRET_ACCESS_KEY" in shown


def test_a_failed_env_fails_its_eval(house: House) -> None:
    house.settle(GUARDED)
    house.grant().unlink()
    done = house.run("env", GUARDED)
    assert (done.returncode, done.stdout) == (5, "false\n")


def test_many_at_once(house: House) -> None:
    house.settle(PLAIN, GUARDED)
    asked = [
        ["credential-process", PLAIN],
        ["env", GUARDED],
        ["exec", PLAIN, "--", "printenv", "AWS_SECRET_ACCESS_KEY"],
    ] * 8
    lines = len(house.logged())
    running = [
        subprocess.Popen(
            [str(PROGRAM), *arguments], env=house.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        for arguments in asked
    ]
    answers = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0] * len(asked)
    assert [len(set(answers[kind::3])) for kind in range(3)] == [1, 1, 1]
    assert len(house.logged()) == lines + 16
    assert house.engine().visits()[PLAIN][1] >= 8


def test_a_new_session_is_served_fast_the_next_time(build: Builder) -> None:
    house = build()
    house.open((PLAIN,))
    house.settle()
    assert served_fast(house, "credential-process", PLAIN)
    first = json.loads(house.run("credential-process", PLAIN).stdout)
    house.slow("sessions", "renew", PLAIN)
    second = json.loads(house.run("credential-process", PLAIN).stdout)
    assert second["AccessKeyId"] != first["AccessKeyId"], "what is served is what the vault has now"
    assert served_fast(house, "credential-process", PLAIN)


# Other vaults and identities


def test_with_the_key_in_the_kernel_keyring(build: Builder) -> None:
    assert kernel.available(), (
        "these tests need the kernel keyring: allow add_key and keyctl in the container's seccomp"
    )
    house = build(preferences="", XSWITCH_PASSPHRASE="correct horse battery staple")
    vault_id = (house.paths.vault / "id").read_text().strip()
    try:
        house.open((PLAIN,))
        house.settle(PLAIN)
        del house.environ["XSWITCH_PASSPHRASE"]
        assert house.fast("credential-process", PLAIN) == house.slow("credential-process", PLAIN)[1]
        found = loaded([str(PROGRAM), "exec", PLAIN, "--", "true"], house.environ)
        assert "xswitch.fast.answer" in found and not NEVER & found
        assert house.run("lock").returncode == 0
        assert house.fast("credential-process", PLAIN) is None
        locked = house.run("credential-process", PLAIN)
        assert (locked.returncode, locked.stdout) == (6, "")
        house.environ["XSWITCH_PASSPHRASE"] = "correct horse battery staple"
        assert house.slow("credential-process", PLAIN)[0] == 0
        assert house.fast("credential-process", PLAIN) is not None
        key = kernel.get(vault_id)
        assert key is not None
        house.paths.preferences_file.write_text("kernel_keyring = false\n")
        assert house.slow("credential-process", PLAIN)[0] == 0
        kernel.put(vault_id, key)
        assert house.fast("credential-process", PLAIN) is None, "the person does not want the shadow used"
    finally:
        kernel.clear(vault_id)


def test_an_identity_that_is_a_profile(build: Builder) -> None:
    house = build()
    key, secret = house.organization.user_access_key
    credentials = house.home / ".aws" / "credentials"
    credentials.parent.mkdir()
    credentials.write_text(f"[p]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
    house.change_catalog(('kind = "keys"\naccount_id = "111122223333"', 'kind = "profile"\nprofile = "p"'))
    house.open((PLAIN,))
    house.settle(PLAIN)
    assert house.fast("env", PLAIN) == house.slow("env", PLAIN)[1]
    for change in (
        lambda: credentials.write_text(credentials.read_text() + "\n"),
        lambda: (house.home / ".aws" / "config").write_text("[profile q]\n"),
        lambda: house.environ.update(AWS_CONFIG_FILE="/nowhere"),
        lambda: house.environ.update(HOME="/"),
    ):
        house.settle(PLAIN)
        assert house.fast("env", PLAIN) is not None
        change()
        assert house.fast("env", PLAIN) is None


def test_an_identity_that_is_a_program(build: Builder) -> None:
    house = build()
    key, secret = house.organization.user_access_key
    tool = house.home / "tool"
    tool.write_text(f'#!/bin/sh\necho \'{{"Version": 1, "AccessKeyId": "{key}", "SecretAccessKey": "{secret}"}}\'\n')
    tool.chmod(0o755)
    own = ('kind = "keys"\naccount_id = "111122223333"', f'kind = "process"\nprocess = "{tool}"')
    house.change_catalog(own)
    house.open((PLAIN,))
    house.settle(PLAIN)
    assert house.fast("env", PLAIN) == house.slow("env", PLAIN)[1]
    house.change_catalog((own[1], own[1].replace("tool", "tool --of-another")))
    assert house.fast("env", PLAIN) is None


def test_an_identity_that_is_the_environment_is_left_to_the_whole_program(build: Builder) -> None:
    house = build()
    key, secret = house.organization.user_access_key
    house.environ |= {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
    house.change_catalog(('kind = "keys"\naccount_id = "111122223333"', 'kind = "environment"'))
    house.open((PLAIN,))
    house.settle(PLAIN)
    assert not house.note().exists()
    assert house.fast("env", PLAIN) is None
    assert house.slow("env", PLAIN)[0] == 0
