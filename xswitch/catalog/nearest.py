"""The name nearest to a query that found nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from frizbee import Haystacks, Matcher

from xswitch.catalog.columns import Columns
from xswitch.catalog.folding import fold
from xswitch.catalog.pasted import locate
from xswitch.catalog.query import Term
from xswitch.text import clean

_CANDIDATES: Final = 24
_ALIKE: Final = 0.5  # difflib's ratio under which two names have nothing to do with each other


def nearest_name(columns: Columns, terms: Sequence[Term]) -> str:
    """Return the account, role, environment or part of a name that is nearest to the word that fails, or "".

    The word that fails is one that matches nothing; where each matches something but no row matches all, the longest.
    For a pasted role that the catalog lacks it is the account, where that is known. What is returned can be searched
    for, and is shown as it is in the catalog, cleaned.
    """
    from difflib import SequenceMatcher

    for term in terms:
        if term.field == "place" and not term.negated:
            place = locate(term.text)
            known = [account for text in (*place.accounts, place.alias) if text for account in columns.are(text)]
            if known:
                return columns.account_names[known[0]]
    names = _names(columns)
    folded = [fold(name).text for name in names]
    haystacks = Haystacks(folded)
    for asked in _failing(columns, terms):
        best, likeness = "", _ALIKE
        judge = SequenceMatcher(b=asked.casefold(), autojunk=False)
        tolerant = Matcher(asked, max_typos=max(1, len(asked) // 2), max_items=_CANDIDATES, casing="ignore")
        for match in tolerant.match_list(haystacks):
            judge.set_seq1(folded[match.index].casefold())
            if judge.ratio() > likeness:
                best, likeness = names[match.index], judge.ratio()
        if best:
            return best
    return ""


def _failing(columns: Columns, terms: Iterable[Term]) -> list[str]:
    """Return the words that match nothing, then the others, the longest first."""
    words = [term for term in terms if not term.negated and term.field not in ("live", "place")]
    words.sort(key=lambda term: (not columns.column(term)[0].empty, -len(term.text)))
    return [term.text for term in words]


def _names(columns: Columns) -> list[str]:
    """Return every name once: whole names first, then the parts that several names share."""
    names = dict.fromkeys(clean(name) for name in (*columns.account_numbers, *columns.role_numbers))
    for table in (columns.environment.table, columns.ou.table):
        for value in table.folded:
            names.update(dict.fromkeys(re.split(r"/", value.text)))
    for name in list(names):
        names.update(dict.fromkeys(part for part in re.split(r"[-_./ :]", name) if len(part) > 2))
    names.pop("", None)
    return list(names)
