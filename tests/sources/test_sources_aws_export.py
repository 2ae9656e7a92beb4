"""Targets as profiles between markers: the rest of the file stays byte for byte, whatever it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import examples

from xswitch.catalog.model import Account, Target
from xswitch.errors import InvalidConfig
from xswitch.sources import ini
from xswitch.sources.aws_export import BEGIN, END, exported, profile_name

FILE = Path("config")
PROGRAM = ("/home/ada/.local/bin/xswitch",)
DEV = Target(
    Account("555566667777", "payments-dev"), "Admin", "arn:aws:iam::555566667777:role/Admin", region="eu-west-1"
)
HOSTILE = Target(Account("444455556666", "$(touch pwned)\n[x]"), "Read", "arn:aws:iam::444455556666:role/Read")


def test_a_profile_for_each_target() -> None:
    made = exported(b"", [DEV, HOSTILE], PROGRAM, FILE)
    assert made.content.decode() == (
        f"{BEGIN}\n\n[profile payments-dev/Admin]\n"
        "credential_process = /home/ada/.local/bin/xswitch credential-process payments-dev/Admin\n"
        "region = eu-west-1\n\n[profile 444455556666/Read]\n"
        f"credential_process = /home/ada/.local/bin/xswitch credential-process 444455556666/Read\n{END}\n"
    )
    assert (made.profiles, made.taken) == (2, ())


def test_a_program_in_a_folder_with_blanks_is_quoted() -> None:
    made = exported(b"", [DEV], ("/opt/my tools/xswitch",), FILE)
    assert b"credential_process = '/opt/my tools/xswitch' credential-process" in made.content


def test_a_profile_of_the_persons_own_keeps_its_name() -> None:
    own = b"[profile payments-dev/Admin]\nregion = x\n"
    made = exported(own, [DEV], PROGRAM, FILE)
    assert (made.content, made.profiles, made.taken) == (own, 0, ("payments-dev/Admin",))


def test_a_quoted_profile_of_the_persons_own_is_one_too() -> None:
    own = b'[profile "payments-dev/Admin"]\nregion = x\n'
    assert exported(own, [DEV], PROGRAM, FILE).taken == ("payments-dev/Admin",)


@examples(300)
@given(
    lines=st.lists(
        st.sampled_from(["[profile a]", "[default]", "region = x", "# a comment", "", "  indented = 1", "k=v", "\t"]),
        max_size=8,
        unique=True,
    ),
    end=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
    bom=st.booleans(),
)
def test_the_rest_stays_as_it_was_and_comes_back(lines: list[str], end: str, last: bool, bom: bool) -> None:
    text = ("\ufeff" if bom else "") + end.join(lines) + (end if last and lines else "")
    before = text.encode()
    try:
        ini.parse(before, FILE)
    except InvalidConfig:
        return
    made = exported(before, [DEV], PROGRAM, FILE)
    assert made.content.startswith(before)
    assert exported(made.content, [DEV], PROGRAM, FILE).content == made.content
    assert {"profile payments-dev/Admin"} <= {section.name for section in ini.parse(made.content, FILE)}
    added = made.content + b"[profile later]" + end.encode()
    assert exported(added, [], PROGRAM, FILE).content.startswith(before)
    assert exported(added, [], PROGRAM, FILE).content.endswith(b"[profile later]" + end.encode())
    style = b"\r\n" if b"\r\n" in before else b"\n"
    ended = not before or before.endswith(b"\n")
    assert exported(made.content, [], PROGRAM, FILE).content == (before if ended else before + style)
    if "\r\n" in text:
        assert made.content.count(b"\r\n") == made.content.count(b"\n")


@pytest.mark.parametrize(
    ("text", "line"),
    [(f"{BEGIN}\n", 1), (f"[a]\n{END}\n", 2), (f"{END}\n{BEGIN}\n", 2), (f"{BEGIN}\n{END}\n{BEGIN}\n{END}\n", 1)],
)
def test_markers_that_dont_pair_are_an_error(text: str, line: int) -> None:
    with pytest.raises(InvalidConfig) as caught:
        exported(text.encode(), [DEV], PROGRAM, FILE)
    assert caught.value.problems[0].line == line


def test_the_names_of_profiles() -> None:
    assert [profile_name(target) for target in (DEV, HOSTILE)] == ["payments-dev/Admin", "444455556666/Read"]


def test_it_says_how_many_of_ours_were_there_before() -> None:
    made = exported(b"[profile own]\nregion = eu-west-1\n", [DEV, HOSTILE], PROGRAM, FILE)
    assert made.replaced == 0
    assert exported(made.content, [], PROGRAM, FILE).replaced == 2
