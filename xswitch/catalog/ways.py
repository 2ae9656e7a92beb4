"""Every ``via`` led to its target: chains that begin nowhere or go in a circle are found here."""

from __future__ import annotations

from typing import Any

from xswitch.catalog import fields
from xswitch.catalog.expand import At, Expansion, Place
from xswitch.catalog.rows import IDENTITY, REGION, VIA, Settings, plain_arn
from xswitch.tomlfile import known_hint, quoted


class Ways:
    """Leads every ``via`` to its target, and gives chained roles the identity that their chain begins with."""

    def __init__(self, expansion: Expansion) -> None:
        self.merged = expansion.merged
        self.roles = expansion.roles
        self.places = expansion.places
        self._by_name: dict[str, list[int]] = {}
        self._by_id: dict[str, list[int]] = {}
        self._next: dict[At, At] = {}

    def run(self) -> None:
        """Rewrite the roles that have a ``via``. Notes those that lead nowhere or in a circle."""
        if not self.places:
            return
        for number, account in enumerate(self.merged.accounts):
            self._by_name.setdefault(account.name, []).append(number)
            self._by_id[account.id] = [number]
        found: dict[str, At | None] = {}
        for at, place in self.places.items():
            via = self._settings(at)[VIA]
            if via not in found:
                found[via] = self._find(via)
            leads = found[via]
            if leads is None:
                self._missing(via, place)
            else:
                self._next[at] = leads
        self._rewrite(self._roots())

    def _rewrite(self, roots: dict[At, At]) -> None:
        memo: dict[tuple[int, At], Settings] = {}
        changed: list[tuple[At, Settings]] = []
        for at, root in roots.items():
            settings, leads = self._settings(at), self._next[at]
            identity = self._settings(root)[IDENTITY]
            key = (id(settings), leads)
            if key not in memo:
                memo[key] = (identity, self._name(leads), *settings[2:])
            self._note_identity(identity, at)
            changed.append((at, memo[key]))
        for (number, place), settings in changed:
            role, arn, _ = self.roles[number][place]
            self.roles[number][place] = (role, arn, settings)

    def _settings(self, at: At) -> Settings:
        return self.roles[at[0]][at[1]][2]

    def _name(self, at: At) -> str:
        return f"{self.merged.accounts[at[0]].name}/{self.roles[at[0]][at[1]][0]}"

    def _find(self, text: str) -> At | None:
        arn = fields.ROLE_ARN.fullmatch(text)
        if arn:
            for number in self._by_id.get(arn[2], []):
                for place, (role, own, settings) in enumerate(self.roles[number]):
                    if (own or plain_arn(settings[REGION], arn[2], role)) == text:
                        return number, place
            return None
        name, _, wanted = text.rpartition("/")
        for number in self._by_name.get(name) or self._by_id.get(name) or ():
            for place, (role, _, _) in enumerate(self.roles[number]):
                if role == wanted:
                    return number, place
        return None

    def _missing(self, via: str, place: Place) -> None:
        part, keys = place
        names = [self._name((number, place)) for number, many in enumerate(self.roles) for place in range(len(many))]
        hint = known_hint(via, names[:20000]) or "write it as account-name/role-name"
        self.merged.report.add(part.document, (*keys, "via"), f"via leads to {quoted(via)}, which is no target", hint)

    def _roots(self) -> dict[At, At]:
        """Return, for each chained role, the role that its chain begins with; note the chains that never begin."""
        roots: dict[At, At] = {}
        looping: set[At] = set()
        for number in self._next:
            way: list[At] = []
            seen: set[At] = set()
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

    def _loop(self, circle: list[At]) -> None:
        names = [self._name(at) for at in circle]
        for turn, at in enumerate(circle):
            part, keys = self.places[at]
            around = [*names[turn:], *names[:turn], names[turn]]
            words = " > ".join(around if len(around) <= 6 else [*around[:5], "…"])
            message = f"via goes in a circle: {quoted(words)}"
            hint = (
                "leave the account out of the role set" if keys[0] == "roles" else "one of them has to do without via"
            )
            self.merged.report.add(part.document, (*keys, "via"), message, hint)

    def _note_identity(self, identity: str, at: At) -> None:
        part, keys = self.places[at]
        table: Any = part.document.data
        for key in keys:
            table = table[key]
        if isinstance(table, dict) and table.get("identity", identity) != identity:
            message = f"is not used: the chain begins with the identity {quoted(identity)}"
            self.merged.notes.add(part.document, (*keys, "identity"), message)
