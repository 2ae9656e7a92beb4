"""Whose keys they are: GetCallerIdentity's answer, read.

The forms of the ARN are those of the IAM User Guide, "IAM identifiers" and "Principals": only the keys tell a user's
own from those that GetSessionToken made of them.
"""

from __future__ import annotations

from xswitch.session.model import Caller, CallerKind
from xswitch.session.sts import WhoAmI


def caller_from(identity: str, who: WhoAmI, *, temporary: bool, fingerprint: str) -> Caller:
    """Return the caller that AWS described. ``temporary`` tells whether a session token went with the keys."""
    resource = who.arn.split(":", 5)[5] if who.arn.count(":") >= 5 else ""
    kind: CallerKind = "unknown"
    if resource == "root":
        kind = "root"
    elif resource.startswith("user/"):
        kind = "session-token" if temporary else "user"
    elif resource.startswith("assumed-role/"):
        kind = "role"
    elif resource.startswith("federated-user/"):
        kind = "federated"
    user = resource.rpartition("/")[2]
    return Caller(identity, kind, who.arn, who.account_id, user, fingerprint)
