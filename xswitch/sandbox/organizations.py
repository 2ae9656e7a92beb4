"""The actions of AWS Organizations that are here: reading the tree of accounts, and what an administrator builds it by.

Only the management account and delegated administrators may call them, DescribeOrganization apart; lists come in pages
of at most 20 (Organizations API reference).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from xswitch.sandbox import authority, rules
from xswitch.sandbox.packing import read_policy
from xswitch.sandbox.refusal import Refusal
from xswitch.sandbox.state import Account, OrgPolicy, Unit

if TYPE_CHECKING:
    from xswitch.sandbox.organization import Call, Organization

PAGE: Final = 20
_STATUS: Final = {"ACTIVE": "ACTIVE", "PENDING_CLOSURE": "PENDING_CLOSURE", "PENDING_ACTIVATION": "ACTIVE"}
_TYPES: Final[dict[str, Literal["scp", "rcp"]]] = {"SERVICE_CONTROL_POLICY": "scp", "RESOURCE_CONTROL_POLICY": "rcp"}


def describe_organization(org: Organization, call: Call) -> dict[str, Any]:
    """DescribeOrganization: every member may ask."""
    if not org.member(call.principal.account):
        raise Refusal("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
    authority.require(org, call, "organizations:DescribeOrganization", "*", {})
    manager = org.account(org.management_id)
    return {
        "Organization": {
            "Id": org.id,
            "Arn": f"arn:aws:organizations::{manager.id}:organization/{org.id}",
            "FeatureSet": "ALL",
            "MasterAccountArn": _account_arn(org, manager.id),
            "MasterAccountId": manager.id,
            "MasterAccountEmail": manager.email,
            "AvailablePolicyTypes": _types(org),
        }
    }


def list_roots(org: Organization, call: Call) -> dict[str, Any]:
    """ListRoots."""
    _may(org, call, "ListRoots", "*")
    root = org.units[org.root_id]
    found = {"Id": root.id, "Arn": _arn(org, root.id), "Name": root.name, "PolicyTypes": _types(org)}
    return _page(call, "Roots", [found])


def list_organizational_units_for_parent(org: Organization, call: Call) -> dict[str, Any]:
    """ListOrganizationalUnitsForParent."""
    parent = _parent(org, call, "ListOrganizationalUnitsForParent")
    units = [_describe_unit(org, unit) for unit in org.units.values() if unit.parent == parent.id]
    return _page(call, "OrganizationalUnits", units)


def describe_organizational_unit(org: Organization, call: Call) -> dict[str, Any]:
    """DescribeOrganizationalUnit."""
    unit_id = _text(call, "OrganizationalUnitId")
    _may(org, call, "DescribeOrganizationalUnit", _arn(org, unit_id))
    unit = org.units.get(unit_id)
    if unit is None or not unit.parent:
        raise Refusal("OrganizationalUnitNotFoundException", "You specified an organizational unit that doesn't exist.")
    return {"OrganizationalUnit": _describe_unit(org, unit)}


def list_accounts_for_parent(org: Organization, call: Call) -> dict[str, Any]:
    """ListAccountsForParent."""
    parent = _parent(org, call, "ListAccountsForParent")
    accounts = [_describe(org, account) for account in org.accounts.values() if account.parent == parent.id]
    return _page(call, "Accounts", accounts)


def list_accounts(org: Organization, call: Call) -> dict[str, Any]:
    """ListAccounts: at most 20 a page."""
    _may(org, call, "ListAccounts", "*")
    return _page(call, "Accounts", [_describe(org, account) for account in org.accounts.values() if account.parent])


def describe_account(org: Organization, call: Call) -> dict[str, Any]:
    """DescribeAccount."""
    account_id = _text(call, "AccountId")
    if not re.fullmatch(r"\d{12}", account_id, re.ASCII):
        raise _invalid("You provided a value that does not match the required pattern.")
    _may(org, call, "DescribeAccount", _account_arn(org, account_id))
    if not org.member(account_id):
        raise Refusal("AccountNotFoundException", "You specified an account that doesn't exist.")
    return {"Account": _describe(org, org.account(account_id))}


def list_parents(org: Organization, call: Call) -> dict[str, Any]:
    """ListParents: exactly one, an OU or the root."""
    child = _text(call, "ChildId")
    _may(org, call, "ListParents", _arn(org, child))
    if child in org.accounts and org.accounts[child].parent:
        parent = org.accounts[child].parent
    elif child in org.units and org.units[child].parent:
        parent = org.units[child].parent
    else:
        raise Refusal("ChildNotFoundException", "You specified an organizational unit or account that doesn't exist.")
    kind = "ROOT" if parent == org.root_id else "ORGANIZATIONAL_UNIT"
    return _page(call, "Parents", [{"Id": parent, "Type": kind}])


def list_tags_for_resource(org: Organization, call: Call) -> dict[str, Any]:
    """ListTagsForResource of an account, OU or root."""
    holder = _tagged(org, call, "ListTagsForResource")
    return _page(call, "Tags", [{"Key": key, "Value": value} for key, value in holder.tags.items()], most=None)


def tag_resource(org: Organization, call: Call) -> dict[str, Any]:
    """TagResource: values may hold anything, as AWS's do."""
    holder = _tagged(org, call, "TagResource")
    tags = call.params.get("Tags")
    if not isinstance(tags, list) or not tags:
        raise _invalid("You must specify at least one tag.")
    for tag in tags:
        key, value = (tag.get("Key"), tag.get("Value")) if isinstance(tag, dict) else (None, None)
        if not isinstance(key, str) or not isinstance(value, str) or not 0 < len(key) <= 128 or len(value) > 256:
            raise _invalid("You provided a tag that is too long or incomplete.")
    if rules.duplicate([tag["Key"] for tag in tags]) is not None:
        raise _invalid("You provided duplicate tag keys.")
    holder.tags.update({tag["Key"]: tag["Value"] for tag in tags})
    return {}


def create_organizational_unit(org: Organization, call: Call) -> dict[str, Any]:
    """CreateOrganizationalUnit."""
    parent = _parent(org, call, "CreateOrganizationalUnit")
    name = _text(call, "Name", 128)
    if any(unit.parent == parent.id and unit.name == name for unit in org.units.values()):
        raise Refusal("DuplicateOrganizationalUnitException", "An OU with the same name already exists.")
    return {"OrganizationalUnit": _describe_unit(org, org.add_unit(name, parent.id))}


def move_account(org: Organization, call: Call) -> dict[str, Any]:
    """MoveAccount."""
    account_id, source, destination = (
        _text(call, name) for name in ("AccountId", "SourceParentId", "DestinationParentId")
    )
    _may(org, call, "MoveAccount", _account_arn(org, account_id))
    account = org.accounts.get(account_id)
    if account is None or not account.parent:
        raise Refusal("AccountNotFoundException", "You specified an account that doesn't exist.")
    if account.parent != source:
        raise Refusal("SourceParentNotFoundException", "The account is not in the source that you specified.")
    if destination not in org.units:
        raise Refusal("DestinationParentNotFoundException", "You specified a destination that doesn't exist.")
    account.parent = destination
    return {}


def enable_policy_type(org: Organization, call: Call) -> dict[str, Any]:
    """EnablePolicyType: SCPs or RCPs begin to bind, with the full-access policy attached to everything."""
    kind = _kind(call, "PolicyType")
    _may(org, call, "EnablePolicyType", _arn(org, org.root_id))
    if kind in org.policy_types:
        raise Refusal("PolicyTypeAlreadyEnabledException", "The specified policy type is already enabled.")
    org.enable_policies(kind)
    root = org.units[org.root_id]
    return {"Root": {"Id": root.id, "Arn": _arn(org, root.id), "Name": root.name, "PolicyTypes": _types(org)}}


def create_policy(org: Organization, call: Call) -> dict[str, Any]:
    """CreatePolicy: a service control policy or a resource control policy."""
    kind, name, content = _kind(call, "Type"), _text(call, "Name", 128), _text(call, "Content", 10240)
    _may(org, call, "CreatePolicy", "*")
    try:
        read_policy(content, _TYPES[kind])
    except Refusal as refusal:
        raise Refusal("MalformedPolicyDocumentException", refusal.message) from None
    if any(policy.name == name and policy.type == kind for policy in org.org_policies.values()):
        raise Refusal("DuplicatePolicyException", "A policy with the same name already exists.")
    policy = OrgPolicy(org.make_policy_id(), name, kind, content, str(call.params.get("Description", "")))
    org.org_policies[policy.id] = policy
    return {"Policy": {"PolicySummary": _summary(org, policy), "Content": content}}


def attach_policy(org: Organization, call: Call) -> dict[str, Any]:
    """AttachPolicy to the root, an OU or an account."""
    policy, target = _policy(org, call, "AttachPolicy"), _target(org, call)
    if policy.type not in org.policy_types:
        raise Refusal("PolicyTypeNotEnabledException", "The specified policy type isn't enabled in this root.")
    if target in policy.targets:
        raise Refusal("DuplicatePolicyAttachmentException", "The selected policy is already attached.")
    policy.targets.append(target)
    return {}


def detach_policy(org: Organization, call: Call) -> dict[str, Any]:
    """DetachPolicy; the last one of its type at a target stays, as AWS has it for SCPs."""
    policy, target = _policy(org, call, "DetachPolicy"), _target(org, call)
    if target not in policy.targets:
        raise Refusal("PolicyNotAttachedException", "The policy isn't attached to the specified target.")
    if sum(target in other.targets for other in org.org_policies.values() if other.type == policy.type) == 1:
        raise Refusal("ConstraintViolationException", "You must have at least one policy of this type attached.")
    policy.targets.remove(target)
    return {}


def list_policies_for_target(org: Organization, call: Call) -> dict[str, Any]:
    """ListPoliciesForTarget: those attached right there, not inherited ones."""
    kind = _kind(call, "Filter")
    target = _text(call, "TargetId")
    _may(org, call, "ListPoliciesForTarget", _arn(org, target))
    target = _target(org, call)
    found = [policy for policy in org.org_policies.values() if policy.type == kind and target in policy.targets]
    return _page(call, "Policies", [_summary(org, policy) for policy in found])


def describe_policy(org: Organization, call: Call) -> dict[str, Any]:
    """DescribePolicy."""
    policy = _policy(org, call, "DescribePolicy")
    return {"Policy": {"PolicySummary": _summary(org, policy), "Content": policy.content}}


def register_delegated_administrator(org: Organization, call: Call) -> dict[str, Any]:
    """RegisterDelegatedAdministrator: the account may read the organization."""
    account_id = _text(call, "AccountId")
    _may(org, call, "RegisterDelegatedAdministrator", _account_arn(org, account_id))
    if not org.member(account_id):
        raise Refusal("AccountNotFoundException", "You specified an account that doesn't exist.")
    org.delegated_admins.add(account_id)
    return {}


def _may(org: Organization, call: Call, action: str, resource: str) -> None:
    account = call.principal.account
    reads = action.startswith(("List", "Describe"))
    if account != org.management_id and not (reads and account in org.delegated_admins):
        raise Refusal("AccessDeniedException", "You don't have permissions to access this resource.")
    authority.require(org, call, f"organizations:{action}", resource, {})


def _text(call: Call, name: str, most: int = 130) -> str:
    value = call.params.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= most:
        raise _invalid(f"You must specify a valid {name}.")
    return value


def _invalid(message: str) -> Refusal:
    return Refusal("InvalidInputException", message)


def _kind(call: Call, name: str) -> str:
    kind = _text(call, name)
    if kind not in _TYPES:
        raise _invalid(f"You provided a value for {name} that is not a policy type.")
    return kind


def _parent(org: Organization, call: Call, action: str) -> Unit:
    parent_id = _text(call, "ParentId")
    _may(org, call, action, _arn(org, parent_id))
    if parent_id not in org.units:
        raise Refusal("ParentNotFoundException", "You specified parent that doesn't exist.")
    return org.units[parent_id]


def _tagged(org: Organization, call: Call, action: str) -> Account | Unit:
    resource = _text(call, "ResourceId")
    _may(org, call, action, _arn(org, resource))
    if org.member(resource):
        return org.accounts[resource]
    if resource in org.units:
        return org.units[resource]
    raise Refusal("TargetNotFoundException", "You specified a target that doesn't exist.")


def _policy(org: Organization, call: Call, action: str) -> OrgPolicy:
    policy_id = _text(call, "PolicyId")
    _may(org, call, action, f"arn:aws:organizations::{org.management_id}:policy/{org.id}/{policy_id}")
    policy = org.org_policies.get(policy_id)
    if policy is None:
        raise Refusal("PolicyNotFoundException", "You specified a policy that doesn't exist.")
    return policy


def _target(org: Organization, call: Call) -> str:
    target = _text(call, "TargetId")
    if target not in org.units and not org.member(target):
        raise Refusal("TargetNotFoundException", "You specified a target that doesn't exist.")
    return target


def _types(org: Organization) -> list[dict[str, str]]:
    return [{"Type": kind, "Status": "ENABLED"} for kind in sorted(org.policy_types)]


def _account_arn(org: Organization, account_id: str) -> str:
    return f"arn:aws:organizations::{org.management_id}:account/{org.id}/{account_id}"


def _arn(org: Organization, target: str) -> str:
    kind = "root" if target.startswith("r-") else "ou" if target.startswith("ou-") else "account"
    return f"arn:aws:organizations::{org.management_id}:{kind}/{org.id}/{target}"


def _describe(org: Organization, account: Account) -> dict[str, Any]:
    return {
        "Id": account.id,
        "Arn": _account_arn(org, account.id),
        "Email": account.email,
        "Name": account.name,
        "Status": _STATUS.get(account.state, "SUSPENDED"),
        "State": account.state,
        "Paths": [f"{org.org_path(account.id)}{account.id}/"],
        "JoinedMethod": "CREATED" if account.created_here else "INVITED",
        "JoinedTimestamp": account.joined,
    }


def _describe_unit(org: Organization, unit: Unit) -> dict[str, str]:
    path = "/".join([org.id, *org.lineage(unit.id)]) + "/"
    return {"Id": unit.id, "Arn": _arn(org, unit.id), "Name": unit.name, "Path": path}


def _summary(org: Organization, policy: OrgPolicy) -> dict[str, Any]:
    owner = "aws" if policy.aws_managed else org.management_id
    kind = policy.type.lower()
    place = f"policy/{kind}/{policy.id}" if policy.aws_managed else f"policy/{org.id}/{kind}/{policy.id}"
    return {
        "Id": policy.id,
        "Arn": f"arn:aws:organizations::{owner}:{place}",
        "Name": policy.name,
        "Description": policy.description,
        "Type": policy.type,
        "AwsManaged": policy.aws_managed,
    }


def _page(call: Call, element: str, everything: Sequence[Any], most: int | None = PAGE) -> dict[str, Any]:
    """Return one page, from an opaque token on; raises InvalidInputException for a size or token that is not one."""
    size = call.params.get("MaxResults", PAGE)
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= PAGE:
        raise _invalid("You provided a MaxResults outside of 1 to 20.")
    if most is None:
        size = len(everything) or 1
    token = call.params.get("NextToken")
    start = 0
    if token is not None:
        try:
            kind, _, number = base64.b64decode(str(token), validate=True).decode().partition(":")
            start = int(number)
        except ValueError:
            kind = ""
        if kind != element:
            raise _invalid("You provided an invalid NextToken.")
    found: dict[str, Any] = {element: list(everything[start : start + size])}
    if len(everything) > start + size:
        found["NextToken"] = base64.b64encode(f"{element}:{start + size}".encode()).decode()
    return found


ACTIONS: Final = {
    "DescribeOrganization": describe_organization,
    "ListRoots": list_roots,
    "ListOrganizationalUnitsForParent": list_organizational_units_for_parent,
    "DescribeOrganizationalUnit": describe_organizational_unit,
    "ListAccountsForParent": list_accounts_for_parent,
    "ListAccounts": list_accounts,
    "DescribeAccount": describe_account,
    "ListParents": list_parents,
    "ListTagsForResource": list_tags_for_resource,
    "TagResource": tag_resource,
    "CreateOrganizationalUnit": create_organizational_unit,
    "MoveAccount": move_account,
    "EnablePolicyType": enable_policy_type,
    "CreatePolicy": create_policy,
    "AttachPolicy": attach_policy,
    "DetachPolicy": detach_policy,
    "ListPoliciesForTarget": list_policies_for_target,
    "DescribePolicy": describe_policy,
    "RegisterDelegatedAdministrator": register_delegated_administrator,
}
