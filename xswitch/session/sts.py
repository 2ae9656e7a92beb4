"""The calls of AWS that a switch needs: three of STS, and one of IAM that tells how long a role may be had."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, Protocol

from xswitch.aws.client import ATTEMPTS, LIMITS, Client
from xswitch.aws.dates import of_iso
from xswitch.aws.http import Limits
from xswitch.aws.query import Answer, Refusal, Value
from xswitch.aws.words import not_aws
from xswitch.credentials import Credentials
from xswitch.errors import Unreachable
from xswitch.secret import Secret
from xswitch.session.model import Hop
from xswitch.session.refusals import error_of
from xswitch.text import clean

COURTESY: Final = Limits(connect=2.0, answer=3.0)
"""Seconds for a call that a switch can do without."""


class Issued(NamedTuple):
    """What STS answered: credentials, and for AssumeRole the ARN of the session."""

    credentials: Credentials
    arn: str
    request_id: str
    source_identity: str


class WhoAmI(NamedTuple):
    """GetCallerIdentity's answer."""

    arn: str
    account_id: str
    user_id: str


class Sts(Protocol):
    """The calls that a switch needs. Each blocks, and raises Denied or Unreachable."""

    @property
    def endpoint(self) -> str:
        """The address that stands in for AWS's own, "" for none."""

    @property
    def skew(self) -> float | None:
        """Seconds that the server's clock is ahead of ours, as its last answer had it."""

    def issue(
        self,
        hop: Hop,
        credentials: Credentials,
        *,
        identity: str,
        partition: str,
        region: str = "",
        external_id: Secret | None = None,
        code: Secret | None = None,
    ) -> Issued:
        """Make the call of ``hop``. A call with a code is tried once: a code must not be sent twice."""

    def who_am_i(self, credentials: Credentials, *, identity: str, partition: str = "", region: str = "") -> WhoAmI:
        """Ask whose ``credentials`` are."""

    def role_maximum(
        self, credentials: Credentials, role_arn: str, *, partition: str = "", region: str = ""
    ) -> int | None:
        """Return the role's MaxSessionDuration in seconds (IAM GetRole), None where AWS does not let it be read.

        Only a session in the role's own account can read it. One short attempt. Raises Unreachable.
        """


class StsClient:
    """The calls, through ``client``. Safe for threads. ``note`` is told what a person may want to know of one."""

    def __init__(
        self,
        client: Client,
        *,
        attempts: int = ATTEMPTS,
        limits: Limits = LIMITS,
        note: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._client = client
        self._attempts = attempts
        self._limits = limits
        self._note = note

    @property
    def endpoint(self) -> str:
        """The address that stands in for AWS's own, "" for none."""
        return self._client.endpoints.override("sts")

    @property
    def skew(self) -> float | None:
        """Seconds that the server's clock is ahead of ours, as its last answer had it; None before the first."""
        return self._client.skew

    def issue(
        self,
        hop: Hop,
        credentials: Credentials,
        *,
        identity: str,
        partition: str,
        region: str = "",
        external_id: Secret | None = None,
        code: Secret | None = None,
    ) -> Issued:
        """Make the call of ``hop`` with ``credentials``. Raises Denied, Unreachable, Usage for an unknown region.

        A region where STS is switched off is answered for by its partition's main one, whose sessions hold everywhere.
        """
        action, parameters, doing = _request(hop, external_id, code)
        attempts = 1 if code is not None else self._attempts
        answer = self._call(action, parameters, credentials, doing, identity, partition, region, attempts)
        return _issued(answer, doing)

    def who_am_i(self, credentials: Credentials, *, identity: str, partition: str = "", region: str = "") -> WhoAmI:
        """Ask whose ``credentials`` are (GetCallerIdentity). Raises Denied, Unreachable, Usage."""
        doing = f"the name behind {clean(identity)}"
        answer = self._call("GetCallerIdentity", {}, credentials, doing, identity, partition, region, self._attempts)
        found = answer.fields
        if not (found.get("Arn") and found.get("Account")):
            raise not_aws(doing)
        return WhoAmI(found["Arn"], found["Account"], found.get("UserId", ""))

    def role_maximum(
        self, credentials: Credentials, role_arn: str, *, partition: str = "", region: str = ""
    ) -> int | None:
        """Return the role's MaxSessionDuration in seconds (IAM GetRole), None where AWS does not let it be read.

        One short attempt: it is a call that a switch can do without. Raises Unreachable, Usage.
        """
        doing = f"the longest session of {clean(role_arn)}"
        answer = self._client.call(
            "iam",
            "GetRole",
            {"RoleName": role_arn.rpartition("/")[2]},
            credentials,
            region=self._client.endpoints.region_for(partition, region),
            doing=doing,
            attempts=1,
            limits=COURTESY,
        )
        if isinstance(answer, Refusal):
            error = error_of(answer, doing=doing, identity="")
            if isinstance(error, Unreachable):
                raise error
            return None
        longest = answer.fields.get("Role.MaxSessionDuration", "")
        if not (longest.isascii() and longest.isdigit() and len(longest) < 7):
            raise not_aws(doing)
        return int(longest)

    def _call(
        self,
        action: str,
        parameters: Mapping[str, Value],
        credentials: Credentials,
        doing: str,
        identity: str,
        partition: str,
        region: str,
        attempts: int,
    ) -> Answer:
        """Call STS in ``region``, and in the partition's main one where it is switched off there."""
        first = self._client.endpoints.region_for(partition, region)
        main = self._client.endpoints.main_region(partition or "aws")
        place = first
        while True:
            answer = self._client.call(
                "sts",
                action,
                parameters,
                credentials,
                region=place,
                doing=doing,
                attempts=attempts,
                limits=self._limits,
            )
            if isinstance(answer, Answer):
                return answer
            if answer.code != "RegionDisabledException" or place == main:
                raise error_of(answer, doing=doing, identity=identity)
            self._note(f"STS is switched off in {clean(place)}; {main} answers in its place")
            place = main


def _request(hop: Hop, external_id: Secret | None, code: Secret | None) -> tuple[str, dict[str, Value], str]:
    """Return the action, its parameters and what it does in words."""
    sent: dict[str, Value] = {"DurationSeconds": hop.duration}
    if code is not None:
        sent |= {"SerialNumber": hop.mfa_serial, "TokenCode": code.reveal()}
    if hop.kind == "session-token":
        return "GetSessionToken", sent, "the MFA session"
    sent |= {"RoleArn": hop.role_arn, "RoleSessionName": hop.session_name}
    if external_id is not None:
        sent["ExternalId"] = external_id.reveal()
    if hop.source_identity:
        sent["SourceIdentity"] = hop.source_identity
    if hop.tags:
        sent["Tags"] = [{"Key": key, "Value": value} for key, value in hop.tags]
    if hop.transitive_tags:
        sent["TransitiveTagKeys"] = list(hop.transitive_tags)
    if hop.policy:
        sent["Policy"] = hop.policy
    if hop.policy_arns:
        sent["PolicyArns"] = [{"arn": arn} for arn in hop.policy_arns]
    return "AssumeRole", sent, clean(hop.target or hop.role_arn)


def _issued(answer: Answer, doing: str) -> Issued:
    found = answer.fields
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
    key, secret, token, expiration = (found.get(f"Credentials.{name}", "") for name in names)
    try:
        expires = of_iso(expiration)
    except (ValueError, OverflowError):
        raise not_aws(doing) from None
    if not (key and secret and token):
        raise not_aws(doing)
    return Issued(
        Credentials(key, Secret(secret), Secret(token), expires),
        found.get("AssumedRoleUser.Arn", ""),
        answer.request_id,
        found.get("SourceIdentity", ""),
    )
