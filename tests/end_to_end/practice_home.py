"""A person with the practice organization as their AWS, and the installed program."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from xswitch.cli.demo import isolated
from xswitch.engine import Engine
from xswitch.paths import Paths
from xswitch.sandbox import Faults, Sandbox, practice
from xswitch.secret import Secret


class PracticeHome:
    """An XSWITCH_HOME on a running sandbox; ``aws`` on PATH is the AWS CLI, pointed to it."""

    def __init__(self, environ: dict[str, str], folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self.practice = practice.build(clock=clock)
        self.faults = Faults()
        self.sandbox = Sandbox(self.practice.organization, clock, self.faults)
        self.sandbox.start()
        folder.mkdir(parents=True)
        self.environ = isolated(environ, folder, self.sandbox.url, "")
        self.paths = Paths.of(self.environ)
        self.paths.config.mkdir(parents=True)
        self.aws_config = folder / "aws-config"
        self.environ["AWS_CONFIG_FILE"] = str(self.aws_config)
        self.paths.catalog_file.write_text(self.practice.catalog_toml(), encoding="utf-8")
        self.paths.preferences_file.write_text("plaintext_key = true\nkernel_keyring = false\n")
        engine = Engine(self.paths, self.environ, clock)
        key_id, secret = self.practice.user_access_key
        engine.store_identity("central", key_id, Secret(secret), self.practice.caller_arn)
        for name, value in self.practice.vault_secrets.items():
            engine.store_secret(name, Secret(value))

    def close(self) -> None:
        """Stop the sandbox, in which nothing may have gone wrong."""
        self.sandbox.stop()
        assert self.sandbox.crashes == []

    def calls(self, action: str) -> int:
        """Return how many calls of an action were answered well."""
        return sum(call.action == action and call.outcome == "ok" for call in self.sandbox.calls)

    def run(self, *argv: str, seconds: float = 60, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a program of PATH without a terminal."""
        done = subprocess.run(
            list(argv),
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            start_new_session=True,
        )
        assert "Traceback" not in done.stdout + done.stderr, done
        return done

    def works(self, *argv: str, **environ: str) -> str:
        """Run a program that has to succeed; return what it printed."""
        done = self.run(*argv, **environ)
        assert done.returncode == 0, done
        return done.stdout

    def fails(self, status: int, words: str, *argv: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a program that has to fail with the contract's error; return what it said."""
        done = self.run(*argv, **environ)
        assert done.returncode == status, done
        assert words in done.stderr, done
        assert done.stderr.startswith("xswitch: ") or "\nxswitch: " in done.stderr, done
        return done


def on_path(environ: dict[str, str], program: str) -> dict[str, str]:
    """Return the environment with the folder of ``program`` first on PATH."""
    return environ | {"PATH": f"{Path(program).parent}{os.pathsep}{environ['PATH']}"}
