"""A person of the practice organization whose secrets are all known to the test, and the installed program."""

from __future__ import annotations

import os
import re
import time
from functools import cached_property
from pathlib import Path

from evidence import Evidence
from terminal import Terminal

from xswitch.catalog import VaultRef
from xswitch.credentials import Credentials
from xswitch.identity import stored
from xswitch.paths import Paths
from xswitch.sandbox import Sandbox, practice
from xswitch.sandbox.practice_accounts import IDENTITY_ID, PARTNER_NAME
from xswitch.sandbox.state import MfaDevice
from xswitch.secret import Secret
from xswitch.session.externals import keep_external_id
from xswitch.vault import Vault
from xswitch.vault.folder import Folder
from xswitch.vault.holders import Cost, PassphraseHolder

PASSPHRASE = "correct horse S3NTINEL battery"
NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
INGEST = f"{PARTNER_NAME}/Ingest"


class _Forgetful(MfaDevice):
    """A device whose codes are never spent."""

    spent = property(lambda _: set(), lambda _, __: None)  # type: ignore[assignment]


class GuardedHouse:
    """The organization answers over HTTP from this process, so whatever it issues is known here."""

    def __init__(self, folder: Path, program: str) -> None:
        self.program = program
        self._stopped_at: float | None = None
        self.practice = practice.build(self.clock)
        self.sandbox = Sandbox(self.practice.organization, self.clock)
        self.home, self.temporary = folder / "home", folder / "tmp"
        for one in (self.home, self.temporary):
            one.mkdir()
        self.environ = {
            "HOME": str(self.home), "XSWITCH_HOME": str(folder / "xswitch"), "TMPDIR": str(self.temporary),
            "PATH": f"{Path(program).parent}:/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "xterm-256color",
            "SHELL": "/bin/bash", "USER": "ada", **NO_KEYRING,
        }  # fmt: skip
        self.paths = Paths.of(self.environ)
        self.paths.config.mkdir(parents=True)
        self.paths.catalog_file.write_text(self.practice.catalog_toml())
        self.prefer(kernel_keyring=False)
        self.evidence = Evidence(folder / "notes", self.home, self.temporary, folder / "xswitch")
        self.codes: list[str] = []

    def __enter__(self) -> GuardedHouse:
        self.sandbox.start()
        self.environ["AWS_ENDPOINT_URL"] = self.sandbox.url
        self.evidence.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.evidence.__exit__()
        self.sandbox.stop()

    def prefer(self, *, kernel_keyring: bool) -> None:
        """Write the person's preferences."""
        self.paths.preferences_file.write_text(f"kernel_keyring = {str(kernel_keyring).lower()}\n")

    def clock(self) -> float:
        """AWS's time, in epoch seconds."""
        return self._stopped_at or time.time()

    def code(self) -> str:
        """The code that the device shows now."""
        self.codes.append(self.practice.code())
        return self.codes[-1]

    def reuse_codes(self) -> None:
        """Stop AWS's clock, and let it take the code of this moment again and again."""
        self._stopped_at = time.time()
        devices = self.practice.organization.account(IDENTITY_ID).devices
        old = devices[self.practice.mfa_serial]
        devices[old.serial] = _Forgetful(old.serial, old.account, old.seed, old.user, old.enabled)

    def move_in(self) -> None:
        """Put the person's key and an external id into a vault under the passphrase, which costs little to try."""
        folder = Folder(str(self.paths.vault))
        given = {"XSWITCH_PASSPHRASE": PASSPHRASE}
        vault = Vault(folder.path, PassphraseHolder(folder, given, None, lambda _: None, cost=Cost(4, 1, 1)))
        key, secret = self.practice.user_access_key
        stored.keep(vault, "central", Credentials(key, Secret(secret)), time.time())
        for name, value in self.practice.vault_secrets.items():
            keep_external_id(vault, VaultRef(name), Secret(value), time.time())

    def run(self, *arguments: str, given: str = "", allowed: tuple[int, ...] = (0,), **handed: str) -> str:
        """Run a command without a terminal; return what it printed on stdout, which is looked at unless ``result``."""
        done = self.evidence.run(
            [self.program, *arguments], {**self.environ, **handed}, given=given, allowed=allowed
        )  # fmt: skip
        return done.stdout.decode()

    def say(self, *arguments: str, given: str = "", allowed: tuple[int, ...] = (0,), **handed: str) -> str:
        """Run a command whose stdout is to hold no secret either."""
        out = self.run(*arguments, given=given, allowed=allowed, **handed)
        self.evidence.printed[f"stdout of {' '.join(arguments)}"] = out.encode()
        return out

    def terminal(self, *arguments: str, **handed: str) -> Terminal:
        """Run a command on a terminal; all that it writes there is looked at."""
        environ = {**self.environ, **self.evidence.environ, **handed}
        screen = Terminal([self.program, *arguments], environ, cwd=str(self.home))
        self.evidence.watch(screen.process.pid)
        return screen

    def keep(self, screen: Terminal) -> bytes:
        """Look at what a terminal showed, with and without what only moves the cursor; return its titles."""
        number = len(self.evidence.printed)
        self.evidence.printed[f"the terminal ({number})"] = screen.raw
        plain = re.sub(rb"\x1b\[[0-9;?<>=]*[ -/]*[@-~]|\x1b[()][0-9A-B]|[\r\n]", b"", screen.raw)
        self.evidence.printed[f"the terminal's text ({number})"] = plain
        titles = re.findall(rb"\x1b\][012];([^\x07\x1b]*)", screen.raw)
        self.evidence.printed[f"the titles ({number})"] = b"\n".join(titles)
        return b"\n".join(titles)

    def secrets(self) -> dict[str, str | bytes]:
        """Every secret that there is by now, by its name."""
        organization = self.practice.organization
        found: dict[str, str | bytes] = {
            "the access key's secret": self.practice.user_access_key[1],
            "the MFA seed": self.practice.totp_secret,
            "the passphrase": PASSPHRASE,
        }
        found |= {f"the external id {name}": value for name, value in self.practice.vault_secrets.items()}
        for number, session in enumerate(organization.sessions.values()):
            found[f"the secret of session {number} ({session.arn})"] = session.secret
            found[f"the token of session {number} ({session.arn})"] = session.token
        return found | ({"the vault's key": self.vault_key} if (self.paths.vault / "passphrase").exists() else {})

    def of_sessions(self) -> list[str]:
        """The names of those secrets that a switched process may have."""
        return [name for name in self.secrets() if " of session " in name]

    @cached_property
    def vault_key(self) -> bytes:
        """The key that the passphrase opens."""
        folder = Folder(str(self.paths.vault))
        vault_id = (folder.read("id", 256) or b"").decode().strip()
        key = PassphraseHolder(folder, {"XSWITCH_PASSPHRASE": PASSPHRASE}, None, lambda _: None).load(vault_id)
        assert key is not None
        return key.reveal()

    def finds(
        self, *, handed: tuple[str, ...] = (), files: tuple[str, ...] = (), more: dict[str, str] | None = None,
        switched: tuple[str, ...] = (),
    ) -> list[str]:  # fmt: skip
        """What is found of all secrets, and of ``more``, where none of it is to be; ``switched`` processes have those."""
        return self.evidence.finds(
            {**self.secrets(), **(more or {})}, self.codes, sessions=[*self.of_sessions(), *switched], handed=handed,
            files=files,
        )  # fmt: skip

    def strays(self) -> list[str]:
        """Files that were written anywhere else than in the person's own folders."""
        own = (str(self.home.parent), str(self.evidence.notes), "/dev/", str(os.path.dirname(self.program)))
        return sorted(
            path for path in self.evidence.written() if path.startswith("/") and not path.startswith(own)
        )  # fmt: skip
