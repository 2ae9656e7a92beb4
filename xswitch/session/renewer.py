"""Keeping the session of a waiting process: served from the vault, renewed in time, by one call for all who ask.

::

    give() ── its guard's grant holds? ── long enough left, in the vault? ───────────────► served
                    │ no                        │ no                            ▲
                 refused          the keeper renews; all who ask wait ──────────┘
                                                │ failed, or not in time
                                  what is left, a minute at least ── served ── else refused, and why

The keeper is one thread, so nobody calls twice. It also renews a minute before anybody would have to wait, if the
session was fetched at all: a shell left open over a weekend asks AWS for nothing. What another process renewed counts
as well, at once, since the vault is looked at for every fetch.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from xswitch.errors import Unreachable, VaultUnavailable, XswitchError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from xswitch.session.model import Session

ENOUGH: Final = 900
"""Seconds that are left of a session that is served as it is: botocore asks for more from fifteen minutes on."""
AT_LEAST: Final = 60
"""Seconds that have to be left of one that is served because there is no other."""
AHEAD: Final = 60
"""Seconds before it has to be that the keeper renews."""
PAUSE: Final = 60
"""Seconds between two tries while there is something to serve."""
SHORT_PAUSE: Final = 5
"""The same, while there is nothing."""
SOON: Final = 0.5
"""Seconds that a fetch waits for a renewal while there is something to serve: SDKs give up after one or two."""
PATIENCE: Final = 30.0
"""The same, while there is nothing."""
LOOK: Final = 60.0
"""Seconds between two looks of the keeper."""


class Renewer:
    """The session of one process that is renewed. Safe for threads; a context manager around the process's life.

    ``session`` is the first. ``look`` returns what the vault has, if that has a minute left, or None; ``renew`` returns
    one with more than the given seconds left if it can, a new one or one that is there by then; ``allow`` raises where
    the guard forbids to serve any. ``now`` is AWS's time, in epoch seconds. ``life`` is how many seconds AWS is asked
    for at a time: the first session may have come shorter for once.
    """

    def __init__(
        self,
        session: Session,
        *,
        look: Callable[[], Session | None],
        renew: Callable[[int], Session],
        allow: Callable[[], None],
        now: Callable[[], float],
        life: float | None = None,
    ) -> None:
        self._session: Session | None = session
        self._look = look
        self._renew = renew
        self._allow = allow
        self._now = now
        self._life = life or float(session.duration or 2 * ENOUGH)
        self._fetched: Session | None = None
        self._failed: XswitchError | None = None
        self._failed_at = 0.0
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._round = threading.Condition()
        self._rounds = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="renewing", daemon=True)

    def __enter__(self) -> Renewer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop to renew; a call to AWS that is under way is waited for, for a moment."""
        self._stopping.set()
        self._wanted.set()
        self._thread.join(2.0)

    def give(self) -> Session:
        """Return the session to serve. Blocks where it has to be renewed first.

        Raises PersonNeeded where the guard's grant is over or renewal needs a person, and whatever else kept it from
        being renewed, where less than a minute is left of the old one.
        """
        self._allow()
        held = self._newest()
        if self._left(held) <= self._enough and not self._resting(held):
            self._ask(SOON if self._left(held) >= AT_LEAST else PATIENCE)
            held = self._newest()
        left, failed = self._left(held), self._failed
        if held is None or left <= 0 or (failed is not None and left < AT_LEAST):
            raise failed or Unreachable(f"no new session within {PATIENCE:g}s", "try again in a moment")
        self._fetched = held
        return held

    def look_ahead(self) -> None:
        """Renew what will have to be within a minute, if anybody fetched it. Blocks; raises nothing."""
        try:
            self._allow()
        except XswitchError:
            return  # whoever fetches is told
        held = self._newest()
        if held is not None and held is self._fetched and self._left(held) <= self._enough + AHEAD:
            self._try(held, self._enough + AHEAD)

    @property
    def _enough(self) -> float:
        """Seconds that are enough to be served as they are: fifteen minutes, or half of what AWS gives at a time."""
        return min(ENOUGH, self._life / 2)

    def _left(self, session: Session | None) -> float:
        return 0.0 if session is None else session.expires - self._now()

    def _newest(self) -> Session | None:
        """Return the session that the vault has, or where that can't be read ours. One that was ended there is gone."""
        before = self._session
        try:
            found = self._look()
        except VaultUnavailable:
            return self._session
        with self._lock:
            if self._session is before and found is not None:
                same = before is not None and before.credentials == found.credentials
                self._session = before if same else found
            elif self._session is before and self._left(before) >= AT_LEAST:
                self._session = None
            return self._session

    def _resting(self, held: Session | None) -> bool:
        """Tell whether the last try failed too short a while ago for another."""
        pause = PAUSE if self._left(held) >= AT_LEAST else SHORT_PAUSE
        return self._failed is not None and 0 <= self._now() - self._failed_at < pause

    def _ask(self, seconds: float) -> None:
        """Have the keeper look now, and wait for it."""
        with self._round:
            before = self._rounds
            self._wanted.set()
            self._round.wait_for(lambda: self._rounds != before, seconds)

    def _keep(self) -> None:
        while not self._stopping.is_set():
            asked = self._wanted.wait(self._pause())
            self._wanted.clear()
            if self._stopping.is_set():
                return
            if asked:
                held = self._newest()
                if self._left(held) <= self._enough:
                    self._try(held, self._enough)
            else:
                self.look_ahead()
            with self._round:
                self._rounds += 1
                self._round.notify_all()

    def _pause(self) -> float:
        """Return the seconds to the keeper's next look: when the session will have to be renewed, or later."""
        due = self._left(self._session) - self._enough - AHEAD
        return min(LOOK, due) if due > 0 else LOOK

    def _try(self, held: Session | None, enough: float) -> None:
        """Get one with more than ``enough`` seconds left in place of ``held``, unless that failed a moment ago."""
        if self._resting(held):
            return
        self._failed = None
        try:
            session = self._renew(int(enough) + 1)
        except XswitchError as error:
            self._failed, self._failed_at = error, self._now()
        except Exception as error:
            # Its class only: what it says may hold a secret.
            fault = XswitchError(f"a fault of xswitch itself, {type(error).__name__}")
            self._failed, self._failed_at = fault, self._now()
        else:
            with self._lock:
                self._session, self._failed = session, None
                self._life = min(float(session.duration or ENOUGH * 2), self._left(session))
