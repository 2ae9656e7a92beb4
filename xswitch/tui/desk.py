"""What the screens look at: the engine's answers, kept for as long as they hold, and every name made safe to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import cached_property
from typing import TYPE_CHECKING

from xswitch.countdown import step
from xswitch.errors import XswitchError
from xswitch.text import clean, say_duration, time_of_day
from xswitch.tui.draw import Span
from xswitch.tui.glyphs import Glyphs
from xswitch.tui.themes import Palette, hue_of
from xswitch.tui.words import clock

if TYPE_CHECKING:
    from xswitch.catalog.model import Environment, Target
    from xswitch.catalog.search import Index
    from xswitch.engine import Ended, Engine, Live, Outlook
    from xswitch.govern.denial import Explanation


@dataclass(frozen=True, slots=True)
class EnvView:
    """An environment as it is shown: its word (UPPERCASE where guarded), its hue, and whether it is guarded."""

    word: str = ""
    hue: str = "muted"
    guarded: bool = False


NO_ENV = EnvView()


@dataclass(frozen=True, slots=True)
class Row:
    """A target as it is shown."""

    account: str
    role: str
    env: EnvView
    id: str
    ou: str
    tags: str

    @property
    def name(self) -> str:
        """The target's name, safe to show."""
        return f"{self.account}/{self.role}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is waited for, and the target that it is for; ``since`` and ``said_until`` by this machine's clock.

    Until ``said_until`` a second press of the key is answered: the target is under way.
    """

    words: str
    target: str
    since: float
    said_until: float = 0.0


class Desk:
    """The engine as the screens see it. :meth:`refresh` asks anew for what changes by itself.

    Ends of sessions and grants are AWS's instants, and what is left of them goes by :attr:`now`, AWS's time. What this
    machine wrote down (visits, uses, ends by the person) and what it waits for goes by :attr:`here`, its own.
    """

    def __init__(
        self, engine: Engine, palette: Palette, glyphs: Glyphs, *, zone: tzinfo | None = None, name: str = ""
    ) -> None:
        self.engine = engine
        self.palette = palette
        self.glyphs = glyphs
        self.zone = zone
        self.name = clean(name)
        self.denials: dict[str, Explanation] = {}
        self.live: tuple[Live, ...] = ()
        self.ended: tuple[Ended, ...] = ()
        self.live_by: dict[str, Live] = {}
        self.pins: tuple[str, ...] = ()
        self.trouble = ""
        self.ahead = 0.0
        self.waiting: Waiting | None = None
        self.visits: Mapping[str, tuple[float, int, float]] = {}
        self._rows: dict[int, Row] = {}
        self._envs: dict[str, EnvView] = {}
        self._outlooks: dict[str, Outlook | None] = {}

    @cached_property
    def targets(self) -> Sequence[Target]:
        """Every target of the catalog, in its order."""
        return self.engine.catalog.targets

    @cached_property
    def number_of(self) -> dict[str, int]:
        """The place in :attr:`targets` of each target's name."""
        return {target.name: number for number, target in enumerate(self.targets)}

    @cached_property
    def index(self) -> Index:
        """The search over the targets; made at the first search."""
        from xswitch.catalog.search import Index

        return Index(self.targets, self.engine.catalog.environments)

    @cached_property
    def _by_account(self) -> dict[str, list[Target]]:
        found: dict[str, list[Target]] = {}
        for target in self.targets:
            found.setdefault(target.account.id, []).append(target)
        return found

    def roles_of(self, account_id: str) -> Sequence[Target]:
        """Return the targets of an account."""
        return self._by_account.get(account_id, ())

    @property
    def now(self) -> float:
        """AWS's time, in epoch seconds, by what was known of its clock at the last :meth:`refresh`."""
        return self.engine.clock() + self.ahead

    @property
    def here(self) -> float:
        """This machine's time, in epoch seconds."""
        return self.engine.clock()

    def time_of(self, at: float, *, brief: bool = False) -> str:
        """Say an instant of AWS's as a time of day: what this machine's clock will show then, and whether tomorrow.

        ``brief`` leaves "tomorrow" out, for a column that has the time left beside it.

        A person holds a deadline against the clock on their own desk. Where that is three minutes behind AWS's, what
        AWS ends at 11:42 is over when the person's clock shows 11:39.
        """
        return clock(at - self.ahead, self.zone) if brief else time_of_day(at - self.ahead, self.here, self.zone)

    def end_of(self, ended: Ended) -> float:
        """Return when a session ended, by this machine's clock: what ran out did so by AWS's."""
        return ended.at if ended.by_person else ended.at - self.ahead

    def ended_at(self, ended: Ended) -> str:
        """Say when a session ended, as a time of day."""
        return clock(self.end_of(ended), self.zone)

    def time_left(
        self, live: Live, *, calm: str = "text", bold: bool = False, before: str = "", after: str = ""
    ) -> Span:
        """Say what is left of a session: plain, ``! 11m`` where it ends soon, a filled badge where it is ending.

        ``before`` and ``after`` are words around it; ``calm`` and ``bold`` are the ink where nothing is amiss.
        """
        left = live.expires - self.now
        words = f"{before}{say_duration(left)}{after}"
        now = step(left, live.duration)
        if now == "soon":
            return Span(f"{self.glyphs.soon} {words}", "warn", bold=True)
        return Span(words, calm, bold=bold) if now == "calm" else self.badge(words, "danger")

    def refresh(self) -> bool:
        """Ask the engine for sessions, pins and visits; return whether any changed.

        Where they can't be read, what was read last stays, and :attr:`trouble` says why.
        """
        engine = self.engine
        try:
            found = (engine.live(), engine.ended(), engine.pins(), engine.visits())
            self.ahead = round(engine.now() - engine.clock(), 1)
        except XswitchError as error:
            new, self.trouble = clean(error.message) != self.trouble, clean(error.message)
            return new
        mended, self.trouble = bool(self.trouble), ""
        changed = found != (self.live, self.ended, self.pins, self.visits)
        if changed:
            self.live, self.ended, self.pins, self.visits = found
            self.live_by = {one.target: one for one in self.live}
            self._outlooks.clear()
        return changed or mended

    def forget(self) -> None:
        """Forget what the engine said of targets: something was opened, ended or refused."""
        self._outlooks.clear()

    def badge(self, word: str, hue: str) -> Span:
        """Return a filled badge, with brackets where only ASCII can be shown."""
        return Span(f"[{word}]" if self.glyphs.ascii else f" {word} ", "bg", bold=True, bg=hue)

    def sign_of(self, env: EnvView) -> Span:
        """Return an environment's word: a badge where it is guarded."""
        return self.badge(env.word, env.hue) if env.guarded else Span(env.word, env.hue)

    def environment(self, name: str) -> EnvView:
        """Return an environment as it is shown."""
        found = self._envs.get(name)
        if found is None:
            found = self._envs[name] = env_view(self.engine.catalog.environments.get(name), name)
        return found

    def row(self, number: int) -> Row:
        """Return the target at ``number`` as it is shown."""
        found = self._rows.get(number)
        if found is None:
            target = self.targets[number]
            account = target.account
            found = self._rows[number] = Row(
                clean(account.name), clean(target.role), self.environment(account.environment), account.id,
                clean(account.ou), clean(" ".join(f"{key}={value}" for key, value in account.tags)),
            )  # fmt: skip
        return found

    def outlook(self, target: Target) -> Outlook | None:
        """Return what opening a target will do, or None where it can't be planned."""
        found = self._outlooks.get(target.name)
        stale = found is not None and found.live is not None and found.live.expires <= self.now
        if stale or target.name not in self._outlooks:
            try:
                found = self.engine.outlook(target)
            except XswitchError:
                found = None
            self._outlooks[target.name] = found
        return found

    @cached_property
    def who(self) -> str:
        """Say who the person is: ``ada via central``."""
        catalog = self.engine.catalog
        identity = catalog.default_identity or next(iter(catalog.identities), "")
        target = next((target for target in self.targets if target.identity == identity), None)
        outlook = self.outlook(target) if target is not None else None
        user = outlook.plan.caller.user if outlook is not None else ""
        return clean(f"{user} via {identity}" if user else identity)


def env_view(environment: Environment | None, name: str = "") -> EnvView:
    """Return an environment as it is shown; a name that the catalog does not describe is shown as it is."""
    if environment is None:
        return EnvView(clean(name)) if name else NO_ENV
    word = clean(environment.name)
    guarded = environment.guarded
    return EnvView(word.upper() if guarded else word, hue_of(environment.colour, guarded=guarded), guarded)
