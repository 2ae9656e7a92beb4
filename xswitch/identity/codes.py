"""MFA codes: ``XSWITCH_MFA_CODE`` for one call, else the identity's ``mfa_process``, else the person."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Literal

from xswitch.errors import PersonNeeded, Usage, XswitchError
from xswitch.secret import Secret, scrubbed
from xswitch.text import clean

if TYPE_CHECKING:
    from xswitch.catalog.model import Identity

Source = Literal["person", "process", "environment"]
_SIX: Final = re.compile(r"\s*(\d{3}) ?(\d{3})\s*", re.ASCII)
_SHOWN: Final = "an MFA code is the six digits that the device shows"
_SECONDS: Final = 60.0
"""How long a helper program may take: it may wait for a touch of a key."""


class Codes:
    """Where the codes of one process come from. The environment's code serves one call."""

    def __init__(self, environ: Mapping[str, str], *, seconds: float = _SECONDS) -> None:
        self._environ = environ
        self._seconds = seconds
        self._given: Secret | None = Secret(environ.get("XSWITCH_MFA_CODE", ""))

    def code(self, identity: Identity, ask: Callable[[], str]) -> tuple[Secret, Source]:
        """Return six digits and where they are from; what a person typed comes as it is, for whoever asked to judge.

        Blocks. Raises Usage for a malformed XSWITCH_MFA_CODE, PersonNeeded, Cancelled.
        """
        if self._given:
            given, self._given = self._given, None
            return _six(given, Usage("XSWITCH_MFA_CODE is not six digits", _SHOWN)), "environment"
        if identity.mfa_process:
            return self._from_process(identity), "process"
        return Secret(ask().replace(" ", "")), "person"

    def _from_process(self, identity: Identity) -> Secret:
        """Run the helper, without a shell and without what was handed to xswitch alone."""
        import shlex
        import subprocess

        name = f"mfa_process of {clean(identity.name)}"
        try:
            argv = shlex.split(identity.mfa_process)
        except ValueError:
            raise Usage(f"{name} has a quote that is never closed", "mend it in the catalog") from None
        try:
            done = subprocess.run(
                argv, env=scrubbed(self._environ), stdin=subprocess.DEVNULL, capture_output=True, timeout=self._seconds
            )
        except subprocess.TimeoutExpired:
            raise PersonNeeded(f"{name} gave no code within {self._seconds:g}s", "run it by hand to see why") from None
        except (OSError, IndexError):
            raise PersonNeeded(f"{name} can't be run", "is it installed, and on PATH?") from None
        if done.returncode:
            said = clean(done.stderr.decode(errors="replace").strip().rpartition("\n")[2])[:200]
            raise PersonNeeded(f"{name} failed with status {done.returncode}", said or "run it by hand to see why")
        failed = PersonNeeded(f"{name} printed something else than six digits", "run it by hand to see what it prints")
        return _six(Secret(done.stdout.decode(errors="replace")), failed)


def _six(given: Secret, otherwise: XswitchError) -> Secret:
    found = _SIX.fullmatch(given.reveal())
    if found is None:
        raise otherwise
    return Secret(found[1] + found[2])
