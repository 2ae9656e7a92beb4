"""Permission sets on the screens: in the list and beside it, opened, on the board, and where nobody is signed in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from pictures import settle, type_text, until
from screen import text

sys.path.insert(0, str(Path(__file__).parents[1] / "sandbox"))
from portal_house import PortalHouse

from xswitch.session.model import Session
from xswitch.tui.app import XswitchApp


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PortalHouse]:
    monkeypatch.setattr(XswitchApp, "suspend", lambda self: nullcontext())
    made = PortalHouse(tmp_path)
    yield made
    made.close()


async def test_a_permission_set_is_listed_opened_and_counted_down(
    house: PortalHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.sign_in()
    engine = house.engine()
    shells: list[Session] = []
    monkeypatch.setattr(engine, "shell", lambda session, **_: (shells.append(session), 0)[1])
    app = XswitchApp(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await type_text(pilot, "staging ViewOnly")
        await until(pilot, lambda: "Identity Center, corp" in text(app))
        shown = text(app)
        for words in ("payments-staging", "no login wanted", "1h, or more, as its", "without a code"):
            assert words in shown, shown
        assert "external id" not in shown
        await pilot.press("enter")
        await until(pilot, lambda: len(shells) == 1)
        assert shells[0].arn.endswith("/ada")
        await until(pilot, lambda: "1 live" in text(app))
        await until(pilot, lambda: "8h, as its permission set" in text(app))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "7h59m" in text(app).replace(" ", ""))
        app.exit(0)


async def test_where_nobody_is_signed_in_it_says_so_before_and_after_enter(house: PortalHouse) -> None:
    app = XswitchApp(house.engine())
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await type_text(pilot, "staging ViewOnly")
        await until(pilot, lambda: "nobody is signed in" in text(app))
        assert "needs a login first" in text(app)
        assert "xswitch identity login corp" in text(app)
        assert "asks for a login" in text(app)
        await pilot.press("enter")
        await until(pilot, lambda: "nobody is signed in to corp" in text(app))
        assert house.calls() == []
        app.exit(0)


async def test_a_chain_shows_both_steps(house: PortalHouse) -> None:
    house.sign_in()
    app = XswitchApp(house.engine())
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await type_text(pilot, "hub Via")
        await until(pilot, lambda: "assumed first" in text(app))
        assert "identity-hub/ViewOnly" in text(app)
        assert "1h, as every chain does" in text(app)
        assert "2 calls" in text(app)
        app.exit(0)
