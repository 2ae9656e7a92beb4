"""Where a service of AWS is: the SDKs' own variables, and botocore's own data of partitions and endpoint rules.

The data are read where botocore is installed, without loading botocore, which would cost ten times what the call does.
Nothing here looks at the process's environment: it is handed in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from xswitch.aws.rules import NoEndpoint, RuleSet, UnknownRule, partition_of
from xswitch.errors import Usage
from xswitch.text import clean

Service = Literal["sts", "iam", "sso"]
VERSIONS: Final[Mapping[Service, str]] = {"sts": "2011-06-15", "iam": "2010-05-08", "sso": "2019-06-10"}
"""The API version of each service, which is also the name of its folder in botocore's data."""


class Endpoint(NamedTuple):
    """The URL of a service, and the region that a request to it is signed for."""

    url: str
    region: str


OVERRIDES: Final = (
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_ENDPOINT_URL_STS",
    "AWS_ENDPOINT_URL_SSO",
    "AWS_ENDPOINT_URL",
)
"""What :func:`endpoint_override` looks at for STS and for the portal of IAM Identity Center."""


def flag(environ: Mapping[str, str], name: str) -> bool:
    """Tell whether a variable of the SDKs is switched on: botocore takes nothing but ``true`` for that."""
    return environ.get(name, "").lower() == "true"


def endpoint_override(environ: Mapping[str, str], service: Service = "sts") -> str:
    """Return the address that the SDKs' own variables put in place of a service's, "" for none."""
    if flag(environ, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
        return ""
    return environ.get(f"AWS_ENDPOINT_URL_{service.upper()}") or environ.get("AWS_ENDPOINT_URL") or ""


class Endpoints:
    """Where services are, for one environment. Safe for threads."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def override(self, service: Service) -> str:
        """Return the address that the SDKs' own variables put in place of a service's, "" for none."""
        return endpoint_override(self._environ, service)

    @cached_property
    def partitions(self) -> list[dict[str, Any]]:
        """The partitions that botocore knows."""
        found: list[dict[str, Any]] = json.loads(_botocore_data("partitions.json"))["partitions"]
        return found

    def main_region(self, partition: str) -> str:
        """Return the main region of a partition. Raises Usage for one that botocore does not know."""
        for known in self.partitions:
            if known["id"] == partition:
                return str(known["outputs"]["implicitGlobalRegion"])
        raise Usage(
            f"{clean(partition)!r} is no partition that botocore knows", "update botocore, or mend the role's ARN"
        )

    def region_for(self, partition: str, region: str) -> str:
        """Return the region to call: ``region``, or the partition's main one where it is of another or "".

        A region that botocore does not know is called all the same. Raises Usage for an unknown partition.
        """
        if not region:
            return self.main_region(partition or "aws")
        own = partition_of(self.partitions, region) if partition else None
        return region if own is None or own["id"] == partition else self.main_region(partition)

    def of(self, service: Service, region: str) -> Endpoint:
        """Return the endpoint of a service for calls in ``region``, as botocore's client has it. Raises Usage."""
        if not _is_region(region):
            raise Usage("that is not the name of a region", "such as eu-west-1")
        override = self.override(service)
        if override:
            return Endpoint(override, region)
        given: dict[str, str | bool] = {
            "Region": region,
            "UseFIPS": flag(self._environ, "AWS_USE_FIPS_ENDPOINT"),
            "UseDualStack": flag(self._environ, "AWS_USE_DUALSTACK_ENDPOINT"),
            "UseGlobalEndpoint": self._environ.get("AWS_STS_REGIONAL_ENDPOINTS") == "legacy",
        }
        rules = json.loads(_botocore_data(f"{service}/{VERSIONS[service]}/endpoint-rule-set-1.json"))
        try:
            url, signed_for = RuleSet(rules, self.partitions).resolve(given)
        except NoEndpoint as error:
            raise Usage(
                f"there is no such endpoint in {region}: {error}",
                "see AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT",
            ) from None
        except UnknownRule:
            url, signed_for = _by_botocore(rules, self.partitions, given)
        return Endpoint(url, signed_for or region)


def _is_region(text: str) -> bool:
    """Tell whether botocore takes a text for a region: it becomes part of a host's name."""
    letters = text.replace("-", "")
    plain = letters.isascii() and letters.isalnum() and text[0] != "-" != text[-1] and len(text) < 64
    return plain and not text.isdigit()


def default_bundle() -> str:
    """Return the file of authorities that botocore trusts: certifi's where that is installed, else its own."""
    try:
        from certifi import where
    except ImportError:
        return str(_botocore_folder() / "cacert.pem")
    return str(where())


def _botocore_folder() -> Path:
    from importlib.machinery import PathFinder

    spec = PathFinder.find_spec("botocore")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("botocore is not installed")
    return Path(spec.submodule_search_locations[0])


def _botocore_data(name: str) -> bytes:
    """Return a file of botocore's data, which may be there compressed."""
    path = _botocore_folder() / "data" / name
    try:
        return path.read_bytes()
    except FileNotFoundError:
        import zlib

        return zlib.decompress(path.with_name(f"{path.name}.gz").read_bytes(), wbits=31)  # a gzip file


def _by_botocore(
    rules: Mapping[str, Any], partitions: list[dict[str, Any]], given: Mapping[str, str | bool]
) -> tuple[str, str]:
    """Let botocore read rules that are beyond our own reader: slower, and never wrong."""
    from botocore.endpoint_provider import EndpointProvider
    from botocore.exceptions import EndpointProviderError

    known = {name: value for name, value in given.items() if name in rules["parameters"]}
    try:
        found = EndpointProvider(rules, {"partitions": partitions}).resolve_endpoint(**known)
    except EndpointProviderError as error:
        raise Usage(f"there is no such endpoint: {clean(str(error))}", "update xswitch") from None
    schemes = found.properties.get("authSchemes", [])
    return str(found.url), next((str(one.get("signingRegion", "")) for one in schemes if one["name"] == "sigv4"), "")
