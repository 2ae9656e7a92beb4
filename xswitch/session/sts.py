"""The STS client: three calls through botocore, with explicit keys, bounded time and xswitch's errors.

Nothing of the person's profiles is consulted, so a missing AWS_PROFILE or an instance role can't get in the way. The
SDK's settings for endpoints hold: AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL, AWS_CA_BUNDLE, the proxy variables,
AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT, taken from the environment that was handed in.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol

from xswitch.credentials import Credentials
from xswitch.errors import InvalidConfig, Problem, Unreachable, Usage
from xswitch.secret import Secret
from xswitch.session.endpoints import (
    bare_session,
    endpoint_override,
    flag,
    host_of,
    main_region,
    proxies_of,
    region_for,
    verify_of,
)
from xswitch.session.model import Hop
from xswitch.session.refusals import Refusal, error_of
from xswitch.text import clean

if TYPE_CHECKING:
    from botocore.config import Config
    from botocore.session import Session as BotoSession

ATTEMPTS: Final = 3
"""Tries of one call, with botocore's standard back-off and jitter in between."""
CONNECT_SECONDS: Final = 4.0
READ_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Issued:
    """What STS answered: credentials, and for AssumeRole the ARN of the session."""

    credentials: Credentials
    arn: str
    request_id: str
    source_identity: str


@dataclass(frozen=True, slots=True)
class WhoAmI:
    """GetCallerIdentity's answer."""

    arn: str
    account_id: str
    user_id: str


class Sts(Protocol):
    """The calls of STS that a switch needs. Each blocks, and raises Denied or Unreachable."""

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


class BotoSts:
    """STS through botocore. Safe for threads; botocore is imported by the first call."""

    def __init__(
        self,
        environ: Mapping[str, str],
        clock: Callable[[], float],
        *,
        attempts: int = ATTEMPTS,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._environ = environ
        self._clock = clock
        self._attempts = attempts
        self._connect = connect_seconds
        self._read = read_seconds
        self._lock = threading.Lock()
        self._session: BotoSession | None = None
        self._skew: float | None = None

    @property
    def endpoint(self) -> str:
        """The address that stands in for AWS's own, "" for none."""
        return endpoint_override(self._environ)

    @property
    def skew(self) -> float | None:
        """Seconds that the server's clock is ahead of ours, as its last answer had it; None before the first."""
        return self._skew

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
        name, request, doing = _request(hop, external_id, code)
        attempts = 1 if code is not None else self._attempts
        answer = self._call(name, request, credentials, doing, identity, partition, region, attempts)
        return _issued(answer, doing)

    def who_am_i(self, credentials: Credentials, *, identity: str, partition: str = "", region: str = "") -> WhoAmI:
        """Ask whose ``credentials`` are (GetCallerIdentity). Raises Denied, Unreachable, Usage."""
        doing = f"the name behind {clean(identity)}"
        answer = self._call("get_caller_identity", {}, credentials, doing, identity, partition, region, self._attempts)
        try:
            return WhoAmI(str(answer["Arn"]), str(answer["Account"]), str(answer.get("UserId", "")))
        except KeyError:
            raise _nonsense(doing) from None

    def role_maximum(
        self, credentials: Credentials, role_arn: str, *, partition: str = "", region: str = ""
    ) -> int | None:
        """Return the role's MaxSessionDuration in seconds (IAM GetRole), None where AWS does not let it be read.

        Raises Unreachable.
        """
        doing = f"the longest session of {clean(role_arn)}"
        with self._lock:
            session = self._session = self._session or bare_session()
        place = region or main_region(session, partition or "aws")
        with self._failures(doing), self._client(session, place, credentials, 1, "iam") as client:
            answer = self._ask(client, "get_role", {"RoleName": role_arn.rpartition("/")[2]})
        if isinstance(answer, Refusal):
            error = error_of(answer, doing=doing, identity="")
            if isinstance(error, Unreachable):
                raise error
            return None
        try:
            return int(answer["Role"]["MaxSessionDuration"])
        except (KeyError, TypeError, ValueError):
            raise _nonsense(doing) from None

    def _call(
        self,
        name: str,
        request: dict[str, Any],
        credentials: Credentials,
        doing: str,
        identity: str,
        partition: str,
        region: str,
        attempts: int,
    ) -> dict[str, Any]:
        with self._lock:
            session = self._session = self._session or bare_session()
        self._check_bundle()
        main = main_region(session, partition or "aws")
        first = region_for(session, partition, region) if region else main
        for place in dict.fromkeys((first, main)):
            with self._failures(doing), self._client(session, place, credentials, attempts) as client:
                answer = self._ask(client, name, request)
            if not isinstance(answer, Refusal):
                return answer
            if answer.code != "RegionDisabledException" or place == main:
                raise error_of(answer, doing=doing, identity=identity)
        raise _nonsense(doing)

    def _check_bundle(self) -> None:
        """Raise InvalidConfig where the bundle of certificates is not there: botocore would blame the server."""
        bundle = verify_of(self._environ)
        if isinstance(bundle, str) and not self.endpoint.startswith("http://") and not os.access(bundle, os.R_OK):
            message = f"{clean(bundle)} can't be read"
            raise InvalidConfig((Problem("AWS_CA_BUNDLE", None, "", message, "it names a file of certificates"),))

    def _ask(self, client: Any, name: str, request: dict[str, Any]) -> dict[str, Any] | Refusal:
        from botocore.exceptions import ClientError

        try:
            answer: dict[str, Any] = getattr(client, name)(**request)
        except ClientError as error:
            return self._refusal(error.response)
        self._note_date(answer.get("ResponseMetadata", {}))
        return answer

    def _refusal(self, response: Mapping[str, Any]) -> Refusal:
        said, facts = response.get("Error", {}), response.get("ResponseMetadata", {})
        skew = self._note_date(facts)
        return Refusal(
            code=str(said.get("Code") or ""),
            message=str(said.get("Message") or ""),
            status=int(facts.get("HTTPStatusCode") or 0),
            request_id=str(facts.get("RequestId") or ""),
            skew=skew,
        )

    def _note_date(self, facts: Mapping[str, Any]) -> float | None:
        """Take down how far the server's clock is from ours; its Date header has whole seconds."""
        from email.utils import parsedate_to_datetime

        try:
            server = parsedate_to_datetime(facts.get("HTTPHeaders", {})["date"]).timestamp()
        except (KeyError, ValueError, TypeError):
            return None
        self._skew = server - self._clock()
        return self._skew

    @contextmanager
    def _client(
        self, session: BotoSession, region: str, credentials: Credentials, attempts: int, service: str = "sts"
    ) -> Iterator[Any]:
        token = credentials.session_token
        with self._lock:
            client = session.create_client(
                service,
                region_name=region,
                endpoint_url=self.endpoint or None,
                verify=verify_of(self._environ),
                aws_access_key_id=credentials.access_key_id,
                aws_secret_access_key=credentials.secret_access_key.reveal(),
                aws_session_token=token.reveal() if token is not None else None,
                config=self._config(session, region, attempts),
            )
        try:
            yield client
        finally:
            client.close()

    def _config(self, session: BotoSession, region: str, attempts: int) -> Config:
        from botocore.config import Config

        return Config(
            retries={"mode": "standard", "total_max_attempts": attempts},
            connect_timeout=self._connect,
            read_timeout=self._read,
            proxies=proxies_of(self._environ, self.endpoint or f"https://{host_of(session, region)}"),
            use_fips_endpoint=flag(self._environ, "AWS_USE_FIPS_ENDPOINT"),
            use_dualstack_endpoint=flag(self._environ, "AWS_USE_DUALSTACK_ENDPOINT"),
            user_agent_extra="xswitch",
            max_pool_connections=1,
        )

    @contextmanager
    def _failures(self, doing: str) -> Iterator[None]:
        """Turn what botocore raises short of an answer into Unreachable, Usage or InvalidConfig."""
        from botocore.exceptions import BotoCoreError
        from botocore.parsers import ResponseParserError

        try:
            yield
        except ResponseParserError:
            raise _nonsense(doing) from None
        except BotoCoreError as error:
            _raise_for(error, doing, self.endpoint)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            # Its parsers stumble so over what is nearly an answer.
            if isinstance(error, ValueError) and "Invalid endpoint" in str(error):
                raise Usage("AWS_ENDPOINT_URL is not an address", "it needs a scheme, such as https://…") from None
            raise _nonsense(doing) from None


def _request(hop: Hop, external_id: Secret | None, code: Secret | None) -> tuple[str, dict[str, Any], str]:
    """Return the method, its parameters and what it does in words."""
    sent: dict[str, Any] = {"DurationSeconds": hop.duration}
    if code is not None:
        sent |= {"SerialNumber": hop.mfa_serial, "TokenCode": code.reveal()}
    if hop.kind == "session-token":
        return "get_session_token", sent, "the MFA session"
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
    return "assume_role", sent, clean(hop.target or hop.role_arn)


def _issued(answer: Mapping[str, Any], doing: str) -> Issued:
    try:
        keys = answer["Credentials"]
        credentials = Credentials(
            str(keys["AccessKeyId"]),
            Secret(str(keys["SecretAccessKey"])),
            Secret(str(keys["SessionToken"])),
            float(keys["Expiration"].timestamp()),
        )
    except (KeyError, AttributeError, TypeError, ValueError, OverflowError):
        raise _nonsense(doing) from None
    if not (credentials.access_key_id and credentials.secret_access_key and credentials.session_token):
        raise _nonsense(doing)
    return Issued(
        credentials,
        str(answer.get("AssumedRoleUser", {}).get("Arn", "")),
        str(answer.get("ResponseMetadata", {}).get("RequestId", "")),
        str(answer.get("SourceIdentity") or ""),
    )


def _nonsense(doing: str) -> Unreachable:
    return Unreachable(
        f"what answered the request for {doing} is not AWS",
        "a proxy or a sign-in page of the network may stand in between; check AWS_ENDPOINT_URL too",
    )


def _raise_for(error: Exception, doing: str, endpoint: str) -> NoReturn:
    """Raise the error for what botocore could not do."""
    from botocore import exceptions

    where = f" at {clean(endpoint)}" if endpoint else ""
    if isinstance(error, exceptions.InvalidRegionError | exceptions.NoRegionError):
        raise Usage("that is not the name of a region", "such as eu-west-1") from None
    if isinstance(error, exceptions.ParamValidationError):
        raise Usage(f"the request for {doing} is malformed", "check the role in the catalog") from None
    if isinstance(error, exceptions.ReadTimeoutError | exceptions.ConnectTimeoutError):
        raise Unreachable(
            f"AWS did not answer{where} in time, for {doing}", "check the network, then try again"
        ) from None
    if isinstance(error, exceptions.ProxyConnectionError):
        raise Unreachable(f"the proxy can't be reached, for {doing}", "check HTTPS_PROXY") from None
    if isinstance(error, exceptions.SSLError):
        hint = "behind a TLS proxy, AWS_CA_BUNDLE names the file of its certificates"
        raise Unreachable(f"the certificate{where} is not trusted, for {doing}", hint) from None
    raise Unreachable(f"AWS can't be reached{where}, for {doing}", "check the network, the VPN and the proxy") from None
