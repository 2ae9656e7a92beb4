"""The headless core: everything that the command line and the TUI do, they do through :class:`Engine`.

It knows the clock, the environment and the folders; it writes nothing to a terminal and asks only through a
:class:`~xswitch.session.model.Person`. Methods that may call AWS, the keyring or a helper program say that they block;
the TUI calls those in a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from xswitch.catalog.model import Catalog, Target
from xswitch.errors import Denied
from xswitch.govern.denial import Explanation
from xswitch.paths import Paths
from xswitch.session.model import Options, Person, Plan, Session

Renewal = Literal["by itself", "no code", "a code", "a login", "confirmation"]


@dataclass(frozen=True, slots=True)
class Live:
    """A session as the vault's headers tell it, readable without the key. Times are epoch seconds, UTC.

    ``duration`` is its whole life in seconds; ``renewal`` says what renewing it needs; ``in_use_by`` has words such as
    ``shell`` or ``exec terraform`` with the epoch second at which each began.
    """

    target: str
    account_id: str
    account: str
    role: str
    environment: str
    arn: str
    identity: str
    region: str
    issued: float
    expires: float
    duration: int
    renewal: Renewal
    in_use_by: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """A session that is over: it ran out (``by_person`` False) or the person ended it, at ``at``.

    ``restorable`` tells whether :meth:`Engine.restore` can still bring it back (half a minute after an end).
    """

    target: str
    at: float
    by_person: bool
    restorable: bool


@dataclass(frozen=True, slots=True)
class Outlook:
    """What Enter will do for a plan, given what is in the vault now. Made without the key and without the network.

    ``live`` is the session that would be served, if any; ``code`` whether an MFA code will be asked for; ``confirm``
    whether the guard will be asked (it is not where a grant is live, until ``granted_until``).
    """

    plan: Plan
    live: Live | None
    code: bool
    confirm: bool
    granted_until: float | None


@dataclass(frozen=True, slots=True)
class Practice:
    """What the practice authenticator shows: ``code`` (six digits), seconds left, and whether it was spent."""

    code: str
    left: int
    spent: bool


class Engine:
    """One person's xswitch on one machine."""

    def __init__(self, paths: Paths, environ: Mapping[str, str], clock: Callable[[], float]) -> None:
        self.paths = paths
        self.environ = environ
        self.clock = clock

    @property
    def catalog(self) -> Catalog:
        """The catalog, read once. Raises InvalidConfig."""
        raise NotImplementedError

    def live(self) -> tuple[Live, ...]:
        """Return the live sessions, soonest to end first. Does not block."""
        raise NotImplementedError

    def ended(self) -> tuple[Ended, ...]:
        """Return sessions that ended within the last hour, latest first. Does not block."""
        raise NotImplementedError

    def pins(self) -> tuple[str, ...]:
        """Return the names of the pinned targets, in the order they were pinned."""
        raise NotImplementedError

    def toggle_pin(self, target: str) -> bool:
        """Pin or unpin a target; return whether it is pinned now."""
        raise NotImplementedError

    def visits(self) -> Mapping[str, tuple[float, int, float]]:
        """Return, for each visited target, its frecency sum, its number of visits and when the last one was."""
        raise NotImplementedError

    def outlook(self, target: Target, options: Options | None = None) -> Outlook:
        """Say what opening ``target`` will do. Does not block."""
        raise NotImplementedError

    def open(self, plan: Plan, person: Person, *, fresh: bool = False) -> Session:
        """Pass the guard, get the session (``fresh``: a new one even if one is live), check it, log it. Blocks.

        Raises any of :mod:`xswitch.errors`.
        """
        raise NotImplementedError

    def end(self, target: str) -> int:
        """Forget the sessions of ``target`` here; return how many. AWS honours them to their end. Does not block."""
        raise NotImplementedError

    def restore(self, target: str) -> bool:
        """Bring back what :meth:`end` forgot less than half a minute ago; return whether it could."""
        raise NotImplementedError

    def shell(self, session: Session, program: str = "") -> int:
        """Run a subshell with the session injected, on this process's terminal; return its exit status. Blocks."""
        raise NotImplementedError

    def environment_text(self, session: Session, form: str) -> str:
        """Return assignments for ``form`` (bash, zsh, fish, powershell, dotenv, docker, json). Holds secrets."""
        raise NotImplementedError

    def explain(self, denied: Denied, plan: Plan) -> Explanation:
        """Explain a denial, from AWS's answer and from what was sent. Does not block."""
        raise NotImplementedError

    def practice(self) -> Practice | None:
        """Return what the practice authenticator shows, or None outside the demo. Blocks briefly (loopback)."""
        raise NotImplementedError
