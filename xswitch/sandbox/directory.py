"""IAM Identity Center as the sandbox holds it: its people, permission sets, assignments, clients, codes and tokens.

Plain data and what is made of it. It is asked over HTTP through :mod:`xswitch.sandbox.oidc` and
:mod:`xswitch.sandbox.portal`, under the organization's lock. Times are epoch seconds, UTC; spans are seconds.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from xswitch.sandbox.state import Role

if TYPE_CHECKING:
    from xswitch.sandbox.organization import Organization

Consent = Literal["given", "asked", "refused"]
"""What the person in the browser does: has consented before, still has to answer the page, or declines."""

ACCESS_SECONDS: Final = 3600
SIGNED_IN_SECONDS: Final = 8 * 3600
CLIENT_SECONDS: Final = 90 * 86400
_TOKEN_BYTES: Final = 256


@dataclass(frozen=True, slots=True)
class Asked:
    """One call of the two services. ``base`` is the address that the caller knows, ``token`` the bearer's.

    ``lifetime`` is how many seconds role credentials last at most, by a fault; 0 for as long as their set says.
    """

    params: Mapping[str, Any]
    now: float
    base: str = ""
    token: str = ""
    lifetime: int = 0


@dataclass(slots=True)
class PermissionSet:
    """A permission set. ``duration`` is its session duration, 3600 to 43200; ``policies`` are ARNs of managed ones."""

    name: str
    duration: int = 3600
    policies: tuple[str, ...] = ()


@dataclass(slots=True)
class Client:
    """A registered public client (RFC 7591)."""

    id: str
    secret: str
    name: str
    scopes: tuple[str, ...]
    grants: tuple[str, ...]
    redirects: tuple[str, ...]
    expires: float


@dataclass(slots=True)
class Device:
    """A device authorization (RFC 8628). ``user`` is who allowed it, "" while nobody has answered."""

    code: str
    user_code: str
    client: str
    expires: float
    user: str = ""
    denied: bool = False
    polled: float = 0.0
    interval: int = 5
    used: bool = False


@dataclass(slots=True)
class Authorization:
    """A code of the authorization-code grant with PKCE (RFC 7636), good once and for minutes."""

    code: str
    client: str
    redirect: str
    challenge: str
    scopes: tuple[str, ...]
    user: str
    expires: float
    used: bool = False


@dataclass(slots=True)
class Grant:
    """A person's sign-in by one client: the tokens that hold now, and until when it can be refreshed."""

    client: str
    user: str
    ends: float
    access: str = ""
    access_expires: float = 0.0
    refresh: str = ""
    ended: bool = False


@dataclass(slots=True)
class Directory:
    """One instance of IAM Identity Center. ``assigned`` has, by user and account id, the names of permission sets.

    ``consent`` is what the person does in a browser; ``user`` is who sits there. ``rotates`` tells whether a refresh
    token is good once, as AWS's newer clients meet it.
    """

    start_url: str = "https://acme.awsapps.com/start"
    region: str = "eu-west-1"
    user: str = "ada"
    consent: Consent = "given"
    rotates: bool = True
    access_seconds: int = ACCESS_SECONDS
    signed_in_seconds: int = SIGNED_IN_SECONDS
    poll_seconds: int = 5
    sets: dict[str, PermissionSet] = field(default_factory=dict)
    assigned: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    authorizations: dict[str, Authorization] = field(default_factory=dict)
    grants: list[Grant] = field(default_factory=list)

    def add_set(self, name: str, *, duration: int = 3600, policies: tuple[str, ...] = ()) -> PermissionSet:
        """Create a permission set. Raises ValueError for one that AWS would refuse."""
        if name in self.sets or not 0 < len(name) <= 32 or not 3600 <= duration <= 43200:
            raise ValueError(f"not a new permission set: {name!r}")
        self.sets[name] = PermissionSet(name, duration, policies)
        return self.sets[name]

    def assign(self, org: Organization, user: str, account_id: str, name: str) -> Role:
        """Assign a permission set to a person in an account, where it becomes a role with AWS's own name and path."""
        found = self.sets[name]
        names = self.assigned.setdefault((user, account_id), [])
        if name not in names:
            names.append(name)
        return self.role(org, account_id, name) or _provision(org, self, account_id, found)

    def role(self, org: Organization, account_id: str, name: str) -> Role | None:
        """Return the role that a permission set has become in an account."""
        account = org.accounts.get(account_id)
        prefix = f"AWSReservedSSO_{name}_"
        roles = account.roles.values() if account else ()
        return next(
            (role for role in roles if role.name.startswith(prefix) and len(role.name) - len(prefix) == 16), None
        )

    def accounts_of(self, user: str) -> list[str]:
        """Return the ids of the accounts that a person may enter."""
        return [account for person, account in self.assigned if person == user and self.assigned[person, account]]

    def decide(self, user_code: str, *, allow: bool) -> bool:
        """Answer a device authorization as the person in the browser; tell whether there is such a one."""
        wanted = user_code.strip().upper()
        device = next((one for one in self.devices.values() if one.user_code == wanted and not one.used), None)
        if device is None:
            return False
        device.user, device.denied = (self.user, False) if allow else ("", True)
        return True

    def grant_of(self, access: str, now: float) -> Grant | None:
        """Return the sign-in of an access token that holds at ``now``."""
        return next(
            (
                one
                for one in self.grants
                if access and one.access == access and not one.ended and now < one.access_expires
            ),
            None,
        )

    def issue(self, org: Organization, grant: Grant, now: float, *, refreshable: bool) -> dict[str, object]:
        """Make tokens for a sign-in, in place of those it had; return CreateToken's answer."""
        lasts = max(1, int(min(self.access_seconds, grant.ends - now)))
        grant.access, grant.access_expires = _token(org), now + lasts
        if refreshable and (self.rotates or not grant.refresh):
            grant.refresh = _token(org)
        answer: dict[str, object] = {"accessToken": grant.access, "tokenType": "Bearer", "expiresIn": lasts}
        if refreshable:
            answer["refreshToken"] = grant.refresh
        return answer


def _token(org: Organization) -> str:
    return "aoaAAAAA" + base64.urlsafe_b64encode(org.random.randbytes(_TOKEN_BYTES)).decode("ascii").rstrip("=")


def _provision(org: Organization, directory: Directory, account_id: str, found: PermissionSet) -> Role:
    """Make the role of a permission set, as IAM Identity Center does: reserved path, 16 digits, trust in SAML."""
    account = org.account(account_id)
    name = f"AWSReservedSSO_{found.name}_{org.random.getrandbits(64):016x}"
    path = f"/aws-reserved/sso.amazonaws.com/{directory.region}/"
    provider = f"arn:aws:iam::{account_id}:saml-provider/AWSSSO_{org.random.getrandbits(64):016x}_DO_NOT_DELETE"
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": provider},
                "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"],
                "Condition": {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}},
            }
        ],
    }
    role = Role(
        name=name,
        path=path,
        id=org.make_id("AROA"),
        arn=f"arn:aws:iam::{account_id}:role{path}{name}",
        created=org.clock(),
        trust=json.dumps(trust),
        max_session=found.duration,
        attached=list(found.policies),
    )
    account.roles[name.lower()] = role
    return role
