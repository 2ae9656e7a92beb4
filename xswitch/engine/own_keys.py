"""What a person keeps in the vault by hand: access keys of IAM users, and external ids."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from xswitch.aws.patience import Failed, Throttled
from xswitch.catalog import Identity, VaultRef
from xswitch.credentials import Credentials, key_fingerprint
from xswitch.engine.rotation import Hands, Rotated, rotate
from xswitch.errors import NoSuchTarget, Usage, XswitchError
from xswitch.identity import stored
from xswitch.identity.iam_keys import LIST, Call, UserKeys, keys_in
from xswitch.session import externals
from xswitch.session.callers import caller_from
from xswitch.session.plan import mfa_plan
from xswitch.sources import own_identities
from xswitch.text import clean

if TYPE_CHECKING:
    from xswitch.catalog.model import IdentityKind
    from xswitch.engine.core import Engine
    from xswitch.secret import Secret
    from xswitch.session.model import Caller, Person
    from xswitch.session.sts import WhoAmI


class OwnKeys:
    """The keys and external ids of one person, who is asked where a code is wanted. ``sleep`` waits for seconds."""

    def __init__(self, engine: Engine, person: Person, *, sleep: Callable[[float], object] = time.sleep) -> None:
        self._engine = engine
        self._people = engine.people
        self._person = person
        self._sleep = sleep

    def add(self, name: str, access_key_id: str, secret: Secret, settings: Mapping[str, str] | None = None) -> Caller:
        """Check an access key with AWS, then keep it. Blocks. Raises Denied, Unreachable, Usage, VaultUnavailable.

        An identity that the catalog does not have is put there, with ``settings`` such as ``mfa_serial``.
        """
        engine = self._engine
        credentials = stored.check(access_key_id.strip(), secret)
        new = self._new(name, "keys", settings or {})
        identity = new or self._identity(name)
        engine.vault.unlock()
        who = self._people.who_am_i(credentials, identity)
        if identity.account_id and who.account_id != identity.account_id:
            raise Usage(
                f"that key is of account {who.account_id}, and the catalog says {identity.account_id} for {name}",
                "nothing was stored; mend account_id, or give the other key",
            )
        created = self._created(credentials, who)
        if new is not None:
            self._define(name, "keys", {"account_id": who.account_id, **(settings or {})})
        stored.keep(engine.vault, name, credentials, engine.clock(), created)
        return self._adopted(identity, credentials, who)

    def define(self, name: str, kind: IdentityKind, settings: Mapping[str, str]) -> Caller | None:
        """Put an identity of another kind into the catalog, once AWS has said whose its credentials are. Blocks.

        None for a login, which is another command's. Raises Usage for one that is there, and whatever keeps it from
        giving credentials that work; then nothing is written.
        """
        identity = self._new(name, kind, settings)
        if identity is None:
            raise Usage(f"the catalog has an identity {clean(name)} already", "edit it there, or give another name")
        caller = None if kind == "sso" else self._people.broker.learn_caller(identity)
        self._define(name, kind, settings)
        return caller

    def _new(self, name: str, kind: IdentityKind, settings: Mapping[str, str]) -> Identity | None:
        """Return the identity that is to be put into the catalog, None where that has one of the name.

        Raises InvalidConfig where the catalog would not take it, Usage for settings of one that is there.
        """
        if not self._engine.first_run and name in own_identities.known(self._engine.paths):
            if settings and kind == "keys":
                raise Usage(f"the catalog has an identity {clean(name)} already", "edit its settings there")
            return None
        own_identities.addition(self._engine.paths, name, {"kind": kind, **settings})
        return Identity(name, kind, **settings)

    def _define(self, name: str, kind: IdentityKind, settings: Mapping[str, str]) -> None:
        own_identities.write(own_identities.addition(self._engine.paths, name, {"kind": kind, **settings}))

    def rotate(
        self, name: str, *, delete_inactive: bool = False, note: Callable[[str], object] = lambda _: None
    ) -> Rotated:
        """Change the key of an identity for another, as :mod:`xswitch.engine.rotation` does. Blocks.

        ``note`` is told what is being waited for.
        """
        engine, identity = self._engine, self._identity(name)
        engine.vault.unlock()

        def stronger(credentials: Credentials, who: WhoAmI) -> Credentials:
            made = mfa_plan(identity, self._caller(identity, credentials, who))
            return self._people.broker.mfa_session(made, self._person)

        def keys_of(credentials: Credentials, who: WhoAmI) -> UserKeys:
            device = identity.mfa_serial
            return UserKeys(
                lambda signer: self._iam(signer, who),
                credentials,
                (lambda: stronger(credentials, who)) if device else None,
                self._sleep,
            )

        hands = Hands(
            engine.vault,
            who_am_i=lambda credentials: self._people.who_am_i(credentials, identity),
            keys_of=keys_of,
            adopt=lambda credentials, who: self._adopted(identity, credentials, who),
            note=note,
            clock=engine.clock,
            sleep=self._sleep,
        )
        return rotate(hands, name, delete_inactive=delete_inactive)

    def keep_external_id(self, name: str, source: str, value: Secret) -> tuple[str, ...]:
        """Keep what a catalog calls ``{ vault = name }``; return the targets that want it.

        ``source`` is "" for the person's own catalog, else the name of the shared or synced one that says so. Raises
        Usage, VaultUnavailable, InvalidConfig.
        """
        ref = VaultRef(name, source)
        wanted = tuple(one.name for one in self._engine.catalog.targets if one.external_id == ref)
        externals.keep_external_id(self._engine.vault, ref, value, self._engine.clock())
        return wanted

    def forget_external_id(self, name: str, source: str) -> None:
        """Forget it. Raises NoSuchTarget."""
        if not externals.forget_external_id(self._engine.vault, VaultRef(name, source)):
            of = f" of {clean(source)}" if source else ""
            raise NoSuchTarget(f"the vault holds no external id {clean(name)}{of}", "`xswitch catalog show` says whose")

    def _identity(self, name: str) -> Identity:
        identity = own_identities.known(self._engine.paths).get(name)
        if identity is None:
            raise NoSuchTarget(f"the catalog has no identity {clean(name)}", f"xswitch identity add {clean(name)}")
        if identity.kind != "keys":
            raise Usage(f"{clean(name)} is of kind {identity.kind}, which holds no key of its own")
        return identity

    def _caller(self, identity: Identity, credentials: Credentials, who: WhoAmI) -> Caller:
        fingerprint = key_fingerprint(credentials.access_key_id)
        return caller_from(identity.name, who, temporary=False, fingerprint=fingerprint)

    def _adopted(self, identity: Identity, credentials: Credentials, who: WhoAmI) -> Caller:
        caller = self._caller(identity, credentials, who)
        self._people.learn_caller(caller)
        return caller

    def _created(self, credentials: Credentials, who: WhoAmI) -> float | None:
        """Return when IAM made a key, None where it does not say: many users may not list their keys."""
        try:
            listed = keys_in(self._iam(credentials, who)(LIST))
            return next((key.created for key in listed if key.id == credentials.access_key_id), None)
        except (XswitchError, Throttled, Failed):
            return None

    def _iam(self, credentials: Credentials, who: WhoAmI) -> Call:
        from xswitch.aws import boto
        from xswitch.aws.endpoints import Endpoints

        environ = self._engine.environ
        region = Endpoints(environ).main_region(who.arn.split(":")[1])
        return boto.caller(boto.client("iam", environ, region=region, credentials=credentials), clean(who.arn))
