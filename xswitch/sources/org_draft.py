"""An organization's accounts as a catalog file: environments by rule, and roles by rule or as they were listed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import unquote

from xswitch.catalog import Account, fields
from xswitch.sources.draft import Draft, DraftAccount, DraftRole, Setting
from xswitch.sources.organizations import ACTIVE, Member
from xswitch.sources.rules import Rules

STATE_TAG: Final = "xswitch:state"
"""The tag by which an account that is not active is shown as such. AWS takes no tag key of that form from a person."""
_SERVICES: Final = ("/aws-service-role/", "/aws-reserved/")


def draft_of(members: Iterable[Member], rules: Rules, *, identity: str) -> Draft:
    """Return the catalog file of an organization. ``identity`` reaches its roles, "" leaves that to the person's files.

    An account that is not active gets no roles: AWS lets nobody in.
    """
    accounts = tuple(_account(member, rules) for member in sorted(members, key=lambda one: (one.ou, one.name, one.id)))
    defaults: dict[str, Setting] = {"identity": identity} if identity else {}
    active = tuple(_only_active(role) for role in rules.roles)
    return Draft("AWS Organizations", accounts, role_sets=active, defaults=defaults)


def _account(member: Member, rules: Rules) -> DraftAccount:
    tags = dict(member.tags)
    if member.state != ACTIVE:
        tags[STATE_TAG] = member.state.lower()
    plain = Account(member.id, member.name, member.ou, tags=tuple(tags.items()))
    return DraftAccount(
        id=member.id,
        name=member.name,
        ou=member.ou or None,
        environment=rules.environment_of(plain),
        tags=tags,
        roles=tuple(_role(arn) for arn in member.roles or ()),
    )


def _role(arn: str) -> DraftRole:
    found = fields.ROLE_ARN.fullmatch(arn)
    name = arn.rpartition("/")[2]
    plain = found is not None and arn == f"arn:aws:iam::{found[2]}:role/{name}"
    return DraftRole(name, {} if plain else {"arn": arn})


def _only_active(role: DraftRole) -> DraftRole:
    accounts = " ".join(filter(None, (str(role.settings.get("accounts", "")), f'!tag:"{STATE_TAG}"')))
    return DraftRole(role.name, {**role.settings, "accounts": accounts})


def openable(roles: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the ARNs of the roles that some AWS principal may assume, of those that IAM's ListRoles gave.

    Roles of services, of IAM Identity Center and of identity providers are opened in other ways.
    """
    return [
        str(role["Arn"])
        for role in roles
        if not str(role.get("Path", "/")).startswith(_SERVICES) and _trusts_aws(role.get("AssumeRolePolicyDocument"))
    ]


def _trusts_aws(document: object) -> bool:
    if isinstance(document, str):
        try:
            document = json.loads(unquote(document))
        except ValueError:
            return False
    statements = document.get("Statement") if isinstance(document, dict) else None
    for statement in statements if isinstance(statements, list) else [statements]:
        if not isinstance(statement, dict) or statement.get("Effect") != "Allow":
            continue
        principal = statement.get("Principal")
        if principal == "*" or (isinstance(principal, dict) and "AWS" in principal):
            return True
    return False
