"""The headless core: everything that the command line and the TUI do, they do through :class:`Engine`.

It knows the clock, the environment and the folders; it writes nothing to a terminal and asks only through a
:class:`~xswitch.session.model.Person`. Methods that may call AWS, the keyring or a helper program say that they block;
the TUI calls those in a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xswitch.catalog.model import Catalog, Target
from xswitch.engine.views import Ended, Live, Outlook, Practice
from xswitch.errors import Denied
from xswitch.govern.denial import Explanation
from xswitch.paths import Paths
from xswitch.session.model import Options, Person, Plan, Session

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
