"""Targets as profiles between markers: the rest of the file stays byte for byte, whatever it is."""

from __future__ import annotations

from dataclasses import replace
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


READ = replace(DEV, role="Read", arn="arn:aws:iam::555566667777:role/Read", region="")
OURS, READS = "profile payments-dev/Admin", "profile payments-dev/Read"
MINE = "[profile mine]\nregion = eu-west-1\n\n"


def meaning(content: bytes) -> dict[str, dict[str, ini.Value]]:
    return {section.name: section.values for section in ini.parse(content, FILE)}


def test_what_the_aws_cli_set_behind_the_end_marker_stays_with_the_last_profile() -> None:
    """It takes the marker for a comment like any other, inside the profile before it."""
    made = exported(MINE.encode(), [DEV, READ], PROGRAM, FILE).content
    later = "# about later\n\n[profile later]\noutput = json\n"
    set_there = f"region = us-east-2\ns3 =\n    max_queue_size = 10\n{later}"
    for _ in range(3):
        again = exported(made + set_there.encode(), [DEV, READ], PROGRAM, FILE)
        assert again.content.startswith(MINE.encode())
        assert again.content.endswith(f"\n{END}\n{later}".encode())
        found = meaning(again.content)
        assert (found[READS]["region"], found[READS]["s3"]) == ("us-east-2", {"max_queue_size": "10"})
        assert found[OURS] == meaning(made)[OURS]
        assert (again.lost, again.replaced) == ({}, 2)
        made, set_there = again.content, ""


def test_what_the_aws_cli_set_in_a_profile_that_goes_goes_with_it_and_is_told() -> None:
    made = exported(MINE.encode(), [DEV, READ], PROGRAM, FILE).content
    later = "; about later\n[profile later]\n"
    set_there = made + f"region = us-east-2\noutput = text\n{later}".encode()
    for left, block in (([DEV], True), ([], False)):
        again = exported(set_there, left, PROGRAM, FILE)
        assert again.lost == {"payments-dev/Read": ("region", "output")}
        assert meaning(again.content)["profile mine"] == {"region": "eu-west-1"}
        assert READS not in meaning(again.content)
        assert again.content.endswith(later.encode())
        assert block or again.content == (MINE + later).encode()


def test_what_a_person_wrote_between_the_markers_is_told_when_it_goes() -> None:
    made = exported(b"", [DEV], PROGRAM, FILE).content
    theirs = made.replace(END.encode(), b"[tool]\nx = 1\n[profile a]\noutput = text\n" + END.encode())
    assert exported(theirs, [DEV], PROGRAM, FILE).lost == {"tool": ("x",), "a": ("output",)}


def test_what_the_aws_cli_set_in_any_of_ours_is_kept_and_the_catalog_says_the_region() -> None:
    made = exported(b"", [DEV, READ], PROGRAM, FILE).content
    theirs = made.replace(b"region = eu-west-1\n", b"region = us-east-2\noutput = text\nnote = a\n  b\n\n  c\n")
    again = exported(theirs, [DEV, READ], PROGRAM, FILE)
    process = meaning(made)[OURS]["credential_process"]
    assert meaning(again.content)[OURS] == {
        "credential_process": process, "region": "eu-west-1", "output": "text", "note": "a\nb\n\nc",
    }  # fmt: skip


def test_what_the_aws_cli_set_below_the_begin_marker_goes_back_to_the_profile_before_it() -> None:
    """As it does below a marker of an earlier version, whose colon made it look like a setting."""
    made = exported(MINE.encode(), [DEV], PROGRAM, FILE).content
    older = made.replace(BEGIN.encode(), b"# >>> xswitch: written by an earlier one >>>\noutput = json")
    for left in ([DEV], []):
        again = exported(older, left, PROGRAM, FILE)
        assert again.content.startswith(f"{MINE}output = json\n".encode())
        assert meaning(again.content)["profile mine"] == {"region": "eu-west-1", "output": "json"}
    assert not set(":=") & set(BEGIN)


def test_settings_behind_a_block_that_holds_no_profile_are_those_of_the_profile_before_it() -> None:
    emptied = f"{MINE}{BEGIN}\n{END}\n# mine\noutput = json\n".encode()
    again = exported(emptied, [DEV], PROGRAM, FILE)
    assert meaning(again.content)["profile mine"] == {"region": "eu-west-1", "output": "json"}
    assert again.content.endswith(b"# mine\n")
    with pytest.raises(InvalidConfig) as caught:
        exported(f"{BEGIN}\n{END}\noutput = json\n".encode(), [DEV], PROGRAM, FILE)
    assert caught.value.problems[0].line == 3


def test_what_is_wrong_is_told_with_its_line_in_the_file() -> None:
    made = exported(MINE.encode(), [DEV], PROGRAM, FILE).content
    for text, line in ((made + b"nonsense\n", 10), (made + b"[profile a]\nx\n", 11), (made + b"region = x\n", 10)):
        with pytest.raises(InvalidConfig) as caught:
            exported(text, [DEV], PROGRAM, FILE)
        assert caught.value.problems[0].line == line


def test_a_profile_of_the_credentials_file_is_the_persons_own_as_well() -> None:
    made = exported(b"", [DEV, READ], PROGRAM, FILE, {"payments-dev/Admin", "other"})
    assert (made.taken, list(meaning(made.content))) == (("payments-dev/Admin",), [READS])


@examples(300)
@given(
    st.lists(
        st.sampled_from(
            [
                "output = x",
                "region = y",
                "  deeper = 1",
                "# a: comment",
                "",
                "s3 =",
                " [k]",
                "[profile a]",
                "[tool]",
                "\tq=v",
            ]
        ),
        max_size=8,
    ),
    st.sampled_from(["\n", "\r\n"]),
)
def test_whatever_stands_behind_the_end_marker_the_persons_own_profiles_mean_the_same(
    lines: list[str], end: str
) -> None:
    text = exported(MINE.replace("\n", end).encode(), [DEV, READ], PROGRAM, FILE).content + end.join(lines).encode()
    try:
        before = meaning(text)
    except InvalidConfig:
        return
    for left in ([DEV, READ], [DEV], []):
        after = meaning(exported(text, left, PROGRAM, FILE).content)
        assert {name: after[name] for name in after if name not in (OURS, READS)} == {
            name: before[name] for name in before if name not in (OURS, READS)
        }
        if READ in left:  # all but its process, which an export writes anew
            assert {**after[READS], "credential_process": ""} == {**before[READS], "credential_process": ""}


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
