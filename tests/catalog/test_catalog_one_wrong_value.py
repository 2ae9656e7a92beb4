"""A catalog with everything in it, and one thing in it wrong: that thing is named, with its line, whatever it is."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from catalog_home import Home
from hypothesis import given
from hypothesis import strategies as st
from properties import examples

from xswitch.catalog import schema
from xswitch.paths import Paths

Table = tuple[str, str, dict[str, str]]
"""A header, the dotted key of what stands under it, and its keys with their values as TOML."""

ROLE = {
    "name": '"Deploy"', "via": '"hub/Hub"', "mfa": "true", "external_id": '{ vault = "x" }', "source_identity": '"{user}"',
    "session_tags": '{ team = "a" }', "transitive_tags": '["team"]', "policy": """'{"Version": "2012-10-17", "Statement": []}'""",
    "policy_arns": '["arn:aws:iam::aws:policy/P"]', "region": '"eu-west-1"', "identity": '"central"', "duration": '"4h"',
    "session_name": '"{role}"',
}  # fmt: skip
TABLES: list[Table] = [
    ("", "", {"version": "1"}),
    ("[defaults]", "defaults", {"region": '"eu-west-1"', "identity": '"central"', "duration": '"1h"', "session_name": '"{user}"'}),
    ("[identities.central]", "identities.central", {
        "kind": '"keys"', "account_id": '"111122223333"', "region": '"eu-west-1"', "mfa_process": '"oathtool -b X"',
        "mfa_serial": '"arn:aws:iam::111122223333:mfa/ada"'}),
    ("[identities.corp]", "identities.corp", {
        "kind": '"sso"', "sso_session": '"acme"', "start_url": '"https://acme.awsapps.com/start"', "sso_region": '"eu-west-1"'}),
    ("[identities.tool]", "identities.tool", {"kind": '"process"', "process": '"tool login"'}),
    ("[identities.own]", "identities.own", {"kind": '"profile"', "profile": '"ada"'}),
    ("[environments.prod]", "environments.prod", {
        "colour": '"red"', "confirm": '"type"', "reason": "true", "max_duration": '"1h"'}),
    ("[[accounts]]", "accounts[0]", {"id": '"999999999999"', "name": '"hub"', "roles": '[{ name = "Hub" }]'}),
    ("[[accounts]]", "accounts[1]", {
        "id": '"444455556666"', "name": '"payments-prod"', "ou": '"Workloads/Prod"', "environment": '"prod"',
        "tags": '{ team = "payments" }', "region": '"eu-west-1"', "identity": '"central"', "duration": '"2h"',
        "session_name": '"fixed"'}),
    ("[[accounts.roles]]", "accounts[1].roles[0]", {**ROLE, "arn": '"arn:aws:iam::444455556666:role/ci/Deploy"'}),
    ("[[roles]]", "roles[0]", {**ROLE, "name": '"Audit"', "accounts": '"ou:Workloads !env:sandbox"'}),
]  # fmt: skip
# Values of every type of TOML. The last are texts that no rule takes but those for any text.
TYPED = {
    "bool": ["true", "false"],
    "int": ["0", "-1", "0x10", "123456789012", "9" * 30, "1_000"],
    "float": ["1.5", "inf", "nan", "-0.0", "1e308"],
    "date": ["1979-05-27", "1979-05-27T07:32:00Z", "07:32:00"],
    "list": ["[]", "[1]", "[[]]", '["a", 1]', "[" * 40 + "]" * 40, '[{ name = "X" }, 1]'],
    "dict": ["{}", "{ a = 1 }", '{ "" = "" }', "{ a.b.c.d.e = [{ f = 1 }] }", '{ vault = 1 }'],
    "str": ['""', '"  "', '"\\u0000\\u202e\\u001b[31m"', "'''\n'''", '"' + "x" * 3000 + '"', '"\\U0010ffff"', '"$(id)"'],
}  # fmt: skip
TYPE_OF = {
    "version": "int", "mfa": "bool", "reason": "bool", "roles": "list", "transitive_tags": "list", "policy_arns": "list",
    "tags": "dict", "session_tags": "dict",
}  # fmt: skip
ANY_TEXT = {
    "name",
    "ou",
    "environment",
    "identity",
    "via",
    "profile",
    "process",
    "mfa_process",
    "sso_session",
    "colour",
}
"""Keys that take any text that is not blank; what some of them name has to exist, which is another error."""
PLACES = [(number, key) for number, (_, _, keys) in enumerate(TABLES) for key in keys]


def written(tables: list[Table]) -> str:
    return "\n".join(
        line
        for header, _, keys in tables
        for line in (*([header] if header else []), *(f"{key} = {value}" for key, value in keys.items()))
    )


def home_of(folder: str) -> Home:
    home = Home(Paths.of({"XSWITCH_HOME": folder}))
    home.paths.config.mkdir(exist_ok=True)
    return home


def test_the_whole_of_it_loads_and_has_every_key_there_is(tmp_path: Path) -> None:
    home = home_of(str(tmp_path))
    home.write(written(TABLES))
    assert len(home.load().targets) == 3
    known = {
        *schema.DEFAULTS, *schema.ACCOUNT, *schema.ROLE, *schema.ROLE_SET, *schema.ENVIRONMENT,
        *(key for rules in schema.IDENTITY.values() for key in rules),
    }  # fmt: skip
    assert known == {key for _, _, keys in TABLES for key in keys} - {"version"}


@st.composite
def wrong_values(draw: st.DrawFn) -> tuple[int, str, str]:
    number, key = draw(st.sampled_from(PLACES))
    right = TYPE_OF.get(key, "str")
    wrong = draw(st.sampled_from(sorted(TYPED)))
    if wrong == right:
        values = {"str": ['""', '"  "'] if key in ANY_TEXT else TYPED["str"], "int": ["0", "-1", "9" * 30]}.get(
            wrong, []
        )
        if key == "policy_arns":
            values = ["[1]", '[""]', "[[]]"]
        elif key in ("tags", "session_tags", "transitive_tags", "roles"):
            values = {"list": ["[1]", "[[]]"], "dict": ["{ a = 1 }"]}[wrong]
    else:
        values = TYPED[wrong]
    if key == "external_id":
        values = [value for value in values if value != '{ vault = "x" }']
    if key == "accounts":
        values = [
            value
            for value in values
            if value not in ('""', '"  "', "'''\n'''") and "x" not in value and "$" not in value
        ]
    return number, key, draw(st.sampled_from(values or ["1979-05-27"]))


@examples(300)
@given(wrong_values())
def test_one_wrong_value_is_named_with_its_line(wrong: tuple[int, str, str]) -> None:
    number, key, value = wrong
    header, dotted, keys = TABLES[number]
    tables = [*TABLES[:number], (header, dotted, {**keys, key: value}), *TABLES[number + 1 :]]
    text = written(tables)
    line = next(
        at for at in range(1, text.count("\n") + 2) if written_until(tables, number, key) == text.split("\n")[: at - 1]
    )
    with tempfile.TemporaryDirectory() as folder:
        home = home_of(folder)
        home.write(text)
        found = home.problems()
    place = f"{dotted}.{key}" if dotted else key
    named = [problem for problem in found if problem.key == place or problem.key.startswith((f"{place}.", f"{place}["))]
    if value == "9" * 30 and not named:
        assert any("is not TOML" in problem.message for problem in found)
        return
    assert named, (place, value, found)
    assert {problem.line for problem in named} <= set(range(line, line + value.count("\n") + 1)), (place, value, named)


def written_until(tables: list[Table], number: int, key: str) -> list[str]:
    """The lines before the one that has the key."""
    header, dotted, keys = tables[number]
    before = list(keys)[: list(keys).index(key)]
    text = written([*tables[:number], (header, dotted, {name: keys[name] for name in before})])
    return text.split("\n") if text else []


@pytest.mark.parametrize("again", ["[defaults]", "[identities.central]", "version = 1", "[environments.prod]"])
def test_a_table_or_key_that_stands_twice_is_named_with_its_line(tmp_path: Path, again: str) -> None:
    home = home_of(str(tmp_path))
    text = written(TABLES)
    lines = [again, *text.split("\n")] if "=" in again else [*text.split("\n"), again]
    home.write("\n".join(lines) + "\n")
    (problem,) = home.problems()
    assert "is not TOML" in problem.message
    assert problem.line == (2 if "=" in again else len(lines))
