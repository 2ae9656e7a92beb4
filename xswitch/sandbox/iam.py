"""The actions of AWS Identity and Access Management that are here: users, their keys and MFA devices.

Roles are in :mod:`xswitch.sandbox.iam_roles`, policies of both in :mod:`xswitch.sandbox.iam_policies`; ``ACTIONS``
here has all of them. Every action is authorized by the caller's own policies, within the caller's own account.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from xswitch.sandbox import authority, iam_policies, iam_roles, rules, totp
from xswitch.sandbox.iam_common import already, missing, name_of, page, path_of, written
from xswitch.sandbox.refusal import Refusal
from xswitch.sandbox.rules import Checker, Text
from xswitch.sandbox.state import AccessKey, Account, MfaDevice, User
from xswitch.sandbox.wire import iso

if TYPE_CHECKING:
    from xswitch.sandbox.organization import Call, Organization

KEYS_PER_USER: Final = 2
ENABLE_DRIFT: Final = 20
"""Steps that a device may be off when it is enabled: pairing is where AWS learns its clock."""


def create_user(org: Organization, call: Call) -> dict[str, Any]:
    """CreateUser."""
    check = Checker(call.params)
    name = name_of(check, "UserName", 64)
    path = path_of(check)
    boundary = check.text(Text("PermissionsBoundary", 20, 2048))
    tags = check.tags()
    check.done()
    account = org.account(call.principal.account)
    arn = f"arn:aws:iam::{account.id}:user{path}{name}"
    authority.require(org, call, "iam:CreateUser", arn, authority.tag_context(tags))
    if name.lower() in account.users:
        raise already(f"User with name {name} already exists.")
    iam_policies.check_boundary(org, account.id, boundary)
    user = User(name, path, org.make_id("AIDA"), arn, call.now, tags=dict(tags), boundary=boundary or "")
    account.users[name.lower()] = user
    return {"User": _describe(user)}


def get_user(org: Organization, call: Call) -> dict[str, Any]:
    """GetUser; without a name, the caller."""
    user = _user(org, call, "iam:GetUser", optional=True)
    found = _describe(user)
    if user.boundary:
        found["PermissionsBoundary"] = {
            "PermissionsBoundaryType": "Policy",
            "PermissionsBoundaryArn": user.boundary,
        }
    if user.tags:
        found["Tags"] = written(user.tags)
    return {"User": found}


def list_users(org: Organization, call: Call) -> dict[str, Any]:
    """ListUsers, a page at a time."""
    check = Checker(call.params)
    account = org.account(call.principal.account)
    authority.require(org, call, "iam:ListUsers", f"arn:aws:iam::{account.id}:user/", {})
    users = sorted(account.users.values(), key=lambda user: user.name.lower())
    return page(check, "Users", [_describe(user) for user in users])


def delete_user(org: Organization, call: Call) -> None:
    """DeleteUser; refused while the user has keys, policies or a device."""
    user = _user(org, call, "iam:DeleteUser")
    account = org.account(call.principal.account)
    busy: Sequence[tuple[object, str]] = (
        (user.keys, "access keys"),
        (user.inline, "policies"),
        (user.attached, "policies"),
        (org.device_of(account.id, user.name), "MFA device"),
    )
    for there, what in busy:
        if there:
            raise Refusal("DeleteConflict", f"Cannot delete entity, must delete {what} first.", 409)
    del account.users[user.name.lower()]


def create_access_key(org: Organization, call: Call) -> dict[str, Any]:
    """CreateAccessKey: the only answer that ever holds the secret."""
    user = _user(org, call, "iam:CreateAccessKey", optional=True)
    if len(user.keys) >= KEYS_PER_USER:
        raise Refusal("LimitExceeded", f"Cannot exceed quota for AccessKeysPerUser: {KEYS_PER_USER}", 409)
    key = AccessKey(org.make_key_id("AKIA"), org.make_secret(), call.principal.account, user.name, call.now)
    user.keys[key.id] = key
    org.users_by_key[key.id] = key
    return {"AccessKey": {**_describe_key(key), "SecretAccessKey": key.secret}}


def list_access_keys(org: Organization, call: Call) -> dict[str, Any]:
    """ListAccessKeys."""
    user = _user(org, call, "iam:ListAccessKeys", optional=True)
    keys = [_describe_key(key) for key in user.keys.values()]
    return {"UserName": user.name, **page(Checker(call.params), "AccessKeyMetadata", keys)}


def update_access_key(org: Organization, call: Call) -> None:
    """UpdateAccessKey: Active or Inactive."""
    key, _ = _key(org, call, "iam:UpdateAccessKey")
    status = call.params.get("Status")
    if status not in ("Active", "Inactive"):
        check = Checker(call.params)
        check.fault(status, "status", "satisfy enum value set: [Active, Inactive]")
        check.done()
    key.active = status == "Active"


def delete_access_key(org: Organization, call: Call) -> None:
    """DeleteAccessKey."""
    key, user = _key(org, call, "iam:DeleteAccessKey")
    del user.keys[key.id]
    del org.users_by_key[key.id]


def create_virtual_mfa_device(org: Organization, call: Call) -> dict[str, Any]:
    """CreateVirtualMFADevice: the answer holds the seed, once."""
    check = Checker(call.params)
    name = name_of(check, "VirtualMFADeviceName", 226)
    path = path_of(check)
    check.done()
    account = org.account(call.principal.account)
    serial = f"arn:aws:iam::{account.id}:mfa{path}{name}"
    authority.require(org, call, "iam:CreateVirtualMFADevice", serial, {})
    if serial in account.devices:
        raise already("MFADevice entity at the same path and name already exists.")
    device = MfaDevice(serial, account.id, org.make_seed())
    account.devices[serial] = device
    seed = base64.b64encode(totp.encode_seed(device.seed).encode()).decode()
    return {"VirtualMFADevice": {"SerialNumber": serial, "Base32StringSeed": seed}}


def enable_mfa_device(org: Organization, call: Call) -> None:
    """EnableMFADevice: two codes, one after the other, prove that the device is there."""
    check = Checker(call.params)
    serial = check.text(Text("SerialNumber", 9, 256, rules.SERIAL, required=True)) or ""
    codes = [
        check.text(Text(f"AuthenticationCode{number}", 6, 6, rules.DIGITS, required=True)) or "" for number in (1, 2)
    ]
    check.done()
    user = _user(org, call, "iam:EnableMFADevice")
    device = org.account(call.principal.account).devices.get(serial)
    if device is None:
        raise missing(f"VirtualMFADevice with serial number {serial} does not exist.")
    if device.user:
        raise already("MFA Device is already in use.")
    here = totp.counter(call.now)
    for step in range(here - ENABLE_DRIFT, here + ENABLE_DRIFT):
        if [totp.code_of(device.seed, step), totp.code_of(device.seed, step + 1)] == codes:
            device.spent |= {step, step + 1}
            device.user, device.enabled = user.name, call.now
            return
    raise Refusal("InvalidAuthenticationCode", "Authentication code for device is not valid.", 403)


def deactivate_mfa_device(org: Organization, call: Call) -> None:
    """DeactivateMFADevice."""
    user = _user(org, call, "iam:DeactivateMFADevice")
    device = org.account(call.principal.account).devices.get(str(call.params.get("SerialNumber")))
    if device is None or device.user != user.name:
        raise missing("MFA Device invalid for user.")
    device.user, device.enabled = "", 0.0


def list_mfa_devices(org: Organization, call: Call) -> dict[str, Any]:
    """ListMFADevices."""
    user = _user(org, call, "iam:ListMFADevices", optional=True)
    devices = [
        {"UserName": user.name, "SerialNumber": device.serial, "EnableDate": iso(device.enabled)}
        for device in org.account(call.principal.account).devices.values()
        if device.user == user.name
    ]
    return page(Checker(call.params), "MFADevices", devices)


def tag_user(org: Organization, call: Call) -> None:
    """TagUser."""
    check = Checker(call.params)
    tags = check.tags()
    check.done()
    _user(org, call, "iam:TagUser", context=authority.tag_context(tags)).tags.update(tags)


def _user(
    org: Organization,
    call: Call,
    action: str,
    *,
    optional: bool = False,
    context: dict[str, authority.ContextValue] | None = None,
) -> User:
    """Return the user that a call names, once the caller may; where ``optional``, the caller itself if none is."""
    check = Checker(call.params)
    name = check.text(Text("UserName", 1, 128, rules.IAM_NAME, required=not optional))
    check.done()
    account: Account = org.account(call.principal.account)
    if name is None:
        own = org.user(call.principal.owner)
        if own is None:
            raise Refusal("ValidationError", "Must specify userName when calling with non-User credentials")
        name = own.name
    user = account.users.get(name.lower())
    arn = user.arn if user else f"arn:aws:iam::{account.id}:user/{name}"
    authority.require(org, call, action, arn, context or {})
    if user is None or user.name != name:
        raise missing(f"The user with name {name} cannot be found.")
    return user


def _key(org: Organization, call: Call, action: str) -> tuple[AccessKey, User]:
    check = Checker(call.params)
    key_id = check.text(Text("AccessKeyId", 16, 128, r"[\w]+", required=True)) or ""
    check.done()
    user = _user(org, call, action, optional=True)
    key = user.keys.get(key_id)
    if key is None:
        raise missing(f"The Access Key with id {key_id} cannot be found.")
    return key, user


def _describe(user: User) -> dict[str, Any]:
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": iso(user.created),
    }


def _describe_key(key: AccessKey) -> dict[str, str]:
    status = "Active" if key.active else "Inactive"
    return {"UserName": key.user, "AccessKeyId": key.id, "Status": status, "CreateDate": iso(key.created)}


ACTIONS: Final = {
    "CreateUser": create_user,
    "GetUser": get_user,
    "ListUsers": list_users,
    "DeleteUser": delete_user,
    "TagUser": tag_user,
    "CreateAccessKey": create_access_key,
    "ListAccessKeys": list_access_keys,
    "UpdateAccessKey": update_access_key,
    "DeleteAccessKey": delete_access_key,
    "CreateVirtualMFADevice": create_virtual_mfa_device,
    "EnableMFADevice": enable_mfa_device,
    "DeactivateMFADevice": deactivate_mfa_device,
    "ListMFADevices": list_mfa_devices,
    **iam_roles.ACTIONS,
    **iam_policies.ACTIONS,
}
