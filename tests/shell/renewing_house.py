"""A strict AWS on this machine, and people whose shells, opened by the installed xswitch, renew themselves from it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pexpect
from people_and_shells import Person, Terminal

from xswitch.cli.person import Nobody
from xswitch.engine import Engine
from xswitch.paths import Paths
from xswitch.sandbox import Sandbox, practice
from xswitch.secret import Secret
from xswitch.session import grants
from xswitch.session.model import Options

XSWITCH = Path(sys.executable).parent / "xswitch"

# ReadOnly opens without a person. Admin sends a code with each call, since it wants more than an hour. AWS knows no
# role Missing.
CATALOG = """\
version = 1

[defaults]
region = "eu-west-1"
identity = "central"

[identities.central]
kind = "keys"
account_id = "111122223333"
mfa_serial = "{serial}"

[environments.prod]
colour = "red"
confirm = "ask"

[[accounts]]
id = "555566667777"
name = "payments-staging"
roles = [{{ name = "ReadOnly" }}, {{ name = "Admin", mfa = true, duration = "4h" }}, {{ name = "Missing" }}]

[[accounts]]
id = "444455556666"
name = "payments-prod"
environment = "prod"
roles = [{{ name = "ReadOnly" }}]

[[accounts]]
id = "666013131313"
name = "$(touch pwned)`touch pwned2`'%\\\\é"
roles = [{{ name = "Admin" }}]
"""


class House:
    """The organization, served for a whole module; each person has a home and a vault of their own."""

    def __init__(self) -> None:
        self.shift = 0.0
        self.organization = practice.build(self.clock)
        self.sandbox = Sandbox(self.organization.organization, self.clock)
        self.sandbox.start()

    def clock(self) -> float:
        """AWS's time, which may be another than this machine's."""
        return time.time() + self.shift

    def person(self, home: Path) -> Resident:
        """Return somebody with the catalog above and Ada's access key."""
        self.shift = 0.0
        self.sandbox.faults.clear()
        return Resident(self, home)


class Resident(Person):
    """A person of the house, at terminals of their own."""

    def __init__(self, house: House, home: Path) -> None:
        super().__init__(home)
        self.house = house
        self.environ |= {"XSWITCH_HOME": str(home / "x"), "AWS_ENDPOINT_URL": house.sandbox.url, "NO_PROXY": "*"}
        del self.environ["PYTHONPATH"]
        self.paths = Paths.of(self.environ)
        self.paths.config.mkdir(parents=True)
        self.paths.catalog_file.write_text(CATALOG.format(serial=house.organization.mfa_serial), encoding="utf-8")
        self.paths.preferences_file.write_text("plaintext_key = true\nkernel_keyring = false\n")
        engine = Engine(self.paths, self.environ, time.time)
        key, secret = house.organization.user_access_key
        engine.store_identity("central", key, Secret(secret), house.organization.caller_arn)
        self._began = len(house.sandbox.calls)

    @property
    def program(self) -> str:
        """The installed program."""
        return str(XSWITCH)

    def end_grant(self, name: str) -> None:
        """Take the grant of a guarded target away, as the end of its time would."""
        engine = Engine(self.paths, self.environ, time.time)
        target = engine.resolve(name)
        environment = engine.environment_of(target)
        assert environment is not None
        assert grants.revoke(engine.vault, target, environment)

    def later(self) -> None:
        """Let a second pass at AWS, which gives whole seconds; a few of them count as the network's."""
        self.house.shift += 1.0

    def renew(self, name: str = "payments-staging/ReadOnly", options: Options | None = None) -> None:
        """Renew a session elsewhere, as the TUI would."""
        self.later()
        engine = Engine(self.paths, self.environ, time.time)
        engine.open(engine.plan(engine.resolve(name), options), Nobody(), fresh=True)

    def opened(self, name: str = "payments-staging/ReadOnly", options: Options | None = None, left: int = 835) -> None:
        """Let a session be one of a while ago, of which ``left`` seconds are left: AWS's clock was behind as well then.

        A code and a confirmation that it wanted were given.
        """
        wanted = 3600 if options is None or not options.duration else options.duration
        ago = wanted - left
        environ = dict(self.environ)
        before, self.house.shift = self.house.shift, -float(ago)
        if name.endswith("/Admin") and name.startswith("payments"):
            environ["XSWITCH_MFA_CODE"] = self.fresh_code()
        try:
            engine = Engine(self.paths, environ, lambda: time.time() - ago)
            engine.open(engine.plan(engine.resolve(name), options), Nobody(confirm=name.partition("/")[0]))
        finally:
            self.house.shift = before

    def end(self, name: str = "payments-staging/ReadOnly") -> None:
        """End a session elsewhere."""
        assert Engine(self.paths, self.environ, time.time).end(name) == 1

    def fresh_code(self) -> str:
        """Return a code as if the last had been sent long ago: AWS and the vault forget it."""
        device = self.house.organization.organization.shown_device
        assert device is not None
        device.spent.clear()
        vault = Engine(self.paths, self.environ, time.time).vault
        for header in vault.headers("spent-codes"):
            vault.remove(header.name)
        return self.house.organization.code()

    @property
    def switches(self) -> list[str]:
        """How each AssumeRole of this person went, so far."""
        calls = self.house.sandbox.calls[self._began :]
        return [call.outcome for call in calls if call.action == "AssumeRole"]

    def xswitch(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in another terminal, as it were: nobody is asked there."""
        return subprocess.run(
            [XSWITCH, *words], env=self.environ, cwd=self.home, capture_output=True, text=True, timeout=120, check=check
        )

    def open(self, shell: str, target: str, *words: str, environ: dict[str, str] | None = None) -> Opened:
        """Open a shell with a session of ``target``; its first prompt has to be waited for."""
        child: pexpect.spawn[str] = pexpect.spawn(
            str(XSWITCH), ["shell", target, "--shell", shell, *words], env=environ or self.environ, encoding="utf-8",
            timeout=60, dimensions=(24, 160), cwd=str(self.home),
        )  # fmt: skip
        child.delaybeforesend = None
        child.delayafterclose = child.delayafterterminate = 0.02
        self.children.append(child)
        return Opened(child, shell)


class Opened(Terminal):
    """A switched shell on a terminal."""

    def __init__(self, child: pexpect.spawn[str], shell: str) -> None:
        super().__init__(child, 160)
        self.shell = shell

    def settle(self) -> Opened:
        """Wait for the first prompt, and give a busy machine the time it needs."""
        self.prompt()
        self.let(patience=90, bound=90)
        return self

    def enter(self, line: str = "") -> str:
        """Type a line and return the marker of the prompt that follows."""
        self.type(line)
        self.prompt()
        return self.marker()

    def marker(self) -> str:
        """Return the last prompt, without the person's own part; a time that has hardly begun is "full"."""
        shown = [line.rstrip() for line in self.screen().display if line.rstrip().endswith("ME:")]
        return re.sub("([0-9]+h )?59m$|[0-9]+h$", "full", shown[-1].removesuffix("ME:").strip())

    def status(self) -> str:
        """Return the exit status of the last command."""
        self.type("echo WA''S=" + ("$status" if self.shell == "fish" else "$?"))
        found = self.expect(r"WAS=(\d+)").group(1)
        self.prompt()
        return str(found)

    def key(self) -> str:
        """Return which access key the shell holds."""
        return self.ask("printenv AWS_ACCESS_KEY_ID")

    def until(self, holds: Callable[[], bool]) -> str:
        """Press Enter until something holds; return the marker then."""
        deadline = time.monotonic() + 90
        while not holds():
            assert time.monotonic() < deadline, f"it does not come; the screen:\n{self.screen().display}"
            time.sleep(0.1)
            self.enter()
        return self.marker()

    def let(self, **values: object) -> str:
        """Set variables of the code that renews, in one line; return the marker of the prompt that follows."""
        fish = self.shell == "fish"
        words = (
            f"set -g __xswitch_{name} {value}" if fish else f"__xswitch_{name}={value}"
            for name, value in values.items()
        )
        return self.enter("; ".join(words))

    def leave(self) -> None:
        """End the shell."""
        self.type("exit")
        self.child.expect(pexpect.EOF)


def children_of(pid: int) -> tuple[int, str]:
    """Return the page faults of children that ended (proc(5), stat, field 11), and the children that live."""
    faults = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[8])
    return faults, Path(f"/proc/{pid}/task/{pid}/children").read_text()


def processes_with(text: str) -> list[int]:
    """Return the processes that have ``text`` in their arguments."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                words = Path(f"/proc/{name}/cmdline").read_bytes()
            except OSError:
                continue
            if text.encode() in words:
                found.append(int(name))
    return found
