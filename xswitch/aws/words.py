"""What kept a request from its answer, in a person's words."""

from __future__ import annotations

from typing import Final

from xswitch.aws.http import Address, Trouble
from xswitch.errors import Unreachable
from xswitch.text import clean

_PROXY: Final = "check HTTPS_PROXY, and NO_PROXY for hosts that need none"
_WORDS: Final = {
    ("no-connection", ""): ("AWS can't be reached at {place}", "check the network, the VPN and the proxy"),
    ("timeout", ""): ("AWS did not answer in time at {place}", "check the network, then try again"),
    ("broken", ""): ("the connection to {place} broke off", "check the network, the VPN and the proxy, then try again"),
    ("certificate", ""): (
        "the certificate at {place} is not trusted",
        "behind a TLS proxy, AWS_CA_BUNDLE names the file of its certificates",
    ),
    ("certificate", "expired"): (
        "the certificate at {place} has expired",
        "check this machine's clock; if that is right, whoever runs the host has to renew it",
    ),
    ("certificate", "not yet valid"): ("the certificate at {place} is not valid yet", "check this machine's clock"),
    ("certificate", "other host"): (
        "the certificate at {place} is another host's",
        "something else answers there: check AWS_ENDPOINT_URL, the proxy and the network",
    ),
    ("no-tls", ""): ("{place} does not speak TLS as it should", "check the scheme of AWS_ENDPOINT_URL and HTTPS_PROXY"),
    ("proxy", ""): ("the proxy can't be reached", _PROXY),
    ("proxy", "certificate"): (
        "the certificate of the proxy is not trusted",
        "AWS_CA_BUNDLE names the file of the certificates to trust",
    ),
    ("proxy-login", ""): (
        "the proxy wants a name and password, or other ones",
        "HTTPS_PROXY=http://user:password@host:port",
    ),
}


def unreachable(trouble: Trouble, address: Address, doing: str) -> Unreachable:
    """Return the error for a request to ``address``; ``doing`` completes "the request for …"."""
    if trouble.kind == "not-aws":
        return not_aws(doing)
    if trouble.kind == "proxy" and trouble.detail.isdigit():
        return Unreachable(f"the proxy refused the connection ({trouble.detail}), for {doing}", _PROXY)
    message, hint = _WORDS[trouble.kind, trouble.detail]
    place = clean(f"{address.scheme}://{address.host_header}")
    return Unreachable(f"{message.format(place=place)}, for {doing}", hint)


def not_aws(doing: str) -> Unreachable:
    """Return the error for an answer that makes no sense."""
    return Unreachable(
        f"what answered the request for {doing} is not AWS",
        "a proxy or a sign-in page of the network may stand in between; check AWS_ENDPOINT_URL too",
    )
