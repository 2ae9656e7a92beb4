"""Targets of what a catalog is made from: the AWS CLI's own files."""

from __future__ import annotations

from pathlib import Path

from botocore.configloader import raw_config_parse
from botocore.exceptions import ConfigParseError
from fuzz_catalog import home, shown

from xswitch.errors import InvalidConfig
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
