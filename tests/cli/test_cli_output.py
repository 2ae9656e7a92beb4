"""What is printed can be shown: nothing in it moves the cursor, and JSON keeps its values."""

from __future__ import annotations

import json

import pytest

from xswitch.cli.output import Result, show


@pytest.mark.parametrize("text", ["\x1b[2J", "a\u202eb", "\x9b31m", "\udcff", "\U000e0041", "é 漢 🙂", "two\nlines"])
def test_json_is_safe_to_show_and_says_what_is(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    show(Result("", {"name": text}), as_json=True)
    out = capsys.readouterr().out
    assert all(one.isprintable() or one == "\n" for one in out)
    assert json.loads(out) == {"name": text}
