"""Who opens a session: identities and what is known of them, put together with the planner and the broker."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from xswitch.aws.client import Client
from xswitch.catalog import Identity, VaultRef, load_for_sync
from xswitch.credentials import Credentials, key_fingerprint
from xswitch.errors import NoSuchTarget
from xswitch.identity import sources, sso, stored, unfinished
from xswitch.identity.codes import Codes
from xswitch.identity.consent import Consents
from xswitch.identity.sso_tokens import Token
from xswitch.secret import Secret
from xswitch.session import names
from xswitch.session.broker import Broker, Seen
from xswitch.session.callers import caller_from
from xswitch.session.codes import CodeSource
from xswitch.session.duration import BELOW
from xswitch.session.externals import keep_external_id
from xswitch.session.failures import Failures
from xswitch.session.grants import live_grant
from xswitch.session.learnt import Learnt
from xswitch.session.limits import MIN_LEFT
from xswitch.session.model import Caller, CodeAsk, Hop, Options, Person, Plan, Session
from xswitch.session.plan import identity_of, plan
from xswitch.session.portal import PortalClient
from xswitch.session.sts import StsClient, WhoAmI
from xswitch.text import clean

if TYPE_CHECKING:
    from xswitch.catalog import Target
    from xswitch.engine.core import Engine
    from xswitch.engine.views import IdentityView
    from xswitch.identity.process import Programs


@dataclass(frozen=True, slots=True)
class Login:
    """A login of IAM Identity Center, as its file tells it: the access token's end in epoch seconds (AWS's time).

    ``renews``: it has what gets a new one, until AWS says no; ``lives``: nobody has to sign in before its next use.
    """

    expires: float
    renews: bool
    lives: bool


_NO_LOGIN: Final = Login(0.0, renews=False, lives=False)


class People:
    """The identities of one engine, and the sessions that they open."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._learnt = Learnt(engine.paths.state, engine.clock)
        self.failures = Failures(engine.paths.state, engine.clock)
        self._codes = Codes(engine.environ)
        self._consents = Consents(engine.paths.state)

    @cached_property
    def _client(self) -> Client:
        engine = self._engine
        return Client(engine.environ, engine.clock, skew=lambda: self._learnt.skew)

    @cached_property
    def _sts(self) -> StsClient:
        return StsClient(self._client, note=self._engine.note)

    @cached_property
    def _programs(self) -> Programs:
        from xswitch.identity.process import Programs

        return Programs(self._engine.now)

    @cached_property
    def broker(self) -> Broker:
        """The one that opens sessions."""
        engine = self._engine
        return Broker(
            engine.vault,
            self._sts,
            self._learnt,
            self.failures,
            engine.clock,
            portal=PortalClient(self._client, self.token_of),
            credentials_of=self._credentials,
            fingerprint_of=self._fingerprint,
            code_of=self._code,
        )

    def plan(self, target: Target, options: Options) -> Plan:
        """Say how ``target`` will be opened, by what is known of the caller now."""
        identity = identity_of(self._engine.catalog, target)
        return self._plan(target, options, self.broker.known_caller(identity))

    def live(self, made: Plan) -> Session | None:
        """Return the plan's session from the vault, or None."""
        return None if made.needs_caller else self.broker.live(made)

    def settled(self, made: Plan, person: Person) -> Plan:
        """Return the plan once it is known who calls. Blocks where AWS has to be asked."""
        if not made.needs_caller:
            return made
        self._engine.vault.unlock()
        target, options = made.target, made.options
        return self.broker.settled(made.identity, lambda caller: self._plan(target, options, caller), person)

    def certain(self, made: Plan) -> bool:
        """Tell whether AWS has nothing to teach that makes the plan's session longer: a permission set may change."""
        refused = made.why.startswith(BELOW) and self._learnt.read_maximum(made.target.arn) is None
        return not (made.needs_caller or refused or made.hops[-1].kind == "portal")

    def seen(self, made: Plan) -> Seen | None:
        """Return what there is of the plan now, for :meth:`session`; None where it is not known yet who calls."""
        return None if made.needs_caller else self.broker.seen(made)

    def lasting(self, seen: Seen | None) -> Session | None:
        """Return the session that was seen, if it has time left to be of use."""
        found = None if seen is None else seen.session
        return found if found is not None and self.broker.left(found) >= MIN_LEFT else None

    def session(
        self,
        made: Plan,
        person: Person,
        *,
        fresh: bool = False,
        min_left: int,
        patience: float | None = None,
        seen: Seen | None = None,
    ) -> Session:
        """Return the plan's session, from the vault or from AWS, as :meth:`.Broker.session` does. Blocks."""
        self._engine.vault.unlock()
        made = self.settled(made, person)
        return self.broker.session(
            made,
            person,
            fresh=fresh,
            min_left=max(min_left, MIN_LEFT),
            patience=patience,
            again=lambda: self._plan(made.target, made.options, made.caller),
            seen=seen,
        )

    def newer(self, made: Plan, since: float) -> Session | None:
        """Return the plan's live session if it ends after ``since`` and its guard's grant, if it has one, holds."""
        engine = self._engine
        if made.guard is not None and live_grant(engine.vault, made.target, made.guard, engine.now()) is None:
            return None
        found = self.live(made)
        return found if found is not None and found.expires >= since + 1 else None

    def steady(self) -> tuple[float, float]:
        """Return since when and until when what AWS taught is believed as it is now, in our clock's epoch seconds."""
        return self._learnt.steady()

    def clock_off(self) -> tuple[str, float]:
        """Return what says whether a difference of the clocks still holds: see :mod:`xswitch.bootclock`."""
        return self._learnt.clock_off()

    def _plan(self, target: Target, options: Options, caller: Caller) -> Plan:
        engine = self._engine
        return plan(
            engine.catalog,
            target,
            options,
            caller,
            self._learnt.maxima(),
            os_user=engine.os_user,
            host=engine.host,
            mfa_session=engine.preferences.mfa_session,
        )

    def own_credentials(self, identity: Identity) -> Credentials:
        """Return an identity's own credentials, for calls that are no switch. Blocks."""
        return self._credentials(identity)

    def token_of(self, identity: Identity, refused: Secret | None = None) -> Secret:
        """Return the access token of an identity's login, another than ``refused``. Blocks.

        Raises PersonNeeded where nobody is signed in, Unreachable, Denied.
        """
        engine = self._engine
        return sso.token_of(
            identity,
            engine.environ,
            engine.paths.state,
            engine.now(),
            refused=None if refused is None else Token(refused, 0.0),
            note=engine.note,
        ).access

    def login(self, identity: Identity) -> Login:
        """Return what the files say of an identity's login. Does not block."""
        engine = self._engine
        now = engine.now()
        found = sso.known(identity, engine.environ, engine.paths.state, now)
        if found is None:
            return _NO_LOGIN
        expires, renews = found
        return Login(expires, renews=renews, lives=renews or expires > now)

    def read_as(self, identity: Identity, credentials: Credentials, role_arn: str) -> Credentials:
        """Return a short session of a role that only reads, made by ``credentials`` and kept nowhere. Blocks."""
        hop = Hop(
            kind="assume-role",
            duration=900,
            role_arn=role_arn,
            account_id=role_arn.split(":")[4],
            session_name=names.sanitised(f"xswitch-sync-{self._engine.os_user}"),
        )
        partition = role_arn.split(":")[1]
        return self._sts.issue(hop, credentials, identity=identity.name, partition=partition).credentials

    def who_am_i(self, credentials: Credentials, identity: Identity) -> WhoAmI:
        """Ask AWS whose ``credentials`` are. Blocks. Raises Denied, Unreachable."""
        return self._sts.who_am_i(credentials, identity=identity.name, region=identity.region)

    def learn_caller(self, caller: Caller) -> None:
        """Remember whose keys an identity's are."""
        self._learnt.learn_caller(caller)

    def keep(self, name: str, access_key_id: str, secret: Secret, arn: str) -> None:
        """Keep an access key whose owner is known."""
        credentials = stored.check(access_key_id, secret)
        stored.keep(self._engine.vault, name, credentials, self._engine.clock())
        who = WhoAmI(arn, arn.split(":")[4], "")
        fingerprint = key_fingerprint(access_key_id)
        self._learnt.learn_caller(caller_from(name, who, temporary=False, fingerprint=fingerprint))

    def remove(self, name: str) -> None:
        """Forget the key of an identity, and one that is about to take its place."""
        unfinished.forget(self._engine.vault, name)
        if not stored.forget(self._engine.vault, name):
            raise NoSuchTarget(
                f"the vault holds no key of {clean(name)}", "`xswitch identity list` shows the identities"
            )
        self._learnt.forget_caller(name)

    def store_secret(self, name: str, value: Secret) -> None:
        """Keep an external id of the person's own."""
        keep_external_id(self._engine.vault, VaultRef(name), value, self._engine.clock())

    def identities(self) -> tuple[IdentityView, ...]:
        """Return the catalog's identities and what is known of each."""
        from xswitch.engine.views import IdentityView

        views = []
        for identity in load_for_sync(self._engine.paths).identities.values():
            caller = self.broker.known_caller(identity)
            since = stored.since(self._engine.vault, identity.name) if identity.kind == "keys" else None
            age = None if since is None else max(0, int((self._engine.clock() - since[0]) // 86400))
            account = caller.account_id or identity.account_id
            known = since is not None and since[1]
            login = self.login(identity) if identity.kind == "sso" else _NO_LOGIN
            expires = None if login is _NO_LOGIN else login.expires
            views.append(
                IdentityView(identity.name, identity.kind, account, caller.arn, age, known, expires, login.renews)
            )
        return tuple(views)

    def _fingerprint(self, identity: Identity) -> str:
        return sources.fingerprint_of(identity, self._engine.vault, self._engine.environ, self._engine.paths.state)

    def _credentials(self, identity: Identity) -> Credentials:
        self._consents.require(identity, "process")
        engine = self._engine

        def ask() -> Credentials:
            return sources.credentials_of(identity, engine.vault, engine.environ, now=engine.now())

        return self._programs.credentials(identity, ask) if identity.kind == "process" else ask()

    def _code(self, identity: Identity, ask: CodeAsk, person: Person) -> tuple[Secret, CodeSource]:
        self._consents.require(identity, "mfa_process")
        return self._codes.code(identity, lambda: person.code(ask))
