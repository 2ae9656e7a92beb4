"""Where the AWS CLI and the SDKs keep a person's files (AWS SDKs and Tools Reference Guide, "File locations")."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from xswitch.own_files import own


def aws_files(environ: Mapping[str, str]) -> tuple[Path, Path]:
    """Return the person's AWS files, ``config`` and ``credentials``, whether they exist or not.

    Inside a process that was pointed to copies of them, they are still the person's own.
    """
    home = Path(environ.get("HOME") or "~").expanduser() / ".aws"
    config = own("AWS_CONFIG_FILE", environ) or str(home / "config")
    shared = own("AWS_SHARED_CREDENTIALS_FILE", environ) or str(home / "credentials")
    return Path(config).expanduser(), Path(shared).expanduser()
