"""Signed calls of AWS's query protocol, and those that a token stands for: endpoint, retries, the server's clock.

Nothing of the person's profiles is consulted, so a missing AWS_PROFILE or an instance role can't get in the way. The
SDKs' settings for endpoints hold, taken from the environment that was handed in: AWS_ENDPOINT_URL and its kin,
AWS_CA_BUNDLE, the proxy variables, AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT, AWS_STS_REGIONAL_ENDPOINTS.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlencode

from xswitch import __version__
from xswitch.aws import documents, query, sending
from xswitch.aws.dates import of_header
from xswitch.aws.endpoints import VERSIONS, Endpoints, Service, default_bundle
from xswitch.aws.http import Address, Limits, Response, Trouble
from xswitch.aws.proxies import proxy_for
from xswitch.aws.query import Answer, Refusal, Value
from xswitch.aws.retries import pause, random_fraction
from xswitch.aws.signing import signed_headers
from xswitch.aws.words import unreachable
from xswitch.credentials import Credentials
from xswitch.errors import Usage
from xswitch.secret import Secret

if TYPE_CHECKING:
    import ssl

ATTEMPTS: Final = 3
"""Tries of one call, waits in between, as botocore's standard mode has it."""
THROTTLED_ATTEMPTS: Final = 6
"""The same, of a call to the portal that is throttled: it takes some 20 a second of all that one person does."""
LIMITS: Final = Limits(connect=4.0, answer=10.0)
TOLERATED: Final = 240.0
"""Seconds that our clock may be off and still sign: within the 5 and the 15 minutes that services of AWS allow."""
CLOCK: Final = frozenset(
    {"SignatureDoesNotMatch", "RequestExpired", "RequestTimeTooSkewed", "InvalidSignatureException"}
)
"""The codes of a signature that AWS finds void."""
_AGENT: Final = f"xswitch/{__version__}"


class Client:
    """Makes calls. Safe for threads: it keeps no connection.

    ``clock`` gives epoch seconds; ``skew`` what is known of how many seconds AWS's clock is ahead of it. ``sleep``
    waits for seconds, ``fraction`` gives random numbers from 0 to 1, ``lookup`` the addresses of a host.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        clock: Callable[[], float],
        *,
        skew: Callable[[], float] = lambda: 0.0,
        sleep: Callable[[float], object] = time.sleep,
        fraction: Callable[[], float] = random_fraction,
        lookup: sending.Lookup = sending.look_up,
    ) -> None:
        self.endpoints = Endpoints(environ)
        self._environ = environ
        self._clock = clock
        self._known_skew = skew
        self._sleep = sleep
        self._fraction = fraction
        self._lookup = lookup
        self._lock = threading.Lock()
        self._tls: ssl.SSLContext | None = None
        self._skew: float | None = None

    @property
    def skew(self) -> float | None:
        """Seconds that the server's clock is ahead of ours, as its last answer had it; None before the first."""
        return self._skew

    def call(
        self,
        service: Service,
        action: str,
        parameters: Mapping[str, Value],
        credentials: Credentials,
        *,
        region: str,
        doing: str,
        attempts: int = ATTEMPTS,
        limits: Limits = LIMITS,
    ) -> Answer | Refusal:
        """Make one call in ``region``; ``doing`` completes "the request for …". Blocks.

        A refusal that more tries did not change is returned. Raises Unreachable where there is no answer of AWS, Usage
        and InvalidConfig where the settings can't work.
        """
        address, signed_for = self._place(service, region)
        try:
            body = query.form(action, VERSIONS[service], parameters)
        except ValueError:
            raise Usage(f"the request for {doing} is malformed", "check the role in the catalog") from None

        def headers(when: float) -> Mapping[str, str]:
            return signed_headers(address, body, credentials, service=service, region=signed_for, when=when)

        made = _Call(address, headers, body, "", partial(query.read, action), limits)
        return self._made(made, doing, attempts, attempts)

    def ask_portal(
        self,
        path: str,
        parameters: Mapping[str, str],
        token: Secret,
        *,
        region: str,
        doing: str,
        limits: Limits = LIMITS,
    ) -> Answer | Refusal:
        """Make one GET of the portal of IAM Identity Center in ``region``, for whoever holds ``token``. Blocks.

        As :meth:`call`; "IAM Identity Center Portal API": nothing is signed, the token stands in a header.
        """
        address, _ = self._place("sso", region)
        address = address._replace(path=address.path.rstrip("/") + path)
        given = {"Host": address.host_header, "x-amz-sso_bearer_token": token.reveal()}
        made = _Call(address, lambda _: given, None, urlencode(parameters), documents.read, limits)
        return self._made(made, doing, ATTEMPTS, THROTTLED_ATTEMPTS)

    def _place(self, service: Service, region: str) -> tuple[Address, str]:
        """Return where a service is, and the region to sign for. Raises Usage."""
        endpoint = self.endpoints.of(service, region)
        try:
            return Address.of(endpoint.url), endpoint.region
        except (ValueError, OSError):
            raise Usage("AWS_ENDPOINT_URL is not an address", "it needs a scheme, such as https://…") from None

    def _made(self, made: _Call, doing: str, attempts: int, throttled_attempts: int) -> Answer | Refusal:
        """Make a call, and again while that may help. Raises Unreachable."""
        attempt = 1
        while True:
            outcome = self._try(made)
            throttled, wish = (outcome.throttled, outcome.wish) if isinstance(outcome, Refusal) else (False, "")
            most = throttled_attempts if throttled else attempts
            if isinstance(outcome, Answer) or attempt >= most or not outcome.passing:
                break
            self._sleep(pause(attempt, throttled=throttled, fraction=self._fraction(), wish=wish))
            attempt += 1
        if isinstance(outcome, Trouble):
            raise unreachable(outcome, made.address, doing)
        return outcome

    def _try(self, made: _Call) -> Answer | Refusal | Trouble:
        """Send a call; where AWS shows that our clock made the signature void, sign by AWS's clock and send it again.

        AWS judges a signature before it looks at what is signed, an MFA code included: nothing has been acted upon, so
        a call that must be made once only may be sent again here.
        """
        offset = self._offset()
        outcome = self._once(made, offset)
        measured = offset if self._skew is None else self._skew
        if isinstance(outcome, Refusal) and outcome.code in CLOCK and abs(measured - offset) > TOLERATED:
            outcome = self._once(made, self._offset())
        return outcome

    def _once(self, made: _Call, offset: float) -> Answer | Refusal | Trouble:
        """Sign by our clock, ``offset`` seconds added, send, and read the answer."""
        headers = {**made.headers(self._clock() + offset), "User-Agent": _AGENT}
        try:
            way = sending.Way(made.limits, proxy_for(self._environ, made.address), self._context, self._lookup)
            response = sending.send(made.address, headers, made.body, way, made.query)
            skew = self._skew_of(response)
            outcome = made.read(response, skew)
            if skew is not None and (isinstance(outcome, Answer) or outcome.code):
                self._skew = skew  # what a sign-in page says of the time is nothing to go by
            return outcome
        except Trouble as trouble:
            return trouble
        except ValueError:
            raise Usage("the access key or its token holds a character that none has", "take them anew") from None

    def _offset(self) -> float:
        """Return the seconds to add to our clock before it signs: none while AWS's rules bear the difference."""
        skew = self._known_skew() if self._skew is None else self._skew
        return skew if abs(skew) > TOLERATED else 0.0

    def _skew_of(self, response: Response) -> float | None:
        """Return how far the server's clock is from ours; its Date header has whole seconds."""
        server = of_header(response.headers.get("date", ""))
        return None if server is None else server - self._clock()

    def _context(self) -> ssl.SSLContext:
        from xswitch.aws.tls import context_for

        with self._lock:
            if self._tls is None:
                self._tls = context_for(self._environ, default_bundle)
            return self._tls


class _Call(NamedTuple):
    """One call: ``headers`` signs it for a moment in epoch seconds; ``body`` None makes it a GET of ``query``."""

    address: Address
    headers: Callable[[float], Mapping[str, str]]
    body: bytes | None
    query: str
    read: Callable[[Response, float | None], Answer | Refusal]
    limits: Limits
