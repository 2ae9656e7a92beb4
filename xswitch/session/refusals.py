"""AWS's refusals, in xswitch's errors: what AWS said, who can mend it, and what to do.

Codes and texts are those of the STS API reference ("Common errors", and each action's own) and of the IAM User Guide
("Troubleshoot access denied error messages", for the policy types that AWS names). What AWS does not tell is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from xswitch.aws.client import CLOCK
from xswitch.aws.query import Refusal
from xswitch.errors import Denied, Side, Unreachable, WrongCode, XswitchError
from xswitch.text import clean, say_duration

SKEW_ALLOWED: Final = 900
"""Seconds that STS lets a signature be off, as its own message says: a mismatch beyond that is the clock's fault."""
EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException"})
UNKNOWN_KEY: Final = frozenset({"InvalidClientTokenId", "UnrecognizedClientException"})
SIDES: Final[Mapping[str, Side]] = {
    "resource control policy": "role",
    "resource-based policy": "role",
    "role trust policy": "role",
    "service control policy": "caller",
    "identity-based policy": "caller",
    "permissions boundary": "caller",
    "session policy": "caller",
    "VPC endpoint policy": "caller",
}
"""The types of policy that AWS names in a denial, and who can mend one of that type."""
_TOLD_BACK: Final = re.compile("the canonical string|the string-to-sign", re.IGNORECASE)
_CAUSE: Final = re.compile(r"because\s+no\b|with\s+an\s+explicit\s+deny\b")


class DurationRefused(Denied):
    """More seconds were asked for than AWS gives; ``chain`` where it named the limit of role chaining."""

    def __init__(self, message: str, hint: str = "", *, chain: bool, aws_message: str, request_id: str) -> None:
        super().__init__(
            message, hint, aws_code="ValidationError", aws_message=aws_message, request_id=request_id, side="request"
        )
        self.chain = chain


class Cause(NamedTuple):
    """What AWS says denied: a type of policy, one of SIDES, by an explicit deny or for want of one that allows."""

    policy: str
    explicit: bool
    side: Side


def cause_of(message: str) -> Cause | None:
    """Return the cause that the message of an AccessDenied names, or None. Nothing before the cause's words counts."""
    found = _CAUSE.search(message)
    if found is None:
        return None
    cause = " ".join(message[found.start() :].split())
    explicit = found[0].startswith("with")
    return next((Cause(policy, explicit, side) for policy, side in SIDES.items() if policy in cause), None)


def side_of(message: str) -> Side:
    """Return who can mend an AccessDenied, by the policy type that AWS names; ``unknown`` where it names none."""
    cause = cause_of(message)
    return cause.side if cause else "unknown"


def error_of(refusal: Refusal, *, doing: str, identity: str) -> XswitchError:
    """Return the error for an answer of STS.

    ``doing`` completes "the request for …"; ``identity`` is whose keys signed it.
    """
    if refusal.throttled:
        return Unreachable(f"AWS kept throttling the request for {doing}", "wait a little, then try again")
    refusal = refusal._replace(message=_told(refusal.message))
    if refusal.status >= 500 or not refusal.code or refusal.code.isdigit():
        return Unreachable(
            f"AWS answered {refusal.status or 'nothing'} to the request for {doing}",
            "try again; the AWS Health Dashboard tells whether the region is in trouble",
        )
    if refusal.code == "AccessDenied":
        return _accessdenied(refusal, doing)
    if refusal.code == "ValidationError" and "DurationSeconds exceeds" in refusal.message:
        chain = "role chaining" in refusal.message
        return DurationRefused(
            f"AWS gives {'a chain' if chain else 'this role'} less time than asked for",
            "ask for --duration 1h",
            chain=chain,
            aws_message=clean(refusal.message),
            request_id=clean(refusal.request_id),
        )
    message, hint, side = _words(refusal, doing, identity)
    return denied(refusal, message, hint, side)


def denied(
    refusal: Refusal, message: str, hint: str, side: Side, kind: type[Denied] = Denied, target: str = ""
) -> Denied:
    """Return the error for a refusal: ``message`` and ``hint`` are ours, the rest is AWS's own, made safe to show."""
    return kind(
        message,
        hint,
        aws_code=clean(refusal.code),
        aws_message=clean(refusal.message),
        request_id=clean(refusal.request_id),
        side=side,
        target=target,
    )


def _told(message: str) -> str:
    """Leave out the request that AWS tells back with a signature that it refuses: its headers hold the token."""
    found = _TOLD_BACK.search(message)
    return message if found is None else message[: found.start()].strip()


def _accessdenied(refusal: Refusal, doing: str) -> Denied:
    said = refusal.message
    if "invalid MFA one time pass code" in said:
        return denied(refusal, "AWS did not accept the MFA code", "type the next code", "request", WrongCode)
    if "unable to validate MFA code" in said:
        hint = (
            "check mfa_serial of the identity: `aws iam list-mfa-devices` has the right one; FIDO keys can't serve STS"
        )
        return denied(refusal, "AWS does not know the MFA device, or it isn't this user's", hint, "request")
    if "MultiFactorAuthentication failed" in said:
        return denied(refusal, "AWS did not accept the MFA data", "check mfa_serial of the identity", "request")
    side = side_of(said)
    hint = "both sides have to allow it: the caller's own policies, and the role's trust policy"
    for action in ("sts:TagSession", "sts:SetSourceIdentity"):
        if f"perform: {action}" in said:
            hint = f"the role's trust policy and the caller's policies have to allow {action} as well"
    return denied(refusal, f"AWS denied {doing}{_because(said)}", hint, side)


def _because(message: str) -> str:
    found = _CAUSE.search(message)
    return f", {clean(message[found.start() :]).strip()}" if found else ""


def _words(refusal: Refusal, doing: str, identity: str) -> tuple[str, str, Side]:
    """Return message, hint and side for what is neither AccessDenied nor the network's fault."""
    who = clean(identity)
    if refusal.code in EXPIRED:
        return f"the session of {who} has expired", f"log in again where {who} gets its keys", "caller"
    if refusal.code in UNKNOWN_KEY:
        hint = f"it may be deactivated or deleted in IAM; `xswitch identity add {who}` takes another"
        return f"AWS does not know the access key of {who}", hint, "caller"
    if refusal.code in CLOCK:
        return _signature(refusal, who)
    if refusal.code == "RegionDisabledException":
        return (
            f"STS is switched off in that region for the account of {doing}",
            "give --region with another one, or let an administrator activate it in IAM",
            "request",
        )
    if refusal.code == "PackedPolicyTooLarge":
        return (
            "AWS finds the session policy and tags too large together",
            "shorten the policy or send fewer tags",
            "request",
        )
    return f"AWS refused {doing}: {clean(refusal.message).strip() or clean(refusal.code)}", "", "request"


def _signature(refusal: Refusal, who: str) -> tuple[str, str, Side]:
    """Tell a clock that is off from a wrong secret."""
    timed = (
        "Signature expired" in refusal.message
        or "not yet current" in refusal.message
        or refusal.code.startswith("Request")
    )
    if refusal.skew is not None and abs(refusal.skew) > (60 if timed else SKEW_ALLOWED):
        way = "behind" if refusal.skew > 0 else "ahead"
        message = f"AWS refused the signature: this machine's clock is {say_duration(abs(refusal.skew))} {way}"
        return message, "set the clock, then try again", "request"
    if timed:
        return "AWS refused the signature: this machine's clock is off", "set the clock, then try again", "request"
    hint = f"`xswitch identity add {who}` takes the right secret access key"
    return f"AWS refused the signature: the secret of {who} is not the one of its access key", hint, "caller"
