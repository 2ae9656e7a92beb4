"""The app on a real terminal: crashes, signals, the shell that gets the terminal and gives it back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
from stand_in import SENTINEL

APP = Path(__file__).parent / "live_app.py"
LEAVES = "\x1b[?1049l"


@pytest.fixture
def environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "TERM": "xterm-256color", "LANG": "C.UTF-8", "PS1": "inside$ ", "TZ": "UTC"}


class Terminal:
    def __init__(self, environment: dict[str, str], what: str = "") -> None:
        self.child = pexpect.spawn(
            sys.executable, [str(APP), what], env=environment, dimensions=(36, 120), encoding="utf-8", timeout=20
        )  # type: ignore[arg-type]
        self.seen = ""
        self.wait("Search accounts")

    def wait(self, words: str) -> None:
        self.child.expect(words)
        self.seen += (self.child.before or "") + (self.child.after or "")

    def send(self, text: str) -> None:
        self.child.send(text)

    def end(self) -> int:
        """Read to the end; return the exit status, 128 + n where a signal ended it."""
        self.child.expect(pexpect.EOF)
        self.seen += self.child.before or ""
        self.child.close()
        status = self.child.exitstatus
        return status if status is not None else 128 + (self.child.signalstatus or 0)


@pytest.fixture
def opened(environment: dict[str, str]) -> Iterator[list[Terminal]]:
    terminals: list[Terminal] = []
    yield terminals
    for terminal in terminals:
        terminal.child.close(force=True)


def start(opened: list[Terminal], environment: dict[str, str], what: str = "") -> Terminal:
    opened.append(Terminal(environment, what))
    return opened[-1]


@pytest.mark.parametrize(
    ("what", "keys"),
    [("outlook", ["\x1b[B", "\x1b[B"]), ("open", ["sandbox-ada", "\r"]), ("shell", ["sandbox-ada", "\r"])],
    ids=["while drawing", "in a thread", "while suspended"],
)
def test_a_crash_is_one_line_without_a_secret(
    opened: list[Terminal], environment: dict[str, str], what: str, keys: list[str]
) -> None:
    screen = start(opened, environment, what)
    for text in keys:
        screen.send(text)
        if text == "sandbox-ada":
            screen.wait("1 of 1,284")
    assert screen.end() == 1
    last = screen.seen.rpartition(LEAVES)[2]
    assert LEAVES in screen.seen, "the terminal is given back"
    assert "xswitch: the screens failed: RuntimeError at __main__:" in last
    assert "hint: this is a fault of xswitch" in last
    for word in (SENTINEL, "Traceback", "in_clear", "no words"):
        assert word not in screen.seen


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_gives_the_terminal_back(opened: list[Terminal], environment: dict[str, str], number: int) -> None:
    screen = start(opened, environment)
    screen.child.kill(number)
    assert screen.end() == 128 + number
    assert LEAVES in screen.seen
    assert "Traceback" not in screen.seen


def test_a_signal_while_a_question_stands(opened: list[Terminal], environment: dict[str, str]) -> None:
    screen = start(opened, environment)
    screen.send("\r")
    screen.wait("Type the account")
    screen.child.kill(signal.SIGTERM)
    assert screen.end() == 128 + signal.SIGTERM
    assert LEAVES in screen.seen


def test_the_shell_gets_the_terminal_and_gives_it_back(opened: list[Terminal], environment: dict[str, str]) -> None:
    screen = start(opened, environment)
    screen.send("sandbox-ada")
    screen.wait("1 of 1,284")
    screen.send("\r")
    screen.wait(r"\$ xswitch shell sandbox-ada/Admin")
    screen.wait(r"inside\$ ")
    screen.send("sh -c 'echo sl''eeps; exec sleep 30'\r")
    screen.wait("sleeps")
    screen.send("\x03")
    screen.wait(r"inside\$ ")
    screen.send("echo still $((40 + 2))\r")
    screen.wait("still 42")
    screen.send("exit 3\r")
    screen.wait("the shell of sandbox-ada/Admin ended with status 3")
    screen.send("\x03")
    assert screen.end() == 130


def test_a_killed_shell_gives_it_back_too(opened: list[Terminal], environment: dict[str, str]) -> None:
    screen = start(opened, environment)
    screen.send("sandbox-ada")
    screen.wait("1 of 1,284")
    screen.send("\r")
    screen.wait(r"inside\$ ")
    screen.send("kill -9 $$\r")
    screen.wait("the shell of sandbox-ada/Admin ended with status -9")
    screen.send("\x1b")
    assert screen.end() == 0


@pytest.mark.parametrize("dimensions", [(8, 20), (4, 10), (50, 200)])
def test_any_terminal_is_big_enough(
    opened: list[Terminal], environment: dict[str, str], dimensions: tuple[int, int]
) -> None:
    screen = start(opened, environment)
    screen.child.setwinsize(*dimensions)
    screen.send("pay prod")
    screen.send("\x03")
    assert screen.end() == 130
    assert "Traceback" not in screen.seen


def test_the_first_frame_loads_neither_boto3_nor_keyring(environment: dict[str, str]) -> None:
    code = f"""
import asyncio, sys
sys.path.insert(0, {str(APP.parent)!r})
from stand_in import StandIn
from xswitch.tui.app import XswitchApp

async def main():
    app = XswitchApp(StandIn())
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        await pilot.press("p", "a", "y", "down")
        app.exit(0)

asyncio.run(main())
heavy = ("boto3", "botocore", "keyring", "cryptography", "secretstorage", "jeepney")
print([name for name in heavy if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
