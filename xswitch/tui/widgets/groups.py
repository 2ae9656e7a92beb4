"""The lines of an empty search: what is pinned, what was used lately, and every target by its OU."""

from __future__ import annotations

from typing import Final, NamedTuple

from xswitch.tui.desk import Desk

RECENT: Final = 5
"""Targets that are listed as recent, those with the most visits of late first."""


class Item(NamedTuple):
    """A line of the list: a target (``row`` ≥ 0), the head of a group (``title``), or a blank line."""

    row: int = -1
    title: str = ""
    accounts: int = 0
    folds: str | None = None
    again: bool = False
    pinned: bool = False

    @property
    def is_head(self) -> bool:
        """Tell whether this is the head of a group."""
        return bool(self.title) or self.folds is not None


class Groups:
    """The groups of a catalog; OUs stand in the order of the catalog, and those in ``folded`` show their head alone."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.folded: set[str] = set()
        self._ous: list[tuple[str, list[int], int]] | None = None
        self._made_for: object = None
        self._made: list[Item] = []

    def items(self, *, airy: bool) -> list[Item]:
        """Return the lines, blank ones between the groups where there is room for them (``airy``)."""
        key = (self.desk.pins, self.desk.visits, frozenset(self.folded), airy)
        if key != self._made_for:
            self._made_for, self._made = key, self._grouped(airy)
        return self._made

    def first(self, ou: str) -> int:
        """Return the first target of an OU."""
        return next(rows[0] for title, rows, _ in self._by_ou() if title == ou)

    def _grouped(self, airy: bool) -> list[Item]:
        desk = self.desk
        number_of = desk.number_of
        pinned = [number_of[name] for name in desk.pins if name in number_of]
        marked = set(pinned)
        by_use = sorted(self.desk.visits.items(), key=lambda visit: (-visit[1][0], -visit[1][2]))
        recent = [number_of[name] for name, _ in by_use if name in number_of and number_of[name] not in marked][:RECENT]
        items: list[Item] = []
        for title, rows in (("Pinned", pinned), ("Recent", recent)):
            if rows:
                items += [*_gap(items, airy), Item(title=title), *(Item(row) for row in rows)]
        for title, rows, accounts in self._by_ou():
            shut = title in self.folded
            after_shut = bool(items) and items[-1].folds is not None and shut
            items += [*([] if after_shut else _gap(items, airy)), Item(title=title, accounts=accounts, folds=title)]
            if not shut:
                last = ""
                for row in rows:
                    account = desk.targets[row].account.id
                    items.append(Item(row, again=account == last, pinned=row in marked))
                    last = account
        return items

    def _by_ou(self) -> list[tuple[str, list[int], int]]:
        if self._ous is None:
            rows: dict[str, list[int]] = {}
            for number, target in enumerate(self.desk.targets):
                rows.setdefault(target.account.ou, []).append(number)
            self._ous = [
                (ou, sorted(members, key=self._order), len({self.desk.targets[row].account.id for row in members}))
                for ou, members in rows.items()
            ]
        return self._ous

    def _order(self, number: int) -> tuple[str, str, str]:
        target = self.desk.targets[number]
        return target.account.name.casefold(), target.account.id, target.role.casefold()


def _gap(items: list[Item], airy: bool) -> list[Item]:
    return [Item()] if items and airy else []
