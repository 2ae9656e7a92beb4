"""The words for why a decision fell, and AWS's own text for it."""

from __future__ import annotations

from typing import Final, Literal

from xswitch.policy.conditions import Unmet
from xswitch.policy.model import Finding, Where

TAG_SESSION: Final = "sts:TagSession"
SET_SOURCE_IDENTITY: Final = "sts:SetSourceIdentity"

DENIED_BY: Final[dict[Where, str]] = {
    "identity": "explicit-deny-identity",
    "boundary": "boundary",
    "session": "session-policy",
    "scp": "scp",
    "trust": "explicit-deny-trust",
    "rcp": "rcp",
}
"""The cause of an explicit Deny, by where it stands."""

_BY_KEY: Final = {
    "sts:rolesessionname": "session-name",
    "sts:transitivetagkeys": "transitive-tag-keys",
    "aws:tagkeys": "tag-keys",
    "aws:multifactorauthpresent": "mfa-absent",
    "aws:currenttime": "date",
    "aws:epochtime": "date",
    "aws:tokenissuetime": "token-issue-time",
    "aws:sourceip": "source-ip",
    "aws:principalarn": "principal-arn",
    "aws:principalaccount": "principal-account",
    "aws:principaltype": "principal-type",
    "aws:principalorgid": "org-id",
    "aws:principalorgpaths": "org-path",
    "aws:username": "user-name",
    "aws:userid": "user-id",
    "aws:requestedregion": "region",
}
_BY_PREFIX: Final = {
    "aws:principaltag/": "principal-tag",
    "aws:requesttag/": "request-tag",
    "aws:resourcetag/": "resource-tag",
    "iam:resourcetag/": "resource-tag",
}
_SILENT: Final = {
    "identity": "because no identity-based policy allows the {action} action",
    "boundary": "because no permissions boundary allows the {action} action",
    "session": "because no session policy allows the {action} action",
    "scp": "with an explicit deny in a service control policy",
}
_EXPLICIT: Final = {
    "identity": "with an explicit deny in an identity-based policy",
    "boundary": "with an explicit deny in a permissions boundary",
    "session": "with an explicit deny in a session policy",
    "scp": "with an explicit deny in a service control policy",
    "trust": "with an explicit deny in the role trust policy",
    "rcp": "with an explicit deny in a resource control policy",
}


def of_condition(unmet: Unmet) -> str:
    """Return the cause that an unmet condition of a trust policy stands for."""
    key = unmet.key.lower()
    if key == "sts:externalid":
        if unmet.missing:
            return "external-id-missing"
        return "external-id-unexpected" if unmet.operator.lower() == "null" else "external-id-different"
    if key in ("sts:sourceidentity", "aws:sourceidentity"):
        return "source-identity-missing" if unmet.missing else "source-identity-different"
    if key == "aws:multifactorauthage":
        return "mfa-absent" if unmet.missing else "mfa-too-old"
    prefix, slash, _ = key.partition("/")
    return _BY_PREFIX.get(prefix + slash) or _BY_KEY.get(key, "trust-condition")


def of_silent_identity(action: str, unmet: tuple[Unmet, ...]) -> tuple[str, ...]:
    """Return the causes where the caller's own policies don't allow an action, the deciding one first."""
    conditions = tuple(dict.fromkeys(of_condition(found) for found in unmet))
    if action == SET_SOURCE_IDENTITY:
        return ("set-source-identity-caller", *conditions)
    if action == TAG_SESSION:
        return ("tag-session", *conditions)
    mfa = tuple(cause for cause in conditions if cause in ("mfa-absent", "mfa-too-old"))
    if unmet:
        rest = tuple(cause for cause in conditions if cause not in mfa and cause != "trust-condition")
        return (*mfa, "identity-condition", *rest)
    return ("no-identity-allow",)


def ending(finding: Finding, *, same_account: bool) -> str:
    """Return how AWS's text goes on after the resource ("Troubleshoot access denied error messages").

    AWS names the caller's own policies. Of the role's account it tells a stranger nothing, and of a trust policy that
    is silent it tells nobody, so that a role that does not exist answers as one that does not trust you. An SCP is
    always said to deny explicitly.
    """
    table = _EXPLICIT if finding.effect == "deny" else _SILENT
    if finding.where in ("trust", "rcp") and not same_account:
        return ""
    text = table.get(finding.where, "")
    return " " + text.format(action=finding.action) if text else ""


def not_authorized(arn: str, action: str, resource: str, finding: Finding | None, *, same_account: bool) -> str:
    """Return AWS's text for AccessDenied."""
    told = ending(finding, same_account=same_account) if finding else ""
    return f"User: {arn} is not authorized to perform: {action} on resource: {resource}{told}"


SideOf = Literal["caller", "role"]

SIDES: Final[dict[Where, SideOf]] = {
    "identity": "caller",
    "boundary": "caller",
    "session": "caller",
    "scp": "caller",
    "trust": "role",
    "rcp": "role",
}
"""Whose account can mend a policy of each kind."""
