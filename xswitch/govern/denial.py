"""Why a switch was denied, as far as it can be told from AWS's answer and from what was sent.

AWS names the policy type that denied only at times (IAM User Guide, "Troubleshoot access denied error messages"), and
answers the same for a role that does not exist as for one that does not trust the caller. What can't be told is said
to be unknown; nothing here guesses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from xswitch.errors import Denied, Side
from xswitch.session.model import Hop, Plan
from xswitch.session.refusals import cause_of
from xswitch.text import clean

Verdict = Literal["allows", "denies", "can't be told"]
State = Literal["ok", "no", "unknown"]


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a side: what was looked at, how it stands, and a few words."""

    state: State
    name: str
    words: str


@dataclass(frozen=True, slots=True)
class SideView:
    """One side of the handshake: its verdict, where that is known from, and its checks."""

    verdict: Verdict
    known_from: str
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop on the wire from the identity to the target; ``note`` is its second line."""

    name: str
    note: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A denial, explained. ``broken_after`` is the index in ``wire`` of the last stop that was reached.

    ``change`` is the smallest change that would mend it, in sentences; ``at`` is epoch seconds. Every text is already
    safe to show.
    """

    target: str
    sentence: str
    sure: str
    aws_code: str
    aws_message: str
    request_id: str
    at: float
    wire: tuple[Stop, ...]
    broken_after: int
    caller: SideView
    role: SideView
    change_title: str
    change: tuple[str, ...]


_CHECKS: Final[Mapping[str, tuple[str, str, str]]] = {
    "identity-based policy": (
        "identity policy", "in one of the caller's policies", "none of the caller's policies allows it",
    ),
    "service control policy": (
        "SCP", "a service control policy of the organization denies",
        "no service control policy of the organization allows it",
    ),
    "permissions boundary": (
        "boundary", "the permissions boundary denies", "the permissions boundary does not allow it",
    ),
    "session policy": ("session policy", "the session policy denies", "the session policy does not allow it"),
    "VPC endpoint policy": (
        "VPC endpoint", "the policy of the VPC endpoint denies", "the policy of the VPC endpoint does not allow it",
    ),
    "resource control policy": (
        "RCP", "a resource control policy denies", "no resource control policy allows it",
    ),
    "resource-based policy": ("trust policy", "denies this caller", "does not allow this caller"),
    "role trust policy": ("trust policy", "denies this caller", "does not allow this caller"),
}  # fmt: skip
"""By the type of policy that AWS names: the check that it decides, and the words for a deny and for want of an allow.
"""


def blame(message: str) -> tuple[Side, str, str]:
    """Return which side a message of AWS blames, the check and its words; ("unknown", "", "") where it says nothing."""
    cause = cause_of(message)
    if cause is None:
        return "unknown", "", ""
    check, denies, wanting = _CHECKS[cause.policy]
    if cause.explicit and cause.policy == "identity-based policy":
        check = "explicit deny"
    return cause.side, check, denies if cause.explicit else wanting


def smallest_change(denied: Denied, plan: Plan) -> str:
    """Return the smallest change that would mend a denial, in a line, where AWS named what of the caller denied.

    Else the denial's own hint: a change that might not mend it is none.
    """
    side, check, _ = blame(denied.aws_message)
    if side != "caller" or "perform: sts:AssumeRole " not in denied.aws_message:
        return denied.hint
    hop = _refused(plan, denied)
    if hop is not None and hop.kind == "portal":
        return denied.hint
    return " ".join(_change(side, check, hop, plan)[1])


def explain(denied: Denied, plan: Plan, *, now: float) -> Explanation:
    """Explain a denial. ``denied.target`` names the hop that was refused; the plan's target where it is empty."""
    side, check, words = blame(denied.aws_message)
    if side == "unknown":
        side = denied.side
    stops, broken = _wire(plan, denied)
    hop = _refused(plan, denied)
    assigned = hop is not None and hop.kind == "portal"
    if hop is not None and assigned:
        caller, role, (title, change) = _assignment(side, hop)
    else:
        caller, role = _caller(side, check, words, hop), _role(side, check, words, hop)
        title, change = _change(side, check, hop, plan)
    return Explanation(
        target=clean(plan.target.name),
        sentence=clean(denied.message),
        sure="AWS said which side" if check or assigned else "AWS did not say which side",
        aws_code=clean(denied.aws_code),
        aws_message=clean(denied.aws_message),
        request_id=clean(denied.request_id),
        at=now,
        wire=stops,
        broken_after=broken,
        caller=caller,
        role=role,
        change_title=title,
        change=change,
    )


def _refused(plan: Plan, denied: Denied) -> Hop | None:
    for hop in plan.hops:
        if hop.target == (denied.target or plan.target.name):
            return hop
    return plan.hops[-1] if plan.hops else None


def _wire(plan: Plan, denied: Denied) -> tuple[tuple[Stop, ...], int]:
    who = plan.caller.user or plan.identity.name
    kind = {
        "keys": "IAM user",
        "profile": "profile",
        "process": "program",
        "sso": "login",
        "environment": "keys of the environment",
    }.get(plan.identity.kind, "")
    stops = [Stop(clean(who), clean(f"{kind or plan.identity.kind} in {plan.identity.name}"))]
    broken = 0
    for hop in plan.hops:
        if not hop.opens_role:
            continue
        last = hop is plan.hops[-1]
        stops.append(Stop(clean(hop.target), hop.account_id if last else "assumed first"))
        if denied.target and hop.target == denied.target:
            broken = len(stops) - 2
    return tuple(stops), broken if denied.target else len(stops) - 2


def _assignment(side: Side, hop: Hop) -> tuple[SideView, SideView, tuple[str, tuple[str, ...]]]:
    """Return both sides of a permission set that the portal refused, and what would mend it.

    There is no handshake: IAM Identity Center opens what was assigned to the person, and nothing else.
    """
    refused = side == "caller"
    name, account = clean(hop.permission_set), clean(hop.account_id)
    caller = SideView(
        "denies" if refused else "can't be told",
        "from AWS's answer",
        (Check("no" if refused else "unknown", "assignment", f"{name} in {account}"),),
    )
    role = SideView("can't be told", "not in AWS's answer", (Check("unknown", "permission set", name),))
    if not refused:
        return caller, role, ("in your catalog", ("The request itself was refused: mend what AWS names.",))
    return (
        caller,
        role,
        (
            "in IAM Identity Center, by its administrators",
            (f"Assign the permission set {name} in the account {account} to you, or to a group of yours.",),
        ),
    )


def _caller(side: Side, check: str, words: str, hop: Hop | None) -> SideView:
    verdict: Verdict = "denies" if side in ("caller", "both") else "can't be told"
    resource = clean(hop.role_arn.partition(":role/")[2]) if hop else ""
    checks = [
        Check("unknown", "action", "sts:AssumeRole" + (_more_actions(hop) if hop else "")),
        Check("unknown", "resource", f"role/{resource}"),
        Check("unknown", "identity policy", "can't be read from here"),
        Check("unknown", "boundary", "can't be read from here"),
        Check("unknown", "SCP", "can't be read from here"),
    ]
    return SideView(
        verdict,
        "from AWS's answer" if side == "caller" else "not in AWS's answer",
        _mark(checks, side, check, words, "caller"),
    )


def _role(side: Side, check: str, words: str, hop: Hop | None) -> SideView:
    verdict: Verdict = "denies" if side in ("role", "both") else "can't be told"
    checks: list[Check] = [Check("unknown", "trust policy", "can't be read from here")]
    if hop is not None:
        checks += [
            Check("unknown", "external id", "sent" if hop.external_id is not None else "none was sent"),
            Check("unknown", "MFA", "sent with this call" if hop.mfa_serial else "not sent with this call"),
            Check("unknown", "source id", clean(hop.source_identity) or "none was sent"),
            Check("unknown", "tags", f"{len(hop.tags)} sent" if hop.tags else "none were sent"),
        ]
    known = "from AWS's answer" if side == "role" else "not in AWS's answer"
    return SideView(verdict, known, _mark(checks, side, check, words, "role"))


def _mark(checks: list[Check], side: Side, check: str, words: str, which: Side) -> tuple[Check, ...]:
    """Put the decided check in its place, or at the end where it has none yet."""
    if side != which or not check:
        return tuple(checks)
    decided = Check("no", check, words)
    kept = [decided if known.name == check else known for known in checks]
    return tuple(kept if decided in kept else [*kept, decided])


def _more_actions(hop: Hop) -> str:
    return (", sts:TagSession" if hop.tags else "") + (", sts:SetSourceIdentity" if hop.source_identity else "")


def _change(side: Side, check: str, hop: Hop | None, plan: Plan) -> tuple[str, tuple[str, ...]]:
    role = clean(hop.role_arn) if hop else clean(plan.target.arn)
    if side == "caller" and check in ("SCP", "boundary"):
        what = "service control policy" if check == "SCP" else "permissions boundary"
        return "in AWS, by its administrators", (
            f"A {what} stands above every policy of the caller.",
            "Ask whoever keeps it.",
        )
    if side == "caller":
        return "in the caller's account", (f"Let the caller's policy allow sts:AssumeRole on {role}.",)
    if side == "request":
        return "in your catalog", ("The request itself was refused: mend what AWS names.",)
    lines = [f"Is it there at all? AWS answers the same for a role that does not exist: {role}"]
    if hop is not None and hop.external_id is None:
        lines.append("Does its trust policy want an external id? None was sent: external_id in the catalog.")
    if hop is not None and not hop.mfa_serial:
        lines.append("Does it want MFA? No code went with this call: mfa = true in the catalog.")
    if hop is not None and not hop.source_identity:
        lines.append("Does it want a source identity? None was sent: source_identity in the catalog.")
    lines.append("Else its trust policy does not name the caller: ask the account's owner.")
    return "what to look at, in this order", tuple(lines)
