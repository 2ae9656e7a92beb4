"""One question to the OS keyring, in a process of its own that can be killed when no answer comes.

A JSON object on stdin asks, JSON objects on stdout answer, a line each; the secret goes by these pipes alone. It is
started by its path, isolated (``python -I``), and gets the search path of modules from who starts it. Only the backends
of ``ALLOWED`` are ever loaded: never one that a plug-in brings, never a chain, never one that writes plain text.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
from typing import Any, Final

ALLOWED: Final = (
    "keyring.backends.macOS.Keyring",
    "keyring.backends.Windows.WinVaultKeyring",
    "keyring.backends.SecretService.Keyring",
    "keyring.backends.libsecret.Keyring",
    "keyring.backends.kwallet.DBusKeyring",
    "keyring.backends.kwallet.DBusKeyringKWallet4",
)
CHAINER: Final = "keyring.backends.chainer.ChainerBackend"


class NoAnswerError(Exception):
    """An answer that is no key: ``kind`` is absent, refused, locked or failed."""

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(why)
        self.kind = kind


def main() -> None:
    """Answer the question on stdin."""
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    question = json.loads(sys.stdin.readline())
    watch = threading.Timer(question["watchdog"], os._exit, (75,))
    watch.daemon = True
    watch.start()
    sys.path[:] = question["path"]

    def say(**answer: Any) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    try:
        prepare()
        say(event="asking")
        say(**answer(question, lambda: say(event="locked")))
    except NoAnswerError as failure:
        say(error=failure.kind, why=str(failure))
    except BaseException as error:
        # The words of a foreign error may quote anything, so its name alone goes on.
        kind = "locked" if type(error).__name__ in ("KeyringLocked", "LockedException") else "failed"
        say(error=kind, why=type(error).__name__)
    os._exit(0)


def prepare() -> None:
    """Load all code that may be needed: a slow disk or a busy machine is no keyring that never answers."""
    import importlib

    for name in ALLOWED:
        with contextlib.suppress(Exception):  # not for this machine: `load` will find the same
            importlib.import_module(name.rpartition(".")[0])


def answer(question: dict[str, Any], locked: Any) -> dict[str, Any]:
    """Return the answer to a question; calls ``locked`` before what may open a prompt on the desktop."""
    name, backend = choose(question["backend"])
    if question["op"] == "probe":
        return {"backend": name}
    if is_locked(name, backend):
        if not question["prompt"]:
            raise NoAnswerError("locked", "nobody is there to unlock it")
        locked()
    service, user = question["service"], question["user"]
    found = backend.get_password(service, user)
    if question["op"] == "create" and found is None:
        backend.set_password(service, user, question["secret"])
        found = backend.get_password(service, user)
        if found is None:
            raise NoAnswerError("failed", "it did not keep what it was given")
    return {"backend": name, "secret": found}


def choose(remembered: str) -> tuple[str, Any]:
    """Return name and object of the backend to use: the one remembered, else the best that is allowed and works."""
    if remembered and remembered not in ALLOWED:
        raise NoAnswerError("refused", f"{remembered} is not a keyring that xswitch trusts")
    wanted = remembered or configured()
    if wanted and wanted != CHAINER:
        if wanted not in ALLOWED:
            raise NoAnswerError("refused", f"{wanted} is not a keyring that xswitch trusts")
        found = load(wanted)
        if found is None:
            raise NoAnswerError("absent", f"{wanted} does not work here")
        return wanted, found[1]
    working = [(found[0], name, found[1]) for name in ALLOWED if (found := load(name)) is not None]
    if not working:
        raise NoAnswerError("absent", "no keyring service answers")
    _, name, backend = max(working, key=lambda one: one[0])
    return name, backend


def configured() -> str:
    """Return the backend that the person chose for keyring, as keyring reads it: the variable, else its file."""
    named = os.environ.get("PYTHON_KEYRING_BACKEND")
    if named:
        return named
    import configparser

    from keyring.util import platform_

    parser = configparser.RawConfigParser()
    try:
        parser.read(str(platform_.config_root() / "keyringrc.cfg"), encoding="utf-8")
        return parser.get("backend", "default-keyring").strip()
    except (configparser.Error, OSError, ValueError):
        return ""


def load(name: str) -> tuple[float, Any] | None:
    """Return priority and object of a backend, or None where it does not work on this machine."""
    import importlib

    module, _, kind = name.rpartition(".")
    try:
        backend = getattr(importlib.import_module(module), kind)
        priority = float(backend.priority)
        return (priority, backend()) if priority > 0 else None
    except Exception:  # each backend says in its own way that it is not for this machine
        return None


def is_locked(name: str, backend: Any) -> bool:
    """Tell whether a Secret Service will have to ask the person before it answers. The others can't tell."""
    if name != "keyring.backends.SecretService.Keyring":
        return False
    import secretstorage

    path = getattr(backend, "preferred_collection", "/org/freedesktop/secrets/aliases/default")
    bus = secretstorage.dbus_init()
    try:
        return bool(secretstorage.Collection(bus, path).is_locked())
    except secretstorage.exceptions.ItemNotFoundException:
        return True  # there is no collection yet: making one asks for its password
    finally:
        bus.close()


if __name__ == "__main__":
    main()
