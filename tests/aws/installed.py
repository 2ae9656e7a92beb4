"""The installed program, with a person whose key is in a vault of their own and AWS at loopback."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from xswitch.engine import Engine
from xswitch.paths import Paths
from xswitch.sandbox import Sandbox
from xswitch.sandbox.practice import PracticeOrganization
from xswitch.secret import Secret

PROGRAM = Path(sys.executable).parent / "xswitch"


class Installed:
    """Runs ``xswitch`` in a home under ``folder``, in an environment that holds nothing else of AWS."""

    def __init__(self, folder: Path, sandbox: Sandbox, organization: PracticeOrganization) -> None:
        assert PROGRAM.exists(), f"xswitch is not installed beside {sys.executable}: run `make test`"
        self.sandbox = sandbox
        self.environ = {
            "HOME": str(folder),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "XSWITCH_HOME": str(folder / "x"),
            "AWS_ENDPOINT_URL": sandbox.url,
        }
        self.paths = Paths.of(self.environ)
        self.paths.config.mkdir(parents=True)
        self.paths.catalog_file.write_text(organization.catalog_toml())
        self.paths.preferences_file.write_text("plaintext_key = true\nkernel_keyring = false\n")
        engine = Engine(self.paths, self.environ, time.time)
        key, secret = organization.user_access_key
        engine.store_identity("central", key, Secret(secret), organization.caller_arn)

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        done = subprocess.run(
            [PROGRAM, *arguments],
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            start_new_session=True,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def exec(self, target: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Open a target and say which role the command got."""
        return self.run("exec", target, "--", "sh", "-c", "echo $XSWITCH_TARGET $AWS_ACCESS_KEY_ID", **environ)

    def start(self, target: str) -> subprocess.Popen[str]:
        """Begin to open a target, as a job of its own."""
        return subprocess.Popen(
            [PROGRAM, "exec", target, "--", "echo", "RAN"],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def made(self, action: str = "AssumeRole") -> list[str]:
        """How each call of an action went, as AWS saw it."""
        return [call.outcome for call in self.sandbox.calls if call.action == action]

    def locks(self) -> list[Path]:
        """The locks of sessions that say who holds them."""
        folder = self.paths.vault / "locks"
        return [path for path in folder.glob("session-*") if path.read_text().strip()]


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Wait until a condition holds; fail after half a minute."""
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, f"not within 30 seconds: {what}"
        time.sleep(0.01)
