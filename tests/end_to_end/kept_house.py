"""The practice organization with a person in it, and real AWS clients to start by the installed xswitch."""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from xswitch.engine import Engine
from xswitch.paths import Paths
from xswitch.sandbox import Faults, Sandbox, practice
from xswitch.sandbox.practice_accounts import IDENTITY_ID
from xswitch.secret import Secret

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "tests" / "clients"
BUILT = ROOT / ".cache" / "clients"
CLIENTS = {
    "aws-cli": ["/bin/sh", str(SOURCES / "aws-cli.sh")],
    "boto3": [sys.executable, str(SOURCES / "python" / "sts.py")],
    "javascript": [str(BUILT / "node"), str(BUILT / "javascript" / "sts.mjs")],
    "javascript-container": [str(BUILT / "node"), str(BUILT / "javascript" / "sts.mjs"), "container"],
    "terraform": [str(BUILT / "terraform")],
}
TARGET = "payments-staging/ReadOnly"
ROLE = "arn:aws:sts::555566667777:assumed-role/ReadOnly/ada"


class Clock:
    """The machine's clock, moved: signatures hold while it is within AWS's quarter of an hour."""

    def __init__(self) -> None:
        self.shift = 0.0

    def __call__(self) -> float:
        return time.time() + self.shift


class House:
    """A home with a catalog and a vault, AWS on loopback, and the hostile user ``mallory`` whose keys are anywhere."""

    def __init__(self, program: str, environ: Mapping[str, str], folder: Path) -> None:
        self.program = program
        self.home = Path(environ["HOME"])
        self.clock = Clock()
        self.practice = practice.build(self.clock)
        identity = self.practice.organization.root(IDENTITY_ID)
        identity.iam("CreateUser", UserName="mallory")
        key = identity.iam("CreateAccessKey", UserName="mallory")["AccessKey"]
        self.hostile = f"aws_access_key_id = {key['AccessKeyId']}\naws_secret_access_key = {key['SecretAccessKey']}\n"
        self.hostile_secret = key["SecretAccessKey"]
        self.faults = Faults()
        self.sandbox = Sandbox(self.practice.organization, self.clock, self.faults)
        self.sandbox.start()
        self.folder = folder
        self.environ = dict(environ) | {
            "XSWITCH_HOME": str(folder),
            "AWS_ENDPOINT_URL": self.sandbox.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }
        self.paths = Paths.of(self.environ)
        self.paths.config.mkdir(parents=True)
        self.paths.catalog_file.write_text(self.practice.catalog_toml(), encoding="utf-8")
        self.paths.preferences_file.write_text("plaintext_key = true\nkernel_keyring = false\n")
        engine = Engine(self.paths, self.environ, self.clock)
        engine.store_identity(
            "central",
            self.practice.user_access_key[0],
            Secret(self.practice.user_access_key[1]),
            self.practice.caller_arn,
        )
        self.before = len(self.sandbox.calls)
        self.talks: list[Talk] = []

    def close(self) -> None:
        for talk in self.talks:
            talk.close()
        self.sandbox.stop()
        shutil.rmtree(self.home / ".aws", ignore_errors=True)
        assert not self.sandbox.crashes, self.sandbox.crashes

    def aws_file(self, name: str, text: str | bytes) -> Path:
        """Write a file of the person's."""
        file = self.home / ".aws" / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    def calls(self, action: str = "AssumeRole") -> int:
        """Return how often AWS was asked for an action, since the house was built."""
        return sum(call.action == action for call in self.sandbox.calls[self.before :])

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run xswitch to its end, with nobody at it."""
        done = subprocess.run(
            [self.program, *arguments], env=self.environ | environ, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=120, start_new_session=True,
        )  # fmt: skip
        assert "Traceback" not in done.stderr + done.stdout
        return done

    def talk(self, client: str, *options: str, target: str = TARGET, **environ: str) -> Talk:
        """Start a client by `xswitch exec --renew` and wait until it is ready."""
        argv = CLIENTS[client]
        assert os.path.exists(argv[0]), f"{argv[0]} is missing: `make .cache/clients/.done` builds it"
        command = [self.program, "exec", target, "--renew", *options, "--", *argv]
        talk = Talk(command, self.environ | environ)
        self.talks.append(talk)
        return talk


class Talk:
    """A client that runs under xswitch: one line there, one line back."""

    def __init__(self, command: list[str], environ: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            command, env=dict(environ), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, bufsize=1, start_new_session=True,
        )  # fmt: skip
        self._lines: queue.Queue[str] = queue.Queue()
        self._said: list[str] = []
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self._lines.put), daemon=True),
            threading.Thread(target=self._read, args=(self.process.stderr, self._said.append), daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        self.ready = self.line()

    def _read(self, stream, take) -> None:
        for line in stream:
            take(line.rstrip("\n"))

    def line(self) -> str:
        try:
            return self._lines.get(timeout=90)
        except queue.Empty:
            raise AssertionError(f"nothing came; stderr: {self.stderr}") from None

    def ask(self) -> str:
        """Ask once; return the line that comes."""
        assert self.process.stdin is not None
        self.process.stdin.write("who\n")
        self.process.stdin.flush()
        return self.line()

    @property
    def stderr(self) -> str:
        return "\n".join(self._said)

    def close(self) -> int:
        """Close its stdin and wait for its end; return the exit status."""
        assert self.process.stdin is not None
        if not self.process.stdin.closed:
            self.process.stdin.close()
        status = self.process.wait(60)
        for reader in self._readers:
            reader.join(60)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        return status
