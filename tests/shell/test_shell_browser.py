"""The person's browser: which program opens it, what it is handed, and where there is none in front of them."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from xswitch.shell import browser

PAGE = "https://acme.example/authorize?state=a%20b&x=$(touch%20pwned)"


@pytest.fixture
def places(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def program(folder: Path, name: str, body: str = "exit 0") -> str:
    """Write a program that notes its arguments and environment."""
    path = folder / name
    path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >>"{folder}/{name}.seen"; env >>"{folder}/{name}.env"\n{body}\n')
    path.chmod(0o755)
    return str(path)


def opened(environ: dict[str, str], platform: str = "linux", seconds: float = 20) -> bool:
    return browser.open_page(PAGE, environ, platform=platform, seconds=seconds)


def seen(folder: Path, name: str) -> list[str] | None:
    path = folder / f"{name}.seen"
    return path.read_text().splitlines() if path.exists() else None


def test_the_systems_opener_gets_the_address_whole_and_no_secret_of_ours(places: Path, monkeypatch) -> None:
    program(places, "xdg-open")
    environ = {
        "PATH": f"{places}:/usr/bin:/bin",
        "XSWITCH_MFA_CODE": "123456",
        "XSWITCH_PASSPHRASE": "pass",
        "LANG": "x",
    }
    monkeypatch.setenv("XSWITCH_PASSPHRASE", "from the process itself")
    assert opened(environ)
    assert seen(places, "xdg-open") == [PAGE]
    environment = (places / "xdg-open.env").read_text()
    assert "LANG=x" in environment
    assert "XSWITCH_" not in environment


def test_browser_names_programs_to_try_in_turn(places: Path) -> None:
    bad = program(places, "bad", "exit 3")
    good = program(places, "good one")
    program(places, "xdg-open")
    environ = {"PATH": f"{places}:/usr/bin:/bin", "BROWSER": f"missing:{bad}:'{good}' --new-tab=%s -n &"}
    assert opened(environ)
    assert seen(places, "bad") == [PAGE]
    assert seen(places, "good one") == [f"--new-tab={PAGE}", "-n"]
    assert seen(places, "xdg-open") is None


@pytest.mark.parametrize("entry", ["'never closed", "", ":", "/", "./nothing"])
def test_a_browser_that_is_none_is_passed_over(places: Path, entry: str) -> None:
    program(places, "xdg-open")
    assert opened({"PATH": str(places), "BROWSER": entry})
    assert not opened({"PATH": "/nowhere", "BROWSER": entry})


def test_one_that_is_no_program_at_all(places: Path) -> None:
    (places / "xdg-open").write_bytes(b"\0\0\0\0")
    (places / "xdg-open").chmod(0o755)
    assert not opened({"PATH": str(places)})


@pytest.mark.parametrize("address", ["file:///etc/passwd", "-version", "", "javascript:alert(1)", "HTTPS"])
def test_what_is_no_page_opens_nothing(places: Path, address: str) -> None:
    program(places, "xdg-open")
    assert not browser.open_page(address, {"PATH": f"{places}:/bin"}, platform="linux")
    assert seen(places, "xdg-open") is None


def test_a_browser_that_stays_is_left_to_itself_and_out_of_the_terminals_reach(places: Path) -> None:
    program(
        places,
        "xdg-open",
        f'"{sys.executable}" -c "import os; print(os.getsid(0) == os.getpgrp())" >{places}/sid; sleep 1',
    )
    assert opened({"PATH": f"{places}:/usr/bin:/bin"}, seconds=0.01)
    end = time.monotonic() + 30
    while not (places / "sid").exists() or not (places / "sid").read_text():
        assert time.monotonic() < end
        time.sleep(0.02)
    assert (places / "sid").read_text() == "True\n"


def here(environ: dict[str, str], platform: str = "linux", files: tuple[str, ...] = ()) -> bool:
    return browser.is_here(environ, platform=platform, exists=lambda path: path in files)


def test_where_the_person_sits_in_front_of_a_browser_of_this_machine(places: Path) -> None:
    program(places, "xdg-open")
    path = {"PATH": f"{places}:/usr/bin:/bin"}
    assert here(path | {"DISPLAY": ":0"})
    assert here(path | {"WAYLAND_DISPLAY": "wayland-0"})
    assert here(path | {"WSL_DISTRO_NAME": "Debian"})
    assert here(path | {"BROWSER": "xdg-open"})
    assert not here(path), "no display"
    assert not here({"PATH": "/nowhere", "DISPLAY": ":0"}), "nothing to open it with"
    for name in ("SSH_CONNECTION", "SSH_TTY", "CODESPACES", "REMOTE_CONTAINERS", "VSCODE_IPC_HOOK_CLI"):
        assert not here(path | {"DISPLAY": ":0", "BROWSER": "xdg-open", name: "x"}), name
    assert not here(path | {"DISPLAY": ":0"}, files=("/.dockerenv",))
    assert not here(path | {"DISPLAY": ":0"}, files=("/run/.containerenv",))
    assert not here(path | {"DISPLAY": ":0", "container": "podman"})
    assert here(path | {"BROWSER": "xdg-open"}, files=("/.dockerenv",)), "whoever names a browser has one"


def test_a_mac_opens_it_itself(places: Path) -> None:
    assert not here({"PATH": str(places)}, "darwin")
    program(places, "open")
    environ = {"PATH": f"{places}{os.pathsep}/usr/bin:/bin"}
    assert here(environ, "darwin")
    assert not here(environ | {"SSH_CONNECTION": "a"}, "darwin")
    assert opened(environ, "darwin")
    assert seen(places, "open") == [PAGE]
