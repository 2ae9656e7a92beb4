"""Which AWS files are the person's own, inside a process that was pointed to copies of them.

A renewing process may be pointed to copies without the ``default`` profile (:mod:`xswitch.shell.aws_files`). What the
variables held before goes along in a mark beside each, so that xswitch itself still reads the person's files, and what
is started from in there without being renewed gets them back.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

CONFIG: Final = "AWS_CONFIG_FILE"
CREDENTIALS: Final = "AWS_SHARED_CREDENTIALS_FILE"
BOTO: Final = "BOTO_CONFIG"
COPIED: Final = (CONFIG, CREDENTIALS, BOTO)
"""The variables that may name a copy."""
MARKS: Final = tuple(f"XSWITCH_OWN_{name}" for name in COPIED)
SUFFIX: Final = ".without-default"
"""What the name of a copy ends in."""
NOWHERE: Final = "/dev/null"
"""Stands for a copy where none can be written."""


def own(name: str, environ: Mapping[str, str]) -> str:
    """Return what the variable ``name`` holds but for us, "" for nothing. What was set since counts as it is."""
    value = environ.get(name, "")
    mark = environ.get(f"XSWITCH_OWN_{name}")
    return value if mark is None or not (value.endswith(SUFFIX) or value == NOWHERE) else mark


def marked(copies: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that point to ``copies`` (file by variable), with the marks that tell what was there."""
    return dict(copies) | {f"XSWITCH_OWN_{name}": environ.get(name, "") for name in copies}
