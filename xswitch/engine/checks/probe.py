"""One unsigned request to STS: whether it can be reached, how fast, through what, and what time it is there.

Any answer will do, a refusal too: each has a Date header (RFC 9110, 6.6.1). No key takes part.
"""

from __future__ import annotations

import base64
import http.client
import os
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from xswitch.errors import Usage
from xswitch.session.endpoints import bare_session, endpoint_override, flag, main_region, proxies_of, region_for
from xswitch.session.endpoints import verify_of as bundle_of

SECONDS: Final = 5.0
"""How long connecting may take, and each part of the answer."""

_NOBODY: Final = {"aws_access_key_id": "-", "aws_secret_access_key": "-"}
"""Stands where the SDK would go and look for keys; nothing is signed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of asking. ``address`` and ``proxy`` are without what signs a person in there.

    ``ahead`` is the number of seconds that the server's clock is ahead of this machine's, to about a second; None where
    it gave no time. ``problem`` is "" where there was an answer, else what went wrong; then ``hint`` says what to do.
    """

    address: str
    proxy: str = ""
    milliseconds: int = 0
    ahead: float | None = None
    problem: str = ""
    hint: str = ""


def ask(environ: Mapping[str, str], partition: str, region: str, *, clock: Callable[[], float]) -> Answer:
    """Ask the STS that a switch would call. Blocks for a few times :data:`SECONDS`; raises nothing for the network."""
    try:
        url = endpoint_override(environ) or _own_address(environ, partition, region)
        address = urlsplit(url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ValueError(url)
        _ = address.port
    except (Usage, ValueError):
        return Answer("AWS_ENDPOINT_URL", problem="is not an address", hint="it needs a scheme, such as https://…")
    shown = _shown(address)
    proxy = proxies_of(environ, url).get(address.scheme, "")
    through = urlsplit(proxy if "://" in proxy else f"http://{proxy}") if proxy else None
    try:
        began, here = time.monotonic(), clock()
        date = _date(address, through, bundle_of(environ))
        took = time.monotonic() - began
    except (OSError, http.client.HTTPException, ValueError) as error:
        problem, hint = _words(error, through, environ)
        return Answer(shown, _shown(through) if through else "", problem=problem, hint=hint)
    ahead = None if date is None else date + 0.5 - (here + took / 2)
    return Answer(shown, _shown(through) if through else "", max(1, round(took * 1000)), ahead)


def _own_address(environ: Mapping[str, str], partition: str, region: str) -> str:
    """Return the address of AWS's own STS, as the SDK makes it. Raises Usage."""
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    session = bare_session()
    place = region_for(session, partition, region) if region else main_region(session, partition)
    flags = {"use_fips_endpoint": "AWS_USE_FIPS_ENDPOINT", "use_dualstack_endpoint": "AWS_USE_DUALSTACK_ENDPOINT"}
    config = Config(**{setting: flag(environ, name) for setting, name in flags.items()})
    try:
        client = session.create_client("sts", place, config=config, **_NOBODY)
    except (BotoCoreError, ValueError):
        raise Usage("that is not the name of a region", "such as eu-west-1") from None
    try:
        return str(client.meta.endpoint_url)
    finally:
        client.close()


def _date(address: SplitResult, proxy: SplitResult | None, bundle: str | bool) -> float | None:
    """Return the time that the server's answer says, in epoch seconds. Raises OSError, HTTPException, ValueError."""
    from email.utils import parsedate_to_datetime

    host, port = address.hostname or "", address.port or (443 if address.scheme == "https" else 80)
    at = (proxy.hostname or "", proxy.port or 80) if proxy is not None else (host, port)
    headers = {"User-Agent": "xswitch", "Connection": "close", "Host": address.netloc.rpartition("@")[2]}
    where = address.path or "/"
    sign_in = _sign_in(proxy)
    if address.scheme == "https":
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            *at, timeout=SECONDS, context=_context(bundle)
        )
        if proxy is not None:
            connection.set_tunnel(host, port, sign_in)
    else:
        connection = http.client.HTTPConnection(*at, timeout=SECONDS)
        if proxy is not None:
            where, headers = f"http://{headers['Host']}{where}", headers | sign_in
    try:
        connection.request("GET", where, headers=headers)
        said = connection.getresponse().getheader("Date")
    finally:
        connection.close()
    try:
        return parsedate_to_datetime(said).timestamp() if said else None
    except (ValueError, TypeError, OverflowError):
        return None


def _context(bundle: str | bool) -> ssl.SSLContext:
    """Return what tells a certificate that is trusted: the SDK's own bundle, or the one that the person named."""
    from botocore.httpsession import get_cert_path

    path = str(get_cert_path(bundle))
    if not os.access(path, os.R_OK):
        raise _NoBundleError(path)
    return ssl.create_default_context(capath=path) if Path(path).is_dir() else ssl.create_default_context(cafile=path)


class _NoBundleError(ValueError):
    """The bundle of certificates can't be read."""


def _words(error: Exception, proxy: SplitResult | None, environ: Mapping[str, str]) -> tuple[str, str]:
    """Return what went wrong and what to do, in our own words: an exception's could hold what a server sent."""
    named = "AWS_CA_BUNDLE" if environ.get("AWS_CA_BUNDLE") else "REQUESTS_CA_BUNDLE"
    if isinstance(error, _NoBundleError):
        return f"{named} names a file that can't be read: {error}", "it names a file of certificates (PEM)"
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message or "it is not trusted"
        hint = "behind a TLS proxy, AWS_CA_BUNDLE names the file of its certificates; a wrong clock does this too"
        return f"its certificate is refused: {why}", hint
    if isinstance(error, ssl.SSLError):
        return "it does not speak TLS as it should", f"look at the proxy, at {named} and at AWS_ENDPOINT_URL"
    at = "its proxy" if proxy is not None else "it"
    hint = "check HTTPS_PROXY and NO_PROXY" if proxy is not None else "check the network, the VPN and the proxy"
    if isinstance(error, socket.gaierror):
        return f"the name of {'its proxy' if proxy is not None else 'the endpoint'} can't be resolved", hint
    if isinstance(error, TimeoutError):
        return f"{at} does not answer within {SECONDS:g}s", hint
    if isinstance(error, ConnectionRefusedError):
        return f"{at} refuses the connection", hint
    if isinstance(error, http.client.HTTPException | ValueError):
        return "what answers there is not AWS", "check AWS_ENDPOINT_URL and the proxy"
    return f"{at} can't be reached", hint


def _sign_in(proxy: SplitResult | None) -> dict[str, str]:
    if proxy is None or proxy.username is None:
        return {}
    both = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(both.encode()).decode()}"}


def _shown(address: SplitResult) -> str:
    """Return an address without the name and password that may stand in it."""
    return f"{address.scheme}://{address.netloc.rpartition('@')[2]}"
