"""Signature Version 4 of a POST, as AWS's query protocol has it: the headers that go with a body.

The source is "Create a signed AWS API request" of the IAM User Guide. Pure: the moment is an argument. What it returns
equals what botocore's signer makes of the same request, byte for byte.
"""

from __future__ import annotations

import hmac
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from xswitch.aws.http import Address
    from xswitch.credentials import Credentials

FORM: Final = "application/x-www-form-urlencoded; charset=utf-8"
_ALGORITHM: Final = "AWS4-HMAC-SHA256"


def signed_headers(
    address: Address, body: bytes, credentials: Credentials, *, service: str, region: str, when: float
) -> dict[str, str]:
    """Return the headers of a signed POST of ``body`` to ``address``; ``when`` is in epoch seconds, by AWS's clock.

    The session token is among them: they hold a secret.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(when))
    headers = {"Content-Type": FORM, "Host": address.host_header, "X-Amz-Date": stamp}
    if credentials.session_token:
        headers["X-Amz-Security-Token"] = credentials.session_token.reveal()
    names = ";".join(sorted(name.lower() for name in headers))
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    request = _canonical_request(address.path, headers, names, sha256(body).hexdigest())
    to_sign = "\n".join((_ALGORITHM, stamp, scope, sha256(request.encode()).hexdigest()))
    key = _signing_key(credentials.secret_access_key.reveal(), scope)
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    credential = f"Credential={credentials.access_key_id}/{scope}"
    headers["Authorization"] = f"{_ALGORITHM} {credential}, SignedHeaders={names}, Signature={signature}"
    return headers


def canonical_path(path: str) -> str:
    """Return a path as it is signed: without empty and dot segments (RFC 3986, 5.2.4), then percent-encoded."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    last = "/" if kept and path.endswith("/") else ""
    return quote("/" + "/".join(kept) + last)


def _canonical_request(path: str, headers: dict[str, str], names: str, body_hash: str) -> str:
    """Return the canonical request. A value has the blanks at its ends taken off, and runs of blanks made one."""
    lines = sorted(f"{name.lower()}:{' '.join(value.split())}" for name, value in headers.items())
    return "\n".join(("POST", canonical_path(path), "", *lines, "", names, body_hash))


def _signing_key(secret: str, scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
