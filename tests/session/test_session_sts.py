"""The STS client: explicit keys, the SDK's settings for endpoints, and nothing of the person's profiles."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest

from xswitch.credentials import Credentials
from xswitch.errors import InvalidConfig, Unreachable, Usage
from xswitch.secret import Secret
from xswitch.session.endpoints import (
    bare_session,
    endpoint_override,
    host_of,
    main_region,
    proxies_of,
    region_for,
    verify_of,
)
from xswitch.session.model import Hop
from xswitch.session.sts import BotoSts

HOP = Hop("assume-role", 3600, "web-dev/R", "arn:aws:iam::697658141357:role/R", "697658141357", "ada")
DEAD = "http://127.0.0.1:9"


@pytest.fixture
def keys(plain) -> Credentials:
    key, secret = plain[1].user_access_key
    return Credentials(key, Secret(secret))


def who(environ, keys, **settings) -> str:
    sts = BotoSts(environ, time.time, **settings)
    return sts.who_am_i(keys, identity="central").arn


def test_the_person_s_profiles_and_variables_are_not_consulted(plain, keys, monkeypatch, tmp_path):
    sandbox, organization = plain
    (tmp_path / "config").write_text("[default]\nregion = mars\nendpoint_url = http://127.0.0.1:9\n[profile x\n")
    for name, value in {
        "AWS_PROFILE": "does-not-exist",
        "AWS_DEFAULT_PROFILE": "does-not-exist-either",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "missing"),
        "AWS_ACCESS_KEY_ID": "AKIASOMEBODYELSE0000",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_SESSION_TOKEN": "x",
        "AWS_ENDPOINT_URL": DEAD,
        "AWS_RETRY_MODE": "legacy",
        "HTTP_PROXY": DEAD,
    }.items():
        monkeypatch.setenv(name, value)
    assert who({"AWS_ENDPOINT_URL": sandbox.url}, keys) == organization.caller_arn


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({}, ""),
        ({"AWS_ENDPOINT_URL": "a"}, "a"),
        ({"AWS_ENDPOINT_URL": "a", "AWS_ENDPOINT_URL_STS": "b"}, "b"),
        ({"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_STS": ""}, ""),
        ({"AWS_ENDPOINT_URL": "a", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, ""),
        ({"AWS_ENDPOINT_URL": "a", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"}, "a"),
    ],
)
def test_the_address_that_stands_in_for_aws(environ, found):
    assert endpoint_override(environ) == found
    assert BotoSts(environ, time.time).endpoint == found


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({}, {}),
        ({"HTTPS_PROXY": "http://p:1"}, {"https": "http://p:1"}),
        ({"https_proxy": "http://low:1", "HTTPS_PROXY": "http://up:1"}, {"https": "http://low:1"}),
        ({"ALL_PROXY": "http://all:1"}, {"http": "http://all:1", "https": "http://all:1"}),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "localhost,.amazonaws.com"}, {}),
        ({"HTTPS_PROXY": "http://p:1", "no_proxy": "*"}, {}),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "example.com"}, {"https": "http://p:1"}),
    ],
)
def test_proxies_by_the_usual_variables(environ, found):
    assert proxies_of(environ, "https://sts.eu-west-1.amazonaws.com") == found


def test_a_proxy_is_used_and_passed_by(plain, keys):
    sandbox, organization = plain
    environ = {"AWS_ENDPOINT_URL": sandbox.url, "http_proxy": DEAD}
    with pytest.raises(Unreachable):
        who(environ, keys, attempts=1)
    assert who(environ | {"no_proxy": "127.0.0.1"}, keys) == organization.caller_arn


def test_without_an_address_of_its_own_the_region_s_endpoint_is_asked_for(keys):
    """A proxy that is not there keeps the call on this machine."""
    with pytest.raises(Unreachable, match="the proxy can't be reached"):
        who({"https_proxy": DEAD}, keys, attempts=1)


def test_the_bundle_of_certificates():
    assert verify_of({}) is True
    assert verify_of({"REQUESTS_CA_BUNDLE": "r"}) == "r"
    assert verify_of({"AWS_CA_BUNDLE": "a", "REQUESTS_CA_BUNDLE": "r"}) == "a"


@pytest.mark.parametrize(
    ("partition", "main", "domain"),
    [
        ("aws", "us-east-1", "amazonaws.com"),
        ("aws-cn", "cn-northwest-1", "amazonaws.com.cn"),
        ("aws-us-gov", "us-gov-west-1", "amazonaws.com"),
        ("aws-eusc", "eusc-de-east-1", "amazonaws.eu"),
        ("aws-iso", "us-iso-east-1", "c2s.ic.gov"),
    ],
)
def test_each_partition_has_its_own_region_and_host(partition, main, domain):
    session = bare_session()
    assert main_region(session, partition) == main
    assert region_for(session, partition, main) == main
    foreign = "eu-west-1" if partition != "aws" else "cn-north-1"
    assert region_for(session, partition, foreign) == main, "a region of another partition is not called"
    assert host_of(session, main) == f"sts.{main}.{domain}"


def test_a_region_that_botocore_does_not_know_is_called_all_the_same():
    session = bare_session()
    assert region_for(session, "aws", "eu-future-9") == "eu-future-9"
    with pytest.raises(Usage, match="no partition"):
        main_region(session, "aws-mars")


def test_a_region_is_signed_for(plain, keys):
    sandbox, _ = plain
    sts = BotoSts({"AWS_ENDPOINT_URL": sandbox.url}, time.time)
    sts.who_am_i(keys, identity="x", partition="aws", region="ap-southeast-2")
    assert sandbox.calls[-1].region == "ap-southeast-2"


@pytest.mark.parametrize("address", ["127.0.0.1:1", "not an address", "http://", "ftp//x"])
def test_an_address_that_is_none_is_wrong_usage(keys, address):
    with pytest.raises(Usage, match="AWS_ENDPOINT_URL"):
        who({"AWS_ENDPOINT_URL": address}, keys, attempts=1)


def test_nobody_listens(keys):
    with pytest.raises(Unreachable, match=r"can't be reached at http://127\.0\.0\.1:9") as caught:
        who({"AWS_ENDPOINT_URL": DEAD}, keys, attempts=1)
    assert caught.value.hint


class _Canned(BaseHTTPRequestHandler):
    answer: tuple[int, str, str] = (200, "text/xml", "")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, kind, body = self.answer
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args: object) -> None:
        pass


GOOD = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::1:user/x</Arn><UserId>U</UserId><Account>1</Account></GetCallerIdentityResult>
<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>"""


def _serve(answer: tuple[int, str, str], context: ssl.SSLContext | None = None) -> Iterator[str]:
    handler = type("Handler", (_Canned,), {"answer": answer})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http{'s' if context else ''}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


SIGN_IN_PAGE = "<!DOCTYPE html><html><body>Please sign in to the airport's network</body></html>"


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (200, "text/html", SIGN_IN_PAGE),
        (200, "text/xml", ""),
        (200, "text/xml", "<a><b></a>"),
        (200, "text/xml", GOOD.replace("Arn", "Other")),
        (200, "application/json", "{}"),
        (403, "text/html", SIGN_IN_PAGE),
        (302, "text/html", ""),
        (404, "text/plain", "not found"),
        (400, "text/xml", "<ErrorResponse><Error/></ErrorResponse>"),
        (500, "text/html", "oops"),
        (503, "text/xml", ""),
    ],
)
def test_whatever_answers_in_aws_s_place_is_not_aws(keys, status, kind, body):
    for url in _serve((status, kind, body)):
        with pytest.raises(Unreachable) as caught:
            who({"AWS_ENDPOINT_URL": url}, keys, attempts=1)
        assert caught.value.exit_status == 7


ISSUED = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><AssumedRoleUser>
<Arn>arn:aws:sts::697658141357:assumed-role/R/ada</Arn><AssumedRoleId>A:ada</AssumedRoleId></AssumedRoleUser><Credentials>
<AccessKeyId>ASIAX</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
<Expiration>2026-11-23T12:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<SessionToken>t</SessionToken>", ""),
        ("<SessionToken>t</SessionToken>", "<SessionToken></SessionToken>"),
        ("<AccessKeyId>ASIAX</AccessKeyId>", ""),
        ("2026-11-23T12:00:00Z", "soon"),
        ("<Expiration>2026-11-23T12:00:00Z</Expiration>", ""),
    ],
)
def test_credentials_with_a_part_missing_are_none(keys, old, new):
    for url in _serve((200, "text/xml", ISSUED)):
        sts = BotoSts({"AWS_ENDPOINT_URL": url}, time.time)
        issued = sts.issue(HOP, keys, identity="x", partition="aws")
        assert (issued.arn, issued.credentials.expires) == (
            "arn:aws:sts::697658141357:assumed-role/R/ada",
            1795435200.0,
        )
    for url in _serve((200, "text/xml", ISSUED.replace(old, new))):
        sts = BotoSts({"AWS_ENDPOINT_URL": url}, time.time, attempts=1)
        with pytest.raises(Unreachable, match="is not AWS"):
            sts.issue(HOP, keys, identity="x", partition="aws")


def _private_authority(folder: Path) -> Path:
    """Write a key and a certificate for 127.0.0.1 that no public authority signed; return the file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "private")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "both.pem").write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return folder / "both.pem"


def test_a_private_authority_is_trusted_where_aws_ca_bundle_names_it(keys, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_private_authority(tmp_path))
    for url in _serve((200, "text/xml", GOOD), context):
        environ = {"AWS_ENDPOINT_URL": url}
        with pytest.raises(Unreachable, match="not trusted") as caught:
            who(environ, keys, attempts=1)
        assert "AWS_CA_BUNDLE" in caught.value.hint
        assert who(environ | {"AWS_CA_BUNDLE": str(tmp_path / "ca.pem")}, keys) == "arn:aws:iam::1:user/x"
        with pytest.raises(InvalidConfig, match="AWS_CA_BUNDLE"):
            who(environ | {"AWS_CA_BUNDLE": str(tmp_path / "missing.pem")}, keys, attempts=1)


def test_threads_share_a_client_maker(plain, keys):
    sandbox, organization = plain
    sts = BotoSts({"AWS_ENDPOINT_URL": sandbox.url}, time.time)
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(sts.who_am_i(keys, identity="x").arn)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == [organization.caller_arn] * 8
