"""A request on its way: the name looked up, a connection made, through a proxy and TLS where they are, one answer read.

Every wait has an end, and a signal that raises ends it at once: the system's resolver, which can't be interrupted, runs
in a thread that is left behind.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from xswitch.aws.http import (
    Address,
    Limits,
    Reader,
    Response,
    Stream,
    Trouble,
    head_bytes,
    read_head,
    read_response,
    request_bytes,
)

if TYPE_CHECKING:
    import ssl

    from xswitch.aws.proxies import Proxy

Lookup = Callable[[str, int], list[tuple[Any, ...]]]


def look_up(host: str, port: int) -> list[tuple[Any, ...]]:
    """Return the addresses of a host, as the system knows them. Raises OSError."""
    # Given as bytes, since text would have a codec for international names loaded first.
    return socket.getaddrinfo(host.encode(), port, type=socket.SOCK_STREAM)


class Way(NamedTuple):
    """How a request travels. ``tls`` gives the context to trust servers by, once one is needed."""

    limits: Limits
    proxy: Proxy | None
    tls: Callable[[], ssl.SSLContext]
    lookup: Lookup = look_up
    clock: Callable[[], float] = time.monotonic


def send(address: Address, headers: Mapping[str, str], body: bytes | None, way: Way, query: str = "") -> Response:
    """Send one POST, or a GET where ``body`` is None, and return its answer; a redirect is an answer.

    ``query`` goes behind the path, "" for none. Raises Trouble, ValueError for a bad header.
    """
    target, sent, proxy = address.path + (f"?{query}" if query else ""), dict(headers), way.proxy
    if proxy is not None and address.scheme == "http":
        target = f"http://{address.host_header}{target}"
        if proxy.login is not None:
            sent["Proxy-Authorization"] = proxy.login.reveal()
    request = request_bytes(target, sent, body)
    with contextlib.ExitStack() as open_ones:
        stream = _open(address, way, open_ones)
        try:
            stream.settimeout(way.limits.answer)
            stream.sendall(request)
            response = read_response(Reader(stream, way.limits.answer, way.clock))
        except TimeoutError:
            raise Trouble("timeout") from None
        except OSError:
            raise Trouble("broken") from None
    if response.status == 407 and proxy is not None:
        raise Trouble("proxy-login")
    return response


def _open(address: Address, way: Way, open_ones: contextlib.ExitStack) -> Stream:
    """Return a stream to ``address`` that the stack closes."""
    proxy = way.proxy
    first = address if proxy is None else proxy.address
    # The context is made before the connection, so that a bundle that can't be read is what is told.
    context = way.tls() if "https" in (first.scheme, address.scheme) else None
    try:
        stream: Stream = open_ones.enter_context(contextlib.closing(_connect(first, way)))
        if first.scheme == "https" and context is not None:
            stream = open_ones.enter_context(contextlib.closing(_over_tls(stream, first, context)))
    except Trouble as trouble:
        if proxy is None:
            raise
        raise Trouble("proxy", "certificate" if trouble.kind == "certificate" else "") from None
    if proxy is not None and address.scheme == "https" and context is not None:
        _tunnel(stream, address, proxy, way)
        stream = open_ones.enter_context(contextlib.closing(_over_tls(stream, address, context)))
    return stream


def _connect(address: Address, way: Way) -> socket.socket:
    """Return a connection to the first of the host's addresses that answers in time. Raises Trouble."""
    failed = Trouble("no-connection")
    for family, kind, protocol, _, place in _addresses(address, way):
        try:
            connection = socket.socket(family, kind, protocol)
        except OSError:
            continue  # a family that this machine does not have
        try:
            connection.settimeout(way.limits.connect)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.connect(place)
        except BaseException as error:
            connection.close()
            if not isinstance(error, OSError):
                raise
            failed = Trouble("timeout" if isinstance(error, TimeoutError) else "no-connection")
        else:
            return connection
    raise failed


def _addresses(address: Address, way: Way) -> list[tuple[Any, ...]]:
    """Look the host up, in a thread unless it is an address already: a look-up has no time-out. Raises Trouble."""
    if _is_numeric(address.host):
        return way.lookup(address.host, address.port)
    import threading

    found: list[list[tuple[Any, ...]]] = []
    done = threading.Event()

    def look() -> None:
        try:
            found.append(way.lookup(address.host, address.port))
        except (OSError, UnicodeError):
            found.append([])
        done.set()

    threading.Thread(target=look, name="looking up a host", daemon=True).start()
    if not done.wait(way.limits.connect):
        raise Trouble("timeout")
    return found[0]


def _is_numeric(host: str) -> bool:
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
    except OSError:
        return False
    return True


def _tunnel(stream: Stream, address: Address, proxy: Proxy, way: Way) -> None:
    """Ask the proxy to connect to ``address`` (RFC 9110, 9.3.6). Raises Trouble."""
    place = f"{address.bracketed}:{address.port}"
    headers = {"Host": place} | ({} if proxy.login is None else {"Proxy-Authorization": proxy.login.reveal()})
    try:
        stream.settimeout(way.limits.connect)
        stream.sendall(head_bytes(f"CONNECT {place} HTTP/1.1", headers))
        status, _ = read_head(Reader(stream, way.limits.connect, way.clock))
    except (Trouble, OSError):
        raise Trouble("proxy") from None
    if status == 407:
        raise Trouble("proxy-login")
    if not 200 <= status < 300:
        raise Trouble("proxy", str(status))


def _over_tls(stream: Any, address: Address, context: ssl.SSLContext) -> Stream:
    """Return TLS over a stream, the server's certificate and name checked. Raises Trouble."""
    import ssl

    from xswitch.aws.tls import trouble_of

    try:
        if isinstance(stream, ssl.SSLSocket):
            from urllib3.util.ssltransport import SSLTransport

            return cast("Stream", SSLTransport(stream, context, server_hostname=address.host))
        return context.wrap_socket(stream, server_hostname=address.host)
    except ssl.SSLError as error:
        raise trouble_of(error) from None
    except TimeoutError:
        raise Trouble("timeout") from None
    except OSError:
        raise Trouble("broken") from None
