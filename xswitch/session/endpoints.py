"""Where STS is, and what is trusted on the way: the SDKs' own variables, and botocore's own data of regions.

Nothing here looks at the process's environment: it is handed in.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xswitch.errors import Usage
from xswitch.text import clean

if TYPE_CHECKING:
    from botocore.session import Session as BotoSession


def flag(environ: Mapping[str, str], name: str) -> bool:
    """Tell whether a variable of the SDKs is switched on."""
    return environ.get(name, "").lower() in ("true", "1")


def endpoint_override(environ: Mapping[str, str]) -> str:
    """Return the address that the SDKs' own variables put in place of STS's, "" for none."""
    if flag(environ, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
        return ""
    return environ.get("AWS_ENDPOINT_URL_STS") or environ.get("AWS_ENDPOINT_URL") or ""


def verify_of(environ: Mapping[str, str]) -> str | bool:
    """Return the bundle of certificates to trust, True for the SDK's own."""
    return environ.get("AWS_CA_BUNDLE") or environ.get("REQUESTS_CA_BUNDLE") or True


def proxies_of(environ: Mapping[str, str], url: str) -> dict[str, str]:
    """Return the proxies for ``url`` by the variables that curl and the SDKs read, lower case first."""
    from urllib.parse import urlsplit
    from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

    def variable(name: str) -> str:
        return environ.get(name.lower()) or environ.get(name.upper()) or ""

    address = urlsplit(url)
    if proxy_bypass_environment(address.netloc.rpartition("@")[2], {"no": variable("no_proxy")}):
        return {}
    found = {scheme: variable(f"{scheme}_proxy") or variable("all_proxy") for scheme in ("http", "https")}
    return {scheme: proxy for scheme, proxy in found.items() if proxy}


def bare_session() -> BotoSession:
    """Return a botocore session that knows no profile and reads none of the person's AWS files."""
    from botocore.session import Session as BotoSession

    nothing = (None, None, os.devnull, None)
    return BotoSession(
        session_vars={"profile": (None, None, None, None), "config_file": nothing, "credentials_file": nothing}
    )


def region_for(session: BotoSession, partition: str, region: str) -> str:
    """Return the region to call: ``region``, or the partition's main one where that is of another partition."""
    from botocore.exceptions import UnknownRegionError

    if not partition:
        return region
    try:
        own = session.get_partition_for_region(region)
    except UnknownRegionError:
        return region
    return region if own == partition else main_region(session, partition)


def main_region(session: BotoSession, partition: str) -> str:
    """Return the main region of a partition, as botocore's data has it. Raises Usage for an unknown partition."""
    return str(_outputs(session, partition)["implicitGlobalRegion"])


def host_of(session: BotoSession, region: str) -> str:
    """Return the host of STS in a region, to tell whether a proxy serves it."""
    from botocore.exceptions import UnknownRegionError

    try:
        partition = session.get_partition_for_region(region)
    except UnknownRegionError:
        partition = "aws"
    return f"sts.{region}.{_outputs(session, partition)['dnsSuffix']}"


def _outputs(session: BotoSession, partition: str) -> dict[str, Any]:
    """Return what botocore's data says of a partition. Raises Usage for an unknown one."""
    data = session.get_component("data_loader").load_data("partitions")
    for known in data["partitions"]:
        if known["id"] == partition:
            return dict(known["outputs"])
    raise Usage(f"{clean(partition)!r} is no partition that botocore knows", "update botocore, or mend the role's ARN")
