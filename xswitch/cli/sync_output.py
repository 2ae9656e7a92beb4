"""How a change of a catalog source is told: for people a line each, for programs by kind."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from xswitch.sources.install import Difference

_SIGNS: Final = {
    "new": "+ account",
    "gone": "- account",
    "renamed": "~ renamed",
    "moved": "~ moved",
    "changed": "~ changed",
    "roles_new": "+ role",
    "roles_gone": "- role",
}
SHOWN: Final = 20
"""Lines of one kind that are shown to people; of the rest, how many."""


def difference_lines(changes: Difference) -> list[str]:
    """Return the changes, a line each; one line says that there is none."""
    lines: list[str] = []
    for name, sign in _SIGNS.items():
        found: tuple[str, ...] = getattr(changes, name)
        lines += [f"{sign} {one}" for one in found[:SHOWN]]
        if len(found) > SHOWN:
            lines.append(f"{sign} … and {len(found) - SHOWN} more")
    return lines or ["nothing changes"]


def difference_data(changes: Difference) -> dict[str, list[str]]:
    """Return the changes for ``--json``."""
    return {field.name: list(getattr(changes, field.name)) for field in fields(changes)}
