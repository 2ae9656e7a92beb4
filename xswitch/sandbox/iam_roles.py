"""IAM's actions on roles."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from xswitch.sandbox import authority, iam_policies, rules
from xswitch.sandbox.iam_common import already, encoded, missing, name_of, page, path_of, written
from xswitch.sandbox.refusal import Refusal
from xswitch.sandbox.rules import Checker, Number, Text
from xswitch.sandbox.state import Role
from xswitch.sandbox.trust import tie, trust_of
from xswitch.sandbox.wire import iso

if TYPE_CHECKING:
    from xswitch.sandbox.organization import Call, Organization


def create_role(org: Organization, call: Call) -> dict[str, Any]:
    """CreateRole."""
    check = Checker(call.params)
    name = name_of(check, "RoleName", 64)
    path = path_of(check)
    trust = check.text(Text("AssumeRolePolicyDocument", 1, 131072, required=True)) or ""
    description = check.text(Text("Description", 0, 1000)) or ""
    longest = check.number(Number("MaxSessionDuration", 3600, 43200)) or 3600
    boundary = check.text(Text("PermissionsBoundary", 20, 2048))
    tags = check.tags()
    check.done()
    account = org.account(call.principal.account)
    arn = f"arn:aws:iam::{account.id}:role{path}{name}"
    authority.require(org, call, "iam:CreateRole", arn, authority.tag_context(tags))
    if name.lower() in account.roles:
        raise already(f"Role with name {name} already exists.")
    trusted = tie(org, trust)
    iam_policies.check_boundary(org, account.id, boundary)
    role = Role(
        name=name,
        path=path,
        id=org.make_id("AROA"),
        arn=arn,
        created=call.now,
        trust=trust,
        trusted=trusted,
        description=description,
        max_session=longest,
        tags=dict(tags),
        boundary=boundary or "",
    )
    account.roles[name.lower()] = role
    return {"Role": describe(org, role)}


def get_role(org: Organization, call: Call) -> dict[str, Any]:
    """GetRole."""
    role = find(org, call, "iam:GetRole")
    found = describe(org, role)
    found["MaxSessionDuration"] = role.max_session
    if role.boundary:
        found["PermissionsBoundary"] = {
            "PermissionsBoundaryType": "Policy",
            "PermissionsBoundaryArn": role.boundary,
        }
    if role.tags:
        found["Tags"] = written(role.tags)
    return {"Role": found}


def list_roles(org: Organization, call: Call) -> dict[str, Any]:
    """ListRoles, a page at a time."""
    check = Checker(call.params)
    prefix = check.text(Text("PathPrefix", 1, 512)) or "/"
    account = org.account(call.principal.account)
    authority.require(org, call, "iam:ListRoles", f"arn:aws:iam::{account.id}:role{prefix}", {})
    roles = sorted(account.roles.values(), key=lambda role: role.name.lower())
    found = [
        {**describe(org, role), "MaxSessionDuration": role.max_session}
        for role in roles
        if role.path.startswith(prefix)
    ]
    return page(check, "Roles", found)


def update_role(org: Organization, call: Call) -> dict[str, Any]:
    """UpdateRole: description and maximum session duration."""
    check = Checker(call.params)
    description = check.text(Text("Description", 0, 1000))
    longest = check.number(Number("MaxSessionDuration", 3600, 43200))
    check.done()
    role = find(org, call, "iam:UpdateRole")
    if description is not None:
        role.description = description
    if longest is not None:
        role.max_session = longest
    return {}


def update_assume_role_policy(org: Organization, call: Call) -> None:
    """UpdateAssumeRolePolicy."""
    check = Checker(call.params)
    trust = check.text(Text("PolicyDocument", 1, 131072, required=True)) or ""
    check.done()
    role = find(org, call, "iam:UpdateAssumeRolePolicy")
    trusted = tie(org, trust)
    role.trust, role.trusted = trust, trusted


def delete_role(org: Organization, call: Call) -> None:
    """DeleteRole; refused while it has policies."""
    role = find(org, call, "iam:DeleteRole")
    if role.inline or role.attached:
        raise Refusal("DeleteConflict", "Cannot delete entity, must delete policies first.", 409)
    del org.account(call.principal.account).roles[role.name.lower()]


def tag_role(org: Organization, call: Call) -> None:
    """TagRole."""
    check = Checker(call.params)
    tags = check.tags()
    check.done()
    find(org, call, "iam:TagRole").tags.update(tags)


def find(org: Organization, call: Call, action: str) -> Role:
    """Return the role that a call names, once the caller may do ``action`` to it."""
    check = Checker(call.params)
    name = check.text(Text("RoleName", 1, 64, rules.IAM_NAME, required=True)) or ""
    check.done()
    account = org.account(call.principal.account)
    role = account.roles.get(name.lower())
    authority.require(org, call, action, role.arn if role else f"arn:aws:iam::{account.id}:role/{name}", {})
    if role is None or role.name != name:
        raise missing(f"The role with name {name} cannot be found.")
    return role


def describe(org: Organization, role: Role) -> dict[str, Any]:
    """Return a role as IAM answers with it."""
    found: dict[str, Any] = {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": iso(role.created),
        "AssumeRolePolicyDocument": encoded(json.dumps(trust_of(org, role))),
    }
    if role.description:
        found["Description"] = role.description
    return found


ACTIONS: Final = {
    "CreateRole": create_role,
    "GetRole": get_role,
    "ListRoles": list_roles,
    "UpdateRole": update_role,
    "UpdateAssumeRolePolicy": update_assume_role_policy,
    "DeleteRole": delete_role,
    "TagRole": tag_role,
}
