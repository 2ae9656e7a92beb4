"""A switch in a process of its own."""

from __future__ import annotations

import time
from multiprocessing.queues import Queue
from pathlib import Path

from practice_house import a_vault

from xswitch.aws.client import Client
from xswitch.catalog import Identity, load
from xswitch.errors import PersonNeeded, XswitchError
from xswitch.identity.codes import Codes
from xswitch.identity.sources import credentials_of, fingerprint_of
from xswitch.paths import Paths
from xswitch.secret import Secret
from xswitch.session.broker import Broker
from xswitch.session.failures import Failures
from xswitch.session.learnt import Learnt
from xswitch.session.model import CodeAsk, GuardAnswer, GuardAsk, Options
from xswitch.session.plan import identity_of, plan
from xswitch.session.portal import PortalClient
from xswitch.session.sts import StsClient


class Nobody:
    """Nobody who could be asked."""

    def code(self, ask: CodeAsk) -> str:
        raise PersonNeeded("nobody can be asked")

    def guard(self, ask: GuardAsk) -> GuardAnswer:
        raise PersonNeeded("nobody can be asked")

    def passphrase(self, *, first: bool) -> str:
        raise PersonNeeded("nobody can be asked")

    def note(self, words: str) -> None:
        pass


def no_login(identity: Identity, refused: Secret | None = None) -> Secret:
    raise PersonNeeded("nobody is signed in")


def open_session(environ: dict[str, str], name: str, found: Queue[tuple[str, object]], fresh: bool = False) -> None:
    """Open a session as a command would, and say which keys it got, or how it failed."""
    paths = Paths.of(environ)
    catalog = load(paths)
    target = next(one for one in catalog.targets if one.name == name)
    vault = a_vault(Path(paths.state))
    learnt = Learnt(paths.state, time.time)
    codes = Codes(environ)
    client = Client(environ, time.time)
    broker = Broker(
        vault,
        StsClient(client),
        learnt,
        Failures(paths.state, time.time),
        time.time,
        portal=PortalClient(client, no_login),
        credentials_of=lambda identity: credentials_of(identity, vault, environ),
        fingerprint_of=lambda identity: fingerprint_of(identity, vault, environ, paths.state),
        code_of=lambda identity, ask, person: codes.code(identity, lambda: person.code(ask)),
        patience=60,
    )
    made = broker.settled(
        identity_of(catalog, target),
        lambda caller: plan(catalog, target, Options(), caller, learnt.maxima(), os_user="ada", host="tower"),
        Nobody(),
    )
    try:
        session = broker.session(made, Nobody(), fresh=fresh)
        found.put(("opened" if session.fresh else "served", session.credentials.access_key_id))
    except XswitchError as error:
        found.put((type(error).__name__, error.exit_status))
