"""`xswitch doctor` as installed: on the demo, on a machine that is set up, and on one where much is wrong."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from terminal import Terminal

from xswitch.sandbox import Sandbox, practice

SENTINEL = "sentinel" * 5
PROMISED = {"vault", "clock", "catalog", "shells", "endpoint"}


class Doctor:
    """The installed program on a home of its own."""

    def __init__(self, program: str, environ: dict[str, str], folder: Path) -> None:
        self.program = program
        self.environ = environ | {"XSWITCH_HOME": str(folder)}
        self.config = folder / "config"
        self.config.mkdir(parents=True)

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [self.program, "doctor", *arguments],
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
            start_new_session=True,
        )
        assert done.stderr == ""
        assert SENTINEL not in done.stdout
        return done

    def found(self, status: int, **environ: str) -> dict[str, list[dict[str, Any]]]:
        """Run it for a program; return what was found by check."""
        done = self.run("--json", **environ)
        assert done.returncode == status, done.stdout
        by_check: dict[str, list[dict[str, Any]]] = {}
        for one in json.loads(done.stdout):
            assert set(one) == {"check", "level", "message", "hint"}
            assert one["level"] in ("ok", "warn", "fail")
            by_check.setdefault(one["check"], []).append(one)
        assert by_check.keys() >= PROMISED
        return by_check


@pytest.fixture
def doctor(xswitch: str, newcomer: dict[str, str], tmp_path: Path) -> Doctor:
    made = Doctor(xswitch, newcomer, tmp_path / "xswitch")
    (made.config / "config.toml").write_text("plaintext_key = true\nkernel_keyring = false\n")
    return made


@pytest.fixture
def organization(doctor: Doctor) -> Iterator[practice.PracticeOrganization]:
    made = practice.build(time.time)
    (doctor.config / "catalog.toml").write_text(made.catalog_toml())
    yield made


def test_the_demo_is_well(xswitch: str, newcomer: dict[str, str]) -> None:
    done = subprocess.run(
        [xswitch, "demo", "--", "doctor"], env=newcomer, capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 0, done
    assert re.search(r"^ok    clock       within a second of AWS$", done.stdout, re.MULTILINE)
    assert re.search(
        r"^ok    endpoint    http://127\.0\.0\.1:\d+ \(AWS_ENDPOINT_URL\) answers in", done.stdout, re.MULTILINE
    )
    assert "fail" not in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("ahead", "status", "level", "words"),
    [
        (200, 0, "warn", r"3m (19|2\d)s behind AWS: xswitch corrects for it, other tools don't"),
        (-600, 1, "fail", r"(10m|9m) ahead of AWS: AWS refuses what is signed 5 minutes off"),
    ],
)
def test_the_clock_is_held_against_awss(
    doctor: Doctor, organization: practice.PracticeOrganization, ahead: int, status: int, level: str, words: str
) -> None:
    key, secret = organization.user_access_key
    with Sandbox(organization.organization, lambda: time.time() + ahead) as sandbox:
        stored = subprocess.run(
            [doctor.program, "identity", "add", "central"],
            input=f"{key}\n{secret}\n",
            env=doctor.environ | {"AWS_ENDPOINT_URL": sandbox.url},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert stored.returncode == 0, stored
        found = doctor.found(status, AWS_ENDPOINT_URL=sandbox.url)
    assert found["clock"][0]["level"] == level
    assert re.search(words, found["clock"][0]["message"])
    assert found["clock"][0]["hint"]
    assert found["endpoint"][0]["level"] == "ok"
    assert [one["level"] for one in found["identities"]] == ["ok"]


def test_much_is_wrong_and_all_of_it_is_told(doctor: Doctor, tmp_path: Path) -> None:
    (doctor.config / "catalog.toml").write_text("version = 1\n[[accounts\n")
    aws = tmp_path / "aws"
    aws.write_text(f"[default]\naws_access_key_id = AKIA{SENTINEL}\naws_secret_access_key = {SENTINEL}\n")
    config = tmp_path / "config"
    config.write_text("[profile old]\ncredential_process = /gone/xswitch credential-process a/b\n")
    found = doctor.found(
        1,
        AWS_SHARED_CREDENTIALS_FILE=str(aws),
        AWS_CONFIG_FILE=str(config),
        AWS_ENDPOINT_URL=f"http://ada:{SENTINEL}@127.0.0.1:9",
        AWS_SECRET_ACCESS_KEY=SENTINEL,
        AWS_ACCESS_KEY_ID=f"AKIA{SENTINEL}",
        AWS_PROFILE="work",
        LANG="C",
        XSWITCH_PASSPHRASE=SENTINEL,
    )
    levels = {check: [one["level"] for one in ones] for check, ones in found.items()}
    assert levels["catalog"] == levels["endpoint"] == ["fail"]
    assert levels["clock"] == ["warn"]
    assert levels["profiles"][0] == "fail"
    assert levels["leftovers"] == ["warn"] * 3
    assert "warn" in levels["shells"]
    assert "catalog.toml:2" in found["catalog"][0]["message"]
    assert all(one["hint"] for ones in found.values() for one in ones if one["level"] != "ok")


def test_on_a_terminal_it_is_coloured_and_fits(doctor: Doctor) -> None:
    argv = [doctor.program, "doctor"]
    environ = doctor.environ | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    with Terminal(argv, environ, columns=80, rows=50) as screen:
        assert screen.end(seconds=60) == 1
        row = screen.row("endpoint    http://127.0.0.1:9")
        assert screen.text().splitlines()[row].startswith("fail  endpoint")
        assert screen.cell(row, 0).fg == "ff5f5f"
        assert screen.cell(row, 0).bold
    with Terminal(argv, environ | {"NO_COLOR": ""}, columns=80, rows=50) as screen:
        screen.end(seconds=60)
        assert b"\x1b[" not in screen.raw


def test_its_help_names_what_it_checks(doctor: Doctor) -> None:
    assert "vault, clock, catalog" in doctor.run("--help").stdout
    overview = subprocess.run([doctor.program, "--help"], capture_output=True, text=True, timeout=30).stdout
    assert "  doctor " in overview
