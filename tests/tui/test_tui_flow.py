"""A switch on the screen: guard, code, waiting, denial, problems, the shell, the clipboard, the board's keys."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from pictures import make_app, settle, type_text, until
from screen import line, strips, text
from stand_in import SENTINEL, StandIn
from textual import events
from textual.pilot import Pilot

from xswitch.engine import Practice
from xswitch.errors import CodeReused, Denied, NotFound, Unreachable, VaultUnavailable
from xswitch.secret import Secret
from xswitch.session.model import CodeAsk
from xswitch.tui import clipboard
from xswitch.tui.app import XswitchApp
from xswitch.tui.modals.guard import GuardModal
from xswitch.tui.modals.mfa import MfaModal
from xswitch.tui.modals.passphrase import PassphraseModal
from xswitch.tui.modals.problem import Problem
from xswitch.tui.screens.denied import DeniedScreen
from xswitch.tui.screens.picker import Picker
from xswitch.tui.screens.sessions import Sessions
from xswitch.tui.terminal import run_command


@pytest.fixture(autouse=True)
def _terminal_is_lent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A headless terminal can't be suspended; the real one is tested on a pty."""
    monkeypatch.setattr(XswitchApp, "suspend", lambda self: nullcontext())


@pytest.fixture
def engine() -> StandIn:
    return StandIn()


def code_ask(engine: StandIn, **more: Any) -> CodeAsk:
    target = engine.by_name["payments-prod/Deploy"]
    serial = engine.catalog.identities["central"].mfa_serial
    return CodeAsk(serial, "central", "ada", target.name, engine.catalog.environment_of(target), **more)


async def at(pilot: Pilot[int | str], kind: type[Any]) -> Any:
    """Wait until a screen of that kind is on top, and return it."""
    await until(pilot, lambda: isinstance(pilot.app.screen, kind))
    return pilot.app.screen


async def pick(pilot: Pilot[int | str], query: str) -> None:
    await settle(pilot)
    await type_text(pilot, query)
    await pilot.press("enter")


async def test_guard_then_code_then_shell_then_back(engine: StandIn) -> None:
    engine.asks = [code_ask(engine, covers="No role of ada asks again until 22:42.")]
    app = make_app(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await pick(pilot, "payments prod deploy")
        await at(pilot, GuardModal)
        assert "13 letters to go" in text(app)
        await pilot.press("enter")
        assert isinstance(app.screen, GuardModal), "a guard is not passed by Enter alone"
        await type_text(pilot, "paymnets")
        assert "differs at letter 5" in text(app) and "! differs" not in text(app)
        await pilot.press("enter")
        await settle(pilot)
        assert "! differs at letter 5" in text(app), "Enter has to say why it does nothing"
        await pilot.press("ctrl+u")
        await type_text(pilot, "payments-prod")
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, GuardModal), "the reason is missing still"
        assert "! a reason is wanted" in line(app, "Reason")
        await type_text(pilot, "PAY-1")
        await pilot.press("enter")
        await at(pilot, MfaModal)
        assert "No role of ada asks again until 22:42." in text(app)
        assert "the code changes in 17s" in text(app)
        await pilot.press("4", "x", "8", "2", "backspace", "2", "9", "1")
        assert isinstance(app.screen, MfaModal)
        await pilot.press("3")
        await until(pilot, lambda: bool(engine.shells))
        assert engine.codes == ["482913"]
        assert engine.reasons == ["PAY-1"]
        assert engine.shells == ["payments-prod/Deploy"]
        assert isinstance(app.screen, Picker)
        assert "Search accounts" in text(app)
        assert "back from payments-prod/Deploy; its session has 1h left" in text(app)
        assert "5 live" in text(app)
        app.exit(0)


async def test_the_account_name_is_typed_not_pasted(engine: StandIn) -> None:
    app = make_app(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await pick(pilot, "payments prod deploy")
        modal = await at(pilot, GuardModal)
        modal.post_message(events.Paste("payments-prod"))
        await settle(pilot)
        assert modal.fields["name"].text == ""
        await pilot.press("tab")
        modal.post_message(events.Paste("PAY-7\nand more"))
        await settle(pilot)
        assert modal.fields["reason"].text == "PAY-7 and more"
        await pilot.press("escape")
        await at(pilot, Picker)
        assert engine.shells == []
        app.exit(0)


async def test_a_live_role_is_taken_instead(engine: StandIn) -> None:
    app = make_app(engine)
    engine.granted["payments-prod/ReadOnly"] = engine.time + 600
    async with app.run_test(size=(120, 36)) as pilot:
        await pick(pilot, "payments prod deploy")
        await at(pilot, GuardModal)
        assert "ReadOnly of this account is live, 42m left. ctrl+t take it" in text(app)
        await pilot.press("ctrl+t")
        await until(pilot, lambda: bool(engine.shells))
        assert engine.shells == ["payments-prod/ReadOnly"]
        app.exit(0)


@pytest.mark.parametrize(("key", "opened"), [("y", True), ("n", False), ("escape", False), ("enter", False)])
async def test_a_guard_that_asks_takes_one_key(engine: StandIn, key: str, opened: bool) -> None:
    app = make_app(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await pick(pilot, "legal-hold reader")
        await at(pilot, GuardModal)
        assert "y open the shell" in text(app)
        await pilot.press(key)
        if opened:
            await until(pilot, lambda: bool(engine.shells))
        await settle(pilot)
        assert bool(engine.shells) is opened
        app.exit(0)


async def test_a_wrong_code_asks_again_and_a_reused_one_counts_down(engine: StandIn) -> None:
    engine.asks = [
        code_ask(engine),
        code_ask(engine, problem="That code was not accepted."),
        code_ask(engine, problem="That code was sent before.", wait=17),
    ]
    engine.granted["payments-prod/Deploy"] = engine.time + 600
    app = make_app(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await pick(pilot, "payments prod deploy")
        await at(pilot, MfaModal)
        await type_text(pilot, "111111")
        await until(pilot, lambda: "That code was not accepted." in text(app))
        app.screen.post_message(events.Paste("222 222"))
        await until(pilot, lambda: "The next code comes in 17s." in text(app))
        await pilot.press("3", "3")
        engine.time += 5
        app.second()
        await settle(pilot)
        assert "The next code comes in 12s." in text(app)
        assert app.screen.digits == "33"  # type: ignore[attr-defined]
        await type_text(pilot, "3333")
        await until(pilot, lambda: bool(engine.shells))
        assert engine.codes == ["111111", "222222", "333333"]
        app.exit(0)


async def test_the_practice_authenticator_is_in_sight(engine: StandIn) -> None:
    engine.asks = [code_ask(engine)]
    engine.shown = Practice("482913", 17, spent=False)
    engine.granted["payments-prod/Deploy"] = engine.time + 600
    app = make_app(engine)
    async with app.run_test(size=(80, 24)) as pilot:
        await pick(pilot, "payments prod deploy")
        await at(pilot, MfaModal)
        await until(pilot, lambda: "practice authenticator  482 913" in text(app))
        engine.shown = Practice("115599", 30, spent=True)
        app.second()
        await until(pilot, lambda: "115 599  used already" in text(app))
        await pilot.press("ctrl+t")
        assert engine.codes == []
        engine.shown = Practice("660022", 30, spent=False)
        app.second()
        await until(pilot, lambda: "660 022" in text(app))
        await pilot.press("ctrl+t")
        await until(pilot, lambda: bool(engine.shells))
        assert engine.codes == ["660022"]
        app.exit(0)


async def test_waiting_says_for_what_and_escape_stops_it(engine: StandIn) -> None:
    engine.hold = threading.Event()
    app = make_app(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await pick(pilot, "sandbox-ada")
        await until(pilot, lambda: "asking AWS, 0s" in text(app))
        engine.time += 3
        app.second()
        await settle(pilot)
        assert "asking AWS, 3s  esc stops waiting" in text(app)
        await pilot.press("escape")
        assert "stopped; nothing was handed out" in text(app)
        engine.hold.set()
        await until(pilot, lambda: not any(thread.name == "switch" for thread in threading.enumerate()))
        assert engine.shells == []
        engine.hold = None
        await pilot.press("enter")
        await until(pilot, lambda: engine.shells == ["sandbox-ada/Admin"])
        app.exit(0)


async def test_a_question_after_stopping_is_refused(engine: StandIn) -> None:
    engine.asks = [code_ask(engine)]
    engine.hold = threading.Event()
    app = make_app(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        app.switch(engine.by_name["web-dev/PowerUser"])
        app.switching.cancel()
        engine.hold.set()
        await until(pilot, lambda: not any(thread.name == "switch" for thread in threading.enumerate()))
        assert isinstance(app.screen, Picker)
        assert engine.codes == []
        app.exit(0)


async def test_a_denial_is_explained_and_kept(engine: StandIn) -> None:
    said = (
        "on resource: arn:aws:iam::1:role/PowerUser because no resource-based policy allows the sts:AssumeRole action"
    )
    engine.raises = Denied("denied", aws_code="AccessDenied", aws_message=said, target="web-dev/PowerUser")
    app = make_app(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await pick(pilot, "web-dev")
        await at(pilot, DeniedScreen)
        shown = text(app)
        for words in ("DENIED", "stops here", "Caller's side  can't be told", "Role's side  denies", "Smallest change"):
            assert words in shown
        await pilot.press("escape", "ctrl+e")
        await at(pilot, DeniedScreen)
        engine.raises = None
        await pilot.press("enter")
        await until(pilot, lambda: engine.shells == ["web-dev/PowerUser"])
        app.exit(0)


@pytest.mark.parametrize(
    "size", [(120, 36), (80, 24), (60, 20), (40, 12), (20, 8)], ids=lambda size: f"{size[0]}x{size[1]}"
)
async def test_a_denial_fits_and_scrolls(engine: StandIn, size: tuple[int, int]) -> None:
    engine.raises = Denied("denied", aws_code="AccessDenied", aws_message="on resource: arn:aws:iam::1:role/ci/Deploy")
    app = make_app(engine)
    async with app.run_test(size=size) as pilot:
        await pick(pilot, "web-dev")
        await at(pilot, DeniedScreen)
        pages = [text(app)]
        for _ in range(12 if size[1] > 8 else 40):
            await pilot.press("pagedown")
            pages.append(text(app))
            assert {row.cell_length for row in strips(app)} == {size[0]}
        assert any("DENIED" in page for page in pages)
        assert any("external" in page for page in pages)
        assert "role/ci/Deploy" in "".join(pages[-1].split())
        app.exit(0)


@pytest.mark.parametrize(
    "error",
    [
        Unreachable(
            "AWS can't be reached: sts.eu-west-1.amazonaws.com did not answer", "try again, or look at the proxy"
        ),
        NotFound("no such shell: /bin/nosh", "set SHELL"),
    ],
)
async def test_other_errors_stay_in_the_tui(engine: StandIn, error: Exception) -> None:
    engine.raises = error
    app = make_app(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await pick(pilot, "sandbox-ada")
        await at(pilot, Problem)
        assert error.args[0][:40] in text(app)
        await pilot.press("escape")
        await at(pilot, Picker)
        assert engine.shells == []
        app.exit(0)


async def test_the_smallest_change_is_in_sight_on_a_small_terminal_and_what_is_not_has_its_key(engine: StandIn) -> None:
    engine.raises = Denied("denied", aws_code="AccessDenied", aws_message="on resource: arn:aws:iam::1:role/ci/Deploy")
    app = make_app(engine)
    async with app.run_test(size=(80, 24)) as pilot:
        await pick(pilot, "web-dev")
        await at(pilot, DeniedScreen)
        await settle(pilot)
        rows = text(app).splitlines()
        change = next(number for number, row in enumerate(rows) if "Smallest change" in row)
        assert change < 8, "it stands under the headline"
        assert "page down further" in rows[-1] or "^page down" in rows[-1], rows[-1]
        app.exit(0)


async def test_a_reused_code_that_ends_the_switch_is_a_denial(engine: StandIn) -> None:
    engine.raises = CodeReused("the code was sent before", wait=12)
    app = make_app(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await pick(pilot, "sandbox-ada")
        await at(pilot, DeniedScreen)
        app.exit(0)


async def test_a_shell_that_cannot_start_is_said(engine: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(session: Any, program: str = "", **_: object) -> int:
        raise NotFound("no such shell: /bin/nosh", "set SHELL")

    monkeypatch.setattr(engine, "shell", fail)
    app = make_app(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await pick(pilot, "sandbox-ada")
        await at(pilot, Problem)
        assert "no such shell: /bin/nosh" in text(app)
        app.exit(0)


async def test_the_status_of_a_shell_is_said(engine: StandIn) -> None:
    engine.shell_status = 3
    app = make_app(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await pick(pilot, "sandbox-ada")
        await until(pilot, lambda: "the shell of sandbox-ada/Admin ended with status 3" in text(app))
        target = app.screen.target  # type: ignore[attr-defined]
        assert target.name == "sandbox-ada/Admin"
        app.exit(0)


async def test_copying_shows_no_secret(engine: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []
    app = make_app(engine)
    monkeypatch.setattr(app, "write_to_terminal", lambda secret: taken.append(secret.reveal()))
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await type_text(pilot, "sandbox-ada")
        await pilot.press("ctrl+y")
        await until(pilot, lambda: bool(taken))
        import base64

        assert taken[0].startswith("\x1b]52;c;")
        assert taken[0].endswith("\a")
        copied = base64.b64decode(taken[0][7:-1]).decode()
        assert copied == f"export AWS_SECRET_ACCESS_KEY='{SENTINEL}'  # bash\n"
        assert "copied for bash: sandbox-ada/Admin, until 11:42, by the terminal" in text(app)
        assert SENTINEL not in text(app)
        app.exit(0)


def test_a_helper_of_the_screens_gets_nothing_that_was_handed_to_xswitch_alone(engine: StandIn, tmp_path: Path) -> None:
    """xclip stays for as long as the clipboard is its own, and with it its environment."""
    helper = tmp_path / "xclip"
    helper.write_text(f"#!/bin/sh\nenv >{tmp_path}/environment\ncat >{tmp_path}/copied\n")
    helper.chmod(0o755)
    handed = {"XSWITCH_PASSPHRASE": SENTINEL, "XSWITCH_MFA_CODE": "482913"}
    engine.environ = {"PATH": f"{tmp_path}:/usr/bin:/bin", "DISPLAY": ":0", **handed}
    app = make_app(engine)
    assert clipboard.copy(app, Secret("copied")) == "xclip"
    assert (tmp_path / "copied").read_text() == "copied"
    assert run_command(app, ["sh", "-c", f"env >>{tmp_path}/environment"], "editor") == 0
    seen = (tmp_path / "environment").read_text()
    assert seen.count("DISPLAY=:0") == 2
    assert not [name for name in handed if name in seen]


def test_the_clipboard_helper_fits_the_desktop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clipboard.shutil, "which", lambda name, path=None: f"/usr/bin/{name}")
    monkeypatch.setattr(clipboard.sys, "platform", "linux")
    assert clipboard.helper({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}) == ["/usr/bin/wl-copy"]
    assert clipboard.helper({"DISPLAY": ":0"}) == ["/usr/bin/xclip", "-selection", "clipboard"]
    assert clipboard.helper({"WSL_DISTRO_NAME": "Debian"}) == ["/usr/bin/clip.exe"]
    assert clipboard.helper({}) is None
    monkeypatch.setattr(clipboard.sys, "platform", "darwin")
    assert clipboard.helper({}) == ["/usr/bin/pbcopy"]


async def test_a_helper_that_fails_falls_back_to_the_terminal(
    engine: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    program = tmp_path / "xclip"
    program.write_text('#!/bin/sh\n/bin/cat > "$0.got"\nexit $(/bin/cat "$0.status")\n')
    program.chmod(0o755)
    (tmp_path / "xclip.status").write_text("1")
    engine.environ = {**engine.environ, "DISPLAY": ":9", "PATH": str(tmp_path)}
    app = make_app(engine)
    taken: list[str] = []
    monkeypatch.setattr(app, "write_to_terminal", lambda secret: taken.append(secret.reveal()))
    from xswitch.secret import Secret

    assert clipboard.copy(app, Secret("one")) == "the terminal"
    assert len(taken) == 1
    (tmp_path / "xclip.status").write_text("0")
    assert clipboard.copy(app, Secret("two")) == "xclip"
    assert (tmp_path / "xclip.got").read_text() == "two"
    assert len(taken) == 1


async def test_the_board_ends_and_brings_back() -> None:
    engine = StandIn(sessions="board")
    app = make_app(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+s")
        await at(pilot, Sessions)
        shown = text(app)
        assert (
            shown.index("identity-hub/Hub") < shown.index("data-lake-prod/Analyst") < shown.index("sandbox-ada/Admin")
        )
        assert "loses AWS at 10:45" in shown
        assert "2 shells, 1 exec" in shown
        assert "identity-hub/Hub ends in 2m 48s" in line(app, "ada via central")
        await pilot.press("down", "ctrl+x")
        await settle(pilot)
        assert "data-lake-prod/Analyst is forgotten here; AWS honours its keys until 10:53" in text(app)
        assert "by you, just now" in line(app, "data-lake-prod/Analyst   ")
        assert "5 live" in text(app)
        await pilot.press("ctrl+r")
        await settle(pilot)
        assert "data-lake-prod/Analyst is back" in text(app)
        assert "6 live" in text(app)
        app.exit(0)


async def test_the_board_renews_anew_and_searches() -> None:
    engine = StandIn(sessions="board")
    app = make_app(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+s")
        await at(pilot, Sessions)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: engine.opened == [("identity-hub/Hub", True)])
        await until(pilot, lambda: "identity-hub/Hub is renewed until 11:42" in text(app))
        await type_text(pilot, "staging")
        assert "1 live" in text(app)
        assert "sandbox-ada" not in text(app)
        await pilot.press("enter")
        await until(pilot, lambda: engine.shells == ["payments-staging/Admin"])
        await pilot.press("escape", "escape")
        await at(pilot, Picker)
        app.exit(0)


async def test_a_session_that_runs_out_leaves_the_board() -> None:
    engine = StandIn(sessions="board")
    app = make_app(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+s")
        await at(pilot, Sessions)
        engine.time += 170
        app.second()
        await settle(pilot)
        assert "identity-hub/Hub" not in text(app)
        assert "5 live" in text(app)
        app.exit(0)


async def test_an_empty_board_says_so() -> None:
    app = make_app(StandIn(sessions="none"))
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+s")
        await at(pilot, Sessions)
        assert "Nothing is live." in text(app)
        await pilot.press("ctrl+x")
        assert "ctrl+x: no session is under the cursor" in text(app)
        app.exit(0)


@pytest.mark.parametrize(
    "size", [(120, 36), (100, 30), (80, 24), (60, 16), (40, 12), (20, 8)], ids=lambda size: f"{size[0]}x{size[1]}"
)
async def test_the_board_fits(size: tuple[int, int]) -> None:
    app = make_app(StandIn(sessions="board"))
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+s")
        await at(pilot, Sessions)
        assert {row.cell_length for row in strips(app)} == {size[0]}
        assert "2m 48s" in text(app)
        app.exit(0)


async def test_a_passphrase_is_asked_twice_where_it_is_chosen(engine: StandIn) -> None:
    app = make_app(engine)
    given: list[str | None] = []
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        app.push_screen(PassphraseModal(app.desk, first=True), given.append)
        await at(pilot, PassphraseModal)
        await type_text(pilot, "correct")
        await pilot.press("enter")
        await type_text(pilot, "corrupt")
        await pilot.press("enter")
        assert given == []
        assert "correct" not in text(app)
        await pilot.press("tab", *["backspace"] * 9)
        await type_text(pilot, "correct")
        await pilot.press("tab", *["backspace"] * 9)
        await type_text(pilot, "correct")
        await pilot.press("enter")
        await settle(pilot)
        assert given == ["correct"]
        app.exit(0)


async def test_a_vault_that_cannot_be_read_is_one_line_in_the_header(
    engine: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> tuple[()]:
        raise VaultUnavailable("the vault belongs to another user", "chown it")

    app = make_app(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        with monkeypatch.context() as patch:
            patch.setattr(engine, "live", fail)
            for _ in range(3):
                app.second()
            await settle(pilot)
            assert "! the vault belongs to another user" in text(app)
            assert "42m" in text(app), "what was read last stays"
        for _ in range(3):
            app.second()
        await settle(pilot)
        assert "4 live" in text(app)
        app.exit(0)


async def test_a_pin_that_cannot_be_written_is_said(engine: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(target: str) -> bool:
        raise VaultUnavailable("the pin can't be written: Read-only file system", "")

    monkeypatch.setattr(engine, "toggle_pin", fail)
    app = make_app(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+f")
        await at(pilot, Problem)
        assert "the pin can't be written: Read-only file system" in text(app)
        app.exit(0)


async def test_two_presses_of_enter_open_one_session(engine: StandIn) -> None:
    engine.hold = threading.Event()
    app = make_app(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await pick(pilot, "sandbox-ada")
        await pilot.press("enter", "enter")
        await until(pilot, lambda: "asking AWS" in text(app))
        await pilot.press("enter")
        engine.hold.set()
        await until(pilot, lambda: bool(engine.shells))
        await settle(pilot)
        assert engine.opened == [("sandbox-ada/Admin", False)]
        assert engine.shells == ["sandbox-ada/Admin"]
        app.exit(0)


async def test_two_presses_of_renew_make_one_new_session() -> None:
    engine = StandIn(sessions="board")
    engine.hold = threading.Event()
    app = make_app(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+s")
        await at(pilot, Sessions)
        await pilot.press("ctrl+r", "ctrl+r")
        await until(pilot, lambda: "asking AWS" in text(app))
        await pilot.press("ctrl+r")
        engine.hold.set()
        await until(pilot, lambda: "is renewed until" in text(app))
        await settle(pilot)
        assert engine.opened == [("identity-hub/Hub", True)]
        app.exit(0)
