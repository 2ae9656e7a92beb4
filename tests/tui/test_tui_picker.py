"""The picker: what a person sees and what their keys do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from typing import Any

import pytest
from pictures import make_app, settle, type_text, until
from screen import line, strips, text
from stand_in import StandIn
from textual.pilot import Pilot

from xswitch.tui.app import XswitchApp
from xswitch.tui.glyphs import ASCII, UNICODE
from xswitch.tui.screens.picker import Picker
from xswitch.tui.screens.sessions import Sessions
from xswitch.tui.themes import THEMES, Palette


@pytest.fixture(autouse=True)
def _terminal_is_lent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A headless terminal can't be suspended; the real one is tested on a pty."""
    monkeypatch.setattr(XswitchApp, "suspend", lambda self: nullcontext())


@asynccontextmanager
async def running(
    engine: StandIn | None = None, size: tuple[int, int] = (120, 36), **more: Any
) -> AsyncIterator[tuple[Pilot[int | str], XswitchApp, StandIn]]:
    engine = engine or StandIn()
    app = make_app(engine, **more)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        yield pilot, app, engine
        if app.is_running:
            app.exit(0)


def picker(app: XswitchApp) -> Picker:
    assert isinstance(app.screen, Picker)
    return app.screen


async def test_typing_narrows_and_escape_clears_then_leaves() -> None:
    async with running() as (pilot, app, _):
        assert "1,284 targets" in text(app)
        await type_text(pilot, "pay prod")
        assert "12 of 1,284" in text(app)
        await pilot.press("escape")
        assert "1,284 targets" in text(app)
        await pilot.press("escape")
        await settle(pilot)
        assert app.return_value == 0


async def test_ctrl_c_leaves_as_cancelled() -> None:
    async with running() as (pilot, app, _):
        await pilot.press("ctrl+c")
        await settle(pilot)
        assert app.return_value == 130


async def test_question_mark_is_help_on_an_empty_search_and_a_letter_in_another() -> None:
    async with running() as (pilot, app, _):
        await pilot.press("question_mark")
        await settle(pilot)
        assert "Picker, sessions" in text(app)
        await pilot.press("escape")
        await settle(pilot)
        await pilot.press("p", "question_mark", "colon")
        assert picker(app).list.field.text == "p?:"


async def test_the_commands_have_room_for_their_words_and_rank_by_label() -> None:
    app = make_app(StandIn())
    async with app.run_test(size=(200, 50)) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+p")
        await settle(pilot)
        assert "fold or open opens a folded group" in text(app)
        assert text(app).count("pins the target to the top") == 1
        await type_text(pilot, "sess")
        await settle(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Sessions))
        app.exit(0)


async def test_why_a_key_can_not_work_goes_at_the_next_key() -> None:
    app = make_app(StandIn())
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await type_text(pilot, "qqqqqqqqq")
        await pilot.press("enter")
        await settle(pilot)
        assert "enter: no target is under the cursor" in text(app)
        await pilot.press("ctrl+u")
        await settle(pilot)
        assert "no target is under the cursor" not in text(app)
        app.exit(0)


async def test_a_long_role_of_the_same_account_has_the_room_that_is_there() -> None:
    engine = StandIn()
    first = engine.by_name["payments-prod/ReadOnly"]
    targets = tuple(
        replace(one, role="WantsSourceIdentity") if one.name == "payments-prod/Audit" else one
        for one in engine.catalog.targets
    )
    engine.catalog = replace(engine.catalog, targets=targets)
    app = make_app(engine, query=f"{first.account.name} readonly")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "Same account" in text(app))
        assert "WantsSourceIdentity " in text(app)
        app.exit(0)


async def test_colon_lists_commands_and_runs_one() -> None:
    async with running() as (pilot, app, _):
        await pilot.press("colon")
        await settle(pilot)
        assert "commands" in text(app)
        await type_text(pilot, "sessions")
        await pilot.press("enter")
        await settle(pilot)
        assert "Search sessions" in text(app)


async def test_the_cursor_skips_heads_and_blanks() -> None:
    async with running() as (pilot, app, _):
        seen = []
        for _ in range(9):
            target = picker(app).target
            assert target is not None
            seen.append(target.name)
            await pilot.press("down")
        assert seen[:4] == [
            "payments-prod/ReadOnly",
            "payments-prod/Deploy",
            "identity-hub/Hub",
            "payments-staging/Admin",
        ]
        await pilot.press("up", "ctrl+k", "ctrl+j", *["up"] * 30)
        assert picker(app).list.cursor == 1
        assert "Pinned" in text(app)


async def test_left_folds_a_group_and_right_opens_it() -> None:
    async with running(size=(120, 50)) as (pilot, app, _):
        await pilot.press(*["down"] * 8)
        assert "▾ Infrastructure" in text(app)
        await pilot.press("left")
        assert "▸ Infrastructure" in text(app)
        assert "dns-shared" not in text(app)
        assert picker(app).target is None
        await pilot.press("right")
        assert "▾ Infrastructure" in text(app)
        target = picker(app).target
        assert target is not None
        assert target.account.ou == "Infrastructure"
        await pilot.press("left", "enter")
        assert "▾ Infrastructure" in text(app)


async def test_nothing_matches_and_the_nearest_is_taken() -> None:
    async with running() as (pilot, app, _):
        await type_text(pilot, "env:staging shipmnts payrol")
        shown = text(app)
        assert 'Nothing matches "shipmnts payrol" in env:staging.' in shown
        assert "A role ARN, an account id or a console URL can be pasted too." in shown
        await pilot.press("escape")
        await type_text(pilot, "env:staging paymentsx9")
        assert "ctrl+t take it" in text(app)
        await pilot.press("ctrl+t")
        assert picker(app).target is not None


async def test_a_key_that_cannot_work_says_why() -> None:
    async with running() as (pilot, app, _):
        await pilot.press("ctrl+o")
        assert "ctrl+o: the console comes with a later version" in text(app)
        await pilot.press("ctrl+e")
        assert "ctrl+e: nothing was denied here yet" in text(app)
        await type_text(pilot, "zzzzzz")
        await pilot.press("ctrl+y")
        assert "ctrl+y: no target is under the cursor" in text(app)


async def test_a_pin_moves_to_the_top_and_back() -> None:
    async with running() as (pilot, app, engine):
        await type_text(pilot, "web-dev")
        await pilot.press("ctrl+f")
        assert "web-dev/PowerUser is pinned to the top" in text(app)
        assert engine.pins()[-1] == "web-dev/PowerUser"
        await pilot.press("escape")
        head = text(app).split("Recent")[0]
        assert "web-dev" in head
        await type_text(pilot, "web-dev")
        await pilot.press("ctrl+f")
        assert engine.pins()[-1] != "web-dev/PowerUser"


async def test_choosing_returns_the_name() -> None:
    async with running(choosing=True, query="payments-staging admin") as (pilot, app, engine):
        assert "enter choose" in text(app)
        await pilot.press("enter")
        await settle(pilot)
        assert app.return_value == "payments-staging/Admin"
        assert engine.opened == []


async def test_the_mouse_selects_opens_and_presses_keys() -> None:
    async with running() as (pilot, app, engine):
        row = next(y for y, shown in enumerate(text(app).splitlines()) if "payments-staging" in shown)
        await pilot.click(offset=(6, row))
        target = picker(app).target
        assert target is not None
        assert target.name == "payments-staging/Admin"
        await pilot.click(offset=(6, row), times=2)
        await until(pilot, lambda: engine.shells == ["payments-staging/Admin"])
        at = line(app, "ctrl+s sessions").index("ctrl+s")
        await pilot.click(offset=(at + 1, 35))
        await settle(pilot)
        assert "Search sessions" in text(app)


async def test_the_wheel_scrolls_and_keeps_the_cursor_in_sight() -> None:
    async with running() as (pilot, app, _):
        box = picker(app).list
        for _ in range(6):
            await pilot._post_mouse_events(
                [__import__("textual.events", fromlist=["x"]).MouseScrollDown], box, offset=(5, 9)
            )
        await settle(pilot)
        assert box.first == 18
        assert box.first <= box.cursor < box.first + box.room


async def test_pasted_text_is_one_line_and_safe() -> None:
    async with running() as (pilot, app, _):
        box = picker(app).list
        from textual import events

        box.post_message(events.Paste("arn:aws:iam::444455556666:role/\x1b[31mReadOnly\n"))
        await settle(pilot)
        assert "\x1b" not in box.field.text
        assert "\n" not in box.field.text
        await pilot.press("ctrl+u")
        box.post_message(events.Paste("arn:aws:iam::444455556666:role/ReadOnly"))
        await settle(pilot)
        target = picker(app).target
        assert target is not None
        assert target.name == "payments-prod/ReadOnly"


SIZES = (
    (120, 36),
    (112, 16),
    (111, 30),
    (200, 50),
    (100, 30),
    (80, 24),
    (72, 20),
    (60, 15),
    (40, 12),
    (20, 8),
    (10, 4),
    (1, 1),
)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_every_size_is_filled_to_the_cell(size: tuple[int, int]) -> None:
    async with running(size=size) as (pilot, app, _):
        for keys in (
            (),
            ("p", "a", "y"),
            ("z", "q", "9"),
            ("escape", "ctrl+s"),
            ("escape", "f1"),
            ("escape", "ctrl+p"),
        ):
            await pilot.press(*keys)
            await settle(pilot)
            rows = strips(app)
            assert len(rows) == size[1]
            assert {row.cell_length for row in rows} == {size[0]}


async def test_growing_and_shrinking() -> None:
    async with running() as (pilot, app, _):
        await type_text(pilot, "pay prod")
        await pilot.press("down")
        for size in ((80, 24), (200, 50), (40, 12), (120, 36)):
            await pilot.resize_terminal(*size)
            await settle(pilot)
            assert {row.cell_length for row in strips(app)} == {size[0]}
            target = picker(app).target
            assert target is not None
            assert target.name == "payments-prod/Deploy"


@pytest.mark.parametrize("theme", THEMES)
async def test_ascii_is_ascii(theme: str) -> None:
    async with running(palette=Palette(theme), glyphs=ASCII, query="pay prod") as (pilot, app, _):  # type: ignore[arg-type]
        await pilot.press("down")
        for keys in ((), ("ctrl+s",), ("f1",)):
            await pilot.press(*keys)
            await settle(pilot)
            assert text(app).isascii(), text(app)


def _production() -> Iterator[tuple[str, bool]]:
    yield "payments-prod", True
    yield "payments-staging", False


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
async def test_production_is_unmistakable_without_colour(glyphs: Any) -> None:
    async with running(palette=Palette("mono"), glyphs=glyphs, query="pay admin|prod", size=(100, 30)) as (
        pilot,
        app,
        _,
    ):
        await pilot.press(*["backspace"] * 20)
        await type_text(pilot, "pay prod")
        await pilot.press("down", "down")
        for name, guarded in _production():
            row = next(strip for strip in strips(app) if f" {name} " in strip.text)
            assert row.text.startswith(glyphs.guarded) is guarded
            reversed_words = [segment.text.strip(" []") for segment in row if segment.style and segment.style.reverse]
            assert ("PROD" in reversed_words) is guarded
            assert ("staging" in row.text) is not guarded
            assert all(segment.style is None or segment.style.color is None for segment in row)


async def test_hostile_names_reach_no_terminal() -> None:
    engine = StandIn()
    hostile = "$(touch pwned)\x1b]0;owned\x07\u202e\u200bx\x9b31m"
    first = engine.catalog.targets[0]
    evil = replace(first, account=replace(first.account, name=hostile, ou="Ev\x1b[2Jil"), role="Ro\x1b[31mle")
    engine.catalog = replace(engine.catalog, targets=(evil, *engine.catalog.targets[1:]))
    engine._pins = [evil.name]
    engine.by_name[evil.name] = evil
    async with running(engine) as (pilot, app, _):
        shown = text(app)
        assert "$(touch pwned)" in shown
        assert "'$(touch pwned)" in shown.replace("\n", "")  # the command quotes it
        for letter in "\x1b\x07\u202e\u200b\x9b":
            assert letter not in shown
        await type_text(pilot, "touch")
        assert not {"\x1b", "\u202e"} & set(text(app))


async def test_a_second_repaints_only_what_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as (pilot, app, engine):
        drawn: list[int] = []
        box = picker(app).list
        paint = type(box).refresh_item
        monkeypatch.setattr(
            type(box), "refresh_item", lambda self, number: (drawn.append(number), paint(self, number))[1]
        )
        app.second()
        assert drawn == []
        engine.time += 60
        app.second()
        await settle(pilot)
        assert {box.items[number].row for number in drawn} == {
            app.desk.number_of[name]
            for name in (
                "payments-prod/ReadOnly",
                "payments-staging/Admin",
                "data-lake-prod/Analyst",
                "sandbox-ada/Admin",
            )
        }
        assert "PROD     ━━━━━╸╌╌     41m" in text(app)


async def test_what_ends_is_named_in_the_header() -> None:
    async with running() as (pilot, app, engine):
        engine.time += 13 * 60
        app.second()
        await settle(pilot)
        assert "! data-lake-prod/Analyst ends in 11m" in text(app)
        engine.time += 7 * 60
        app.second()
        await settle(pilot)
        assert "data-lake-prod/Analyst ends in 4m" in text(app)
        engine.time += 5 * 60
        for _ in range(3):
            app.second()
        await settle(pilot)
        assert "3 live" in text(app)


async def test_no_color_by_its_mere_presence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    engine = StandIn()
    app = XswitchApp(engine, glyphs=UNICODE)  # type: ignore[arg-type]
    assert app.desk.palette.name == "mono"


@pytest.mark.parametrize(
    ("variables", "name", "kind"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "dark", "TRUECOLOR"),
        ({"TERM": "xterm-256color", "COLORTERM": ""}, "dark", "EIGHT_BIT"),
        ({"TERM": "xterm", "COLORTERM": ""}, "terminal", "STANDARD"),
    ],
)
async def test_colours_fit_the_terminal(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], name: str, kind: str
) -> None:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    app = XswitchApp(StandIn(), glyphs=UNICODE)  # type: ignore[arg-type]
    assert app.desk.palette.name == name
    colour = app.desk.palette.ink("danger").color
    assert colour is not None
    assert colour.type.name == kind


async def test_own_keys_and_clashes() -> None:
    async with running(keys={"sessions": "ctrl+b", "end": "ctrl+s", "pin": "x"}) as (pilot, app, _):
        assert "keys.pin: x can't be bound, it belongs to the search" in text(app)
        await pilot.press("ctrl+s")
        assert isinstance(app.screen, Picker)
        await pilot.press("ctrl+b")
        await settle(pilot)
        assert "Search sessions" in text(app)
        assert "ctrl+s end" in text(app)
