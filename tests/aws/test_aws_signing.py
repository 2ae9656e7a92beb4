"""What is signed and sent equals what botocore signs and sends, byte for byte, over generated requests."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st
from properties import examples

from xswitch.aws import query
from xswitch.aws.http import Address, request_bytes
from xswitch.aws.signing import FORM, canonical_path, signed_headers
from xswitch.credentials import Credentials
from xswitch.secret import Secret

WHEN = 1_790_000_000.0
KEYS = Credentials("AKIAADA0000000000001", Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"))


class ClockedSigner(SigV4Auth):
    """botocore's signer, at a moment of the test's choice."""

    def __init__(self, keys: Credentials, service: str, region: str, when: float) -> None:
        token = keys.session_token.reveal() if keys.session_token else None
        given = BotoCredentials(keys.access_key_id, keys.secret_access_key.reveal(), token)
        super().__init__(given, service, region)
        self._when = datetime.fromtimestamp(when, UTC)

    def add_auth(self, request: Any) -> None:
        request.context["timestamp"] = self._when.strftime("%Y%m%dT%H%M%SZ")
        self._modify_request_before_signing(request)
        signature = self.signature(self.string_to_sign(request, self.canonical_request(request)), request)
        self._inject_signature_to_request(request, signature)


def by_botocore(url: str, body: bytes, keys: Credentials, service: str, region: str, when: float) -> dict[str, str]:
    """Return the headers that botocore sends with a body, those of its HTTP client left out."""
    request = AWSRequest("POST", url, data=body, headers={"Content-Type": FORM})
    ClockedSigner(keys, service, region, when).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


def by_us(url: str, body: bytes, keys: Credentials, service: str, region: str, when: float) -> dict[str, str]:
    made = signed_headers(Address.of(url), body, keys, service=service, region=region, when=when)
    return {name.lower(): value for name, value in made.items() if name != "Host"}


HOSTS = st.one_of(
    st.sampled_from(["127.0.0.1", "localhost", "[::1]", "[2001:db8::7]", "sts.eu-west-1.amazonaws.com", "LocalStack"]),
    st.from_regex(r"[a-z0-9]{1,20}(-[a-z0-9]{1,20}){0,2}(\.[a-z0-9]{1,20}){0,3}", fullmatch=True),
)
PORTS = st.one_of(st.sampled_from(["", ":80", ":443", ":4566"]), st.integers(1, 65535).map(lambda port: f":{port}"))
SEGMENTS = st.from_regex(r"([A-Za-z0-9._~-]|%[0-9A-F]{2}|[!$&'()*+,;=:@]){0,8}", fullmatch=True)
PATHS = st.lists(SEGMENTS, max_size=5).map(lambda segments: "".join(f"/{segment}" for segment in segments))
URLS = st.builds(lambda *parts: "".join(parts), st.sampled_from(["http://", "https://"]), HOSTS, PORTS, PATHS)
PLAIN = st.characters(min_codepoint=32, exclude_characters="\x7f", exclude_categories=["Cs", "Cc"])
KEY_PAIRS = st.builds(
    Credentials,
    st.from_regex(r"[A-Z0-9]{16,32}", fullmatch=True),
    st.text(PLAIN, min_size=1, max_size=60).map(Secret),
    st.none() | st.text(PLAIN, min_size=1, max_size=200).filter(str.strip).map(Secret),
)
REGIONS = st.sampled_from(["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1", "eu-future-9"])
MOMENTS = st.integers(0, 8_000_000_000).map(lambda halves: halves / 2)


@examples(400)
@given(URLS, st.binary(max_size=300), KEY_PAIRS, st.sampled_from(["sts", "iam"]), REGIONS, MOMENTS)
def test_every_header_is_botocore_s(
    url: str, body: bytes, keys: Credentials, service: str, region: str, when: float
) -> None:
    assert by_us(url, body, keys, service, region, when) == by_botocore(url, body, keys, service, region, when)


@pytest.mark.parametrize(
    "path", ["", "/", "//", "/a", "/a/", "/a//b/", "/./a/../b", "/..", "/a/..", "/a/../", "/%20", "/~a", "/ü", "/a/./"]
)
def test_paths_are_signed_as_botocore_does(path: str) -> None:
    signer = ClockedSigner(KEYS, "sts", "us-east-1", WHEN)
    assert canonical_path(path) == signer._normalize_url_path(path)


def test_the_host_that_is_signed_is_the_one_that_is_sent() -> None:
    for url, host in {
        "https://sts.amazonaws.com:443/": "sts.amazonaws.com",
        "http://127.0.0.1:80": "127.0.0.1",
        "https://127.0.0.1:80": "127.0.0.1:80",
        "http://[::1]:4566/": "[::1]:4566",
        "http://user:password@LocalHost:4566/": "localhost:4566",
    }.items():
        made = signed_headers(Address.of(url), b"", KEYS, service="sts", region="us-east-1", when=WHEN)
        assert made["Host"] == host
        assert f"\r\nHost: {host}\r\n".encode() in request_bytes("/", made, b"")
        assert "SignedHeaders=content-type;host;x-amz-date," in made["Authorization"]


@pytest.mark.parametrize("token", ["a\r\nX-Evil: 1", "a\nb", "a\0b", "a\x7f"])
def test_a_token_never_ends_its_header_early(token: str) -> None:
    keys = Credentials("AKIA", Secret("s"), Secret(token))
    made = signed_headers(Address.of("http://h"), b"", keys, service="sts", region="us-east-1", when=WHEN)
    with pytest.raises(ValueError, match="control character"):
        request_bytes("/", made, b"")


# ── the body


@functools.cache
def operation(service: str, action: str) -> Any:
    return botocore.session.get_session().get_service_model(service).operation_model(action)


def body_by_botocore(service: str, action: str, parameters: dict[str, Any]) -> bytes:
    serialized = create_serializer("query", include_validation=False).serialize_to_request(
        parameters, operation(service, action)
    )
    request = AWSRequest("POST", "http://h/", data=serialized["body"], headers=serialized["headers"])
    assert request.headers["Content-Type"] == FORM
    body: str = request.prepare().body
    return body.encode()


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
BYTES_AS_TEXT = st.binary(max_size=40).map(lambda data: data.decode("latin-1"))
TEXTS = ANY_TEXT | BYTES_AS_TEXT
ASSUME = st.fixed_dictionaries(
    {"RoleArn": TEXTS, "RoleSessionName": TEXTS, "DurationSeconds": st.integers(900, 43200)},
    optional={
        "SerialNumber": TEXTS,
        "TokenCode": TEXTS,
        "ExternalId": TEXTS,
        "SourceIdentity": TEXTS,
        "Policy": TEXTS,
        "Tags": st.lists(st.fixed_dictionaries({"Key": TEXTS, "Value": TEXTS}), min_size=1, max_size=12),
        "TransitiveTagKeys": st.lists(TEXTS, min_size=1, max_size=3),
        "PolicyArns": st.lists(st.fixed_dictionaries({"arn": TEXTS}), min_size=1, max_size=3),
    },
)


@examples(300)
@given(ASSUME)
def test_the_form_of_assume_role_is_botocore_s(parameters: dict[str, Any]) -> None:
    assert query.form("AssumeRole", "2011-06-15", parameters) == body_by_botocore("sts", "AssumeRole", parameters)


@pytest.mark.parametrize(
    ("service", "action", "version", "parameters"),
    [
        ("sts", "GetCallerIdentity", "2011-06-15", {}),
        (
            "sts",
            "GetSessionToken",
            "2011-06-15",
            {"DurationSeconds": 900, "SerialNumber": "a:b/c", "TokenCode": "012345"},
        ),
        ("iam", "GetRole", "2010-05-08", {"RoleName": "ü +=,.@-"}),
    ],
)
def test_the_forms_of_the_other_calls_are_botocore_s(
    service: str, action: str, version: str, parameters: dict[str, Any]
) -> None:
    assert query.form(action, version, parameters) == body_by_botocore(service, action, parameters)


def test_text_that_is_not_unicode_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        query.form("AssumeRole", "2011-06-15", {"RoleArn": "\ud800"})
