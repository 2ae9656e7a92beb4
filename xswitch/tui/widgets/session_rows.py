"""How a session stands on the board: two lines for a live one, one for one that ended, in fixed places."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from xswitch.countdown import step
from xswitch.text import clean, say_duration
from xswitch.tui.desk import Desk
from xswitch.tui.draw import Line, Span, cells, fit, fuse, width_of
from xswitch.tui.plans import shorter_words
from xswitch.tui.words import ago, hue_of

if TYPE_CHECKING:
    from xswitch.engine import Ended, Live, Renewal

RENEWING: Final[dict[Renewal, str]] = {"confirmation": "confirm"}
"""What the column says, where the word for what renewing needs is too long for it."""


class Places(NamedTuple):
    """Where the parts of a session stand; 0 where one is not shown."""

    target: int
    time: int
    fuse: int
    fuse_width: int
    ends: int
    use: int
    renewing: int


def places(width: int) -> Places:
    """Return the places for a list of this width."""
    if width >= 112:
        renewing = width - 11
        use = renewing - 19
        ends = use - 7
        time = 52 if width < 150 else 60
        return Places(4, time, time + 3, ends - time - 5, ends, use, renewing)
    if width >= 84:
        use = width - 20
        ends = use - 7
        return Places(4, 46, 48, ends - 50, ends, use, 0)
    if width >= 60:
        ends = width - 8
        return Places(4, ends - 2, 0, 0, ends, 0, 0)
    return Places(4 if width >= 30 else 2, width - 1, 0, 0, 0, 0, 0)


class _Spans(list[Span]):
    """Spans of one line, each put at its column."""

    def put(self, start: int, *what: Span, gap: int = 0) -> None:
        """Put spans at ``start``, or ``gap`` blanks after what is there already."""
        self.append(Span(" " * max(gap, start - width_of(self))))
        self.extend(what)


def first_line(desk: Desk, at: Places, live: Live, *, here: bool, alone: bool) -> Line:
    """Return target, time, fuse, end, uses and what renewing needs; ``alone``: there is no second line."""
    env, glyphs = desk.environment(live.environment), desk.glyphs
    left = live.expires - desk.now
    now = step(left, live.duration)
    gap = Span(" " * (1 if at.target > 2 else 0))
    mark = Span(glyphs.cursor if here else " ", env.hue if env.guarded else "accent", bold=True)
    spans = _Spans([_rail(desk, live), gap, mark, gap])
    with_env = alone and bool(env.word) and bool(at.ends)
    room = at.time - width_of(spans) - (20 if with_env else 10)
    account, slash, role = fit(f"{clean(live.account)}/{clean(live.role)}", room, glyphs.cut).rpartition("/")
    ink = "strong" if here else "text"
    spans += [Span(account, ink, bold=here), Span(slash, "faint"), Span(role, ink, bold=here)]
    if with_env:
        badge = env.guarded and not desk.palette.fills
        word = desk.badge(env.word, env.hue) if badge else Span(env.word, env.hue, bold=env.guarded)
        spans.put(at.time - 19, word)
    words = desk.time_left(live, bold=True)
    spans.put(at.time - cells(words.text) + (now == "ending"), words)
    if at.fuse:
        spans.put(at.fuse, *fuse(left / live.duration, at.fuse_width, glyphs, hue_of(now)))
    if at.ends:
        spans.put(at.ends, Span(desk.time_of(live.expires, brief=True), "text"))
    if at.use:
        uses = uses_words(desk, live)
        spans.put(at.use, Span(fit(uses, 18, glyphs.cut), "faint" if uses == "nothing" else "muted"))
    if at.renewing:
        needs = RENEWING.get(live.renewal, live.renewal)
        spans.put(at.renewing, Span(needs, "live" if live.renewal == "by itself" else "muted"))
    return spans


def second_line(desk: Desk, at: Places, live: Live, *, here: bool) -> Line:
    """Return environment, account id, why it is shorter than was asked for, its whole life, and what loses AWS."""
    env = desk.environment(live.environment)
    spans = _Spans([_rail(desk, live), Span(" " * (at.target - 1))])
    if env.guarded and not desk.palette.fills:
        spans[-1] = Span(" " * (at.target - 2))
        spans.append(desk.badge(env.word, env.hue))
    else:
        spans.append(Span(fit(env.word, 9, desk.glyphs.cut), env.hue, bold=env.guarded))
    spans.put(at.target + 10, Span(live.account_id, "muted" if here else "faint"), gap=1)
    start = max(at.fuse, width_of(spans) + 2)
    room = (at.ends - 1 if at.ends else at.time) - start
    shorter = next((words for words in shorter_words(live) if cells(words) <= room), "")
    if shorter:
        spans.put(start, Span(shorter, "muted"))
    if at.ends:
        spans.put(at.ends, Span(f"of {say_duration(live.duration)}", "faint"), gap=1)
    if at.use and loses(live, desk.now):
        spans.put(at.use, Span(f"loses AWS at {desk.time_of(live.expires, brief=True)}", "warn"), gap=1)
    return spans


def ended_line(desk: Desk, at: Places, ended: Ended, *, here: bool) -> Line:
    """Return what ended, by whom, when, and how it comes back."""
    words = f"{'by you, ' if ended.by_person else ''}{ago(desk.end_of(ended), desk.here)}"
    mark = Span(desk.glyphs.cursor if here else " ", "accent", bold=True)
    spans = _Spans([Span(" " * (at.target - 2)), mark, Span(" ")])
    room = at.time - at.target - len(words) - 2
    spans.append(Span(fit(clean(ended.target), room, desk.glyphs.cut), "strong" if here else "faint", bold=here))
    spans.put(at.time - len(words), Span(words, "faint"), gap=1)
    if at.ends:
        spans.put(at.ends, Span(desk.ended_at(ended), "faint"), gap=1)
    if at.use and ended.restorable:
        spans.put(at.use, Span("ctrl+r", "accent", bold=True), Span(" bring back", "muted"), gap=1)
    return spans


def uses_words(desk: Desk, live: Live) -> str:
    """Say what a session is in use by."""
    if not live.in_use_by:
        return "nothing"
    if len(live.in_use_by) == 1:
        words, since = live.in_use_by[0]
        return f"{clean(words)}, {say_duration(max(0, desk.here - since))}"
    kinds = Counter(clean(words).split(" ")[0] for words, _ in live.in_use_by)
    return ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in kinds.items())


def loses(live: Live, now: float) -> bool:
    """Tell whether something in use loses AWS soon, since nothing renews it by itself."""
    if not live.in_use_by or live.renewal == "by itself":
        return False
    return step(live.expires - now, live.duration) == "ending"


def _rail(desk: Desk, live: Live) -> Span:
    env, glyphs = desk.environment(live.environment), desk.glyphs
    if env.guarded:
        return Span(glyphs.guarded, env.hue)
    return Span(glyphs.rail if env.word and desk.palette.coloured else " ", env.hue)
