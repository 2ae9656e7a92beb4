"""Where there is no catalog yet: what was found, and the ways in that there are."""

from __future__ import annotations

import base64
import importlib
import shlex
from contextlib import nullcontext
from pathlib import Path

import pytest
from pictures import make_app, settle, until
from screen import line, strips, text
from stand_in import StandIn

from xswitch.catalog import load, load_for_sync
from xswitch.cli.dispatch import Parser
from xswitch.engine import Engine
from xswitch.identity.consent import Consents
from xswitch.paths import Paths
from xswitch.tui import terminal
from xswitch.tui.app import XswitchApp
from xswitch.tui.screens.first_run import FirstRun
from xswitch.tui.screens.picker import Picker
from xswitch.tui.ways_in import EXAMPLE

PROFILES = """\
[default]
region = eu-west-1
[profile central]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = hidden
[profile pay]
role_arn = arn:aws:iam::444455556666:role/ReadOnly
source_profile = central
[profile pay-deploy]
role_arn = arn:aws:iam::444455556666:role/Deploy
source_profile = okta
[profile okta]
credential_process = saml2aws script --credential-process
"""


class Empty(StandIn):
    """An engine with no catalog until there is a file of one."""

    @property
    def first_run(self) -> bool:  # type: ignore[override]
        return not any(self.paths.config.rglob("*.toml"))


@pytest.fixture
def engine(tmp_path: Path) -> Empty:
    engine = Empty(tmp_path)
    engine.environ = {**engine.environ, "HOME": str(tmp_path)}
    return engine


def profiles(home: Path, text: str) -> None:
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text(text)


async def test_it_says_what_is_there_and_what_enter_would_write(engine: Empty, tmp_path: Path) -> None:
    profiles(tmp_path, PROFILES)
    app = make_app(engine)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "No catalog yet. These are the ways in." in text(app)
        assert "5 profiles: 2 roles in 1 account" in line(app, "AWS config")
        assert line(app, "enter imports").strip() == "enter imports 2 roles in 1 account, then opens the picker"
        assert "~/config/catalog.d/aws-config.toml, nothing else" in line(app, "written  ")
        assert "central (profile), okta (process)" in line(app, "identities")
        assert "saml2aws script --credential-process" in line(app, "runs  ")
        assert "default: it holds no credentials" in line(app, "left out")
        assert "ReadOnly, Deploy" in line(app, "accounts")
        await pilot.press("escape")
        await settle(pilot)
        assert app.return_value == 0
    assert engine.first_run, "something was written without being asked for"


async def test_enter_imports_the_profiles_and_opens_the_picker(engine: Empty, tmp_path: Path) -> None:
    profiles(tmp_path, PROFILES)
    app = make_app(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, Picker)
        await until(pilot, lambda: "left out: see `xswitch catalog import aws-config --dry-run`" in text(app))
        app.exit(0)
    assert [target.role for target in load(engine.paths).targets] == ["ReadOnly", "Deploy"]
    okta = load_for_sync(engine.paths).identities["okta"]
    assert Consents(engine.paths.state).given(okta, "process", "saml2aws script --credential-process")


async def test_profiles_that_lead_to_no_role_are_not_imported(engine: Empty, tmp_path: Path) -> None:
    profiles(tmp_path, "[profile central]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = x\n")
    app = make_app(engine)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press(*["up"] * 5, "enter")
        await settle(pilot)
        assert "1 profile, none of them for a role" in line(app, "AWS config")
        assert "enter: none of the profiles is for a role" in text(app)
        app.exit(0)
    assert engine.first_run


async def test_a_catalog_made_elsewhere_meanwhile_opens_the_picker(engine: Empty, tmp_path: Path) -> None:
    app = make_app(engine)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        engine.paths.config.mkdir(parents=True)
        engine.paths.catalog_file.write_text(EXAMPLE)
        app.second()
        await settle(pilot)
        assert isinstance(app.screen, Picker)
        app.exit(0)


@pytest.mark.parametrize("commands", [
    ("identity add corp --start-url URL --sso-region REGION", "identity login corp", "catalog sync identity-center"),
    ("identity add central", "catalog sync organizations"), ("catalog add GIT-URL",),
])  # fmt: skip
async def test_the_commands_of_the_other_ways_are_shown_and_copied(
    engine: Empty, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, commands: tuple[str, ...]
) -> None:
    profiles(tmp_path, PROFILES)
    taken: list[str] = []
    app = make_app(engine)
    monkeypatch.setattr(app, "write_to_terminal", lambda secret: taken.append(secret.reveal()))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        for _ in range(6):
            if f"$ xswitch {commands[0]}" in text(app):
                break
            await pilot.press("down")
        for command in commands:
            assert f"$ xswitch {command}" in text(app)
            parsed(f"xswitch {command}")
        await pilot.press("enter")
        await settle(pilot)
        app.exit(0)
    said = base64.b64decode(taken[0].partition(";c;")[2].rstrip("\x07\x1b\\")).decode()
    assert said.splitlines() == [f"xswitch {command}" for command in commands]


def parsed(command: str) -> None:
    """Fail where the program would not take the command."""
    _, name, *rest = shlex.split(command)
    module = importlib.import_module(f"xswitch.cli.{name}")
    parser = Parser(prog=name)
    module.arguments(parser)
    parser.parse_args(rest)


async def test_every_key_of_every_screen_works_without_a_catalog(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"HOME": str(tmp_path), "XSWITCH_HOME": str(tmp_path / "x"), "LANG": "C.UTF-8", "PATH": "/nonexistent"}
    ran: list[str] = []
    monkeypatch.setattr(terminal, "run_command", lambda app, argv, shown: ran.append(shown))
    app = XswitchApp(Engine(Paths.of(environ), environ, lambda: 1_700_000_000.0))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        monkeypatch.setattr(app, "write_to_terminal", lambda secret: None)
        for opens, title in ((), "first run"), (("question_mark",), "help"), (("f1",), "help"):
            for way in range(6 if not opens else 1):
                for action in [hint.action for hint in first_board(app).hints()] if not opens else HELP_KEYS:
                    await pilot.press(*["down"] * 6, *["up"] * way, *opens)
                    await settle(pilot)
                    assert line(app, "xswitch").split()[1:-4] == title.split()
                    if action != "back" or opens:
                        await pilot.press(*app.keys.all_of(action))
                    app.second()
                    await settle(pilot)
                    if not isinstance(app.screen, FirstRun):
                        await pilot.press("escape")
                        await settle(pilot)
        assert app.is_running and "xswitch demo" in ran
        app.exit(0)


HELP_KEYS = ("down", "page_down", "up", "page_up", "back")


def first_board(app: XswitchApp) -> FirstRun:
    assert isinstance(app.screen, FirstRun)
    return app.screen


async def test_the_example_is_copied_and_is_a_catalog(
    engine: Empty, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    taken: list[str] = []
    app = make_app(engine)
    monkeypatch.setattr(app, "write_to_terminal", lambda secret: taken.append(secret.reveal()))
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("up", "enter")
        await settle(pilot)
        assert all(words in text(app) for words in EXAMPLE.split("\n"))
        assert len(taken) == 1
        assert "copied (by the terminal)" in text(app)
        app.exit(0)
    paths = Paths.of({"XSWITCH_HOME": str(tmp_path / "home")})
    paths.config.mkdir(parents=True)
    paths.catalog_file.write_text(EXAMPLE)
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
