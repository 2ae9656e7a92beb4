"""What is trusted on the way: AWS_CA_BUNDLE, or the authorities that botocore brings. Names are always checked."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from typing import Final

from xswitch.aws.http import Trouble
from xswitch.errors import InvalidConfig, Problem
from xswitch.text import clean

_HOST_MISMATCHES: Final = frozenset({62, 64})
_NOT_YET, _NO_LONGER = 9, 10
"""OpenSSL's numbers: X509_V_ERR_HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH, CERT_NOT_YET_VALID, CERT_HAS_EXPIRED."""


def context_for(environ: Mapping[str, str], default: Callable[[], str]) -> ssl.SSLContext:
    """Return a context that trusts what the environment names, else the file ``default``. Raises InvalidConfig."""
    variable = next((name for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE") if environ.get(name)), "")
    bundle = environ[variable] if variable else default()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(bundle)
    except OSError as error:  # ssl.SSLError is one
        words = "holds no certificates" if isinstance(error, ssl.SSLError) else "can't be read"
        hint = "it names a file of certificates" if variable else "install botocore anew"
        problem = Problem(variable or "botocore", None, "", f"{clean(bundle)} {words}", hint)
        raise InvalidConfig((problem,)) from None
    return context


def trouble_of(error: ssl.SSLError) -> Trouble:
    """Return what kept a TLS connection from being made."""
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code in _HOST_MISMATCHES:
            return Trouble("certificate", "other host")
        return Trouble("certificate", {_NOT_YET: "not yet valid", _NO_LONGER: "expired"}.get(error.verify_code, ""))
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return Trouble("broken")
    return Trouble("no-tls")
