"""A key that is in the vault, taken out of the AWS CLI's files: its lines alone, the rest byte for byte as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.configloader import raw_config_parse
from hypothesis import given
from hypothesis import strategies as st

from xswitch.errors import InvalidConfig, NoSuchTarget, Usage, VaultUnavailable
from xswitch.sources import aws_keys, replacing

KEY = "AKIAADA0000000000001"
SECRET = "secret-S3NTINEL-value-of-forty-letters+/"
LINES = f"aws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"


class Files:
    def __init__(self, home: Path) -> None:
        self.config, self.credentials = home / "config", home / "credentials"
        self.environ = {"AWS_CONFIG_FILE": str(self.config), "AWS_SHARED_CREDENTIALS_FILE": str(self.credentials)}

    def places(self) -> list[tuple[str, str, tuple[int, ...]]]:
        return [(place.file.name, place.section, place.lines) for place in aws_keys.places(self.environ, KEY)]

    def take_out(self) -> None:
        aws_keys.take_out(aws_keys.places(self.environ, KEY), KEY)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


BEFORE = (
    "\ufeff# mine, and aws_access_key_id = in a comment\r\n"
    "[default]\r\n"
    "aws_access_key_id\t=\t" + KEY + "\r\n"
    "; between\r\n"
    "aws_secret_access_key=" + SECRET + "\r\n"
    "region = eu-west-1   \r\n"
    "\r\n\r\n"
    "[other]\n"
    "AWS_SECRET_ACCESS_KEY = another-one\n"
    "Aws_Access_Key_Id = AKIAOTHER00000000001\n"
    "[session]\n"
    f"aws_access_key_id = {KEY}\n"
    "aws_secret_access_key = x\n"
    "aws_session_token = of-something-else\n"
    "[again]\n"
    "s3 =\n"
    "  max_concurrent_requests = 20\n"
    f"AWS_SECRET_ACCESS_KEY : {SECRET}\n"
    f"aws_access_key_id : {KEY}"
)
AFTER = (
    "\ufeff# mine, and aws_access_key_id = in a comment\r\n"
    "[default]\r\n"
    "; between\r\n"
    "region = eu-west-1   \r\n"
    "\r\n\r\n"
    "[other]\n"
    "AWS_SECRET_ACCESS_KEY = another-one\n"
    "Aws_Access_Key_Id = AKIAOTHER00000000001\n"
    "[session]\n"
    f"aws_access_key_id = {KEY}\n"
    "aws_secret_access_key = x\n"
    "aws_session_token = of-something-else\n"
    "[again]\n"
    "s3 =\n"
    "  max_concurrent_requests = 20\n"
)


def test_its_lines_go_and_nothing_else_changes(files: Files) -> None:
    files.credentials.write_bytes(BEFORE.encode())
    files.credentials.chmod(0o640)
    assert files.places() == [("credentials", "default", (3, 5)), ("credentials", "again", (19, 20))]
    files.take_out()
    assert files.credentials.read_bytes() == AFTER.encode()
    assert files.credentials.stat().st_mode & 0o777 == 0o640
    assert files.places() == []
    assert [path.name for path in files.credentials.parent.iterdir()] == ["credentials"]


def test_both_files_are_looked_at_and_a_link_stays_a_link(files: Files, tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    real = tmp_path / "dotfiles" / "aws"
    real.write_text(f"[default]\n{LINES}")
    files.credentials.symlink_to(real)
    files.config.write_text(f"[profile ops]\nregion = eu-west-1\n{LINES}")
    assert files.places() == [("credentials", "default", (2, 3)), ("config", "profile ops", (3, 4))]
    files.take_out()
    assert files.credentials.is_symlink()
    assert real.read_text() == "[default]\n"
    assert files.config.read_text() == "[profile ops]\nregion = eu-west-1\n"


def test_no_files_and_one_file_for_both(files: Files) -> None:
    assert files.places() == []
    files.environ["AWS_CONFIG_FILE"] = str(files.credentials)
    files.credentials.write_text(f"[default]\n{LINES}")
    assert files.places() == [("credentials", "default", (2, 3))]


def test_what_would_change_more_is_refused(files: Files) -> None:
    """The line below the secret would become part of what stands above the key."""
    content = f"[default]\nregion =\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n  more\n"
    files.credentials.write_text(content)
    with pytest.raises(VaultUnavailable, match="without changing more") as caught:
        files.take_out()
    assert "by hand" in caught.value.hint and SECRET not in caught.value.message
    assert files.credentials.read_text() == content


def test_a_file_that_changed_since_it_was_looked_at_is_left_alone(files: Files) -> None:
    files.credentials.write_text(f"[default]\n{LINES}[other]\nregion = a\n")
    found = aws_keys.places(files.environ, KEY)
    files.credentials.write_text(f"# a line more\n[default]\n{LINES}[other]\nregion = a\n")
    with pytest.raises(VaultUnavailable, match="without changing more"):
        aws_keys.take_out(found, KEY)
    assert SECRET in files.credentials.read_text()


def test_what_another_program_writes_meanwhile_is_kept(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    files.credentials.write_text(f"[default]\n{LINES}")
    without = aws_keys.without

    def late(content: bytes, lines: set[int]) -> bytes:
        if b"[late]" not in content:
            files.credentials.write_text(f"[default]\n{LINES}[late]\nregion = a\n")
        return without(content, lines)

    monkeypatch.setattr(aws_keys, "without", late)
    files.take_out()
    assert files.credentials.read_text() == "[default]\n[late]\nregion = a\n"


def test_a_folder_that_can_t_be_written_leaves_the_file_as_it_was(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.credentials.write_text(f"[default]\n{LINES}")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(replacing, "write_atomically", full)
    with pytest.raises(VaultUnavailable, match="can't be written: no space left on device"):
        files.take_out()


def test_profiles_that_build_on_it_are_named(files: Files) -> None:
    files.credentials.write_text(f"[base]\n{LINES}")
    files.config.write_text(
        "[profile dev]\nrole_arn = arn:aws:iam::1:role/R\nsource_profile = base\n"
        "[profile base]\nsource_profile = base\n[profile ops]\nsource_profile = other\n"
    )
    assert aws_keys.users(files.environ, aws_keys.places(files.environ, KEY)) == ("dev",)


def test_a_place_is_said_without_the_key(files: Files) -> None:
    files.credentials.write_text(f"[a\x1b[31m]\n{LINES}[b]\naws_access_key_id = {KEY}\n")
    first, second = map(str, aws_keys.places(files.environ, KEY))
    assert first == f"[a[31m] in {files.credentials}, lines 2 and 3"
    assert second == f"[b] in {files.credentials}, line 5"


def test_the_key_of_a_profile(files: Files) -> None:
    files.credentials.write_text(
        f"[base]\n{LINES}[half]\naws_access_key_id = {KEY}\n[temp]\n{LINES}aws_session_token = t\n"
    )
    key_id, secret = aws_keys.of_profile(files.environ, "base")
    assert (key_id, secret.reveal()) == (KEY, SECRET)
    for name, error, words in (
        ("none", NoSuchTarget, "no AWS profile none"),
        ("half", Usage, "holds no access key"),
        ("temp", Usage, "a temporary key"),
    ):
        with pytest.raises(error, match=words) as caught:
            aws_keys.of_profile(files.environ, name)
        assert SECRET not in caught.value.message + caught.value.hint
    files.credentials.write_text("[base\n")
    with pytest.raises(InvalidConfig):
        aws_keys.of_profile(files.environ, "base")


SETTINGS = st.sampled_from(
    [
        f"aws_access_key_id = {KEY}", f"aws_secret_access_key = {SECRET}", "region = eu-west-1", "  deeper = 1", "# note",
        "", "s3 =", "output: json", "aws_session_token = t",
    ]
)  # fmt: skip


@given(
    st.lists(st.tuples(st.lists(SETTINGS, max_size=6, unique=True), st.sampled_from(["\n", "\r\n", "\r"])), max_size=4),
    st.booleans(),
)
def test_for_any_file_botocore_reads_the_rest_as_before(tmp_path_factory, sections, ends) -> None:
    files = Files(tmp_path_factory.mktemp("aws"))
    text = "".join(f"[p{at}]{end}{end.join([*lines, ''])}" for at, (lines, end) in enumerate(sections))
    files.credentials.write_bytes((text if ends else text.rstrip("\r\n")).encode())
    try:
        files.take_out()
    except (InvalidConfig, VaultUnavailable):
        return
    before, after = files.credentials.with_name("before"), files.credentials
    before.write_bytes(text.encode())
    old, new = raw_config_parse(str(before)), raw_config_parse(str(after))
    for name, values in old.items():
        if values.get("aws_access_key_id") == KEY and "aws_session_token" not in values:
            values.pop("aws_access_key_id")
            values.pop("aws_secret_access_key", None)
        assert new[name] == values
    assert set(new) == set(old)
