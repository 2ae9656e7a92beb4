"""Names for accounts: of those that profiles tell only the id of, what all profiles of an account have in common."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from xswitch.text import clean

_PARTS: Final = re.compile(r"[-_./: ]+")
_ENDS: Final = "-_./: "


def name_or_id(name: str, account_id: str) -> str:
    """Return an account's name, or its id where nothing of the name can be seen."""
    return name if clean(name).strip() else account_id


def account_names(profiles: Mapping[str, Sequence[tuple[str, str]]]) -> dict[str, str]:
    """Return a name for each account id, each name once, from the names and roles of the account's profiles.

    ``payments-prod-admin`` and ``payments-prod-readonly`` make ``payments-prod``. Where nothing is left, or two
    accounts would be called alike, the id (or its last four digits) tells them apart.
    """
    wanted = {account_id: _common(account_id, found) for account_id, found in profiles.items()}
    times = Counter(wanted.values())
    names: dict[str, str] = {}
    taken: set[str] = set()
    for account_id, name in wanted.items():
        chosen = name if name and times[name] == 1 else f"{name}-{account_id[-4:]}" if name else account_id
        if chosen in taken or (chosen.isdigit() and chosen != account_id) or chosen.startswith("arn:"):
            chosen = f"{name}-{account_id}".strip("-")
        taken.add(chosen)
        names[account_id] = chosen
    return names


def _common(account_id: str, profiles: Sequence[tuple[str, str]]) -> str:
    """Return the words that every profile's name begins with, without those of its role and of the account's id."""
    rests = [_without(clean(profile), role, account_id) for profile, role in profiles]
    words = [_PARTS.split(rest) for rest in rests]
    shared = 0
    while all(len(one) > shared for one in words) and len({one[shared] for one in words}) == 1:
        shared += 1
    if not shared:
        return ""
    end = 0
    for place, part in enumerate(re.finditer(r"[^-_./: ]+", rests[0])):
        if place < shared:
            end = part.end()
    return rests[0][:end].strip(_ENDS)


def _without(profile: str, role: str, account_id: str) -> str:
    """Return a profile's name without its role's at either end, and without the account's id."""
    rest = profile.replace(account_id, "").strip(_ENDS)
    for end in (role, role.replace("_", "-")):
        if rest.casefold().endswith(end.casefold()) and rest[: -len(end)].strip(_ENDS):
            return rest[: -len(end)].strip(_ENDS)
        if rest.casefold().startswith(end.casefold()) and rest[len(end) :].strip(_ENDS):
            return rest[len(end) :].strip(_ENDS)
    return "" if rest.casefold() == role.casefold() else rest
