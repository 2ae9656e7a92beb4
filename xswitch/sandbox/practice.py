"""The practice organization: a company's AWS, small enough to understand and strict enough to learn from.

An identity account with one person in it, some forty accounts in nested OUs, roles that open and roles that deny on
purpose. It is seeded by IAM's and Organizations' own actions, so nothing is in it that AWS would have refused. Every
key, secret, external id and MFA seed is new with each build.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from xswitch.sandbox import totp
from xswitch.sandbox.organization import Organization, RootUser
from xswitch.sandbox.practice_accounts import (
    BY_ENVIRONMENT,
    DENIALS,
    DENIED_NAME,
    IDENTITY_ID,
    MANAGEMENT_ID,
    PARTNER_NAME,
    PLACES,
    Place,
)
from xswitch.sandbox.practice_catalog import catalog

PERSON: Final = "ada"
HUB_ARN: Final = f"arn:aws:iam::{IDENTITY_ID}:role/Hub"
_PEOPLE: Final = f"arn:aws:iam::{IDENTITY_ID}:root"
_OPEN: Final = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]
_AWS: Final = "arn:aws:iam::aws:policy"
_ATTACHED: Final = {
    "ReadOnly": f"{_AWS}/ReadOnlyAccess",
    "Deploy": f"{_AWS}/PowerUserAccess",
    "BreakGlass": f"{_AWS}/AdministratorAccess",
    "Admin": f"{_AWS}/AdministratorAccess",
    "Audit": f"{_AWS}/SecurityAudit",
    "PowerUser": f"{_AWS}/PowerUserAccess",
    "SecurityAudit": f"{_AWS}/SecurityAudit",
    "NetworkAdmin": f"{_AWS}/PowerUserAccess",
    "Analyst": f"{_AWS}/ReadOnlyAccess",
    "LogReader": f"{_AWS}/ReadOnlyAccess",
    "Ingest": f"{_AWS}/ReadOnlyAccess",
}
_LONGEST: Final = {"Audit": 28800, "Admin": 43200, "ReadOnly": 43200, "Deploy": 14400, "PowerUser": 28800}


@dataclass(frozen=True, slots=True)
class PracticeOrganization:
    """The organization and the person in it. ``user_access_key`` is id and secret; ``totp_secret`` is Base32."""

    organization: Organization
    user_access_key: tuple[str, str]
    caller_arn: str
    mfa_serial: str
    totp_secret: str
    vault_secrets: Mapping[str, str]

    def catalog_toml(self) -> str:
        """Return a catalog of the whole organization, as an engineer would write it."""
        return catalog(self.mfa_serial)

    def code(self, now: float | None = None) -> str:
        """Return the MFA code that the person's device shows at an epoch second, or now."""
        when = self.organization.clock() if now is None else now
        return totp.code_at(totp.decode_seed(self.totp_secret), when)


def build(clock: Callable[[], float] = time.time, rng: Random | None = None) -> PracticeOrganization:
    """Build the practice organization. ``rng`` makes its secrets; without it the system's own randomness does."""
    organization = Organization(MANAGEMENT_ID, "acme-management", clock=clock, random=rng)
    units = _build_tree(organization)
    for place in PLACES:
        organization.add_account(place.id, place.name, parent=units[place.ou])
    _tag_accounts(organization)
    _set_guardrails(organization, units)
    external_id = "metrics-" + "".join(organization.random.choices("abcdefghijkmnpqrstuvwxyz23456789", k=24))
    user_access_key, serial, seed = _seed_identity(organization)
    for place in PLACES:
        _seed_account(organization, place, external_id)
    _seed_denials(organization)
    _seed_directory(organization)
    organization.shown_device = organization.account(IDENTITY_ID).devices[serial]
    return PracticeOrganization(
        organization=organization,
        user_access_key=user_access_key,
        caller_arn=f"arn:aws:iam::{IDENTITY_ID}:user/{PERSON}",
        mfa_serial=serial,
        totp_secret=seed,
        vault_secrets={PARTNER_NAME: external_id},
    )


def _build_tree(organization: Organization) -> dict[str, str]:
    """Create the OUs of every account's path; return their ids by path."""
    manager = organization.root(MANAGEMENT_ID)
    units = {"": organization.root_id}
    for place in PLACES:
        path = ""
        for name in place.ou.split("/"):
            parent, path = path, f"{path}/{name}".lstrip("/")
            if path not in units:
                made = manager.organizations("CreateOrganizationalUnit", ParentId=units[parent], Name=name)
                units[path] = made["OrganizationalUnit"]["Id"]
    return units


def _tag_accounts(organization: Organization) -> None:
    manager = organization.root(MANAGEMENT_ID)
    for place in PLACES:
        tags = [{"Key": "team", "Value": place.team}, {"Key": "environment", "Value": place.environment}]
        manager.organizations("TagResource", ResourceId=place.id, Tags=tags)


def _set_guardrails(organization: Organization, units: Mapping[str, str]) -> None:
    """Switch on SCPs and RCPs: the legacy roles are closed to the identity account, and strangers to all accounts."""
    manager = organization.root(MANAGEMENT_ID)
    scp = _document(Effect="Deny", Action="sts:AssumeRole", Resource="arn:aws:iam::*:role/DeniedByScp")
    rcp = _document(
        Effect="Deny",
        Principal="*",
        Action="sts:AssumeRole",
        Resource="*",
        Condition={"StringNotEqualsIfExists": {"aws:PrincipalOrgID": organization.id}},
    )
    kinds = (
        ("SERVICE_CONTROL_POLICY", "close-legacy-roles", scp, units["Infrastructure"]),
        ("RESOURCE_CONTROL_POLICY", "our-organization-only", rcp, organization.root_id),
    )
    for kind, name, content, target in kinds:
        manager.organizations("EnablePolicyType", RootId=organization.root_id, PolicyType=kind)
        made = manager.organizations("CreatePolicy", Type=kind, Name=name, Content=content, Description="")
        manager.organizations("AttachPolicy", PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=target)
    manager.organizations("RegisterDelegatedAdministrator", AccountId=IDENTITY_ID, ServicePrincipal="organizations")


def _seed_identity(organization: Organization) -> tuple[tuple[str, str], str, str]:
    """Create the person: user, key, device, policy and boundary; return key, device serial and its seed."""
    identity = organization.root(IDENTITY_ID)
    denied = next(place.id for place in PLACES if place.name == DENIED_NAME)
    boundary = identity.iam(
        "CreatePolicy",
        PolicyName="PeopleBoundary",
        PolicyDocument=_document(
            Effect="Allow", Action="*", NotResource=f"arn:aws:iam::{denied}:role/OutsideMyBoundary"
        ),
    )["Policy"]["Arn"]
    identity.iam(
        "CreateUser", UserName=PERSON, PermissionsBoundary=boundary, Tags=[{"Key": "team", "Value": "payments"}]
    )
    identity.iam("PutUserPolicy", UserName=PERSON, PolicyName="Switch", PolicyDocument=_switch_policy())
    identity.iam("AttachUserPolicy", UserName=PERSON, PolicyArn=f"{_AWS}/IAMReadOnlyAccess")
    identity.iam("PutUserPolicy", UserName=PERSON, PolicyName="OwnKeys", PolicyDocument=_own_keys_policy())
    key = identity.iam("CreateAccessKey", UserName=PERSON)["AccessKey"]
    device = identity.iam("CreateVirtualMFADevice", VirtualMFADeviceName=PERSON)["VirtualMFADevice"]
    seed = base64.b64decode(device["Base32StringSeed"]).decode()
    step = totp.counter(organization.clock())
    # Codes of steps gone by pair the device, so that the code it shows now can still be used.
    codes = [totp.code_of(totp.decode_seed(seed), step - back) for back in (3, 2)]
    identity.iam(
        "EnableMFADevice",
        UserName=PERSON,
        SerialNumber=device["SerialNumber"],
        AuthenticationCode1=codes[0],
        AuthenticationCode2=codes[1],
    )
    return (key["AccessKeyId"], key["SecretAccessKey"]), device["SerialNumber"], seed


def _switch_policy() -> str:
    """Return what lets the person assume roles: every role by name, so that a new one opens to nobody by chance."""
    opened = {role for roles in BY_ENVIRONMENT.values() for role in roles}
    opened |= {role for place in PLACES for role in place.roles} | set(DENIALS)
    names = sorted(opened - {"NotInMyPolicy", "Audit", "WantsMfaDownTheChain"})
    return _document(Effect="Allow", Action=_OPEN, Resource=[f"arn:aws:iam::*:role/{name}" for name in names])


def _own_keys_policy() -> str:
    """Return what lets the person rotate the own keys, look around the organization, and sign in to the console."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["iam:*AccessKey*", "iam:GetUser"],
                    "Resource": f"arn:aws:iam::{IDENTITY_ID}:user/${{aws:username}}",
                },
                {
                    "Effect": "Allow",
                    "Action": ["organizations:Describe*", "organizations:List*", "sts:GetFederationToken"],
                    "Resource": "*",
                },
            ],
        }
    )


def _seed_account(organization: Organization, place: Place, external_id: str) -> None:
    account = organization.root(place.id)
    for role in (*place.roles, *BY_ENVIRONMENT[place.environment]):
        if role == "Hub":
            _seed_hub(account)
            continue
        condition: dict[str, Any] = {}
        if role == "BreakGlass" or (role == "Deploy" and place.environment == "prod"):
            condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
        elif role == "Ingest":
            condition = {"StringEquals": {"sts:ExternalId": external_id}}
        trusted = HUB_ARN if role == "Audit" else _PEOPLE
        _create_role(account, role, _trust(trusted, condition))
        account.iam("AttachRolePolicy", RoleName=role, PolicyArn=_ATTACHED[role])


def _seed_hub(identity: RootUser) -> None:
    _create_role(identity, "Hub", _trust(_PEOPLE, {}))
    reach = [f"arn:aws:iam::*:role/{name}" for name in ("Audit", "WantsMfaDownTheChain")]
    policy = _document(Effect="Allow", Action=_OPEN, Resource=reach)
    identity.iam("PutRolePolicy", RoleName="Hub", PolicyName="HubAssume", PolicyDocument=policy)


def _seed_denials(organization: Organization) -> None:
    """Create the roles that deny, each for the cause that its name tells."""
    account = organization.root(next(place.id for place in PLACES if place.name == DENIED_NAME))
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    trusts = {
        "WantsExternalId": _trust(_PEOPLE, {"StringEquals": {"sts:ExternalId": "ask-the-owner-for-it"}}),
        "DeniedByScp": _trust(_PEOPLE, {}),
        "NotInMyPolicy": _trust(_PEOPLE, {}),
        "TrustsSomebodyElse": _trust(HUB_ARN, {}),
        "OutsideMyBoundary": _trust(_PEOPLE, {}),
        "WantsSourceIdentity": _trust(_PEOPLE, {"StringEquals": {"sts:SourceIdentity": PERSON}}),
        "OneHourAtMost": _trust(_PEOPLE, {}),
        "WantsMfaDownTheChain": _trust(HUB_ARN, mfa),
    }
    for name, trust in trusts.items():
        _create_role(account, name, trust, DENIALS[name])
        account.iam("AttachRolePolicy", RoleName=name, PolicyArn=_ATTACHED["ReadOnly"])


def _seed_directory(organization: Organization) -> None:
    """Assign the person permission sets: one to look around everywhere, one to work with outside production."""
    directory = organization.directory
    directory.add_set("ViewOnly", duration=28800, policies=(_ATTACHED["ReadOnly"],))
    directory.add_set("Developer", policies=(_ATTACHED["PowerUser"],))
    for place in PLACES:
        directory.assign(organization, PERSON, place.id, "ViewOnly")
        if place.environment in ("dev", "staging", "sandbox"):
            directory.assign(organization, PERSON, place.id, "Developer")


def _create_role(account: RootUser, name: str, trust: str, description: str = "") -> None:
    longest = _LONGEST.get(name, 3600)
    account.iam(
        "CreateRole",
        RoleName=name,
        AssumeRolePolicyDocument=trust,
        MaxSessionDuration=longest,
        Description=description,
    )


def _trust(principal: str, condition: Mapping[str, Any]) -> str:
    return _document(
        Effect="Allow",
        Principal={"AWS": principal},
        Action=_OPEN,
        **({"Condition": condition} if condition else {}),
    )


def _document(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
