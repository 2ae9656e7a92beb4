"""The vault's key in the OS keyring: service ``xswitch``, user the vault's id.

Every question goes to a process of its own (``_keyring_helper.py``): a keyring that never answers may sit in C code or
wait for a prompt that nobody sees, where a thread could be left behind but not stopped, with its sockets and locks.
The process is killed when the time is over. It also keeps keyring, its plug-ins and D-Bus out of this one.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from xswitch.errors import VaultUnavailable
from xswitch.secret import scrubbed
from xswitch.text import clean
from xswitch.vault.holders import is_hex
from xswitch.vault.key import KEY_BYTES, Key

SERVICE: Final = "xswitch"
START: Final = 60.0
"""Seconds that the helper process may take to start, on a slow disk or a busy machine."""
TIMEOUT: Final = 10.0
"""Seconds from then on until a keyring counts as one that never answers."""
PATIENCE: Final = 120.0
"""The same, while the desktop may be asking the person to unlock it."""

_INSTEAD: Final = "to use a passphrase instead, set PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring"


class NoKeyring(VaultUnavailable):
    """There is no OS keyring here that xswitch trusts."""


class KeyringHolder:
    """The OS keyring, through one of the allowed backends of the keyring package.

    ``environ`` is what the helper process gets, without AWS's variables and xswitch's secrets. ``patient`` tells
    whether somebody is there for a prompt of the desktop: then a locked keyring is waited for longer, else no prompt is
    opened. ``note`` is told what is being waited for. Times are in seconds.
    """

    name: Final = "keyring"

    def __init__(
        self,
        environ: Mapping[str, str],
        note: Callable[[str], None],
        *,
        patient: bool,
        timeout: float | None = None,
        patience: float | None = None,
    ) -> None:
        self._environ = environ
        self._note = note
        self._timeout = TIMEOUT if timeout is None else timeout
        longest = max(PATIENCE if patience is None else patience, self._timeout)
        self._patience = longest if patient else self._timeout

    def probe(self) -> str:
        """Return the name of the backend that would be used. Raises NoKeyring, and VaultUnavailable."""
        return str(self._call("probe")["backend"])

    def load(self, vault_id: str, detail: str = "") -> Key | None:
        """Return the key that the keyring has for the vault, or None where it answers and has none."""
        found = self._call("get", vault_id, backend=detail.partition(" ")[2])
        return None if found["secret"] is None else _as_key(found)

    def find(self, vault_id: str) -> tuple[Key, str] | None:
        """Return the key, and which backend has it."""
        found = self._call("get", vault_id)
        return None if found["secret"] is None else (_as_key(found), f"{self.name} {found['backend']}")

    def prepare(self) -> None:
        """Nothing needs a person, as far as can be told before."""

    def store(self, vault_id: str, key: Key) -> tuple[Key, str]:
        """Keep ``key``, unless the keyring has one for the vault; return what it has, read back."""
        found = self._call("create", vault_id, secret=key)
        return _as_key(found), f"{self.name} {found['backend']}"

    def lacks(self, detail: str) -> str:  # noqa: ARG002 - the backend is in the message
        """Say how the key may come back."""
        return "restore the keyring that had it (its entry: service xswitch, user as in the vault's id file)"

    def forget(self) -> None:
        """Nothing is kept in memory."""

    def _call(
        self, operation: str, vault_id: str = "", *, backend: str = "", secret: Key | None = None
    ) -> dict[str, Any]:
        if not sys.executable:
            raise VaultUnavailable("the OS keyring can't be asked: this Python does not know its own path")
        question = {
            "op": operation,
            "service": SERVICE,
            "user": vault_id,
            "backend": backend,
            "path": sys.path,
            "prompt": self._patience > self._timeout,
            "watchdog": START + self._timeout + self._patience + 5,
            "secret": secret.reveal().hex() if secret else "",
        }
        helper = str(Path(__file__).absolute().with_name("_keyring_helper.py"))
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", helper],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=helper_environ(self._environ),
            )
        except OSError as error:
            words = os.strerror(error.errno or 0)
            raise VaultUnavailable(
                f"the OS keyring can't be asked: {words}", "end some programs and try again"
            ) from None
        try:
            answer = self._converse(process, (json.dumps(question) + "\n").encode("ascii"))
        finally:
            _end(process)
        if "error" in answer:
            raise _failure(str(answer["error"]), clean(str(answer["why"])), backend)
        return answer

    def _converse(self, process: subprocess.Popen[bytes], question: bytes) -> dict[str, Any]:
        """Send the question, and return the answer. Raises VaultUnavailable when the time is over."""
        limit = START
        deadline = time.monotonic() + limit
        if process.stdin is None or process.stdout is None:
            return {"error": "failed", "why": "no pipes"}
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(question)
            process.stdin.flush()
        received = b""
        while True:
            line, newline, rest = received.partition(b"\n")
            if newline:
                received = rest
                answer: dict[str, Any] = json.loads(line)
                if "event" not in answer:
                    return answer
                if answer["event"] == "locked" and self._patience > self._timeout:
                    self._note("waiting for you to unlock the OS keyring")
                limit = self._timeout if answer["event"] == "asking" else self._patience
                deadline = time.monotonic() + limit
                continue
            piece = _read(process.stdout.fileno(), deadline)
            if piece is None:
                raise VaultUnavailable(
                    f"the OS keyring did not answer within {limit:g} seconds",
                    f"see whether it is asking for its password in a window; {_INSTEAD}",
                )
            if not piece:
                return {"error": "failed", "why": "its helper process ended without an answer"}
            received += piece


def helper_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the helper process: nothing of AWS's, none of xswitch's own secrets."""
    return {name: value for name, value in scrubbed(environ).items() if not name.startswith("AWS_")}


def _read(descriptor: int, deadline: float) -> bytes | None:
    """Return what a pipe has, b"" at its end, or None at the deadline."""
    import select

    poll = select.poll()
    poll.register(descriptor, select.POLLIN | select.POLLHUP)
    left = deadline - time.monotonic()
    if left <= 0 or not poll.poll(left * 1000):
        return None
    return os.read(descriptor, 65536)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the helper for certain, and close its pipes."""
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    process.wait()


def _as_key(answer: dict[str, Any]) -> Key:
    text = answer.pop("secret")
    if not isinstance(text, str) or not is_hex(text, 2 * KEY_BYTES):
        raise VaultUnavailable(
            "what the OS keyring has for the vault is not a key of xswitch",
            "restore its entry: service xswitch, user as in the vault's id file",
        )
    return Key(bytes.fromhex(text))


def _failure(kind: str, why: str, backend: str) -> VaultUnavailable:
    which = f" ({backend.removeprefix('keyring.backends.')})" if backend else ""
    if kind == "locked":
        return VaultUnavailable(f"the OS keyring{which} is locked", f"unlock it, for example by logging in; {_INSTEAD}")
    if kind == "failed":
        return VaultUnavailable(f"the OS keyring{which} failed: {why}", f"see whether it works at all; {_INSTEAD}")
    if backend:
        return VaultUnavailable(
            f"the OS keyring that holds the vault's key{which} can't be reached here",
            "start it; over ssh, set DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/$(id -u)/bus",
        )
    return NoKeyring(f"there is no OS keyring to use here: {why}", "set XSWITCH_PASSPHRASE, or start a keyring")
