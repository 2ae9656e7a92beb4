"""The parts of the screens that need no screen: widths, words, fields, grids, keys, colours."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import examples
from rich.cells import cell_len
from rich.style import Style

from xswitch.preferences import KEY_ACTIONS
from xswitch.text import clean
from xswitch.tui.draw import Span, fit, fuse, rule, spread, strip_of, width_of, wrap
from xswitch.tui.field import Field
from xswitch.tui.glyphs import ASCII, UNICODE, choose
from xswitch.tui.grid import Grid, columns
from xswitch.tui.keys import ACTIONS, BY_ID, Keys, shown
from xswitch.tui.themes import THEMES, Palette, hue_of
from xswitch.tui.words import ago, clock, last_used, last_used_fully, plural

NOW = datetime(2026, 11, 12, 10, 42, 13, tzinfo=UTC).timestamp()
HOUR, DAY = 3600.0, 86400.0
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60).map(clean)


# Widths.


@examples(200)
@given(texts, st.integers(0, 40))
def test_a_fitted_name_fits(text: str, width: int) -> None:
    fitted = fit(text, width)
    assert cell_len(fitted) <= width
    if cell_len(text) <= width:
        assert fitted == text


@pytest.mark.parametrize(
    ("text", "width", "fitted"),
    [
        ("warehouse-prod-eu-central-2", 25, "warehouse-pr…eu-central-2"),
        ("payments-prod", 13, "payments-prod"),
        ("payments-prod", 5, "pa…od"),
        ("payments-prod", 1, "…"),
        ("payments-prod", 0, ""),
        ("東京-本番-環境", 8, "東…-環境"),
    ],
)
def test_a_name_is_cut_in_its_middle(text: str, width: int, fitted: str) -> None:
    assert fit(text, width) == fitted


@examples(200)
@given(texts, st.integers(-2, 30))
def test_wrapped_lines_fit_and_lose_nothing(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    if all(cell_len(letter) <= max(1, width) for letter in text):
        assert all(cell_len(line) <= max(1, width) for line in lines)


@examples(200)
@given(
    st.lists(st.tuples(texts, st.sampled_from(["", "sel", "danger"]), st.booleans()), max_size=6),
    st.integers(0, 50),
)
def test_a_strip_is_as_wide_as_it_should_be(parts: list[tuple[str, str, bool]], width: int) -> None:
    spans = [Span(text, underline=under, bg=bg) for text, bg, under in parts]
    strip = strip_of(spans, width, Palette("dark"))
    assert strip.cell_length == width
    assert sum(cell_len(segment.text) for segment in strip) == width


@examples(100)
@given(st.floats(0, 1), st.integers(1, 60))
def test_a_fuse_fills_its_width_and_shows_every_rest(share: float, width: int) -> None:
    burning, gone = fuse(share, width, UNICODE, "live")
    assert len(burning.text) + len(gone.text) == width
    assert bool(burning.text) == (share > 0)


@pytest.mark.parametrize(
    ("left", "life", "width", "shown"),
    [
        (42, 60, 8, "━━━━━╸╌╌"),
        (192, 240, 8, "━━━━━━╸╌"),
        (24, 60, 8, "━━━╌╌╌╌╌"),
        (365, 480, 8, "━━━━━━╌╌"),
        (11, 60, 14, "━━╸" + "╌" * 11),
    ],
)
def test_the_fuses_of_the_pictures(left: int, life: int, width: int, shown: str) -> None:
    assert "".join(span.text for span in fuse(left / life, width, UNICODE, "live")) == shown


def test_spread_and_rule_fill_their_width() -> None:
    assert width_of(spread([Span("left")], [Span("right")], 20)) == 20
    assert width_of(spread([Span("left")], [Span("right")], 9)) == 4, "the right part yields"
    assert width_of(rule([Span("Pinned")], 30, UNICODE, [Span("9 accounts")])) == 30


# Words.


@pytest.mark.parametrize(
    ("back", "short", "full"),
    [
        (20, "now", "today 10:41, 3 times"),
        (720, "12m ago", "today 10:30, 3 times"),
        (1.2 * HOUR, "1h ago", "today 09:30, 3 times"),
        (4.3 * HOUR, "4h ago", "today 06:24, 3 times"),
        (9 * HOUR, "9h ago", "today 01:42, 3 times"),
        (1 * DAY, "yesterday", "yesterday 10:42, 3 times"),
        (2 * DAY, "Tue", "Tue 10:42, 3 times"),
        (6 * DAY, "Fri", "Fri 10:42, 3 times"),
        (8 * DAY, "Nov 4", "Nov 4 10:42, 3 times"),
        (400 * DAY, "Oct 2025", "Oct 2025 10:42, 3 times"),
    ],
)
def test_when_something_was_last_used(back: float, short: str, full: str) -> None:
    assert last_used(NOW - back, NOW, UTC) == short
    assert last_used_fully(NOW - back, 3, NOW, UTC) == full


def test_small_words() -> None:
    assert clock(NOW, UTC) == "10:42"
    assert ago(NOW - 18 * 60, NOW) == "18m ago"
    assert ago(NOW - 5, NOW) == "just now"
    assert plural(1, "account") == "1 account"
    assert plural(1284, "target") == "1,284 targets"


# A field.


@examples(200)
@given(
    st.lists(
        st.sampled_from(
            ["a", "b", " ", "\x1b", "left", "right", "home", "end", "backspace", "delete", "ctrl+w", "ctrl+u"]
        ),
        max_size=40,
    )
)
def test_a_field_keeps_its_caret_inside(keys: list[str]) -> None:
    field = Field(limit=12)
    for key in keys:
        field.press(key, key if len(key) == 1 else None)
        assert 0 <= field.at <= len(field.text) <= 12
        assert "\x1b" not in field.text


def test_editing() -> None:
    field = Field()
    field.set("pay prod")
    assert field.press("ctrl+w", None) is True
    assert field.text == "pay "
    assert field.press("backspace", None) is True
    assert field.press("left", None) is False
    assert field.press("x", "x") is True
    assert field.text == "paxy"
    assert field.press("delete", None) is True
    assert field.text == "pax"
    assert field.press("f5", None) is None
    assert field.press("up", None) is None
    assert field.press("left", None, arrows=False) is None


# Grids.


@examples(200)
@given(st.integers(14, 400), st.integers(1, 120))
def test_every_grid_is_in_order(width: int, height: int) -> None:
    grid = Grid.of(width, height)
    at = columns(width - grid.side, side=bool(grid.side))
    starts = [
        start for start in (at.account, at.role, at.env, at.ou, at.id, at.tags, at.last, at.fuse, at.time) if start
    ]
    assert starts == sorted(starts)
    assert len(set(starts)) == len(starts)
    assert at.account_width >= 1
    if at.role:
        assert at.account + at.account_width < at.role
        assert at.role + at.role_width < at.env
    if at.fuse:
        assert at.fuse + at.fuse_width + 7 <= at.time


@pytest.mark.parametrize(
    ("width", "side", "expected"),
    [
        (74, True, {"account": 4, "role": 30, "env": 47, "fuse": 56, "fuse_width": 8, "time": 72}),
        (
            140,
            True,
            {"role": 35, "env": 55, "id": 67, "tags": 82, "last": 101, "fuse": 116, "fuse_width": 14, "time": 138},
        ),
        (80, False, {"role": 31, "env": 50, "fuse": 62, "time": 78, "ou": 0}),
        (100, False, {"role": 31, "env": 48, "ou": 58, "fuse": 79, "time": 98}),
        (96, False, {"ou": 54}),
        (95, False, {"ou": 0}),
    ],
)
def test_columns_stand_where_the_pictures_have_them(width: int, side: bool, expected: dict[str, int]) -> None:
    at = columns(width, side=side)
    assert {name: getattr(at, name) for name in expected} == expected


def test_what_there_is_room_for() -> None:
    assert [Grid.of(width, 36).side for width in (111, 112, 120, 200, 300)] == [0, 46, 46, 60, 60]
    assert [Grid.of(80, height).strip for height in (5, 6, 15, 16, 24)] == [0, 1, 1, 3, 3]
    assert [Grid.of(120, height).airy for height in (29, 30)] == [False, True]


# Keys.


def test_every_key_means_one_thing_wherever_it_can_be_pressed() -> None:
    assert Keys().problems == []
    for one, other in itertools.combinations(ACTIONS, 2):
        if set(one.keys.split(",")) & set(other.keys.split(",")):
            assert not set(one.where.split(", ")) & set(other.where.split(", "))
            assert "everywhere" not in (one.where, other.where)


@pytest.mark.parametrize(
    ("own", "kept", "problem"),
    [
        ({"sessions": "ctrl+b"}, {"sessions": "ctrl+b"}, ""),
        ({"sessions": "ctrl+b, f2"}, {"sessions": "ctrl+b,f2"}, ""),
        ({"fly": "ctrl+b"}, {}, "keys.fly: no such action"),
        ({"pin": "x"}, {}, "keys.pin: x can't be bound, it belongs to the search"),
        ({"pin": "ctrl+o"}, {}, "keys.pin: ctrl+o is taken by console"),
        ({"renew": "enter"}, {}, "keys.renew: enter is taken by shell"),
        ({"pin": "ctrl+x"}, {"pin": "ctrl+x"}, ""),
        ({"pin": "ctrl+\x1b[31mx"}, {}, "keys.pin: ctrl+[31mx is no key"),
        ({"pin": ""}, {}, "keys.pin: an empty key can't be bound, it belongs to the search"),
    ],
)
def test_own_keys(own: dict[str, str], kept: dict[str, str], problem: str) -> None:
    keys = Keys(own)
    assert keys.keymap == kept
    assert keys.problems == ([problem] if problem else [])


def test_two_own_keys_can_change_places() -> None:
    keys = Keys({"console": "ctrl+y", "copy": "ctrl+o"})
    assert keys.problems == []
    assert keys.of("console") == "ctrl+y"
    assert keys.of("copy", brief=True) == "^o"


def test_keys_as_they_are_shown() -> None:
    assert [shown("escape"), shown("pageup"), shown("ctrl+o"), shown("ctrl+o", brief=True)] == [
        "esc",
        "page up",
        "ctrl+o",
        "^o",
    ]
    assert all(action.help[0].islower() and not action.help.endswith(".") for action in ACTIONS)
    assert tuple(action.id for action in ACTIONS) == KEY_ACTIONS
    assert len(BY_ID) == len(ACTIONS)


# Signs and colours.


@pytest.mark.parametrize(
    ("environ", "ascii_only", "expected"),
    [
        ({"LANG": "en_GB.UTF-8"}, False, UNICODE),
        ({"LANG": "en_GB.UTF-8"}, True, ASCII),
        ({"LANG": "de_DE.ISO-8859-1"}, False, ASCII),
        ({"LANG": "C"}, False, ASCII),
        ({"LANG": "C.UTF-8", "LC_ALL": "POSIX"}, False, ASCII),
        ({}, False, UNICODE),
        ({"LANG": "C.UTF-8", "TERM": "linux"}, False, ASCII),
        ({"LANG": "C.UTF-8", "TERM": "dumb"}, False, ASCII),
        ({"LANG": "en_GB.nonsense"}, False, UNICODE),
    ],
)
def test_which_signs_a_terminal_gets(environ: dict[str, str], ascii_only: bool, expected: object) -> None:
    assert choose(environ, ascii_only=ascii_only) is expected


def test_signs_are_one_cell_wide_and_ascii_is_ascii() -> None:
    for glyphs in (UNICODE, ASCII):
        for name in glyphs.__slots__:
            value = getattr(glyphs, name)
            if isinstance(value, str):
                assert cell_len(value) == len(value)
                assert len(value) == (8 if name.endswith("_box") else 1)
    assert all(getattr(ASCII, name).isascii() for name in ASCII.__slots__ if name != "ascii")


def _luminance(style_colour: tuple[int, int, int]) -> float:
    parts = [
        (part / 255 / 12.92) if part / 255 <= 0.03928 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in style_colour
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def _contrast(style: Style) -> float:
    assert style.color is not None
    assert style.bgcolor is not None
    light, dark = sorted(
        (_luminance(style.color.get_truecolor()), _luminance(style.bgcolor.get_truecolor())), reverse=True
    )
    return (light + 0.05) / (dark + 0.05)


INKS = (
    "faint",
    "muted",
    "text",
    "strong",
    "accent",
    "live",
    "warn",
    "danger",
    "orange",
    "yellow",
    "green",
    "teal",
    "blue",
    "violet",
)


@pytest.mark.parametrize("theme", ["dark", "light", "contrast"])
@pytest.mark.parametrize("ground", ["bg", "panel", "field", "sel", "sel-guard"])
def test_text_keeps_its_contrast(theme: str, ground: str) -> None:
    palette = Palette(theme)  # type: ignore[arg-type]
    for ink in INKS:
        assert _contrast(palette.ink(ink, ground)) >= 4.5, (theme, ink, ground)


@pytest.mark.parametrize("theme", ["dark", "light", "contrast"])
def test_a_badge_keeps_its_contrast(theme: str) -> None:
    palette = Palette(theme)  # type: ignore[arg-type]
    for hue in ("danger", "orange", "yellow", "green", "teal", "blue", "violet"):
        assert _contrast(palette.ink("bg", hue, bold=True)) >= 4.5, (theme, hue)


def test_the_256_colours_are_the_table_and_not_the_nearest() -> None:
    dark = Palette("dark", "256")
    assert [getattr(dark.ink(token).color, "number", None) for token in ("line", "accent", "danger", "warn")] == [
        239,
        75,
        203,
        215,
    ]
    assert dark.ink("text", "sel-guard").bgcolor.number == 52  # type: ignore[union-attr]


@pytest.mark.parametrize("theme", THEMES)
def test_every_ink_can_be_had(theme: str) -> None:
    palette = Palette(theme)  # type: ignore[arg-type]
    for ink, ground in itertools.product(
        (*INKS, "line"), ("bg", "panel", "field", "sel", "sel-guard", "danger", "accent")
    ):
        style = palette.ink(ink, ground, True, True)
        assert style.bold
        assert palette.veil(style) is not None
        if theme == "mono":
            assert style.color is None
            assert style.bgcolor is None
        if theme in ("mono", "terminal"):
            assert bool(style.reverse) is (ground in ("danger", "accent"))


def test_an_environment_without_a_colour_is_loud_only_when_guarded() -> None:
    assert hue_of("", guarded=True) == "danger"
    assert hue_of("", guarded=False) == "muted"
    assert hue_of("red", guarded=False) == "danger"
    assert hue_of("Teal", guarded=True) == "teal"
