"""What is trusted on the way: AWS_CA_BUNDLE, or the authorities that botocore brings. Names are always checked."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from xswitch.aws.http import Trouble
from xswitch.errors import InvalidConfig, Problem
from xswitch.text import clean

_HOST_MISMATCHES: Final = frozenset({62, 64})
_NOT_YET, _NO_LONGER = 9, 10
"""OpenSSL's numbers: X509_V_ERR_HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH, CERT_NOT_YET_VALID, CERT_HAS_EXPIRED."""


def bundle_of(environ: Mapping[str, str]) -> str:
    """Return the file or folder of certificates to trust, "" for those that botocore brings."""
    return environ.get("AWS_CA_BUNDLE") or environ.get("REQUESTS_CA_BUNDLE") or ""


def context_for(environ: Mapping[str, str], default: Callable[[], str]) -> ssl.SSLContext:
    """Return a context that trusts what the environment names, else the file ``default``. Raises InvalidConfig."""
    bundle = bundle_of(environ)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if bundle and Path(bundle).is_dir():
            context.load_verify_locations(capath=bundle)
        else:
            context.load_verify_locations(cafile=bundle or default())
    except OSError as error:  # ssl.SSLError is one
        variable = "AWS_CA_BUNDLE" if environ.get("AWS_CA_BUNDLE") else "REQUESTS_CA_BUNDLE"
        words = "holds no certificates" if isinstance(error, ssl.SSLError) else "can't be read"
        problem = Problem(variable, None, "", f"{clean(bundle)} {words}", "it names a file of certificates")
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
