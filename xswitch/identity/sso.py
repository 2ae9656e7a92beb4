"""The access token of an identity of IAM Identity Center: the shared one while it lives, refreshed when it must be.

One process refreshes, the others wait and take what it wrote: a refresh token is good once. Tools of AWS take no part
in our lock; so what they wrote meanwhile is looked for before a refusal is believed, and never written over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from xswitch.errors import Denied, PersonNeeded, Unreachable, VaultUnavailable, XswitchError
from xswitch.identity import sign_ins, sso_tokens
from xswitch.identity.consent import Consents
from xswitch.identity.sso_notes import Notes
from xswitch.text import clean
from xswitch.vault.folder import Folder
from xswitch.vault.locks import LockTimeout, hold

if TYPE_CHECKING:
    from xswitch.catalog.model import Identity
    from xswitch.identity.sso_tokens import Token

EARLY: Final = 300.0
"""Seconds before its end from which a token is refreshed, where it can be. botocore begins at fifteen minutes."""
_HOLDER_SECONDS: Final = 60.0
"""How long another process is waited for that refreshes or replaces the same login."""
_SHORT: Final = 10.0
"""The same where a token still serves."""
_QUICK: Final = (1, 2.0, 5.0)
"""How a refresh is tried while the token before it serves: times, seconds to connect, seconds for an answer."""
_THOROUGH: Final = (3, 5.0, 15.0)


class SignedOut(NamedTuple):
    """What a logout found: whether there was a login here, and why AWS could not be told, "" where it was."""

    there: bool
    untold: str


def token_of(
    identity: Identity,
    environ: Mapping[str, str],
    state: Path,
    now: float,
    *,
    refused: Token | None = None,
    note: Callable[[str], object] = lambda _: None,
    sleep: Callable[[float], object] = time.sleep,
) -> Token:
    """Return a token that is good now. ``now`` is AWS's time in epoch seconds; may block on the network.

    ``refused`` is one that AWS took no more before its end: it is not served again. ``note`` is told what was not kept.
    Raises PersonNeeded where a person has to sign in, or to consent to a shared catalog's start URL, Unreachable,
    Denied, VaultUnavailable.
    """
    Consents(state).require(identity, "start_url")
    one = _One(identity, environ, state, now, refused)
    token = one.read()
    if token is None or not token.refreshable_at(now):
        return one.alive(token)
    if one.good(token):
        return token
    spare = one.lives(token)
    if spare and one.notes.recent(now):
        return token
    mark = one.notes.mark()
    try:
        with one.alone("refreshing the login of", _SHORT if spare else _HOLDER_SECONDS):
            failure = one.notes.since(mark)
            if failure is not None:
                raise failure
            return _refresh(one, note, sleep)
    except (Unreachable, Denied, VaultUnavailable):
        if not spare:
            raise
        return token


def keep(identity: Identity, environ: Mapping[str, str], state: Path, token: Token) -> None:
    """Keep the tokens of a login in place of those that were there. Raises VaultUnavailable, Unreachable."""
    one = _One(identity, environ, state, 0.0, None)
    with one.alone("signing in to", _HOLDER_SECONDS):
        # Before: nothing of the last person's is served with these tokens if this is all that we come to. After:
        # nothing that another process opens with the last person's meanwhile is served to this one.
        sign_ins.begin(identity, state)
        one.write(token)
        sign_ins.begin(identity, state)
        one.notes.clear()


def known(identity: Identity, environ: Mapping[str, str], state: Path, now: float) -> tuple[float, bool] | None:
    """Return when the token here ends and whether it can be refreshed then, or None for no login. Does not block."""
    token = sso_tokens.read(identity, sso_tokens.folder_in(environ, state))
    return None if token is None else (token.expires, token.refreshable_at(now))


def sign_out(
    identity: Identity,
    environ: Mapping[str, str],
    state: Path,
    now: float,
    sleep: Callable[[float], object] = time.sleep,
) -> SignedOut:
    """End the login: here in any case, at AWS where that can be told. Blocks. Raises VaultUnavailable."""
    one = _One(identity, environ, state, now, None)
    with one.alone("signing out of", _SHORT, anyway=True):
        token = one.read()
        there = sso_tokens.forget(identity, one.folder)
        one.notes.clear()
    return SignedOut(there, "" if token is None else _tell(identity, environ, token, now, sleep))


def _tell(
    identity: Identity, environ: Mapping[str, str], token: Token, now: float, sleep: Callable[[float], object]
) -> str:
    """End a login at AWS, one that could still be refreshed too; return why that failed, "" where it is over."""
    from xswitch.identity import sso_service

    try:
        if token.expires <= now:
            if not token.refreshable_at(now):
                return ""
            service = sso_service.Service(identity, environ, sleep, tries=1, connect=3, read=5)
            fresh = sso_service.refreshed(service, token, now)
            if fresh is None:
                return ""
            token = fresh
        return sso_service.log_out(identity, environ, token.access, sleep)
    except XswitchError as error:
        return error.message


def _refresh(one: _One, note: Callable[[str], object], sleep: Callable[[float], object]) -> Token:
    """Refresh the token that is there now, with the lock held; return it, or what somebody else wrote meanwhile."""
    from xswitch.identity import sso_service

    tried: Token | None = None
    while True:
        token = one.read()
        if token is None or not token.refreshable_at(one.now) or token == tried:
            return one.alive(token)
        if one.good(token):
            return token
        tried = token
        tries, connect, read = _QUICK if one.lives(token) else _THOROUGH
        try:
            service = sso_service.Service(one.identity, one.environ, sleep, tries=tries, connect=connect, read=read)
            fresh = sso_service.refreshed(service, token, one.now)
        except (Unreachable, Denied) as error:
            one.notes.note(one.now, error)
            raise
        if fresh is None:
            continue  # perhaps another tool was faster: then its tokens are there
        if one.read() != token:
            return one.alive(one.read())  # a login or logout of another tool: what it left is the person's last word
        try:
            one.write(fresh)
        except VaultUnavailable as error:
            note(f"{error.message}; it has to be made anew when this one ends")
        one.notes.clear()
        return fresh


class _One:
    """One identity's login, at ``now`` (epoch seconds)."""

    def __init__(
        self, identity: Identity, environ: Mapping[str, str], state: Path, now: float, refused: Token | None
    ) -> None:
        self.identity = identity
        self.environ = environ
        self.now = now
        self.folder = sso_tokens.folder_in(environ, state)
        self._own = Folder(str(state / sso_tokens.FOLDER))
        self._name = sign_ins.name_of(identity)
        self._refused = refused
        self.notes = Notes(self._own, self._name)

    def read(self) -> Token | None:
        return sso_tokens.read(self.identity, self.folder)

    def write(self, token: Token) -> None:
        sso_tokens.write(self.identity, self.folder, token)

    def lives(self, token: Token) -> bool:
        """Tell whether a token serves at all."""
        return token.expires > self.now and (self._refused is None or self._refused.access != token.access)

    def good(self, token: Token) -> bool:
        """Tell whether a token serves and has no need of a refresh."""
        return self.lives(token) and token.expires - self.now > EARLY

    def alive(self, token: Token | None) -> Token:
        """Return a token that serves. Raises PersonNeeded."""
        if token is not None and self.lives(token):
            return token
        name = clean(self.identity.name)
        what = f"nobody is signed in to {name}" if token is None else f"the login of {name} has ended"
        raise PersonNeeded(what, f"xswitch identity login {name}")

    @contextmanager
    def alone(self, doing: str, seconds: float, *, anyway: bool = False) -> Iterator[None]:
        """Hold the lock of this login's file. Raises Unreachable where another process keeps it too long.

        ``anyway`` goes on without it then.
        """
        with ExitStack() as stack:
            try:
                purpose = f"{doing} {clean(self.identity.name)}"
                stack.enter_context(hold(self._own, f"{self._name}.lock", timeout=seconds, purpose=purpose))
            except LockTimeout as error:
                if not anyway:
                    raise Unreachable(error.message, error.hint) from None
            yield
