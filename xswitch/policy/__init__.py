"""IAM policy documents, pure: what AWS would decide about them, and which it would refuse to save.

Nothing here does I/O or reads a clock; every fact is an argument. The documents are parsed JSON.
"""

from xswitch.policy.documents import parsed
from xswitch.policy.evaluate import assume_role, authorize
from xswitch.policy.model import Caller, Decision, Document, Finding, Request, Role
from xswitch.policy.validation import PolicyKind, problems

__all__ = [
    "Caller",
    "Decision",
    "Document",
    "Finding",
    "PolicyKind",
    "Request",
    "Role",
    "assume_role",
    "authorize",
    "parsed",
    "problems",
]
