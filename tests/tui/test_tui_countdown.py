"""Time on the screens: soon and ending on every one of them, by AWS's clock, however this machine's is set."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace

import pytest
from pictures import make_app, settle, type_text, until
from rich.style import Style
from screen import line, strips, text
from stand_in import StandIn
from textual.pilot import Pilot

from xswitch.errors import Denied, VaultUnavailable
from xswitch.tui.app import XswitchApp
from xswitch.tui.glyphs import ASCII
from xswitch.tui.modals.guard import GuardModal
from xswitch.tui.screens.denied import DeniedScreen
from xswitch.tui.screens.help import Help
from xswitch.tui.screens.sessions import Sessions
from xswitch.tui.themes import Palette

SIZES = [(80, 24), (120, 36), (200, 50)]
IDS = [f"{width}x{height}" for width, height in SIZES]
DARK = Palette("dark")


@pytest.fixture(autouse=True)
def _terminal_is_lent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(XswitchApp, "suspend", lambda self: nullcontext())


def ink(app: XswitchApp, words: str, row: int | None = None) -> Style:
    """Return the ink of the first words of that kind on the screen, or on one row of it."""
    for strip in strips(app) if row is None else [strips(app)[row]]:
        for segment in strip:
            if words in segment.text and segment.style is not None:
                return segment.style
    raise AssertionError(f"{words!r} is not on the screen:\n{text(app)}")


async def pass_time(pilot: Pilot[int | str], engine: StandIn, seconds: float) -> None:
    engine.time += seconds
    app = pilot.app
    assert isinstance(app, XswitchApp)
    for _ in range(3):
        app.second()
    await settle(pilot)


async def open_help(pilot: Pilot[int | str], engine: StandIn) -> None:
    await pilot.press("f1")
    await until(pilot, lambda: isinstance(pilot.app.screen, Help))


async def open_sessions(pilot: Pilot[int | str], engine: StandIn) -> None:
    await pilot.press("ctrl+s")
    await until(pilot, lambda: isinstance(pilot.app.screen, Sessions))


async def open_denial(pilot: Pilot[int | str], engine: StandIn) -> None:
    engine.raises = Denied("denied", aws_code="AccessDenied", aws_message="no", target="web-dev/PowerUser")
    await type_text(pilot, "web-dev")
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, DeniedScreen))


async def stay(pilot: Pilot[int | str], engine: StandIn) -> None:
    return


@pytest.mark.parametrize("size", SIZES, ids=IDS)
@pytest.mark.parametrize("way", [stay, open_sessions, open_help, open_denial])
async def test_every_header_names_what_ends(size: tuple[int, int], way: Callable[..., object]) -> None:
    engine = StandIn()
    app = make_app(engine)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await way(pilot, engine)  # type: ignore[misc]
        assert "data-lake-prod/Analyst ends in" not in text(app)
        await pass_time(pilot, engine, 9 * 60)
        assert "! data-lake-prod/Analyst ends in 15m" in line(app, "xswitch")
        soon = ink(app, "ends in 15m", 0)
        assert soon.bold and soon.color == DARK.ink("warn", "bg", bold=True).color
        await pass_time(pilot, engine, 10 * 60)
        assert " data-lake-prod/Analyst ends in 5m " in strips(app)[0].text
        assert ink(app, "ends in 5m", 0).bgcolor == DARK.ink("bg", "danger", bold=True).bgcolor
        await pass_time(pilot, engine, 132)
        assert "ends in 2m 48s" in line(app, "xswitch")
        await pass_time(pilot, engine, 168)
        assert "data-lake-prod/Analyst ends in" not in text(app)
        assert "next ends in 18m" in line(app, "xswitch") or size[0] < 112
        app.exit(0)


@pytest.mark.parametrize("size", SIZES, ids=IDS)
@pytest.mark.parametrize("screen", ["picker", "sessions"])
async def test_a_row_goes_from_calm_to_soon_to_ending(size: tuple[int, int], screen: str) -> None:
    engine = StandIn()
    engine._live = engine._live[:1]
    app = make_app(engine)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        if screen == "sessions":
            await open_sessions(pilot, engine)

        def row() -> int:
            shown = text(app).splitlines()
            return next(n for n, words in enumerate(shown) if n and "data-lake-prod" in words and "Analyst" in words)

        assert "24m" in text(app).splitlines()[row()] and "! 24m" not in text(app)
        await pass_time(pilot, engine, 13 * 60)
        soon = ink(app, "! 11m", row())
        assert soon.bold and soon.color == DARK.ink("warn", "bg", bold=True).color
        await pass_time(pilot, engine, 8 * 60 + 12)
        ending = ink(app, " 2m 48s ", row())
        assert ending.bgcolor == DARK.ink("bg", "danger", bold=True).bgcolor
        for words in ("2m 47s", "2m 46s"):
            await pass_time(pilot, engine, 1)
            assert f" {words} " in strips(app)[row()].text
        app.exit(0)


@pytest.mark.parametrize("size", SIZES, ids=IDS)
async def test_the_pane_and_the_strip_count_down_too(size: tuple[int, int]) -> None:
    engine = StandIn()
    app = make_app(engine)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await type_text(pilot, "sandbox-ada")
        engine._live = [replace(one, expires=engine.time + 24 * 60, duration=3600) for one in engine._live[3:]]
        await pass_time(pilot, engine, 0)
        words = "{} left" if size[0] >= 112 else "live, {} left"
        assert words.format("24m") in text(app)
        await pass_time(pilot, engine, 13 * 60)
        assert ink(app, f"! {words.format('11m')}").bold
        await pass_time(pilot, engine, 8 * 60 + 12)
        badge = ink(app, f" {words.format('2m 48s')} ")
        assert badge.bgcolor == DARK.ink("bg", "danger", bold=True).bgcolor
        await pass_time(pilot, engine, 168)
        assert words.format("0s") not in text(app)
        app.exit(0)


async def test_the_pane_says_what_ended() -> None:
    app = make_app(StandIn(sessions="board", skew=200))
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await type_text(pilot, "web-dev PowerUser")
        assert "ended 18m ago" in text(app)
        app.exit(0)


@pytest.mark.parametrize("size", SIZES, ids=IDS)
async def test_it_counts_down_behind_a_question(size: tuple[int, int]) -> None:
    engine = StandIn()
    app = make_app(engine)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await type_text(pilot, "payments prod deploy")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, GuardModal))
        await until(pilot, lambda: "ReadOnly of this account is live, 42m left" in text(app))
        await pass_time(pilot, engine, 13 * 60)
        # What is under a question is painted with the next frame.
        await until(pilot, lambda: "! data-lake-prod/Analyst ends in 11m" in line(app, "xswitch"))
        assert "29m left" in text(app)
        await pass_time(pilot, engine, 8 * 60 + 12)
        await until(pilot, lambda: "data-lake-prod/Analyst ends in 2m 48s" in line(app, "xswitch"))
        engine.time += 21 * 60
        app.second()
        await settle(pilot)
        assert "take it" not in text(app), "what is over is no longer offered"
        await pilot.press("ctrl+t")
        await settle(pilot)
        assert isinstance(app.screen, GuardModal)
        await pilot.press("escape")
        await settle(pilot)
        assert engine.shells == []
        app.exit(0)


async def test_coming_back_from_a_shell_shows_the_time_as_it_is_then(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = StandIn(sessions="board")

    def shell(session: object, program: str = "", **_: object) -> int:
        engine.time += 100
        return 0

    monkeypatch.setattr(engine, "shell", shell)
    app = make_app(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await open_sessions(pilot, engine)
        assert "identity-hub/Hub ends in 2m 48s" in line(app, "xswitch")
        await pilot.press("down", "down", "down", "down", "down", "enter")
        await until(pilot, lambda: "back from sandbox-ada/Admin" in text(app))
        assert "identity-hub/Hub ends in 1m 08s" in line(app, "xswitch")
        assert "! 9m" in line(app, "data-lake-prod")
        await pilot.press("escape")
        await settle(pilot)
        assert "identity-hub/Hub ends in 1m 08s" in line(app, "xswitch")
        app.exit(0)


async def test_what_ends_is_named_even_where_the_vault_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> tuple[()]:
        raise VaultUnavailable("the vault belongs to another user", "chown it")

    engine = StandIn(sessions="board", skew=200)
    app = make_app(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        monkeypatch.setattr(engine, "live", fail)
        await pass_time(pilot, engine, 1)
        first = line(app, "xswitch")
        assert "! the vault belongs to another user" in first
        assert "identity-hub/Hub ends in 2m 47s" in first
        assert "this clock" not in first, "one warning at a time"
        app.exit(0)


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (160, " warehouse-prod-eu-central-2/Deploy ends in 2m 48s, 1 more soon "),
        (100, " warehouse-prod-eu-central-2/Deploy ends in 2m 48s "),
        (64, " warehouse-prod-eu-central-2/Deploy ends in 2m 48s "),
        (54, " warehouse-p…ral-2/Deploy ends in 2m 48s "),
        (40, " warehou…2/Deploy 2m 48s "),
        (20, " warehou…y 2m 48s "),
    ],
)
async def test_a_name_that_ends_is_cut_in_its_middle(width: int, shown: str) -> None:
    engine = StandIn()
    one = engine._session("warehouse-prod-eu-central-2/Deploy", 168, 3600, "no code", ())
    other = engine._session("web-prod/Deploy", 200, 3600, "no code", ())
    calm = engine._session("sandbox-ada/Admin", 120, 900, "no code", ())
    engine._live = [other, one, calm]
    app = make_app(engine)
    async with app.run_test(size=(width, 24)) as pilot:
        await settle(pilot)
        assert shown in strips(app)[0].text
        assert strips(app)[0].cell_length == width
        app.exit(0)


# A clock that is wrong.


@pytest.mark.parametrize(
    ("skew", "words"),
    [
        (200.0, "! this clock is 3m 20s behind AWS, the time left is AWS's"),
        (-3 * 3600.0, "! this clock is 3h ahead of AWS, the time left is AWS's"),
        (31.0, "! this clock is 31s behind AWS"),
        (29.0, ""),
        (-29.0, ""),
        (0.0, ""),
    ],
)
async def test_the_header_says_how_far_the_clock_is_off(skew: float, words: str) -> None:
    app = make_app(StandIn(skew=skew))
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        first = line(app, "xswitch")
        assert words in first
        if words:
            assert ink(app, "this clock", 0).color == DARK.ink("warn", "bg", bold=True).color
        else:
            assert "clock" not in first
        app.exit(0)


@pytest.mark.parametrize(
    ("width", "words"), [(200, "AWS's"), (80, "this clock is 3m 20s behind AWS"), (40, "clock 3m 20s behind")]
)
async def test_the_warning_fits(width: int, words: str) -> None:
    app = make_app(StandIn(skew=200), glyphs=ASCII)
    async with app.run_test(size=(width, 24)) as pilot:
        await settle(pilot)
        assert words in text(app).splitlines()[0]
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert words in text(app).splitlines()[0]
        app.exit(0)


@pytest.mark.parametrize("skew", [200.0, -3 * 3600.0])
async def test_time_left_is_awss_and_times_of_day_are_those_of_this_clock(skew: float) -> None:
    """A session that AWS ends at 10:53:13 ends at 10:49:53 on a clock that is 3m 20s behind."""
    engine = StandIn(sessions="board", skew=skew)
    app = make_app(engine)
    ends = {200.0: "10:49", -3 * 3600.0: "13:53"}[skew]
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await open_sessions(pilot, engine)
        row = text(app).splitlines()[8]
        assert "data-lake-prod/Analyst" in row
        assert "! 11m" in row and ends in row and "shell, 49m" in row
        assert "by you, just now" in text(app) and "18m ago" in text(app)
        await pilot.press("down")
        assert f"data-lake-prod/Analyst ends at {ends}" in text(app)
        await pilot.press("down", "down", "ctrl+r")
        await until(pilot, lambda: "is renewed until" in text(app))
        assert {200.0: "renewed until 11:38", -3 * 3600.0: "renewed until 14:42"}[skew] in text(app)
        await pilot.press("escape")
        await settle(pilot)
        await type_text(pilot, "payments prod ReadOnly")
        assert "42m left" in text(app)
        assert {200.0: "ends 11:20", -3 * 3600.0: "ends 14:24"}[skew] in text(app)
        assert "today" in line(app, "last used")
        app.exit(0)


async def test_a_clock_found_off_while_waiting_does_not_make_the_wait_longer() -> None:
    engine = StandIn()
    engine.hold = threading.Event()
    app = make_app(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await type_text(pilot, "sandbox-ada")
        await pilot.press("enter")
        await until(pilot, lambda: "asking AWS, 0s" in text(app))
        engine.time, engine.skew = engine.time + 500, 500
        await pass_time(pilot, engine, 2)
        assert "asking AWS, 2s" in text(app)
        assert "this clock is 8m behind AWS" in text(app)
        engine.hold.set()
        await until(pilot, lambda: bool(engine.shells))
        app.exit(0)


@pytest.mark.parametrize("skew", [200.0, -200.0])
async def test_a_wait_is_counted_by_this_clock(skew: float) -> None:
    engine = StandIn(skew=skew)
    engine.hold = threading.Event()
    app = make_app(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await type_text(pilot, "sandbox-ada")
        await pilot.press("enter")
        await until(pilot, lambda: "asking AWS, 0s" in text(app))
        await pass_time(pilot, engine, 3)
        assert "asking AWS, 3s" in text(app)
        engine.hold.set()
        await until(pilot, lambda: bool(engine.shells))
        app.exit(0)


@pytest.mark.parametrize("width", [20, 40, 60])
async def test_what_ends_goes_before_what_is_amiss(width: int) -> None:
    app = make_app(StandIn(sessions="board", skew=200))
    async with app.run_test(size=(width, 24)) as pilot:
        await settle(pilot)
        assert "2m 48s " in strips(app)[0].text
        assert ("clock" in strips(app)[0].text) is (width == 60)
        assert ("xswitch" in strips(app)[0].text) is (width > 20)
        app.exit(0)


# Why a session is shorter, and what renewing needs.


@pytest.mark.parametrize(
    ("size", "row", "below"),
    [
        ((200, 50), "1h, the role's maximum; 4h was asked for", "1h, the role's maximum; 4h was asked for"),
        ((120, 36), "not 4h: the role's maximum", "1h, the role's maximum; 4h was asked for"),
        ((100, 36), "4h was asked for", "1h, the role's maximum; 4h was asked for"),
        ((80, 36), "1h, the role's maximum; 4h was asked for", "1h, the role's maximum; 4h was asked for"),
        ((80, 24), "", "1h, the role's maximum; 4h was asked for"),
        ((60, 24), "", "not 4h: the role's maximum"),
    ],
)
async def test_the_board_says_why_a_session_is_shorter(size: tuple[int, int], row: str, below: str) -> None:
    app = make_app(StandIn(sessions="board"))
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await open_sessions(pilot, StandIn())
        await pilot.press("down", "down")
        await settle(pilot)
        rows = strips(app)
        assert all(strip.cell_length == size[0] for strip in rows)
        shown = [strip.text.rstrip() for strip in rows]
        at = next(n for n, words in enumerate(shown) if "payments-prod/ReadOnly" in words)
        assert row in shown[at + 1] and ("of 1h" in shown[at + 1]) is bool(row)
        assert below in "\n".join(shown[-5:-2])
        assert "payments-prod/ReadOnly ends at 11:24 and three users with it" in text(app) or size[0] < 80
        assert text(app).count("was asked for") + text(app).count("not 4h") == 1 + bool(row), "of one session alone"
        app.exit(0)


async def test_the_board_says_what_renewing_needs() -> None:
    app = make_app(StandIn(sessions="board"))
    needs = {
        "identity-hub/Hub": ("no code", "renews it, no code"),
        "data-lake-prod/Analyst": ("confirm", "renews it once you confirm again"),
        "log-archive/LogReader": ("a login", "renews it with a login"),
        "payments-staging/Admin": ("by itself", "It renews by itself before that."),
        "sandbox-ada/Admin": ("a code", "renews it with a code"),
    }
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await open_sessions(pilot, StandIn())
        for name, (column, below) in needs.items():
            await pilot.press("ctrl+u")
            await type_text(pilot, name)
            row = next(strip.text for strip in strips(app)[4:] if name in strip.text)
            assert row[109:].rstrip() == column
            assert below in text(app)
        app.exit(0)


# What a second costs.


async def test_a_second_repaints_the_screen_in_sight_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a hidden screen repaints, Textual answers with a whole frame of the one on top."""
    engine = StandIn(sessions="board")
    app = make_app(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await open_sessions(pilot, engine)
        sent: list[int] = []
        board = app.screen
        refresh = type(board).refresh

        def count(self: object, *regions: object, **more: object) -> object:
            sent.append(len(regions))
            return refresh(self, *regions, **more)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr(type(board), "refresh", count)
            for _ in range(4):
                engine.time += 1
                app.second()
                await settle(pilot)
        assert sent == []
        assert "2m 44s" in text(app)
        await pilot.press("escape")
        await settle(pilot)
        assert "identity-hub/Hub ends in 2m 44s" in line(app, "xswitch"), "the picker looks at the time again"
        app.exit(0)
