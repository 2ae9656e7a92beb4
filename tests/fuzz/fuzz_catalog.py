"""Targets of the catalog's room: files, the compiled file, targets, selectors, queries, and what is pasted."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import time
from binascii import crc32
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from struct import Struct
from typing import Any

import tomli

from xswitch.catalog import (
    Account,
    Catalog,
    Selector,
    Target,
    check,
    fast,
    find,
    load,
    load_last_good,
    resolve,
)
from xswitch.catalog.loading import compiled_file
from xswitch.catalog.pasted import locate
from xswitch.catalog.query import parse
from xswitch.catalog.search import Index, Result
from xswitch.errors import InvalidConfig, NoSuchTarget, Usage
from xswitch.paths import Paths
from xswitch.preferences import Preferences
from xswitch.preferences import load as load_preferences
from xswitch.text import clean
from xswitch.tomllines import Keys, lines_of

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""Where files cost next to nothing, if there is such a place."""
CATALOG = Path(__file__).with_name("catalog.toml").read_bytes()
"""A catalog with something of everything, which the targets that need one use."""


@cache
def home() -> Paths:
    """An XSWITCH_HOME of this process's own: FUZZ_HOME, or a folder that goes when the process does."""
    folder = os.environ.get("FUZZ_HOME") or tempfile.mkdtemp(prefix="xswitch-fuzz-", dir=MEMORY)
    if "FUZZ_HOME" not in os.environ:
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    paths = Paths.of({"XSWITCH_HOME": folder})
    paths.config.mkdir()
    return paths


@cache
def known() -> tuple[Catalog, bytes]:
    """The catalog of CATALOG, and its compiled form."""
    home().catalog_file.write_bytes(CATALOG)
    catalog = load(home(), clock=_late)
    return catalog, compiled_file(home()).read_bytes()


def _late() -> int:
    """A time at which no file is young any more."""
    return time.time_ns() + 10**10


def text_of(data: bytes) -> str:
    """The text of a fuzzed input. Bytes that are no UTF-8 become lone surrogates, as in arguments and variables."""
    return data.decode("utf-8", "surrogateescape")


def shown(*texts: str) -> None:
    """What is shown to a person is one line without anything that moves a cursor."""
    for text in texts:
        assert text == clean(text), ascii(text)


def catalog(data: bytes) -> None:
    """A file is a catalog that its compiled form repeats, or every problem in it has a line of the file."""
    paths = home()
    compiled_file(paths).unlink(missing_ok=True)
    paths.catalog_file.write_bytes(data)
    try:
        fresh = load(paths)
    except InvalidConfig as error:
        assert error.problems
        assert check(paths)[0] == error.problems
        for problem in error.problems:
            shown(str(problem), problem.hint)
            assert problem.line is None or 1 <= problem.line <= data.count(b"\n") + 1, problem
        return
    again = load(paths)
    assert again == fresh
    assert load_last_good(paths) == fresh
    for target in list(fresh.targets)[:4]:
        assert resolve(fresh, target.name) == target
        row = find(paths, target.name)
        assert row is not None
        assert row.target == target
        assert row.environment == fresh.environment_of(target)
        assert row.identity == fresh.identities[target.identity]


def preferences(data: bytes) -> None:
    """A file is preferences, or every problem in it has a line of the file."""
    home().preferences_file.write_bytes(data)
    try:
        found = load_preferences(home())
    except InvalidConfig as error:
        assert error.problems
        for problem in error.problems:
            shown(str(problem), problem.hint)
            assert problem.line is None or 1 <= problem.line <= data.count(b"\n") + 1, problem
        return
    assert isinstance(found, Preferences)


def toml_lines(data: bytes) -> None:
    """Every key, table and item that tomli reads has a line; what is no TOML has lines up to where it breaks."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return
    lines = lines_of(text)
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())
    try:
        read = tomli.loads(text)
    except (ValueError, RecursionError):
        return
    assert set(lines) == set(_places(read)), set(lines) ^ set(_places(read))


def _places(value: Any, keys: Keys = ()) -> list[Keys]:
    found: list[Keys] = [keys] if keys else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += _places(inner, (*keys, key))
    return found


_FRAME = Struct("=8sI" + "7I")


def compiled_catalog(data: bytes) -> None:
    """A damaged file is noticed; one with right checksums and senseless contents is a catalog, or is not used.

    The first byte chooses: the whole file is the input; edits of three bytes (place, place, value) of a sound file;
    or those edits with the checksums made right again.
    """
    whole, good = known()
    mode, rest = data[:1], data[1:]
    bad = rest if mode == b"w" else _edited(good, rest)
    if mode == b"r":
        bad = _checked(bad)
    paths = home()
    paths.catalog_file.write_bytes(CATALOG)
    compiled_file(paths).write_bytes(bad)
    last = load_last_good(paths)
    rows = [find(paths, text, clock=_late) for text in ("payments-prod/Deploy", "444455556666/ReadOnly", "nope/x")]
    if mode != b"r":
        assert last in (whole, None)
        assert all(row is None or row.target in whole.targets for row in rows)
    assert isinstance(load(paths, clock=_late), Catalog)


def _edited(good: bytes, edits: bytes) -> bytes:
    bad = bytearray(good)
    for at in range(0, len(edits) - 2, 3):
        bad[int.from_bytes(edits[at : at + 2], "big") % len(bad)] = edits[at + 2]
    return bytes(bad)


def _checked(data: bytes) -> bytes:
    """Make the checksums right, by the lengths that the head gives."""
    magic, _, stamp, young, slots, body, meta, _, _ = _FRAME.unpack_from(data)
    start = _FRAME.size + stamp + young + slots * fast.SLOT
    sums = (crc32(data[start : start + body]), crc32(data[start + body : start + body + meta]))
    head = (
        _FRAME.pack(magic, 0, stamp, young, slots, body, meta, *sums)[12:] + data[_FRAME.size : start][: stamp + young]
    )
    return magic + Struct("=I").pack(crc32(head)) + head + data[_FRAME.size + stamp + young :]


def target(data: bytes) -> None:
    """A text names a target of the catalog, is a role's ARN, or is refused; the fast way agrees with the slow one."""
    whole, good = known()
    paths = home()
    paths.catalog_file.write_bytes(CATALOG)
    compiled_file(paths).write_bytes(good)
    text = text_of(data)
    row = find(paths, text, clock=_late)
    try:
        found = resolve(whole, text)
    except NoSuchTarget as error:
        shown(error.message, error.hint)
        assert row is None
        return
    assert text in (found.name, f"{found.account.id}/{found.role}", found.arn) or found.arn.endswith(f"/{found.role}")
    assert row is None or row.target == found


def rows_of(lines: Sequence[str]) -> list[Target]:
    """Targets from lines of account, role, OU, environment and tags, apart by ``|``."""
    rows = []
    for number, line in enumerate(lines[:12], 1):
        parts = line.split("|")
        name, role, ou, environment = [*parts, "", "", ""][:4]
        pairs = tuple((key, value) for key, _, value in (tag.partition("=") for tag in parts[4:]))
        owner = Account(f"{number:012d}", name, ou, environment, pairs)
        rows.append(Target(owner, role, f"arn:aws:iam::{owner.id}:role/{role}"))
    return rows


def selector(data: bytes) -> None:
    """A selector is refused, or chooses as its terms do one by one; it reads the same when written down again."""
    first, *rest = text_of(data).split("\n")
    try:
        whole = Selector.parse(first)
    except Usage as error:
        shown(error.message, error.hint)
        return
    assert Selector.parse(" ".join(term.given for term in whole.terms)).terms == whole.terms
    alone = [Selector.parse(term.given) for term in whole.terms]
    for one in rows_of(rest):
        for live in (False, True):
            assert whole.matches(one, live) is all(part.matches(one, live) for part in alone)
            for term, part in zip(whole.terms, alone, strict=True):
                other = Selector.parse(term.given[1:] if term.negated else f"!{term.given}")
                assert other.matches(one, live) is not part.matches(one, live)


def query(data: bytes) -> None:
    """A query finds rows of the list, highlights within them, and a further word never finds more."""
    first, *rest = text_of(data).split("\n")
    rows = rows_of(rest)
    index = Index(rows, ("prod", "dev"))
    live = {row.name for row in rows[::2]}
    result = index.search(first, live=live, now=1e9)
    found = list(result.rows)
    assert len(found) == len(set(found)) == result.total
    assert set(found) <= set(range(len(rows)))
    _highlights_fit(result, rows)
    shown(result.problem)
    assert isinstance(index.nearest(first), str)
    for word in ("'a", "!prod", "role:r"):
        more = index.search(f"{first} {word}", live=live, now=1e9)
        assert more.relaxed or result.relaxed or not _plain(first) or set(more.rows) <= set(found), (first, word)
    core = "".join(letter for letter in first if letter.isalnum())[:20]
    for field in ("", "account:", "role:"):
        holds, lacks = index.search(f"{field}'{core}"), index.search(f"!{field}{core}")
        if core:
            assert sorted([*holds.rows, *lacks.rows]) == list(range(len(rows))), (field, core)


def _plain(text: str) -> bool:
    """Tell whether a word after ``text`` is a word of its own: no quote and no escape is open, no place is pasted."""
    return '"' not in text and not text.endswith("\\") and all(term.field != "place" for term in parse(text).terms)


def _highlights_fit(result: Result, rows: Sequence[Target]) -> None:
    for number in list(result.rows)[:6]:
        one = rows[number]
        texts = {
            "account": one.account.name, "role": one.role, "id": one.account.id, "ou": one.account.ou,
            "environment": one.account.environment,
        }  # fmt: skip
        for field, positions in result.positions(number).items():
            assert list(positions) == sorted(set(positions))
            assert 0 <= positions[0] <= positions[-1] < len(clean(texts[field])), (field, positions)


def pasted(data: bytes) -> None:
    """Anything pasted names a place or none; ids in it have twelve digits, and the search answers it."""
    text = text_of(data)
    place = locate(text)
    for account in place.accounts:
        assert len(account) == 12
        assert account.isascii()
        assert account.isdigit()
    assert not place.arn or place.arn == text
    whole, _ = known()
    result = Index(whole.targets).search(text)
    if place.arn and any(one.arn == place.arn for one in whole.targets) and text == text.strip():
        assert [whole.targets[row].arn for row in result.rows] == [place.arn]
