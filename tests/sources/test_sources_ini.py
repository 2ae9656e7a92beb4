"""The AWS CLI's files, read as botocore reads them, and with a line for what nobody could read."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from botocore.configloader import raw_config_parse
from botocore.exceptions import ConfigParseError
from hypothesis import example, given
from hypothesis import strategies as st
from properties import examples

from xswitch.errors import InvalidConfig
from xswitch.sources import ini

FILE = Path("config")
LINES = st.sampled_from(
    [
        "[profile a]", "[profile b]", "[default]", "[profile 'c d']", "  [inner]", "[unclosed", "[a] trailing", "[]",
        "region = eu-west-1", "  region = us-east-1", "Region: x", "role_arn=arn:aws:iam::1:role/x", "a = b = c",
        "s3 =", "  max_queue = 10", "\tsignature = v4", "   deeper = 1", "no setting", "  no setting", "= nothing",
        "", "  ", "# comment", "; comment", "  # indented", "key = value # kept", "long =", "credential_process = a 'b c'",
        "\u00e9 = \u202e", "k=", "k :", "[profile \u2028x]", "\x0b", "url = http://x:1/y",
    ]
)  # fmt: skip


def ours(text: str) -> dict[str, object] | None:
    try:
        return {section.name: section.values for section in ini.parse(text.encode(), FILE)}
    except InvalidConfig as error:
        assert error.problems[0].line is not None
        return None


def theirs(text: str) -> dict[str, object] | None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config"
        file.write_bytes(text.encode())
        try:
            found: dict[str, object] = raw_config_parse(str(file))
        except ConfigParseError:
            return None
        return found


@examples(500)
@given(lines=st.lists(LINES, max_size=12), end=st.sampled_from(["\n", "\r\n", "\r"]))
@example(lines=["[a]", "s3 =", "  x = 1", "", "  y = 2", "", "[b]"], end="\n")
@example(lines=["[a]", "  k = 1", "  l = 2", "    more", "m = 3"], end="\r\n")
def test_it_reads_what_botocore_reads(lines: list[str], end: str) -> None:
    text = end.join(lines)
    assert ours(text) == theirs(text)


def test_a_byte_order_mark_tabs_and_crlf() -> None:
    text = b"\xef\xbb\xbf[profile a]\r\nregion\t=\teu-west-1\r\n\r\n[sso-session s]\r\nsso_region = x\r\n"
    found = ini.parse(text, FILE)
    assert [(one.name, one.line, one.values) for one in found] == [
        ("profile a", 1, {"region": "eu-west-1"}),
        ("sso-session s", 4, {"sso_region": "x"}),
    ]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (b"region = x\n", 1, "no section begins before"),
        (b"[a]\nb = 1\n[a]\n", 3, 'section "a" stands twice'),
        (b"[a]\nb = 1\nB = 2\n", 3, '"b" is set twice'),
        (b"[a]\nnonsense\n", 2, "this is no setting"),
        (b"[a\n", 1, "is no section"),
        (b"[a]\ns3 =\n  nonsense\n", 1, 'below "s3" stands what is no setting'),
        (b"[a]\nb = \xff\n", 2, "is not UTF-8"),
    ],
)
def test_what_nobody_could_read_is_named_with_its_line(text: bytes, line: int, words: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        ini.parse(text, FILE)
    assert caught.value.problems[0].line == line
    assert words in caught.value.message


@pytest.mark.parametrize("text", ["[a]\nSENTINEL+key/\n", "[SENTINEL+key/\n", "[a]\ns3 =\n  SENTINEL+key/\n"])
def test_a_line_that_lost_its_key_is_not_quoted_since_it_may_be_a_secret(text: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        ini.parse(text.encode(), FILE)
    assert "SENTINEL" not in f"{caught.value.message}{caught.value.hint}{caught.value.as_json()}"


def test_a_missing_file_has_no_sections(tmp_path: Path) -> None:
    assert ini.read(tmp_path / "nothing") == ()
