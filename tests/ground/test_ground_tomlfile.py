"""Lines of keys, against texts whose lines are known, and against what tomli reads in them."""

from __future__ import annotations

from typing import Any

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st
from properties import examples

from xswitch.tomlfile import dotted, nearest, quoted
from xswitch.tomllines import Keys, line_at, lines_of

TEXT = '''\
# [[not]]
version = 1
"a.b".c = """x
[[accounts]]
y = 1"""
d = \'\'\'
[no]\'\'\'\'\' # c
e = """"q""""   # four quotes

[[accounts]]
id = "1" # [[accounts]]
roles = [ { name = "a",
  x = 3 }, # ]
  { name = "b]}\\"" },
  ]
tags = { "k\\u0041" = 1, b.c = 2, \'l\' = [ 1,
 2 ] }
  [accounts.more . x]
  u = 1979-05-27 07:32:00

[[accounts]]
  [[accounts.roles]]
  name = 1
  [[accounts.roles]]
  f = -inf
[z . \'q q\'.w]
k = []
'''

KNOWN: list[tuple[Keys, int]] = [
    (("version",), 2),
    (("a.b", "c"), 3),
    (("d",), 6),
    (("e",), 8),
    (("accounts", 0), 10),
    (("accounts", 0, "id"), 11),
    (("accounts", 0, "roles"), 12),
    (("accounts", 0, "roles", 0, "name"), 12),
    (("accounts", 0, "roles", 0, "x"), 13),
    (("accounts", 0, "roles", 1), 14),
    (("accounts", 0, "tags", "kA"), 16),
    (("accounts", 0, "tags", "b", "c"), 16),
    (("accounts", 0, "tags", "l", 1), 17),
    (("accounts", 0, "more", "x"), 18),
    (("accounts", 0, "more", "x", "u"), 19),
    (("accounts", 1), 21),
    (("accounts", 1, "roles", 0, "name"), 23),
    (("accounts", 1, "roles", 1), 24),
    (("accounts", 1, "roles", 1, "f"), 25),
    (("z", "q q", "w", "k"), 27),
]


@pytest.mark.parametrize(("keys", "line"), KNOWN)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_the_line_of_a_key(keys: Keys, line: int, ending: str) -> None:
    assert lines_of(TEXT.replace("\n", ending))[keys] == line


def places(data: Any, keys: Keys = ()) -> list[Keys]:
    """Every place of parsed TOML, tables and array items included."""
    found: list[Keys] = [keys] if keys else []
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, inner in items:
        found += places(inner, (*keys, key))
    return found


def test_the_walk_finds_just_what_tomli_reads() -> None:
    assert sorted(map(repr, lines_of(TEXT))) == sorted(map(repr, places(tomli.loads(TEXT))))


KEYS = st.sampled_from(["a", "b-c", '"d e"', "'f'", '"g\\u0068\\t"', "a.b", '"x" . y', '""', "12"])
VALUES = st.recursive(
    st.sampled_from(
        ["1", "-0x1F", "1979-05-27 07:32:00", "true", "1e5", '"s # ]"', "'l'", '"""m\n[[x]]\n"""', "'''n\n]'''", '"""""q"""',
         '"\\""', '"""\\"""""" ""'[:10] + '"']
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[" + ",\n # ]\n".join(items) + " ]"),
        st.lists(st.tuples(KEYS, inner), max_size=2).map(
            lambda items: "{ " + ", ".join(f"{key} = {item}" for key, item in items) + " }"
        ),
    ),
    max_leaves=6,
)  # fmt: skip
STATEMENTS = st.one_of(
    st.tuples(KEYS, VALUES).map(lambda pair: f"{pair[0]} = {pair[1]}"),
    KEYS.map(lambda key: f"[{key}]"),
    KEYS.map(lambda key: f"[[ {key} ]] # x"),
    st.sampled_from(["", "# [c]", "   "]),
)


@examples(200)
@given(st.lists(STATEMENTS, max_size=10))
def test_any_toml_has_a_line_for_whatever_tomli_reads(statements: list[str]) -> None:
    kept: list[str] = []
    for statement in statements:  # keep the statements that are valid together
        try:
            tomli.loads("\n".join([*kept, statement]))
        except tomli.TOMLDecodeError:
            continue
        kept.append(statement)
    text = "\n".join(kept)
    lines = lines_of(text)
    assert sorted(map(repr, lines)) == sorted(map(repr, places(tomli.loads(text))))
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())
    for keys, line in lines.items():
        if isinstance(keys[-1], str) and keys[-1] in ("a", "12"):
            assert keys[-1] in text.split("\n")[line - 1]


@examples(200)
@given(st.text(alphabet="[]{}=\"'.,#\n\\ab1 \r\t", max_size=80))
def test_text_that_is_no_toml_is_walked_to_where_it_breaks(text: str) -> None:
    assert all(line >= 1 for line in lines_of(text).values())


def test_nesting_past_all_bounds_ends_the_walk() -> None:
    assert lines_of("a = 1\nb = " + "[" * 5000)[("a",)] == 1


def test_a_place_without_a_line_has_that_of_what_is_around_it() -> None:
    lines = lines_of("x = 1\n[a]\nb = 2\n")
    assert line_at(lines, ("a", "b", "c", 0)) == 3
    assert line_at(lines, ("a", "c")) == 2
    assert line_at(lines, ("nowhere",)) == 1


def test_how_keys_and_names_are_said() -> None:
    assert dotted(("accounts", 3, "roles", 0, "a b")) == 'accounts[3].roles[0]."a b"'
    assert dotted(("a\x1b\u202e",)) == '"a"'
    assert quoted("x" * 200) == '"' + "x" * 79 + '…"'


@pytest.mark.parametrize(
    ("word", "known", "found"),
    [
        ("duratoin", ["duration", "region"], "duration"),
        ("PROD", ["prod"], "prod"),
        ("zzz", ["prod"], ""),
        ("x", [], ""),
    ],
)
def test_the_nearest_word(word: str, known: list[str], found: str) -> None:
    assert nearest(word, known) == found
