"""Many files to one: who defines what, account by account, in the order of precedence.

The person's own files come first, then shared ones, then synced ones; within a source a second definition is an error,
across sources the earlier one stands:

* an identity or environment is that of the first source that has it, and a shared one only where no other has it: what
  was imported or synced is the person's too;
* an account's name is kept only where no other account is called so: see :func:`_names`;
* an account's name, OU, tags and settings are taken field by field, the first source that has the field; a setting of
  a source reaches the roles of that source and of those after it, never of those before it;
* an account's environment is never given by a shared file where another source gives one;
* a role of an account is that of the first source that has it, as a whole;
* ``catalog.d/overrides.toml`` is laid over all that, field by field.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain

from xswitch.catalog.fields import COLOURS
from xswitch.catalog.model import Account, Environment, Identity
from xswitch.catalog.parse import NOTHING, AccountEntry, Given, Part, misleading
from xswitch.text import clean
from xswitch.tomlfile import Report, known_hint, quoted


@dataclass(slots=True, eq=False)
class Merged:
    """What all files say together, before role sets are expanded.

    ``entries`` has, for each account, what the files say of it, those that win first. ``defaults`` are by the rank of
    their source.
    """

    parts: list[Part]
    report: Report
    notes: Report
    identities: dict[str, Identity] = field(default_factory=dict)
    environments: dict[str, Environment] = field(default_factory=dict)
    defaults: dict[int, Given] = field(default_factory=dict)
    default_identity: str = ""
    entries: list[list[AccountEntry]] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)


def merge(parts: list[Part], report: Report, notes: Report) -> Merged:
    """Merge files, which come in the order of precedence. Errors go to ``report``, warnings to ``notes``."""
    merged = Merged(parts, report, notes)
    _take(merged, "identities", "an identity")
    _take(merged, "environments", "an environment")
    _check_colours(merged)
    _take_defaults(merged)
    _gather(merged)
    names = _names(merged)
    for entries in merged.entries:
        merged.accounts.append(_account(merged, entries, names[entries[0].id]))
    return merged


def _take(merged: Merged, table: str, words: str) -> None:
    """Take the named tables of every part, the shared last: an identity or environment stands where it is met first."""
    owner: dict[str, Part] = {}
    taken: dict[str, object] = getattr(merged, table)
    for part in sorted(merged.parts, key=lambda part: part.source.kind == "shared"):
        items: Mapping[str, object] = getattr(part, table)
        for name, item in items.items():
            first = owner.setdefault(name, part)
            if first is part:
                taken[name] = item
                continue
            keys = (table, name)
            where = first.document.place(keys)
            if first.source.rank == part.source.rank:
                merged.report.add(part.document, keys, f"{words} {quoted(name)} is defined twice", f"also at {where}")
            else:
                merged.notes.add(part.document, keys, f"is not used: {where} defines {quoted(name)}, and comes first")


def _check_colours(merged: Merged) -> None:
    for part in merged.parts:
        for name, environment in part.environments.items():
            if environment.colour and environment.colour not in COLOURS:
                message = f"{quoted(environment.colour)} is no colour of the themes, and is not shown"
                hint = known_hint(environment.colour, COLOURS)
                merged.notes.add(part.document, ("environments", name, "colour"), message, hint)


def _take_defaults(merged: Merged) -> None:
    for part in merged.parts:
        if not part.defaults:
            continue
        rank = part.source.rank
        known = merged.defaults.get(rank, NOTHING)
        for key in part.defaults.keys() & known.keys():
            merged.report.add(
                part.document, ("defaults", key), f"{key} is given twice in [defaults]", "keep one of them"
            )
        merged.defaults[rank] = {**part.defaults, **known}
        if "identity" in part.defaults:
            check_identity(merged, part, ("defaults",), part.defaults["identity"])
    own = {name for name, identity in merged.identities.items() if not identity.source}
    alone = next(iter(own)) if len(own) == 1 else ""
    merged.default_identity = merged.defaults.get(0, NOTHING).get("identity", alone)


def check_identity(merged: Merged, part: Part, keys: tuple[str | int, ...], name: str) -> None:
    """Note an identity that no file defines."""
    if name not in merged.identities:
        hint = known_hint(name, merged.identities) or "define it: [identities.NAME] with its kind"
        merged.report.add(part.document, (*keys, "identity"), f"the identity {quoted(name)} is not defined", hint)


def _gather(merged: Merged) -> None:
    """Bring together what the files say of each account; note accounts that one source has twice."""
    by_id: dict[str, list[AccountEntry]] = {}
    for part in sorted(merged.parts, key=lambda part: part.overrides):
        for entry in part.accounts:
            entries = by_id.setdefault(entry.id, [])
            if not entries:
                entries.append(entry)
                continue
            rank = part.source.rank
            twin = next((e for e in entries if e.part.source.rank == rank and e.part.overrides == part.overrides), None)
            if twin is not None:
                where = twin.part.document.place((*twin.keys, "id"))
                message = f"the account {entry.id} is defined twice"
                merged.report.add(part.document, (*entry.keys, "id"), message, f"also at {where}")
            if part.overrides and twin is None:
                entries.insert(0, entry)
            else:
                entries.append(entry)
    merged.entries.extend(by_id.values())


def _names(merged: Merged) -> dict[str, str]:
    """Return the name of every account by its id.

    Names of a shared or synced source that another account of the person's, or of a source before it, is called, or
    that would be read as an id or an ARN, get the last four digits of their id; so do all synced accounts that share a
    name. Where that is not enough, the id. A shared account gives way to those of every other source: nobody but the
    team says what is in its file, and the person types the others' names. Names are compared as they are shown.
    """
    given = {entries[0].id: _naming(entries) for entries in merged.entries}
    for entry in given.values():
        if not entry.name and not entry.misnamed:
            merged.report.add(entry.part.document, (*entry.keys, "name"), "name is missing", "no other file names it")
    if all(part.source.rank == 0 for part in merged.parts):
        return {account_id: entry.name for account_id, entry in given.items()}
    shared = [entry for entry in given.values() if entry.part.source.kind == "shared"]
    names = _trusted_names([entry for entry in given.values() if entry.part.source.kind != "shared"])
    return names | _shared_names(merged, shared, names)


def _shown(name: str) -> str:
    """Return a name as nobody could tell it from another: without what does not show, and blanks as one."""
    if name.isascii() and name.isprintable() and " " not in name:  # of ten thousand, nearly all
        return name
    return " ".join(clean(name).split())


def _trusted_names(entries: list[AccountEntry]) -> dict[str, str]:
    """Return the names of own and synced accounts."""
    synced = Counter(_shown(entry.name) for entry in entries if entry.part.source.kind == "synced")
    first: dict[str, int] = {}
    for entry in entries:
        name, rank = _shown(entry.name), entry.part.source.rank
        first[name] = min(rank, first.get(name, rank))
    names: dict[str, str] = {}
    changing: list[AccountEntry] = []
    for entry in entries:
        name, source = _shown(entry.name), entry.part.source
        shares = source.kind == "synced" and synced[name] > 1
        if source.kind != "own" and (shares or first[name] < source.rank or misleading(name, entry.id)):
            changing.append(entry)
        else:
            names[entry.id] = entry.name
    return names | _changed(changing, set(map(_shown, names.values())))


def _shared_names(merged: Merged, entries: list[AccountEntry], trusted: Mapping[str, str]) -> dict[str, str]:
    """Return the names of accounts that a shared source names, and note those that it can't have.

    What another source says of an account counts even where a shared one renames that account: else it would do so to
    have the name for another.
    """
    if not entries:
        return {}
    claims: dict[str, list[AccountEntry]] = {}
    for entry in chain.from_iterable(merged.entries):
        if entry.name and entry.part.source.kind != "shared":
            claims.setdefault(_shown(entry.name), []).append(entry)
    theirs = set(map(_shown, trusted.values()))
    first: dict[str, AccountEntry] = {}
    names: dict[str, str] = {}
    changing: dict[str, tuple[AccountEntry, AccountEntry | None]] = {}
    for entry in sorted(entries, key=lambda entry: entry.part.source.rank):
        name = _shown(entry.name)
        before = first.setdefault(name, entry)
        others = [claim for claim in claims.get(name, ()) if claim.id != entry.id]
        if before.part.source.rank < entry.part.source.rank:
            others.append(before)
        if others or name in theirs or misleading(name, entry.id):
            changing[entry.id] = (entry, others[0] if others else None)
        else:
            names[entry.id] = entry.name
    taken = theirs.union(claims, map(_shown, names.values()))
    changed = _changed((entry for entry, _ in changing.values()), taken)
    for entry, other in changing.values():
        if other is not None:
            where = other.part.document.place((*other.keys, "name"))
            message = f"is not used: {where} calls another account {quoted(_shown(entry.name))}"
            now = f"this one is called {quoted(changed[entry.id])}"
            merged.notes.add(entry.part.document, (*entry.keys, "name"), f"{message}; {now}")
    return names | changed


def _naming(entries: list[AccountEntry]) -> AccountEntry:
    first = entries[0]
    return first if first.name else next((entry for entry in entries if entry.name), first)


def _changed(entries: Iterable[AccountEntry], taken: set[str]) -> dict[str, str]:
    """Return names with the end of their ids, or the whole. ``taken`` are names as they are shown; it grows."""
    entries = list(entries)
    wanted = {entry.id: _shown(entry.name) for entry in entries}
    short = Counter(f"{name}-{account_id[-4:]}" for account_id, name in wanted.items())
    names: dict[str, str] = {}
    for account_id, shown in wanted.items():
        name = f"{shown}-{account_id[-4:]}"
        if short[name] > 1 or name in taken or misleading(name, account_id):
            name = f"{shown}-{account_id}"
        while name in taken:
            name = f"{name}-{account_id}"
        taken.add(name)
        names[account_id] = name
    return names


def _account(merged: Merged, entries: list[AccountEntry], name: str) -> Account:
    first = entries[0]
    if len(entries) == 1:
        environment = first.environment
        if environment and environment not in merged.environments:
            _undefined(merged, first)
        return Account(first.id, name, first.ou or "", environment, tuple(first.tags.items()))
    environment = _environment(merged, entries)
    ou = next((entry.ou for entry in entries if entry.ou is not None), "")
    tags: dict[str, str] = {}
    for entry in entries:
        for key, value in entry.tags.items():
            tags.setdefault(key, value)
    return Account(first.id, name, ou, environment, tuple(tags.items()))


def _undefined(merged: Merged, entry: AccountEntry) -> None:
    hint = known_hint(entry.environment, merged.environments) or "define it: [environments.NAME]"
    message = f"the environment {quoted(entry.environment)} is not defined"
    merged.report.add(entry.part.document, (*entry.keys, "environment"), message, hint)


def _environment(merged: Merged, entries: list[AccountEntry]) -> str:
    giving = [entry for entry in entries if entry.environment]
    for entry in giving:
        if entry.environment not in merged.environments:
            _undefined(merged, entry)
    if not giving:
        return ""
    stands = next((entry for entry in giving if entry.part.source.kind != "shared"), giving[0])
    for entry in giving:
        if entry.part.source.kind == "shared" and entry.environment != stands.environment:
            where = stands.part.document.place((*stands.keys, "environment"))
            message = f"is not used: {where} puts the account in {quoted(stands.environment)}"
            merged.notes.add(entry.part.document, (*entry.keys, "environment"), message)
    return stands.environment


def settings_of(entries: list[AccountEntry], rank: int) -> Given:
    """Return an account's settings as they reach the roles of a source: of that source and of those before it."""
    having = [entry.settings for entry in entries if entry.settings is not NOTHING and entry.part.source.rank <= rank]
    if len(having) <= 1:
        return having[0] if having else NOTHING
    settings: dict[str, object] = {}
    for one in having:
        for key, value in one.items():
            settings.setdefault(key, value)
    return settings
