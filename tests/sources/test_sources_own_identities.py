"""An identity at the end of the person's own catalog file: all before it as it was, and only where the whole loads."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch.errors import InvalidConfig, VaultUnavailable
from xswitch.paths import Paths
from xswitch.sources import own_identities

THEIRS = '# mine\r\nversion = 1\r\n[identities.central]\r\nkind = "keys"   # ada'


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.of({"XSWITCH_HOME": str(tmp_path / "x")})


def add(paths: Paths, name: str, **settings: str) -> str:
    own_identities.write(own_identities.addition(paths, name, settings))
    return paths.catalog_file.read_bytes().decode()


def test_a_new_file_begins_with_its_version_and_the_default(paths: Paths) -> None:
    assert add(paths, "central", kind="keys", account_id="111122223333") == (
        'version = 1\n\n[defaults]\nidentity = "central"\n\n'
        '[identities.central]\nkind = "keys"\naccount_id = "111122223333"\n'
    )
    assert paths.catalog_file.stat().st_mode & 0o777 == 0o600
    assert list(own_identities.known(paths)) == ["central"]


def test_what_stands_there_stays_as_it_is(paths: Paths) -> None:
    paths.config.mkdir(parents=True)
    paths.catalog_file.write_bytes(THEIRS.encode())
    paths.catalog_file.chmod(0o644)
    assert add(paths, "okta", kind="process", process='tool "a b"') == (
        THEIRS + '\r\n\r\n[identities.okta]\r\nkind = "process"\r\nprocess = "tool \\"a b\\""\r\n'
    )
    assert paths.catalog_file.stat().st_mode & 0o777 == 0o644
    assert own_identities.known(paths)["okta"].process == 'tool "a b"'
    assert not own_identities.known(paths)["okta"].source, "it is the person's own"


@pytest.mark.parametrize(
    ("content", "settings", "words"),
    [
        (THEIRS, {"kind": "process"}, "process"),
        (THEIRS, {"kind": "keys", "mfa_serial": "nonsense"}, "not an MFA device"),
        ("version = 1\nidentities = { central = { kind = 'keys' } }\n", {"kind": "keys"}, "identities"),
        ("version = 1\n[[accounts\n", {"kind": "keys"}, "catalog.toml:2"),
    ],
)
def test_what_the_catalog_would_not_take_is_not_written(
    paths: Paths, content: str, settings: dict[str, str], words: str
) -> None:
    paths.config.mkdir(parents=True)
    paths.catalog_file.write_bytes(content.encode())
    with pytest.raises(InvalidConfig, match=words) as caught:
        add(paths, "other", **settings)
    assert caught.value.hint == "the catalog is as it was"
    assert paths.catalog_file.read_bytes().decode() == content


def test_a_file_that_changed_meanwhile_is_left_alone(paths: Paths) -> None:
    made = own_identities.addition(paths, "central", {"kind": "keys"})
    paths.config.mkdir(parents=True)
    paths.catalog_file.write_text("# theirs\n")
    with pytest.raises(VaultUnavailable, match="changed meanwhile"):
        own_identities.write(made)
    assert paths.catalog_file.read_text() == "# theirs\n"


@given(name=st.text(min_size=1, max_size=20).filter(str.strip), process=st.text(min_size=1, max_size=30))
def test_any_name_and_program_come_back_as_they_were(tmp_path_factory, name: str, process: str) -> None:
    paths = Paths.of({"XSWITCH_HOME": str(tmp_path_factory.mktemp("x"))})
    try:
        add(paths, name, kind="process", process=process)
    except InvalidConfig:
        assert not paths.catalog_file.exists()
        return
    assert own_identities.known(paths)[name].process == process
