"""The compiled catalog: never another than the files', never trusted where it is damaged, never in the way."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from catalog_home import HEAD, Home, late
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xswitch.catalog import fast, find, load, load_last_good, loading, reading
from xswitch.errors import InvalidConfig

CATALOG = (
    HEAD
    + """
[[accounts]]
id = "111100001111"
name = "hub"
roles = [{ name = "Hub" }, { name = "Mid", via = "hub/Hub" }]
[[accounts]]
id = "222200002222"
name = "pay/ments \\u00e9\\u001f"
ou = "Workloads/Prod"
environment = "prod"
tags = { team = "a", empty = "" }
roles = [{ name = "Plain" }, { name = "Deploy", via = "hub/Mid", arn = "arn:aws:iam::222200002222:role/ci/Deploy",
  mfa = true, external_id = { vault = "x" }, duration = "1h", source_identity = "{user}",
  session_tags = { a = "", b = "c" }, transitive_tags = ["b"], policy_arns = ["arn:aws:iam::aws:policy/P"] },
  { name = "Other", external_id = "plain" }]
[[accounts]]
id = "333300003333"
name = "empty"
[[accounts]]
id = "444400004444"
name = "pay/ments \\u00e9\\u001f"
roles = [{ name = "Second" }]
"""
)


def file_of(home: Home) -> Path:
    return loading.compiled_file(home.paths)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count how often the files are read anew."""
    times: list[int] = []
    read = reading.read

    def counting(*given: object, **named: object) -> object:
        times.append(1)
        return read(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(reading, "read", counting)
    return times


def test_the_second_load_is_the_same_and_reads_no_toml(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write(CATALOG)
    times = counted(monkeypatch)
    first, second = home.load(), home.load()
    assert first == second
    assert first.targets[3] == second.targets[3]
    assert list(first.targets) == list(second.targets)
    assert len(times) == 1
    assert load_last_good(home.paths) == first


def test_one_row_is_what_the_whole_says(home: Home) -> None:
    home.write(CATALOG)
    catalog = home.load()
    by_name = {target.name: target for target in catalog.targets}
    assert len(by_name) == 6
    for target in catalog.targets:
        for text in (target.name, f"{target.account.id}/{target.role}", target.arn):
            found = find(home.paths, text, clock=late)
            assert found is not None, text
            assert found.target == target
            assert found.environment == catalog.environment_of(target)
            assert found.identity == catalog.identities[target.identity]
    deploy = find(home.paths, "222200002222/Deploy", clock=late)
    assert deploy is not None
    assert deploy.way == (by_name["hub/Mid"], by_name["hub/Hub"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "hub",
        "hub/",
        "/Hub",
        "hub/Nope",
        "nope/Hub",
        "arn:",
        "arn:aws:iam::111100001111:role/Nope",
        "h\ud800/x",
    ],
)
def test_a_row_that_is_not_there_is_left_to_the_catalog(home: Home, text: str) -> None:
    home.write(CATALOG)
    home.load()
    assert find(home.paths, text, clock=late) is None


def test_of_several_roles_with_one_arn_the_one_of_its_name_is_meant(home: Home) -> None:
    arn = "arn:aws:iam::111100001111:role/ci/Deploy"
    home.write(
        HEAD + f'[[accounts]]\nid = "111100001111"\nname = "a"\nroles = [{{ name = "Alias", arn = "{arn}" }},'
        f'{{ name = "Deploy", arn = "{arn}" }}, {{ name = "Plain" }}, {{ name = "P2", arn = "{arn[:-6]}Plain2" }}]'
    )
    home.load()
    for text, role in ((arn, "Deploy"), (f"{arn[:-6]}Plain2", "P2"), ("arn:aws:iam::111100001111:role/Plain", "Plain")):
        found = find(home.paths, text, clock=late)
        assert found is not None
        assert found.target.role == role


def changes() -> list[tuple[str, Callable[[Home], object]]]:
    def same_size_and_time(home: Home) -> None:
        path = home.paths.catalog_file
        status = path.stat()
        path.write_text(path.read_text().replace('"Hub"', '"Bub"').replace("hub/Hub", "hub/Bub"))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    def replaced(home: Home) -> None:
        path = home.paths.catalog_file
        other = path.with_suffix(".new")
        other.write_text(path.read_text().replace("Plain", "Plein"))
        other.replace(path)

    def linked(home: Home) -> None:
        other = home.write(CATALOG.replace("Plain", "Plein"), "elsewhere")
        home.paths.catalog_file.unlink()
        home.paths.catalog_file.symlink_to(other)

    more = '[[accounts]]\nid = "999900009999"\nname = "new"\nroles = [{ name = "N" }]\n'
    return [
        ("the same size and time", same_size_and_time),
        ("another file in its place", replaced),
        ("a link in its place", linked),
        ("a new file in the folder", lambda home: home.write(more, "catalog.d/new.toml")),
        ("a share", lambda home: home.share("team", more)),
        ("a file of a share", lambda home: home.share("team", more, "catalog.d/new.toml")),
    ]


@pytest.mark.parametrize("change", [change for _, change in changes()], ids=[name for name, _ in changes()])
def test_a_change_is_noticed(home: Home, change: Callable[[Home], object]) -> None:
    home.write(CATALOG)
    before = home.load()
    assert find(home.paths, "hub/Hub", clock=late) is not None
    change(home)
    assert find(home.paths, "hub/Hub", clock=late) is None
    after = home.load()
    assert after != before
    assert after.mark != before.mark
    assert home.load() == after


def mark_of_row(home: Home, clock: Callable[[], int] = late) -> str | None:
    """Return the mark that comes with one row, None where there is no row."""
    paths = home.paths
    found = fast.find(
        "hub/Hub", catalog_file=str(paths.catalog_file), folder=str(paths.catalog_folder),
        shared=str(paths.state / "shared"), compiled=str(paths.compiled_catalog), version=loading.__version__, now=clock(),
    )  # fmt: skip
    return None if found is None else found[1]


def test_a_catalog_read_or_compiled_and_its_rows_have_one_mark(home: Home) -> None:
    path = home.write(CATALOG)
    now = time.time_ns()
    first = home.load(lambda: now)
    assert first.mark
    assert mark_of_row(home, lambda: now) == first.mark
    assert mark_of_row(home) is None, "whoever loads it has to settle it first"
    assert home.load().mark == mark_of_row(home) == first.mark
    file_of(home).unlink()
    assert home.load().mark == first.mark
    path.touch()
    assert home.load().mark not in ("", first.mark)


def test_a_file_that_went_is_noticed(home: Home) -> None:
    home.write(CATALOG)
    extra = home.write(
        '[[accounts]]\nid = "999900009999"\nname = "new"\nroles = [{ name = "N" }]\n', "catalog.d/new.toml"
    )
    assert len(home.load().targets) == 7
    extra.unlink()
    assert len(home.load().targets) == 6
    home.paths.catalog_file.unlink()
    with pytest.raises(InvalidConfig):
        home.load()


def test_a_young_file_is_known_by_its_content(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system with coarse time stamps: the file changes, and nothing that stat tells does."""
    home.write(CATALOG)
    stamped = fast.stamp_of(fast.listing(str(home.paths.catalog_file), "/nowhere", "/nowhere"), "0")[1]
    changed = stamped[0][1]
    before = home.load(lambda: changed + 1)
    frozen = fast.stamp_of

    def coarse(files: fast.Listing, version: str) -> tuple[bytes, list[tuple[str, int]]]:
        stamp, _ = frozen(files, version)
        return (stamp if not same else same[0]), [(path, changed) for path, _, _ in files]

    same: list[bytes] = []
    monkeypatch.setattr(fast, "stamp_of", coarse)
    home.paths.cache.joinpath("catalog", file_of(home).name).unlink()
    assert home.load(lambda: changed + 1) == before
    found = fast.open_own(str(file_of(home)))
    assert found is not None
    head = fast.head_of(found)
    os.close(found)
    assert head is not None
    same.append(head.stamp)
    assert find(home.paths, "hub/Hub", clock=lambda: changed + 1) is not None
    home.write(CATALOG.replace('"Hub"', '"Bub"').replace("hub/Hub", "hub/Bub"))
    assert find(home.paths, "hub/Hub", clock=lambda: changed + 1) is None
    assert home.load(lambda: changed + 1) != before


def test_a_file_that_is_no_longer_young_is_not_read_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write(CATALOG)
    home.load(time.time_ns)
    data, head = loading.compiled.read(file_of(home)) or (b"", None)
    assert head is not None
    assert head.young
    times = counted(monkeypatch)
    assert home.load(late) == home.load(late)
    assert times == []
    settled, head = loading.compiled.read(file_of(home)) or (b"", None)
    assert head is not None
    assert not head.young
    assert len(settled) < len(data)


def test_a_catalog_that_fails_never_replaces_the_last_good_one(home: Home) -> None:
    home.write(CATALOG)
    good = home.load()
    kept = file_of(home).read_bytes()
    home.write("version = 1\n[broken")
    for _ in range(2):
        with pytest.raises(InvalidConfig):
            home.load()
    assert find(home.paths, "hub/Hub", clock=late) is None
    assert load_last_good(home.paths) == good
    assert file_of(home).read_bytes() == kept
    home.write(CATALOG)
    assert home.load() == good


def test_there_is_no_last_good_one_before_the_first(home: Home) -> None:
    assert load_last_good(home.paths) is None


def test_the_cache_is_private(home: Home) -> None:
    home.write(CATALOG)
    home.load()
    assert file_of(home).stat().st_mode & 0o777 == 0o600
    assert file_of(home).parent.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in file_of(home).parent.iterdir()) == [file_of(home).name]


def test_a_cache_that_others_may_write_is_not_believed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write(CATALOG)
    home.load()
    times = counted(monkeypatch)
    file_of(home).chmod(0o620)
    assert find(home.paths, "hub/Hub", clock=late) is None
    home.load()
    assert len(times) == 1
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    assert find(home.paths, "hub/Hub", clock=late) is None
    assert load_last_good(home.paths) is None


def test_a_cache_that_is_a_link_is_not_believed(home: Home) -> None:
    home.write(CATALOG)
    home.load()
    file_of(home).rename(home.paths.config / "elsewhere")
    file_of(home).symlink_to(home.paths.config / "elsewhere")
    assert find(home.paths, "hub/Hub", clock=late) is None


def test_a_cache_that_can_t_be_written_is_no_error(home: Home) -> None:
    home.write(CATALOG)
    home.paths.cache.write_text("a file where the folder should be")
    assert home.load() == home.load()
    assert find(home.paths, "hub/Hub", clock=late) is None


def test_each_catalog_file_has_a_cache_of_its_own(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    home.write(CATALOG)
    other = replace(home.paths, catalog_file=home.write(CATALOG.replace("Plain", "Plein"), "other.toml"))
    first, second = home.load(), load(other, clock=late)
    times = counted(monkeypatch)
    assert home.load() == first
    assert load(other, clock=late) == second != first
    assert times == []


def test_another_version_of_the_program_reads_anew(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write(CATALOG)
    home.load()
    monkeypatch.setattr(loading, "__version__", "999")
    times = counted(monkeypatch)
    home.load()
    assert len(times) == 1


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, bytes]:
    from xswitch.paths import Paths

    home = Home(Paths.of({"XSWITCH_HOME": str(tmp_path_factory.mktemp("home"))}))
    home.write(CATALOG)
    home.load()
    return home, file_of(home).read_bytes()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_found_and_mended(compiled: tuple[Home, bytes], data: st.DataObject) -> None:
    home, good = compiled
    kind = data.draw(st.sampled_from(["flip", "cut", "grow", "swap"]))
    at = data.draw(st.integers(0, len(good) - 1))
    if kind == "flip":
        bad = good[:at] + bytes([good[at] ^ (1 << data.draw(st.integers(0, 7)))]) + good[at + 1 :]
    elif kind == "cut":
        bad = good[:at]
    elif kind == "grow":
        bad = good + data.draw(st.binary(min_size=1, max_size=40))
    else:
        bad = good[:at] + data.draw(st.binary(min_size=4, max_size=64)) + good[at + 4 :]
    file_of(home).write_bytes(good)
    expected = {text: find(home.paths, text, clock=late) for text in ("hub/Mid", "222200002222/Deploy", "nope/x")}
    whole = load_last_good(home.paths)
    file_of(home).write_bytes(bad)
    for text, right in expected.items():
        assert find(home.paths, text, clock=late) in (right, None)
    assert load_last_good(home.paths) in (whole, None)
    assert home.load() == whole


@pytest.mark.parametrize("change", [(b"prod", b"pr\xc3d"), (b"\xff", b"\xfe"), (b"\xfe", b"\xff")])
def test_a_file_whose_checksums_are_right_and_whose_contents_make_no_catalog_is_not_used(
    compiled: tuple[Home, bytes], change: tuple[bytes, bytes]
) -> None:
    home, good = compiled
    file_of(home).write_bytes(good)
    whole = home.load()
    data, head = loading.compiled.read(file_of(home)) or (b"", None)
    assert head is not None
    slots, body = data[head.end : head.blocks_at], data[head.blocks_at : head.meta_at]
    meta = data[head.meta_at :]
    for parts in ((body.replace(*change), meta), (body, meta.replace(*change))):
        file_of(home).write_bytes(loading.compiled._framed(head.stamp, b"", slots, *parts))
        assert load_last_good(home.paths) in (None, whole)
        assert home.load() == whole


def test_a_row_needs_hardly_an_import(home: Home) -> None:
    home.write(CATALOG)
    home.load()
    program = f"""
import sys
before = set(sys.modules)
from xswitch.catalog import fast
found = fast.find("hub/Mid", catalog_file={str(home.paths.catalog_file)!r}, folder={str(home.paths.catalog_folder)!r},
    shared={str(home.paths.state / "shared")!r}, compiled={str(home.paths.compiled_catalog)!r},
    version={loading.__version__!r}, now={late()})
assert found and found[0][0][1] == "Mid", found
print(" ".join(sorted(set(sys.modules) - before)))
"""
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(done.stdout.split())
    assert loaded == {"xswitch", "xswitch.catalog", "xswitch.catalog.fast", "__future__", "binascii"}


def test_a_load_from_the_cache_needs_no_toml(home: Home) -> None:
    home.write(CATALOG)
    home.load()
    program = f"""
import sys, time
from xswitch.paths import Paths
from xswitch.catalog import load
load(Paths.of({{"XSWITCH_HOME": {str(home.paths.config.parent)!r}}}), clock=lambda: {late()})
assert not {{"tomli", "json", "difflib", "platformdirs"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-I", "-c", program], timeout=60, check=True)


def test_accounts_that_look_alike_and_differ_keep_their_differences(home: Home) -> None:
    lines = [HEAD, '[[roles]]\nname = "Set"\naccounts = "!ou:X"\n']
    for number in range(24):
        lines.append(f'[[accounts]]\nid = "{number:012d}"\nname = "a{number}"')
        lines.append('region = "us-east-1"' if number % 2 else "")
        lines.append('ou = "X"' if number % 3 else "")
        own = ["", 'roles = [{ name = "R" }]', 'roles = [{ name = "R" }, { name = "S", mfa = true }]', "roles = []"]
        lines.append(own[number % 4])
    home.write("\n".join(lines))
    fresh = home.load()
    cached = home.load()
    assert list(cached.targets) == list(fresh.targets)
    for target in cached.targets:
        number = int(target.account.id)
        assert target.region == ("us-east-1" if number % 2 else "")
        assert target.mfa is (target.role == "S")
        found = find(home.paths, target.name, clock=late)
        assert found is not None
        assert found.target == target
    assert sum(target.role == "Set" for target in cached.targets) == 8
    assert len(cached.targets) == 8 + 12 + 6
