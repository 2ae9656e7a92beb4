"""Identities of kind process: a program that prints credentials, as ``credential_process`` programs do.

AWS SDKs and Tools Reference Guide, "Process credential provider": JSON with Version 1, AccessKeyId, SecretAccessKey,
and where they are temporary SessionToken and Expiration. saml2aws, the tools of Okta and many others speak it.

The program runs without a terminal, whoever asked: what it gives with a person at hand it can give to an SDK or a
renewal as well, and no question of its own is drawn over a full screen. It may open a browser.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import IO, TYPE_CHECKING, Any, Final

from xswitch.aws.dates import of_loose_iso
from xswitch.credentials import Credentials
from xswitch.errors import PersonNeeded, Usage
from xswitch.own_files import COPIED, MARKS, own
from xswitch.secret import Secret, scrubbed
from xswitch.text import clean

if TYPE_CHECKING:
    from xswitch.catalog.model import Identity

KEPT: Final = 300.0
"""Seconds that what a program gave is used again, by the same process of ours alone: a switch may ask twice."""
SECONDS: Final = 60.0
"""How long a program may take: it may wait for a browser or a key to be touched."""
_BY_HAND: Final = "run it by hand to see why"
_LARGEST: Final = 64 * 1024
"""Bytes of what it prints that are looked at: a document of credentials has a few thousand."""
_SESSION: Final = (
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
)  # fmt: skip
"""What a switched shell holds its session in: a program that builds on the environment must not give that back."""


def fingerprint(identity: Identity) -> str:
    """Return what stands for a program: its keys come and go, and only another text makes it another."""
    said = identity.process.encode("utf-8", "surrogatepass")
    return sha256(b"xswitch process\0" + said).hexdigest()[:32]


def credentials(identity: Identity, environ: Mapping[str, str], now: float, *, seconds: float = SECONDS) -> Credentials:
    """Return what the program of an identity prints. It is run without a shell, and without xswitch's own secrets.

    ``now`` is in epoch seconds. Blocks. Raises PersonNeeded where it gives nothing that is good now, Usage where it
    can't be a program.
    """
    name = f"the program of {clean(identity.name)}"
    try:
        argv = shlex.split(identity.process)
    except ValueError:
        raise Usage(f"{name} has a quote that is never closed", "mend process in the catalog") from None
    status, printed, complaint = _run(argv, _environment(environ), seconds, name)
    if status:
        how = f"failed with status {status}" if status > 0 else f"was ended by signal {-status}"
        raise PersonNeeded(f"{name} {how}", complaint or _BY_HAND)
    found = _read(printed, name)
    if found.expires is not None and found.expires <= now:
        raise PersonNeeded(f"{name} gave credentials that are over already", _BY_HAND)
    return found


class Programs:
    """What programs gave to this process of ours a moment ago. Safe for threads. ``now`` gives AWS's epoch seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._given: dict[str, tuple[float, Credentials]] = {}

    def credentials(self, identity: Identity, ask: Callable[[], Credentials]) -> Credentials:
        """Return what the program of an identity gave or, by ``ask``, gives. One is run at a time."""
        with self._lock:
            at, found = self._given.get(identity.process, (-KEPT, None))
            now = self._now()
            if found is None or not 0 <= now - at < KEPT or (found.expires or now + 2 * KEPT) - now < KEPT:
                found = ask()
                self._given[identity.process] = self._now(), found
            return found


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment outside: without a switched shell's session, and with the person's own AWS files."""
    dropped = {*MARKS, *(_SESSION if environ.get("XSWITCH_TARGET") else ())}
    kept = {name: value for name, value in scrubbed(environ).items() if name not in dropped}
    for name in COPIED:
        kept.pop(name, None)
        if value := own(name, environ):
            kept[name] = value
    return kept


def _run(argv: list[str], environ: dict[str, str], seconds: float, name: str) -> tuple[int, bytes, str]:
    """Run a program in a session of its own; return status, what it printed and its last words, safe to show.

    It and what it started are ended when its time is up or xswitch is stopped; an agent that it leaves behind is not.
    """
    try:
        started = subprocess.Popen(
            argv,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, IndexError, ValueError):
        raise PersonNeeded(f"{name} can't be run", "is it installed, and on PATH?") from None
    readers = [_Reader(stream) for stream in (started.stdout, started.stderr) if stream is not None]
    try:
        status = started.wait(seconds)
    except BaseException as error:
        _end(started)
        if isinstance(error, subprocess.TimeoutExpired):
            hint = "it has no terminal to ask on: run it by hand, and sign in with it there first"
            raise PersonNeeded(f"{name} gave nothing within {seconds:g}s", hint) from None
        raise
    finally:
        for reader in readers:
            reader.finish()
    last = readers[1].text.decode(errors="replace").strip().rpartition("\n")[2]
    return status, readers[0].text, clean(last)[:200].strip()


def _end(started: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(started.pid, signal.SIGKILL)
    started.wait()


class _Reader:
    """Reads a stream to its end, so that the program never waits, and keeps a bounded beginning of it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.text = b""
        self._stream = stream
        self._thread = threading.Thread(target=self._read, name="credential program", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Wait for the end, for a moment: an agent that the program left running may hold the stream open."""
        self._thread.join(0.5)

    def _read(self) -> None:
        with self._stream:
            descriptor = self._stream.fileno()
            while data := os.read(descriptor, 65536):
                if len(self.text) <= _LARGEST:
                    self.text += data


def _read(printed: bytes, name: str) -> Credentials:
    odd = PersonNeeded(f"{name} printed no credentials", "it has to print what a credential_process does, Version 1")
    try:
        found: Any = json.loads(printed) if len(printed) <= _LARGEST else None
    except (ValueError, RecursionError):
        raise odd from None
    if not isinstance(found, dict) or found.get("Version") != 1 or isinstance(found["Version"], bool):
        raise odd
    key, secret, token = (found.get(one) for one in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
    if not (isinstance(key, str) and key and isinstance(secret, str) and secret):
        raise odd
    if not (token is None or isinstance(token, str)):
        raise odd
    return Credentials(key, Secret(secret), Secret(token) if token else None, _expiry(found.get("Expiration"), odd))


def _expiry(text: object, odd: PersonNeeded) -> float | None:
    if text in (None, ""):
        return None
    try:
        return of_loose_iso(str(text))
    except ValueError:
        raise odd from None
