"""What the small AWS holds: accounts, users, roles, keys, devices, policies and the sessions it issued.

Plain data. It is changed only by the actions in :mod:`xswitch.sandbox.sts`, :mod:`~xswitch.sandbox.iam` and
:mod:`~xswitch.sandbox.organizations`, under the lock of :class:`~xswitch.sandbox.organization.Organization`. Times are
epoch seconds, UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Document = dict[str, Any]
"""A policy document as JSON has it."""

SessionKind = Literal["session-token", "role-session", "federated"]
PrincipalKind = Literal["root", "user", "session-token", "role-session", "federated"]


@dataclass(slots=True)
class AccessKey:
    """An IAM user's long-term key."""

    id: str
    secret: str
    account: str
    user: str
    created: float
    active: bool = True


@dataclass(slots=True)
class MfaDevice:
    """A virtual MFA device. ``spent`` holds the 30-second steps whose code was used."""

    serial: str
    account: str
    seed: bytes
    user: str = ""
    enabled: float = 0.0
    spent: set[int] = field(default_factory=set)


@dataclass(slots=True)
class ManagedPolicy:
    """A customer managed policy, or one of AWS's own (account ``aws``)."""

    arn: str
    id: str
    name: str
    path: str
    document: str
    created: float
    description: str = ""


@dataclass(slots=True)
class User:
    """An IAM user. ``attached`` and ``boundary`` are ARNs of managed policies; ``inline`` holds documents as text."""

    name: str
    path: str
    id: str
    arn: str
    created: float
    tags: dict[str, str] = field(default_factory=dict)
    inline: dict[str, str] = field(default_factory=dict)
    attached: list[str] = field(default_factory=list)
    boundary: str = ""
    keys: dict[str, AccessKey] = field(default_factory=dict)


@dataclass(slots=True)
class Role:
    """An IAM role. ``trusted`` maps each user or role ARN of the trust policy to the unique id it had when saved."""

    name: str
    path: str
    id: str
    arn: str
    created: float
    trust: str
    trusted: dict[str, str] = field(default_factory=dict)
    description: str = ""
    max_session: int = 3600
    tags: dict[str, str] = field(default_factory=dict)
    inline: dict[str, str] = field(default_factory=dict)
    attached: list[str] = field(default_factory=list)
    boundary: str = ""


@dataclass(slots=True)
class Account:
    """An AWS account. ``parent`` is the id of its OU or root, "" outside of the organization."""

    id: str
    name: str
    email: str
    joined: float
    parent: str = ""
    state: str = "ACTIVE"
    created_here: bool = True
    tags: dict[str, str] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    policies: dict[str, ManagedPolicy] = field(default_factory=dict)
    devices: dict[str, MfaDevice] = field(default_factory=dict)


@dataclass(slots=True)
class Unit:
    """An organizational unit, or the root (``parent`` is then "")."""

    id: str
    name: str
    parent: str
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class OrgPolicy:
    """A service control policy or resource control policy and what it is attached to, in order."""

    id: str
    name: str
    type: str
    content: str
    description: str = ""
    aws_managed: bool = False
    targets: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class IssuedSession:
    """Temporary credentials that were handed out. ``mfa_at`` is when a code was given, None for never.

    ``owner`` is the ARN of the user or role behind them, with its path; ``policies`` are the documents of the session
    policy, inline and managed, None where none was passed.
    """

    kind: SessionKind
    key_id: str
    secret: str
    token: str
    account: str
    arn: str
    unique_id: str
    owner: str
    issued: float
    expires: float
    mfa_at: float | None = None
    tags: tuple[tuple[str, str], ...] = ()
    transitive: tuple[str, ...] = ()
    source_identity: str = ""
    policies: tuple[Document, ...] | None = None


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a call. ``owner`` is the user or role behind it; ``session`` is set for temporary credentials."""

    kind: PrincipalKind
    account: str
    arn: str
    unique_id: str
    owner: str
    key_id: str = ""
    session: IssuedSession | None = None
