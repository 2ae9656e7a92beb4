"""Where the AWS CLI and the SDKs keep a person's files (AWS SDKs and Tools Reference Guide, "File locations")."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def aws_files(environ: Mapping[str, str]) -> tuple[Path, Path]:
    """Return the person's AWS files, ``config`` and ``credentials``, whether they exist or not."""
    home = Path(environ.get("HOME") or "~").expanduser() / ".aws"
    config = environ.get("AWS_CONFIG_FILE") or str(home / "config")
    shared = environ.get("AWS_SHARED_CREDENTIALS_FILE") or str(home / "credentials")
    return Path(config).expanduser(), Path(shared).expanduser()
