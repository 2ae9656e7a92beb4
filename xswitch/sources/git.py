"""Files out of a git repository, by the system's git, without ever checking anything out.

Nothing of a repository is run and nothing of it reaches the disk but git's own objects: no work tree, no hooks, no
submodules, no filters. Only https and ssh are spoken, whatever the person's configuration rewrites an address to.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from xswitch.errors import NotFound, Unreachable, Usage
from xswitch.secret import scrubbed
from xswitch.text import clean

SECONDS: Final = 120.0
"""How long git may take to fetch."""
_GRACE: Final = 2.0
"""Seconds in which git may end by itself once it is asked to."""
LARGEST: Final = 16 * 1024 * 1024
"""Bytes of one catalog file."""
LARGEST_SUM: Final = 64 * 1024 * 1024
"""Bytes of all its catalog files: one blob can be many of them, so that what is fetched is no bound."""
MOST: Final = 1000
"""Catalog files that one repository may have."""
_LIMITS: Final = (
    f"{MOST} files, {LARGEST // 1024 // 1024} MiB each and {LARGEST_SUM // 1024 // 1024} MiB in all; nothing was taken"
)
_HOST: Final = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
_USER: Final = r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*@)?"
_NAMED: Final = re.compile(r"https?:/*[^/?#]*@.*|ssh://[^/?#@]*:[^/?#]*@.*", re.IGNORECASE | re.DOTALL)
"""An address with a name in it, or for ssh with more than a user."""
_URL: Final = re.compile(
    rf"(?:https://|ssh://{_USER})(?:{_HOST}|\[[0-9a-fA-F:]+\])(?::[0-9]{{1,5}})?/[^\s\0-\x1f\x7f]+"
)
_SCP: Final = re.compile(rf"({_USER})({_HOST}):([^\s\0-\x1f\x7f/:\\-][^\s\0-\x1f\x7f\\]*)")
_REF: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,200}")
_MEANT: Final = re.compile(r"catalog\.toml|catalog\.d/[^/.][^/]*\.toml")
"""What a catalog file is called, and what would be taken for one; what begins with a dot is passed over."""
_WANTED: Final = re.compile(r"catalog\.toml|catalog\.d/[A-Za-z0-9][A-Za-z0-9._-]*\.toml")
_SAFE: Final = (
    ("protocol.allow", "never"),
    ("protocol.https.allow", "always"),
    ("protocol.ssh.allow", "always"),
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.symlinks", "false"),
    ("submodule.recurse", "false"),
    ("fetch.recurseSubmodules", "false"),
    ("transfer.fsckObjects", "true"),
    ("transfer.bundleURI", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A commit and the catalog files in it, by their paths."""

    commit: str
    files: Mapping[str, bytes]


def address(url: str) -> str:
    """Return the address of a repository as git gets it.

    Raises Usage for one that is neither https nor ssh, and for one that holds a name or password: it would be kept and
    shown. Whatever stands before its "@" is not in the error.
    """
    if _NAMED.fullmatch(url):
        hint = "leave it out: git asks its credential helper for it (git help gitcredentials)"
        raise Usage("the address of a repository holds a name, password or token", hint)
    if _URL.fullmatch(url) and "/../" not in url:
        return url
    short = _SCP.fullmatch(url)
    if short is not None:
        return f"ssh://{short[1]}{short[2]}/{short[3]}"
    hint = "https://host/team/catalog.git, ssh://git@host/team/catalog.git or git@host:team/catalog.git"
    shown = f"…@{url.rpartition('@')[2]}" if "@" in url else url
    raise Usage(f"{clean(shown)[:200]!r} is not the address of a repository", hint)


def reference(ref: str) -> str:
    """Return a branch, tag or commit, checked. Raises Usage."""
    if not _REF.fullmatch(ref) or ".." in ref or ref.endswith((".lock", "/", ".")):
        raise Usage(f"{clean(ref)[:200]!r} is not a branch, tag or commit", "such as main, or v2")
    return ref


def fetch(url: str, ref: str, store: Path, environ: Mapping[str, str], *, ask: bool) -> Fetched:
    """Return the catalog files of ``ref`` ("" for the default branch), with git's objects kept in ``store``. Blocks.

    ``ask`` lets git ask for a name and password on the terminal. Raises Usage, Unreachable, NotFound without git.
    """
    whole = address(url)
    git = _Git(store, environ, ask=ask)
    git.run("init", "--quiet", "--bare", "--template=", str(store))
    wanted = f"+{ref or 'HEAD'}:refs/xswitch/fetched"
    try:
        git.run(
            "fetch", "--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules",
            "--end-of-options", whole, wanted, doing=f"fetch {clean(url)}",
        )  # fmt: skip
    except BaseException:
        # git leaves the half of a pack that it has.
        for half in (store / "objects" / "pack").glob("tmp_*"):
            half.unlink(missing_ok=True)
        raise
    commit = git.run("rev-parse", "--verify", "--end-of-options", "refs/xswitch/fetched^{commit}").decode().strip()
    return Fetched(commit, _files(git, commit, url))


def sweep(store: Path) -> None:
    """Remove what a git that was killed left in ``store``, for whoever knows that none runs there. Raises OSError.

    A lock of git's stays with no holder, and git would wait for somebody to remove it.
    """
    for left in list(store.rglob("*")):
        if left.name.startswith("tmp_") and left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        elif left.name.endswith(".lock") or left.name.startswith("tmp_"):
            left.unlink(missing_ok=True)


def _files(git: _Git, commit: str, url: str) -> dict[str, bytes]:
    """Return the catalog files of a commit. Raises Usage for what is no regular file, ill named, or too much."""
    # Not the whole tree: a few objects that name each other many times are a tree of millions of files.
    wanted = ("catalog.toml", "catalog.d/")
    listing = git.run("ls-tree", "-z", "--full-tree", "--long", "--end-of-options", commit, "--", *wanted)
    blobs: dict[str, str] = {}
    total = 0
    for line in listing.split(b"\0"):
        about, _, raw = line.partition(b"\t")
        name = raw.decode("utf-8", "replace")
        if not _MEANT.fullmatch(name):
            continue
        # The name becomes that of a file here, and is shown wherever that file is told of.
        if not _WANTED.fullmatch(name):
            hint = "a letter or digit first, then letters, digits, dots, dashes and underscores"
            raise Usage(f"{clean(name)} in {clean(url)} can't be the name of a catalog file", hint)
        mode, kind, blob, size = about.decode("ascii", "replace").split()
        if kind != "blob" or mode not in ("100644", "100755"):
            raise Usage(f"{clean(name)} in {clean(url)} is no regular file", "links and submodules are not followed")
        total += int(size)
        if int(size) > LARGEST or len(blobs) == MOST or total > LARGEST_SUM:
            raise Usage(f"{clean(url)} holds more than a catalog may: {clean(name)}", _LIMITS)
        blobs[name] = blob
    if not blobs:
        raise Usage(f"{clean(url)} holds no catalog", "it needs catalog.toml, or files in catalog.d/")
    return {name: git.run("cat-file", "blob", "--end-of-options", blob) for name, blob in blobs.items()}


class _Git:
    """The system's git on one bare repository."""

    def __init__(self, store: Path, environ: Mapping[str, str], *, ask: bool) -> None:
        self._ask = ask
        dropped = ("GIT_", "AWS_")
        kept = ("GIT_SSL_CAINFO", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM")
        self._environ = {
            name: value for name, value in scrubbed(environ).items() if name in kept or not name.startswith(dropped)
        } | {
            "GIT_TERMINAL_PROMPT": "1" if ask else "0",
            "GIT_DIR": str(store),
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_NO_LAZY_FETCH": "1",
            # It counts before any setting, such as a protocol.ext.allow of the person's (git(1)).
            "GIT_ALLOW_PROTOCOL": "https:ssh",
            "LC_ALL": "C",
        }
        if not ask:
            self._environ.setdefault("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")

    def run(self, *words: str, doing: str = "") -> bytes:
        """Return what a git command prints. Raises Unreachable with git's own last line, NotFound.

        When its time is up or xswitch is stopped, git is ended with all that it started, such as ssh.
        """
        program = shutil.which("git", path=self._environ.get("PATH"))
        if program is None:
            raise NotFound("git is not installed", "a shared catalog is fetched by the system's git")
        settings = [word for name, value in _SAFE for word in ("-c", f"{name}={value}")]
        with subprocess.Popen(
            [program, "--no-pager", *settings, *words],
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            start_new_session=not self._ask,  # what may ask needs our terminal
        ) as started:
            try:
                printed, complaint = started.communicate(timeout=SECONDS)
            except BaseException as error:
                self._end(started)
                if isinstance(error, subprocess.TimeoutExpired):
                    what = f"git did not {doing or words[0]} within {SECONDS:g}s"
                    raise Unreachable(what, "check the network") from None
                raise
        if started.returncode:
            said = complaint.decode("utf-8", "replace").strip().splitlines()
            last = clean(next((line for line in reversed(said) if line.startswith(("fatal", "error"))), ""))[:300]
            raise Unreachable(f"git can't {doing or words[0]}", last or "run `git ls-remote` by hand to see why")
        return printed

    def _end(self, started: subprocess.Popen[bytes]) -> None:
        """End git and what it started: asked to first, since git then takes its locks away."""
        family = _family(started.pid) if self._ask else []
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._ask:
                for pid in family:
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.kill(pid, number)
            else:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(started.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                started.wait(_GRACE)


def _family(pid: int) -> list[int]:
    """Return a process and all that descend from it, by what ``ps`` says; the process alone where there is no ps."""
    try:
        listed = subprocess.run(["/bin/ps", "-A", "-o", "pid=,ppid="], capture_output=True, timeout=5, env={})
    except (OSError, subprocess.TimeoutExpired):
        return [pid]
    pairs = [(int(child), int(parent)) for child, parent in map(bytes.split, listed.stdout.splitlines())]
    family = [pid]
    for one in family:  # it grows as we go
        family.extend(child for child, parent in pairs if parent == one)
    return family
