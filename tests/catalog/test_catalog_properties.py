"""What holds for any catalog: nothing but InvalidConfig is raised, lines are right, the cache says what the files say."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from catalog_home import Home, late
from hypothesis import given
from hypothesis import strategies as st
from properties import examples

from xswitch.catalog import Catalog, check, find, load_last_good, resolve
from xswitch.errors import InvalidConfig
from xswitch.paths import Paths

NAMES = st.one_of(
    st.sampled_from(["a", "b", "team/x", "ü", "$(touch pwned)", "\x1f\x1b[31m"]), st.text(min_size=1, max_size=6)
)
ROLES = st.sampled_from(["ReadOnly", "Deploy", "Admin", "a.b", "x@y"])
IDS = st.integers(1, 30).map(lambda number: f"{number:012d}")
SPANS = st.sampled_from(["15m", "1h", "12h", "3600"])
REGIONS = st.sampled_from(["eu-west-1", "cn-north-1", "us-gov-west-1"])
SETTINGS = {"region": REGIONS, "duration": SPANS, "session_name": st.sampled_from(["{user}", "{role}-{host}", "fixed"])}
LINKS = st.sampled_from(["hub/Hub", "999999999999/Mid", "arn:aws:iam::999999999999:role/Hub", "a/ReadOnly"])
HUB = {"id": "999999999999", "name": "hub", "roles": [{"name": "Hub"}, {"name": "Mid", "via": "hub/Hub"}]}
TAGS = st.dictionaries(st.sampled_from(["team", "x", "ä"]), st.sampled_from(["", "a", "b c"]), max_size=2)


def role(extra: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    optional = {
        "mfa": st.booleans(),
        "via": LINKS,
        "external_id": st.one_of(st.just("ab"), st.just({"vault": "x"})),
        "source_identity": st.just("{user}"),
        "session_tags": TAGS,
        "policy": st.just('{"Statement": []}'),
        "policy_arns": st.just(["arn:aws:iam::aws:policy/P"]),
        **SETTINGS,
        **extra,
    }
    return st.fixed_dictionaries({"name": ROLES}, optional=optional)


CATALOGS = st.fixed_dictionaries(
    {
        "version": st.just(1),
        "defaults": st.fixed_dictionaries({"identity": st.just("central")}, optional=SETTINGS),
        "identities": st.just({"central": {"kind": "keys"}, "other": {"kind": "environment"}}),
        "environments": st.just({"prod": {"confirm": "type", "max_duration": "1h"}, "dev": {}}),
        "accounts": st.lists(
            st.fixed_dictionaries(
                {"id": IDS, "name": NAMES, "roles": st.lists(role({}), max_size=3, unique_by=lambda one: one["name"])},
                optional={"ou": st.sampled_from(["W", "W/P"]), "environment": st.sampled_from(["prod", "dev"]), "tags": TAGS,
                          **SETTINGS},
            ),
            min_size=1, max_size=6, unique_by=(lambda one: one["id"], lambda one: one["name"]),
        ).map(lambda accounts: [HUB, *accounts]),
    },
    optional={"roles": st.lists(role({"accounts": st.sampled_from(["", "ou:W", "!env:prod", "a", 'tag:team=""'])}), max_size=3,
                                unique_by=lambda one: one["name"])},
)  # fmt: skip


def quoted(text: str) -> str:
    plain = "".join(c if c.isalnum() and c.isascii() else f"\\U{ord(c):08x}" for c in text)
    return f'"{plain}"'


def value(data: object) -> str:
    if isinstance(data, bool):
        return "true" if data else "false"
    if isinstance(data, str):
        return quoted(data)
    if isinstance(data, dict):
        return "{ " + ", ".join(f"{quoted(key)} = {value(one)}" for key, one in data.items()) + " }"
    if isinstance(data, list):
        return "[" + ", ".join(map(value, data)) + "]"
    return str(data)


def written(data: dict[str, Any], nested: bool) -> str:
    """Write a catalog as TOML, its roles as inline tables or with headers of their own."""
    lines = [f"version = {data['version']}"]
    for table in ("defaults",):
        lines += [f"[{table}]", *(f"{key} = {value(one)}" for key, one in data[table].items())]
    for table in ("identities", "environments"):
        for name, inner in data[table].items():
            lines += [f"[{table}.{name}]", *(f"{key} = {value(one)}" for key, one in inner.items())]
    for account in data["accounts"]:
        inner = dict(account)
        roles = inner.pop("roles")
        lines += ["[[accounts]]", *(f"{key} = {value(one)}" for key, one in inner.items())]
        if not nested:
            lines.append("roles = " + value(roles))
        for one in roles if nested else ():
            lines += ["  [[accounts.roles]]", *(f"  {key} = {value(item)}" for key, item in one.items())]
    for one in data.get("roles", ()):
        lines += ["[[roles]]", *(f"{key} = {value(item)}" for key, item in one.items())]
    return "\n".join(lines) + "\n"


@contextmanager
def a_home() -> Iterator[Home]:
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Paths.of({"XSWITCH_HOME": folder}))
        home.paths.config.mkdir()
        yield home


def loaded(home: Home) -> Catalog | InvalidConfig:
    try:
        return home.load()
    except InvalidConfig as error:
        assert error.problems == check(home.paths)[0]
        assert all(problem.message for problem in error.problems)
        return error


@examples(150)
@given(data=CATALOGS, nested=st.booleans())
def test_the_cache_says_what_the_files_say(data: dict[str, Any], nested: bool) -> None:
    with a_home() as home:
        home.write(written(data, nested))
        fresh = loaded(home)
        if isinstance(fresh, InvalidConfig):
            allowed = ("circle", "no target", "two targets", "again", "reads as another", "is empty")
            assert all(any(word in problem.message for word in allowed) for problem in fresh.problems), fresh.problems
            return
        again = home.load()
        assert again == fresh
        assert load_last_good(home.paths) == fresh
        assert list(again.targets) == list(fresh.targets)
        assert len({target.name for target in fresh.targets}) == len(fresh.targets)
        for target in fresh.targets:
            assert resolve(fresh, target.name) == target
            found = find(home.paths, target.name, clock=late)
            assert found is not None
            assert (found.target, found.identity) == (target, fresh.identities[target.identity])
            assert found.environment == fresh.environment_of(target)
            names = [found.target.via, *(step.via for step in found.way)]
            assert [step.name for step in found.way] == names[:-1]
            assert names[-1] == ""


@examples(150)
@given(data=CATALOGS, nested=st.booleans(), draw=st.data())
def test_the_line_of_a_wrong_key_is_told(data: dict[str, Any], nested: bool, draw: st.DataObject) -> None:
    """Put one unknown key somewhere: its line is the one it was written in."""
    places: list[dict[str, Any]] = [
        data["defaults"],
        *data["identities"].values(),
        *data["accounts"],
        *data.get("roles", []),
    ]
    if nested:
        places += [one for account in data["accounts"] for one in account["roles"]]
    place = draw.draw(st.sampled_from(range(len(places))))
    target = dict(places[place])
    items = list(target.items())
    at = draw.draw(st.integers(0, len(items)))
    places[place].clear()
    places[place].update(dict([*items[:at], ("wrnog", "x"), *items[at:]]))
    text = written(data, nested)
    places[place].clear()
    places[place].update(items)
    with a_home() as home:
        home.write(text)
        wrong = [problem for problem in home.problems() if problem.key.endswith(".wrnog")]
        assert len(wrong) == 1
        assert text.splitlines()[(wrong[0].line or 0) - 1].lstrip().startswith("wrnog")


JUNK = st.recursive(
    st.one_of(
        st.booleans(), st.integers(-5, 10**13), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(
                st.sampled_from(
                    [
                        "version",
                        "defaults",
                        "identities",
                        "environments",
                        "accounts",
                        "roles",
                        "id",
                        "name",
                        "kind",
                        "via",
                        "mfa",
                        "duration",
                        "tags",
                        "identity",
                        "environment",
                        "region",
                        "external_id",
                        "session_tags",
                        "transitive_tags",
                        "policy",
                        "policy_arns",
                        "arn",
                        "ou",
                        "vault",
                    ]
                ),
                st.text(max_size=4),
            ),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=25,
)


@examples(200)
@given(
    st.dictionaries(
        st.sampled_from(["version", "defaults", "identities", "environments", "accounts", "roles", "x"]), JUNK
    )
)
def test_any_values_load_or_are_an_invalid_catalog(data: dict[str, Any]) -> None:
    with a_home() as home:
        home.write("\n".join(f"{key} = {value(one)}" for key, one in data.items()))
        found = loaded(home)
        if isinstance(found, InvalidConfig):
            assert all(problem.line is not None for problem in found.problems)


@examples(200)
@given(st.one_of(st.binary(max_size=80), st.text(alphabet="[]{}=\"'.,#\n\\ab1 \ufeff", max_size=60).map(str.encode)))
def test_any_bytes_load_or_are_an_invalid_catalog(content: bytes) -> None:
    with a_home() as home:
        home.write(content)
        assert isinstance(loaded(home), InvalidConfig)  # so short, it can't be a catalog with an account


@examples(60)
@given(data=CATALOGS, old=st.sampled_from(["ReadOnly", "Deploy"]), new=st.sampled_from(["Writable", "Detach"]))
def test_an_edit_of_the_same_size_and_time_is_noticed(data: dict[str, Any], old: str, new: str) -> None:
    import os

    with a_home() as home:
        text = written(data, nested=True)
        path = home.write(text)
        before = loaded(home)
        changed = text.replace(old, new if len(new) == len(old) else new[: len(old)].ljust(len(old), "x"))
        status = path.stat()
        path.write_text(changed)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        after = loaded(home)
        if isinstance(before, Catalog) and isinstance(after, Catalog):
            assert changed != text or after == before
            (Path(home.paths.cache) / "catalog").rename(home.paths.cache / "aside")
            assert home.load() == after
