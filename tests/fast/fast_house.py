"""A person whose sessions are live, asked for twice: by the fast commands, and by the whole program."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from xswitch import cli
from xswitch.catalog import load
from xswitch.engine import Engine
from xswitch.fast.answer import answer
from xswitch.paths import Paths
from xswitch.sandbox import practice
from xswitch.secret import Secret
from xswitch.session import ready

BIN = Path(sys.executable).parent
PROGRAM = BIN / "xswitch"
WHOLE = "import os, sys; from xswitch import cli; sys.exit(cli.run(sys.argv[1:], os.environ))"
"""The whole program, without the early way out."""
PLAIN, GUARDED, MFA, CHAINED, AGREED = (
    "web-dev/PowerUser", "payments-prod/ReadOnly", "payments-prod/Deploy", "data-lake-dev/Audit", "partner-metrics/Ingest",
)  # fmt: skip
TARGETS = (PLAIN, GUARDED, MFA, CHAINED, AGREED)
PLAINTEXT = "plaintext_key = true\nkernel_keyring = false\n"


class House:
    """A home with live sessions of the practice organization. ``preferences`` is the content of config.toml."""

    def __init__(
        self,
        home: Path,
        url: str,
        organization: practice.PracticeOrganization,
        *,
        preferences: str = PLAINTEXT,
        **more: str,
    ) -> None:
        self.home = home
        self.organization = organization
        self.given = {
            "XSWITCH_HOME": str(home),
            "XSWITCH_NO_INPUT": "1",
            "AWS_ENDPOINT_URL": url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "HOME": str(home),
            "PATH": f"{BIN}:/usr/bin:/bin",
            "SHELL": "/bin/bash",
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "LOGNAME": "ada",
            "NO_PROXY": "127.0.0.1",
            "HTTPS_PROXY": "http://127.0.0.1:9",  # nobody is there: what is meant for AWS itself goes nowhere
            "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus",
            **more,
        }
        self.environ = dict(self.given)
        self.paths = Paths.of(self.environ)
        self.paths.config.mkdir(parents=True)
        self.catalog_text = organization.catalog_toml()
        self.paths.catalog_file.write_text(self.catalog_text)
        self.paths.preferences_file.write_text(preferences)
        key, secret = organization.user_access_key
        self.engine().store_identity("central", key, Secret(secret), organization.caller_arn)
        for name, value in organization.vault_secrets.items():
            self.engine().store_secret(name, Secret(value))

    def open(self, targets: tuple[str, ...] = TARGETS) -> None:
        """Open a session of each target, its guard passed where there is one."""
        for target in targets:
            guard = ("--confirm", target.partition("/")[0], "--reason", "a test")
            code = {"XSWITCH_MFA_CODE": self.code()} if target == MFA else {}
            status, _, said = self.slow("env", target, *guard, **code)
            assert status == 0, said

    def code(self) -> str:
        """Return this half minute's code, as if nobody of this organization had sent it: houses share the device."""
        device = self.organization.organization.shown_device
        assert device is not None
        device.spent.clear()
        return self.organization.code()

    def engine(self) -> Engine:
        return Engine(self.paths, self.environ, time.time)

    # What is asked

    def slow(self, *arguments: str, **more: str) -> tuple[int, str, str]:
        """Ask the whole program, in this process; return status, stdout and stderr."""
        out, said = io.StringIO(), io.StringIO()
        with (
            _environment(self.environ | more) as environ,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(said),
        ):
            status = cli.run(list(arguments), environ)
        assert isinstance(status, int)
        return status, out.getvalue(), said.getvalue()

    def fast(self, *arguments: str) -> str | None:
        """Ask the fast commands alone, in this process."""
        with _environment(self.environ) as environ:
            return answer(arguments, environ, terminal=False)

    def whole(self, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """Run the whole program as a process."""
        return self._run([sys.executable, "-c", WHOLE, *arguments], **more)

    def run(self, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """Run the installed program."""
        return self._run([str(PROGRAM), *arguments], **more)

    def _run(self, argv: list[str], **more: Any) -> subprocess.CompletedProcess[str]:
        options: dict[str, Any] = {"env": self.environ, "stdin": subprocess.DEVNULL, "timeout": 60, "text": True}
        if "stdout" not in more:
            options |= {"stdout": subprocess.PIPE}
        return subprocess.run(argv, stderr=subprocess.PIPE, check=False, **(options | more))

    # What is there

    def settle(self, *targets: str) -> None:
        """Compile the catalog as if its files were no longer young, and have what serves each target noted anew."""
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.paths.compiled_catalog)
        load(self.paths, clock=lambda: time.time_ns() + 10**10)
        for target in targets:
            status, _, said = self.slow("env", target)
            assert status == 0, said

    def change_catalog(self, *changes: tuple[str, str]) -> None:
        """Edit the catalog as a person would; each old text has to be there."""
        text = self.paths.catalog_file.read_text()
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        self.paths.catalog_file.write_text(text)

    def note(self, target: str = PLAIN) -> Path:
        """Return where the note of a request without options is."""
        return self.paths.cache / ready.FOLDER / ready.Request(target).file

    def noted(self, target: str = PLAIN) -> tuple[ready.Basis, ready.Ready]:
        found = ready.read(str(self.paths.cache), ready.Request(target))
        assert found is not None
        return found

    def file(self, target: str = PLAIN) -> Path:
        """Return the file of the record that serves a target."""
        return self.paths.vault / f"{self.noted(target)[1].record}.rec"

    def grant(self, target: str = GUARDED) -> Path:
        """Return the file of the grant that lets a target be served."""
        return self.paths.vault / f"{self.noted(target)[1].grant}.rec"

    def rewrite(self, name: str, kind: str = "", facts: Mapping[str, str] = {}, **changes: float | None) -> None:
        """Write a record anew, with another kind or facts, another ``issued`` or ``expires`` (seconds from now)."""
        vault = self.engine().vault
        found = vault.read(name)
        assert found is not None
        header = found.header
        now = time.time()
        times = {"issued": header.issued, "expires": header.expires}
        times |= {key: None if left is None else now + left for key, left in changes.items()}
        assert times["issued"] is not None
        vault.write(
            name,
            kind or header.kind,
            found.payload,
            issued=times["issued"],
            expires=times["expires"],
            facts=header.facts | facts,
        )

    def logged(self) -> list[dict[str, Any]]:
        """Return the lines of the audit log."""
        return [json.loads(line) for line in self.paths.audit_log.read_text().splitlines()]


Builder = Callable[..., House]
"""Makes a home of its own."""


def restore(house: House, copy: Path) -> None:
    """Bring the home back to what it was; files are new ones, so that what was noted holds no longer."""
    shutil.rmtree(house.home)
    shutil.copytree(copy, house.home)
    house.environ = dict(house.given)


@contextlib.contextmanager
def _environment(wanted: Mapping[str, str]):
    """Be the process of somebody else for a moment: some of it is read from os.environ."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(wanted)
    try:
        yield dict(os.environ)
    finally:
        os.environ.clear()
        os.environ.update(before)
