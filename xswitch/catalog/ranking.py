"""Rows in order: which targets match every column of a query, best first.

A target is an account and a role. Rows are never scored one by one: accounts with the same matches and the same list of
roles are one group, roles with the same matches one class, and each pair of those is scored once. A term's score on a
row is the better of account and role; a row's score is the sum over the terms. Equal scores keep the catalog's order.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload


@dataclass(frozen=True, slots=True)
class Column:
    """Where one term matches: accounts and roles, by number, each with its score (above zero).

    ``left`` and ``right`` are for a term ``account/role``: both must match, and their scores add up. ``both`` is added
    where account and role match.
    """

    account: Mapping[int, int] = field(default_factory=dict)
    role: Mapping[int, int] = field(default_factory=dict)
    left: Mapping[int, int] = field(default_factory=dict)
    right: Mapping[int, int] = field(default_factory=dict)
    both: int = 0

    @property
    def empty(self) -> bool:
        """Tell whether the term can match no row."""
        return not (self.account or self.role or (self.left and self.right))


@dataclass(slots=True)
class Plan:
    """Everything that decides about rows. ``bonus_*`` and ``boosts`` add to a score, and match nothing by themselves.

    ``only`` None: any row. ``boosts`` and ``without`` name rows.
    """

    columns: list[Column] = field(default_factory=list)
    banned_accounts: set[int] = field(default_factory=set)
    banned_roles: set[int] = field(default_factory=set)
    only: set[int] | None = None
    without: set[int] = field(default_factory=set)
    bonus_account: dict[int, int] = field(default_factory=dict)
    bonus_role: dict[int, int] = field(default_factory=dict)
    boosts: dict[int, int] = field(default_factory=dict)


class Layout:
    """How rows are made of accounts and roles. Accounts with the same roles share a shape."""

    def __init__(self, accounts: Iterable[Sequence[int]], role_of: Sequence[int], account_of: Sequence[int]) -> None:
        """Take the rows of each account, and the role and the account of each row."""
        self.role_of = role_of
        self.account_of = account_of
        # Roles in the order of their numbers, so that the order of a file makes no shapes of its own.
        self.rows = [sorted(rows, key=role_of.__getitem__) for rows in accounts]
        shapes: dict[tuple[int, ...], int] = {}
        self.shape_of = [shapes.setdefault(tuple([role_of[row] for row in rows]), len(shapes)) for rows in self.rows]
        self.shapes: list[tuple[int, ...]] = list(shapes)


_Signature = Sequence[int | None]
_Groups = list[tuple[int, _Signature, list[int]]]
_Part = tuple[list[int], list[int] | None]  # accounts, and the places of their rows that are meant; None: all


class Ranked(Sequence[int]):
    """Rows, best first. They are counted at once, and put in order only as far as somebody looks."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._parts: dict[int, list[_Part]] = {}
        self._singles: dict[int, list[int]] = {}
        self._pending: list[int] | None = None
        self._rows = array("l")
        self._length = 0

    def add(self, score: int, accounts: list[int], shape: int, places: list[int] | None) -> None:
        """Add rows of accounts that share a shape."""
        self._parts.setdefault(score, []).append((accounts, places))
        self._length += len(accounts) * len(self._layout.shapes[shape] if places is None else places)

    def add_row(self, score: int, row: int) -> None:
        """Add one row."""
        self._singles.setdefault(score, []).append(row)
        self._length += 1

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, at: int) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[int]: ...
    def __getitem__(self, at: int | slice) -> int | Sequence[int]:
        if isinstance(at, slice):
            start, stop, step = at.indices(self._length)
            self._order(stop if step > 0 else start + 1)
            return self._rows[start : None if stop < 0 else stop : step]
        self._order(at + 1 if at >= 0 else self._length)
        return self._rows[at]

    def __iter__(self) -> Iterator[int]:
        self._order(self._length)
        return iter(self._rows)

    def _order(self, wanted: int) -> None:
        """Put at least the first ``wanted`` rows in order: score by score, each in the catalog's order."""
        if self._pending is None:
            self._pending = sorted(self._parts.keys() | self._singles.keys())
        rows_of = self._layout.rows
        while len(self._rows) < wanted and self._pending:
            score = self._pending.pop()
            rows = self._singles.get(score, [])
            for accounts, places in self._parts.get(score, ()):
                if places is None:
                    for account in accounts:
                        rows += rows_of[account]
                elif len(places) == 1:
                    place = places[0]
                    rows += [rows_of[account][place] for account in accounts]
                else:
                    for account in accounts:
                        own = rows_of[account]
                        rows += [own[place] for place in places]
            rows.sort()
            self._rows.extend(rows)


def rank(layout: Layout, plan: Plan) -> Ranked:
    """Return the rows that match, best first."""
    ranked = Ranked(layout)
    if any(column.empty for column in plan.columns):
        return ranked
    if plan.only is None:
        _score_groups(layout, plan, ranked)
    else:
        _score_each(layout, plan, ranked)
    return ranked


def _score_each(layout: Layout, plan: Plan, ranked: Ranked) -> None:
    """Score the few rows that a filter leaves."""
    vectors, role_vectors = _vectors(plan)
    for row in (plan.only or set()) - plan.without:
        account, role = layout.account_of[row], layout.role_of[row]
        if account in plan.banned_accounts or role in plan.banned_roles:
            continue
        here = [scores.get(account) for scores in vectors]
        there = [scores.get(role) for scores in role_vectors]
        score = _total(plan, here, there)
        if score is not None:
            ranked.add_row(score + plan.boosts.get(row, 0), row)


def _score_groups(layout: Layout, plan: Plan, ranked: Ranked) -> None:
    """Score every account, in groups; those with a row that is lifted or left out row by row."""
    classes, class_of = _role_classes(plan)
    apart = {layout.account_of[row] for row in plan.boosts.keys() | plan.without}
    together = _accounts(layout, plan)
    if apart:
        alone = [account for account in together if account in apart]
        together = [account for account in together if account not in apart]
    else:
        alone = []
    by_shape: dict[int, list[tuple[_Signature, list[int] | None]]] = {}
    for accounts, single in ((together, False), (alone, True)):
        for shape, signature, group in _grouped(layout, plan, accounts):
            if shape not in by_shape:
                by_shape[shape] = _classes_of(layout.shapes[shape], classes, class_of)
            for role_signature, places in by_shape[shape]:
                score = _total(plan, signature, role_signature)
                if score is None:
                    continue
                if not single:
                    ranked.add(score, group, shape, places)
                    continue
                for account in group:
                    for place in range(len(layout.shapes[shape])) if places is None else places:
                        row = layout.rows[account][place]
                        if row not in plan.without:
                            ranked.add_row(score + plan.boosts.get(row, 0), row)


def _accounts(layout: Layout, plan: Plan) -> list[int]:
    """Return the accounts that may match: those that every term needs which matches no role."""
    needed = sorted((column.account for column in plan.columns if not (column.role or column.left)), key=len)
    accounts = list(needed[0] if needed else range(len(layout.rows)))
    for other in needed[1:]:
        accounts = [account for account in accounts if account in other]
    if plan.banned_accounts:
        accounts = [account for account in accounts if account not in plan.banned_accounts]
    return accounts


def _grouped(layout: Layout, plan: Plan, accounts: Sequence[int]) -> _Groups:
    """Return accounts by their shape and their scores."""
    vectors = _vectors(plan)[0]
    used = [place for place, vector in enumerate(vectors) if vector]
    scores = [map(vectors[place].get, accounts) for place in used]
    shapes = map(layout.shape_of.__getitem__, accounts)
    found: dict[tuple[int, *tuple[int | None, ...]], list[int]] = {}
    for account, key in zip(accounts, zip(shapes, *scores, strict=True), strict=True):
        group = found.get(key)
        if group is None:
            found[key] = [account]
        else:
            group.append(account)
    groups: _Groups = []
    for (shape, *units), group in found.items():
        signature: list[int | None] = [None] * len(vectors)
        for place, score in zip(used, units, strict=True):
            signature[place] = score
        groups.append((shape, signature, group))
    return groups


def _vectors(plan: Plan) -> tuple[list[Mapping[int, int]], list[Mapping[int, int]]]:
    """Return the scores of accounts and those of roles: two a column, then the bonus."""
    accounts = [scores for column in plan.columns for scores in (column.account, column.left)]
    roles = [scores for column in plan.columns for scores in (column.role, column.right)]
    return [*accounts, plan.bonus_account], [*roles, plan.bonus_role]


def _role_classes(plan: Plan) -> tuple[list[_Signature | None], dict[int, int]]:
    """Return the distinct signatures of roles (None: banned) and the class of each role that is not in class 0."""
    _, vectors = _vectors(plan)
    classes: dict[_Signature | None, int] = {tuple([None] * len(vectors)): 0}
    class_of: dict[int, int] = {}
    for role in set().union(*vectors, plan.banned_roles):
        signature = None if role in plan.banned_roles else tuple([scores.get(role) for scores in vectors])
        class_of[role] = classes.setdefault(signature, len(classes))
    return list(classes), class_of


def _classes_of(
    shape: Sequence[int], classes: Sequence[_Signature | None], class_of: Mapping[int, int]
) -> list[tuple[_Signature, list[int] | None]]:
    """Return the classes of a shape's roles, each with the places of its roles (None: all of them)."""
    if not class_of:
        return [(classes[0] or (), None)]
    places: dict[int, list[int]] = {}
    for place, role in enumerate(shape):
        places.setdefault(class_of.get(role, 0), []).append(place)
    whole = len(places) == 1
    found: list[tuple[_Signature, list[int] | None]] = []
    for number, offsets in places.items():
        signature = classes[number]
        if signature is not None:
            found.append((signature, None if whole else offsets))
    return found


def _total(plan: Plan, account: _Signature, role: _Signature) -> int | None:
    """Return the score of an account's and a role's signature together, None where a term does not match."""
    total = 0
    for number, column in enumerate(plan.columns):
        place = 2 * number
        here, there = account[place] or 0, role[place] or 0
        best = max(here, there)
        if here and there:
            best += column.both
        left, right = account[place + 1], role[place + 1]
        if left is not None and right is not None:
            best = max(best, left + right)
        if not best:
            return None
        total += best
    return total + max(account[-1] or 0, role[-1] or 0)
