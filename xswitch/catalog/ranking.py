"""Rows in order: which targets match every column of a query, best first.

A target is an account and a role. Rows are never scored one by one: accounts with the same matches and the same list of
roles are one group, roles with the same matches one class, and each pair of those is scored once. A term's score on a
row is the better of account and role; a row's score is the sum over the terms. Equal scores keep the catalog's order.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


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
    """How rows are made of accounts and roles. Accounts with the same roles in the same order share a shape."""

    def __init__(self, accounts: Sequence[Sequence[int]], role_of: Sequence[int], account_of: Sequence[int]) -> None:
        """Take the rows of each account, and the role and the account of each row."""
        self.rows = accounts
        self.role_of = role_of
        self.account_of = account_of
        shapes: dict[tuple[int, ...], int] = {}
        self.shape_of = [shapes.setdefault(tuple([role_of[row] for row in rows]), len(shapes)) for rows in accounts]
        self.shapes: list[tuple[int, ...]] = list(shapes)


_Signature = Sequence[int | None]


def rank(layout: Layout, plan: Plan) -> array[int]:
    """Return the rows that match, best first."""
    if any(column.empty for column in plan.columns):
        return array("l")
    buckets: dict[int, list[int]] = {}
    if plan.only is None:
        _score_groups(layout, plan, buckets)
    else:
        _score_each(layout, plan, plan.only - plan.without, buckets)
    ranked = array("l")
    for score in sorted(buckets, reverse=True):
        rows = buckets[score]
        rows.sort()
        ranked.extend(rows)
    return ranked


def _score_each(layout: Layout, plan: Plan, rows: Iterable[int], buckets: dict[int, list[int]]) -> None:
    """Score the few rows that a filter leaves."""
    vectors, role_vectors = _vectors(plan)
    for row in rows:
        account, role = layout.account_of[row], layout.role_of[row]
        if account in plan.banned_accounts or role in plan.banned_roles:
            continue
        score = _total(
            plan, tuple([scores.get(account) for scores in vectors]), tuple([s.get(role) for s in role_vectors])
        )
        if score is not None:
            buckets.setdefault(score + plan.boosts.get(row, 0), []).append(row)


def _score_groups(layout: Layout, plan: Plan, buckets: dict[int, list[int]]) -> None:
    """Score every account, in groups."""
    classes, class_of = _role_classes(plan)
    apart = {layout.account_of[row] for row in plan.boosts.keys() | plan.without}
    by_shape: dict[int, list[tuple[_Signature, list[int] | None]]] = {}
    for (shape, *signature), accounts in _account_groups(layout, plan).items():
        if shape not in by_shape:
            by_shape[shape] = _classes_of(layout.shapes[shape], classes, class_of)
        for role_signature, offsets in by_shape[shape]:
            score = _total(plan, signature, role_signature)
            if score is None:
                continue
            bucket = buckets.setdefault(score, [])
            for account in accounts:
                rows = layout.rows[account]
                found = rows if offsets is None else [rows[offset] for offset in offsets]
                if account in apart:
                    _place_each(plan, found, score, buckets)
                else:
                    bucket.extend(found)


def _place_each(plan: Plan, rows: Iterable[int], score: int, buckets: dict[int, list[int]]) -> None:
    """Put the rows of one account into buckets, some of them lifted by a boost or left out."""
    for row in rows:
        if row not in plan.without:
            buckets.setdefault(score + plan.boosts.get(row, 0), []).append(row)


def _account_groups(layout: Layout, plan: Plan) -> dict[tuple[int, *tuple[int | None, ...]], list[int]]:
    """Return the accounts that may match, by their shape and their scores."""
    vectors, _ = _vectors(plan)
    needed = sorted((column.account for column in plan.columns if not (column.role or column.left)), key=len)
    accounts = list(needed[0] if needed else range(len(layout.rows)))
    for other in needed[1:]:
        accounts = [account for account in accounts if account in other]
    if plan.banned_accounts:
        accounts = [account for account in accounts if account not in plan.banned_accounts]
    groups: dict[tuple[int, *tuple[int | None, ...]], list[int]] = {}
    shapes = map(layout.shape_of.__getitem__, accounts)
    for account, key in zip(accounts, zip(shapes, *(map(v.get, accounts) for v in vectors), strict=True), strict=True):
        found = groups.get(key)
        if found is None:
            groups[key] = [account]
        else:
            found.append(account)
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
