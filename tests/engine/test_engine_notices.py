"""Desktop notifications: which way they go, and that no name can be more than words."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from xswitch.engine import notices
from xswitch.engine.notices import Notice

HELPER = """#!{python}
import json, os, sys
with open({log!r}, "a") as log:
    log.write(json.dumps([sys.argv[1:], sorted(os.environ), os.isatty(0) or os.isatty(1) or os.isatty(2), os.getsid(0)]) + "\\n")
"""

NOTICE = Notice("payments-prod/Deploy loses AWS at 10:45", "2m 48s left. Renewing needs a code.")


@pytest.fixture
def programs(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "bin").mkdir()
    for name in ("notify-send", "osascript"):
        program = tmp_path / "bin" / name
        program.write_text(HELPER.format(python=sys.executable, log=str(tmp_path / "bin" / "told")))
        program.chmod(0o755)
    return {"PATH": str(tmp_path / "bin")}


def way(environ: dict[str, str]) -> str:
    command, written = notices.ways(environ, NOTICE)
    assert not (command and written)
    return Path(command[0]).name if command else written


@pytest.mark.parametrize(
    ("environ", "shown"),
    [
        ({"DISPLAY": ":0"}, "notify-send"),
        ({"WAYLAND_DISPLAY": "wayland-0", "TERM": "xterm-kitty"}, "notify-send"),
        ({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"}, "notify-send"),
        ({}, ""),
        ({"TERM": "xterm-256color"}, ""),
        ({"TERM": "xterm-kitty"}, f"\x1b]9;xswitch: {NOTICE.summary}. {NOTICE.body}\a"),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/x"}, ""),
        ({"TERM": "screen-256color", "LC_TERMINAL": "iTerm2", "STY": "1"}, ""),
        ({"TERM": "foot"}, f"\x1b]777;notify;xswitch: {NOTICE.summary};{NOTICE.body}\a"),
        ({"SSH_CONNECTION": "x", "DISPLAY": ":10", "LC_TERMINAL": "iTerm2"}, f"\x1b]9;xswitch: {NOTICE.summary}. {NOTICE.body}\a"),
        ({"SSH_TTY": "/dev/pts/1", "DISPLAY": ":10", "TERM": "xterm-256color"}, "notify-send"),
    ],
)  # fmt: skip
def test_the_way_that_a_notice_goes(
    programs: dict[str, str], monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], shown: str
) -> None:
    monkeypatch.setattr(notices.sys, "platform", "linux")
    assert way(programs | environ) == shown


def test_on_a_mac(programs: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices.sys, "platform", "darwin")
    assert way(programs) == "osascript"
    command, _ = notices.ways(programs, NOTICE)
    assert command is not None
    assert command[-2:] == [NOTICE.summary, NOTICE.body], "words are arguments of the script, never part of it"
    assert way({"PATH": "/nonexistent", "TERM_PROGRAM": "iTerm.app"}).startswith("\x1b]9;")


HOSTILE = "--help\x1b]0;owned\a<b>&amp;\\n;`touch pwned`$(touch pwned)\u202e\n/Role"


def test_hostile_names_are_words_and_nothing_else(programs: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices.sys, "platform", "linux")
    notice = Notice(f"{HOSTILE} ends at 10:45", "plain")
    command, _ = notices.ways(programs | {"DISPLAY": ":0"}, notice)
    assert command is not None
    assert command[-3] == "--"
    assert command[-2].startswith("_-help")
    for letter in "<>&\\\x1b\a\u202e\n":
        assert letter not in command[-2]
    for environ in ({"TERM": "foot"}, {"TERM": "xterm-kitty"}):
        written = notices.sequence(environ, notice)
        inside = written[2:-1]
        assert not {"\x1b", "\a", "\n", "\x9c"} & set(inside)
        assert written.count(";") == (3 if environ["TERM"] == "foot" else written.count(";"))
        assert inside.split(";")[1].startswith(("xswitch: ", "notify"))


def test_a_helper_gets_no_secret_and_no_terminal(programs: dict[str, str], tmp_path: Path) -> None:
    environ = programs | {"DISPLAY": ":0", "AWS_SECRET_ACCESS_KEY": "x", "XSWITCH_PASSPHRASE": "x", "LC_ALL": "C.UTF-8"}
    assert notices.run([str(tmp_path / "bin" / "notify-send"), "--", "a", "b"], environ)
    arguments, names, terminal, session = json.loads((tmp_path / "bin" / "told").read_text())
    assert arguments == ["--", "a", "b"]
    assert {"PATH", "DISPLAY", "LC_ALL"} <= set(names)
    assert not [name for name in names if name.startswith(("AWS_", "XSWITCH_"))]
    assert not terminal
    assert session != os.getsid(0), "what a terminal sends to us is not the helper's"


def test_a_helper_that_hangs_or_is_missing_costs_little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "SECONDS", 0.2)
    slow = tmp_path / "notify-send"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    assert not notices.run([str(slow)], {"PATH": "/usr/bin:/bin"})
    assert not notices.run([str(tmp_path / "nothing")], {})
