"""What a source found, as the text of a catalog file of its own.

A draft is plain data. Its text begins with the line by which the catalog tells a synced file from the person's own, and
is the same for the same draft, so that a sync that finds nothing new changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from xswitch.catalog.origins import SYNCED
from xswitch.tomllines import BARE

Setting = str | bool | Mapping[str, str] | Sequence[str]
_NO_ROLES: Final[tuple[DraftRole, ...]] = ()


@dataclass(frozen=True, slots=True)
class DraftRole:
    """A role of an account: its name, and the settings that the catalog's ``[[accounts.roles]]`` takes."""

    name: str
    settings: Mapping[str, Setting] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DraftAccount:
    """An account. ``environment`` "" and ``ou`` None are left out: another source may say them."""

    id: str
    name: str
    ou: str | None = None
    environment: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    roles: tuple[DraftRole, ...] = _NO_ROLES


@dataclass(frozen=True, slots=True)
class DraftIdentity:
    """An identity and its settings, ``kind`` among them."""

    name: str
    settings: Mapping[str, Setting]


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything that one source found.

    ``source`` says where, and ``by`` what writes the file anew, in a few words for its first line.
    """

    source: str
    accounts: tuple[DraftAccount, ...] = ()
    identities: tuple[DraftIdentity, ...] = ()
    role_sets: tuple[DraftRole, ...] = ()
    defaults: Mapping[str, Setting] = field(default_factory=dict)
    by: str = "sync"

    def text(self) -> str:
        """Return the catalog file, as TOML 1.0."""
        lines = [f"{SYNCED.decode()} from {_comment(self.source)}; the next {self.by} writes it anew", "version = 1"]
        if self.defaults:
            lines += ["", "[defaults]"]
            lines += [f"{toml_key(name)} = {toml(value)}" for name, value in self.defaults.items()]
        for identity in self.identities:
            lines += ["", f"[identities.{toml_key(identity.name)}]"]
            lines += [f"{toml_key(name)} = {toml(value)}" for name, value in identity.settings.items()]
        for account in self.accounts:
            lines += ["", "[[accounts]]", *_account(account)]
        for role in self.role_sets:
            lines += ["", "[[roles]]", f"name = {toml(role.name)}"]
            lines += [f"{toml_key(name)} = {toml(value)}" for name, value in role.settings.items()]
        return "\n".join(lines) + "\n"


def _account(account: DraftAccount) -> list[str]:
    lines = [f"id = {toml(account.id)}", f"name = {toml(account.name)}"]
    if account.ou is not None:
        lines.append(f"ou = {toml(account.ou)}")
    if account.environment:
        lines.append(f"environment = {toml(account.environment)}")
    if account.tags:
        lines.append(f"tags = {toml(account.tags)}")
    if account.roles:
        roles = [toml({"name": role.name, **role.settings}) for role in account.roles]
        lines.append(f"roles = [{roles[0]}]" if len(roles) == 1 else "roles = [\n  " + ",\n  ".join(roles) + ",\n]")
    return lines


def toml(value: Setting | Mapping[str, Setting]) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{toml_key(name)} = {toml(one)}" for name, one in value.items()) + " }"
    return "[" + ", ".join(toml(one) for one in value) + "]"


def _string(text: str) -> str:
    """Return a basic string: JSON's escapes are among TOML's, which wants DEL escaped and knows no lone surrogates."""
    whole = text.encode("utf-8", "replace").decode()
    return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007f")


def toml_key(name: str) -> str:
    """Return a key as TOML writes it, quoted where it has to be."""
    return name if BARE.fullmatch(name) else _string(name)


def _comment(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
