"""Every ``via`` led to its target: chains that begin nowhere or go in a circle are found here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from xswitch.catalog import fields
from xswitch.catalog.expand import Expansion, Place
from xswitch.catalog.rows import IDENTITY, REGION, VIA, Settings, plain_arn
from xswitch.tomlfile import known_hint, quoted


class Ways:
    """Leads every ``via`` to its target, and gives chained rows the identity that their chain begins with."""

    def __init__(self, expansion: Expansion) -> None:
        self.merged = expansion.merged
        self.rows = expansion.rows
        self.places = expansion.places
        self._spans = expansion.spans
        self._by_name: dict[str, list[int]] = {}
        self._by_id: dict[str, list[int]] = {}
        self._next: dict[int, int] = {}

    def run(self) -> None:
        """Rewrite the rows that have a ``via``. Notes those that lead nowhere or in a circle."""
        if not self.places:
            return
        for number, account in enumerate(self.merged.accounts):
            self._by_name.setdefault(account.name, []).append(number)
            self._by_id[account.id] = [number]
        found: dict[str, int | None] = {}
        for number, place in self.places.items():
            via = self.rows[number][3][VIA]
            if via not in found:
                found[via] = self._find(via)
            leads = found[via]
            if leads is None:
                self._missing(via, place)
            else:
                self._next[number] = leads
        roots = self._roots()
        memo: dict[tuple[int, int], Settings] = {}
        before = list(self.rows)
        for number, leads in self._next.items():
            root = roots.get(number)
            if root is None:
                continue
            account, role, arn, settings = before[number]
            identity = before[root][3][IDENTITY]
            key = (id(settings), leads)
            if key not in memo:
                name = f"{before[leads][0].name}/{before[leads][1]}"
                memo[key] = (identity, name, *settings[2:])
            self._note_identity(identity, number)
            self.rows[number] = (account, role, arn, memo[key])

    def _find(self, text: str) -> int | None:
        arn = fields.ROLE_ARN.fullmatch(text)
        if arn:
            for number in self._in(self._by_id.get(arn[2], [])):
                account, role, own, settings = self.rows[number]
                if (own or plain_arn(settings[REGION], account.id, role)) == text:
                    return number
            return None
        name, _, role = text.rpartition("/")
        spans = self._by_name.get(name) or self._by_id.get(name) or []
        return next((number for number in self._in(spans) if self.rows[number][1] == role), None)

    def _in(self, accounts: Iterable[int]) -> Iterable[int]:
        for account in accounts:
            yield from range(*self._spans[account][:2])

    def _missing(self, via: str, place: Place) -> None:
        part, keys = place
        names = [f"{account.name}/{role}" for account, role, _, _ in self.rows[:20000]]
        hint = known_hint(via, names) or "write it as account-name/role-name"
        self.merged.report.add(part.document, (*keys, "via"), f"via leads to {quoted(via)}, which is no target", hint)

    def _roots(self) -> dict[int, int]:
        """Return, for each chained row, the row that its chain begins with; note the chains that never begin."""
        roots: dict[int, int] = {}
        looping: set[int] = set()
        for number in self._next:
            way: list[int] = []
            seen: set[int] = set()
            at = number
            while at in self._next and at not in roots and at not in looping and at not in seen:
                seen.add(at)
                way.append(at)
                at = self._next[at]
            if at in seen:
                self._loop(way[way.index(at) :])
            if at in seen or at in looping:
                looping.update(way)
            elif at not in self.places or at in roots:
                roots.update(dict.fromkeys(way, roots.get(at, at)))
        return roots

    def _loop(self, circle: list[int]) -> None:
        names = [f"{self.rows[number][0].name}/{self.rows[number][1]}" for number in circle]
        for turn, number in enumerate(circle):
            part, keys = self.places[number]
            around = [*names[turn:], *names[:turn], names[turn]]
            words = " > ".join(around if len(around) <= 6 else [*around[:5], "…"])
            message = f"via goes in a circle: {quoted(words)}"
            hint = (
                "leave the account out of the role set" if keys[0] == "roles" else "one of them has to do without via"
            )
            self.merged.report.add(part.document, (*keys, "via"), message, hint)

    def _note_identity(self, identity: str, number: int) -> None:
        part, keys = self.places[number]
        table: Any = part.document.data
        for key in keys:
            table = table[key]
        if isinstance(table, dict) and table.get("identity", identity) != identity:
            message = f"is not used: the chain begins with the identity {quoted(identity)}"
            self.merged.notes.add(part.document, (*keys, "identity"), message)
