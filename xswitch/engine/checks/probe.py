"""One unsigned request to STS: whether it can be reached, how fast, through what, and what time it is there.

It goes the way that every call of a switch goes. Any answer will do, a refusal too: each has a Date header (RFC 9110,
6.6.1). No key takes part.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from xswitch.aws import sending
from xswitch.aws.dates import of_header
from xswitch.aws.endpoints import VERSIONS, Endpoints, default_bundle
from xswitch.aws.http import Address, Limits, Trouble
from xswitch.aws.proxies import Proxy, proxy_for
from xswitch.aws.tls import context_for
from xswitch.aws.words import unreachable
from xswitch.errors import InvalidConfig, Usage

LIMITS: Final = Limits(connect=5.0, answer=5.0)
_DOING: Final = "this check"
_BODY: Final = f"Action=GetCallerIdentity&Version={VERSIONS['sts']}".encode()
_HEADERS: Final = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "xswitch"}


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


def ask(
    environ: Mapping[str, str], partition: str, region: str, *, clock: Callable[[], float], limits: Limits = LIMITS
) -> Answer:
    """Ask the STS that a switch would call. Blocks within ``limits``; raises nothing for network and settings."""
    endpoints = Endpoints(environ)
    try:
        address = Address.of(endpoints.of("sts", endpoints.region_for(partition, region)).url)
    except (ValueError, OSError):
        return Answer("", problem="AWS_ENDPOINT_URL is not an address", hint="it needs a scheme, such as https://…")
    except Usage as error:
        return Answer("", problem=error.message, hint=error.hint)
    proxy: Proxy | None = None
    try:
        proxy = proxy_for(environ, address)
        way = sending.Way(limits, proxy, lambda: context_for(environ, default_bundle))
        began, here = time.monotonic(), clock()
        response = sending.send(address, _HEADERS | {"Host": address.host_header}, _BODY, way)
        took = time.monotonic() - began
    except Trouble as trouble:
        said = unreachable(trouble, address, _DOING)
        problem = said.message.removesuffix(f", for {_DOING}")
        return Answer(_shown(address), _shown(proxy and proxy.address), problem=problem, hint=said.hint)
    except InvalidConfig as error:
        return Answer(_shown(address), problem=error.message, hint=error.hint)
    server = of_header(response.headers.get("date", ""))
    ahead = None if server is None else server + 0.5 - (here + took / 2)
    return Answer(_shown(address), _shown(proxy and proxy.address), max(1, round(took * 1000)), ahead)


def _shown(address: Address | None) -> str:
    return "" if address is None else f"{address.scheme}://{address.host_header}"
