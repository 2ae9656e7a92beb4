"""Which characters of a row a term matched: worked out for the few rows in sight only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from xswitch.catalog.columns import SIDES, Columns, without_dashes
from xswitch.catalog.pasted import locate
from xswitch.catalog.query import Mode, Term
from xswitch.catalog.tables import Table


class _Spot(NamedTuple):
    """A field of one row: ``number`` is its value in ``table``, -1 for none; ``text`` is sought in it by ``mode``."""

    field: str
    table: Table
    number: int
    text: str
    mode: Mode


def highlights(
    columns: Columns, account: int, role: int, term: Term, typos: int
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the fields of a row that ``term`` matches best, and others that hold its letters side by side."""
    if term.field == "place":
        yield from _place(columns, account, role, term)
        return
    spots = _spots(columns, account, role, term)
    scores = [_units(spot, typos) for spot in spots]
    best = max(scores, default=0)
    pair = _pair(columns, account, role, term) if not term.field else []
    sides = [_units(spot, typos) for spot in pair]
    if pair and all(sides) and sum(sides) > best:
        for spot in pair:
            yield spot.field, spot.table.positions(spot.number, spot.text, spot.mode, typos)[0]
        return
    for spot, units in zip(spots, scores, strict=True):
        if units > 0:
            found, together = spot.table.positions(spot.number, spot.text, spot.mode, typos)
            if units == best or (together and len(spot.text) > 1):
                yield spot.field, found


def _spots(columns: Columns, account: int, role: int, term: Term) -> list[_Spot]:
    text, mode = term.text, term.mode
    digits = text.replace("-", "") if term.field == "id" else without_dashes(text)
    spots = [
        _Spot("account", columns.account, account, text, mode),
        _Spot("role", columns.role, role, text, mode),
        _Spot("id", columns.id, account, digits, mode),
        _Spot("environment", columns.environment.table, columns.environment.value_of[account], text, mode),
        _Spot("ou", columns.ou.table, columns.ou.value_of[account], text, mode),
    ]
    if not term.field:
        return spots
    return [spot for spot in spots if spot.table.name == term.field]


def _pair(columns: Columns, account: int, role: int, term: Term) -> list[_Spot]:
    """Return the better of name and id for what stands before the slash, and the role for what stands after it."""
    left, slash, right = term.text.rpartition("/")
    sides = SIDES.get(term.mode)
    if not slash or sides is None:
        return []
    name = _Spot("account", columns.account, account, left, sides[0])
    number = _Spot("id", columns.id, account, without_dashes(left), sides[0])
    return [max(name, number, key=lambda spot: _units(spot, 0)), _Spot("role", columns.role, role, right, sides[1])]


def _units(spot: _Spot, typos: int) -> int:
    if spot.number < 0:
        return 0
    return spot.table.hits(spot.text, spot.mode, typos).get(spot.number, 0)


def _place(columns: Columns, account: int, role: int, term: Term) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield what a pasted text names, whole."""
    place = locate(term.text)
    if place.accounts or place.begun:
        yield "id", columns.id.folded[account].shown(range(len(columns.id.folded[account].text)))
    if place.alias:
        yield "account", columns.account.folded[account].shown(range(len(columns.account.folded[account].text)))
    if place.role:
        yield "role", columns.role.folded[role].shown(range(len(columns.role.folded[role].text)))
