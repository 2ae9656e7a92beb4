"""Where services are: for every region of every partition what botocore's own client does, botocore not loaded."""

from __future__ import annotations

import functools
import gzip
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import botocore
import botocore.session
import pytest
from botocore.config import Config
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError

from xswitch.aws import endpoints
from xswitch.aws.endpoints import VERSIONS, Endpoint, Endpoints, Service, endpoint_override
from xswitch.aws.rules import RuleSet, UnknownRule
from xswitch.errors import Usage

DATA = Path(botocore.__file__).parent / "data"
PARTITIONS = json.loads((DATA / "partitions.json").read_text())["partitions"]
REGIONS = [region for partition in PARTITIONS for region in partition["regions"]]
STRANGE = ["eu-future-9", "us-gov-south-7", "cn-central-1", "moon", "us-iso-north-1"]
SWITCHES = {
    "fips": {"AWS_USE_FIPS_ENDPOINT": "true"},
    "dualstack": {"AWS_USE_DUALSTACK_ENDPOINT": "TRUE"},
    "both": {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"},
    "legacy": {"AWS_STS_REGIONAL_ENDPOINTS": "legacy"},
    "none": {"AWS_USE_FIPS_ENDPOINT": "1", "AWS_STS_REGIONAL_ENDPOINTS": "regional"},
}


class Stopped(Exception):
    """The request was seen; it does not go out."""


@functools.cache
def session() -> botocore.session.Session:
    made = botocore.session.Session()
    made.set_credentials("AKIAADA0000000000001", "secret")
    return made


def sent_by_botocore(service: str, region: str, url: str | None = None) -> Endpoint:
    """Return where a client of botocore sends a request, and the region that it signs for."""
    client = session().create_client(
        service, region_name=region, endpoint_url=url, config=Config(retries={"total_max_attempts": 1})
    )
    seen: list[Endpoint] = []

    def before(request: Any, **_: Any) -> None:
        scope = request.headers["Authorization"].decode().partition("Credential=")[2]
        seen.append(Endpoint(request.url.removesuffix("/"), scope.split("/")[2]))
        raise Stopped

    client.meta.events.register("before-send", before)
    with pytest.raises(Stopped):
        client.get_caller_identity() if service == "sts" else client.list_users()
    client.close()
    return seen[0]


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Mapping[str, str]], None]:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))

    def also(environ: Mapping[str, str]) -> None:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)

    return also


@pytest.mark.parametrize("service", ["sts", "iam"])
def test_every_region_is_called_where_botocore_s_client_calls_it(
    service: Service, clean_environment: Callable[[Mapping[str, str]], None]
) -> None:
    ours = Endpoints({})
    for region in (*REGIONS, *STRANGE):
        assert ours.of(service, region) == sent_by_botocore(service, region), region


@pytest.mark.parametrize("service", ["sts", "iam"])
def test_an_address_of_one_s_own_is_signed_for_as_botocore_does(
    service: Service, clean_environment: Callable[[Mapping[str, str]], None]
) -> None:
    url = "http://127.0.0.1:9"
    ours = Endpoints({"AWS_ENDPOINT_URL": url, "AWS_USE_FIPS_ENDPOINT": "true"})
    for region in ("eu-west-1", "us-east-1", "aws-global", "cn-north-1", "us-gov-east-1", "eu-future-9"):
        assert ours.of(service, region) == sent_by_botocore(service, region, url), region


def by_botocore_s_rules(service: Service, given: dict[str, Any]) -> tuple[str, str] | None:
    reader, parameters = provider(service)
    try:
        found = reader.resolve_endpoint(**{name: value for name, value in given.items() if name in parameters})
    except EndpointProviderError:
        return None
    schemes = found.properties.get("authSchemes", [])
    return found.url, next((scheme["signingRegion"] for scheme in schemes), given["Region"])


@functools.cache
def provider(service: Service) -> tuple[EndpointProvider, set[str]]:
    rules = json.loads(
        gzip.decompress((DATA / service / VERSIONS[service] / "endpoint-rule-set-1.json.gz").read_bytes())
    )
    return EndpointProvider(rules, {"partitions": json.loads(json.dumps(PARTITIONS))}), set(rules["parameters"])


@pytest.mark.parametrize("service", ["sts", "iam", "sso"])
@pytest.mark.parametrize("switch", SWITCHES)
def test_every_variant_is_where_botocore_s_rules_have_it(service: Service, switch: str) -> None:
    environ = SWITCHES[switch]
    ours = Endpoints(environ)
    for region in (*REGIONS, *STRANGE):
        given = {
            "Region": region,
            "UseFIPS": switch in ("fips", "both"),
            "UseDualStack": switch in ("dualstack", "both"),
            "UseGlobalEndpoint": switch == "legacy",
        }
        wanted = by_botocore_s_rules(service, given)
        if wanted is None:
            with pytest.raises(Usage, match="no such endpoint"):
                ours.of(service, region)
        else:
            assert ours.of(service, region) == wanted, region


@pytest.mark.parametrize("switch", SWITCHES)
def test_variants_are_those_of_botocore_s_client(
    switch: str, clean_environment: Callable[[Mapping[str, str]], None]
) -> None:
    clean_environment(SWITCHES[switch])
    session.cache_clear()
    try:
        for region in ("eu-west-1", "us-gov-west-1", "cn-north-1", "eu-south-2"):
            assert Endpoints(SWITCHES[switch]).of("sts", region) == sent_by_botocore("sts", region), region
    finally:
        session.cache_clear()


def test_the_rules_of_both_services_are_within_our_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> tuple[str, str]:
        raise AssertionError("botocore's reader was asked")

    monkeypatch.setattr(endpoints, "_by_botocore", refuse)
    for service, region in itertools.product(VERSIONS, REGIONS):
        Endpoints({}).of(service, region)


BEYOND = {
    "version": "1.0",
    "parameters": {"Region": {"builtIn": "AWS::Region", "required": False, "documentation": "", "type": "string"}},
    "rules": [
        {
            "conditions": [{"fn": "isValidHostLabel", "argv": [{"ref": "Region"}, False]}],
            "endpoint": {"url": "https://sts.{Region}.example.com", "properties": {}, "headers": {}},
            "type": "endpoint",
        }
    ],
}


def test_a_rule_that_is_beyond_our_reader_is_left_to_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownRule):
        RuleSet(BEYOND, PARTITIONS).resolve({"Region": "eu-west-1"})
    real = endpoints._botocore_data
    monkeypatch.setattr(
        endpoints, "_botocore_data", lambda name: json.dumps(BEYOND).encode() if "rule-set" in name else real(name)
    )
    assert Endpoints({}).of("sts", "eu-west-1") == ("https://sts.eu-west-1.example.com", "eu-west-1")


def test_looking_an_endpoint_up_loads_no_botocore() -> None:
    code = (
        "import sys; from xswitch.aws.endpoints import Endpoints, default_bundle\n"
        "Endpoints({}).of('sts', 'eu-west-1'), Endpoints({}).of('iam', 'cn-north-1'), default_bundle()\n"
        "print(sorted(name for name in sys.modules if name.startswith(('botocore', 'urllib3', 'boto3'))))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


def test_the_authorities_that_are_trusted_are_botocore_s() -> None:
    from botocore.httpsession import where

    assert endpoints.default_bundle() == where()


@pytest.mark.parametrize(
    ("environ", "sts", "iam"),
    [
        ({}, "", ""),
        ({"AWS_ENDPOINT_URL": "a"}, "a", "a"),
        ({"AWS_ENDPOINT_URL": "a", "AWS_ENDPOINT_URL_STS": "b", "AWS_ENDPOINT_URL_IAM": "c"}, "b", "c"),
        ({"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_STS": ""}, "", ""),
        ({"AWS_ENDPOINT_URL": "a", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, "", ""),
        ({"AWS_ENDPOINT_URL": "a", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"}, "a", "a"),
    ],
)
def test_the_address_that_stands_in_for_aws(environ: dict[str, str], sts: str, iam: str) -> None:
    assert (endpoint_override(environ), endpoint_override(environ, "iam")) == (sts, iam)
    of_sso = {name.replace("_IAM", "_SSO"): value for name, value in environ.items()}
    assert endpoint_override(of_sso, "sso") == iam


@pytest.mark.parametrize(
    ("partition", "main"),
    [
        ("aws", "us-east-1"),
        ("aws-cn", "cn-northwest-1"),
        ("aws-us-gov", "us-gov-west-1"),
        ("aws-eusc", "eusc-de-east-1"),
        ("aws-iso", "us-iso-east-1"),
    ],
)
def test_each_partition_has_its_own_region(partition: str, main: str) -> None:
    ours = Endpoints({})
    assert ours.main_region(partition) == main
    assert ours.region_for(partition, "") == ours.region_for(partition, main) == main
    foreign = "eu-west-1" if partition != "aws" else "cn-north-1"
    assert ours.region_for(partition, foreign) == main, "a region of another partition is not called"
    assert ours.region_for("", foreign) == foreign


def test_a_region_that_botocore_does_not_know_is_called_all_the_same() -> None:
    assert Endpoints({}).region_for("aws", "moon") == "moon"
    with pytest.raises(Usage, match="no partition"):
        Endpoints({}).main_region("aws-mars")


@pytest.mark.parametrize("region", ["", "-", "-a", "a-", "a b", "a.b", "a/b", "1234", "x" * 64, "é", "a\n", "٣-a"])
def test_what_can_be_no_region_never_becomes_a_host(region: str) -> None:
    for environ in ({}, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}):
        with pytest.raises(Usage, match="not the name of a region"):
            Endpoints(environ).of("sts", region)
