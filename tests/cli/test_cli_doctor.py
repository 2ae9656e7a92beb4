"""How `xswitch doctor` lays out what it found."""

from __future__ import annotations

import pytest

from xswitch.cli.doctor import lines
from xswitch.engine.checks import Finding

FOUND = (
    Finding("clock", "ok", "within a second of AWS", "never shown"),
    Finding("identities", "warn", "central: its key was put here 120 days ago", "make another in IAM"),
    Finding("endpoint", "fail", "https://sts.eu-west-1.amazonaws.com: it refuses the connection", "check the network"),
)


def test_lines_are_aligned_and_say_what_to_do() -> None:
    assert lines(FOUND, colour=False).splitlines() == [
        "ok    clock       within a second of AWS",
        "warn  identities  central: its key was put here 120 days ago",
        "                    make another in IAM",
        "fail  endpoint    https://sts.eu-west-1.amazonaws.com: it refuses the connection",
        "                    check the network",
    ]


def test_levels_alone_are_coloured() -> None:
    shown = lines(FOUND, colour=True).splitlines()
    assert shown[0] == "\x1b[38;5;115mok\x1b[0m    clock       within a second of AWS"
    assert [line.count("\x1b") for line in shown] == [2, 2, 0, 2, 0]


@pytest.mark.parametrize("width", [40, 60, 80])
def test_lines_are_broken_between_words(width: int) -> None:
    shown = lines(FOUND, colour=False, width=width).splitlines()
    assert all(len(line) <= max(width, 58) for line in shown)
    assert " ".join(line[18:].strip() for line in shown).replace("  ", " ") == (
        "within a second of AWS central: its key was put here 120 days ago make another in IAM "
        "https://sts.eu-west-1.amazonaws.com: it refuses the connection check the network"
    )
