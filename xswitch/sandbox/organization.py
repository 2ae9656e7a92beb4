"""The small AWS itself: one organization, the accounts beside it, and the door through which it is changed.

:class:`Organization` holds the state and its lock. Everything that happens to it is an action of STS, IAM or
Organizations, over HTTP by :class:`~xswitch.sandbox.server.Sandbox`, or in process by :meth:`Organization.root`, which
is the root user of an account: the same parameters, the same checks.
"""

from __future__ import annotations

import base64
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random, SystemRandom
from typing import Any, Final

from xswitch.sandbox.aws_policies import AWS_POLICIES, FULL_ACCESS
from xswitch.sandbox.directory import Directory
from xswitch.sandbox.refusal import ENDED_SESSION, Refusal, invalid_token
from xswitch.sandbox.state import (
    AccessKey,
    Account,
    IssuedSession,
    ManagedPolicy,
    MfaDevice,
    OrgPolicy,
    Principal,
    Role,
    Unit,
    User,
)

_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_LOWER: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
_KEY_SIGNS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_TOKEN_BYTES: Final = 720
"""Random bytes of a session token: with its head about 980 characters, as AWS's own have 700 to 2,000."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of one action. ``now`` is the server's clock, epoch seconds; ``params`` are nested (see wire.nest)."""

    principal: Principal
    params: Mapping[str, Any]
    now: float
    region: str = "us-east-1"
    source_ip: str = "127.0.0.1"
    lifetime: int = 0
    """Seconds that an issued session lasts at most, by a fault; 0 for as long as was asked."""


Action = Callable[["Organization", Call], "dict[str, Any] | None"]


class Organization:
    """An AWS organization with its accounts, and accounts of others. Thread-safe through ``lock``.

    ``random`` makes every key, secret, token and id: a seeded one makes a build repeatable, in tests only.
    """

    def __init__(
        self,
        management_id: str,
        management_name: str,
        *,
        clock: Callable[[], float] = time.time,
        random: Random | None = None,
    ) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.random = random or SystemRandom()
        self.accounts: dict[str, Account] = {}
        self.users_by_key: dict[str, AccessKey] = {}
        self.keys_known_after = 0.0
        """Seconds until a new access key is known everywhere: IAM is eventually consistent."""
        self.sessions: dict[str, IssuedSession] = {}
        self.units: dict[str, Unit] = {}
        self.org_policies: dict[str, OrgPolicy] = {}
        self.policy_types: set[str] = set()
        self.delegated_admins: set[str] = set()
        self.directory = Directory()
        """Its IAM Identity Center, with nobody assigned to anything at first."""
        self.shown_device: MfaDevice | None = None
        """The device that the practice authenticator shows."""
        self.aws_policies = {
            arn: ManagedPolicy(arn, self.make_id("ANPA"), arn.rsplit("/", 1)[1], "/", document, 0.0)
            for arn, document in AWS_POLICIES.items()
        }
        self.id = f"o-{self._letters(_LOWER, 10)}"
        self.root_id = f"r-{self._letters(_LOWER, 4)}"
        self.management_id = management_id
        self.units[self.root_id] = Unit(self.root_id, "Root", "")
        for kind, content in FULL_ACCESS.items():
            name, document = content
            self.org_policies[f"p-{name}"] = OrgPolicy(
                f"p-{name}", name, kind, document, "Allows access to every operation", aws_managed=True
            )
        self.add_account(management_id, management_name, parent=self.root_id)

    # -- making things ---------------------------------------------------------------------------------------------

    def add_account(self, account_id: str, name: str, *, email: str = "", parent: str = "") -> Account:
        """Create an account with an id of the caller's choice, which AWS's own CreateAccount does not offer.

        ``parent`` is an OU or the root; "" leaves it outside of the organization. Raises ValueError.
        """
        if not re.fullmatch(r"\d{12}", account_id, re.ASCII) or account_id in self.accounts:
            raise ValueError(f"not a new account id of 12 digits: {account_id!r}")
        if not re.fullmatch(r"[\u0020-\u007E]{1,50}", name):
            raise ValueError(f"not an account name: {name!r}")
        if parent and parent not in self.units:
            raise ValueError(f"no such parent: {parent!r}")
        address = email or f"aws+{account_id}@acme.example"
        account = Account(
            account_id, name, address, self.clock(), parent, created_here=account_id != self.management_id
        )
        self.accounts[account_id] = account
        if parent:
            self._give_defaults(account_id)
        return account

    def _give_defaults(self, target: str) -> None:
        for policy in self.org_policies.values():
            if policy.aws_managed and policy.type in self.policy_types:
                policy.targets.append(target)

    def enable_policies(self, kind: str) -> None:
        """Switch on a policy type: its full-access policy is attached to everything, as AWS does."""
        self.policy_types.add(kind)
        everything = [*self.units, *(account.id for account in self.accounts.values() if account.parent)]
        for policy in self.org_policies.values():
            if policy.type == kind and policy.aws_managed:
                policy.targets.extend(everything)

    def add_unit(self, name: str, parent: str) -> Unit:
        """Create an organizational unit; the actions have checked its name."""
        unit = Unit(f"ou-{self.root_id[2:]}-{self._letters(_LOWER, 8)}", name, parent)
        self.units[unit.id] = unit
        self._give_defaults(unit.id)
        return unit

    def _letters(self, alphabet: str, count: int) -> str:
        return "".join(self.random.choices(alphabet, k=count))

    def make_id(self, prefix: str) -> str:
        """Return a unique id as IAM makes them: AIDA of a user, AROA of a role, ANPA of a policy."""
        return prefix + self._letters(_BASE32, 17)

    def make_policy_id(self) -> str:
        """Return the id of an organization's policy."""
        return f"p-{self._letters(_LOWER, 10)}"

    def make_key_id(self, prefix: str) -> str:
        """Return an access key id, AKIA or ASIA. It says PRACTICE, and its 0 is a digit that AWS's Base32 never has."""
        while True:
            key_id = f"{prefix}PRACTICE0{self._letters(_BASE32, 7)}"
            if key_id not in self.users_by_key and key_id not in self.sessions:
                return key_id

    def make_secret(self) -> str:
        """Return a secret access key: 40 characters."""
        return self._letters(_KEY_SIGNS, 40)

    def make_token(self, least: int = 0) -> str:
        """Return an opaque session token of about 1,000 characters, at least ``least``."""
        size = max(_TOKEN_BYTES, (least * 3) // 4)
        return "IQoJb3JpZ2luX2VjE" + base64.b64encode(self.random.randbytes(size)).decode("ascii")

    def make_seed(self) -> bytes:
        """Return the seed of an MFA device: 40 bytes, 64 characters in Base32, as AWS makes them."""
        return self.random.randbytes(40)

    # -- finding things --------------------------------------------------------------------------------------------

    def account(self, account_id: str) -> Account:
        """Return an account that exists; raises KeyError."""
        return self.accounts[account_id]

    def role(self, arn: str) -> Role | None:
        """Return the role of exactly that ARN, its path included."""
        parts = arn.split(":", 5)
        account = self.accounts.get(parts[4]) if len(parts) == 6 else None
        role = account.roles.get(parts[5].rsplit("/", 1)[-1].lower()) if account else None
        return role if role is not None and role.arn == arn else None

    def user(self, arn: str) -> User | None:
        """Return the user of exactly that ARN, its path included."""
        parts = arn.split(":", 5)
        account = self.accounts.get(parts[4]) if len(parts) == 6 else None
        user = account.users.get(parts[5].rsplit("/", 1)[-1].lower()) if account else None
        return user if user is not None and user.arn == arn else None

    def policy(self, arn: str) -> ManagedPolicy | None:
        """Return a managed policy, a customer's or AWS's own."""
        if arn in self.aws_policies:
            return self.aws_policies[arn]
        parts = arn.split(":", 5)
        account = self.accounts.get(parts[4]) if len(parts) == 6 else None
        return account.policies.get(arn) if account else None

    def member(self, account_id: str) -> bool:
        """Tell whether an account is in the organization."""
        account = self.accounts.get(account_id)
        return account is not None and bool(account.parent)

    def lineage(self, target: str) -> list[str]:
        """Return the ids from the root down to an account or OU, itself included; [] outside the organization."""
        line = [target]
        if target in self.units:
            here = self.units[target].parent
        else:
            here = self.accounts[target].parent if target in self.accounts else ""
            if not here:
                return []
        while here:
            line.append(here)
            here = self.units[here].parent
        return line[::-1]

    def org_path(self, account_id: str) -> str:
        """Return an account's path as aws:PrincipalOrgPaths has it: ``o-…/r-…/ou-…/``."""
        return "/".join([self.id, *self.lineage(account_id)[:-1]]) + "/"

    # -- who calls -------------------------------------------------------------------------------------------------

    def root_principal(self, account_id: str) -> Principal:
        """Return the root user of an account."""
        arn = f"arn:aws:iam::{account_id}:root"
        return Principal("root", account_id, arn, account_id, arn)

    def principal_of(self, key_id: str, token: str | None, now: float) -> tuple[Principal, str]:
        """Return who an access key id and its token belong to, and its secret.

        Raises Refusal InvalidClientTokenId or ExpiredToken, as AWS does before it looks at the signature.
        """
        key = self.users_by_key.get(key_id)
        if key is not None:
            if not key.active or token is not None or 0 <= now - key.created < self.keys_known_after:
                raise invalid_token()
            user = self.accounts[key.account].users[key.user.lower()]
            return Principal("user", key.account, user.arn, user.id, user.arn, key_id), key.secret
        session = self.sessions.get(key_id)
        if session is None or token != session.token:
            raise invalid_token()
        if now >= session.expires:
            raise Refusal("ExpiredToken", ENDED_SESSION, 403)
        owned = self.role(session.owner) or self.user(session.owner)
        if owned is None or (owned.id != session.unique_id.split(":")[0] and session.kind != "federated"):
            raise invalid_token()
        principal = Principal(
            session.kind, session.account, session.arn, session.unique_id, session.owner, key_id, session
        )
        return principal, session.secret

    def root(self, account_id: str) -> RootUser:
        """Return the root user of an account, to call actions in process."""
        return RootUser(self, self.root_principal(account_id))

    def perform(self, service: str, action: str, call: Call) -> dict[str, Any] | None:
        """Perform one action under the lock. Raises Refusal, InvalidAction for one that is not here."""
        from xswitch.sandbox.services import ACTIONS

        found = ACTIONS[service].get(action)
        if found is None:
            raise Refusal("InvalidAction", f"Could not find operation {action}")
        with self.lock:
            return found(self, call)

    # -- MFA -------------------------------------------------------------------------------------------------------

    def device_of(self, account_id: str, user_name: str) -> MfaDevice | None:
        """Return the first MFA device that is enabled for a user."""
        devices = self.accounts[account_id].devices.values()
        return next((device for device in devices if device.user == user_name), None)


class RootUser:
    """The root user of one account, in process: the way by which an organization is seeded."""

    def __init__(self, organization: Organization, principal: Principal) -> None:
        self._organization = organization
        self._principal = principal

    def iam(self, action: str, **params: Any) -> dict[str, Any]:
        """Call an action of IAM. Raises Refusal."""
        return self._call("iam", action, params)

    def organizations(self, action: str, **params: Any) -> dict[str, Any]:
        """Call an action of Organizations. Raises Refusal."""
        return self._call("organizations", action, params)

    def _call(self, service: str, action: str, params: Mapping[str, Any]) -> dict[str, Any]:
        call = Call(self._principal, params, self._organization.clock())
        return self._organization.perform(service, action, call) or {}
