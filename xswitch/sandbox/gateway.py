"""From an HTTP request to AWS's answer: which service and action, who signs, what goes wrong on purpose, the answer.

The order is AWS's: the protocol, the signature's form and scope, its clock, its key and token, the signature itself,
then throttling and disabled regions, then the action.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from xswitch.sandbox import rest, sigv4, wire
from xswitch.sandbox.authority import may_use_service
from xswitch.sandbox.faults import Fault, Faults
from xswitch.sandbox.limits import Limits
from xswitch.sandbox.organization import Call, Organization
from xswitch.sandbox.refusal import INTERNAL, REGION_DISABLED, Refusal
from xswitch.sandbox.sigv4 import HttpRequest
from xswitch.sandbox.state import Principal

_SECRETS: Final = rest.SECRETS | {"TokenCode", "ExternalId", "AuthenticationCode1", "AuthenticationCode2"}
_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = "application/x-amz-json-1.1"
_THROTTLED: Final = {"sso": "TooManyRequestsException", "sso-oidc": "SlowDownException"}
"""What is not called Throttling."""
GARBAGE: Final = b"<html><body>\xff\xfe it's not you, it's us </bo"


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One call as a test can count it. ``outcome`` is ``ok`` or AWS's error code; secrets among params are hidden."""

    time: float
    service: str
    action: str
    caller: str
    key_id: str
    region: str
    params: Mapping[str, Any]
    outcome: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. ``cut`` sends half of the body, ``reset`` sends nothing and resets the connection.

    ``headers`` are those that the protocol adds.
    """

    status: int
    body: bytes
    content_type: str
    request_id: str
    cut: bool = False
    reset: bool = False
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class _Visit:
    """What is known of one request so far, for its record and its error document."""

    service: str = "sts"
    action: str = ""
    json: bool = False
    params: Mapping[str, Any] | None = None
    principal: Principal | None = None
    region: str = ""
    cut: bool = False
    reset: bool = False
    garbage: bool = False


class Gateway:
    """Answers requests for one organization. ``wait`` waits so many seconds, or less where the server stops."""

    def __init__(
        self,
        organization: Organization,
        clock: Callable[[], float],
        faults: Faults,
        wait: Callable[[float], object],
        limits: Limits,
    ) -> None:
        self._organization = organization
        self._limits = limits
        self._clock = clock
        self._faults = faults
        self._wait = wait
        self.calls: list[RecordedCall] = []
        self.crashes: list[Exception] = []
        """Faults of the sandbox itself, each answered with InternalFailure; a test asserts that there is none."""

    def answer(self, request: HttpRequest) -> Answer:
        """Return the answer to one request; never raises."""
        request_id = self._request_id()
        route = rest.route_of(request)
        if route is not None:
            return self._answer_rest(request, route, request_id)
        visit = _Visit()
        now = self._clock()
        outcome = "ok"
        status = 200
        try:
            body = self._perform(request, visit, now, request_id)
        except Refusal as refusal:
            outcome = refusal.code
            # The JSON protocol has one status for all that is the caller's fault.
            status = 400 if visit.json and refusal.status < 500 else refusal.status
            body = self._refuse(visit, refusal, request_id)
        if visit.action:
            self._record(visit, now, outcome, request_id)
        if visit.garbage:
            body = GARBAGE
        kind = _JSON if visit.json else "text/xml"
        return Answer(status, body, kind, request_id, cut=visit.cut, reset=visit.reset)

    def _answer_rest(self, request: HttpRequest, route: tuple[str, str], request_id: str) -> Answer:
        """Answer a call of IAM Identity Center, whose services take no signature."""
        visit = _Visit(service=route[0], action=route[1])
        outcome = "ok"
        try:
            page = self._perform_rest(request, route, visit)
        except Refusal as refusal:
            outcome = refusal.code
            page = rest.refusal_page(route, refusal)
        self._record(visit, self._clock(), outcome, request_id)
        headers = [("x-amzn-ErrorType", outcome)] if outcome != "ok" else []
        headers += [("Location", page.location)] if page.location else []
        body = GARBAGE if visit.garbage else page.body
        return Answer(page.status, body, page.kind, request_id, visit.cut, visit.reset, tuple(headers))

    def _perform_rest(self, request: HttpRequest, route: tuple[str, str], visit: _Visit) -> rest.Page:
        try:
            visit.params = rest.params_of(request)
            lifetime = self._meet_faults(visit)
            return rest.perform(self._organization, route, request, visit.params, self._clock(), lifetime)
        except Refusal:
            raise
        except Exception as error:
            self.crashes.append(error)
            raise Refusal("InternalServerException", INTERNAL, 500) from error

    def _succeed(self, request: HttpRequest, visit: _Visit, now: float, request_id: str) -> bytes:
        _read_protocol(request, visit)
        signature = sigv4.read_signature(request)
        visit.region = signature.region
        sigv4.check_scope(signature, visit.service)
        sigv4.check_clock(signature, now)
        with self._organization.lock:
            visit.principal, secret = self._organization.principal_of(signature.key_id, signature.token, now)
        sigv4.check_signature(request, signature, secret)
        may_use_service(visit.service, visit.principal)
        lifetime = self._meet_faults(visit)
        params = visit.params or {}
        # Slow answers move the clock: what is issued, and what has expired, is judged by the time it is now.
        call = Call(visit.principal, params, self._clock(), signature.region, request.source_ip, lifetime)
        result = self._organization.perform(visit.service, visit.action, call)
        if visit.json:
            return json.dumps(result or {}).encode()
        return wire.xml_answer(visit.service, visit.action, result, request_id)

    def _perform(self, request: HttpRequest, visit: _Visit, now: float, request_id: str) -> bytes:
        try:
            return self._succeed(request, visit, now, request_id)
        except Refusal:
            raise
        except Exception as error:
            self.crashes.append(error)
            raise Refusal("InternalFailure", INTERNAL, 500) from error

    def _meet_faults(self, visit: _Visit) -> int:
        """Let the faults of this call happen; return the seconds that a session may last, 0 for as asked."""
        lifetime = 0
        if not self._limits.take(visit.service):
            raise _throttled(visit)
        for fault in sorted(
            self._faults.take(visit.action, visit.params or {}), key=lambda fault: fault.kind != "slow"
        ):
            if fault.kind == "slow":
                self._wait(fault.value)
            elif fault.kind == "shorten":
                lifetime = int(fault.value)
            else:
                _happen(fault, visit)
        if visit.service == "sts" and self._faults.region_disabled(visit.region):
            account = visit.principal.account if visit.principal else ""
            raise Refusal("RegionDisabledException", REGION_DISABLED.format(account=account), 403)
        return lifetime

    def _refuse(self, visit: _Visit, refusal: Refusal, request_id: str) -> bytes:
        if visit.json:
            return wire.json_error(refusal)
        return wire.xml_error(visit.service, refusal, request_id)

    def _record(self, visit: _Visit, now: float, outcome: str, request_id: str) -> None:
        params = {name: "(given)" if name in _SECRETS else value for name, value in (visit.params or {}).items()}
        principal = visit.principal
        self.calls.append(
            RecordedCall(
                time=now,
                service=visit.service,
                action=visit.action,
                caller=principal.arn if principal else "",
                key_id=principal.key_id if principal else "",
                region=visit.region,
                params=params,
                outcome=outcome,
                request_id=request_id,
            )
        )

    def _request_id(self) -> str:
        with self._organization.lock:
            digits = f"{self._organization.random.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _throttled(visit: _Visit) -> Refusal:
    code = _THROTTLED.get(visit.service, "Throttling")
    return Refusal(code, "Rate exceeded", 429 if visit.service == "sso" else 400)


def _happen(fault: Fault, visit: _Visit) -> None:
    if fault.kind == "throttle":
        raise _throttled(visit)
    if fault.kind == "deny":
        raise Refusal("AccessDenied", "You don't have permissions to access this resource.", 403)
    if fault.kind == "fail" and fault.value == 503:
        raise Refusal("ServiceUnavailable", "The request has failed due to a temporary failure of the server.", 503)
    if fault.kind == "fail":
        raise Refusal("InternalFailure", INTERNAL, int(fault.value))
    if fault.kind == "reset":
        visit.reset = True
        raise Refusal("ConnectionReset", "The connection is reset before the call is performed", 500)
    visit.garbage = fault.kind == "garbage"
    visit.cut = fault.kind == "half"
    visit.reset = fault.kind == "reset-after"


def _read_protocol(request: HttpRequest, visit: _Visit) -> None:
    """Find service, action and parameters in a request of the JSON 1.1 or the query protocol."""
    target = request.header("x-amz-target")
    if target is not None:
        _read_json(request, visit, target)
        return
    if request.method not in ("GET", "POST"):
        raise Refusal("InvalidHttpRequest", f"The HTTP method {request.method} is not supported", 405)
    flat = {name: value for name, value in wire.parse_form(request.query).items() if not name.startswith("X-Amz-")}
    if request.method == "POST" and request.body:
        kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
        if kind != _FORM:
            raise Refusal("MalformedInput", f"The content type must be {_FORM}")
        try:
            flat |= wire.parse_form(request.body.decode("utf-8"))
        except UnicodeDecodeError:
            raise Refusal("MalformedInput", "The body is not UTF-8") from None
    version, action = flat.pop("Version", None), flat.pop("Action", None)
    visit.service = wire.VERSIONS.get(version or "", "sts")
    if action is None:
        raise Refusal("MissingAction", "The request is missing an action or a required parameter.")
    visit.action = action
    visit.params = wire.nest(flat)
    if version is None or version not in wire.VERSIONS:
        raise Refusal(
            "InvalidAction", f"Could not find operation {action} for version {version or 'NO_VERSION_SPECIFIED'}"
        )


def _read_json(request: HttpRequest, visit: _Visit, target: str) -> None:
    visit.json = True
    prefix, _, action = target.partition(".")
    service = wire.JSON_TARGETS.get(prefix)
    if service is None or not action:
        raise Refusal("UnknownOperationException", "")
    visit.service, visit.action = service, action
    try:
        params = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        raise Refusal("SerializationException", "") from None
    if not isinstance(params, dict):
        raise Refusal("SerializationException", "Start of structure or map found where not expected.")
    visit.params = params
