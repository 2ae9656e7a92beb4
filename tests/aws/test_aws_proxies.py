"""Forward proxies: which one, for which host, and what goes through them."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

import pytest
from authority import Authority
from calling import Aws
from hypothesis import given
from hypothesis import strategies as st
from wires import ForwardProxy, free_port, saying

from xswitch.aws.http import Address
from xswitch.aws.proxies import Proxy, proxy_for
from xswitch.errors import InvalidConfig, Unreachable
from xswitch.sandbox import Sandbox, practice

STS = Address.of("https://sts.eu-west-1.amazonaws.com")
PLAIN = Address.of("http://127.0.0.1:4566/")
ORGANIZATION = practice.build(time.time)


def where(proxy: Proxy | None) -> str:
    return "" if proxy is None else f"{proxy.address.scheme}://{proxy.address.host_header}"


@pytest.mark.parametrize(
    ("environ", "https", "http"),
    [
        ({}, "", ""),
        ({"HTTPS_PROXY": "http://p:1"}, "http://p:1", ""),
        ({"http_proxy": "http://p:1"}, "", "http://p:1"),
        ({"HTTP_PROXY": "http://p:1", "https_proxy": ""}, "", "http://p:1"),
        ({"https_proxy": "http://low:1", "HTTPS_PROXY": "http://up:1"}, "http://low:1", ""),
        ({"https_proxy": "", "HTTPS_PROXY": "http://up:1"}, "http://up:1", ""),
        ({"ALL_PROXY": "http://all:1"}, "http://all:1", "http://all:1"),
        ({"ALL_PROXY": "http://all:1", "HTTPS_PROXY": "p:1"}, "http://p:1", "http://all:1"),
        ({"HTTPS_PROXY": "//p:1"}, "http://p:1", ""),
        ({"HTTPS_PROXY": "https://p"}, "https://p", ""),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "localhost,.amazonaws.com"}, "", ""),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": " AMAZONAWS.com "}, "", ""),
        ({"HTTPS_PROXY": "http://p:1", "no_proxy": "*"}, "", ""),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "example.com,azonaws.com"}, "http://p:1", ""),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "sts.eu-west-1.amazonaws.com:443"}, "", ""),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": "127.0.0.1:4566"}, "http://p:1", ""),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": "127.0.0.1:4567"}, "http://p:1", "http://p:1"),
    ],
)
def test_the_usual_variables(environ: dict[str, str], https: str, http: str) -> None:
    assert (where(proxy_for(environ, STS)), where(proxy_for(environ, PLAIN))) == (https, http)


@pytest.mark.parametrize("named", ["::1", "[::1]", "[::1]:8000"])
def test_an_ipv6_host_may_be_named_either_way(named: str) -> None:
    address = Address.of("http://[::1]:8000")
    assert proxy_for({"http_proxy": "http://p", "no_proxy": named}, address) is None


LABELS = st.sampled_from(["a", "b", "amazonaws", "com", "eu-west-1", "127", "0", "*", ""])
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
HOSTS = st.lists(st.sampled_from(["a", "b", "amazonaws", "com", "eu-west-1"]), min_size=1, max_size=4).map(".".join)
NO_PROXY = st.lists(
    st.builds(
        lambda blank, name, port: f"{blank}{name}{port}",
        st.sampled_from(["", " ", "."]),
        NAMES,
        st.sampled_from(["", ":8000"]),
    ),
    max_size=3,
).map(",".join)


@given(HOSTS, NO_PROXY)
def test_no_proxy_is_read_as_the_standard_library_reads_it(host: str, named: str) -> None:
    address = Address.of(f"http://{host}:8000")
    passed_by = proxy_for({"http_proxy": "http://p", "no_proxy": named}, address) is None
    assert passed_by == bool(named and proxy_bypass_environment(f"{host}:8000", {"no": named}))


@pytest.mark.parametrize(
    "url", ["socks5://p:1", "socks5h://u:secret@p:1", "http://", "http://p:x", "http://a b", "ftp://p"]
)
def test_a_proxy_that_can_t_be_used_is_said(url: str) -> None:
    with pytest.raises(InvalidConfig, match="HTTPS_PROXY: it is no proxy") as caught:
        proxy_for({"HTTPS_PROXY": url}, STS)
    assert "SOCKS" in caught.value.hint
    assert "secret" not in str(caught.value) + caught.value.hint


# ── through a real one


@contextmanager
def over_https(context: ssl.SSLContext) -> Iterator[Aws]:
    with Sandbox(ORGANIZATION.organization, time.time, ssl_context=context) as sandbox:
        yield Aws(sandbox, ORGANIZATION)
        assert not sandbox.crashes


@pytest.mark.parametrize("login", ["", "ada:p@ss wörd"])
def test_http_goes_by_its_absolute_address(aws: Aws, login: str) -> None:
    with ForwardProxy(login) as proxy:
        name = "ada:p%40ss%20w%C3%B6rd@" if login else ""
        environ = {"http_proxy": proxy.url.replace("//", f"//{name}"), "NO_PROXY": "example.com"}
        assert aws.is_ada(aws.who(aws.client(environ)))
        assert proxy.seen == [f"POST {aws.sandbox.url}/ HTTP/1.1"]
        assert aws.is_ada(aws.who(aws.client(environ | {"NO_PROXY": "127.0.0.1"})))
        assert len(proxy.seen) == 1


@pytest.mark.parametrize("login", ["", "ada:secret"])
def test_https_goes_through_a_tunnel(authority: Authority, bundle: Path, login: str) -> None:
    with over_https(authority.server("sts.test")) as aws:
        port = int(aws.sandbox.url.rpartition(":")[2])
        with ForwardProxy(login, hosts={"sts.test": port}) as proxy:
            environ = {
                "AWS_ENDPOINT_URL": "https://sts.test",
                "HTTPS_PROXY": proxy.url.replace("//", f"//{login}@" if login else "//"),
                "AWS_CA_BUNDLE": str(bundle),
            }
            assert aws.is_ada(aws.who(aws.client(environ)))
            assert proxy.seen == ["CONNECT sts.test:443 HTTP/1.1"]


def test_the_name_is_checked_behind_a_tunnel_too(authority: Authority, bundle: Path) -> None:
    with over_https(authority.server("elsewhere.test")) as aws:
        port = int(aws.sandbox.url.rpartition(":")[2])
        with ForwardProxy(hosts={"sts.test": port}) as proxy:
            environ = {
                "AWS_ENDPOINT_URL": "https://sts.test",
                "HTTPS_PROXY": proxy.url,
                "AWS_CA_BUNDLE": str(bundle),
            }
            with pytest.raises(Unreachable, match="another host's"):
                aws.who(aws.client(environ))
    assert aws.outcomes == []


def test_a_proxy_of_https(authority: Authority, bundle: Path) -> None:
    """TLS to the proxy, and TLS to AWS inside it."""
    with over_https(authority.server("sts.test")) as aws:
        port = int(aws.sandbox.url.rpartition(":")[2])
        inside = authority.server("127.0.0.1")
        with ForwardProxy(
            "ada:secret", hosts={"sts.test": port}, tls=lambda plain: inside.wrap_socket(plain, server_side=True)
        ) as proxy:
            environ = {
                "AWS_ENDPOINT_URL": "https://sts.test",
                "HTTPS_PROXY": proxy.url.replace("http://", "https://ada:secret@"),
                "AWS_CA_BUNDLE": str(bundle),
            }
            assert aws.is_ada(aws.who(aws.client(environ)))
            assert proxy.seen == ["CONNECT sts.test:443 HTTP/1.1"]
            with pytest.raises(Unreachable, match="certificate of the proxy is not trusted"):
                aws.who(aws.client(environ | {"AWS_CA_BUNDLE": ""}))


@pytest.mark.parametrize("url", ["http://sts.test", "https://sts.test"])
def test_a_login_that_the_proxy_does_not_take(aws: Aws, url: str) -> None:
    with ForwardProxy("ada:secret") as proxy:
        for login in ("", "ada:wrong@"):
            environ = {"AWS_ENDPOINT_URL": url, "ALL_PROXY": proxy.url.replace("//", f"//{login}")}
            with pytest.raises(Unreachable, match="the proxy wants a name and password") as caught:
                aws.who(aws.client(environ))
            assert "wrong" not in caught.value.message + caught.value.hint
            assert "HTTPS_PROXY" in caught.value.hint
        assert len(proxy.seen) == 2, "the same login is not tried again"


def test_a_host_that_the_proxy_refuses(aws: Aws) -> None:
    with ForwardProxy(refuse=403) as proxy:
        environ = {"AWS_ENDPOINT_URL": "https://sts.test", "HTTPS_PROXY": proxy.url}
        with pytest.raises(Unreachable, match=r"the proxy refused the connection \(403\)"):
            aws.who(aws.client(environ))
        assert len(proxy.seen) == 1


def test_a_proxy_that_is_not_there(aws: Aws) -> None:
    for url in ("http://sts.test", "https://sts.test"):
        environ = {"AWS_ENDPOINT_URL": url, "ALL_PROXY": f"http://127.0.0.1:{free_port()}"}
        with pytest.raises(Unreachable, match="the proxy can't be reached") as caught:
            aws.who(aws.client(environ))
        assert "HTTPS_PROXY" in caught.value.hint
    assert len(aws.waits) == 4


@pytest.mark.parametrize("pieces", [(b"SSH-2.0-OpenSSH_9.2\r\n",), (None,), (b"HTTP/1.1 200",)])
def test_a_proxy_that_is_none(aws: Aws, pieces: tuple[bytes | None, ...]) -> None:
    with saying(*pieces) as (url, _), pytest.raises(Unreachable, match="the proxy can't be reached"):
        aws.who(aws.client({"AWS_ENDPOINT_URL": "https://sts.test", "HTTPS_PROXY": url}))
