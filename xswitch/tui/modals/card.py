"""The card that every question stands on, and the veil over the screen behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar, cast

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from textual.app import ComposeResult
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import ModalScreen

from xswitch.tui.desk import NO_ENV, Desk, EnvView
from xswitch.tui.draw import Line, Span, clip, width_of
from xswitch.tui.themes import Palette
from xswitch.tui.widgets.painted import Painted

if TYPE_CHECKING:
    from xswitch.tui.app import XswitchApp

T = TypeVar("T")


class Veil:
    """The screen behind a question, at a third of its strength."""

    def __init__(self, behind: BackgroundScreen, palette: Palette) -> None:
        self._behind = behind
        self._palette = palette

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self._veiled(console.render(self._behind.screen._compositor, options))

    def _veiled(self, segments: Iterable[Segment]) -> Iterable[Segment]:
        veil = self._palette.veil
        for text, style, control in segments:
            yield Segment(text, None if style is None else veil(style), control)


class Card(Painted):
    """A framed card: heavy and in the environment's colour where that is guarded."""

    DEFAULT_CSS = "Card { width: 60; height: 19; }"
    ground = "panel"

    def __init__(self, desk: Desk, question: Question[T]) -> None:
        super().__init__(desk, "card")
        self.question = question

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the frame, and the question in it."""
        question = self.question
        env, glyphs = question.env, self.desk.glyphs
        box = glyphs.heavy_box if env.guarded else glyphs.light_box
        hue = env.hue if env.guarded else "faint"
        pad = question.padding
        content = question.fitted(width - 2 * pad, height - 2)
        title = (
            [self.desk.badge(env.word, env.hue)] if env.guarded else [Span(f" {env.word}", env.hue)] if env.word else []
        )
        title += [Span(f" {question.title_words} ", "strong", bold=True)]
        top = [Span(box[:2], hue), *title]
        top.append(Span(box[1] * max(0, width - width_of(top) - 1) + box[2], hue))
        framed: list[Line] = [top]
        for number in range(height - 2):
            line = clip(content[number], width - 2 * pad) if number < len(content) else []
            gap = max(0, width - pad - 1 - (pad - 1) - width_of(line))
            framed.append(
                [Span(box[7], hue), Span(" " * (pad - 1)), *line, Span(" " * (gap + pad - 1)), Span(box[3], hue)]
            )
        return [*framed, [Span(box[6] + box[5] * (width - 2) + box[4], hue)]]


class Question(ModalScreen[T], inherit_bindings=False):
    """A modal question. A child says its content line by line; ``None`` among the lines is a blank that may go."""

    DEFAULT_CSS = "Question { align: center middle; background: black 64%; }"
    AUTO_FOCUS = ""
    title_words = ""
    wide = 60

    def __init__(self, desk: Desk, env: EnvView = NO_ENV) -> None:
        super().__init__()
        self.desk = desk
        self.env = env
        self.card = Card(desk, self)
        self.ready = False

    @property
    def host(self) -> XswitchApp:
        """The app, as what it is."""
        return cast("XswitchApp", self.app)

    @property
    def padding(self) -> int:
        """The columns from the card's edge to its text."""
        return 4 if self.app.size.width >= 50 else 2

    def content(self, width: int) -> list[Line | None]:  # noqa: ARG002
        """Return the lines of the question; None is a blank line that yields where there is no room."""
        return []

    def compose(self) -> ComposeResult:
        """Return the card alone."""
        yield self.card

    def on_mount(self) -> None:
        """Take the size that the content needs."""
        self.ready = True
        self.lay_out()

    def on_resize(self) -> None:
        """Take the size that fits now."""
        self.lay_out()

    def lay_out(self) -> None:
        """Size the card for its content and the terminal."""
        width, height = self.app.size
        across = width if width < 72 else self.wide
        wanted = len(self.content(across - 2 * self.padding)) + 2
        self.card.styles.width = across
        self.card.styles.height = max(3, min(wanted, height))
        self.card.show()

    def fitted(self, width: int, height: int) -> list[Line]:
        """Return the content in ``height`` lines: blanks go first, from the top; the last line never does."""
        lines = self.content(width)
        while len(lines) > height and None in lines:
            lines.remove(None)
        if len(lines) > height:
            lines = [*lines[: max(0, height - 1)], lines[-1]]
        return [line if line is not None else () for line in lines]

    def on_unmount(self) -> None:
        """Take no more news."""
        self.ready = False

    def tick(self) -> None:
        """Show what has changed in a second."""
        self.card.show()

    def render(self) -> RenderableType:
        """Draw the screen behind, veiled."""
        behind = super().render()
        return Veil(behind, self.desk.palette) if isinstance(behind, BackgroundScreen) else behind

    def action_back(self) -> None:
        """Go back without an answer."""
        self.dismiss(None)

    def action_quit(self) -> None:
        """Leave the program."""
        self.host.exit(130)


def key_line(keys: Sequence[tuple[str, str, str]], width: int = 999) -> Line:
    """Return the last line of a card: key, what it does, and why it can't work now ("" where it can).

    Where there is no room, the words of the keys between the first and the last yield, then those keys.
    """
    for gap, words_of_all in ((3, True), (2, True), (2, False)):
        line: list[Span] = []
        for number, (key, words, refused) in enumerate(keys):
            off = bool(refused)
            said = words if words_of_all or number in (0, len(keys) - 1) else ""
            line.append(Span(key, "faint" if off else "accent", bold=not off))
            line += [Span(f" {said}" if said else "", "faint" if off else "muted"), Span(" " * gap)]
        if width_of(line[:-1]) <= width:
            return line[:-1]
    return line[:-1]
