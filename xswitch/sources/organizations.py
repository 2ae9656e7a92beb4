"""The accounts of AWS Organizations: their states, their places in the tree, their tags.

ListAccounts comes in pages of 20 at most, tags take a call an account ("AWS Organizations API Reference"). ``State`` is
read, and the retired ``Status`` only where there is no other; ``Paths`` tells an account's place, and only without it
the tree is walked. What was read survives an interruption, in a file that the next sync begins with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from xswitch.aws.words import not_aws
from xswitch.catalog import fields
from xswitch.errors import Denied
from xswitch.sources.names import name_or_id
from xswitch.sources.reading import Reading
from xswitch.text import clean, plural

ACTIVE: Final = "ACTIVE"
MOST_DENIED: Final = 20
"""Accounts that may be denied before the others are not asked about any more."""
_SAID: Final = 8
"""Accounts that an error names."""


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
        """Return every account. Raises Denied, Unreachable; what was read by then is kept in the checkpoint.

        Denied names the accounts that are missing, when all others were read.
        """
        try:
            accounts = self._accounts()
            places = self._places(accounts)
            tags = self._each("tags", accounts, self._tags)
            active = [one for one in accounts if state_of(one) == ACTIVE]
            roles = self._each("roles", active, self._roles) if self.roles_of is not None else None
        finally:
            self.checkpoint.save()
        return tuple(
            Member(
                id=one["Id"],
                name=name_of(one),
                state=state_of(one),
                ou=places[one["Id"]],
                tags=dict(tags[one["Id"]]),
                roles=None if roles is None or one["Id"] not in roles else tuple(roles[one["Id"]]),
            )
            for one in accounts
        )

    def _accounts(self) -> list[Mapping[str, Any]]:
        """Return the accounts, each once: one may move from page to page. There is always one that manages."""
        listed = self.pages("ListAccounts", "Accounts", "the accounts", counted="accounts")
        found = {_text(one, "Id", "the accounts"): one for one in listed}
        if not found or not all(map(fields.ACCOUNT_ID.fullmatch, found)):
            raise not_aws("the accounts")
        self.progress("accounts", len(found), len(found))
        return list(found.values())

    def _each(self, kind: str, accounts: list[Mapping[str, Any]], work: Callable[[str], Any]) -> Mapping[str, Any]:
        """Return what ``work`` gives for each account's id. Raises Denied, naming those for which AWS denied it."""
        denied: dict[str, Denied] = {}

        def one(account_id: str) -> Any:
            try:
                return work(account_id)
            except Denied as error:
                denied[account_id] = error
                if len(denied) > MOST_DENIED:
                    raise
                return None

        names = {account["Id"]: name_of(account) for account in accounts}
        found = self.each(kind, list(names), one)
        if not denied:
            return found
        first = next(iter(denied.values()))
        said = [f"{clean(names[account])} ({account})" for account in sorted(denied)]
        more = f" and {len(said) - _SAID} more" if len(said) > _SAID else ""
        raise Denied(
            f"the {kind} of {plural(len(denied), 'account')} are missing, {', '.join(said[:_SAID])}{more}: "
            f"{first.message}",
            first.hint or "the catalog is as it was; what could be read is kept for the next try",
            aws_code=first.aws_code,
            aws_message=first.aws_message,
            request_id=first.request_id,
            side=first.side,
            target=first.target,
        )

    def _tags(self, account_id: str) -> dict[str, str]:
        what = f"the tags of {account_id}"
        tags = self.pages("ListTagsForResource", "Tags", what, ResourceId=account_id)
        return {_text(tag, "Key", what): _text(tag, "Value", what) for tag in tags}

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
        what = f"the OU {unit}"
        found = self.call("DescribeOrganizationalUnit", "OrganizationalUnit", what, OrganizationalUnitId=unit)
        return segment(_text(found["OrganizationalUnit"], "Name", what))

    def _walk(self, accounts: set[str]) -> dict[str, str]:
        """Walk the tree from its roots, for organizations whose accounts come without paths."""
        places = dict.fromkeys(accounts, "")
        level = [(_text(root, "Id", "the roots"), "") for root in self.pages("ListRoots", "Roots", "the roots")]
        known: set[str] = set()
        seen = 0
        while level:
            if not known.isdisjoint(unit for unit, _ in level):
                raise not_aws("the OUs")  # one that is in itself: there is no end to that
            known.update(unit for unit, _ in level)
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
        return (
            [(_text(unit, "Id", what), segment(_text(unit, "Name", what))) for unit in units],
            [_text(one, "Id", what) for one in accounts],
        )


def name_of(account: Mapping[str, Any]) -> str:
    """Return the name of a listed account, or its id where it has none that can be seen."""
    name = account.get("Name")
    return name_or_id(name if isinstance(name, str) else "", str(account["Id"]))


def _text(listed: Any, member: str, what: str) -> str:
    """Return a member of what was listed. Raises Unreachable where it is none that AWS would have sent."""
    value = listed.get(member) if isinstance(listed, Mapping) else None
    if not isinstance(value, str):
        raise not_aws(what)
    return value


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
