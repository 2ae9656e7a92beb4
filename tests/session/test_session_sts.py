"""The calls of a switch: what is asked of AWS, in which region, and what makes of its answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from xswitch.aws.client import Client
from xswitch.credentials import Credentials
from xswitch.errors import Denied, Unreachable, Usage
from xswitch.secret import Secret
from xswitch.session.model import Hop
from xswitch.session.sts import COURTESY, StsClient

HOP = Hop("assume-role", 3600, "web-dev/R", "arn:aws:iam::697658141357:role/R", "697658141357", "ada")


@pytest.fixture
def keys(plain) -> Credentials:
    key, secret = plain[1].user_access_key
    return Credentials(key, Secret(secret))


def client(environ: Mapping[str, str], **settings) -> StsClient:
    return StsClient(Client(environ, time.time, sleep=lambda _: None), **settings)


def test_the_person_s_profiles_and_variables_are_not_consulted(plain, keys, monkeypatch, tmp_path):
    sandbox, organization = plain
    (tmp_path / "config").write_text("[default]\nregion = mars\nendpoint_url = http://127.0.0.1:9\n[profile x\n")
    for name, value in {
        "AWS_PROFILE": "does-not-exist",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "missing"),
        "AWS_ACCESS_KEY_ID": "AKIASOMEBODYELSE0000",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    sts = client({"AWS_ENDPOINT_URL": sandbox.url})
    assert sts.who_am_i(keys, identity="central").arn == organization.caller_arn


def test_the_address_that_stands_in_for_aws_is_told():
    assert client({}).endpoint == ""
    assert client({"AWS_ENDPOINT_URL": "a", "AWS_ENDPOINT_URL_STS": "b"}).endpoint == "b"


# ── regions


def test_a_region_is_signed_for_and_a_foreign_one_is_not(plain, keys):
    sandbox, _ = plain
    sts = client({"AWS_ENDPOINT_URL": sandbox.url})
    for partition, region, called in (
        ("aws", "ap-southeast-2", "ap-southeast-2"),
        ("aws", "cn-north-1", "us-east-1"),
        ("aws-us-gov", "eu-west-1", "us-gov-west-1"),
        ("aws", "", "us-east-1"),
        ("", "", "us-east-1"),
        ("", "cn-north-1", "cn-north-1"),
    ):
        sts.who_am_i(keys, identity="x", partition=partition, region=region)
        assert sandbox.calls[-1].region == called


def test_what_is_no_region_or_partition_is_wrong_usage(plain, keys):
    sts = client({"AWS_ENDPOINT_URL": plain[0].url})
    with pytest.raises(Usage, match="name of a region"):
        sts.who_am_i(keys, identity="x", region="not a region")
    with pytest.raises(Usage, match="no partition"):
        sts.who_am_i(keys, identity="x", partition="aws-mars")


def test_a_region_that_is_switched_off_is_answered_for_by_the_main_one_and_told(house):
    told: list[str] = []
    sts = client(house.environ, note=told.append)
    key, secret = house.practice.user_access_key
    keys = Credentials(key, Secret(secret))
    house.sandbox.faults.disable_region("eu-west-1")
    assert sts.who_am_i(keys, identity="x", partition="aws", region="eu-west-1").account_id == "111122223333"
    assert told == ["STS is switched off in eu-west-1; us-east-1 answers in its place"]
    assert [call.outcome for call in house.sandbox.calls[-2:]] == ["RegionDisabledException", "ok"]
    house.sandbox.faults.disable_region("us-east-1")
    with pytest.raises(Denied, match="switched off"):
        sts.who_am_i(keys, identity="x", partition="aws", region="us-east-1")
    assert len(told) == 1


def test_a_code_goes_to_the_main_region_too_since_the_first_did_not_look_at_it(house):
    """RegionDisabledException comes before the action: the code was not spent."""
    house.sandbox.faults.disable_region("eu-west-1")
    session = house.open("payments-prod/Deploy")
    assert session.fresh
    tokens = [call for call in house.sandbox.calls if call.action == "GetSessionToken"]
    assert [(call.region, call.outcome) for call in tokens] == [
        ("eu-west-1", "RegionDisabledException"),
        ("us-east-1", "ok"),
    ]


# ── answers


class _Canned(BaseHTTPRequestHandler):
    answer: tuple[int, str] = (200, "")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, body = self.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args: object) -> None:
        pass


def _serve(status: int, body: str) -> Iterator[str]:
    handler = type("Handler", (_Canned,), {"answer": (status, body)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


WHO = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::1:user/x</Arn><UserId>U</UserId><Account>1</Account></GetCallerIdentityResult>
<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>"""


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, WHO.replace("Arn", "Other")),
        (200, WHO.replace("<Account>1</Account>", "<Account/>")),
        (200, "<html>sign in</html>"),
        (302, ""),
        (403, "<!DOCTYPE html><html><body>Please sign in to the airport's network</body></html>"),
        (404, "not found"),
        (400, "<ErrorResponse><Error/></ErrorResponse>"),
        (500, "oops"),
        (503, ""),
    ],
)
def test_whatever_answers_in_aws_s_place_is_not_aws(keys, status, body):
    for url in _serve(status, body):
        with pytest.raises(Unreachable) as caught:
            client({"AWS_ENDPOINT_URL": url}).who_am_i(keys, identity="x")
        assert caught.value.exit_status == 7
        assert caught.value.hint


ISSUED = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><AssumedRoleUser>
<Arn>arn:aws:sts::697658141357:assumed-role/R/ada</Arn><AssumedRoleId>A:ada</AssumedRoleId></AssumedRoleUser><Credentials>
<AccessKeyId>ASIAX</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
<Expiration>2026-11-23T12:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""


def test_credentials_are_taken_whole(keys):
    for url in _serve(200, ISSUED):
        issued = client({"AWS_ENDPOINT_URL": url}).issue(HOP, keys, identity="x", partition="aws")
    assert issued.arn == "arn:aws:sts::697658141357:assumed-role/R/ada"
    assert issued.credentials == Credentials("ASIAX", Secret("s"), Secret("t"), 1795435200.0)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<SessionToken>t</SessionToken>", ""),
        ("<SessionToken>t</SessionToken>", "<SessionToken></SessionToken>"),
        ("<AccessKeyId>ASIAX</AccessKeyId>", ""),
        ("<SecretAccessKey>s</SecretAccessKey>", "<SecretAccessKey/>"),
        ("2026-11-23T12:00:00Z", "soon"),
        ("2026-11-23T12:00:00Z", "2026-11-23T12:00:00"),
        ("<Expiration>2026-11-23T12:00:00Z</Expiration>", ""),
        ("AssumeRoleResult", "GetSessionTokenResult"),
    ],
)
def test_credentials_with_a_part_missing_are_none(keys, old, new):
    for url in _serve(200, ISSUED.replace(old, new)):
        with pytest.raises(Unreachable, match="is not AWS"):
            client({"AWS_ENDPOINT_URL": url}).issue(HOP, keys, identity="x", partition="aws")


ROLE = "<GetRoleResponse><GetRoleResult><Role><MaxSessionDuration>{}</MaxSessionDuration></Role></GetRoleResult></GetRoleResponse>"


def test_a_role_s_maximum_goes_by_iam_s_own_address(keys):
    for url in _serve(200, ROLE.format(7200)):
        sts = client({"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ENDPOINT_URL_IAM": url})
        assert sts.role_maximum(keys, "arn:aws:iam::697658141357:role/path/R") == 7200


@pytest.mark.parametrize("longest", ["", "soon", "-1", "1e3", "٣٦٠٠", "99999999"])
def test_a_role_s_maximum_that_is_no_number_is_not_aws_s(keys, longest):
    for url in _serve(200, ROLE.format(longest)):
        with pytest.raises(Unreachable, match="is not AWS"):
            client({"AWS_ENDPOINT_URL": url}).role_maximum(keys, HOP.role_arn)


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchEntity", "InvalidClientTokenId", "ExpiredToken"])
def test_a_role_s_maximum_that_aws_does_not_tell_is_unknown(keys, code):
    for url in _serve(403, f"<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>"):
        assert client({"AWS_ENDPOINT_URL": url}).role_maximum(keys, HOP.role_arn, partition="aws") is None


def test_a_role_s_maximum_is_no_reason_to_wait(plain, keys, monkeypatch):
    made = Client({"AWS_ENDPOINT_URL": plain[0].url}, time.time)
    asked: list[tuple[object, object]] = []
    call = made.call

    def noted(*given, **settings):
        asked.append((settings["attempts"], settings["limits"]))
        return call(*given, **settings)

    monkeypatch.setattr(made, "call", noted)
    assert StsClient(made).role_maximum(keys, HOP.role_arn, partition="aws") is None
    assert asked == [(1, COURTESY)]
    assert COURTESY.connect + COURTESY.answer <= 5
