"""Verifying AWS Signature Version 4, with nothing but hmac: independent of the clients that sign.

Source: "AWS Signature Version 4 for API requests" (IAM User Guide), "Troubleshoot AWS Signature Version 4". Both forms
are taken: the Authorization header, and the presigned query string.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from xswitch.sandbox.refusal import Refusal, bad_signature

ALGORITHM: Final = "AWS4-HMAC-SHA256"
WINDOW: Final = 15 * 60
"""Seconds that a signature may be older or newer than the server's clock."""

_STAMP: Final = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_REGION: Final = re.compile(r"[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-\d{1,2}", re.ASCII)
_AMZ_SIGNED: Final = ("x-amz-date", "x-amz-security-token", "x-amz-target", "x-amz-content-sha256")


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as it came: raw path and query, headers in order with lower-case names, the whole body."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    source_ip: str = "127.0.0.1"

    def header(self, name: str) -> str | None:
        """Return the first header of that (lower-case) name."""
        return next((value for key, value in self.headers if key == name), None)


@dataclass(frozen=True, slots=True)
class Signature:
    """The parts of a signature, before anything of it is believed. ``date`` is as signed: ``20260301T120000Z``."""

    key_id: str
    day: str
    region: str
    service: str
    terminator: str
    signed_headers: tuple[str, ...]
    signature: str
    date: str
    token: str | None
    presigned: bool


def read_signature(request: HttpRequest) -> Signature:
    """Return the request's signature; raises Refusal MissingAuthenticationToken or IncompleteSignature."""
    header = request.header("authorization")
    query = dict(_pairs(request.query))
    if header is None and "X-Amz-Algorithm" not in query and "X-Amz-Signature" not in query:
        raise Refusal("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    if header is not None:
        return _from_header(header, request)
    return _from_query(query)


def _from_header(header: str, request: HttpRequest) -> Signature:
    algorithm, _, rest = header.partition(" ")
    if algorithm != ALGORITHM:
        raise Refusal("IncompleteSignature", f"Unsupported AWS 'algorithm': '{algorithm}'.")
    fields: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in rest.split(","))):
        name, equals, value = part.partition("=")
        if not equals or name in fields:
            raise Refusal(
                "IncompleteSignature",
                f"'{part}' not a valid key=value pair (missing equal-sign) in Authorization header",
            )
        fields[name] = value
    missing = [
        f"Authorization header requires '{name}' parameter."
        for name in ("Credential", "Signature", "SignedHeaders")
        if not fields.get(name)
    ]
    date = _header_date(request)
    if date is None:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if missing or date is None:
        raise Refusal("IncompleteSignature", " ".join(missing))
    return _build(
        fields["Credential"], fields["SignedHeaders"], fields["Signature"], date, request.header("x-amz-security-token")
    )


def _from_query(query: dict[str, str]) -> Signature:
    if query.get("X-Amz-Algorithm") != ALGORITHM:
        raise Refusal("IncompleteSignature", f"Unsupported AWS 'algorithm': '{query.get('X-Amz-Algorithm', '')}'.")
    names = ("X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")
    missing = [f"AWS query-string parameters must include '{name}'." for name in names if not query.get(name)]
    if missing:
        raise Refusal("IncompleteSignature", " ".join(missing))
    expires = query.get("X-Amz-Expires", "900")
    if not (expires.isascii() and expires.isdigit() and 0 < int(expires) <= 604800):
        raise Refusal("IncompleteSignature", "X-Amz-Expires must be a number of seconds between 1 and 604800.")
    return _build(
        query["X-Amz-Credential"],
        query["X-Amz-SignedHeaders"],
        query["X-Amz-Signature"],
        query["X-Amz-Date"],
        query.get("X-Amz-Security-Token"),
        presigned=True,
    )


def _build(
    credential: str, signed: str, signature: str, date: str, token: str | None, *, presigned: bool = False
) -> Signature:
    parts = credential.split("/")
    if len(parts) != 5 or not all(parts):
        raise Refusal(
            "IncompleteSignature",
            f"Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got "
            f"'{credential}'",
        )
    if not _STAMP.fullmatch(date):
        raise Refusal("IncompleteSignature", f"Date must be in ISO-8601 'basic format'. Got '{date}'.")
    key_id, day, region, service, terminator = parts
    names = tuple(signed.split(";"))
    return Signature(key_id, day, region, service, terminator, names, signature, date, token, presigned)


def _header_date(request: HttpRequest) -> str | None:
    stamp = request.header("x-amz-date")
    if stamp is not None:
        return stamp
    plain = request.header("date")
    if plain is None:
        return None
    try:
        return parsedate_to_datetime(plain).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    except ValueError:
        return plain


def check_scope(signature: Signature, service: str) -> None:
    """Raise SignatureDoesNotMatch where the credential scope has another service, no region or another day."""
    wrong = []
    if not _REGION.fullmatch(signature.region):
        wrong.append("Credential should be scoped to a valid region. ")
    if signature.service != service:
        wrong.append(f"Credential should be scoped to correct service: '{service}'. ")
    if signature.terminator != "aws4_request":
        wrong.append(
            f"Credential should be scoped with a valid terminator: 'aws4_request', not '{signature.terminator}'. "
        )
    if signature.day != signature.date[:8]:
        wrong.append(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{signature.day}' != '{signature.date[:8]}', from '{signature.date}'."
        )
    if wrong:
        raise bad_signature("".join(wrong))


def check_clock(signature: Signature, now: float) -> None:
    """Raise SignatureDoesNotMatch where the signature is more than 15 minutes from the server's clock.

    A presigned request lives as long, whatever its X-Amz-Expires says: that is how STS treats them.
    """
    try:
        signed = datetime.strptime(signature.date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise Refusal(
            "IncompleteSignature", f"Date must be in ISO-8601 'basic format'. Got '{signature.date}'."
        ) from None
    here = int(now)
    if signed < here - WINDOW:
        raise bad_signature(
            f"Signature expired: {signature.date} is now earlier than {_stamp(here - WINDOW)} "
            f"({_stamp(here)} - 15 min.)"
        )
    if signed > here + WINDOW:
        raise bad_signature(
            f"Signature not yet current: {signature.date} is still later than {_stamp(here + WINDOW)} "
            f"({_stamp(here)} + 15 min.)"
        )


def check_signature(request: HttpRequest, signature: Signature, secret: str) -> None:
    """Raise SignatureDoesNotMatch unless the request was signed with ``secret``."""
    present = {name for name, _ in request.headers}
    unsigned = [name for name in _AMZ_SIGNED if name in present and name not in signature.signed_headers]
    if "host" not in signature.signed_headers:
        raise bad_signature("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    if unsigned and not signature.presigned:
        raise bad_signature(f"'{unsigned[0]}' must be a 'SignedHeader' in the AWS Authorization.")
    if list(signature.signed_headers) != sorted(set(signature.signed_headers)):
        raise bad_signature()
    if any(name not in present for name in signature.signed_headers):
        raise bad_signature()
    payload = hashlib.sha256(request.body).hexdigest()
    claimed = request.header("x-amz-content-sha256")
    if claimed is not None and not hmac.compare_digest(claimed.encode(), payload.encode()):
        raise bad_signature()
    wanted = _sign(canonical_request(request, signature, payload), signature, secret)
    if not hmac.compare_digest(wanted.encode(), signature.signature.encode("utf-8", "replace")):
        raise bad_signature()


def canonical_request(request: HttpRequest, signature: Signature, payload_hash: str) -> str:
    """Return the canonical request of Signature Version 4, as the server sees the request."""
    pairs = [pair for pair in _pairs(request.query) if not (signature.presigned and pair[0] == "X-Amz-Signature")]
    query = "&".join(
        f"{name}={value}" for name, value in sorted((_quote(name), _quote(value)) for name, value in pairs)
    )
    headers = "".join(f"{name}:{_header_values(request.headers, name)}\n" for name in signature.signed_headers)
    path = quote(request.path or "/", safe="/~-_.")
    return "\n".join((request.method, path, query, headers, ";".join(signature.signed_headers), payload_hash))


def _sign(canonical: str, signature: Signature, secret: str) -> str:
    scope = f"{signature.day}/{signature.region}/{signature.service}/{signature.terminator}"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join((ALGORITHM, signature.date, scope, digest))
    key = f"AWS4{secret}".encode()
    for part in (signature.day, signature.region, signature.service, signature.terminator):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


def _header_values(headers: Sequence[tuple[str, str]], name: str) -> str:
    return ",".join(" ".join(value.split()) for key, value in headers if key == name)


def _pairs(query: str) -> list[tuple[str, str]]:
    found = []
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        found.append((_unquote(name), _unquote(value)))
    return found


def _unquote(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8", "replace")


def _quote(text: str) -> str:
    return quote(text, safe="-_.~")


def _stamp(when: int) -> str:
    return datetime.fromtimestamp(when, UTC).strftime("%Y%m%dT%H%M%SZ")
