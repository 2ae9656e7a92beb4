"""The parts of the fast commands, each held against what it stands in for."""

from __future__ import annotations

import importlib
import math
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from fast_house import AGREED, CHAINED, PLAIN, PLAINTEXT, TARGETS, House
from hypothesis import example, given, settings
from hypothesis import strategies as st
from properties import examples

from xswitch import bootclock
from xswitch.cli.dispatch import Parser
from xswitch.cli.person import Nobody
from xswitch.engine import Engine, noting
from xswitch.engine.people import People
from xswitch.fast.asking import plain
from xswitch.fast.places import places
from xswitch.fast.serving import served
from xswitch.paths import Paths
from xswitch.secret import Secret
from xswitch.session import ready
from xswitch.session.learnt import KEPT, SKEW_KEPT, Learnt
from xswitch.session.limits import GRANT, granted_until, lasted
from xswitch.session.ready import Basis, Ready, Request
from xswitch.vault.steady import Beat

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)

# Where things are

paths = st.sampled_from(
    [
        "/home/ada",
        "/home/ada/",
        "//home/ada",
        "/home//ada/./x",
        "/home/../ada",
        "/",
        "",
        "x",
        "./x",
        "~",
        "~/x",
        " ",
        "/ü n",
    ]
)
variables = st.dictionaries(
    st.sampled_from(["XSWITCH_HOME", "XSWITCH_CATALOG", "HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"]),
    paths,
)


@given(variables)
@settings(deadline=None)
def test_the_files_are_where_the_whole_program_looks(given_variables: dict[str, str]) -> None:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(given_variables)
    try:
        found = places(given_variables)
        if found is None:
            return
        meant = Paths.of(given_variables)
    finally:
        os.environ.clear()
        os.environ.update(before)
    assert (found.config, found.state, found.cache) == (str(meant.config), str(meant.state), str(meant.cache))
    assert found.catalog_file == str(meant.catalog_file)


@pytest.mark.skipif(sys.platform != "linux", reason="the folders of this system are other ones")
def test_plain_folders_are_found() -> None:
    found = places({"HOME": "/home/ada", "XDG_STATE_HOME": "/var/ada/"})
    assert found is not None
    assert (found.config, found.state, found.cache) == (
        "/home/ada/.config/xswitch", "/var/ada/xswitch", "/home/ada/.cache/xswitch",
    )  # fmt: skip
    assert found.catalog_file == "/home/ada/.config/xswitch/catalog.toml"


@pytest.mark.parametrize("names", [("LOGNAME", "USER"), ("USER", "LNAME"), ("LNAME", "USERNAME"), ("USERNAME",), ()])
def test_user_and_host_are_those_of_the_engine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, names: tuple[str, ...]
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    for name in names:
        monkeypatch.setenv(name, f"who-{name}")
    environ = {**os.environ, "XSWITCH_HOME": str(tmp_path)}
    engine = Engine(Paths.of(environ), environ, time.time)
    found = places(environ)
    assert found is not None
    assert (found.user, found.host) == (engine.os_user, engine.host) == (engine.os_user, socket.gethostname())


# What is asked

words = st.sampled_from(
    ["a/b", "c/d", "", "-", "--", "-x", "--duration", "--duration=1h", "--duration=5s", "1h30m", "900", "43200", "43201", "45", "--min-ttl=45",
     "--region", "--region=us-east-1", "--region=", "us-east-1", "--session-name", "ada", "--no-input", "--reveal",
     "--format", "--format=fish", "docker", "bash", "--min-ttl", "--min-ttl=10m", "--json", "--confirm", "--reason=x",
     "--reg", "--dur=1h", "true"]
)  # fmt: skip


@given(
    st.sampled_from(["credential-process", "env", "exec"]),
    st.lists(words, max_size=6),
    st.sampled_from(["", "/bin/zsh", "/x/fish", "/bin/sh"]),
)
@example("env", ["a/b", "--region", "-x"], "")
@example("env", ["a/b", "--region", "--reveal"], "")
@example("exec", ["a/b", "--min-ttl=45", "--", "true"], "")
@example("exec", ["a/b", "--duration=5s", "--duration", "1h30m", "--", "true"], "")
@examples(600)
def test_plain_arguments_mean_what_argparse_makes_of_them(command: str, rest: list[str], shell: str) -> None:
    asked = plain([command, *rest], {"SHELL": shell}, terminal=False)
    if asked is None:
        return
    own = rest[: rest.index("--")] if "--" in rest else rest
    module = importlib.import_module(f"xswitch.cli.{command.replace('-', '_')}")
    parser = Parser(prog="xswitch", allow_abbrev=False)
    module.arguments(parser)
    parsed = parser.parse_args(own)
    assert (asked.target, asked.duration) == (parsed.target, parsed.duration or 0)
    assert (asked.region, asked.session_name) == (parsed.region or "", parsed.session_name or "")
    assert not (parsed.confirm or parsed.reason)
    if command == "env":
        by_shell = shell.rpartition("/")[2] if shell.endswith(("zsh", "fish")) else "bash"
        assert asked.form == (parsed.format or by_shell)
        assert not parsed.json
    if command == "exec":
        assert asked.min_ttl == parsed.min_ttl
        assert list(asked.argv) == rest[rest.index("--") + 1 :] != []
    elif "--" in rest:
        raise AssertionError("nothing may follow --")


def test_on_a_terminal_only_what_is_revealed() -> None:
    assert plain(["env", "a/b"], {}, terminal=True) is None
    assert plain(["env", "a/b", "--reveal"], {}, terminal=True) is not None
    assert plain(["credential-process", "a/b"], {}, terminal=True) is not None


# The note

bases = st.builds(
    Basis, st.lists(texts, min_size=2, max_size=3), st.dictionaries(texts, texts, max_size=3), st.dictionaries(texts, texts, max_size=3), texts,
    st.floats(allow_nan=False), st.floats(allow_nan=False),
)  # fmt: skip
findings = st.builds(
    Ready, texts, texts, st.floats(-1e6, 1e6), st.integers(0, 43200), texts, texts, texts, st.booleans(),
    st.lists(texts.filter(bool), max_size=3), texts, st.booleans(), st.booleans(),
)  # fmt: skip
requests = st.builds(Request, texts, st.integers(0, 43200), texts, texts)


def contents(thing: object) -> dict[str, object]:
    return {name: getattr(thing, name) for name in type(thing).__slots__}  # type: ignore[attr-defined]


@given(requests, bases, findings, requests)
@settings(deadline=None)
def test_a_note_comes_back_for_its_own_request(request: Request, basis: Basis, found: Ready, other: Request) -> None:
    data = ready.encode(request, basis, found)
    back = ready.decode(data, request)
    assert back is not None
    assert (contents(back[0]), contents(back[1])) == (contents(basis), contents(found))
    if other.fields != request.fields:
        assert ready.decode(data, other) is None


@given(requests, bases, findings, st.data())
@settings(deadline=None)
def test_a_damaged_note_is_none(request: Request, basis: Basis, found: Ready, data: st.DataObject) -> None:
    note = bytearray(ready.encode(request, basis, found))
    note[data.draw(st.integers(0, len(note) - 1))] ^= data.draw(st.integers(1, 255))
    assert ready.decode(bytes(note), request) is None
    assert ready.decode(bytes(note[: data.draw(st.integers(0, len(note) - 1))]), request) is None


def test_a_stamp_tells_every_change(tmp_path: Path) -> None:
    path = tmp_path / "file"
    seen = {ready.stamp_of(str(path))}
    path.write_text("one")
    changes: list[Callable[[], object]] = [
        lambda: None,
        lambda: path.write_text("two"),
        lambda: path.write_text("three"),
        lambda: path.chmod(0o600),
        lambda: os.utime(path, ns=(0, 0)),
        lambda: (path.rename(tmp_path / "old"), path.write_text("three"), path.chmod(0o600), os.utime(path, ns=(0, 0))),
    ]
    for number, make in enumerate(changes):
        make()
        seen.add(ready.stamp_of(str(path)))
        assert len(seen) == number + 2
        assert ready.stamp_of(str(path)) in seen
    same = os.stat(path)
    path.write_text("eerht")
    os.utime(path, ns=(same.st_atime_ns, same.st_mtime_ns))
    assert ready.stamp_of(str(path)) not in seen


def test_a_file_that_changed_and_looks_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system with coarse time stamps: only the content tells."""
    path = tmp_path / "file"
    path.write_text("one")
    status = path.stat()
    monkeypatch.setattr(os, "fstat", lambda descriptor: status)
    before = ready.stamp_of(str(path))
    assert ready.stamp_of(str(path)) == before
    path.write_text("two")
    assert ready.stamp_of(str(path)) != before
    path.write_text("one, and more")
    assert ready.stamp_of(str(path)) != before


@pytest.mark.parametrize(
    ("min_ttl", "expires", "there"),
    [("20m", 1300.0, True), ("20m", 1100.0, False), ("1h30m", 7200.0, False), ("1h", 7200.0, True)],
)
def test_exec_is_served_what_lasts_long_enough(house: House, min_ttl: str, expires: float, there: bool) -> None:
    house.settle(PLAIN)
    house.rewrite(house.noted()[1].record, expires=expires)
    asked = plain(["exec", PLAIN, "--min-ttl", min_ttl, "--", "true"], house.environ, terminal=False)
    assert asked is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOGNAME", "ada")
        assert (served(asked, house.environ, time.time()) is not None) == there


def test_a_clock_that_was_off_is_believed_until_it_is_set(house: House) -> None:
    Learnt(house.paths.state, time.time).learn_skew(3000.0)
    house.settle(PLAIN)
    basis, found = house.noted()
    assert (basis.clock[0], found.skew) == (bootclock.moment()[0], 3000.0)
    house.rewrite(found.record, expires=20000.0)
    asked = plain(["exec", PLAIN, "--", "true"], house.environ, terminal=False)
    assert asked is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOGNAME", "ada")
        for turned, there in ((0, True), (50, True), (70, False), (-70, False), (3000, False)):
            assert (served(asked, house.environ, time.time() + turned) is not None) is there, turned
        basis.clock = ("another boot", basis.clock[1])
        house.note().write_bytes(ready.encode(ready.Request(PLAIN), basis, found))
        assert served(asked, house.environ, time.time()) is None


def test_what_can_not_be_looked_through_has_no_stamp(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "fifo")
    for name in ("link", "fifo", "."):
        with pytest.raises(OSError, match=r"."):
            ready.stamp_of(f"{tmp_path}/{name}")


# The times for which a note holds


def test_what_was_learnt_is_steady_between_its_turns(tmp_path: Path) -> None:
    now = 1_790_000_000.0
    clock = [now]
    learnt = Learnt(tmp_path, lambda: clock[0], lambda: Beat("this-boot", clock[0]))
    assert learnt.steady() == (-math.inf, math.inf)
    learnt.learn_maximum("arn:a", 3600)
    clock[0] += 100
    learnt.learn_skew(600.0)
    for at in (0.0, 100.0, 5000.0, 100.0 + SKEW_KEPT, KEPT - 0.5, KEPT, KEPT * 2, -1.0):
        clock[0] = now + at
        since, until = learnt.steady()
        assert since <= clock[0] < until
        seen = (dict(learnt.maxima()), learnt.skew)
        for moment in (since, until - 0.5, (since + until) / 2):
            if math.isfinite(moment):
                clock[0] = moment
                assert (dict(learnt.maxima()), learnt.skew) == seen


@pytest.mark.parametrize(
    ("longest", "now", "until"),
    [(None, 0.0, 100.0), (None, -60.0, 100.0), (None, -61.0, None), (None, 99.0, 100.0), (None, 100.0, None), (50, 49.0, 50.0),
     (50, 50.0, None)],
)  # fmt: skip
def test_a_grant_is_in_force_within_its_times(longest: int | None, now: float, until: float | None) -> None:
    assert granted_until(0.0, 100.0, longest, now, 0.0) == until
    assert granted_until(0.0, 10 * GRANT, None, GRANT - 1, 0.0) == GRANT


def test_a_grant_that_lasted_its_time_by_the_steady_clock_is_over() -> None:
    facts = {"boot": "this", "steady": 1000}
    assert lasted(facts, "this", 1040.5) == 40.5
    assert lasted(facts, "another", 1040.5) == lasted({}, "this", 1040.5) == 0.0
    assert granted_until(0.0, 100.0, None, 5.0, 99.0) == 100.0
    assert granted_until(0.0, 100.0, None, 5.0, 100.0) is None


# What a request hangs on is all noted


class Watched(Mapping[str, str]):
    """An environment that knows who asked for what."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.environ = environ
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self.environ[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.environ)

    def __len__(self) -> int:
        return len(self.environ)


OPENED: list[str] = []
WATCHING: list[bool] = []


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if WATCHING and event in ("open", "os.listdir", "os.scandir") and isinstance(arguments[0], str | bytes):
        OPENED.append(os.fsdecode(arguments[0]))


sys.addaudithook(_watch)


@pytest.mark.parametrize("target", [PLAIN, CHAINED, AGREED])
def test_all_that_planning_looks_at_is_noted(house: House, target: str) -> None:
    """Who lets a plan depend on another file or variable has to have it noted: engine/noting.py."""
    house.settle(*TARGETS)
    basis, _ = house.noted(target)
    watched = Watched(house.environ)
    engine = house.engine()
    engine.environ = watched
    OPENED.clear()
    WATCHING.append(True)
    try:
        plan = engine.plan(engine.resolve(target))
        People(engine).broker.record(plan)
    finally:
        WATCHING.clear()
    others = {"XSWITCH_TARGET", "XSWITCH_MFA_CODE"}  # of the kind `environment`, and of who is asked for a code
    known = {*basis.variables, *others}
    assert watched.asked <= known, "a variable that is not noted"
    home = str(house.home)
    opened = {path if path.startswith("/") else f"{house.paths.vault}/{path}" for path in OPENED}
    opened = {path for path in opened if path.startswith(home)}
    vault, state, config = (str(path) for path in (house.paths.vault, house.paths.state, house.paths.config))
    of_the_catalog = {path for path in opened if path.startswith((str(house.paths.compiled_catalog), config))}
    of_learnt = {path for path in opened if path in (state, f"{vault}/learnt.json")}  # opened by their folder
    looked_at = opened - of_the_catalog - of_learnt - {vault, f"{vault}/id"}
    assert looked_at <= set(basis.files), "a file that is not noted"
    assert f"{vault}/learnt.json" in of_learnt and f"{vault}/identity%2fcentral.rec" in looked_at


def test_what_is_not_certain_is_not_noted(house: House) -> None:
    house.settle(PLAIN)
    house.note().unlink()
    engine = house.engine()
    plan = engine.plan(engine.resolve(PLAIN))
    session = engine.serve(plan, Nobody())
    assert house.note().exists()
    house.note().unlink()
    noting.note(engine, plan, replace(session, unkept="the disk is full"))
    noting.note(engine, plan, replace(session, record="session-" + "0" * 64))
    house.paths.preferences_file.write_text(PLAINTEXT + 'theme = "light"\n')
    noting.note(engine, plan, session)
    house.paths.preferences_file.write_text("broken = [")
    noting.note(engine, plan, session)
    assert not house.note().exists()
    house.paths.preferences_file.write_text(PLAINTEXT)
    house.engine().store_identity("central", "AKIA" + "Z" * 16, Secret("z" * 40), house.organization.caller_arn)
    noting.note(engine, plan, session)
    assert not house.note().exists(), "another key, another record"


def test_notes_are_private_and_bounded(house: House) -> None:
    house.settle(PLAIN)
    folder = house.note().parent
    assert (folder.stat().st_mode & 0o777, house.note().stat().st_mode & 0o777) == (0o700, 0o600)
    before = house.note().stat()
    house.slow("env", PLAIN)
    assert house.note().stat() == before or house.note().stat().st_ino == before.st_ino, (
        "what is there is not rewritten"
    )
    for number in range(600):
        (folder / f"{number:08d}").touch()
    house.slow("env", CHAINED)
    assert len(list(folder.iterdir())) <= 2
