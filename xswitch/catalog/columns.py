"""Terms of a query turned into columns: in which accounts and roles each of them matches, and how well."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from xswitch.catalog.model import Account
from xswitch.catalog.query import Mode, Term
from xswitch.catalog.ranking import Column
from xswitch.catalog.tables import EXACT, Table
from xswitch.text import clean

TYPO_LENGTH: Final = 4  # letters from which a word may have a typo
_BOTH: Final = 2  # settles ties: the word, of three letters or more, is in the account and in the role
_DASHED_ID: Final = re.compile(r"\d[\d-]{3,}", re.ASCII)
_DIGIT: Final = re.compile(r"\d", re.ASCII)
_KEPT: Final = 64
# How the letters on either side of a slash match, so that "account/role" as one text matches in the mode of the term.
SIDES: Final[Mapping[Mode, tuple[Mode, Mode]]] = {
    "fuzzy": ("fuzzy", "fuzzy"),
    "substring": ("suffix", "prefix"),
    "boundary": ("suffix", "prefix"),
    "prefix": ("whole", "prefix"),
    "suffix": ("suffix", "whole"),
    "whole": ("whole", "whole"),
}


@dataclass(frozen=True, slots=True)
class Shared:
    """A field whose values accounts share: the accounts of each value, and the first value of each account (or -1)."""

    table: Table
    owners: Sequence[Sequence[int]]
    value_of: Sequence[int]


class Columns:
    """The searchable fields of a catalog."""

    def __init__(self, accounts: Sequence[Account], roles: Sequence[str]) -> None:
        self.role = Table("role", 3, roles, exact=EXACT)
        self.account = Table("account", 4, [account.name for account in accounts], exact=EXACT)
        self.id = Table("id", 1, [account.id for account in accounts], strict=True, exact=EXACT)
        self.environment = _shared("env", 2, exact=6, values=[(account.environment,) for account in accounts])
        self.ou = _shared("ou", 1, values=[(account.ou,) for account in accounts])
        self.tag = _shared("tag", 0, values=[[f"{key}={value}" for key, value in account.tags] for account in accounts])
        self.account_names = [clean(account.name) for account in accounts]
        self.account_numbers: dict[str, list[int]] = {}
        for number, account in enumerate(accounts):
            self.account_numbers.setdefault(account.name, []).append(number)
        self.role_numbers = {role: number for number, role in enumerate(roles)}
        self._known: OrderedDict[tuple[Term, int], Column] = OrderedDict()

    def warm(self) -> None:
        """Build everything that a first key would otherwise wait for."""
        for table in (self.role, self.account, self.id, self.environment.table, self.ou.table, self.tag.table):
            table.warm()

    def are(self, text: str) -> Sequence[int]:
        """Return the accounts whose name or id is ``text``, which is folded; an id may have dashes."""
        return [*self.account.equal(text), *self.id.equal(without_dashes(text))]

    def column(self, term: Term) -> tuple[Column, int]:
        """Return where ``term`` matches, and the typos (0 or 1) that this took."""
        found = self.with_typos(term, 0)
        if found.empty and may_have_typo(term):
            tolerant = self.with_typos(term, 1)
            if not tolerant.empty:
                return tolerant, 1
        return found, 0

    def with_typos(self, term: Term, typos: int) -> Column:
        """Return where ``term`` matches with at most ``typos`` letters wrong."""
        asked = (term, typos)
        known = self._known.get(asked)
        if known is not None:
            self._known.move_to_end(asked)
            return known
        column = self._column(term, typos)
        self._known[asked] = column
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return column

    def _column(self, term: Term, typos: int) -> Column:
        text, mode = term.text, term.mode
        match term.field:
            case "account":
                return Column(account=self.account.hits(text, mode, typos))
            case "role":
                return Column(role=self.role.hits(text, mode, typos))
            case "id":
                return Column(account=self.id.hits(text.replace("-", ""), mode))
            case "env":
                return Column(account=_spread(self.environment, text, mode))
            case "ou":
                return Column(account=_spread(self.ou, text, mode))
            case "tag":
                return Column(account=_spread(self.tag, text, mode))
            case _:
                return self._anywhere(text, mode, typos)

    def _anywhere(self, text: str, mode: Mode, typos: int) -> Column:
        shared = [
            (units, field.owners[value])
            for field in (self.environment, self.ou, self.tag)
            for value, units in field.table.hits(text, mode, typos).items()
        ]
        accounts = _best(self._named(text, mode, typos), shared)
        left, right = self._sides(text, mode, typos)
        both = _BOTH if len(text) > 2 else 0
        return Column(accounts, self.role.hits(text, mode, typos), left, right, both)

    def _named(self, text: str, mode: Mode, typos: int = 0) -> Mapping[int, int]:
        """Return the accounts whose name or id matches."""
        names = self.account.hits(text, mode, typos)
        if not _DIGIT.search(text):
            return names
        ids = self.id.hits(without_dashes(text), mode)
        return {account: max(names.get(account, 0), ids.get(account, 0)) for account in names.keys() | ids.keys()}

    def _sides(self, text: str, mode: Mode, typos: int) -> tuple[Mapping[int, int], Mapping[int, int]]:
        """Return the accounts and the roles that match ``account/role``. A role's name holds no slash."""
        sides = SIDES.get(mode)
        account, slash, role = text.rpartition("/")
        if sides is None or not slash or len(text) < 2:
            return {}, {}
        left = self._named(account, sides[0], typos if len(account) >= TYPO_LENGTH else 0)
        right = self.role.hits(role, sides[1], typos if len(role) >= TYPO_LENGTH else 0)
        return (left, right) if left and right else ({}, {})


def without_dashes(text: str) -> str:
    """Return an id as it is kept, of one that is written with dashes (``1234-5678-9012``); other text as it is."""
    return text.replace("-", "") if _DASHED_ID.fullmatch(text) else text


def may_have_typo(term: Term) -> bool:
    """Tell whether a typo is looked past in ``term``: a fuzzy word that is long enough."""
    return term.mode == "fuzzy" and not term.negated and len(term.text) >= TYPO_LENGTH


def _best(own: Mapping[int, int], shared: list[tuple[int, Sequence[int]]]) -> Mapping[int, int]:
    """Return the better of each account's own score and those of the values it shares."""
    if not shared:
        return own
    best: dict[int, int] = {}
    shared.sort(key=itemgetter(0))
    for units, owners in shared:  # rising, so that the best is written last
        best.update(dict.fromkeys(owners, units))
    if own and shared[-1][0] <= min(own.values()):
        best.update(own)
        return best
    for account, units in own.items():
        if units > best.get(account, 0):
            best[account] = units
    return best


def _spread(shared: Shared, text: str, mode: Mode) -> Mapping[int, int]:
    """Return the accounts of the values that match, each with the best of its values' scores."""
    return _best({}, [(units, shared.owners[value]) for value, units in shared.table.hits(text, mode).items()])


def _shared(name: str, weight: int, values: Sequence[Sequence[str]], exact: int = 0) -> Shared:
    """Return the distinct values that accounts share; an empty value is none."""
    numbers: dict[str, int] = {}
    owners: list[list[int]] = []
    first: list[int] = []
    for account, several in enumerate(values):
        first.append(numbers.get(several[0], len(numbers)) if several and several[0] else -1)
        for value in several:
            if not value:
                continue
            number = numbers.setdefault(value, len(numbers))
            if number == len(owners):
                owners.append([])
            owners[number].append(account)
    return Shared(Table(name, weight, numbers, strict=True, exact=exact), owners, first)
