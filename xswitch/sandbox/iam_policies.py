"""IAM's actions on policies: managed ones, and those of users and roles (inline, attached, permissions boundary)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal

from xswitch.sandbox import authority, rules
from xswitch.sandbox.iam_common import already, encoded, missing, name_of, page, path_of
from xswitch.sandbox.packing import read_policy
from xswitch.sandbox.refusal import Refusal
from xswitch.sandbox.rules import Checker, Text
from xswitch.sandbox.state import ManagedPolicy, Role, User
from xswitch.sandbox.wire import iso

if TYPE_CHECKING:
    from xswitch.sandbox.organization import Call, Organization

HolderKind = Literal["User", "Role"]
INLINE_SIZE: Final = {"User": 2048, "Role": 10240}
MANAGED_SIZE: Final = 6144
"""Characters of a document, white space not counted (IAM quotas)."""
ATTACHED: Final = 10


def create_policy(org: Organization, call: Call) -> dict[str, Any]:
    """CreatePolicy: a customer managed policy, in one version."""
    check = Checker(call.params)
    name = name_of(check, "PolicyName", 128)
    path = path_of(check)
    document = check.text(Text("PolicyDocument", 1, 131072, required=True)) or ""
    description = check.text(Text("Description", 0, 1000)) or ""
    check.done()
    account = org.account(call.principal.account)
    arn = f"arn:aws:iam::{account.id}:policy{path}{name}"
    authority.require(org, call, "iam:CreatePolicy", arn, {})
    if arn in account.policies:
        raise already(f"A policy called {name} already exists. Duplicate names are not allowed.")
    _check_document(document, MANAGED_SIZE, "PolicySize")
    policy = ManagedPolicy(arn, org.make_id("ANPA"), name, path, document, call.now, description)
    account.policies[arn] = policy
    return {"Policy": _describe(org, policy)}


def get_policy(org: Organization, call: Call) -> dict[str, Any]:
    """GetPolicy."""
    return {"Policy": _describe(org, _managed(org, call, "iam:GetPolicy"))}


def get_policy_version(org: Organization, call: Call) -> dict[str, Any]:
    """GetPolicyVersion: there is only ``v1``."""
    version = call.params.get("VersionId")
    policy = _managed(org, call, "iam:GetPolicyVersion")
    if version != "v1":
        raise missing(f"Policy {policy.arn} version {version} does not exist or is not attachable.")
    return {
        "PolicyVersion": {
            "Document": encoded(policy.document),
            "VersionId": "v1",
            "IsDefaultVersion": True,
            "CreateDate": iso(policy.created),
        }
    }


def check_boundary(org: Organization, account_id: str, arn: str | None) -> None:
    """Raise NoSuchEntity where a permissions boundary names no policy of the account or of AWS."""
    if arn is not None and (org.policy(arn) is None or arn.split(":")[4] not in ("aws", account_id)):
        raise missing(f"Scope ARN: {arn} does not exist or is not attachable.")


def _check_document(text: str, most: int, quota: str) -> None:
    read_policy(text, "identity")
    if len("".join(text.split())) > most:
        raise Refusal("LimitExceeded", f"Cannot exceed quota for {quota}: {most}", 409)


def _managed(org: Organization, call: Call, action: str) -> ManagedPolicy:
    check = Checker(call.params)
    arn = check.text(Text("PolicyArn", 20, 2048, required=True)) or ""
    check.done()
    authority.require(org, call, action, arn, {})
    policy = org.policy(arn)
    if policy is None or arn.split(":")[4] not in ("aws", call.principal.account):
        raise missing(f"Policy {arn} does not exist or is not attachable.")
    return policy


def _describe(org: Organization, policy: ManagedPolicy) -> dict[str, Any]:
    attached = [user.attached for account in org.accounts.values() for user in account.users.values()]
    attached += [role.attached for account in org.accounts.values() for role in account.roles.values()]
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": "v1",
        "AttachmentCount": sum(policy.arn in arns for arns in attached),
        "IsAttachable": True,
        "CreateDate": iso(policy.created),
        "UpdateDate": iso(policy.created),
    }


def _holder(org: Organization, call: Call, kind: HolderKind, action: str) -> User | Role:
    check = Checker(call.params)
    name = check.text(Text(f"{kind}Name", 1, 128 if kind == "User" else 64, rules.IAM_NAME, required=True)) or ""
    check.done()
    account = org.account(call.principal.account)
    holder = account.users.get(name.lower()) if kind == "User" else account.roles.get(name.lower())
    arn = holder.arn if holder else f"arn:aws:iam::{account.id}:{kind.lower()}/{name}"
    authority.require(org, call, f"iam:{action}", arn, {})
    if holder is None or holder.name != name:
        raise missing(f"The {kind.lower()} with name {name} cannot be found.")
    return holder


def _policy_name(call: Call) -> str:
    check = Checker(call.params)
    name = name_of(check, "PolicyName", 128)
    check.done()
    return name


def _attachable(org: Organization, call: Call) -> str:
    check = Checker(call.params)
    arn = check.text(Text("PolicyArn", 20, 2048, required=True)) or ""
    check.done()
    if org.policy(arn) is None or arn.split(":")[4] not in ("aws", call.principal.account):
        raise missing(f"Policy {arn} does not exist or is not attachable.")
    return arn


def _inline_actions(kind: HolderKind) -> dict[str, Callable[[Organization, Call], dict[str, Any] | None]]:
    """Return the actions on inline policies of users or of roles: the same but for their names."""

    def put(org: Organization, call: Call) -> None:
        name = _policy_name(call)
        check = Checker(call.params)
        document = check.text(Text("PolicyDocument", 1, 131072, required=True)) or ""
        check.done()
        holder = _holder(org, call, kind, f"Put{kind}Policy")
        _check_document(document, INLINE_SIZE[kind], f"InlinePolicySizePer{kind}")
        holder.inline[name] = document

    def get(org: Organization, call: Call) -> dict[str, Any]:
        name = _policy_name(call)
        holder = _holder(org, call, kind, f"Get{kind}Policy")
        if name not in holder.inline:
            raise missing(f"The {kind.lower()} policy with name {name} cannot be found.")
        document = encoded(holder.inline[name])
        return {f"{kind}Name": holder.name, "PolicyName": name, "PolicyDocument": document}

    def delete(org: Organization, call: Call) -> None:
        name = _policy_name(call)
        holder = _holder(org, call, kind, f"Delete{kind}Policy")
        if holder.inline.pop(name, None) is None:
            raise missing(f"The {kind.lower()} policy with name {name} cannot be found.")

    def names(org: Organization, call: Call) -> dict[str, Any]:
        holder = _holder(org, call, kind, f"List{kind}Policies")
        return page(Checker(call.params), "PolicyNames", sorted(holder.inline))

    return {
        f"Put{kind}Policy": put,
        f"Get{kind}Policy": get,
        f"Delete{kind}Policy": delete,
        f"List{kind}Policies": names,
    }


def _attached_actions(kind: HolderKind) -> dict[str, Callable[[Organization, Call], dict[str, Any] | None]]:
    """Return the actions on attached policies and boundaries of users or of roles."""

    def attach(org: Organization, call: Call) -> None:
        holder = _holder(org, call, kind, f"Attach{kind}Policy")
        arn = _attachable(org, call)
        if arn in holder.attached:
            return
        if len(holder.attached) >= ATTACHED:
            raise Refusal("LimitExceeded", f"Cannot exceed quota for PoliciesPer{kind}: {ATTACHED}", 409)
        holder.attached.append(arn)

    def detach(org: Organization, call: Call) -> None:
        holder = _holder(org, call, kind, f"Detach{kind}Policy")
        arn = call.params.get("PolicyArn")
        if arn not in holder.attached:
            raise missing(f"Policy {arn} was not found.")
        holder.attached.remove(arn)

    def attached(org: Organization, call: Call) -> dict[str, Any]:
        holder = _holder(org, call, kind, f"ListAttached{kind}Policies")
        found = [{"PolicyName": arn.rsplit("/", 1)[1], "PolicyArn": arn} for arn in holder.attached]
        return page(Checker(call.params), "AttachedPolicies", found)

    def bound(org: Organization, call: Call) -> None:
        check = Checker(call.params)
        arn = check.text(Text("PermissionsBoundary", 20, 2048, required=True)) or ""
        check.done()
        holder = _holder(org, call, kind, f"Put{kind}PermissionsBoundary")
        check_boundary(org, call.principal.account, arn)
        holder.boundary = arn

    def unbound(org: Organization, call: Call) -> None:
        holder = _holder(org, call, kind, f"Delete{kind}PermissionsBoundary")
        if not holder.boundary:
            raise missing(f"{kind} {holder.name} has no permissions boundary.")
        holder.boundary = ""

    return {
        f"Attach{kind}Policy": attach,
        f"Detach{kind}Policy": detach,
        f"ListAttached{kind}Policies": attached,
        f"Put{kind}PermissionsBoundary": bound,
        f"Delete{kind}PermissionsBoundary": unbound,
    }


ACTIONS: Final = {
    "CreatePolicy": create_policy,
    "GetPolicy": get_policy,
    "GetPolicyVersion": get_policy_version,
    **_inline_actions("User"),
    **_inline_actions("Role"),
    **_attached_actions("User"),
    **_attached_actions("Role"),
}
