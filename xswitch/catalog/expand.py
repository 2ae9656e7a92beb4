"""Accounts and role sets to roles, each with its effective settings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from xswitch.catalog import fields
from xswitch.catalog.merge import Merged, check_identity, settings_of
from xswitch.catalog.model import Account, VaultRef
from xswitch.catalog.parse import NOTHING, AccountEntry, Given, Part, RoleSet
from xswitch.catalog.rows import IDENTITY, VIA, Role, Settings
from xswitch.tomlfile import quoted
from xswitch.tomllines import Keys

_SSO_REFUSES: Final = (
    "mfa",
    "external_id",
    "source_identity",
    "session_tags",
    "transitive_tags",
    "policy",
    "policy_arns",
    "duration",
)

At = tuple[int, int]
"""The number of an account, and that of a role in it."""

Place = tuple[Part, Keys]
"""Where a role is written, for messages."""

Chosen = tuple[Given, Part, Keys]
"""What is given of a role, and where."""


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """The role sets that match an account, in order, and their names.

    ``alike``: nothing of the account itself is needed to tell what they give.
    """

    sets: tuple[RoleSet, ...]
    names: frozenset[str]
    alike: bool


NO_MATCH: Final = Match((), frozenset(), True)


class Expansion:
    """Works out the roles of a catalog's accounts. ``places`` tells where each role with a ``via`` is written."""

    def __init__(self, merged: Merged) -> None:
        self.merged = merged
        self.roles: list[list[Role]] = []
        self.places: dict[At, Place] = {}
        self._settings: dict[tuple[int, int, int], tuple[Settings, Given, Given]] = {}
        self._sets: list[tuple[int, list[RoleSet]]] = []
        self._without_identity: set[int] = set()
        self._matches: dict[object, Match] = {}
        self._shared: dict[tuple[int, int, int, int], list[Role]] = {}
        self._used: set[int] = set()
        for part in merged.parts:
            if part.sets:
                rank = part.source.rank
                if self._sets and self._sets[-1][0] == rank:
                    self._sets[-1][1].extend(part.sets)
                else:
                    self._sets.append((rank, list(part.sets)))
        self._by_account = not all(one.selector.alike for _, sets in self._sets for one in sets)

    def run(self) -> list[list[Role]]:
        """Return the roles of every account, in the order of the accounts. Notes what is wrong in the report."""
        merged = self.merged
        for account, entries in zip(merged.accounts, merged.entries, strict=True):
            entry = entries[0]
            matched = self._matched(account) if self._sets else NO_MATCH
            if len(entries) > 1 or entry.part.overrides or (matched.names and matched.names & entry.roles.names):
                self._check_identities(entries)
                self.roles.append([])
                self._merge_roles(account, entries)
                continue
            key = (id(entry.roles), id(entry.settings), id(entry.part), id(matched))
            shared = self._shared.get(key)
            if shared is None:
                self._check_identities(entries)
                self.roles.append([])
                self._choose(account, entry, matched)
                if entry.roles.plain is not None and matched.alike:
                    self._shared[key] = self.roles[-1]
            else:
                self.roles.append(shared)
        self._check_names()
        self._check_sets()
        return self.roles

    def _check_identities(self, entries: list[AccountEntry]) -> None:
        for entry in entries:
            if "identity" in entry.settings:
                check_identity(self.merged, entry.part, entry.keys, entry.settings["identity"])

    def _choose(self, account: Account, entry: AccountEntry, matched: Match) -> None:
        """Add an account's own roles and those of role sets, which have no name in common."""
        for name, given, place in entry.roles.given:
            self._add(account, name, (given, entry.part, (*entry.keys, "roles", place)), entry.settings)
        for role_set in matched.sets:
            reaching = settings_of([entry], role_set.part.source.rank)
            self._add(account, role_set.name, (role_set.given, role_set.part, ("roles", role_set.place)), reaching)

    def _matched(self, account: Account) -> Match:
        """Return the role sets that match an account; of one name, that of the first source."""
        like = account if self._by_account else (account.ou, account.environment, account.tags)
        found = self._matches.get(like)
        if found is None:
            chosen: dict[str, RoleSet] = {}
            for _, sets in self._sets:
                here: dict[str, RoleSet] = {}
                for role_set in sets:
                    if role_set.selector.matches_account(account):
                        self._used.add(id(role_set))
                        other = here.setdefault(role_set.name, role_set)
                        if other is not role_set:
                            self._note_twins(role_set, other)
                for name, role_set in here.items():
                    chosen.setdefault(name, role_set)
            alike = not any("via" in one.given or "policy_arns" in one.given for one in chosen.values())
            found = self._matches[like] = Match(tuple(chosen.values()), frozenset(chosen), alike)
        return found

    def _note_twins(self, role_set: RoleSet, other: RoleSet) -> None:
        where = other.part.document.place(("roles", other.place))
        message = (
            f"gives {quoted(role_set.name)} to accounts that another role set gives it to: two targets with one name"
        )
        self.merged.report.add(role_set.part.document, ("roles", role_set.place), message, f"also at {where}")

    def _merge_roles(self, account: Account, entries: list[AccountEntry]) -> None:
        """Choose the roles of an account: source by source, an account's own entry before and over a role set."""
        chosen: dict[str, Chosen] = {}
        over = [entry for entry in entries if entry.part.overrides]
        explicit = [entry for entry in entries if not entry.part.overrides]
        sets = dict(self._sets)
        ranks = sorted({entry.part.source.rank for entry in explicit} | sets.keys())
        for rank in ranks:
            here: dict[str, Chosen] = {}
            for entry in explicit:
                if entry.part.source.rank == rank:
                    for name, given, place in entry.roles.given:
                        here.setdefault(name, (given, entry.part, (*entry.keys, "roles", place)))
            self._match_sets(account, sets.get(rank, ()), here)
            for name, choice in here.items():
                chosen.setdefault(name, choice)
        for entry in over:
            for name, given, place in entry.roles.given:
                base = chosen.get(name)
                if base is None:
                    chosen[name] = (given, entry.part, (*entry.keys, "roles", place))
                else:
                    chosen[name] = ({**base[0], **given} or NOTHING, base[1], base[2])
        reaching = {rank: settings_of(entries, rank) for rank in {*ranks, 0}}
        for name, choice in chosen.items():
            self._add(account, name, choice, reaching[choice[1].source.rank])

    def _match_sets(self, account: Account, sets: Iterable[RoleSet], here: dict[str, Chosen]) -> None:
        given_by: dict[str, RoleSet] = {}
        for role_set in sets:
            if not role_set.selector.matches_account(account):
                continue
            name = role_set.name
            if given_by.setdefault(name, role_set) is not role_set:
                continue
            mine = here.get(name)
            if mine is None:
                here[name] = (role_set.given, role_set.part, ("roles", role_set.place))
            elif role_set.given:
                here[name] = ({**role_set.given, **mine[0]}, mine[1], mine[2])

    def _add(self, account: Account, name: str, choice: Chosen, settings: Given) -> None:
        given, part, keys = choice
        effective = self._effective(given, settings, part)
        self._check_has_identity(effective, part, keys)
        if given:
            self._check(account, effective, choice)
            if "via" in given:
                self.places[len(self.roles) - 1, len(self.roles[-1])] = (part, keys)
        self.roles[-1].append((name, given.get("arn", ""), effective))

    def _effective(self, given: Given, settings: Given, part: Part) -> Settings:
        """Return the settings of a role: its own, else the account's, else the defaults of its source."""
        memo = (id(given), id(settings), id(part))
        found = self._settings.get(memo)
        if found is not None:
            return found[0]
        merged = self.merged
        layered: dict[str, Any] = {**merged.defaults.get(part.source.rank, NOTHING), **settings, **given}
        identity = layered.get("identity", merged.default_identity)
        known = merged.identities.get(identity)
        via = layered.get("via", "")
        external = layered.get("external_id")
        effective: Settings = (
            identity,
            via,
            layered.get("mfa", False),
            layered.get("region", ""),
            None if known is not None and known.kind == "sso" and not via else layered.get("duration"),
            layered.get("session_name", "{user}"),
            VaultRef(external["vault"], part.source.name) if isinstance(external, dict) else external,
            layered.get("source_identity", ""),
            layered.get("session_tags", ()),
            layered.get("transitive_tags", ()),
            layered.get("policy", ""),
            layered.get("policy_arns", ()),
            part.document.file,
        )
        self._settings[memo] = (effective, given, settings)
        return effective

    def _check_has_identity(self, settings: Settings, part: Part, keys: Keys) -> None:
        if not settings[IDENTITY] and not settings[VIA] and id(part) not in self._without_identity:
            self._without_identity.add(id(part))
            hint = 'give [defaults] one: identity = "NAME", and define [identities.NAME]'
            self.merged.report.add(part.document, (*keys, "identity"), "no identity is given for it", hint)

    def _check(self, account: Account, settings: Settings, choice: Chosen) -> None:
        """Check what a role says against its identity and its account."""
        given, part, keys = choice
        merged = self.merged
        if "identity" in given:
            check_identity(merged, part, keys, given["identity"])
        identity = merged.identities.get(settings[IDENTITY])
        if identity is not None and identity.kind == "sso" and "via" not in given:
            for key in _SSO_REFUSES:
                if given.get(key):
                    message = (
                        f"{key} can't be given: {quoted(identity.name)} is of kind sso, and a permission set takes none"
                    )
                    merged.report.add(part.document, (*keys, key), message, "reach the role with via, or leave it out")
        for number, arn in enumerate(given.get("policy_arns", ())):
            found = fields.POLICY_ARN.fullmatch(arn)
            if found and found[1] not in ("aws", account.id):
                message = f"is a policy of account {found[1]}: STS takes those of the role's own account, and AWS's"
                merged.report.add(part.document, (*keys, "policy_arns", number), message)
        if "via" in given:
            self._note_chain(given, part, keys)
        elif given.get("mfa") and identity is not None and not identity.mfa_serial and identity.kind != "sso":
            message = f"mfa is asked for, and the identity {quoted(identity.name)} has no mfa_serial"
            merged.notes.add(part.document, (*keys, "mfa"), message, f"give [identities.{identity.name}] one")

    def _note_chain(self, given: Given, part: Part, keys: Keys) -> None:
        notes = self.merged.notes
        if given.get("mfa"):
            message = (
                "the trust policy of a later hop can't see the MFA code: it goes with the first call, the person's own"
            )
            notes.add(part.document, (*keys, "mfa"), message, "a session from AssumeRole carries no MFA")
        if given.get("duration", 0) > 3600:
            message = "a role that is reached through another role gets one hour at most"
            notes.add(part.document, (*keys, "duration"), message, "leave it out, or reach the role without via")

    def _check_names(self) -> None:
        """Note targets of one name in two accounts of one name."""
        merged = self.merged
        names = [account.name for account in merged.accounts]
        if len(set(names)) == len(names):
            return
        by_name: dict[str, list[int]] = {}
        for number, name in enumerate(names):
            by_name.setdefault(name, []).append(number)
        for name, numbers in by_name.items():
            owners: dict[str, AccountEntry] = {}
            for number in numbers if len(numbers) > 1 else ():
                entry = merged.entries[number][0]
                for role, _, _ in self.roles[number]:
                    first = owners.setdefault(role, entry)
                    if first is not entry and name:
                        where = first.part.document.place(first.keys)
                        message = f"two targets are named {quoted(f'{name}/{role}')}"
                        merged.report.add(entry.part.document, (*entry.keys, "name"), message, f"also at {where}")

    def _check_sets(self) -> None:
        for _, sets in self._sets:
            for role_set in sets:
                if id(role_set) not in self._used:
                    self.merged.notes.add(role_set.part.document, ("roles", role_set.place), "matches no account")
