"""A person of the practice organization, with the installed program, a vault on the disk and AWS over HTTP.

The key of the vault lies in a plain file, so that no keyring of this machine is asked.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from xswitch.engine import Engine
from xswitch.paths import Paths
from xswitch.sandbox import Sandbox, practice
from xswitch.sandbox.practice_accounts import PLACES
from xswitch.secret import Secret

BIN = Path(sys.executable).parent
PREFERENCES = "plaintext_key = true\nkernel_keyring = false\n"
TARGET = "web-dev/PowerUser"


class Company:
    """The company's AWS and one person's home. ``calls`` counts from the moment that the person begins.

    ``ahead`` is how many seconds AWS's clock is ahead of the person's; signatures hold within a quarter of an hour.
    """

    def __init__(self, home: Path, ahead: float = 0.0) -> None:
        self.practice = practice.build(lambda: time.time() + ahead)
        self.sandbox = Sandbox(self.practice.organization, lambda: time.time() + ahead)
        self.sandbox.start()
        self.faults = self.sandbox.faults
        self.home = home
        self.program = str(BIN / "xswitch")
        self.environ = {
            "HOME": str(home),
            "XSWITCH_HOME": str(home / "x"),
            "XSWITCH_NO_INPUT": "1",
            "AWS_ENDPOINT_URL": self.sandbox.url,
            "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "USER": "ada",
        }
        self.paths = Paths.of(self.environ)
        self.paths.config.mkdir(parents=True)
        self.write(self.practice.catalog_toml())
        self.prefer("")
        key, secret = self.practice.user_access_key
        self.engine = Engine(self.paths, self.environ, time.time)
        self.engine.store_identity("central", key, Secret(secret), self.practice.caller_arn)
        for name, value in self.practice.vault_secrets.items():
            self.engine.store_secret(name, Secret(value))
        self._seen = len(self.sandbox.calls)

    def close(self) -> None:
        self.sandbox.stop()
        assert not self.sandbox.crashes, self.sandbox.crashes

    def write(self, catalog: str) -> None:
        """Write the person's catalog."""
        self.paths.catalog_file.write_text(catalog)

    def prefer(self, text: str) -> None:
        """Write the person's preferences."""
        self.paths.preferences_file.write_text(PREFERENCES + text)

    def roles(self, settings: Mapping[str, str], identity: str = "") -> None:
        """Write a catalog of these targets alone: by target's name the settings of its role, lines of TOML.

        ``identity`` adds lines to the person's identity. There is no environment, so nothing is guarded.
        """
        serial = self.practice.mfa_serial
        lines = ["version = 1", "[defaults]", 'identity = "central"', "[identities.central]", 'kind = "keys"']
        lines += ['account_id = "111122223333"', f'mfa_serial = "{serial}"', identity]
        for name, account_id in {place.name: place.id for place in PLACES}.items():
            own = {target: text for target, text in settings.items() if target.startswith(f"{name}/")}
            if own:
                lines += ["[[accounts]]", f'id = "{account_id}"', f'name = "{name}"']
            for target, text in own.items():
                lines += ["[[accounts.roles]]", f'name = "{target.partition("/")[2]}"', text]
        self.write("\n".join(lines) + "\n")

    def argv(self, *arguments: str) -> list[str]:
        return [self.program, *arguments]

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run the installed program to its end."""
        return subprocess.run(
            self.argv(*arguments),
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            start_new_session=True,
        )

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        """Start the installed program."""
        return subprocess.Popen(
            self.argv(*arguments),
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def keys(self, *arguments: str, **environ: str) -> str:
        """Return the access key that ``credential-process`` gives."""
        done = self.run("credential-process", *(arguments or (TARGET,)), **environ)
        assert done.returncode == 0, done.stderr
        return str(json.loads(done.stdout)["AccessKeyId"])

    def calls(self) -> list[str]:
        """Return what AWS was asked for and how it went, since this was called last."""
        made, self._seen = self.sandbox.calls[self._seen :], len(self.sandbox.calls)
        return [f"{call.action} {call.outcome}" for call in made]

    def last(self, action: str = "AssumeRole") -> dict[str, Any]:
        """Return the parameters of the last call of an action."""
        return dict(next(call for call in reversed(self.sandbox.calls) if call.action == action).params)

    def purposes(self) -> list[str]:
        """Return what the locks of sessions say of their holders: process id and what it does."""
        found = (self.paths.state / "vault" / "locks").glob("session-*")
        return [text for path in found if (text := path.read_text().strip())]


def wait_until(condition: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Wait until something holds, looking often."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds:g} seconds: {what}"
        time.sleep(0.02)


def outcomes(crowd: Sequence[subprocess.Popen[str]], seconds: float = 300) -> list[tuple[int, str, str]]:
    """Wait for each and return exit status, stdout and stderr."""
    end = time.monotonic() + seconds
    found = []
    try:
        for one in crowd:
            out, err = one.communicate(timeout=max(0.1, end - time.monotonic()))
            found.append((one.returncode, out, err))
    finally:
        for one in crowd:
            if one.poll() is None:
                one.kill()
                one.communicate()
    return found
