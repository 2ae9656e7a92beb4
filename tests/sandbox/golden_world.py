"""The golden table's rows as situations of a sandbox: accounts, users, roles, sessions and policies, built by its API.

A row is first made so, then asked over HTTP. What AWS's own API would not let anybody build is named in ``IMPOSSIBLE``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from small_aws import MANAGER, Clock, Keys, Refused, World, keys_of, trust

from xswitch.sandbox import Organization
from xswitch.sandbox.refusal import Refusal
from xswitch.sandbox.state import Unit

IMPOSSIBLE: Mapping[str, str] = {
    "user-name-case-differs": "IAM has no two users whose names differ in case alone",
    "role-path-left-out": "IAM has no two roles of one name, whatever their paths",
}

_ENTITY = re.compile(r"arn:aws:(?:iam|sts)::(\d{12}):(user|role|assumed-role)/([^*?\"\s]+)")
Case = Mapping[str, Any]


def accounts_of(case: Case) -> set[str]:
    """Return every account that a row names, in its trust policy too."""
    return {case["caller"]["account"], case["role"]["account"]} | set(
        re.findall(r'(?:"|::)(\d{12})(?=[":])', json.dumps(case["role"]["trust"]))
    )


def build(case: Case) -> World:
    """Return a world whose accounts and organization are the row's."""
    caller, role = case["caller"], case["role"]
    manager = MANAGER
    if caller.get("org_management"):
        manager = caller["account"]
    elif role.get("org_management"):
        manager = role["account"]
    clock = Clock(datetime.fromisoformat(case["request"]["time"]).timestamp())
    organization = Organization(manager, "management", clock=clock)
    if caller["org_id"]:
        organization.id = caller["org_id"]
    depth = max(len(case["scps"]), len(case["rcps"]), len((caller.get("org_path") or "").split("/")) - 2)
    parents = _units(organization, depth, caller.get("org_path"))
    for account in sorted(accounts_of(case) - {manager}):
        inside = caller["org_id"] if account == caller["account"] else case["rcps"] or _one_organization(case)
        organization.add_account(account, f"account-{account}", parent=parents[-1] if inside else "")
    return World(organization, clock)


def _one_organization(case: Case) -> bool:
    """Rows whose policies ask for the organization have role and caller in one, or the caller outside of any."""
    return bool(case["caller"]["org_id"]) and not case["caller"].get("org_management")


def _units(organization: Organization, depth: int, path: str | None) -> list[str]:
    """Lay a chain of OUs under the root, named as the row's organization path has them; return root and OUs."""
    if path:
        root, *below = path.strip("/").split("/")[1:]
        organization.units[root] = organization.units.pop(organization.root_id)
        organization.units[root].id = root
        organization.accounts[organization.management_id].parent = root
        organization.root_id = root
    else:
        below = [f"ou-{organization.root_id[2:]}-{number:08d}" for number in range(max(0, depth - 2))]
    line = [organization.root_id]
    for unit in below:
        organization.units[unit] = Unit(unit, unit, line[-1])
        line.append(unit)
    return line


def entities(case: Case) -> Iterator[tuple[str, str, str]]:
    """Return account, kind and name (with its path) of whoever the trust policy names."""
    for account, kind, name in _ENTITY.findall(json.dumps(_principals(case["role"]["trust"]))):
        yield account, "user" if kind == "user" else "role", name.split("/")[0] if "assumed" in kind else name


def _principals(document: Any) -> list[Any]:
    held = (document or {}).get("Statement", [])
    return [item.get("Principal") for item in (held if isinstance(held, list) else [held])]


def create_role(world: World, arn: str, trusted: Any, **params: Any) -> None:
    """Create a role of that ARN where there is none of its name."""
    account, resource = arn.split(":", 5)[4:]
    path, _, name = resource.removeprefix("role").rpartition("/")
    if name.lower() in world.organization.account(account).roles:
        return
    document = trusted if isinstance(trusted, str) else json.dumps(trusted)
    world.root(account).iam("CreateRole", RoleName=name, Path=f"{path}/", AssumeRolePolicyDocument=document, **params)


def create_user(world: World, account: str, name: str, **params: Any) -> None:
    path, _, last = f"/{name}".rpartition("/")
    if last.lower() not in world.organization.account(account).users:
        world.root(account).iam("CreateUser", UserName=last, Path=f"{path}/", **params)


class Actors:
    """The caller of a row: made first, with every freedom; bound by the row's policies afterwards."""

    def __init__(self, world: World, case: Case) -> None:
        self.world, self.case = world, case
        self.caller = case["caller"]
        self.account: str = self.caller["account"]
        self.serial = ""

    def make(self) -> Keys:
        """Return the caller's credentials."""
        if self.caller["kind"] == "role-session":
            return self._role_session()
        name = self.caller["arn"].split(":user/", 1)[1].rsplit("/", 1)[-1]
        tags = [{"Key": key, "Value": value} for key, value in self.caller["tags"].items()]
        create_user(self.world, self.account, self.caller["arn"].split(":user/", 1)[1], Tags=tags)
        made = self.world.root(self.account).iam("CreateAccessKey", UserName=name)["AccessKey"]
        keys = Keys(made["AccessKeyId"], made["SecretAccessKey"])
        if self.caller["mfa"] is not None:
            self.serial = self.world.device(name, self.account)
        return self._session_token(keys) if self.caller["kind"] == "session-token" else keys

    def _session_token(self, keys: Keys) -> Keys:
        clock, age = self.world.clock, self.caller["mfa"]
        if age is None:
            return keys_of(self.world.call(keys, "sts", "GetSessionToken"))
        clock.pass_by(-age)
        code = self.world.code(self.serial)
        answer = self.world.call(keys, "sts", "GetSessionToken", SerialNumber=self.serial, TokenCode=code)
        clock.pass_by(age)
        return keys_of(answer)

    def _role_session(self) -> Keys:
        world, caller = self.world, self.caller
        arn = self.role_arn()
        create_role(world, arn, trust(f"arn:aws:iam::{self.account}:root"))
        boot = world.user("boot", self.account)
        params: dict[str, Any] = {}
        if caller["tags"]:
            params["Tags"] = [{"Key": key, "Value": value} for key, value in caller["tags"].items()]
        if caller.get("transitive_tags"):
            params["TransitiveTagKeys"] = list(caller["transitive_tags"])
        if caller["source_identity"]:
            params["SourceIdentity"] = caller["source_identity"]
        if self.case["session_policy"]:
            params["Policy"] = json.dumps(self.case["session_policy"])
        return world.session(boot, arn, caller["arn"].rsplit("/", 1)[1], **params)

    def role_arn(self) -> str:
        name = self.caller["arn"].split("/")[1]
        return str(self.caller.get("issued_by") or f"arn:aws:iam::{self.account}:role/{name}")

    def bind(self) -> None:
        """Give the caller the row's identity policies and boundary. Raises Refusal where IAM refuses one."""
        root = self.world.root(self.account)
        if self.caller["kind"] == "role-session":
            kind, name = "Role", self.role_arn().rsplit("/", 1)[1]
        else:
            kind, name = "User", self.caller["arn"].rsplit("/", 1)[1]
        who = {f"{kind}Name": name}
        for number, document in enumerate(self.case["identity_policies"]):
            root.iam(f"Put{kind}Policy", **who, PolicyName=f"p{number}", PolicyDocument=json.dumps(document))
        if self.case["boundary"] is not None:
            text = json.dumps(self.case["boundary"])
            arn = root.iam("CreatePolicy", PolicyName="boundary", PolicyDocument=text)["Policy"]["Arn"]
            root.iam(f"Put{kind}PermissionsBoundary", **who, PermissionsBoundary=arn)


def set_guardrails(world: World, case: Case) -> None:
    """Attach the row's SCPs and RCPs, a list a level: the root, the OUs, then the account itself."""
    organization = world.organization
    manager = world.root(organization.management_id)
    kinds = (
        ("SERVICE_CONTROL_POLICY", case["scps"], case["caller"]["account"]),
        ("RESOURCE_CONTROL_POLICY", case["rcps"], case["role"]["account"]),
    )
    for kind, levels, account in kinds:
        if not levels:
            continue
        manager.organizations("EnablePolicyType", RootId=organization.root_id, PolicyType=kind)
        full = next(p for p in organization.org_policies.values() if p.type == kind and p.aws_managed)
        targets = organization.lineage(account)
        for level, documents in enumerate(levels):
            target = targets[level] if level < len(levels) - 1 or len(levels) == 1 else account
            for number, document in enumerate(documents):
                if document == json.loads(full.content):
                    continue
                made = manager.organizations(
                    "CreatePolicy", Type=kind, Name=f"{kind}-{level}-{number}", Content=json.dumps(document)
                )
                policy = made["Policy"]["PolicySummary"]["Id"]
                manager.organizations("AttachPolicy", PolicyId=policy, TargetId=target)
            if json.loads(full.content) not in documents:
                manager.organizations("DetachPolicy", PolicyId=full.id, TargetId=target)


def set_role(world: World, case: Case) -> None:
    """Create the role that is asked for, and whoever its trust policy names. Raises Refusal where IAM refuses it."""
    role = case["role"]
    if role["trust"] is None:
        return
    for account, kind, name in entities(case):
        if kind == "user":
            create_user(world, account, name)
        else:
            create_role(world, f"arn:aws:iam::{account}:role/{name}", trust(f"arn:aws:iam::{account}:root"))
    text = json.dumps(role["trust"])
    name = role["arn"].rsplit("/", 1)[1]
    root = world.root(role["account"])
    stale = re.search(r"AIDA[A-Z0-9]+", text)
    if stale is not None:
        # Such a trust policy is what is left of one that named a user who was deleted since.
        create_user(world, case["caller"]["account"], "former")
        former = f"arn:aws:iam::{case['caller']['account']}:user/former"
        text = text.replace(stale[0], former)
    if name.lower() in world.organization.account(role["account"]).roles:
        root.iam("UpdateAssumeRolePolicy", RoleName=name, PolicyDocument=text)
    else:
        create_role(world, role["arn"], text)
    if stale is not None:
        world.root(case["caller"]["account"]).iam("DeleteUser", UserName="former")
    root.iam("UpdateRole", RoleName=name, MaxSessionDuration=role["max_session_duration"] or 3600)


def params_of(case: Case, actors: Actors) -> dict[str, Any]:
    """Return the row's request as parameters of AssumeRole."""
    request = case["request"]
    params: dict[str, Any] = {"RoleArn": case["role"]["arn"], "RoleSessionName": request["session_name"]}
    for key, name in (
        ("duration", "DurationSeconds"),
        ("external_id", "ExternalId"),
        ("source_identity", "SourceIdentity"),
    ):
        if request[key] is not None:
            params[name] = request[key]
    if request["tags"]:
        params["Tags"] = [{"Key": key, "Value": value} for key, value in request["tags"].items()]
    if request["transitive_tag_keys"]:
        params["TransitiveTagKeys"] = list(request["transitive_tag_keys"])
    if actors.serial and case["caller"]["kind"] == "user":
        params |= {"SerialNumber": actors.serial, "TokenCode": actors.world.code(actors.serial)}
    return params


def ask(case: Case) -> tuple[str, str | None, str]:
    """Build a row and ask; return its effect, its error code and AWS's message."""
    world = build(case)
    try:
        actors = Actors(world, case)
        keys = actors.make()
        try:
            set_role(world, case)
            actors.bind()
        except Refusal as refusal:
            if refusal.code != "MalformedPolicyDocument":
                raise
            return "error", refusal.code, refusal.message
        set_guardrails(world, case)
        world.sandbox.source_ip = case["request"]["source_ip"] or ""
        try:
            world.call(keys, "sts", "AssumeRole", **params_of(case, actors))
        except Refused as refused:
            return "deny" if refused.code == "AccessDenied" else "error", refused.code, refused.message
        return "allow", None, ""
    finally:
        world.close()
