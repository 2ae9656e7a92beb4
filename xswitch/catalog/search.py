"""The picker's search: rows of the catalog for what a person types, best first.

Score of a row = Σ over the words (match + field weight) + bonus for visits, in points:

* match: frizbee's score; 12 a letter, more where a word of the name begins, less for gaps. A word that is the whole
  name, id or role has 16 more, the whole environment 6.
* field weight: account 40, role 30, environment 20, OU and id 10, tags 0; one step is 10.
* bonus: ``min(8, log2(1 + Σ 2^(-age/7d)))``, so that visits never outweigh a step.
* a query that *is* an id, an ARN or a name stands above everything: first a target's name, then an account's name or
  id, then a role's name; of an ARN nothing else is shown.

Equal scores: fewer words in the matched names first, then those that match in account and role both, then the
catalog's order. So the order is the same at every run.

Typos: a word of four letters or more that matches nothing at all may have one letter wrong, missing or too many, or two
swapped. So one word more never means more rows, but in one case, which :attr:`Result.relaxed` tells: every word matches
something and no row matches all; then each of those words may have a typo.
"""

from __future__ import annotations

from array import array
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Final

from xswitch.catalog.columns import Columns, may_have_typo
from xswitch.catalog.folding import fold
from xswitch.catalog.highlight import highlights
from xswitch.catalog.model import Account, Environment, Target
from xswitch.catalog.nearest import nearest_name
from xswitch.catalog.pasted import Place, locate, permission_set
from xswitch.catalog.query import Query, Term, parse
from xswitch.catalog.ranking import Layout, Plan, rank
from xswitch.catalog.tables import UNIT
from xswitch.catalog.visits import Visits, frecency
from xswitch.text import clean

_CERTAIN: Final = 1 << 24  # a query that is a name or an id: above any sum of words
_LONGEST: Final = 4096  # characters of a query that are read


class Result:
    """What a query found. ``rows`` number the targets, best first; ``total`` counts them before ``limit``.

    ``problem`` says what is wrong with a field that is half-typed, or is "". ``typos`` tells that some word was taken
    for a misspelt one, ``relaxed`` that this was because no row matches all words as they are.
    """

    __slots__ = ("_index", "_terms", "problem", "relaxed", "rows", "total")

    def __init__(
        self,
        index: Index,
        rows: Sequence[int],
        total: int,
        problem: str = "",
        terms: Sequence[tuple[Term, int]] = (),
        *,
        relaxed: bool = False,
    ) -> None:
        self._index = index
        self._terms = terms
        self.rows = rows
        self.total = total
        self.problem = problem
        self.relaxed = relaxed

    @property
    def typos(self) -> bool:
        """Tell whether some word matched only by looking past a typo."""
        return any(typos for _, typos in self._terms)

    def positions(self, row: int) -> Mapping[str, tuple[int, ...]]:
        """Return which characters matched, for each of account, role, id, ou and environment that has any.

        Positions count the characters of :func:`xswitch.text.clean` of the field, which is what is shown.
        """
        return self._index.positions(row, self._terms)


class Index:
    """The targets of a catalog, ready to be searched. Everything is built at the first search, or by :meth:`warm`."""

    def __init__(self, targets: Sequence[Target], environments: Mapping[str, Environment] | Iterable[str] = ()) -> None:
        """Take the targets in the catalog's order; ``environments`` are told when an ``env:`` names none of them."""
        self._targets = targets
        self._environments = tuple(environments)
        self._parts: tuple[Layout, Columns, list[Account]] | None = None
        self._row_of: dict[str, int | None] = {}

    def warm(self) -> None:
        """Build the index now, in whatever thread this is. Searching meanwhile is safe."""
        self._built()[1].warm()

    def search(
        self,
        query: str,
        *,
        visits: Visits | None = None,
        live: Container[str] = frozenset(),
        now: float = 0.0,
        limit: int = 0,
    ) -> Result:
        """Return the rows that ``query`` finds. Never raises.

        ``visits`` maps a target's name to its decayed sum, its number of visits and the last one's time; ``live`` holds
        the names of targets with a live session; ``now`` is in epoch seconds; ``limit`` 0 means all rows.
        """
        parsed = parse(query[:_LONGEST])
        if not parsed.terms:
            rows: Sequence[int] = range(len(self._targets))
            return Result(self, rows[:limit] if limit > 0 else rows, len(rows), parsed.problem)
        layout, columns, _ = self._built()
        plan, problem = self._filters(parsed, live)
        terms = self._match(plan, columns, parsed)
        self._lift(plan, query, visits or {}, now)
        found = rank(layout, plan)
        relaxed = False
        decided = any(column.empty for column in plan.columns)
        if not (found or decided) and any(may_have_typo(term) and not typos for term, typos in terms):
            looser = [(term, typos or int(may_have_typo(term))) for term, typos in terms]
            plan.columns = [columns.with_typos(term, typos) for term, typos in looser]
            found = rank(layout, plan)
            relaxed = len(found) > 0
            terms = looser if found else terms
        places = [(term, 0) for term in parsed.terms if term.field == "place" and not term.negated]
        shown = found[:limit] if limit > 0 else found
        return Result(self, shown, len(found), parsed.problem or problem, [*terms, *places], relaxed=relaxed)

    def nearest(self, query: str) -> str:
        """Return the name that is nearest to a query without matches, to be shown and searched instead, or ""."""
        _, columns, _ = self._built()
        return nearest_name(columns, parse(query[:_LONGEST]).terms)

    def positions(self, row: int, terms: Iterable[tuple[Term, int]]) -> Mapping[str, tuple[int, ...]]:
        """Return the positions that ``terms``, each with its typos, match in a row; see :meth:`Result.positions`."""
        layout, columns, _ = self._built()
        account, role = layout.account_of[row], layout.role_of[row]
        found: dict[str, set[int]] = {}
        for term, typos in terms:
            for field, positions in highlights(columns, account, role, term, typos):
                found.setdefault(field, set()).update(positions)
        return {field: tuple(sorted(positions)) for field, positions in found.items() if positions}

    def row(self, name: str) -> int | None:
        """Return the row of the target that is named exactly ``name``, or None."""
        if name not in self._row_of:
            self._row_of[name] = self._find(name)
        return self._row_of[name]

    def _built(self) -> tuple[Layout, Columns, list[Account]]:
        if self._parts is None:
            self._parts = _build(self._targets)
        return self._parts

    def _find(self, name: str) -> int | None:
        layout, columns, _ = self._built()
        at = name.find("/")
        while at >= 0:
            role = columns.role_numbers.get(name[at + 1 :])
            for account in columns.account_numbers.get(name[:at], ()) if role is not None else ():
                for row in layout.rows[account]:
                    if layout.role_of[row] == role:
                        return row
            at = name.find("/", at + 1)
        return None

    def _filters(self, query: Query, live: Container[str]) -> tuple[Plan, str]:
        """Return a plan with what ``live:``, pasted places and negated terms leave, and what is wrong with those."""
        layout, columns, accounts = self._built()
        plan = Plan()
        problem = ""
        for term in query.terms:
            if term.field == "live":
                rows = self._live(live)
                if term.text == "yes":
                    plan.only = rows if plan.only is None else plan.only & rows
                else:
                    plan.without |= rows
            elif term.field == "place":
                rows = find_place(self._targets, layout, columns, accounts, locate(term.text))
                if term.negated:
                    plan.without |= rows
                else:
                    plan.only = rows if plan.only is None else plan.only & rows
                    problem = problem or ("" if rows else "the catalog holds no target for this ARN or address")
            elif term.negated:
                column = columns.with_typos(term, 0)
                plan.banned_accounts.update(column.account)
                plan.banned_roles.update(column.role)
                plan.without.update(
                    row
                    for account in column.left
                    for row in layout.rows[account]
                    if layout.role_of[row] in column.right
                )
            elif term.field == "env" and columns.with_typos(term, 0).empty and self._environments:
                problem = problem or f"no such environment, but {', '.join(map(clean, self._environments))}"
        return plan, problem

    def _match(self, plan: Plan, columns: Columns, query: Query) -> list[tuple[Term, int]]:
        """Put the column of each word and positive field into ``plan``; return those terms with their typos.

        A term that matches nothing, typos or not, decides: the rest of a pasted page is not looked at.
        """
        terms: list[tuple[Term, int]] = []
        for term in query.terms:
            if not term.negated and term.field not in ("live", "place"):
                column, typos = columns.column(term)
                plan.columns.append(column)
                terms.append((term, typos))
                if column.empty:
                    break
        return terms

    def _lift(self, plan: Plan, query: str, visits: Visits, now: float) -> None:
        """Put into ``plan`` what lifts a row: the query being its name or id, and visits."""
        layout, columns, _ = self._built()
        for name, visit in visits.items():
            row = self.row(name)
            units = int(frecency(visit, now) * UNIT)
            if row is not None and units > 0:
                plan.boosts[row] = units
        whole = fold(query.strip()).text
        for account in columns.are(whole):
            plan.bonus_account[account] = 2 * _CERTAIN
        for role in columns.role.equal(whole):
            plan.bonus_role[role] = _CERTAIN
        name, slash, end = whole.rpartition("/")
        roles = columns.role.equal(end) if slash else ()
        for account in columns.are(name) if roles else ():
            for row in layout.rows[account]:
                if layout.role_of[row] in roles:
                    plan.boosts[row] = plan.boosts.get(row, 0) + 4 * _CERTAIN

    def _live(self, live: Container[str]) -> set[int]:
        if isinstance(live, Iterable):
            return {row for row in map(self.row, live) if row is not None}
        return {row for row, target in enumerate(self._targets) if target.name in live}


def find_place(
    targets: Sequence[Target], layout: Layout, columns: Columns, accounts: Sequence[Account], place: Place
) -> set[int]:
    """Return the rows that a pasted ARN or address stands for."""
    if place.begun:
        known = [n for n, account in enumerate(accounts) if _begins_alike(place.begun, account.id)]
        rows = [row for number in known for row in layout.rows[number]]
        return {row for row in rows if targets[row].arn.startswith(place.begun)}
    if place.accounts or place.alias:
        numbers = {n for text in (*place.accounts, place.alias) if text for n in columns.are(fold(text).text)}
        rows = [row for number in numbers for row in layout.rows[number]]
    else:
        rows = list(range(len(targets))) if place.role else []
    if place.arn:
        exact = {row for row in rows if targets[row].arn == place.arn}
        if exact:
            return exact
    if not place.role:
        return set(rows)
    wanted = fold(place.role.rpartition("/")[2]).text
    for role in (wanted, permission_set(wanted)):
        equal = set(columns.role.equal(role)) if role else set()
        found = {row for row in rows if layout.role_of[row] in equal}
        if found:
            return found
    return set()


def _begins_alike(begun: str, account_id: str) -> bool:
    """Tell whether an ARN that is still being typed may be one of the account's."""
    typed = begun.split(":")[4:5]
    return not typed or account_id.startswith(typed[0])


def _build(targets: Sequence[Target]) -> tuple[Layout, Columns, list[Account]]:
    """Return how rows are made of accounts and roles, those fields, and the accounts, which stay alive with it."""
    accounts: list[Account] = []
    rows: list[list[int]] = []
    roles: dict[str, int] = {}
    numbers: dict[int, int] = {}
    by_value: dict[Account, int] = {}
    role_of = array("l")
    account_of = array("l")
    for row, target in enumerate(targets):
        account = target.account
        number = numbers.get(id(account), -1)
        if number < 0:
            number = by_value.setdefault(account, len(by_value))
            if number == len(accounts):
                accounts.append(account)
                rows.append([])
            if account is accounts[number]:  # only one that is kept: the number of a freed object is given again
                numbers[id(account)] = number
        rows[number].append(row)
        account_of.append(number)
        role_of.append(roles.setdefault(target.role, len(roles)))
    return Layout(rows, role_of, account_of), Columns(accounts, list(roles)), accounts
