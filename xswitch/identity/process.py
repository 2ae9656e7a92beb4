"""Identities of kind process: a program that prints credentials, as ``credential_process`` programs do.

AWS SDKs and Tools Reference Guide, "Process credential provider": JSON with Version 1, AccessKeyId, SecretAccessKey,
and where they are temporary SessionToken and Expiration. saml2aws, the tools of Okta and many others speak it.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from xswitch.credentials import Credentials
from xswitch.errors import PersonNeeded, Usage
from xswitch.secret import Secret
from xswitch.text import clean

if TYPE_CHECKING:
    from xswitch.catalog.model import Identity

SECONDS: Final = 60.0
"""How long a program may take: it may wait for a browser or a key to be touched."""
_LARGEST: Final = 1024 * 1024
_HANDED_ONCE: Final = ("XSWITCH_MFA_CODE", "XSWITCH_PASSPHRASE")


def credentials(identity: Identity, environ: Mapping[str, str], *, seconds: float = SECONDS) -> Credentials:
    """Return what the program of an identity prints. It is run without a shell, and without xswitch's own secrets.

    Blocks. Raises PersonNeeded where it gives nothing, Usage where it can't be one.
    """
    name = f"the program of {clean(identity.name)}"
    try:
        argv = shlex.split(identity.process)
    except ValueError:
        raise Usage(f"{name} has a quote that is never closed", "mend process in the catalog") from None
    kept = {key: value for key, value in environ.items() if key not in _HANDED_ONCE}
    try:
        done = subprocess.run(argv, env=kept, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise PersonNeeded(f"{name} gave nothing within {seconds:g}s", "run it by hand to see why") from None
    except (OSError, IndexError, ValueError):
        raise PersonNeeded(f"{name} can't be run", "is it installed, and on PATH?") from None
    if done.returncode:
        said = clean(done.stderr.decode(errors="replace").strip().rpartition("\n")[2])[:200]
        raise PersonNeeded(f"{name} failed with status {done.returncode}", said or "run it by hand to see why")
    return _read(done.stdout[:_LARGEST], name)


def _read(printed: bytes, name: str) -> Credentials:
    odd = PersonNeeded(f"{name} printed no credentials", "it has to print what a credential_process does, Version 1")
    try:
        found: Any = json.loads(printed)
    except (ValueError, RecursionError):
        raise odd from None
    if not isinstance(found, dict) or found.get("Version") != 1:
        raise odd
    key, secret, token = (found.get(one) for one in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
    if not (isinstance(key, str) and key and isinstance(secret, str) and secret):
        raise odd
    return Credentials(
        key, Secret(secret), Secret(str(token)) if token else None, _expiry(found.get("Expiration"), odd)
    )


def _expiry(text: object, odd: PersonNeeded) -> float | None:
    if text in (None, ""):
        return None
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise odd from None
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
