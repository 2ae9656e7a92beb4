"""The demo: everything by the same code as against AWS, nothing of the person's touched, nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from terminal import Terminal

from xswitch.cli.demo import isolated


def demo(xswitch: str, environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [xswitch, "demo", "--", *arguments],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        start_new_session=True,
    )


def test_the_persons_files_are_not_read_and_not_touched(xswitch: str, newcomer: dict[str, str], tmp_path: Path) -> None:
    aws = tmp_path / "own-aws"
    aws.mkdir()
    for name in ("config", "credentials"):
        (aws / name).write_text("[default]\naws_access_key_id = AKIAREAL\naws_secret_access_key = real\n")
        (aws / name).chmod(0o400)
    environ = newcomer | {
        "AWS_CONFIG_FILE": str(aws / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(aws / "credentials"),
        "AWS_PROFILE": "not-there",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "XSWITCH_HOME": str(tmp_path / "own-home"),
        "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus",
    }
    script = "env | grep -c -e AKIAREAL -e not-there -e :9$; aws sts get-caller-identity --query Account --output text"
    done = demo(xswitch, environ, "exec", "payments-staging/ReadOnly", "--", "sh", "-c", script)
    assert done.stdout.split() == ["0", "555566667777"], done
    assert not (tmp_path / "own-home").exists()
    assert (aws / "config").read_text().startswith("[default]\naws_access_key_id = AKIAREAL")


def test_a_module_of_the_working_folder_is_not_taken_for_xswitch(
    xswitch: str, newcomer: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "xswitch.py").write_text("raise SystemExit('hostile')\n")
    for started in ([xswitch], [sys.executable, "-P", "-m", "xswitch"]):
        done = subprocess.run(
            [*started, "demo", "--", "catalog", "path"], env=newcomer, cwd=tmp_path, capture_output=True, text=True,
            timeout=120,
        )  # fmt: skip
        assert (done.returncode, "hostile" in done.stderr) == (0, False), done


def test_two_demos_at_once(xswitch: str, newcomer: dict[str, str]) -> None:
    inner = "aws sts get-caller-identity --query Arn --output text"
    outer = f"{inner} && env -u XSWITCH_HOME {xswitch} demo -- exec web-dev/PowerUser -- sh -c '{inner}' && {inner}"
    done = demo(xswitch, newcomer, "exec", "payments-staging/ReadOnly", "--", "sh", "-c", outer)
    roles = [line.split("/")[1] for line in done.stdout.splitlines()]
    assert roles == ["ReadOnly", "PowerUser", "ReadOnly"], done


def test_an_old_aws_cli_is_given_the_endpoint(tmp_path: Path) -> None:
    """AWS CLI v2 before 2.13 ignores AWS_ENDPOINT_URL: the demo's own `aws` has to hand it over as an option."""
    real = tmp_path / "real"
    real.mkdir()
    (real / "aws").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (real / "aws").chmod(0o755)
    environ = isolated({"PATH": f"{real}:/usr/bin:/bin"}, tmp_path, "http://127.0.0.1:4711", "http://127.0.0.1:4711/x")
    shown = subprocess.run(["aws", "s3", "ls"], env=environ, capture_output=True, text=True, check=True).stdout
    assert shown.split() == ["--endpoint-url", "http://127.0.0.1:4711", "s3", "ls"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shells_rc_file_can_not_put_another_aws_first(
    xswitch: str, newcomer: dict[str, str], tmp_path: Path, shell: str
) -> None:
    """A PATH set in the person's rc file must not lead practice credentials to the real AWS."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "aws").write_text("#!/bin/sh\necho reached the wrong aws\n")
    (other / "aws").chmod(0o755)
    home = Path(newcomer["HOME"])
    if shell == "fish":
        (home / ".config" / "fish").mkdir(parents=True)
        (home / ".config" / "fish" / "config.fish").write_text(f"set -gx PATH {other} $PATH\n")
    else:
        (home / f".{shell}rc").write_text(f'export PATH="{other}:$PATH"\n')
    argv = [xswitch, "demo", "--", "shell", "payments-staging/ReadOnly", "--shell", shell]
    with Terminal(argv, newcomer) as screen:
        screen.wait(r"payments-staging/ReadOnly")
        screen.send("aws sts get-caller-identity --query Account --output text\r")
        screen.wait(r"^555566667777$")
        screen.send("exit\r")
        assert screen.end() == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_what_is_typed_in_the_demo_stays_out_of_the_persons_history(
    xswitch: str, newcomer: dict[str, str], shell: str
) -> None:
    """Neither their history file nor one that their startup file names gets a line; PATH has the demo's folder once."""
    home = Path(newcomer["HOME"])
    history = home / f".{shell}_history"
    if shell != "fish":
        (home / f".{shell}rc").write_text(f"HISTFILE={history}\nHISTSIZE=100\nSAVEHIST=100\n")
    argv = [xswitch, "demo", "--", "shell", "payments-staging/ReadOnly", "--shell", shell]
    with Terminal(argv, newcomer) as screen:
        screen.wait(r"payments-staging/ReadOnly")
        screen.send("echo typed-$XSWITCH_ROLE; echo $PATH | tr ': ' '\\n\\n' | grep -c xswitch-demo- | sed s/^/has-/\r")
        screen.wait(r"^typed-ReadOnly$")
        screen.wait(r"^has-1$")
        screen.send("exit\r")
        assert screen.end() == 0
    assert not any(b"typed-" in file.read_bytes() for file in home.rglob("*") if file.is_file())
    assert not history.exists()


def test_the_demos_doctor_does_not_warn_of_its_own_key(xswitch: str, newcomer: dict[str, str]) -> None:
    found = json.loads(demo(xswitch, newcomer, "doctor", "--json").stdout)
    assert [one["check"] for one in found if one["level"] != "ok"] == ["catalog"], "the role that is denied on purpose"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_demo_that_is_ended_leaves_nothing(xswitch: str, newcomer: dict[str, str], number: signal.Signals) -> None:
    with Terminal([xswitch, "demo"], newcomer) as screen:
        screen.wait("Search accounts")
        os.kill(screen.process.pid, number)
        assert screen.end() == 128 + number
    assert not list(Path(newcomer["TMPDIR"]).iterdir())


def test_what_a_killed_demo_left_is_swept_by_the_next(xswitch: str, newcomer: dict[str, str]) -> None:
    folder = Path(newcomer["TMPDIR"])
    with Terminal([xswitch, "demo"], newcomer) as screen:
        screen.wait("Search accounts")
        os.kill(screen.process.pid, signal.SIGKILL)
    assert len(list(folder.iterdir())) == 1
    assert demo(xswitch, newcomer, "catalog", "path").returncode == 0
    assert not list(folder.iterdir())


def test_every_session_command_in_one_sitting(xswitch: str, newcomer: dict[str, str]) -> None:
    """`exec` keeps a session that `sessions`, `catalog list`, `credential-process` and `env` find again."""
    script = """
        set -e
        XSWITCH exec web-dev/PowerUser -- sh -c 'XSWITCH status --json; XSWITCH prompt' >one
        XSWITCH sessions --json >two
        XSWITCH credential-process web-dev/PowerUser >three
        (eval "$(XSWITCH env web-dev/PowerUser --format bash)"; aws sts get-caller-identity --query Arn --output text) >four
        XSWITCH catalog list account:web-dev --json >five
        XSWITCH sessions end web-dev/PowerUser 2>six
        XSWITCH sessions --json >seven
        XSWITCH identity list --json >eight
        tail -n +1 "$XSWITCH_HOME"/state/audit.jsonl >nine
    """.replace("XSWITCH ", f"{xswitch} ")
    work = Path(newcomer["HOME"]).parent / "work"
    work.mkdir()
    done = subprocess.run(
        [xswitch, "demo", "--", "exec", "observability/ReadOnly", "--", "sh", "-c", script],
        env=newcomer, cwd=work, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done
    one, prompt = (work / "one").read_text().rsplit("}", 1)
    status = json.loads(one + "}")
    assert status["target"] == "web-dev/PowerUser"
    assert 3500 < status["remaining"] <= 8 * 3600
    assert status["depth"] == 2
    assert prompt.strip().startswith("[dev] web-dev/PowerUser") or "web-dev/PowerUser" in prompt
    live = {one["target"]: one for one in json.loads((work / "two").read_text())}
    assert live["web-dev/PowerUser"]["account_id"] == status["account_id"]
    assert live["observability/ReadOnly"]["in_use_by"] == ["exec sh"]
    document = json.loads((work / "three").read_text())
    assert document["Version"] == 1
    assert document["Expiration"] == live["web-dev/PowerUser"]["expires"]
    assert "assumed-role/PowerUser/ada" in (work / "four").read_text()
    rows = {row["role"]: row for row in json.loads((work / "five").read_text())}
    assert rows["PowerUser"]["live"]
    assert rows["PowerUser"]["last_used"]
    assert not rows["ReadOnly"]["live"]
    assert "honours" in (work / "six").read_text()
    assert [one["target"] for one in json.loads((work / "seven").read_text())] == ["observability/ReadOnly"]
    assert json.loads((work / "eight").read_text())[0]["arn"].endswith(":user/ada")
    logged = [json.loads(line) for line in (work / "nine").read_text().splitlines()]
    assert [line["target"] for line in logged][:2] == ["observability/ReadOnly", "web-dev/PowerUser"]
    assert logged[1]["from_vault"] is False
    assert logged[2]["from_vault"] is True
    assert document["SecretAccessKey"] not in (work / "nine").read_text()
