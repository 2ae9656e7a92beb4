"""Session policies: which documents a session gets, and how much of the packed space they take.

AWS packs the inline policy, the ARNs and the tags of a session into a binary form with a limit of its own, and says
only what share was used (AssumeRole, "PackedPolicySize"). Its form is not public: here it is DEFLATE, with 1,024 bytes.
"""

from __future__ import annotations

import json
import math
import zlib
from typing import TYPE_CHECKING, Any, Final

from xswitch import policy as rules_of_aws
from xswitch.policy import PolicyKind
from xswitch.sandbox.refusal import PACKED_TOO_LARGE, Refusal
from xswitch.sandbox.state import Document

if TYPE_CHECKING:
    from xswitch.sandbox.organization import Organization

PACKED_BYTES: Final = 1024
PLAIN_CHARACTERS: Final = 2048


def packed_percent(policy: str | None, arns: tuple[str, ...], tags: tuple[tuple[str, str], ...]) -> int | None:
    """Return the share of the packed space in percent, None where nothing was sent.

    Raises Refusal PackedPolicyTooLarge past it, or where policy and ARNs together exceed 2,048 characters.
    """
    if policy is None and not arns and not tags:
        return None
    plain = len(policy or "") + sum(map(len, arns))
    parts = [policy or "", *arns, *(f"{key}\x00{value}" for key, value in tags)]
    packed = len(zlib.compress("\x01".join(parts).encode(), 9))
    percent = max(
        math.ceil(100 * packed / PACKED_BYTES),
        math.ceil(100 * plain / PLAIN_CHARACTERS) if plain > PLAIN_CHARACTERS else 1,
    )
    if percent > 100:
        raise Refusal("PackedPolicyTooLarge", PACKED_TOO_LARGE.format(percent=percent))
    return percent


def read_policy(text: str, kind: PolicyKind) -> Document:
    """Return a policy document; raises Refusal MalformedPolicyDocument. ``kind`` is as xswitch.policy has it."""
    try:
        document: Any = rules_of_aws.parsed(text)
    except ValueError:
        raise Refusal("MalformedPolicyDocument", "This policy contains invalid Json") from None
    found = rules_of_aws.problems(document, kind)
    if found:
        raise Refusal("MalformedPolicyDocument", found[0])
    checked: Document = document
    return checked


def session_policies(
    org: Organization, account: str, policy: str | None, arns: tuple[str, ...]
) -> tuple[Document, ...] | None:
    """Return the documents that a session is limited to, None where none was sent.

    Managed policies must be of the session's own account, or AWS's. Raises Refusal.
    """
    if policy is None and not arns:
        return None
    found = [read_policy(policy, "session")] if policy is not None else []
    for arn in arns:
        managed = org.policy(arn)
        if managed is None or arn.split(":")[4] not in ("aws", account):
            raise Refusal(
                "ValidationError", f"The specified managed policy ARN {arn} does not exist or is not attachable."
            )
        found.append(json.loads(managed.document))
    return tuple(found)
