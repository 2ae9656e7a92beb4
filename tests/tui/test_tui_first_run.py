"""Where there is no catalog yet: what was found, and the ways in that there are."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
from pictures import make_app, settle
from screen import line, strips, text
from stand_in import StandIn

from xswitch.tui import terminal
from xswitch.tui.app import XswitchApp
from xswitch.tui.screens import first_run


class Empty(StandIn):
    first_run = True


@pytest.fixture
def engine(tmp_path: Path) -> Empty:
    engine = Empty(tmp_path)
    engine.environ = {**engine.environ, "HOME": str(tmp_path)}
    return engine


async def test_it_says_what_is_there(engine: Empty, tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("[default]\n")
    app = make_app(engine)
    async with app.run_test(size=(160, 36)) as pilot:
        await settle(pilot)
        assert "No catalog yet. These are the ways in." in text(app)
        assert str(tmp_path / "config" / "catalog.toml") in text(app)
        assert f"{tmp_path}/.aws/config is here" in text(app)
        await pilot.press("down", "down", "enter")
        assert "importing profiles comes with a later version" in line(app, "enter: ")
        await pilot.press("escape")
        await settle(pilot)
        assert app.return_value == 0


async def test_the_example_is_copied_and_is_a_catalog(
    engine: Empty, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    taken: list[str] = []
    app = make_app(engine)
    monkeypatch.setattr(app, "write_to_terminal", lambda secret: taken.append(secret.reveal()))
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("down", "enter")
        await settle(pilot)
        assert len(taken) == 1
        assert "copied (by the terminal)" in text(app)
        app.exit(0)
    from xswitch.catalog import load
    from xswitch.paths import Paths

    paths = Paths.of({"XSWITCH_HOME": str(tmp_path / "home")})
    paths.config.mkdir(parents=True)
    paths.catalog_file.write_text(first_run.EXAMPLE)
    assert [target.name for target in load(paths).targets] == ["payments-dev/ReadOnly"]


async def test_enter_opens_the_practice_organization(engine: Empty, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(terminal, "run_command", lambda app, argv, shown: ran.append(argv))
    monkeypatch.setattr(XswitchApp, "suspend", lambda self: nullcontext())
    app = make_app(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert ran and ran[0][1:] == ["-P", "-m", "xswitch", "demo"]
        app.exit(0)


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (40, 12), (20, 8)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_it_fits(engine: Empty, size: tuple[int, int]) -> None:
    app = make_app(engine)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        for _ in range(3):
            assert {row.cell_length for row in strips(app)} == {size[0]}
            await pilot.press("down")
        app.exit(0)
