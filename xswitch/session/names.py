r"""Session names and source identities: templates filled in, and made into what STS accepts.

The pattern is that of RoleSessionName and SourceIdentity in the STS API reference: 2 to 64 of ``[\w+=,.@-]``, where
``\w`` is ASCII.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from xswitch.errors import Usage
from xswitch.text import clean

LONGEST: Final = 64
_ALLOWED: Final = re.compile(r"[A-Za-z0-9_+=,.@-]{2,64}", re.ASCII)
_OUTSIDE: Final = re.compile(r"[^A-Za-z0-9_+=,.@-]+", re.ASCII)
_HOLE: Final = re.compile(r"\{([^{}]*)\}")
_PADDING: Final = "-xswitch"


def valid(name: str) -> bool:
    """Tell whether STS accepts ``name`` as a session name or source identity."""
    return _ALLOWED.fullmatch(name) is not None


def uses_user(template: str) -> bool:
    """Tell whether ``template`` needs the caller's user name."""
    return "{user}" in template


def sanitised(name: str) -> str:
    """Return ``name`` as STS accepts it: accents dropped, the rest outside the pattern as ``-``, 2 to 64 long."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    cut = _OUTSIDE.sub("-", plain)[:LONGEST]
    if not cut or not cut.strip("-"):
        return "xswitch"
    return cut if len(cut) > 1 else cut + _PADDING


def filled(template: str, values: Mapping[str, str]) -> str:
    """Fill in ``{user}`` and its siblings, and return what STS accepts. Raises Usage for an unknown one."""

    def value(hole: re.Match[str]) -> str:
        found = values.get(hole[1])
        if found is None:
            known = ", ".join(f"{{{name}}}" for name in values)
            raise Usage(f"{clean(hole[0])} is not known in a session name", f"known are {known}")
        return found

    return sanitised(_HOLE.sub(value, template))
