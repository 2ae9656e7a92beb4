"""A private authority, and certificates that must not be taken. The name is always checked."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from authority import HOUR, Authority
from calling import Aws
from wires import free_port, saying

from xswitch.aws import tls
from xswitch.aws.endpoints import default_bundle
from xswitch.aws.http import Limits
from xswitch.errors import InvalidConfig, Unreachable
from xswitch.sandbox import Sandbox, practice

ORGANIZATION = practice.build(time.time)


@contextmanager
def over_https(context: ssl.SSLContext) -> Iterator[Aws]:
    with Sandbox(ORGANIZATION.organization, time.time, ssl_context=context) as sandbox:
        assert sandbox.url.startswith("https://")
        yield Aws(sandbox, ORGANIZATION)
        assert not sandbox.crashes


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_a_private_authority_is_trusted_where_it_is_named(authority: Authority, bundle: Path, variable: str) -> None:
    with over_https(authority.server("127.0.0.1")) as aws:
        client = aws.client({variable: str(bundle)})
        assert aws.is_ada(aws.who(client))
        assert aws.is_ada(aws.who(client))


@pytest.mark.parametrize(
    ("hosts", "begins", "ends", "message", "hint"),
    [
        (["localhost", "127.0.0.2"], -HOUR, HOUR, "is another host's", "AWS_ENDPOINT_URL"),
        (["127.0.0.1"], -2 * HOUR, -HOUR, "has expired", "check this machine's clock"),
        (["127.0.0.1"], HOUR, 2 * HOUR, "is not valid yet", "check this machine's clock"),
    ],
)
def test_a_certificate_that_does_not_hold(
    authority: Authority, bundle: Path, hosts: list[str], begins: timedelta, ends: timedelta, message: str, hint: str
) -> None:
    with over_https(authority.server(*hosts, begins=begins, ends=ends)) as aws:
        with pytest.raises(Unreachable, match=message) as caught:
            aws.who(aws.client({"AWS_CA_BUNDLE": str(bundle)}))
        assert hint in caught.value.hint
        assert caught.value.exit_status == 7
        assert (aws.outcomes, aws.waits) == ([], []), "no other try makes it good"


def test_a_name_that_is_not_the_certificate_s(authority: Authority, bundle: Path) -> None:
    with over_https(authority.server("127.0.0.1")) as aws:
        url = aws.sandbox.url.replace("127.0.0.1", "localhost")
        with pytest.raises(Unreachable, match=r"https://localhost:\d+ is another host's"):
            aws.who(aws.client({"AWS_CA_BUNDLE": str(bundle), "AWS_ENDPOINT_URL": url}))


def test_an_authority_that_nobody_named(authority: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other")
    with over_https(authority.server("127.0.0.1")) as aws:
        for environ in ({}, {"AWS_CA_BUNDLE": str(other.bundle)}):
            with pytest.raises(Unreachable, match="is not trusted") as caught:
                aws.who(aws.client(environ))
            assert "AWS_CA_BUNDLE" in caught.value.hint


def test_a_bundle_that_is_none(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("not a certificate\n")
    with over_https(authority.server("127.0.0.1")) as aws:
        for name, words in {
            "missing.pem": "can't be read",
            "empty.pem": "holds no certificates",
            "": "can't be read",
        }.items():
            with pytest.raises(InvalidConfig, match=f"AWS_CA_BUNDLE: .*{name} {words}"):
                aws.who(aws.client({"AWS_CA_BUNDLE": str(tmp_path / name)}))
        assert aws.outcomes == []


def test_a_bundle_is_not_looked_at_where_there_is_no_tls(aws: Aws, tmp_path: Path) -> None:
    assert aws.is_ada(aws.who(aws.client({"AWS_CA_BUNDLE": str(tmp_path / "missing")})))


def test_http_at_the_other_end() -> None:
    with saying(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", listens=False) as (url, _):
        aws = Aws(Sandbox(ORGANIZATION.organization), ORGANIZATION)
        with pytest.raises(Unreachable, match="does not speak TLS") as caught:
            aws.who(aws.client({"AWS_ENDPOINT_URL": url.replace("http:", "https:")}))
        assert "scheme" in caught.value.hint


def test_https_at_the_other_end(authority: Authority) -> None:
    with over_https(authority.server("127.0.0.1")) as aws, pytest.raises(Unreachable):
        aws.who(aws.client({"AWS_ENDPOINT_URL": aws.sandbox.url.replace("https:", "http:")}))


def test_a_server_that_is_silent_in_the_handshake_is_given_up() -> None:
    aws = Aws(Sandbox(ORGANIZATION.organization), ORGANIZATION)
    with saying(30.0) as (url, _), pytest.raises(Unreachable, match="in time"):
        aws.who(aws.client({"AWS_ENDPOINT_URL": url.replace("http:", "https:")}), attempts=1, limits=Limits(0.3, 20.0))


def test_nobody_listens_at_https() -> None:
    aws = Aws(Sandbox(ORGANIZATION.organization), ORGANIZATION)
    with pytest.raises(Unreachable, match="can't be reached at https"):
        aws.who(aws.client({"AWS_ENDPOINT_URL": f"https://127.0.0.1:{free_port()}"}))


def test_old_protocols_and_unverified_names_are_never_spoken(bundle: Path) -> None:
    context = tls.context_for({"AWS_CA_BUNDLE": str(bundle)}, str)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    public = tls.context_for({}, default_bundle)
    assert len(public.get_ca_certs()) > 50
