"""A person of the practice organization: catalog, vault on the disk, STS over HTTP, an authenticator."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from xswitch.aws.client import Client
from xswitch.aws.http import Limits
from xswitch.catalog import Catalog, Identity, Target, VaultRef, load
from xswitch.credentials import Credentials
from xswitch.identity import stored
from xswitch.identity.codes import Codes
from xswitch.identity.sources import credentials_of, fingerprint_of
from xswitch.paths import Paths
from xswitch.sandbox import Sandbox, practice
from xswitch.secret import Secret
from xswitch.session.broker import Broker
from xswitch.session.externals import keep_external_id
from xswitch.session.failures import Failures
from xswitch.session.learnt import Learnt
from xswitch.session.model import CodeAsk, GuardAnswer, GuardAsk, Options, Plan, Session
from xswitch.session.plan import identity_of, plan
from xswitch.session.portal import PortalClient
from xswitch.session.sts import StsClient
from xswitch.vault import Vault
from xswitch.vault.folder import Folder
from xswitch.vault.holders import FileHolder
from xswitch.vault.steady import Beat


class ShiftedClock:
    """The real clock, moved: signatures hold while it is within AWS's quarter of an hour."""

    def __init__(self) -> None:
        self.shift = 0.0

    def __call__(self) -> float:
        return time.time() + self.shift


class Ada:
    """Types what her authenticator shows, or what she was told to."""

    def __init__(self, organization: practice.PracticeOrganization) -> None:
        self.organization = organization
        self.first: list[str] = []
        self.asks: list[CodeAsk] = []
        self.notes: list[str] = []

    def code(self, ask: CodeAsk) -> str:
        self.asks.append(ask)
        return self.first.pop(0) if self.first else self.organization.code()

    def guard(self, ask: GuardAsk) -> GuardAnswer:
        raise AssertionError(ask)

    def passphrase(self, *, first: bool) -> str:
        raise AssertionError(first)

    def note(self, words: str) -> None:
        self.notes.append(words)


def a_vault(state: Path) -> Vault:
    """A vault whose key lies in a file."""
    folder = Folder(str(state / "vault"))
    return Vault(folder.path, FileHolder(folder))


class PracticeHouse:
    """Everything that a switch needs. ``clock`` is the one that the person and AWS share."""

    def __init__(self, home: Path, environ: Mapping[str, str] | None = None) -> None:
        self.clock = ShiftedClock()
        self.practice = practice.build(self.clock)
        self.sandbox = Sandbox(self.practice.organization, self.clock)
        self.sandbox.start()
        self.environ = {"XSWITCH_HOME": str(home), "AWS_ENDPOINT_URL": self.sandbox.url} | dict(environ or {})
        self.paths = Paths.of(self.environ)
        self.paths.config.mkdir(parents=True)
        self.paths.catalog_file.write_text(self.practice.catalog_toml())
        self.catalog: Catalog = load(self.paths)
        self.vault = a_vault(self.paths.state)
        key, secret = self.practice.user_access_key
        stored.keep(self.vault, "central", Credentials(key, Secret(secret)), self.clock())
        for name, value in self.practice.vault_secrets.items():
            keep_external_id(self.vault, VaultRef(name), Secret(value), self.clock())
        self.ada = Ada(self.practice)
        self.slept: list[float] = []
        self.token = Secret("nobody's")
        self.client = Client(self.environ, self.clock, sleep=self.slept.append)
        self.sts = StsClient(self.client, limits=Limits(4.0, 2.0))
        self.learnt = Learnt(self.paths.state, self.clock, lambda: Beat("this-boot", self.clock()))
        self.codes = Codes(self.environ)
        self.broker = self.another()
        self.made = len(self.sandbox.calls)

    def another(self) -> Broker:
        """Return a broker of its own on the same vault."""
        return Broker(
            self.vault,
            self.sts,
            self.learnt,
            Failures(self.paths.state, self.clock),
            self.clock,
            portal=PortalClient(self.client, self.token_of),
            credentials_of=lambda identity: credentials_of(identity, self.vault, self.environ),
            fingerprint_of=lambda identity: fingerprint_of(identity, self.vault, self.environ, self.paths.state),
            code_of=lambda identity, ask, person: self.codes.code(identity, lambda: person.code(ask)),
        )

    def token_of(self, identity: Identity, refused: Secret | None = None) -> Secret:
        """Return the access token of the person's login, as a test has set it."""
        assert identity.kind == "sso"
        return self.token

    def target(self, name: str) -> Target:
        return next(target for target in self.catalog.targets if target.name == name)

    def identity(self, name: str = "central") -> Identity:
        return self.catalog.identities[name]

    def planned(self, target: str | Target, **options: object) -> Plan:
        chosen = self.target(target) if isinstance(target, str) else target

        def make(caller):
            return plan(
                self.catalog,
                chosen,
                Options(**options),
                caller,
                self.learnt.maxima(),
                os_user="ada.l",
                host="tower",
            )

        return self.broker.settled(identity_of(self.catalog, chosen), make, self.ada)

    def open(self, target: str | Target, *, fresh: bool = False, **options: object) -> Session:
        return self.broker.session(self.planned(target, **options), self.ada, fresh=fresh)

    @property
    def calls(self) -> list[str]:
        """What AWS was asked for and how it went, since the house was built."""
        return [f"{call.action} {call.outcome}" for call in self.sandbox.calls[self.made :]]

    def who(self, session: Session) -> str:
        """Return what AWS says of a session's keys."""
        return self.sts.who_am_i(session.credentials, identity="x").arn
