"""Every value comes back from the real shells as it went in."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from properties import examples

from xswitch.errors import Usage
from xswitch.shell import quoting

READERS = {
    "bash": ("bash", ["--norc", "--noprofile"]),
    "zsh": ("zsh", ["-f"]),
    "zsh with rcquotes": ("zsh", ["-f", "-o", "rcquotes"]),
    "dash": ("dash", []),
    "fish": ("fish", ["--no-config"]),
}
FORM = {"zsh with rcquotes": "zsh", "dash": "bash"}

# fish keeps bytes that are no text in the private use area, so that such a character is not a value there.
characters = st.characters(exclude_characters="\0", exclude_categories=["Cs", "Co"])
nasty = st.sampled_from(
    ["'", '"', "\\", "$", "`", "\n", "\r", "!", "%", "*", "~", "''", "\\'", "$(touch pwned)", "\u2019", " "]
)
values = st.lists(characters | nasty, max_size=25).map("".join)
HARD = [
    "",
    "'",
    "''",
    "\\",
    "\\'",
    "a'b",
    "'a",
    "a'",
    "\n",
    "a\n",
    "\r\n",
    "$(touch pwned)",
    "`id`",
    "${IFS}",
    "!!",
    "~",
    "-n",
    "\t",
    "\x1b[0m",
    "é\u2019\U0001f600",
]


def read_back(reader: str, given_values: list[str], cwd: str) -> list[str]:
    """Let one shell evaluate the lines as its rc file does, and ask a child of it what it was given."""
    program, options = READERS[reader]
    path = shutil.which(program)
    assert path, f"{program} has to be installed"
    lines = quoting.text(FORM.get(reader, reader), {f"V{number}": value for number, value in enumerate(given_values)})
    done = subprocess.run(
        [path, *options, "-c", lines + "\nenv -0"], env={"PATH": "/usr/bin:/bin", "HOME": cwd, "LC_ALL": "C.UTF-8"},
        capture_output=True, timeout=30, check=True, cwd=cwd,
    )  # fmt: skip
    assert done.stderr == b""
    pairs = dict(entry.partition("=")[::2] for entry in done.stdout.decode().split("\0"))
    return [pairs[f"V{number}"] for number in range(len(given_values))]


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(HARD)
@given(st.lists(values, min_size=1, max_size=40))
def test_shells_read_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, reader: str, given_values: list[str]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "quoting"
    folder.mkdir(exist_ok=True)
    assert read_back(reader, given_values, str(folder)) == given_values
    assert not (folder / "pwned").exists()


def read_bytes_back(reader: str, given_values: list[bytes], folder: Path) -> list[bytes]:
    """Let one shell read all the lines from a file and print every variable itself, however much that is."""
    program, options = READERS[reader]
    pairs = {f"V{number}": value.decode("utf-8", "surrogateescape") for number, value in enumerate(given_values)}
    lines = quoting.text(FORM.get(reader, reader), pairs).encode("utf-8", "surrogateescape")
    script = folder / f"script.{program}"
    script.write_bytes(lines + b"".join(b'printf "%%s\\0" "$%s"\n' % name.encode() for name in pairs))
    done = subprocess.run(
        [program, *options, str(script)], env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8"},
        capture_output=True, timeout=120, check=True, cwd=folder,
    )  # fmt: skip
    assert done.stderr == b""
    return done.stdout.split(b"\0")[:-1]


SPECIAL = [
    mark.encode() for mark in ("'", '"', "\\", "$", "`", "\n", "\r", "!", "%", "*", "~", "''", "\\'", "$(touch pwned)")
]


def as_values(drawn: bytes) -> list[bytes]:
    """Make values of up to twenty pieces: a byte below 64 is a mark that some shell looks into, any other is itself."""
    pieces = [SPECIAL[byte % len(SPECIAL)] if byte < 64 else bytes([byte]) for byte in drawn]
    return [b"".join(pieces[at : at + 20]) for at in range(0, len(pieces), 20)]


# What is no UTF-8 in an environment is a lone surrogate in Python, and goes out as the byte that it was.
@pytest.mark.parametrize("reader", READERS)
@examples(8)
@given(st.binary(min_size=1000, max_size=3000).map(as_values))
def test_bytes_that_are_no_text_come_back_too(reader: str, given_values: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert read_bytes_back(reader, given_values, Path(folder)) == given_values
        assert not (Path(folder) / "pwned").exists()


@pytest.mark.parametrize("reader", READERS)
def test_every_character_there_is_comes_back(reader: str, tmp_path: Path) -> None:
    """The whole of Unicode, but NUL, in a few hundred values; fish keeps raw bytes at U+F600 to U+F6FF."""
    every = [chr(code) for code in (*range(1, 0xD800), *range(0xE000, 0x110000))]
    if reader == "fish":
        every = [letter for letter in every if not "\uf600" <= letter <= "\uf6ff"]
    chunks = ["".join(every[at : at + 4000]).encode() for at in range(0, len(every), 4000)]
    assert read_bytes_back(reader, chunks, tmp_path) == chunks


@pytest.mark.parametrize("reader", ["bash", "zsh", "dash", "fish"])
def test_what_would_shadow_is_unset(reader: str) -> None:
    program, options = READERS[reader]
    lines = quoting.text(FORM.get(reader, reader), {"TWO": "2"}, ["ONE", "NEVER_SET"])
    told = "set -q ONE; and echo set; or echo unset" if reader == "fish" else "echo ${ONE-unset}"
    done = subprocess.run(
        [program, *options, "-c", f"{lines}\nprintenv ONE TWO\n{told}"], env={"PATH": "/usr/bin:/bin", "ONE": "1"},
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["2", "unset"]


def test_a_universal_variable_of_fish_is_kept_and_said(tmp_path: object) -> None:
    """It is the person's in every session, so it is not erased; and nothing else takes it from a child."""
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}

    def fish(code: str) -> tuple[str, str]:
        done = subprocess.run(
            ["fish", "-c", code], env=environ, capture_output=True, text=True, timeout=30, check=False
        )
        return done.stdout.strip(), done.stderr

    assert fish("set -Ux AWS_PROFILE theirs; set -gx AWS_PROFILE ours; printenv AWS_PROFILE") == ("ours", "")
    unset = quoting.text("fish", {}, ["AWS_PROFILE", "AWS_ROLE_ARN"])
    said = (
        "xswitch: AWS_PROFILE is a universal variable of fish, and stays for every program\n"
        "  hint: set -eU AWS_PROFILE, or make it a global one in config.fish\n"
    )
    assert fish(f"set -gx AWS_PROFILE ours; {unset} printenv AWS_PROFILE") == ("theirs", said)


@pytest.mark.parametrize("form", quoting.SHELLS)
def test_a_failure_fails_the_eval(form: str) -> None:
    assert quoting.failure(form) == "false\n"
    if form != "powershell":
        argument = "$argv[1]" if form == "fish" else '"$1"'
        words = [form, "-c", f"eval {argument}", *(["x"] if form != "fish" else []), quoting.failure(form)]
        assert subprocess.run(words, timeout=30, check=False).returncode == 1


@pytest.mark.parametrize("form", ["dotenv", "docker", "json"])
def test_a_failure_writes_nothing_into_a_file(form: str) -> None:
    assert quoting.failure(form) == ""


def read_powershell(word: str) -> str:
    """Read a single-quoted string as about_Quoting_Rules says: a doubled quote is one; U+2018 to U+201B are quotes."""
    assert re.fullmatch("'((?:[^'\u2018-\u201b]|['\u2018-\u201b]{2})*)'", word, re.DOTALL), word
    return re.sub("(['\u2018-\u201b])['\u2018-\u201b]", r"\1", word[1:-1])


@examples(200)
@example("\u2019; Remove-Item x; \u2018")
@given(values | st.text("'\u2018\u2019\u201a\u201b\u201c;$`", max_size=8))
def test_powershell_by_its_documentation(value: str) -> None:
    assert read_powershell(quoting.powershell(value)) == value


def test_powershell_lines() -> None:
    assert quoting.text("powershell", {"A_B": "it's"}, ["C_D"]) == (
        "Remove-Item -LiteralPath Env:C_D -ErrorAction Ignore\n$env:A_B = 'it''s'\n"
    )


def readings_of_dotenv(line: str) -> set[str]:
    """Read a line of a dotenv file as python-dotenv, docker compose and node's dotenv document it."""
    word = line.partition("=")[2]
    if word[:1] == "'":
        inner = word[1:-1]
        assert "'" not in inner
        unescaped = re.sub(r"\\([\\'])", r"\1", inner)
        expanded = re.sub(r"\$\{[^}]*\}", "", unescaped)
        return {inner, unescaped, expanded}
    if word[:1] == '"':
        inner = word[1:-1]
        assert '"' not in inner
        plain = inner.replace("\\n", "\n").replace("\\r", "\r")
        return {plain, re.sub(r"\$\{?\w*\}?", "", plain)}
    assert re.fullmatch(r"[^\s#'\"`$\\]*", word)
    return {word}


@examples(200)
@example("a#b")
@example("two\nlines")
@example("it's")
@given(values)
def test_dotenv_readers_agree_or_it_is_refused(value: str) -> None:
    try:
        line = quoting.text("dotenv", {"V": value})
    except Usage:
        assert any(mark in value for mark in "'\\\n\r") or "${" in value
        return
    assert line.count("\n") == 1
    assert readings_of_dotenv(line.removesuffix("\n")) == {value}


@pytest.mark.parametrize(
    "value", ["/+=AZaz09", "IQoJb3JpZ2luX2VjE//8aCXVzLWVhc3QtMSJG==", "eu-west-1", "2026-11-02T16:20:11Z"]
)
def test_what_aws_gives_stands_bare_in_a_dotenv_file(value: str) -> None:
    assert quoting.text("dotenv", {"V": value}) == f"V={value}\n"


@examples(100)
@given(values)
def test_docker_takes_the_value_as_it_is_or_not_at_all(value: str) -> None:
    if "\n" in value or "\r" in value:
        with pytest.raises(Usage, match="V holds a line end"):
            quoting.text("docker", {"V": value})
    else:
        assert quoting.text("docker", {"V": value}, ["GONE"]) == f"V={value}\n"


@examples(100)
@given(st.dictionaries(st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True), values, max_size=5))
def test_json_is_one_object(pairs: dict[str, str]) -> None:
    assert json.loads(quoting.text("json", pairs, ["GONE"])) == pairs


@pytest.mark.parametrize("form", quoting.FORMS)
def test_a_nul_and_a_bad_name_are_refused_without_showing_the_value(form: str) -> None:
    with pytest.raises(Usage, match="NAME holds a NUL") as caught:
        quoting.text(form, {"NAME": "s3ntinel\0"})
    assert "s3ntinel" not in str(caught.value)
    with pytest.raises(Usage, match="not a name"):
        quoting.text(form, {"a;b": "x"})


def test_an_unknown_format_names_those_there_are() -> None:
    with pytest.raises(Usage, match="no such format: 'csh'") as caught:
        quoting.text("csh", {})
    assert "bash, zsh, fish" in caught.value.hint


@given(values)
@example("")
@example("a b")
@example("it's")
@settings(deadline=None)
def test_a_word_to_type_is_what_shlex_makes_of_it(value: str) -> None:
    assert quoting.quoted(value) == shlex.quote(value)
