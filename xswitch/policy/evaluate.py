"""Whether AWS lets a caller assume a role, or do anything else within its account.

The order is AWS's: the form of the request, then every policy (an explicit Deny anywhere wins), then the limits that
only a trusted caller is told of. The sources are the IAM User Guide's "Policy evaluation logic" and "Cross-account
policy evaluation logic", "Pass session tags in AWS STS", "Monitor and control actions taken with assumed roles", and
the Organizations User Guide on SCPs and RCPs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from xswitch.policy.causes import SET_SOURCE_IDENTITY, TAG_SESSION, not_authorized
from xswitch.policy.context import assume_role_context, caller_context, given_context
from xswitch.policy.findings import Seen, caller_findings, look, role_findings, within_account
from xswitch.policy.layers import Asked
from xswitch.policy.model import Caller, Decision, Document, Finding, Request, Role, Side
from xswitch.policy.request_checks import Refusal, duration_refusals, form_refusals
from xswitch.policy.validation import PolicyKind, malformed

_NEVER_DENIED = frozenset({"sts:getcalleridentity", "sts:getsessiontoken"})
"""Actions that need no permission, and that no policy can deny (STS API Reference)."""


def assume_role(caller: Caller, role: Role, request: Request) -> Decision:
    """Return what AWS answers to one call of AssumeRole. Never raises."""
    if refusals := form_refusals(request, caller):
        return _refused(refusals)
    if caller.kind == "root" or caller.principal_arn.endswith(":root"):
        return _barred("Roles may not be assumed by root accounts.", "root-user")
    if caller.kind == "federated":
        text = not_authorized(caller.arn, request.action, role.arn, None, same_account=True)
        return _barred(text, "federated-user")
    if unfit := _unfit(caller, role):
        return unfit
    seen = [look(caller, role, asked) for asked in _asked(caller, role, request)]
    if findings := _denials(caller, role, request, seen):
        return _denied(caller, role.arn, findings, same_account=caller.account == role.account)
    if refusals := duration_refusals(request, caller, role.max_session_duration):
        return _refused(refusals)
    return _allowed(caller, role, seen)


def authorize(caller: Caller, action: str, resource: str, context: Mapping[str, object] | None = None) -> Decision:
    """Return whether the caller's own policies allow an action on a resource of its own account. Never raises.

    :param context: condition keys of the request, a value or several each; they add to what the caller's own facts
        give and take precedence over them.
    """
    if action.lower() in _NEVER_DENIED:
        return Decision("allow", None, "", "no-permission-needed", "none")
    if unfit := _unfit(caller, None):
        return unfit
    asked = Asked(action, resource, caller_context(caller) | given_context(context or {}))
    if findings := within_account(caller, asked):
        return _denied(caller, resource, findings, same_account=True)
    return Decision("allow", None, "", "identity-allow", "none")


def _asked(caller: Caller, role: Role, request: Request) -> list[Asked]:
    """Return the actions that the call needs: tags and a source identity, sent or inherited, need their own."""
    context = assume_role_context(caller, role, request)
    actions = [request.action]
    if request.tags or caller.transitive_tags:
        actions.append(TAG_SESSION)
    if request.source_identity is not None or caller.source_identity is not None:
        actions.append(SET_SOURCE_IDENTITY)
    return [Asked(action, role.arn, context) for action in actions]


def _denials(caller: Caller, role: Role, request: Request, seen: list[Seen]) -> list[Finding]:
    """Return every reason of denial, explicit ones first; what already keeps AssumeRole out is said once."""
    found: list[Finding] = []
    told: set[str] = set()
    for one in seen:
        new = [*caller_findings(caller, role, one), *role_findings(role, one)]
        found.extend(finding for finding in new if finding.where not in told)
        told |= {finding.where for finding in new}
    if request.source_identity not in (None, caller.source_identity) and caller.source_identity is not None:
        found.append(Finding("request", SET_SOURCE_IDENTITY, "silent", "source-identity-changed", "request"))
    return sorted(found, key=lambda finding: finding.effect != "deny")


def _denied(caller: Caller, resource: str, findings: list[Finding], *, same_account: bool) -> Decision:
    causes = tuple(dict.fromkeys(finding.cause for finding in findings))
    first = findings[0]
    message = not_authorized(caller.arn, first.action, resource, first, same_account=same_account)
    side = _side(finding.side for finding in findings)
    return Decision("deny", "AccessDenied", message, causes[0], side, causes[1:], tuple(findings))


def _refused(refusals: tuple[Refusal, ...]) -> Decision:
    first = refusals[0]
    same = [refusal for refusal in refusals if refusal.code == first.code]
    causes = tuple(dict.fromkeys(refusal.cause for refusal in same))
    side = _side(refusal.side for refusal in same)
    findings = tuple(Finding("request", "sts:AssumeRole", "silent", one.cause, one.side) for one in same)
    return Decision("error", first.code, first.message, causes[0], side, causes[1:], findings)


def _barred(message: str, cause: str) -> Decision:
    """Deny root users and federated users, who can't call AssumeRole at all ("Compare AWS STS credentials")."""
    finding = Finding("request", "sts:AssumeRole", "deny", cause, "caller")
    return Decision("deny", "AccessDenied", message, cause, "caller", (), (finding,))


def _allowed(caller: Caller, role: Role, seen: list[Seen]) -> Decision:
    first = seen[0]
    causes = [reason for one in seen if one.trust for reason in one.trust.vacuous]
    direct = caller.account == role.account and bool(first.grants - {"account"})
    both = ["both-sides-allow"] if first.identity.effect == "allow" else []
    causes += both or ["same-account-principal-suffices"]
    if direct:
        causes.append("same-account-principal-suffices")
    ordered = tuple(dict.fromkeys(causes))
    return Decision("allow", None, "", ordered[0], "none", ordered[1:], first.allowing())


def _unfit(caller: Caller, role: Role | None) -> Decision | None:
    """Return an error where a document is one that AWS would not have saved: nothing is decided by it."""
    for side, kind, documents in _documents(caller, role):
        for document in documents:
            if found := malformed(document, kind):
                return Decision("error", "MalformedPolicyDocument", found[0], f"malformed-{kind}", side)
    return None


def _documents(caller: Caller, role: Role | None) -> Iterable[tuple[Side, PolicyKind, tuple[Document, ...]]]:
    boundary = () if caller.boundary is None else (caller.boundary,)
    yield "caller", "identity", (*caller.identity_policies, *boundary)
    yield "caller", "session", caller.session_policies
    yield from (("caller", "scp", level) for level in caller.scps)
    if role is not None:
        yield "role", "trust", () if role.trust is None or not role.exists else (role.trust,)
        yield from (("role", "rcp", level) for level in role.rcps)


def _side(sides: Iterable[Side]) -> Side:
    """Return who can mend all of it: the request's own part can be mended by whoever mends the rest."""
    found = set(sides)
    if "both" in found or {"caller", "role"} <= found:
        return "both"
    for side in ("caller", "role", "request"):
        if side in found:
            return side
    return "none"
