"""What STS refuses in a call of AssumeRole before it asks any policy (STS API Reference, AssumeRole)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from xswitch.policy.documents import parsed
from xswitch.policy.model import Caller, Request, Side
from xswitch.policy.validation import malformed

CHAIN_CAP: Final = 3600
"""The longest session, in seconds, that the keys of another session can get (IAM User Guide, role chaining)."""
DEFAULT_DURATION: Final = 3600
"""Seconds of a session where the request sends no duration."""

_LEAST, _MOST = 900, 43200
_NAME: Final = re.compile(r"[\w+=,.@-]*", re.ASCII)
_EXTERNAL_ID: Final = re.compile(r"[\w+=,.@:/-]*", re.ASCII)
_MAX_TAGS, _MAX_KEY, _MAX_VALUE = 50, 128, 256
_MAX_POLICY, _MAX_POLICY_ARNS = 2048, 10
_TAG_SIGNS: Final = frozenset("_.:/=+-@")
_TAG_PATTERN: Final = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that is invalid: AWS's code and text, the cause, and who can mend it."""

    code: str
    message: str
    cause: str
    side: Side = "request"


@dataclass(frozen=True, slots=True)
class _Fault:
    field: str
    value: str
    constraint: str
    cause: str

    def __str__(self) -> str:
        return f"Value '{self.value}' at '{self.field}' failed to satisfy constraint: {self.constraint}"


def form_refusals(request: Request, caller: Caller) -> tuple[Refusal, ...]:
    """Return what is wrong with the form of a request, whoever sends it; empty where nothing is."""
    faults = [*_text_faults(request), *_duration_faults(request), *_tag_faults(request), *_policy_faults(request)]
    found: list[Refusal] = []
    if faults:
        count = f"{len(faults)} validation error{'s' if len(faults) > 1 else ''} detected: "
        message = count + "; ".join(map(str, faults))
        found.extend(Refusal("ValidationError", message, fault.cause) for fault in faults)
    found.extend(_tag_conflicts(request, caller))
    found.extend(_policy_refusals(request))
    return tuple(found)


def duration_refusals(request: Request, caller: Caller, maximum: int) -> tuple[Refusal, ...]:
    """Return why the duration asked for is too long; AWS says so only to a caller who may assume the role.

    Keys of GetSessionToken are held to the hour too: AWS's page speaks of roles alone, its service caps both.
    """
    asked = request.duration if request.duration is not None else DEFAULT_DURATION
    found: list[Refusal] = []
    if asked > CHAIN_CAP and caller.kind in ("role-session", "session-token", "federated"):
        text = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        found.append(Refusal("ValidationError", text, "duration-over-chain-cap", "caller"))
    if request.duration is not None and asked > maximum:
        text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        found.append(Refusal("ValidationError", text, "duration-over-max", "role"))
    return tuple(found)


def _text_faults(request: Request) -> Iterator[_Fault]:
    pattern = r"[\w+=,.@-]*"
    yield from _text("roleSessionName", request.session_name, 64, _NAME, pattern, "session-name-invalid")
    external = r"[\w+=,.@:\/-]*"
    if request.external_id is not None:
        yield from _text("externalId", request.external_id, 1224, _EXTERNAL_ID, external, "external-id-invalid")
    if request.source_identity is not None:
        yield from _text("sourceIdentity", request.source_identity, 64, _NAME, pattern, "source-identity-invalid")


def _text(
    field: str, value: str, longest: int, form: re.Pattern[str], pattern: str, cause: str, least: int = 2
) -> Iterator[_Fault]:
    if len(value) < least:
        yield _Fault(field, value, f"Member must have length greater than or equal to {least}", cause)
    if len(value) > longest:
        yield _Fault(field, value, f"Member must have length less than or equal to {longest}", cause)
    if not form.fullmatch(value):
        yield _Fault(field, value, f"Member must satisfy regular expression pattern: {pattern}", cause)


def _duration_faults(request: Request) -> Iterator[_Fault]:
    if request.duration is None:
        return
    if request.duration < _LEAST:
        limit = f"Member must have value greater than or equal to {_LEAST}"
    elif request.duration > _MOST:
        limit = f"Member must have value less than or equal to {_MOST}"
    else:
        return
    yield _Fault("durationSeconds", str(request.duration), limit, "duration-out-of-range")


def _tag_faults(request: Request) -> Iterator[_Fault]:
    if len(request.tags) > _MAX_TAGS:
        limit = f"Member must have length less than or equal to {_MAX_TAGS}"
        yield _Fault("tags", "[" + ", ".join(request.tags) + "]", limit, "tags-too-many")
    for number, (key, value) in enumerate(request.tags.items(), 1):
        field = f"tags.{number}.member"
        if not key:
            yield _Fault(f"{field}.key", key, "Member must have length greater than or equal to 1", "tag-key-length")
        if len(key) > _MAX_KEY:
            limit = f"Member must have length less than or equal to {_MAX_KEY}"
            yield _Fault(f"{field}.key", key, limit, "tag-key-length")
        if len(value) > _MAX_VALUE:
            limit = f"Member must have length less than or equal to {_MAX_VALUE}"
            yield _Fault(f"{field}.value", value, limit, "tag-value-length")
        for part, text, sign in (("key", key, "+"), ("value", value, "*")):
            if not _is_tag_text(text):
                limit = f"Member must satisfy regular expression pattern: {_TAG_PATTERN}{sign}"
                yield _Fault(f"{field}.{part}", text, limit, f"tag-{part}-invalid")


def _is_tag_text(text: str) -> bool:
    import unicodedata

    return all(sign in _TAG_SIGNS or unicodedata.category(sign)[0] in "LZN" for sign in text)


def _tag_conflicts(request: Request, caller: Caller) -> Iterator[Refusal]:
    sent = [key.lower() for key in request.tags]
    if len(set(sent)) < len(sent):
        text = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        yield Refusal("InvalidParameterValue", text, "tags-duplicate")
    if any(key.lower() not in sent for key in request.transitive_tag_keys):
        text = "The specified transitive tag key must be included in the requested tags."
        yield Refusal("InvalidParameterValue", text, "transitive-tag-keys-invalid")
    if {key.lower() for key in caller.transitive_tags} & set(sent):
        text = (
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key "
            "from the calling session."
        )
        yield Refusal("InvalidParameterValue", text, "tag-inherited")


def _policy_faults(request: Request) -> Iterator[_Fault]:
    if isinstance(request.policy, str) and not 1 <= len(request.policy) <= _MAX_POLICY:
        bound = f"less than or equal to {_MAX_POLICY}" if request.policy else "greater than or equal to 1"
        yield _Fault("policy", request.policy, f"Member must have length {bound}", "session-policy-length")
    if len(request.policy_arns) > _MAX_POLICY_ARNS:
        limit = f"Member must have length less than or equal to {_MAX_POLICY_ARNS}"
        yield _Fault("policyArns", "[" + ", ".join(request.policy_arns) + "]", limit, "session-policy-arns")


def _policy_refusals(request: Request) -> Iterator[Refusal]:
    """Check the session policy sent: it limits the session to come, not this call, but has to be a valid document."""
    document: object = request.policy
    if isinstance(document, str):
        try:
            document = parsed(document)
        except ValueError:
            yield Refusal("MalformedPolicyDocument", "This policy contains invalid Json", "malformed-session-policy")
            return
    if document is not None and (found := malformed(document, "session")):
        yield Refusal("MalformedPolicyDocument", found[0], "malformed-session-policy")
