"""AWS's query protocol and its JSON 1.1 protocol, as bytes on the wire.

Both are turned into the same thing for the services: a mapping of parameters, where ``Tags.member.1.Key=team`` has
become ``{"Tags": [{"Key": "team"}]}``, and a mapping as the answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from xswitch.sandbox.refusal import Refusal

XML_NAMESPACES: Final = {
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
}
VERSIONS: Final = {"2011-06-15": "sts", "2010-05-08": "iam"}
JSON_TARGETS: Final = {"AWSOrganizationsV20161128": "organizations"}
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_JSON_CODES: Final = {
    "InvalidClientTokenId": "UnrecognizedClientException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "IncompleteSignature": "IncompleteSignatureException",
    "ExpiredToken": "ExpiredTokenException",
    "AccessDenied": "AccessDeniedException",
    "ValidationError": "InvalidInputException",
    "Throttling": "TooManyRequestsException",
    "InternalFailure": "ServiceException",
    "InvalidAction": "UnknownOperationException",
}


def iso(when: float) -> str:
    """Return an epoch second as AWS writes it in XML: ``2026-03-01T12:00:00Z``."""
    return datetime.fromtimestamp(int(when), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def http_date(when: float) -> str:
    """Return an epoch second as an HTTP Date header (RFC 9110)."""
    moment = datetime.fromtimestamp(int(when), UTC)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()]
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{day}, {moment.day:02d} {months[moment.month - 1]} {moment.year:04d} {moment:%H:%M:%S} GMT"


def parse_form(text: str) -> dict[str, str]:
    """Return the pairs of a form or query string; raises Refusal where it is not one or a name comes twice."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict", max_num_fields=4000)
    except (ValueError, UnicodeDecodeError):
        raise Refusal("MalformedQueryString", "The query string is malformed", 404) from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise Refusal("MalformedInput", "Duplicate parameter in the request")
        found[name] = value
    return found


def nest(flat: Mapping[str, str]) -> dict[str, Any]:
    """Turn flat query parameters into nested ones; lists are read in the order of their numbers."""
    tree: dict[str, Any] = {}
    for name, value in flat.items():
        here = tree
        *path, last = name.split(".")
        for part in path:
            below = here.setdefault(part, {})
            if not isinstance(below, dict):
                raise Refusal("MalformedInput", "A parameter is both a value and a structure")
            here = below
        if isinstance(here.get(last), dict):
            raise Refusal("MalformedInput", "A parameter is both a value and a structure")
        here[last] = value
    return {name: _lists(value) for name, value in tree.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if set(value) == {"member"} and isinstance(value["member"], dict):
        members = value["member"]
        if not all(key.isascii() and key.isdigit() for key in members):
            raise Refusal("MalformedInput", "List members must be numbered")
        return [_lists(members[key]) for key in sorted(members, key=int)]
    return {key: _lists(below) for key, below in value.items()}


def xml_text(text: str) -> str:
    """Return text escaped for XML; what XML 1.0 can't hold at all becomes U+FFFD."""
    return escape(_NOT_XML.sub("\ufffd", text))


def _element(name: str, value: Any, depth: int) -> str:
    pad = "  " * depth
    if isinstance(value, Mapping):
        inner = "".join(_element(key, below, depth + 1) for key, below in value.items() if below is not None)
        return f"{pad}<{name}>\n{inner}{pad}</{name}>\n" if inner else f"{pad}<{name}/>\n"
    if isinstance(value, (list, tuple)):
        inner = "".join(_element("member", below, depth + 1) for below in value)
        return f"{pad}<{name}>\n{inner}{pad}</{name}>\n" if inner else f"{pad}<{name}/>\n"
    if isinstance(value, bool):
        value = "true" if value else "false"
    return f"{pad}<{name}>{xml_text(str(value))}</{name}>\n"


def xml_answer(service: str, action: str, result: Mapping[str, Any] | None, request_id: str) -> bytes:
    """Return the XML document of a call that worked; ``result`` None where the action has no result element."""
    body = "" if result is None else _element(f"{action}Result", result, 1)
    meta = _element("ResponseMetadata", {"RequestId": request_id}, 1)
    return f'<{action}Response xmlns="{XML_NAMESPACES[service]}">\n{body}{meta}</{action}Response>\n'.encode()


def xml_error(service: str, refusal: Refusal, request_id: str) -> bytes:
    """Return the XML error document of AWS's query protocol."""
    kind = "Sender" if refusal.status < 500 else "Receiver"
    error = _element("Error", {"Type": kind, "Code": refusal.code, "Message": refusal.message}, 1)
    tail = _element("RequestId", request_id, 1)
    return f'<ErrorResponse xmlns="{XML_NAMESPACES[service]}">\n{error}{tail}</ErrorResponse>\n'.encode()


def json_error(refusal: Refusal) -> bytes:
    """Return the error document of AWS's JSON 1.1 protocol."""
    code = json_code(refusal.code)
    return json.dumps({"__type": code, "Message": refusal.message, "message": refusal.message}).encode()


def json_code(code: str) -> str:
    """Return the name that the JSON protocol has for a common error."""
    return _JSON_CODES.get(code, code)
