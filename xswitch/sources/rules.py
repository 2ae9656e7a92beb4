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

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from xswitch.catalog import Account, Selector, fields, schema
from xswitch.paths import Paths
from xswitch.sources.draft import DraftRole, Setting
from xswitch.tomlfile import Document, Fault, Report, check_table, read_document

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


def load(paths: Paths) -> Rules:
    """Return the rules of ``config.toml``; none where there is no file. Raises InvalidConfig with every problem."""
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
    environments = _environments(report, document, good.get("environments"))
    roles = _roles(report, document, good.get("roles"))
    report.raise_any()
    return Rules(environments, roles, str(good.get("reader_role", "")))


def _environments(report: Report, document: Document, found: object) -> tuple[EnvironmentRule, ...]:
    rules = {"environment": fields.string, "accounts": _place}
    made = []
    for number, table in enumerate(cast("list[dict[str, object]]", found or [])):
        keys = ("sync", "environments", number)
        good = check_table(report, document, keys, table, rules, required=("environment", "accounts"))
        if good.keys() == rules.keys():
            made.append(EnvironmentRule(str(good["environment"]), Selector.parse(str(good["accounts"]))))
    return tuple(made)


def _roles(report: Report, document: Document, found: object) -> tuple[DraftRole, ...]:
    made = []
    for number, table in enumerate(cast("list[dict[str, object]]", found or [])):
        keys = ("sync", "roles", number)
        good = check_table(report, document, keys, table, schema.ROLE_SET, required=("name",))
        settings = {key: value for key, value in good.items() if key != "name"}
        made.append(DraftRole(str(good.get("name", "")), cast("Mapping[str, Setting]", settings)))
    return tuple(made)


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
