"""The person's rules for a sync, in ``config.toml``: which accounts are of which environment, and which roles they get.

::

    [[sync.environments]]
    environment = "prod"
    accounts = "ou:Workloads/Prod"      # ou:, tag: and id: only: an environment is never guessed from a name

    [[sync.roles]]
    name = "ReadOnly"
    accounts = "ou:Workloads"

    [sync]
    reader_role = "OrganizationReader"  # lists the roles of each account, with --roles
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, cast

from xswitch.catalog import Account, Catalog, Selector, fields, schema
from xswitch.paths import Paths
from xswitch.sources.draft import DraftRole, Setting
from xswitch.tomlfile import Document, Fault, Report, check_table, known_hint, quoted, read_document
from xswitch.tomllines import Keys

_PLACES: Final = frozenset({"ou", "tag", "id"})


@dataclass(frozen=True, slots=True)
class EnvironmentRule:
    """Accounts that match are of this environment, unless a rule before it says another."""

    environment: str
    accounts: Selector


@dataclass(frozen=True, slots=True)
class Rules:
    """What a sync is told by the person's configuration."""

    environments: tuple[EnvironmentRule, ...] = ()
    roles: tuple[DraftRole, ...] = ()
    reader_role: str = ""

    def environment_of(self, account: Account) -> str:
        """Return the environment of an account by its place and tags, "" where no rule says any."""
        return next((rule.environment for rule in self.environments if rule.accounts.matches_account(account)), "")


def load(paths: Paths, catalog: Catalog) -> Rules:
    """Return the rules of ``config.toml``; none where there is no file. Raises InvalidConfig with every problem.

    They may name only environments and identities that ``catalog`` defines: a sync brings accounts alone.
    """
    file = paths.preferences_file
    if not (file.exists() or file.is_symlink()):
        return Rules()
    document = read_document(file)
    table = document.data.get("sync")
    if not isinstance(table, dict):
        return Rules()
    report = Report()
    good = check_table(
        report,
        document,
        ("sync",),
        table,
        {"environments": schema.tables, "roles": schema.tables, "reader_role": fields.role_name},
    )
    environments = _environments(report, document, good.get("environments"), catalog)
    roles = _roles(report, document, good.get("roles"), catalog)
    report.raise_any()
    return Rules(environments, roles, str(good.get("reader_role", "")))


def _environments(report: Report, document: Document, found: object, catalog: Catalog) -> tuple[EnvironmentRule, ...]:
    rules = {"environment": fields.string, "accounts": _place}
    made = []
    for number, table in enumerate(cast("list[dict[str, object]]", found or [])):
        keys = ("sync", "environments", number)
        good = check_table(report, document, keys, table, rules, required=("environment", "accounts"))
        _known(report, document, (*keys, "environment"), good.get("environment"), catalog.environments)
        if good.keys() == rules.keys():
            made.append(EnvironmentRule(str(good["environment"]), Selector.parse(str(good["accounts"]))))
    return tuple(made)


def _roles(report: Report, document: Document, found: object, catalog: Catalog) -> tuple[DraftRole, ...]:
    made = []
    for number, table in enumerate(cast("list[dict[str, object]]", found or [])):
        keys = ("sync", "roles", number)
        good = check_table(report, document, keys, table, schema.ROLE_SET, required=("name",))
        _known(report, document, (*keys, "identity"), good.get("identity"), catalog.identities)
        settings = {key: value for key, value in good.items() if key != "name"}
        made.append(DraftRole(str(good.get("name", "")), cast("Mapping[str, Setting]", settings)))
    return tuple(made)


def _known(report: Report, document: Document, keys: Keys, name: object, known: Iterable[str]) -> None:
    """Note a name of something that the catalog does not define."""
    if isinstance(name, str) and name not in known:
        kind, table = str(keys[-1]), "identities" if keys[-1] == "identity" else "environments"
        hint = known_hint(name, known) or f"define it in the catalog: [{table}.NAME]"
        report.add(document, keys, f"the {kind} {quoted(name)} is not defined", hint)


def _place(value: object) -> tuple[Fault, ...]:
    """Take a selector that asks for an account's place, tags or id, and never for its name."""
    faults = fields.selector(value)
    if faults:
        return faults
    for term in Selector.parse(str(value)).terms:
        if term.field not in _PLACES:
            hint = "an environment is told by ou:, tag: or id:, never guessed from a name"
            return (((), f"{term.given!r} can't choose an environment", hint),)
    return ()
