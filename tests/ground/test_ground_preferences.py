"""config.toml: defaults without it, every problem at once with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import examples

from xswitch.errors import InvalidConfig
from xswitch.paths import Paths
from xswitch.preferences import Preferences, load


def at(folder: Path, text: str | bytes | None = None) -> Paths:
    paths = Paths.of({"XSWITCH_HOME": str(folder)})
    if text is not None:
        paths.config.mkdir(exist_ok=True)
        paths.preferences_file.write_bytes(text.encode() if isinstance(text, str) else text)
    return paths


def test_no_file_means_the_defaults(tmp_path: Path) -> None:
    assert load(at(tmp_path)) == Preferences()
    assert load(at(tmp_path, "")) == Preferences(True, False, "dark", False, "", False, False, {})


def test_all_that_can_be_chosen(tmp_path: Path) -> None:
    text = (
        'kernel_keyring = false\nplaintext_key = true\ntheme = "light"\nascii = true\norganization = "Acme"\n'
        'notify = true\nbell = true\nmfa_session = "never"\n[keys]\nrenew = "ctrl+r,f5"\n'
    )
    assert load(at(tmp_path, text)) == Preferences(
        False, True, "light", True, "Acme", True, True, {"renew": "ctrl+r,f5"}, "never"
    )


def test_every_problem_at_once(tmp_path: Path) -> None:
    text = 'theme = "drak"\nplaintext_keys = true\nbell = "yes"\nascii = 1\norganization = 3\n[keys]\nrenew = 1\nend = ""\n'
    with pytest.raises(InvalidConfig) as raised:
        load(at(tmp_path, text))
    assert [(problem.line, problem.key) for problem in raised.value.problems] == [
        (1, "theme"), (2, "plaintext_keys"), (3, "bell"), (4, "ascii"), (5, "organization"), (7, "keys.renew"), (8, "keys.end"),
    ]  # fmt: skip
    hints = [problem.hint for problem in raised.value.problems]
    assert '"dark"' in hints[0]
    assert '"plaintext_key"' in hints[1]
    assert raised.value.exit_status == 3


@pytest.mark.parametrize(
    ("value", "message", "hint"),
    [
        ('"alwys"', 'config.toml:2: mfa_session: "alwys" is not one of auto, always, never', 'did you mean "always"?'),
        ("true", "config.toml:2: mfa_session: has to be a string, and is true or false", ""),
    ],
)
def test_a_wrong_place_for_the_code_is_named(tmp_path: Path, value: str, message: str, hint: str) -> None:
    with pytest.raises(InvalidConfig) as raised:
        load(at(tmp_path, f"bell = true\nmfa_session = {value}\n"))
    assert str(raised.value.message).endswith(message)
    assert raised.value.hint == hint


@pytest.mark.parametrize(
    ("name", "hint"),
    [("qut", 'did you mean "quit"?'), ("zzzz", "known here: accept, back,"), ('"\\u202e"', "known here: ")],
)
def test_a_key_for_nothing_is_named_with_the_nearest(tmp_path: Path, name: str, hint: str) -> None:
    with pytest.raises(InvalidConfig) as raised:
        load(at(tmp_path, f'[keys]\nquit = "ctrl+w"\n{name} = "x"\n'))
    (problem,) = raised.value.problems
    assert (problem.line, problem.hint[: len(hint)]) == (3, hint)
    assert "\u202e" not in str(problem)


@pytest.mark.parametrize("text", ["keys = 3", "[theme]", "theme = 1", "x", b"\xff", "plaintext_key = 1"])
def test_what_is_wrong_is_never_taken(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(InvalidConfig):
        load(at(tmp_path, text))


def test_a_folder_or_a_dangling_link_is_an_error(tmp_path: Path) -> None:
    paths = at(tmp_path, "")
    paths.preferences_file.unlink()
    paths.preferences_file.symlink_to(tmp_path / "nowhere")
    with pytest.raises(InvalidConfig, match="no such file"):
        load(paths)
    paths.preferences_file.unlink()
    paths.preferences_file.mkdir()
    with pytest.raises(InvalidConfig, match="is a folder"):
        load(paths)


@examples(100)
@given(st.text(alphabet="[]{}=\"'.,#\n ab1themkys", max_size=60))
def test_any_text_is_preferences_or_an_invalid_file(text: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        try:
            found = load(at(Path(folder), text))
        except InvalidConfig as error:
            assert error.problems
        else:
            assert isinstance(found, Preferences)
