"""Who asks, for which role, with which request, and what AWS answers.

The words are those of the IAM User Guide ("Policy evaluation logic") and of the STS API reference (AssumeRole).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

Document: TypeAlias = Mapping[str, Any]
"""A policy document as parsed JSON."""

Kind: TypeAlias = Literal["user", "session-token", "role-session", "federated", "root"]
"""``user``: long-term keys; ``session-token``: GetSessionToken keys of that user; ``role-session``: AssumeRole keys;
``federated``: GetFederationToken keys; ``root``: the account's root user."""

Effect: TypeAlias = Literal["allow", "deny", "error"]
"""``deny`` is AccessDenied; ``error`` means that the request or a document is refused as invalid."""

Side: TypeAlias = Literal["caller", "role", "both", "request", "none"]
"""Who can mend it."""

Where: TypeAlias = Literal["identity", "boundary", "session", "scp", "trust", "rcp", "request"]
"""The kind of policy that a finding is about; ``request`` for a check of the request itself."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The principal of a call, with every policy that binds it.

    :ivar arn: the caller's own ARN, for a session the ``assumed-role`` or ``federated-user`` one.
    :ivar issued_by: ARN of the user or role behind temporary credentials, path included.
    :ivar unique_id: ``AIDA…`` of the user, ``AROA…`` of the role behind a session.
    :ivar mfa_age: seconds since MFA, for credentials that carry it; 0 for a user's code in this very call.
    :ivar tags: principal tags, the session's own included.
    :ivar transitive_tags: session tags inherited down the chain.
    :ivar source_identity: set in an earlier call of the chain.
    :ivar org_path: ``o-…/r-…/ou-…/``, a value of ``aws:PrincipalOrgPaths``.
    :ivar org_management: the account is its organization's management account, which SCPs do not bind.
    :ivar session_policies: those that the session was made with.
    :ivar issued_at: ``aws:TokenIssueTime`` of temporary credentials, aware; None where it is not known.
    :ivar scps: documents by level, root first; empty where no SCPs apply.
    """

    arn: str
    account: str
    kind: Kind
    issued_by: str = ""
    mfa_age: float | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive_tags: Mapping[str, str] = field(default_factory=dict)
    source_identity: str | None = None
    org_id: str | None = None
    org_path: str | None = None
    org_management: bool = False
    identity_policies: tuple[Document, ...] = ()
    boundary: Document | None = None
    session_policies: tuple[Document, ...] = ()
    scps: tuple[tuple[Document, ...], ...] = ()
    unique_id: str = ""
    issued_at: datetime | None = None

    @property
    def principal_arn(self) -> str:
        """The value of ``aws:PrincipalArn``: for a session of a role the role's ARN, never the session's.

        Where ``issued_by`` is not known, the role is taken for one without a path.
        """
        if self.kind in ("role-session", "session-token") and self.issued_by:
            return self.issued_by
        head, found, rest = self.arn.partition(":assumed-role/")
        return f"{head.replace(':sts:', ':iam:', 1)}:role/{rest.partition('/')[0]}" if found else self.arn

    @property
    def user_id(self) -> str:
        """The value of ``aws:userid``, empty where the unique id is not known ("Principal key values")."""
        last = self.arn.rpartition("/")[2]
        if self.kind == "root":
            return self.account
        if self.kind == "federated":
            return f"{self.account}:{last}"
        if self.kind == "role-session":
            return f"{self.unique_id}:{last}" if self.unique_id else ""
        return self.unique_id


@dataclass(frozen=True, slots=True)
class Role:
    """The role that is asked for.

    :ivar trust: its trust policy; None for a role that does not exist.
    :ivar max_session_duration: seconds.
    :ivar org_management: its account is the management account, which RCPs do not bind.
    :ivar rcps: documents by level, root first; empty where no RCPs apply.
    """

    arn: str
    account: str
    trust: Document | None
    max_session_duration: int = 3600
    exists: bool = True
    org_management: bool = False
    org_id: str | None = None
    org_path: str | None = None
    rcps: tuple[tuple[Document, ...], ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    unique_id: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """One call of AssumeRole.

    :ivar duration: seconds; None where it is not sent.
    :ivar policy: the session policy sent: its text, or the parsed document.
    :ivar source_ip: None where ``aws:SourceIp`` is missing.
    :ivar time: ``aws:CurrentTime``, aware.
    :ivar region: ``aws:RequestedRegion``.
    """

    session_name: str
    duration: int | None = None
    external_id: str | None = None
    source_identity: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive_tag_keys: tuple[str, ...] = ()
    policy: Document | str | None = None
    policy_arns: tuple[str, ...] = ()
    source_ip: str | None = None
    time: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    action: str = "sts:AssumeRole"
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What one kind of policy said about one action: the material of an explanation.

    :ivar effect: ``silent`` where no statement allows and none denies.
    :ivar document: index in its tuple of documents; ``level`` the index of its level, for SCPs and RCPs.
    :ivar statement: index in the document, None where no single statement decided.
    :ivar unmet: condition keys (as the document writes them) that kept the nearest statement from matching.
    """

    where: Where
    action: str
    effect: Literal["allow", "deny", "silent"]
    cause: str
    side: Side
    level: int | None = None
    document: int | None = None
    statement: int | None = None
    sid: str = ""
    unmet: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What AWS answers.

    :ivar code: AWS's error code, None for allow.
    :ivar message: AWS's own text, empty for allow.
    :ivar cause: the deciding reason; ``also``: further causes at the same time.
    :ivar findings: what each policy said, the deciding one first.
    """

    effect: Effect
    code: str | None
    message: str
    cause: str
    side: Side
    also: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def allowed(self) -> bool:
        """True for allow."""
        return self.effect == "allow"
