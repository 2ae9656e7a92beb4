"""A small AWS to test with, and a client of it: botocore's own serializer, signer and parser, with the clock given.

boto3's clients sign with the machine's clock. Rules about time need another one, so :class:`World` puts the same
parts of botocore together itself; the tests of real clients are in ``test_sandbox_clients.py``.
"""

from __future__ import annotations

import functools
import http.client
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from xswitch.sandbox import Faults, Organization, Sandbox, totp
from xswitch.sandbox.organization import RootUser

HOME = "111122223333"
AWAY = "444455556666"
MANAGER = "805312947761"
STRANGER = "999900001111"
ALLOW_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
NOON = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC).timestamp()


class Keys(NamedTuple):
    """Credentials as a caller holds them."""

    id: str
    secret: str
    token: str | None = None


class Refused(Exception):
    """An error document, as AWS's parser understood it."""

    def __init__(self, status: int, error: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {error.get('Code')}: {error.get('Message')}")
        self.status = status
        self.code = str(error.get("Code"))
        self.message = str(error.get("Message"))


class Clock:
    """A clock that stands still until it is moved. Epoch seconds."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


class Pace:
    """A beat for the sandbox's limits: so many calls come a second, however fast or slow the machine is."""

    def __init__(self, calls_a_second: float) -> None:
        self._calls_a_second = calls_a_second
        self._calls = 0

    def __call__(self) -> float:
        self._calls += 1
        return self._calls / self._calls_a_second


class ClockedSigV4(SigV4Auth):
    """botocore's signer, at a moment of the test's choice."""

    def __init__(self, keys: Keys, service: str, region: str, when: float) -> None:
        super().__init__(Credentials(keys.id, keys.secret, keys.token), service, region)
        self._when = datetime.fromtimestamp(when, UTC)

    def add_auth(self, request: Any) -> None:
        request.context["timestamp"] = self._when.strftime("%Y%m%dT%H%M%SZ")
        self._modify_request_before_signing(request)
        signature = self.signature(self.string_to_sign(request, self.canonical_request(request)), request)
        self._inject_signature_to_request(request, signature)


@functools.cache
def model_of(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def trust(*principals: str, condition: Mapping[str, Any] | None = None, actions: tuple[str, ...] = ()) -> str:
    """Return a trust policy for these principals."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": list(principals) if len(principals) > 1 else principals[0]},
        "Action": list(actions or ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")),
    }
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allow(*actions: str, resource: Any = "*", effect: str = "Allow") -> str:
    """Return an identity policy of one statement."""
    statement = {"Effect": effect, "Action": list(actions), "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class World:
    """A running sandbox with a management account, a home account with a user ``ada``, and another account."""

    def __init__(self, organization: Organization | None = None, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.faults = Faults()
        if organization is None:
            organization = Organization(MANAGER, "acme-management", clock=self.clock)
            organization.add_account(HOME, "home", parent=organization.root_id)
            organization.add_account(AWAY, "away", parent=organization.root_id)
            organization.add_account(STRANGER, "stranger")
        self.organization = organization
        self.sandbox = Sandbox(organization, self.clock, self.faults)
        self.sandbox.start()
        self._connection: http.client.HTTPConnection | None = None
        self.seeds: dict[str, bytes] = {}

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self.sandbox.stop()
        assert not self.sandbox.crashes, self.sandbox.crashes

    def root(self, account: str = HOME) -> RootUser:
        return self.organization.root(account)

    def user(self, name: str = "ada", account: str = HOME, policy: str | None = None, **params: Any) -> Keys:
        """Create a user that may do everything, or what ``policy`` says, with a key."""
        root = self.root(account)
        root.iam("CreateUser", UserName=name, **params)
        root.iam("PutUserPolicy", UserName=name, PolicyName="own", PolicyDocument=policy or json.dumps(ALLOW_ALL))
        key = root.iam("CreateAccessKey", UserName=name)["AccessKey"]
        return Keys(key["AccessKeyId"], key["SecretAccessKey"])

    def device(self, name: str = "ada", account: str = HOME) -> str:
        """Give a user an MFA device, paired with codes of steps long gone; return its serial number."""
        import base64

        root = self.root(account)
        made = root.iam("CreateVirtualMFADevice", VirtualMFADeviceName=name)["VirtualMFADevice"]
        seed = totp.decode_seed(base64.b64decode(made["Base32StringSeed"]).decode())
        step = totp.counter(self.clock())
        codes = {f"AuthenticationCode{n}": totp.code_of(seed, step - 12 + n) for n in (1, 2)}
        root.iam("EnableMFADevice", UserName=name, SerialNumber=made["SerialNumber"], **codes)
        self.seeds[made["SerialNumber"]] = seed
        return str(made["SerialNumber"])

    def code(self, serial: str, steps: int = 0) -> str:
        return totp.code_of(self.seeds[serial], totp.counter(self.clock()) + steps)

    def role(self, name: str = "Deploy", account: str = AWAY, trusted: str | None = None, **params: Any) -> str:
        """Create a role that trusts the home account, or what ``trusted`` says; return its ARN."""
        document = trusted or trust(f"arn:aws:iam::{HOME}:root")
        made = self.root(account).iam("CreateRole", RoleName=name, AssumeRolePolicyDocument=document, **params)
        self.root(account).iam("PutRolePolicy", RoleName=name, PolicyName="own", PolicyDocument=json.dumps(ALLOW_ALL))
        return str(made["Role"]["Arn"])

    def assume(self, keys: Keys, role: str, name: str = "work", **params: Any) -> dict[str, Any]:
        return self.call(keys, "sts", "AssumeRole", RoleArn=role, RoleSessionName=name, **params)

    def session(self, keys: Keys, role: str, name: str = "work", **params: Any) -> Keys:
        return keys_of(self.assume(keys, role, name, **params))

    def call(
        self,
        keys: Keys,
        service: str,
        action: str,
        *,
        region: str = "us-east-1",
        at: float | None = None,
        signed_service: str = "",
        **params: Any,
    ) -> dict[str, Any]:
        """Call an action; ``at`` is the client's clock. Raises Refused."""
        model = model_of(service)
        operation = model.operation_model(action)
        made = create_serializer(model.metadata["protocol"], False).serialize_to_request(params, operation)
        body = made["body"] if isinstance(made["body"], (str, bytes)) else urlencode(made["body"])
        data = body.encode() if isinstance(body, str) else body
        request = AWSRequest(method=made["method"], url=f"{self.sandbox.url}/", data=data, headers=made["headers"])
        when = self.clock() if at is None else at
        ClockedSigV4(keys, signed_service or service, region, when).add_auth(request)
        status, headers, content = self.send(made["method"], "/", dict(request.headers.items()), data)
        parsed: dict[str, Any] = create_parser(model.metadata["protocol"]).parse(
            {"status_code": status, "headers": headers, "body": content}, operation.output_shape
        )
        if status >= 300:
            raise Refused(status, parsed["Error"])
        return parsed

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, dict[str, str], bytes]:
        """Send one HTTP request on a connection that is kept; return status, headers (lower case) and body."""
        if self._connection is None:
            where = urlsplit(self.sandbox.url)
            self._connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=10)
        self._connection.request(method, path, body, dict(headers))
        answer = self._connection.getresponse()
        content = answer.read()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content


def keys_of(answer: Mapping[str, Any]) -> Keys:
    found = answer["Credentials"]
    return Keys(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])
