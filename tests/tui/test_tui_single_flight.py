"""One switch at a time: keys pressed again, on other screens, or after stopping make no second call."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from pictures import make_app, settle, type_text, until
from screen import text
from stand_in import StandIn

from xswitch.engine import Engine
from xswitch.paths import Paths
from xswitch.sandbox import Sandbox, practice
from xswitch.secret import Secret
from xswitch.session.model import Session
from xswitch.tui.app import XswitchApp
from xswitch.tui.screens.sessions import Sessions


@pytest.fixture(autouse=True)
def _terminal_is_lent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(XswitchApp, "suspend", lambda self: nullcontext())


@pytest.fixture
def held() -> Iterator[StandIn]:
    """An engine that waits for AWS until ``hold`` is set."""
    engine = StandIn()
    engine.hold = threading.Event()
    yield engine
    engine.hold.set()


async def test_a_second_press_says_what_is_under_way(held: StandIn) -> None:
    app = make_app(held)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await type_text(pilot, "sandbox-ada")
        await pilot.press("enter")
        await until(pilot, lambda: "asking AWS, 0s" in text(app))
        assert "is under way" not in text(app)
        held.time += 3
        await pilot.press("enter")
        await settle(pilot)
        assert "sandbox-ada/Admin is under way: asking AWS, 3s  esc stops waiting" in text(app)
        held.time += 7
        app.second()
        await settle(pilot)
        assert "  asking AWS, 10s  esc stops waiting" in text(app)
        assert held.opened == [("sandbox-ada/Admin", False)]
        assert held.hold is not None
        held.hold.set()
        await until(pilot, lambda: held.shells == ["sandbox-ada/Admin"])
        assert "asking AWS" not in text(app)
        await pilot.press("enter")
        await until(pilot, lambda: len(held.shells) == 2)
        app.exit(0)


async def test_another_screen_shows_what_is_waited_for_and_starts_nothing_else(held: StandIn) -> None:
    app = make_app(held)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await type_text(pilot, "sandbox-ada")
        await pilot.press("enter")
        await until(pilot, lambda: "asking AWS" in text(app))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, Sessions))
        assert "asking AWS, 0s  esc stops waiting" in text(app)
        held.time += 2
        for key in ("enter", "ctrl+r", "ctrl+y"):
            await pilot.press(key)
            await settle(pilot)
            assert "sandbox-ada/Admin is under way: asking AWS, 2s" in text(app)
        assert held.opened == [("sandbox-ada/Admin", False)]
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(app.screen, Sessions), "the first esc stops waiting, on every screen"
        assert "stopped; nothing was handed out" in text(app)
        await pilot.press("escape")
        await settle(pilot)
        assert "asking AWS" not in text(app)
        app.exit(0)


@pytest.mark.parametrize(("size", "name"), [((60, 20), "sandb"), ((80, 12), "sandbox-ada/Admin"), ((40, 8), "sand")])
async def test_it_is_said_on_small_terminals_too(held: StandIn, size: tuple[int, int], name: str) -> None:
    app = make_app(held)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await type_text(pilot, "sandbox-ada")
        await pilot.press("enter")
        await until(pilot, lambda: "asking AWS, 0s" in text(app))
        await pilot.press("enter")
        await settle(pilot)
        assert name in text(app).splitlines()[-1 if size[1] < 16 else -2]
        await pilot.press("escape")
        await settle(pilot)
        assert "nothing was handed out" in text(app)
        held.time += 7
        app.second()
        await settle(pilot)
        assert "enter" in text(app).splitlines()[-1], "the keys are back"
        app.exit(0)


async def test_what_aws_opened_after_stopping_is_said_and_not_used(held: StandIn) -> None:
    app = make_app(held)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await type_text(pilot, "web-dev")
        await pilot.press("enter")
        await until(pilot, lambda: "asking AWS" in text(app))
        await pilot.press("escape")
        assert held.hold is not None
        held.hold.set()
        await until(pilot, lambda: "AWS opened web-dev/PowerUser all the same: it is live" in text(app))
        assert held.shells == []
        assert "5 live" in text(app)
        app.exit(0)


# Against a real engine, a vault on the disk and STS over HTTP.


@pytest.fixture
def house(tmp_path: Path) -> Iterator[tuple[Engine, Sandbox]]:
    organization = practice.build(time.time)
    with Sandbox(organization.organization, time.time) as sandbox:
        environ = {"XSWITCH_HOME": str(tmp_path), "AWS_ENDPOINT_URL": sandbox.url, "HOME": str(tmp_path)}
        environ |= {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "SHELL": "/bin/sh"}
        paths = Paths.of(environ)
        paths.config.mkdir(parents=True)
        paths.catalog_file.write_text(organization.catalog_toml())
        paths.preferences_file.write_text("plaintext_key = true\nkernel_keyring = false\n")
        engine = Engine(paths, environ, time.time)
        key, secret = organization.user_access_key
        engine.store_identity("central", key, Secret(secret), organization.caller_arn)
        for name, value in organization.vault_secrets.items():
            engine.store_secret(name, Secret(value))
        yield engine, sandbox


def asked(sandbox: Sandbox) -> list[str]:
    return [call.action for call in sandbox.calls]


async def test_stopping_and_pressing_again_makes_one_call_and_leaves_no_lock(
    house: tuple[Engine, Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, sandbox = house
    shells: list[Session] = []
    monkeypatch.setattr(engine, "shell", lambda session, **_: (shells.append(session), 0)[1])
    answer = threading.Event()
    monkeypatch.setattr(sandbox._gateway, "answer", _held(sandbox._gateway.answer, answer))
    app = XswitchApp(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await type_text(pilot, "web-dev PowerUser")
        await pilot.press("enter", "enter")
        await until(pilot, lambda: "asking AWS" in text(app))
        await pilot.press("enter", "escape")
        await until(pilot, lambda: "stopped; nothing was handed out" in text(app))
        await pilot.press("enter", "enter")
        await until(pilot, lambda: "opening" in text(app))
        answer.set()
        await until(pilot, lambda: len(shells) == 1)
        await until(pilot, lambda: not any(thread.name == "switch" for thread in threading.enumerate()))
        assert asked(sandbox).count("AssumeRole") == 1
        with engine.vault.lock(shells[0].record, timeout=0, purpose="a test"):
            pass
        assert [one.target for one in engine.live()] == ["web-dev/PowerUser"]
        app.exit(0)


async def test_stopping_before_the_call_makes_none(
    house: tuple[Engine, Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for another's lock when the person stops makes no call once the lock is free."""
    engine, sandbox = house
    plan = engine.plan(engine.resolve("web-dev/PowerUser"))
    name = engine.people.broker.names(plan)[-1]
    app = XswitchApp(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await type_text(pilot, "web-dev PowerUser")
        with engine.vault.lock(name, timeout=0, purpose="opening it elsewhere"):
            await pilot.press("enter")
            await until(pilot, lambda: "opening" in text(app))
            await pilot.press("escape")
            await until(pilot, lambda: "stopped" in text(app))
        await until(pilot, lambda: not any(thread.name == "switch" for thread in threading.enumerate()))
        assert "AssumeRole" not in asked(sandbox)
        assert engine.live() == ()
        with engine.vault.lock(name, timeout=0, purpose="a test"):
            pass
        app.exit(0)


def _held(handle, answer: threading.Event):  # type: ignore[no-untyped-def]
    def wait_then_handle(*arguments, **more):  # type: ignore[no-untyped-def]
        answer.wait(20)
        return handle(*arguments, **more)

    return wait_then_handle
