"""A person's home, the installed program and an AWS of their own, for what is done to them from outside."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import fire

from xswitch.__main__ import main
from xswitch.cli.demo import isolated
from xswitch.cli.person import Nobody
from xswitch.engine import Engine
from xswitch.paths import Paths
from xswitch.sandbox import Sandbox, practice
from xswitch.secret import Secret

TARGET = "web-dev/PowerUser"
GUARDED = "payments-prod/ReadOnly"
PASSED = ("--confirm", "payments-prod", "--reason", "incident 7")
YEAR = 365 * 86400.0
SHIFTED = """
import sys, time
shift, real, real_ns = float(sys.argv.pop(1)), time.time, time.time_ns
time.time, time.time_ns = lambda: real() + shift, lambda: real_ns() + int(shift * 1e9)
from xswitch.__main__ import main
sys.exit(main())
"""
"""The program under a clock that was set: our clock alone, as it is read by everything that reads it."""


class FireHouse:
    """The practice organization at ``home``; its vault's key lies in a file."""

    def __init__(self, program: str, environ: dict[str, str], home: Path) -> None:
        self.program = program
        self.home = home
        self.practice = practice.build()
        self.sandbox = Sandbox(self.practice.organization)
        self.sandbox.start()
        home.mkdir(exist_ok=True)
        self.environ = isolated(environ, home, self.sandbox.url, "")
        self.paths = Paths.of(self.environ)
        self.paths.config.mkdir(parents=True)
        self.paths.catalog_file.write_text(self.practice.catalog_toml())
        self.paths.preferences_file.write_text("plaintext_key = true\nkernel_keyring = false\n")

    @classmethod
    @contextlib.contextmanager
    def reachable(cls, program: str, environ: dict[str, str]) -> Iterator[FireHouse]:
        """Make a house where any user of this machine can reach it."""
        place = Path(tempfile.mkdtemp(prefix="xswitch-fire-"))
        place.chmod(0o755)
        house = cls(program, environ, place / "xswitch")
        try:
            yield house
        finally:
            house.sandbox.stop()
            for path in place.rglob("*"):
                if path.is_dir():
                    path.chmod(0o700)
            shutil.rmtree(place)

    @property
    def vault(self) -> Path:
        return self.paths.vault

    def engine(self) -> Engine:
        """Return the engine behind the program, on the same home."""
        return Engine(self.paths, self.environ, time.time)

    def settle(self) -> None:
        """Put the person's access key into the vault."""
        key, secret = self.practice.user_access_key
        self.engine().store_identity("central", key, Secret(secret), self.practice.caller_arn)

    def run(self, *arguments: str, under: str = "", shift: float = 0.0) -> subprocess.CompletedProcess[str]:
        """Run the program: after ``under`` in its shell, or with a clock that is ``shift`` seconds off."""
        argv = [sys.executable, "-c", SHIFTED, str(shift)] if shift else [self.program]
        argv += arguments
        if under:
            argv = ["bash", "-c", f"{under}; exec {shlex.join(argv)}"]
        done = subprocess.run(
            argv, env=self.environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
            start_new_session=True,
        )  # fmt: skip
        assert "Traceback" not in done.stderr + done.stdout
        assert "a fault of xswitch" not in done.stderr, done.stderr
        return done

    def key(self, *arguments: str, target: str = TARGET, under: str = "", shift: float = 0.0) -> str:
        """Return the access key that ``credential-process`` gives."""
        done = self.run("credential-process", target, *arguments, under=under, shift=shift)
        assert done.returncode == 0, done
        return str(json.loads(done.stdout)["AccessKeyId"])

    def refused(self, status: int, words: str, *arguments: str, under: str = "", shift: float = 0.0) -> str:
        """Run it: it fails as the contract says, with ``words`` in its line and a hint; return both lines."""
        done = self.run(*arguments, under=under, shift=shift)
        assert done.returncode == status, done
        lines = done.stderr.splitlines()
        assert any(line.startswith("xswitch: ") and words in line for line in lines), done.stderr
        assert lines[-1].startswith("  hint: "), done.stderr
        assert done.stdout in ("", "false\n")
        return "\n".join(lines)

    def calls(self, action: str = "AssumeRole") -> int:
        """Return how many calls AWS answered."""
        return sum(call.action == action and call.outcome == "ok" for call in self.sandbox.calls)

    def serve(self, target: str = TARGET) -> str:
        """Do in this process what ``credential-process`` does; return the access key."""
        engine = self.engine()
        return engine.serve(engine.plan(engine.resolve(target)), Nobody()).credentials.access_key_id


class Outcome(NamedTuple):
    """What a command gave."""

    status: int
    out: str
    err: str


NOBODY = 65534


def in_one_process(
    house: FireHouse, before: list[list[str]], after: list[list[str]]
) -> tuple[list[Outcome], list[Outcome]]:
    """Run commands in one forked process; between the two lists the home loses its write permissions.

    As root, the home and the process become those of another user there, since root is bound by no permission.
    """
    place = Path(tempfile.mkdtemp())

    def call(number: int, arguments: list[str]) -> None:
        for descriptor, name in ((1, "out"), (2, "err")):
            with (place / f"{number}.{name}").open("w") as file:
                os.dup2(file.fileno(), descriptor)
        sys.argv = ["xswitch", *arguments]
        status = main()
        sys.stdout.flush()
        sys.stderr.flush()
        (place / f"{number}.status").write_text(str(status))

    def work() -> None:
        sys.stdin = open(os.devnull)  # noqa: SIM115
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
        os.setsid()
        os.environ.clear()
        os.environ.update(house.environ)
        for number, arguments in enumerate(before):
            call(number, arguments)
        os.umask(0)
        place.chmod(0o777)
        for path in (house.home, *house.home.rglob("*")):
            path.chmod(0o500 if path.is_dir() else 0o400)
            if os.geteuid() == 0:
                os.chown(path, NOBODY, NOBODY)
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        for number, arguments in enumerate(after, len(before)):
            call(number, arguments)

    try:
        assert fire.run(work) == 0
        found = [
            Outcome(
                int((place / f"{number}.status").read_text()),
                *((place / f"{number}.{name}").read_text() for name in ("out", "err")),
            )
            for number in range(len(before) + len(after))
        ]
        return found[: len(before)], found[len(before) :]
    finally:
        shutil.rmtree(place)
