"""Which proxy stands between, by the variables that curl and the SDKs read: lower case first, ALL_PROXY last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from xswitch.aws.http import Address
from xswitch.errors import InvalidConfig, Problem
from xswitch.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator


class Proxy(NamedTuple):
    """A forward proxy. ``login`` is the value of its Proxy-Authorization header, None where it wants none."""

    address: Address
    login: Secret | None
    variable: str


def proxy_for(environ: Mapping[str, str], address: Address) -> Proxy | None:
    """Return the proxy for requests to ``address``, or None. Raises InvalidConfig where it is none that can be used."""
    for name in (f"{address.scheme}_proxy", "all_proxy"):
        for variable in (name, name.upper()):
            if url := environ.get(variable, "").strip():
                return None if _passed_by(environ, address) else _parse(url, variable)
    return None


def _passed_by(environ: Mapping[str, str], address: Address) -> bool:
    """Tell whether NO_PROXY names the host, with or without its port, or a domain that it is of."""
    named = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    if named.strip() == "*":
        return True
    hosts = (address.host, address.bracketed, f"{address.bracketed}:{address.port}")
    return any(host == name or host.endswith(f".{name}") for name in _names(named) for host in hosts)


def _names(named: str) -> Iterator[str]:
    for name in named.lower().split(","):
        if name := name.strip().lstrip("."):
            yield name


def _parse(url: str, variable: str) -> Proxy:
    """Read a proxy's URL; one without a scheme is of HTTP. Its name and password are never shown."""
    if "://" not in url:
        url = f"http://{url.removeprefix('//')}"
    try:
        address = Address.of(url)
        parts = urlsplit(url)
        name, password = parts.username, parts.password
    except (ValueError, OSError):
        message = "it is no proxy that can be used here"
        hint = (
            "write http://user:password@host:port; SOCKS is not spoken here, and NO_PROXY=.amazonaws.com passes it by"
        )
        raise InvalidConfig((Problem(variable, None, "", message, hint),)) from None
    return Proxy(address, _basic(name, password) if name else None, variable)


def _basic(name: str, password: str | None) -> Secret:
    from base64 import b64encode

    return Secret("Basic " + b64encode(f"{unquote(name)}:{unquote(password or '')}".encode()).decode())
