"""One catalog file, checked: what it says of defaults, identities, environments, accounts and role sets.

Nothing here looks at a second file. What is wrong is noted in the report, and left out of the part.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from typing import Any, Final, Literal, cast

from xswitch.catalog import fields, schema
from xswitch.catalog.model import UNLISTED, Environment, Identity
from xswitch.catalog.selector import Selector
from xswitch.text import parse_duration
from xswitch.tomlfile import Check, Document, Report, check_table, known_hint, quoted
from xswitch.tomllines import Keys

Given = Mapping[str, Any]
"""Checked keys and values of a table. An empty one is always :data:`NOTHING`, so that it can be told by identity."""

NOTHING: Final[Given] = {}

_NOT_SETTINGS: Final = frozenset(("id", "name", "ou", "environment", "tags", "roles"))

_TEXT: Final = frozenset((str,))
_TABLE: Final = frozenset((dict,))
_ARRAY: Final = frozenset((list,))
_NONE: Final[list[object]] = []
_NAME: Final = itemgetter("name")

SourceKind = Literal["own", "shared", "synced"]

_ON_ROLES: Final = dict.fromkeys(schema.ROLE, "it stands on a role, under [[accounts.roles]] or [[roles]]")
_ROLE_SET_ELSEWHERE: Final = {
    "arn": "an ARN is of one account: give the role in that account",
    "environment": "an environment stands on an account; choose accounts by it with accounts = 'env:…'",
}


@dataclass(frozen=True, slots=True)
class Source:
    """Who a file speaks for. ``name`` is "" for the person's own files; ``rank`` is lower where it wins."""

    kind: SourceKind
    name: str
    rank: int


@dataclass(slots=True, eq=False)
class Roles:
    """The roles of an account: name, what is given, and its place; ``plain``: the names, where nothing is given."""

    given: list[tuple[str, Given, int]] = field(default_factory=list)
    plain: tuple[str, ...] | None = None
    names: frozenset[str] = frozenset()


@dataclass(slots=True, eq=False)
class AccountEntry:
    """What one file says of one account. None and "" stand for what it does not say.

    An account whose id is wrong is kept under its place, so that what else is wrong with it is found too.
    """

    part: Part
    place: int
    id: str
    name: str
    ou: str | None
    environment: str
    tags: Mapping[str, str]
    settings: Given
    roles: Roles

    @property
    def keys(self) -> Keys:
        """Where it stands in its file."""
        return ("accounts", self.place)

    @property
    def misnamed(self) -> bool:
        """Tell whether a name is written here that can't be used, which is noted already."""
        accounts = self.part.document.data.get("accounts")
        return not self.name and isinstance(accounts, list) and "name" in accounts[self.place]

    @property
    def identified(self) -> bool:
        """Tell whether its id is one."""
        return ":" not in self.id


NO_ROLES: Final = Roles([], ())


@dataclass(slots=True, eq=False)
class RoleSet:
    """A role that is given to every account that matches."""

    part: Part
    place: int
    name: str
    given: Given
    selector: Selector


@dataclass(slots=True, eq=False)
class Part:
    """One file. ``overrides`` tells that it may repeat accounts and roles of other files."""

    source: Source
    document: Document
    overrides: bool = False
    defaults: Given = field(default_factory=lambda: NOTHING)
    identities: dict[str, Identity] = field(default_factory=dict)
    environments: dict[str, Environment] = field(default_factory=dict)
    accounts: list[AccountEntry] = field(default_factory=list)
    sets: list[RoleSet] = field(default_factory=list)


def parse_part(
    document: Document, source: Source, report: Report, *, overrides: bool = False, versioned: bool = False
) -> Part:
    """Check one file. ``versioned``: it has to say its version. Notes every problem in ``report``; raises nothing."""
    part = Part(source, document, overrides)
    data = document.data
    check_table(report, document, (), data, schema.TOP)
    _check_version(part, report, versioned)
    defaults = data.get("defaults")
    if isinstance(defaults, dict):
        part.defaults = _given(
            check_table(report, document, ("defaults",), defaults, schema.DEFAULTS, elsewhere=_ON_ROLES), ()
        )
    for name, table in _tables_of(data.get("environments")):
        _parse_environment(part, report, name, table)
    for name, table in _tables_of(data.get("identities")):
        _parse_identity(part, report, name, table)
    _parse_accounts(part, report)
    for place, table in _entries_of(data.get("roles")):
        _parse_role_set(part, report, place, table)
    return part


def _tables_of(value: object) -> list[tuple[str, dict[str, Any]]]:
    if not isinstance(value, dict):
        return []
    return [(name, table) for name, table in value.items() if isinstance(table, dict)]


def _entries_of(value: object) -> list[tuple[int, dict[str, Any]]]:
    if not isinstance(value, list):
        return []
    return [(place, table) for place, table in enumerate(value) if isinstance(table, dict)]


def _given(good: Mapping[str, object], without: Collection[str]) -> Given:
    """Return checked values as the merge wants them: durations in seconds, tables and arrays that can't change."""
    given: dict[str, Any] = {}
    for key, value in good.items():
        if key in without:
            continue
        if key == "duration":
            given[key] = parse_duration(cast(str, value))
        elif key == "session_tags":
            given[key] = tuple(cast("dict[str, str]", value).items())
        elif isinstance(value, list):
            given[key] = tuple(value)
        else:
            given[key] = value
    return given or NOTHING


def _check_version(part: Part, report: Report, versioned: bool) -> None:
    document = part.document
    version = document.data.get("version")
    if version is None:
        if versioned and "version" not in document.data:
            report.add(document, ("version",), "version is missing", "begin the file with: version = 1")
    elif type(version) is int and version != 1:
        hint = "a newer xswitch may know it" if version > 1 else "write version = 1"
        report.add(document, ("version",), f"version {version} is not known here: this is for version 1", hint)


def _parse_environment(part: Part, report: Report, name: str, table: dict[str, Any]) -> None:
    keys = ("environments", name)
    good = check_table(report, part.document, keys, table, schema.ENVIRONMENT)
    if name == UNLISTED.name:
        hint = "it is kept for roles that no catalog holds"
        report.add(part.document, keys, f"an environment can't be named {quoted(name)}", hint)
    elif not name.strip():
        report.add(part.document, keys, "an environment needs a name")
    longest = good.get("max_duration")
    part.environments[name] = Environment(
        name,
        colour=cast(str, good.get("colour", "")),
        confirm=cast(Any, good.get("confirm", "no")),
        reason=cast(bool, good.get("reason", False)),
        max_duration=parse_duration(longest) if isinstance(longest, str) else None,
    )


def _parse_identity(part: Part, report: Report, name: str, table: dict[str, Any]) -> None:
    keys = ("identities", name)
    kind = table.get("kind")
    if not name.strip():
        report.add(part.document, keys, "an identity needs a name")
    rules = schema.IDENTITY.get(kind) if isinstance(kind, str) else None
    everything: dict[str, Check] = {key: rule for known in schema.IDENTITY.values() for key, rule in known.items()}
    if rules is None:
        check_table(report, part.document, keys, table, everything, required=("kind",))
        part.identities[name] = Identity(name, "keys", source=part.source.name)
        return
    elsewhere = {}
    for key in everything:
        kinds = [other for other, known in schema.IDENTITY.items() if key in known]
        elsewhere[key] = f"it is for kind = {' or '.join(quoted(other) for other in kinds)}"
    if kind == "sso":
        elsewhere |= dict.fromkeys(("mfa_serial", "mfa_process"), "an Identity Center login asks for its own code")
    good = check_table(
        report, part.document, keys, table, rules, required=schema.NEEDED[str(kind)], elsewhere=elsewhere
    )
    part.identities[name] = Identity(name, source=part.source.name, **cast("dict[str, Any]", {"kind": kind, **good}))


def _parse_accounts(part: Part, report: Report) -> None:
    """Take the accounts. A thousand of them repeat a few lists of roles: lists that read the same are checked once."""
    known: dict[tuple[object, ...], Roles] = {}
    entries = _entries_of(part.document.data.get("accounts"))
    all_sound = _sound([table for _, table in entries])
    for place, table in entries:
        roles = table.get("roles", _NONE)
        if all_sound or _sound([table]):
            given = table.get
            entry = AccountEntry(
                part, place, table["id"], table["name"], given("ou"), given("environment", ""), given("tags", NOTHING),
                NOTHING, NO_ROLES,
            )  # fmt: skip
        else:
            entry = _close_look(part, report, place, table)
        part.accounts.append(entry)
        if not isinstance(roles, list):
            continue
        text = _reading(roles)
        found = known.get(text)
        if found is None:
            before = report.count
            for below, message, hint in schema.tables(roles):
                report.add(part.document, (*entry.keys, "roles", *below), message, hint)
            found = _parse_roles(entry, report, roles)
            if report.count == before:
                known[text] = found
        entry.roles = found
        if found.plain is None:
            _check_arns(entry, report)


def _reading(roles: list[Any]) -> tuple[object, ...]:
    """Return what tells a list of roles from others: equal only where both are right and the same, or neither is."""
    try:
        if sum(map(len, roles)) == len(roles):  # nothing but names, or a KeyError
            reading = tuple(map(_NAME, roles))
        else:
            reading = tuple([table["name"] if len(table) == 1 else (repr(table),) for table in roles])
        hash(reading)
    except (TypeError, KeyError):
        return ((repr(roles),),)
    return reading


def _sound(tables: list[dict[str, Any]]) -> bool:
    """Tell, quickly, that accounts hold nothing but the usual, all of it right. False asks for a closer look.

    It looks at all of them at once, a column at a time.
    """
    if not _NOT_SETTINGS.issuperset(chain.from_iterable(tables)):
        return False
    ids: list[Any] = [table.get("id") for table in tables]
    names: list[Any] = [table.get("name") for table in tables]
    words = {table.get("ou", "-") if type(table.get("ou", "-")) is str else "" for table in tables}
    words |= {table.get("environment", "-") if type(table.get("environment", "-")) is str else "" for table in tables}
    if not _TEXT.issuperset(map(type, ids)) or not _TEXT.issuperset(map(type, names)):
        return False
    digits = "".join(ids)
    tags = [table.get("tags", NOTHING) for table in tables]
    return (
        set(map(len, ids)) == {12}
        and digits.isascii()
        and digits.isdigit()
        and all(map(str.strip, names))
        and all(map(str.strip, words))
        and 12 not in set(map(len, names))  # a name of twelve may be an id
        and "\narn:" not in "\n" + "\n".join(names)
        and _TABLE.issuperset(map(type, tags))
        and _TEXT.issuperset(map(type, chain.from_iterable(map(dict.values, tags))))
        and _ARRAY.issuperset([type(table.get("roles", _NONE)) for table in tables])
    )


def _close_look(part: Part, report: Report, place: int, table: dict[str, Any]) -> AccountEntry:
    keys: Keys = ("accounts", place)
    good = check_table(report, part.document, keys, table, schema.ACCOUNT, required=("id",), elsewhere=_ON_ROLES)
    entry = AccountEntry(
        part,
        place,
        cast(str, good.get("id") or f"{part.document.file}:{place}"),
        cast(str, good.get("name", "")),
        cast("str | None", good.get("ou")),
        cast(str, good.get("environment", "")),
        cast("dict[str, str]", good.get("tags", NOTHING)),
        NOTHING if good.keys() <= _NOT_SETTINGS else _given(good, _NOT_SETTINGS),
        NO_ROLES,
    )
    _check_name(part, report, entry)
    return entry


def _check_name(part: Part, report: Report, entry: AccountEntry) -> None:
    """Refuse names that would be taken for an id or an ARN; those that others gave are changed instead."""
    if part.source.kind != "own" or not misleading(entry.name, entry.id if entry.identified else entry.name):
        return
    report.add(
        part.document, (*entry.keys, "name"), f"{quoted(entry.name)} reads as another account's", "give it another name"
    )


def misleading(name: str, account_id: str) -> bool:
    """Tell whether a name would be taken for another account's id, or for an ARN, where a target is asked for."""
    if len(name) == 12 and name != account_id and fields.ACCOUNT_ID.fullmatch(name):
        return True
    return name.startswith("arn:")


def _parse_roles(entry: AccountEntry, report: Report, roles: list[Any]) -> Roles:
    taken = Roles()
    seen: set[str] = set()
    for place, table in enumerate(roles):
        if type(table) is not dict:
            continue
        name, given = _parse_role(entry, report, place, table)
        if name in seen:
            message = f"the role {quoted(name)} stands here twice: two targets with one name"
            report.add(entry.part.document, (*entry.keys, "roles", place, "name"), message)
        elif name:
            seen.add(name)
            taken.given.append((name, given, place))
    taken.names = frozenset(seen)
    if all(given is NOTHING for _, given, _ in taken.given):
        taken.plain = tuple(name for name, _, _ in taken.given)
    return taken


def _parse_role(entry: AccountEntry, report: Report, place: int, table: dict[str, Any]) -> tuple[str, Given]:
    keys: Keys = (*entry.keys, "roles", place)
    good = check_table(report, entry.part.document, keys, table, schema.ROLE, required=("name",))
    _check_together(entry.part, report, keys, good)
    return cast(str, good.get("name", "")), _given(good, ("name",))


def _check_arns(entry: AccountEntry, report: Report) -> None:
    """Note ARNs of other accounts."""
    for _, given, place in entry.roles.given:
        found = fields.ROLE_ARN.fullmatch(given["arn"]) if "arn" in given else None
        if found and entry.identified and found[2] != entry.id:
            message = f"is of account {found[2]}, and stands in account {entry.id}"
            keys = (*entry.keys, "roles", place, "arn")
            report.add(entry.part.document, keys, message, "a role stands under its own account")


def _check_together(part: Part, report: Report, keys: Keys, good: Mapping[str, object]) -> None:
    """Check what two keys of one role say together."""
    tags = cast("dict[str, str]", good.get("session_tags", NOTHING))
    for place, key in enumerate(cast("list[str]", good.get("transitive_tags", []))):
        if key not in tags:
            hint = known_hint(key, tags) or "AWS takes keys of session_tags only"
            report.add(part.document, (*keys, "transitive_tags", place), f"{quoted(key)} is not in session_tags", hint)
    arns = cast("list[str]", good.get("policy_arns", []))
    length = len(cast(str, good.get("policy", ""))) + sum(map(len, arns))
    if length > 2048:
        key = "policy" if "policy" in good else "policy_arns"
        report.add(part.document, (*keys, key), f"policy and policy_arns have {length} characters", "STS takes 2,048")


def _parse_role_set(part: Part, report: Report, place: int, table: dict[str, Any]) -> None:
    keys: Keys = ("roles", place)
    good = check_table(
        report, part.document, keys, table, schema.ROLE_SET, required=("name",), elsewhere=_ROLE_SET_ELSEWHERE
    )
    _check_together(part, report, keys, good)
    usable = "accounts" in good or "accounts" not in table
    if "name" in good and usable:
        selector = Selector.parse(cast(str, good.get("accounts", "")))
        part.sets.append(RoleSet(part, place, cast(str, good["name"]), _given(good, ("name", "accounts")), selector))
