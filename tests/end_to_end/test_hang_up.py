"""A terminal that goes away takes everything with it that xswitch started on it."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from terminal import Terminal

PATIENCE = 60.0
"""Seconds to wait for what has to come to an end; it takes one or two."""


def alive(folder: str) -> dict[int, str]:
    """Return the processes whose environment names ``folder``, with their command lines."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if folder.encode() in (place / "environ").read_bytes():
                found[int(place.name)] = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
    return found


def wait_until_gone(folder: str) -> None:
    end = time.monotonic() + PATIENCE
    while alive(folder):
        assert time.monotonic() < end, alive(folder)
        time.sleep(0.1)


def hang_up(screen: Terminal) -> None:
    """Close the terminal's other side, as a terminal emulator that is closed does."""
    screen.process.ptyproc.fileobj.close()


def open_shell(screen: Terminal) -> None:
    """Open a shell of the first target that is found, and wait for its prompt to take a line."""
    screen.wait("Search accounts")
    screen.send("web-dev poweruser")
    screen.wait("1 of ")
    screen.send("\r")
    screen.wait(r"\$ xswitch shell web-dev/PowerUser")
    screen.wait(r"web-dev/PowerUser \d+[hm].*[#$%] *$")
    screen.send("echo in''side\r")
    screen.wait("^inside")


@pytest.fixture(autouse=True)
def nothing_stays(newcomer: dict[str, str]) -> Iterator[None]:
    """End what a test that failed left running."""
    yield
    for process in alive(newcomer["TMPDIR"]):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


@pytest.fixture(params=["bash", "zsh"])
def shell(request: pytest.FixtureRequest, newcomer: dict[str, str]) -> str:
    name = str(request.param)
    (Path(newcomer["HOME"]) / f".{name}rc").touch()
    return f"/usr/bin/{name}"


@pytest.mark.parametrize("under", ["", "sh"])
def test_a_terminal_that_is_closed_under_the_pickers_shell(
    xswitch: str, newcomer: dict[str, str], shell: str, under: str
) -> None:
    """The picker hears of it by a signal where it leads the terminal's session, by its shell's end where it does not."""
    argv = [under, "-c", f"{xswitch} demo; exit 0"] if under else [xswitch, "demo"]
    with Terminal(argv, newcomer | {"SHELL": shell}) as screen:
        open_shell(screen)
        hang_up(screen)
        wait_until_gone(newcomer["TMPDIR"])
    assert not list(Path(newcomer["TMPDIR"]).iterdir())


def test_a_terminal_that_is_closed_under_the_picker(xswitch: str, newcomer: dict[str, str]) -> None:
    with Terminal([xswitch, "demo"], newcomer) as screen:
        screen.wait("Search accounts")
        hang_up(screen)
        wait_until_gone(newcomer["TMPDIR"])
    assert not list(Path(newcomer["TMPDIR"]).iterdir())


def test_a_picker_that_no_signal_tells_ends_too(xswitch: str, newcomer: dict[str, str]) -> None:
    """SIGHUP is ignored, as under nohup: that nothing more can be read says it."""
    argv = ["sh", "-c", f"trap '' HUP; exec {xswitch} demo"]
    with Terminal(argv, newcomer) as screen:
        screen.wait("Search accounts")
        hang_up(screen)
        wait_until_gone(newcomer["TMPDIR"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_the_pickers_shell_runs(
    xswitch: str, newcomer: dict[str, str], shell: str, number: signal.Signals
) -> None:
    with Terminal([xswitch, "demo"], newcomer | {"SHELL": shell}) as screen:
        open_shell(screen)
        os.kill(screen.process.pid, number)
        assert screen.end() == 128 + number
        wait_until_gone(newcomer["TMPDIR"])
    assert not list(Path(newcomer["TMPDIR"]).iterdir())


def test_a_shell_that_will_not_hear_is_not_waited_for_forever(xswitch: str, newcomer: dict[str, str]) -> None:
    with Terminal([xswitch, "demo"], newcomer) as screen:
        open_shell(screen)
        screen.send("trap '' HUP TERM; echo de''af\r")
        screen.wait("^deaf")
        os.kill(screen.process.pid, signal.SIGTERM)
        assert screen.end() == 128 + signal.SIGTERM
    assert not list(Path(newcomer["TMPDIR"]).iterdir())
