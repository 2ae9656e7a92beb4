"""What the sandbox refuses with: AWS's own error codes, HTTP statuses and words.

Sources: "Common errors" of the STS, IAM and Organizations API references, and the answers of AWS itself.
"""

from __future__ import annotations

from typing import Final

NOT_ALLOWED: Final = "User: {caller} is not authorized to perform: {action} on resource: {resource}"
BAD_CODE: Final = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
BAD_DEVICE: Final = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  "
    "Please verify your MFA serial number is valid and associated with this user."
)
HALF_MFA: Final = "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
OVER_MAXIMUM: Final = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
OVER_CHAIN: Final = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
ROOT_MAY_NOT: Final = "Roles may not be assumed by root accounts."
SESSION_MAY_NOT: Final = "Cannot call {action} with session credentials"
UNKNOWN_KEY: Final = "The security token included in the request is invalid."
ENDED_SESSION: Final = "The security token included in the request is expired"
WRONG_SIGNATURE: Final = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
REGION_DISABLED: Final = (
    "STS is not activated in this region for account:{account}. Your account administrator can activate STS in this "
    "region using the IAM Console."
)
PACKED_TOO_LARGE: Final = "Packed policy consumes {percent}% of allotted space, please use smaller policy."
INTERNAL: Final = "The request processing has failed because of an unknown error, exception or failure."


class Refusal(Exception):
    """A request refused: AWS's error ``code``, its ``message`` and the HTTP ``status`` it comes with."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def access_denied(message: str) -> Refusal:
    """Return the AccessDenied of STS and IAM (HTTP 403)."""
    return Refusal("AccessDenied", message, 403)


def not_authorized(caller: str, action: str, resource: str, because: str = "") -> Refusal:
    """Return AccessDenied in AWS's own sentence, with its reason where AWS gives one."""
    sentence = NOT_ALLOWED.format(caller=caller, action=action, resource=resource)
    return access_denied(f"{sentence} {because}" if because else sentence)


def invalid_token() -> Refusal:
    """Return InvalidClientTokenId: no such key, an inactive one, or not the token that came with it."""
    return Refusal("InvalidClientTokenId", UNKNOWN_KEY, 403)


def bad_signature(message: str = WRONG_SIGNATURE) -> Refusal:
    """Return SignatureDoesNotMatch, which is also how AWS answers to a clock that is off and to a wrong scope."""
    return Refusal("SignatureDoesNotMatch", message, 403)


def validation(message: str) -> Refusal:
    """Return ValidationError."""
    return Refusal("ValidationError", message, 400)
