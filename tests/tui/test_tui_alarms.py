"""Bell and desktop notification: told once, in words that nothing can misread, and never into somebody else's terminal."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest
from pictures import make_app, settle
from stand_in import StandIn
from textual.pilot import Pilot

from xswitch.engine import notices
from xswitch.tui import alarms
from xswitch.tui.app import XswitchApp

APP = Path(__file__).parent / "live_app.py"
HELPER = """#!{python}
import json, os, sys
with open({log!r}, "a") as log:
    log.write(json.dumps([sys.argv[1:], sorted(os.environ), os.isatty(0) or os.isatty(1) or os.isatty(2)]) + "\\n")
"""


class Heard:
    """What an app rang and showed."""

    def __init__(self, app: XswitchApp, monkeypatch: pytest.MonkeyPatch) -> None:
        self.written: list[str] = []
        self.commands: list[list[str]] = []
        monkeypatch.setattr(app, "write_to_terminal", lambda text: self.written.append(text.reveal()))
        monkeypatch.setattr(notices, "run", lambda command, environ: self.commands.append(command))


def helper_in(folder: Path, name: str = "notify-send") -> Path:
    folder.mkdir(exist_ok=True)
    log = folder / "told"
    program = folder / name
    program.write_text(HELPER.format(python=sys.executable, log=str(log)))
    program.chmod(0o755)
    return log


def at_a_desktop(tmp_path: Path, engine: StandIn) -> StandIn:
    helper_in(tmp_path / "bin")
    engine.environ = {**engine.environ, "PATH": str(tmp_path / "bin"), "DISPLAY": ":0"}
    return engine


async def pass_time(pilot: Pilot[int | str], engine: StandIn, seconds: float) -> None:
    engine.time += seconds
    for _ in range(3):
        pilot.app.second()  # type: ignore[attr-defined]
    await settle(pilot)


def notified(heard: Heard) -> list[tuple[str, str]]:
    return [(command[-2], command[-1]) for command in heard.commands]


async def test_each_step_of_a_session_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices.sys, "platform", "linux")
    engine = at_a_desktop(tmp_path, StandIn(tmp_path, sessions="board"))
    app = make_app(engine, bell=True, notify=True)
    heard = Heard(app, monkeypatch)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pass_time(pilot, engine, 0)
        assert (heard.written, heard.commands) == ([], []), "what was so before is in the header already"
        await pass_time(pilot, engine, 5 * 60 + 58)
        assert notified(heard) == []
        await pass_time(pilot, engine, 3)
        assert heard.written == ["\a"]
        assert notified(heard) == [
            ("data-lake-prod/Analyst loses AWS at 10:53", "4m 59s left. Renewing needs you to confirm again.")
        ]
        await pass_time(pilot, engine, 60)
        assert heard.written == ["\a"]
        await pass_time(pilot, engine, 20 * 60)
        assert heard.written == ["\a", "\a"]
        assert notified(heard)[1:] == [
            ("payments-prod/ReadOnly loses AWS at 11:24", "14m left. Renewing needs no code.")
        ]
        assert heard.commands[0][1:3] == ["--app-name=xswitch", "--"]
        app.exit(0)


async def test_sessions_that_come_to_a_step_together_are_one_notice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices.sys, "platform", "linux")
    engine = at_a_desktop(tmp_path, StandIn(tmp_path))
    names = ("web-prod/Deploy", "sandbox-ada/Admin", "web-dev/PowerUser")
    engine._live = [engine._session(name, 1000 - n, 3600, "a login", ()) for n, name in enumerate(names)]
    app = make_app(engine, bell=True, notify=True)
    heard = Heard(app, monkeypatch)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pass_time(pilot, engine, 0)
        await pass_time(pilot, engine, 200)
        assert heard.written == ["\a"]
        assert notified(heard) == [
            ("web-dev/PowerUser ends at 10:58, 2 more soon", "13m left. Renewing needs a login.")
        ]
        app.exit(0)


async def test_what_renews_by_itself_is_told_only_where_it_did_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = StandIn(tmp_path)
    engine._live = [engine._session("web-prod/Deploy", 1000, 3600, "by itself", (("shell", 9),))]
    app = make_app(engine, bell=True)
    heard = Heard(app, monkeypatch)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pass_time(pilot, engine, 0)
        await pass_time(pilot, engine, 200)
        assert heard.written == []
        await pass_time(pilot, engine, 600)
        assert heard.written == ["\a"]
        app.exit(0)


async def test_a_renewed_session_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = StandIn(tmp_path)
    engine._live = [engine._session("web-prod/Deploy", 1000, 3600, "no code", ())]
    app = make_app(engine, bell=True)
    heard = Heard(app, monkeypatch)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pass_time(pilot, engine, 0)
        await pass_time(pilot, engine, 200)
        engine._live = [engine._session("web-prod/Deploy", 3600, 3600, "no code", ())]
        await pass_time(pilot, engine, 0)
        assert heard.written == ["\a"]
        await pass_time(pilot, engine, 2701)
        assert heard.written == ["\a", "\a"]
        app.exit(0)


async def test_of_two_screens_one_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = StandIn(tmp_path), StandIn(tmp_path)
    one, other = make_app(first, bell=True), make_app(second, bell=True)
    heard, too = Heard(one, monkeypatch), Heard(other, monkeypatch)
    async with one.run_test(size=(120, 36)) as pilot, other.run_test(size=(120, 36)) as pilot_too:
        for seconds in (0, 10 * 60, 10 * 60):
            await pass_time(pilot, first, seconds)
            await pass_time(pilot_too, second, seconds)
        assert (heard.written, too.written) == (["\a", "\a"], [])
        one.exit(0)
        other.exit(0)


async def test_nothing_is_told_unless_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = at_a_desktop(tmp_path, StandIn(tmp_path))
    app = make_app(engine)
    heard = Heard(app, monkeypatch)
    async with app.run_test(size=(120, 36)) as pilot:
        for seconds in (0, 10 * 60, 10 * 60):
            await pass_time(pilot, engine, seconds)
        assert (heard.written, heard.commands) == ([], [])
        assert not (tmp_path / "state").exists()
        app.exit(0)


async def test_a_folder_that_cannot_be_written_stops_no_bell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    engine = StandIn(tmp_path)
    app = make_app(engine, bell=True)
    heard = Heard(app, monkeypatch)
    async with app.run_test(size=(120, 36)) as pilot:
        for seconds in (0, 10 * 60, 10 * 60):
            await pass_time(pilot, engine, seconds)
        assert heard.written == ["\a", "\a"]
        app.exit(0)


def test_what_was_told_is_forgotten_after_a_day(tmp_path: Path) -> None:
    engine = StandIn(tmp_path)
    told = alarms.Told(tmp_path / "told")
    here = 1_800_000_000.0
    assert told.claim(engine._live[0], "soon", here)
    assert not told.claim(engine._live[0], "soon", here)
    assert told.claim(engine._live[0], "ending", here)
    for file in (tmp_path / "told").iterdir():
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.stat().st_mtime == here
    assert told.claim(engine._live[1], "soon", here + 86399)
    assert len(list((tmp_path / "told").iterdir())) == 3
    assert told.claim(engine._live[1], "ending", here + 86401)
    assert {file.stat().st_mtime > here for file in (tmp_path / "told").iterdir()} == {True}


async def test_a_terminal_that_shows_notices_shows_them_only_while_it_is_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alarms, "EVERY", 0.02)
    monkeypatch.setattr(notices.sys, "platform", "linux")
    engine = StandIn(tmp_path)
    engine.environ = {**engine.environ, "TERM": "xterm-kitty"}
    app = make_app(engine, notify=True)
    heard = Heard(app, monkeypatch)
    told = tmp_path / "state" / "told"
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        with app.alarms.meanwhile():
            engine.time += 10 * 60
            for _ in range(400):
                if told.is_dir() and list(told.iterdir()):
                    break
                await pilot.pause(0.02)
            assert len(list(told.iterdir())) == 1
        await pass_time(pilot, engine, 0)
        assert heard.written == []
        await pass_time(pilot, engine, 10 * 60)
        assert len(heard.written) == 1
        assert heard.written[0].startswith("\x1b]9;xswitch: data-lake-prod/Analyst ends at 11:06. 4m left.")
        app.exit(0)


# On a real terminal.


class Sitting:
    """The app on a pty, a desktop beside it, and a clock that goes by a file."""

    def __init__(self, tmp_path: Path) -> None:
        self.log = helper_in(tmp_path / "bin")
        self.file = tmp_path / "passed"
        self.pass_to(0)
        environ = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "HOME": str(tmp_path), "TERM": "xterm-256color"}
        environ |= {"LANG": "C.UTF-8", "PS1": "inside$ ", "TZ": "UTC", "DISPLAY": ":0"}
        argv = [str(APP), "alarms", str(self.file)]
        self.child: Any = pexpect.spawn(sys.executable, argv, env=environ, dimensions=(36, 120), encoding="utf-8")  # type: ignore[arg-type]
        self.seen = ""

    def pass_to(self, seconds: float) -> None:
        part = self.file.with_suffix(".part")
        part.write_text(str(seconds))
        part.replace(self.file)

    def wait(self, words: str) -> None:
        self.child.expect(words, timeout=20)
        self.seen += self.child.before + self.child.after

    def until_told(self, count: int) -> list[list[str]]:
        for _ in range(400):
            told = self.log.read_text().splitlines() if self.log.exists() else []
            if len(told) >= count:
                return [json.loads(line)[0] for line in told]
            self.child.expect(pexpect.TIMEOUT, timeout=0.05)
        raise AssertionError("no notice came")


@pytest.fixture
def sitting(tmp_path: Path) -> Any:
    made = Sitting(tmp_path)
    yield made
    made.child.close(force=True)


def test_while_a_shell_has_the_terminal_the_desktop_tells_and_nothing_is_written(sitting: Sitting) -> None:
    sitting.wait("Search accounts")
    sitting.wait("next ends in 24m")
    sitting.child.send("sandbox-ada\r")
    sitting.wait(r"inside\$ ")
    rang = sitting.seen.count("\a")
    sitting.pass_to(10 * 60)
    told = sitting.until_told(1)
    assert told[0][-2] == "data-lake-prod/Analyst ends at 11:06"
    sitting.child.send("echo still $((40 + 2))\r")
    sitting.wait("still 42")
    sitting.wait(r"inside\$ ")
    assert sitting.seen.count("\a") == rang, "a bell in somebody else's terminal"
    sitting.child.send("exit\r")
    sitting.wait("back from sandbox-ada/Admin")
    sitting.wait("data-lake-prod/Analyst ends in 14m")
    sitting.pass_to(20 * 60)
    sitting.wait("\a")
    assert len(sitting.until_told(2)) == 2
    sitting.child.send("\x03")
    sitting.child.expect(pexpect.EOF, timeout=20)


def test_the_settings_reach_the_app(tmp_path: Path) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(APP.parent)!r})
from stand_in import StandIn
from xswitch.preferences import Preferences
from xswitch.tui.app import XswitchApp
engine = StandIn()
engine.preferences = Preferences(bell=True)
app = XswitchApp.of(engine, "")
print(app.alarms._bell, app.alarms._notify)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]
