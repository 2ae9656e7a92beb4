"""What there is to switch to: identities, environments, accounts and targets, with everything effective worked out.

A catalog is what is left after the files were merged: defaults are applied (the nearest wins), role sets are expanded,
and every reference is known to lead somewhere. Names here are as their files have them: unsafe to show without
:func:`xswitch.text.clean`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

IdentityKind = Literal["keys", "sso", "process", "profile", "environment"]
Confirm = Literal["no", "ask", "type"]


@dataclass(frozen=True, slots=True)
class VaultRef:
    """A value that is in the vault: under ``name``, among the names of its own ``source`` ("" is the person)."""

    name: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Environment:
    """A named class of accounts and its guard rails. ``max_duration`` is in seconds, and also caps a grant."""

    name: str
    colour: str = ""
    confirm: Confirm = "no"
    reason: bool = False
    max_duration: int | None = None

    @property
    def guarded(self) -> bool:
        """Tell whether a person has to confirm a switch."""
        return self.confirm != "no"


UNLISTED: Final = Environment("unlisted", confirm="ask")
"""The environment of a role that the catalog does not hold, in an account that it does not hold either."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the person is before any role. Fields that its kind does not use are empty.

    ``source`` is "" for the person's own files, else the name of the shared or synced source that defines it; a start
    URL or program of such a source needs the person's consent.
    """

    name: str
    kind: IdentityKind
    account_id: str = ""
    mfa_serial: str = ""
    mfa_process: str = ""
    region: str = ""
    profile: str = ""
    process: str = ""
    sso_session: str = ""
    start_url: str = ""
    sso_region: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """One AWS account. ``environment`` is the name of an :class:`Environment`, or "". A name may hold a slash."""

    id: str
    name: str
    ou: str = ""
    environment: str = ""
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """One role in one account, with its effective settings.

    ``duration`` is what the catalog asks for, in seconds (None: it asks for nothing). ``session_name`` and
    ``source_identity`` are templates, still with ``{user}`` and its siblings. ``identity`` is where its chain begins:
    with ``via``, the identity of the chain's first target. ``origin`` is the file that the role comes from;
    :func:`xswitch.catalog.locate` finds its line. The ``arn`` of a permission set (identity of kind ``sso``, no
    ``via``) tells its account and partition: the role that AWS made for it has a name of AWS's own choosing.
    """

    account: Account
    role: str
    arn: str
    identity: str = ""
    via: str = ""
    mfa: bool = False
    region: str = ""
    duration: int | None = None
    session_name: str = "{user}"
    external_id: str | VaultRef | None = None
    source_identity: str = ""
    session_tags: tuple[tuple[str, str], ...] = ()
    transitive_tags: tuple[str, ...] = ()
    policy: str = ""
    policy_arns: tuple[str, ...] = ()
    origin: str = ""

    @property
    def name(self) -> str:
        """The target's name: ``account-name/role-name``."""
        return f"{self.account.name}/{self.role}"

    @property
    def partition(self) -> str:
        """The AWS partition of the role's ARN, such as ``aws`` or ``aws-us-gov``."""
        return self.arn.split(":", 2)[1]


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything there is to switch to. ``targets`` are in the order of the files, accounts together.

    The three defaults are those of the person's own files, for a role that the catalog does not hold;
    ``default_duration`` is in seconds. ``mark`` tells this catalog from one of other or changed files.
    """

    targets: Sequence[Target]
    accounts: tuple[Account, ...]
    identities: Mapping[str, Identity]
    environments: Mapping[str, Environment]
    default_identity: str = ""
    default_region: str = ""
    default_duration: int | None = None
    default_session_name: str = "{user}"
    mark: str = field(default="", compare=False)

    def environment_of(self, target: Target) -> Environment | None:
        """Return the environment of the target's account, or None where it has none."""
        name = target.account.environment
        return UNLISTED if name == UNLISTED.name else self.environments.get(name)
