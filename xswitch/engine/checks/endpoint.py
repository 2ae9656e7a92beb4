"""Where STS is, whether it answers, and what stands in between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from xswitch.aws.endpoints import flag
from xswitch.engine.checks.machine import Finding, Machine

CHECK: Final = "endpoint"
_NAMED: Final = ("AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL")
_FLAGS: Final = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT")
_BUNDLES: Final = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")


def check(machine: Machine) -> Iterator[Finding]:
    """Say what answered, how fast and by which settings."""
    environ = machine.environ
    answer = machine.answer()
    ignored = flag(environ, _FLAGS[0])
    by = next((name for name in _NAMED if environ.get(name) and not ignored), "")
    named = f" ({by})" if by else ""
    through = f" through {answer.proxy}" if answer.proxy else ""
    where = f"{answer.address}{named}{through}"
    if answer.problem:
        yield Finding(CHECK, "fail", f"{where}: {answer.problem}" if answer.address else answer.problem, answer.hint)
    else:
        yield Finding(CHECK, "ok", f"{answer.address}{named} answers in {answer.milliseconds} ms{through}")
    for name in _FLAGS:
        if flag(environ, name):
            yield Finding(CHECK, "ok", f"{name} is set")
    bundle = next((name for name in _BUNDLES if environ.get(name)), "")
    if bundle and not answer.problem and answer.address.startswith("https:"):
        yield Finding(CHECK, "ok", f"{bundle} names {environ[bundle]}")
