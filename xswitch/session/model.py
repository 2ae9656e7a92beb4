"""The words of a switch: what was asked for, the plan that answers it, and the session that comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from xswitch.catalog.model import Environment, Identity, Target, VaultRef
from xswitch.credentials import Credentials

if TYPE_CHECKING:
    from xswitch.preferences import MfaSession

CallerKind = Literal["user", "session-token", "federated", "role", "root", "unknown"]
HopKind = Literal["session-token", "assume-role", "portal"]
"""``portal`` is GetRoleCredentials of IAM Identity Center; the other two are calls of STS."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the person asked of one switch. ``duration`` is in seconds; None and "" mean that nothing was asked.

    ``renewing`` is a session that has to be renewed without another MFA code: its code goes to GetSessionToken.
    """

    duration: int | None = None
    region: str = ""
    session_name: str = ""
    renewing: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """What an identity's own credentials are, as GetCallerIdentity says. ``user`` is the IAM or login user name.

    ``fingerprint`` tells one set of credentials from another without holding any of them: see
    :func:`xswitch.credentials.key_fingerprint`.
    """

    identity: str
    kind: CallerKind = "unknown"
    arn: str = ""
    account_id: str = ""
    user: str = ""
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Hop:
    """One call of a plan, with all that makes its request.

    ``mfa_serial`` is set where the code goes with this very call. ``target`` is the name of what it opens, "" for
    GetSessionToken. ``account_id`` is the account of the role, or of the user; ``environment`` is the name of its
    environment, or "". A call of the portal has a ``permission_set`` and no ``role_arn``, since the role's name is
    AWS's own choice; its ``duration`` is what AWS is expected to give, and ``most`` for how many seconds it is used
    at most (0: to its end).
    """

    kind: HopKind
    duration: int
    target: str = ""
    role_arn: str = ""
    account_id: str = ""
    session_name: str = ""
    external_id: str | VaultRef | None = None
    source_identity: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    transitive_tags: tuple[str, ...] = ()
    policy: str = ""
    policy_arns: tuple[str, ...] = ()
    mfa_serial: str = ""
    environment: str = ""
    permission_set: str = ""
    most: int = 0

    @property
    def opens_role(self) -> bool:
        """Tell whether what it gives is a session of a role."""
        return self.kind != "session-token"


@dataclass(frozen=True, slots=True)
class Plan:
    """How a target will be opened: pure data, made without any I/O.

    ``duration`` (seconds) is what the last hop asks AWS for; ``why`` says in a few words what decided it, such as
    ``as every chain does``. ``asked`` is what the person or the catalog wanted where that was longer, else None.
    ``guard`` is the environment whose guard has to be passed, or None. ``region`` is what the session gets.
    ``needs_caller`` tells that the plan is a guess until GetCallerIdentity has said who the caller is: then it is made
    again before anything is asked of AWS. ``options`` are those that it was made with. ``mfa_session`` is the person's
    setting of that name.
    """

    target: Target
    identity: Identity
    caller: Caller
    hops: tuple[Hop, ...]
    duration: int
    why: str
    asked: int | None
    guard: Environment | None
    region: str
    needs_caller: bool = False
    options: Options = Options()
    mfa_session: MfaSession = "auto"

    @property
    def chained(self) -> bool:
        """Tell whether a role session assumes a role on the way."""
        return sum(hop.opens_role for hop in self.hops) > 1

    @property
    def by_login(self) -> bool:
        """Tell whether it begins with a login of IAM Identity Center."""
        return bool(self.hops) and self.hops[0].kind == "portal"

    @property
    def mfa_serial(self) -> str:
        """The MFA device whose code the plan needs, or ""."""
        return next((hop.mfa_serial for hop in self.hops if hop.mfa_serial), "")


@dataclass(frozen=True, slots=True)
class Session:
    """Temporary credentials of one target. ``issued`` and ``credentials.expires`` are epoch seconds, UTC.

    ``arn`` is the assumed-role ARN that AWS answered; ``request_id`` is AWS's, for CloudTrail. ``duration`` (seconds)
    is its whole life, ``why`` says what decided it, ``asked`` (seconds) what was wanted where that was longer.
    ``record`` is the name of its record in the vault. ``unkept`` says why the vault could not keep it: then it lives in
    this process alone.
    """

    target: str
    account_id: str
    account: str
    role: str
    environment: str
    arn: str
    identity: str
    region: str
    credentials: Credentials
    issued: float
    duration: int
    request_id: str = ""
    source_identity: str = ""
    fresh: bool = False
    why: str = ""
    asked: int | None = None
    record: str = ""
    unkept: str = ""

    @property
    def kept(self) -> bool:
        """Whether the vault has it."""
        return not self.unkept

    @property
    def expires(self) -> float:
        """When AWS stops honouring it, in seconds since the epoch."""
        return self.credentials.expires or 0.0


@dataclass(frozen=True, slots=True)
class CodeAsk:
    """A question for an MFA code. ``problem`` says what was wrong with the one before, "" at first.

    ``wait`` is the number of seconds until a code that was not yet sent can be had, 0 where one can be typed now.
    ``covers`` says what this one code will open and until when, in one short sentence.
    """

    serial: str
    identity: str
    user: str
    target: str
    environment: Environment | None
    problem: str = ""
    wait: int = 0
    covers: str = ""


@dataclass(frozen=True, slots=True)
class GuardAsk:
    """A question whether to enter a guarded environment. ``duration`` is how long the grant lasts, in seconds."""

    target: Target
    environment: Environment
    duration: int


@dataclass(frozen=True, slots=True)
class GuardAnswer:
    """The person's answer: the name as typed ("" where only a yes was asked for) and the reason."""

    typed: str = ""
    reason: str = ""


class Person(Protocol):
    """Whoever can be asked while a switch is under way. Every method may block, and is called off the UI's thread.

    Each raises :class:`xswitch.errors.PersonNeeded` where nobody can be asked, :class:`xswitch.errors.Cancelled`
    where the person declines.
    """

    def code(self, ask: CodeAsk) -> str:
        """Return six digits."""

    def guard(self, ask: GuardAsk) -> GuardAnswer:
        """Return the answer to a guard; whether it is right is judged by the one who asked."""

    def passphrase(self, *, first: bool) -> str:
        """Return the vault's passphrase; ``first`` where it is being chosen (then it is asked twice)."""

    def note(self, words: str) -> None:
        """Say what is being waited for, such as ``asking AWS``."""
