"""Targets of what a catalog is made from: the AWS CLI's own files."""

from __future__ import annotations

from pathlib import Path

from botocore.configloader import raw_config_parse
from botocore.exceptions import ConfigParseError
from fuzz_catalog import home, shown

from xswitch.errors import InvalidConfig
from xswitch.own_files import BOTO, CONFIG, CREDENTIALS
from xswitch.shell import aws_files
from xswitch.sources import ini, profiles
from xswitch.sources.aws_import import imported


def aws_config(data: bytes) -> None:
    """A file is read as botocore reads it, and refused with a line where botocore refuses it; its import never fails."""
    file = home().config / "aws-config"
    file.write_bytes(data)
    try:
        ours = {section.name: section.values for section in ini.parse(data, Path("config"))}
    except InvalidConfig as error:
        for problem in error.problems:
            shown(str(problem), problem.hint)
            assert problem.line is not None
        ours = None
    if not data.startswith(b"\xef\xbb\xbf"):  # which botocore takes for a part of the first line
        assert ours == _theirs(file)
    if ours is not None:
        found = imported(profiles.read({"AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}, file))
        shown(*(text for left in found.left for text in (left.profile, left.place, left.why)), *found.stays)


def _theirs(file: Path) -> object:
    try:
        return raw_config_parse(str(file))
    except ConfigParseError:
        return None


def aws_copies(data: bytes) -> None:
    """A copy for renewing processes holds no key and no default profile that gives one, whatever the files hold."""
    folder = home().config
    config, _, credentials = data.partition(b"\0")
    named = {
        CONFIG: str(folder / "copied-config"),
        CREDENTIALS: str(folder / "copied-credentials"),
        "HOME": str(folder),
    }
    (folder / "copied-config").write_bytes(config)
    (folder / "copied-credentials").write_bytes(credentials)
    made = aws_files.copies({**named, BOTO: "/dev/null"})
    if made is None:
        return
    shown(*made.notes)
    for name, text in made.texts.items():
        sections = aws_files.parse(text)
        assert not aws_files._gives(sections), (name, text)
        for section in sections.values():
            assert not [key for key in section.settings if "secret" in key or "token" in key or "access_key" in key]
        again = folder / "copied-again"
        again.write_text(text, encoding="utf-8")
        _read_by_botocore(again)


def _read_by_botocore(file: Path) -> None:
    """What we write, botocore reads, and finds no key in it."""
    for section in raw_config_parse(str(file)).values():
        assert not {"aws_secret_access_key", "aws_access_key_id", "aws_session_token"} & set(section)
