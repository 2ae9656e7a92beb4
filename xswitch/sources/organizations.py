"""The accounts of AWS Organizations: their states, their places in the tree, their tags.

ListAccounts comes in pages of 20 at most, tags take a call an account ("AWS Organizations API Reference"). ``State`` is
read, and the retired ``Status`` only where there is no other; ``Paths`` tells an account's place, and only without it
the tree is walked. What was read survives an interruption, in a file that the next sync begins with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from xswitch.sources.reading import Reading
from xswitch.text import clean

ACTIVE: Final = "ACTIVE"


@dataclass(frozen=True, slots=True)
class Member:
    """An account of the organization. ``ou`` is its path of OU names, "" for the root; ``roles`` None: not read."""

    id: str
    name: str
    state: str
    ou: str
    tags: Mapping[str, str] = field(default_factory=dict)
    roles: tuple[str, ...] | None = None


@dataclass(slots=True)
class Crawl(Reading):
    """One reading of an organization. ``roles_of`` lists the roles of an account, where they are wanted."""

    roles_of: Callable[[str], Iterable[str]] | None = None

    def run(self) -> tuple[Member, ...]:
        """Return every account. Raises Denied, Unreachable; what was read by then is kept in the checkpoint."""
        try:
            accounts = self._accounts()
            places = self._places(accounts)
            tags = self.each("tags", [one["Id"] for one in accounts], self._tags)
            active = [one["Id"] for one in accounts if state_of(one) == ACTIVE]
            roles = self.each("roles", active, self._roles) if self.roles_of is not None else None
        finally:
            self.checkpoint.save()
        return tuple(
            Member(
                id=one["Id"],
                name=one["Name"],
                state=state_of(one),
                ou=places[one["Id"]],
                tags=dict(tags[one["Id"]]),
                roles=None if roles is None or one["Id"] not in roles else tuple(roles[one["Id"]]),
            )
            for one in accounts
        )

    def _accounts(self) -> list[Mapping[str, Any]]:
        found = self.pages("ListAccounts", "Accounts", "the accounts", counted="accounts")
        self.progress("accounts", len(found), len(found))
        return found

    def _tags(self, account_id: str) -> dict[str, str]:
        tags = self.pages("ListTagsForResource", "Tags", f"the tags of {account_id}", ResourceId=account_id)
        return {str(tag["Key"]): str(tag["Value"]) for tag in tags}

    def _roles(self, account_id: str) -> list[str]:
        wanted = self.roles_of
        return (
            [] if wanted is None else self.patience.call(f"the roles of {account_id}", lambda: list(wanted(account_id)))
        )

    # -- places

    def _places(self, accounts: list[Mapping[str, Any]]) -> dict[str, str]:
        """Return the OU path of each account."""
        lines = {one["Id"]: _units(one) for one in accounts}
        if any(line is None for line in lines.values()):
            return self._walk({one["Id"] for one in accounts})
        units = list(dict.fromkeys(unit for line in lines.values() for unit in line or ()))
        names = self.each("units", units, self._unit_name)
        return {account: "/".join(names[unit] for unit in line or ()) for account, line in lines.items()}

    def _unit_name(self, unit: str) -> str:
        found = self.call(
            "DescribeOrganizationalUnit", "OrganizationalUnit", f"the OU {unit}", OrganizationalUnitId=unit
        )
        return segment(str(found["OrganizationalUnit"]["Name"]))

    def _walk(self, accounts: set[str]) -> dict[str, str]:
        """Walk the tree from its roots, for organizations whose accounts come without paths."""
        places = dict.fromkeys(accounts, "")
        level = [(str(root["Id"]), "") for root in self.pages("ListRoots", "Roots", "the roots")]
        seen = 0
        while level:
            deeper: list[tuple[str, str]] = []
            for (_, path), (units, members) in self.workers.each(level, lambda one: self._below(one[0])):
                deeper += [(unit, f"{path}/{name}".lstrip("/")) for unit, name in units]
                places.update(dict.fromkeys(members, path))
                seen += len(members)
                self.progress("places", seen, len(accounts))
            level = deeper
        return places

    def _below(self, parent: str) -> tuple[list[tuple[str, str]], list[str]]:
        what = f"what is in {parent}"
        units = self.pages("ListOrganizationalUnitsForParent", "OrganizationalUnits", what, ParentId=parent)
        accounts = self.pages("ListAccountsForParent", "Accounts", what, ParentId=parent)
        return [(str(unit["Id"]), segment(str(unit["Name"]))) for unit in units], [str(one["Id"]) for one in accounts]


def state_of(account: Mapping[str, Any]) -> str:
    """Return an account's state: ``State``, or the retired ``Status`` where an older endpoint knows no other."""
    return clean(str(account.get("State") or account.get("Status") or ACTIVE))


def segment(name: str) -> str:
    """Return an OU's name as one segment of a path."""
    return name.replace("/", "_")


def _units(account: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the ids of an account's OUs from the root down, by its ``Paths``; None where there are none."""
    paths = account.get("Paths")
    if not isinstance(paths, list) or not paths:
        return None
    return tuple(part for part in str(paths[0]).split("/") if part.startswith("ou-"))
