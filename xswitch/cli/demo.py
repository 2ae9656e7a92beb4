"""Everything xswitch does, against a practice organization that runs on this machine alone.

Without further arguments it opens the picker; `xswitch demo -- exec payments-staging/ReadOnly -- aws sts
get-caller-identity` runs one command. Nothing of your AWS, and no catalog or vault of yours, is read or written, and
nothing is left behind. A shell that it opens reads your own startup files, and keeps its history in the demo.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import secrets
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xswitch.engine import Engine
from xswitch.paths import Paths
from xswitch.sandbox import Sandbox, practice
from xswitch.secret import Secret
from xswitch.shell.again import own_program
from xswitch.shell.launch import run as run_program

if TYPE_CHECKING:
    from xswitch.cli.context import Context

TAKES_COMMAND = True
PREFIX: Final = "xswitch-demo-"
_PROXIES: Final = frozenset({"http_proxy", "https_proxy", "all_proxy", "no_proxy"})
_PREFERENCES: Final = """\
# The practice organization keeps its key in a file: it protects practice credentials only.
plaintext_key = true
kernel_keyring = false
organization = "acme practice"
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.usage = f"{parser.prog} [-- ARG ...]"


def run(args: argparse.Namespace, context: Context) -> int:
    """Start the practice organization, run xswitch on it in a process of its own, and clean up."""
    with ExitStack() as stack:
        home = _make_home(stack)
        organization = practice.build(clock=time.time)
        token = secrets.token_hex(16)
        sandbox = stack.enter_context(Sandbox(organization.organization, clock=time.time, practice_token=token))
        environ = isolated(context.environ, home, sandbox.url, f"{sandbox.url}/practice/{token}/authenticator")
        paths = Paths.of(environ)
        paths.config.mkdir(parents=True)
        paths.catalog_file.write_text(organization.catalog_toml(), encoding="utf-8")
        paths.preferences_file.write_text(_PREFERENCES, encoding="utf-8")
        engine = Engine(paths, environ, time.time)
        key_id, secret = organization.user_access_key
        engine.store_identity("central", key_id, Secret(secret), organization.caller_arn)
        for name, value in organization.vault_secrets.items():
            engine.store_secret(name, Secret(value))
        return run_program([*own_program(sys.argv[0], sys.executable), *(args.command or [])], environ)


def isolated(environ: Mapping[str, str], home: Path, url: str, authenticator: str) -> dict[str, str]:
    """Return the environment of the demo: nothing of the person's AWS in it, and every endpoint on loopback.

    What is typed in a shell of it goes to a history of its own. fish, whose histories are all in the person's folder,
    keeps one that has no name for as long as it runs.

    AWS CLI v2 before 2.13 does not know ``AWS_ENDPOINT_URL``, so an ``aws`` of ours, first on PATH, adds the option.
    """
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith(("AWS_", "XSWITCH_")) and name.lower() not in _PROXIES
    }
    nothing = home / "aws-files-are-empty-here"
    nothing.touch(mode=0o600)
    kept |= {
        "XSWITCH_HOME": str(home),
        "XSWITCH_PRACTICE": authenticator,
        "AWS_ENDPOINT_URL": url,
        "AWS_CONFIG_FILE": str(nothing),
        "AWS_SHARED_CREDENTIALS_FILE": str(nothing),
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
        "HISTFILE": str(home / "history"),
        "fish_history": "",
    }
    real = shutil.which("aws", path=environ.get("PATH"))
    if real:
        folder = home / "bin"
        folder.mkdir()
        wrapper = folder / "aws"
        wrapper.write_text(f'#!/bin/sh\nexec {shlex.quote(real)} --endpoint-url {shlex.quote(url)} "$@"\n')
        wrapper.chmod(0o700)
        kept["XSWITCH_PRACTICE_BIN"] = str(folder)
        kept["PATH"] = f"{folder}{os.pathsep}{environ.get('PATH', '')}"
    return kept


def _make_home(stack: ExitStack) -> Path:
    """Make a private folder that goes away with this process; sweep those that a killed demo left."""
    parent = Path(tempfile.gettempdir())
    for left in parent.glob(f"{PREFIX}*"):
        if left.is_dir() and not left.is_symlink() and left.stat().st_uid == os.getuid():
            _sweep(left)
    home = Path(tempfile.mkdtemp(prefix=PREFIX))
    stack.callback(shutil.rmtree, home, ignore_errors=True)
    lock = os.open(home / "lock.new", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    stack.callback(os.close, lock)
    fcntl.flock(lock, fcntl.LOCK_EX)
    (home / "lock.new").rename(home / "lock")  # seen by a sweep only once it is held
    return home


def _sweep(left: Path) -> None:
    """Remove the folder of a demo that is no longer there to hold its lock."""
    try:
        lock = os.open(left / "lock", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(left, ignore_errors=True)
    except OSError:
        return
    finally:
        os.close(lock)
