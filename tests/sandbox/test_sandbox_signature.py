"""Signature Version 4 as the sandbox verifies it, against botocore's signer and against everything that is off."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st
from properties import examples
from small_aws import NOON, ClockedSigV4, Keys, Refused, World

from xswitch.sandbox import sigv4
from xswitch.sandbox.refusal import Refusal
from xswitch.sandbox.sigv4 import HttpRequest

BODY = b"Action=GetCallerIdentity&Version=2011-06-15"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


def signed(
    world: World, keys: Keys, *, service: str = "sts", region: str = "us-east-1", when: float = NOON
) -> dict[str, str]:
    """Return the headers of a signed GetCallerIdentity."""
    request = AWSRequest("POST", f"{world.sandbox.url}/", data=BODY, headers={"Content-Type": FORM})
    ClockedSigV4(keys, service, region, when).add_auth(request)
    return {"Host": urlsplit(world.sandbox.url).netloc, **dict(request.headers.items())}


def answer(world: World, headers: dict[str, str], body: bytes = BODY) -> tuple[int, str, str]:
    """Send; return status, error code and message ("" where it worked)."""
    import xml.etree.ElementTree as ET

    status, _, content = world.send("POST", "/", headers, body)
    found = ET.fromstring(content)
    space = {"s": "https://sts.amazonaws.com/doc/2011-06-15/"}
    code, message = found.find("s:Error/s:Code", space), found.find("s:Error/s:Message", space)
    return status, "" if code is None else code.text or "", "" if message is None else message.text or ""


def test_a_right_signature(world: World) -> None:
    assert answer(world, signed(world, world.user())) == (200, "", "")


def test_no_signature_at_all(world: World) -> None:
    assert answer(world, {"Content-Type": FORM}) == (
        403,
        "MissingAuthenticationToken",
        "Request is missing Authentication Token",
    )


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("Basic YTpi", "Unsupported AWS 'algorithm': 'Basic'."),
        ("AWS4-HMAC-SHA256 Credential=a", "Authorization header requires 'Signature' parameter."),
        ("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0", "exactly 5 slash-delimited elements"),
        ("AWS4-HMAC-SHA256 nonsense", "not a valid key=value pair"),
        (
            "AWS4-HMAC-SHA256 Credential=a/20260301/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0",
            "requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        ),
    ],
)
def test_half_a_signature(world: World, header: str, words: str) -> None:
    date = {} if "'Date'" in words else {"X-Amz-Date": "20260301T120000Z"}
    status, code, message = answer(world, {"Content-Type": FORM, "Authorization": header, **date})
    assert (status, code) == (400, "IncompleteSignature")
    assert words in message


@pytest.mark.parametrize(
    ("part", "value", "words"),
    [
        ("sts", "iam", "Credential should be scoped to correct service: 'sts'. "),
        ("us-east-1", "nowhere", "Credential should be scoped to a valid region. "),
        ("aws4_request", "aws4", "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws4'. "),
        (
            "20260301",
            "20260302",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20260302' != "
            "'20260301', from '20260301T120000Z'.",
        ),
    ],
)
def test_the_scope_has_to_be_right(world: World, part: str, value: str, words: str) -> None:
    headers = signed(world, world.user())
    credential, rest = headers["Authorization"].split(", ", 1)
    headers["Authorization"] = f"{credential.replace(f'/{part}', f'/{value}')}, {rest}"
    assert answer(world, headers) == (403, "SignatureDoesNotMatch", words)


def test_a_signature_for_another_service(world: World) -> None:
    ada = world.user()
    with pytest.raises(Refused, match="Credential should be scoped to correct service: 'iam'"):
        world.call(ada, "iam", "GetUser", signed_service="sts")


def test_a_clock_that_is_behind_or_ahead(world: World) -> None:
    ada = world.user()
    for off in (-900, 900):
        assert answer(world, signed(world, ada, when=NOON + off))[0] == 200
    assert answer(world, signed(world, ada, when=NOON - 901)) == (
        403,
        "SignatureDoesNotMatch",
        "Signature expired: 20260301T114459Z is now earlier than 20260301T114500Z (20260301T120000Z - 15 min.)",
    )
    assert answer(world, signed(world, ada, when=NOON + 901)) == (
        403,
        "SignatureDoesNotMatch",
        "Signature not yet current: 20260301T121501Z is still later than 20260301T121500Z (20260301T120000Z + 15 min.)",
    )


def test_the_servers_clock_is_told(world: World) -> None:
    _, headers, _ = world.send("POST", "/", {"Content-Type": FORM}, BODY)
    assert headers["date"] == "Sun, 01 Mar 2026 12:00:00 GMT"


def test_keys_that_are_not_known(world: World) -> None:
    ada, role = world.user(), world.role()
    session = world.session(ada, role)
    inactive = world.user("bob")
    world.root().iam("UpdateAccessKey", UserName="bob", AccessKeyId=inactive.id, Status="Inactive")
    gone = world.user("eve")
    world.root().iam("DeleteAccessKey", UserName="eve", AccessKeyId=gone.id)
    other = world.session(ada, role)
    unknown = (
        Keys("AKIAIOSFODNN7EXAMPLE", "x"),
        inactive,
        gone,
        Keys(session.id, session.secret),
        Keys(session.id, session.secret, other.token),
        Keys(session.id, session.secret, f"{session.token}x"),
        Keys(ada.id, ada.secret, session.token),
    )
    for keys in unknown:
        assert answer(world, signed(world, keys)) == (
            403,
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
        )
    world.root().iam("UpdateAccessKey", UserName="bob", AccessKeyId=inactive.id, Status="Active")
    assert answer(world, signed(world, inactive))[0] == 200


def test_a_wrong_secret(world: World) -> None:
    ada = world.user()
    assert answer(world, signed(world, Keys(ada.id, "wrong"))) == (403, "SignatureDoesNotMatch", MISMATCH)


def test_what_was_changed_after_signing(world: World) -> None:
    ada = world.user()
    headers = signed(world, ada)
    assert answer(world, headers, BODY.replace(b"GetCallerIdentity", b"GetSessionToken"))[1:] == (
        "SignatureDoesNotMatch",
        MISMATCH,
    )
    assert answer(world, {**headers, "Content-Type": "application/x-www-form-urlencoded"})[2] == MISMATCH
    assert answer(world, {**headers, "Host": "sts.amazonaws.com"})[2] == MISMATCH
    forged = headers["Authorization"][:-1] + ("0" if headers["Authorization"][-1] != "0" else "1")
    assert answer(world, {**headers, "Authorization": forged})[2] == MISMATCH
    assert answer(world, {**headers, "X-Amz-Content-SHA256": "0" * 64})[1] == "SignatureDoesNotMatch"
    assert answer(world, headers) == (200, "", "")


def test_the_headers_that_have_to_be_signed(world: World) -> None:
    ada = world.user()
    headers = signed(world, ada)
    for name, said in (("host", "'Host' or ':authority'"), ("x-amz-date", "'x-amz-date'")):
        changed = headers["Authorization"].replace(f"{name};", "").replace(f";{name}", "")
        status, code, message = answer(world, {**headers, "Authorization": changed})
        assert (status, code) == (403, "SignatureDoesNotMatch")
        assert message == f"{said} must be a 'SignedHeader' in the AWS Authorization."


def test_json_services_name_the_errors_their_own_way(world: World) -> None:
    with pytest.raises(Refused) as caught:
        world.call(Keys("AKIAIOSFODNN7EXAMPLE", "x"), "organizations", "ListRoots")
    assert (caught.value.status, caught.value.code) == (400, "UnrecognizedClientException")
    with pytest.raises(Refused, match="InvalidSignatureException"):
        world.call(Keys(world.user().id, "wrong"), "organizations", "ListRoots")


# -- presigned ---------------------------------------------------------------------------------------------------------


class ClockedQuery(SigV4QueryAuth):
    """botocore's presigner, at a moment of the test's choice."""

    def add_auth(self, request: Any) -> None:
        request.context["timestamp"] = "20260301T120000Z"
        self._modify_request_before_signing(request)
        signature = self.signature(self.string_to_sign(request, self.canonical_request(request)), request)
        self._inject_signature_to_request(request, signature)


def presigned(world: World, keys: Keys, expires: int = 60) -> str:
    url = f"{world.sandbox.url}/?Action=GetCallerIdentity&Version=2011-06-15"
    request = AWSRequest("GET", url)
    credentials = Credentials(keys.id, keys.secret, keys.token)
    ClockedQuery(credentials, "sts", "eu-west-1", expires=expires).add_auth(request)
    return str(request.url).removeprefix(world.sandbox.url)


def test_a_presigned_request(world: World) -> None:
    ada = world.user()
    for keys in (ada, world.session(ada, world.role())):
        status, _, content = world.send("GET", presigned(world, keys), {})
        assert status == 200 and b"<GetCallerIdentityResult>" in content


def test_a_presigned_request_lives_fifteen_minutes(world: World) -> None:
    path = presigned(world, world.user())
    world.clock.pass_by(900)
    assert world.send("GET", path, {})[0] == 200
    world.clock.pass_by(1)
    status, _, content = world.send("GET", path, {})
    assert status == 403 and b"Signature expired: 20260301T120000Z is now earlier than" in content


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("GetCallerIdentity", "GetSessionToken", b"SignatureDoesNotMatch"),
        ("X-Amz-Expires=60", "X-Amz-Expires=61", b"SignatureDoesNotMatch"),
        ("X-Amz-Expires=60", "X-Amz-Expires=604801", b"IncompleteSignature"),
        ("X-Amz-Date=20260301T120000Z", "X-Amz-Date=noon", b"IncompleteSignature"),
        ("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=", b"IncompleteSignature"),
        ("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256", b"IncompleteSignature"),
    ],
)
def test_a_presigned_request_that_was_changed(world: World, old: str, new: str, code: bytes) -> None:
    path = presigned(world, world.user())
    assert old in path
    status, _, content = world.send("GET", path.replace(old, new), {})
    assert status >= 400 and b"<Code>" + code in content


# -- the canonical request, against botocore's -------------------------------------------------------------------------

NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=("Cs",)), min_size=1, max_size=12
)
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
PLAIN = st.from_regex(r"x-[a-z]{1,8}", fullmatch=True).filter(lambda name: not name.startswith("x-amz"))


@examples(200)
@given(
    query=st.dictionaries(NAMES, NAMES, max_size=5),
    headers=st.dictionaries(PLAIN, st.lists(VALUES, min_size=1, max_size=3).map("  ".join), max_size=4),
    body=st.binary(max_size=60),
    secret=VALUES,
)
def test_what_botocore_signs_is_what_is_verified(
    query: dict[str, str], headers: dict[str, str], body: bytes, secret: str
) -> None:
    pairs = "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in query.items())
    request = AWSRequest("POST", f"http://127.0.0.1:8000/?{pairs}", data=body, headers=headers)
    ClockedSigV4(Keys("AKIAPRACTICE", secret), "sts", "us-east-1", NOON).add_auth(request)
    sent = [("host", "127.0.0.1:8000"), *((name.lower(), value) for name, value in request.headers.items())]
    seen = HttpRequest("POST", "/", pairs, tuple(sent), body)
    signature = sigv4.read_signature(seen)
    sigv4.check_signature(seen, signature, secret)
    for wrong in (
        HttpRequest("GET", "/", pairs, tuple(sent), body),
        HttpRequest("POST", "/", pairs, tuple(sent), body + b"x"),
        HttpRequest("POST", "/x", pairs, tuple(sent), body),
        HttpRequest("POST", "/", f"{pairs}&a=b", tuple(sent), body),
    ):
        with pytest.raises(Refusal):
            sigv4.check_signature(wrong, signature, secret)
    with pytest.raises(Refusal):
        sigv4.check_signature(seen, signature, f"{secret}x")


def test_awss_own_example() -> None:
    """The GET example of "Signature Version 4 test suite": get-vanilla-query-order-key-case."""
    request = HttpRequest(
        "GET",
        "/",
        "Param2=value2&Param1=value1",
        (
            ("host", "example.amazonaws.com"),
            ("x-amz-date", "20150830T123600Z"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                "SignedHeaders=host;x-amz-date, "
                "Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
        ),
        b"",
    )
    signature = sigv4.read_signature(request)
    sigv4.check_signature(request, signature, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    payload = hashlib.sha256(b"").hexdigest()
    assert sigv4.canonical_request(request, signature, payload).splitlines()[2] == "Param1=value1&Param2=value2"
    assert signature.region == "us-east-1" and signature.key_id == "AKIDEXAMPLE"
