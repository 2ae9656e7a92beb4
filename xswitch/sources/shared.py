"""Shared catalogs: a team's own, kept in git, and what a person consents to in them.

::

    state/shared/NAME/source.toml    where it comes from, and which commit is the last good one
    state/shared/NAME/git            git's objects
    state/shared/NAME/v-COMMIT/      the catalog files of a commit
    state/shared/NAME/current        a link to the one that counts, changed in one step
    state/shared/.NAME.lock          held by whoever changes any of these

The last good commit stays until a newer one was read whole and makes a catalog that loads. A start URL or program in
it is used only once the person has consented to that exact text (``state/consents.json``).
"""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from xswitch.catalog import Catalog, Identity, check, check_shared, load_for_sync
from xswitch.catalog.origins import shared_folder
from xswitch.errors import InvalidConfig, NoSuchTarget, Problem, Usage, VaultUnavailable
from xswitch.files import clear_torn, make_private_folder, write_atomically
from xswitch.paths import Paths
from xswitch.sources import git
from xswitch.text import clean
from xswitch.tomlfile import nearest, quoted, read_document
from xswitch.vault.folder import Folder
from xswitch.vault.locks import SUFFIX, hold

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_BUILT_IN: Final = re.compile(r"organizations|identity-center(?:-.*)?|aws-config", re.IGNORECASE)
"""Names of what `catalog sync` and `catalog import` read: what is consented to and kept is told apart by the name."""
_CURRENT: Final = "current"
_SOURCE: Final = "source.toml"
_VERSION: Final = "v-"
_HALF: Final = ".half-"
_GONE: Final = ".gone-"
PATIENCE: Final = git.SECONDS + 30.0
"""Seconds to wait for another process that changes the same share: git may fetch as long as it is let."""


@dataclass(frozen=True, slots=True)
class Share:
    """A shared catalog: its name, address, ref ("" for the default branch) and commit ("" before the first)."""

    name: str
    url: str
    ref: str
    commit: str = ""


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update did: the share as it is now, and the commit before ("" for none)."""

    share: Share
    before: str


def known(paths: Paths) -> tuple[str, ...]:
    """Return the names of the shared catalogs, in order; those without a note were never wholly added."""
    return tuple(name for name in _folders(paths) if (shared_folder(paths) / name / _SOURCE).exists())


def _folders(paths: Paths) -> list[str]:
    folder = shared_folder(paths)
    return sorted(one.name for one in folder.iterdir() if NAME.fullmatch(one.name)) if folder.is_dir() else []


def _check_known(name: str, names: Sequence[str]) -> None:
    """Raise NoSuchTarget, with the nearest name, for what is not among ``names``."""
    if name not in names:
        near = nearest(name, names)
        hint = f"did you mean {quoted(near)}?" if near else f"known: {', '.join(names) or 'none'}"
        raise NoSuchTarget(f"no shared catalog is called {quoted(name)}", hint)


def name_of(url: str) -> str:
    """Return the name that a repository's address suggests. Raises Usage where it suggests none."""
    name = url.rstrip("/").rpartition("/")[2].rpartition(":")[2].removesuffix(".git")
    if not NAME.fullmatch(name):
        raise Usage(f"{clean(url)} suggests no name", "give one: --name team")
    return name


def check_name(name: str) -> None:
    """Raise Usage for what a shared catalog can't be called."""
    if not NAME.fullmatch(name):
        raise Usage(f"{clean(name)!r} can't be the name of a shared catalog", "letters, digits, dots and dashes")
    if _BUILT_IN.fullmatch(name):
        raise Usage(f"{name} is a source of xswitch's own", "give another: --name team")


def add(paths: Paths, share: Share, environ: Mapping[str, str], *, ask: bool) -> Updated:
    """Fetch a new shared catalog. Raises Usage where there is one of that name; else as :func:`update` does. Blocks."""
    with _alone(paths, share.name, "adding") as folder:
        if (folder / _SOURCE).exists():
            hint = f"update it: xswitch catalog sync {share.name}; or give --name"
            raise Usage(f"there is a shared catalog called {share.name}", hint)
        return _renew(paths, folder, share, environ, ask=ask)


def update(paths: Paths, name: str, environ: Mapping[str, str], *, ask: bool) -> Updated:
    """Fetch a shared catalog and make it the current one, if the whole catalog loads with it. Blocks.

    Raises NoSuchTarget, Usage, Unreachable, NotFound, InvalidConfig (of its note too), VaultUnavailable, LockTimeout;
    then what was current stays so.
    """
    _check_known(name, known(paths))
    with _alone(paths, name, "updating") as folder:
        _check_known(name, known(paths))
        return _renew(paths, folder, _read(folder, name), environ, ask=ask)


def remove(paths: Paths, name: str) -> None:
    """Forget a shared catalog, and what was consented to of it, whatever its note says or whether it has one.

    Raises NoSuchTarget, VaultUnavailable, LockTimeout.
    """
    from xswitch.identity.consent import Consents

    _check_known(name, _folders(paths))
    with _alone(paths, name, "removing") as folder:
        _check_known(name, _folders(paths))
        aside = folder.with_name(f"{_GONE}{name}-{secrets.token_hex(4)}")
        try:
            Consents(paths.state).forget(name)
            folder.rename(aside)
            shutil.rmtree(aside)
        except OSError as error:
            raise VaultUnavailable(f"{clean(str(folder))} can't be removed: {(error.strerror or '').lower()}") from None


@contextmanager
def _alone(paths: Paths, name: str, doing: str) -> Iterator[Path]:
    """Hold the lock of a shared catalog against every other process, and give its folder, which may not be there.

    The lock is a neighbour of the folder, which comes and goes. Raises LockTimeout, VaultUnavailable.
    """
    shares = Folder(str(shared_folder(paths)))
    folder, lock = shared_folder(paths) / name, f".{name}{SUFFIX}"
    with hold(shares, lock, timeout=PATIENCE, purpose=f"{doing} {name}"):
        try:
            for left in folder.parent.glob(f"{_GONE}{name}-{'?' * 8}"):
                shutil.rmtree(left, ignore_errors=True)
            yield folder
        finally:
            if not folder.exists():
                with suppress(VaultUnavailable):
                    shares.remove(lock)


def _renew(paths: Paths, folder: Path, share: Share, environ: Mapping[str, str], *, ask: bool) -> Updated:
    """Fetch a share whose lock is held, and make it the current one. Raises as :func:`update` does."""
    # Without a note and without files that count, what is there was left by one who was killed.
    new = not (folder / _SOURCE).exists() and not (folder / _CURRENT).exists()
    try:
        make_private_folder(folder)
        _sweep(folder)
        git.sweep(folder / "git")
        fetched = git.fetch(share.url, share.ref, folder / "git", environ, ask=ask)
        problems = check_shared(paths, share.name, fetched.files)
        if problems:
            raise InvalidConfig(problems, "nothing of it is used; what was good before still is")
        _place(folder, fetched)
        now = Share(share.name, share.url, share.ref, fetched.commit)
        _write(folder, now)
    except OSError as error:
        _discard(folder, new=new)
        reason = (error.strerror or type(error).__name__).lower()
        raise VaultUnavailable(f"{clean(str(folder))} can't be written: {reason}", "what was good still is") from None
    except BaseException:
        _discard(folder, new=new)
        raise
    return Updated(now, share.commit)


def _discard(folder: Path, *, new: bool) -> None:
    """Leave nothing of a share that was never good."""
    if new:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Remove all versions but the one that counts, and what killed processes left half made. Raises OSError."""
    clear_torn(folder / _SOURCE)
    current = folder / _CURRENT
    used = current.readlink().name if current.is_symlink() else ""
    for left in folder.iterdir():
        if left.name.startswith((_HALF, _GONE)):
            shutil.rmtree(left, ignore_errors=True)
        elif left.name.startswith(f".{_CURRENT}-"):
            left.unlink()
        elif left.name.startswith(_VERSION) and left.name != used:
            # Aside first: of a version that is being removed, half would be taken for the whole.
            aside = folder / f"{_GONE}{secrets.token_hex(4)}"
            left.rename(aside)
            shutil.rmtree(aside, ignore_errors=True)


def _place(folder: Path, fetched: git.Fetched) -> None:
    """Write the files of a commit, then turn ``current`` to them in one step. Raises OSError."""
    made = folder / f"{_VERSION}{fetched.commit}"
    if not made.exists():
        half = folder / f"{_HALF}{secrets.token_hex(4)}"
        try:
            (half / "catalog.d").mkdir(parents=True, mode=0o700)
            for name, content in fetched.files.items():
                write_atomically(half / name, content, durable=False)
            half.rename(made)
        finally:
            shutil.rmtree(half, ignore_errors=True)
    link = folder / f".{_CURRENT}-{secrets.token_hex(4)}"
    link.symlink_to(made.name)
    link.replace(folder / _CURRENT)
    _sweep(folder)


def _read(folder: Path, name: str) -> Share:
    """Return what a share's note says. Raises InvalidConfig for one that is damaged."""
    try:
        data = read_document(folder / _SOURCE).data
    except InvalidConfig as error:
        hint = f"forget it and add it again: xswitch catalog remove {name}"
        raise InvalidConfig(error.problems, hint) from None
    texts = {key: str(data.get(key, "")) for key in ("url", "ref", "commit")}
    return Share(name, **texts)


def _write(folder: Path, share: Share) -> None:
    from xswitch.sources.draft import toml

    lines = [f"{key} = {toml(getattr(share, key))}" for key in ("url", "ref", "commit")]
    write_atomically(folder / _SOURCE, ("\n".join(lines) + "\n").encode())


def warnings(paths: Paths, names: Collection[str]) -> tuple[Problem, ...]:
    """Return what the catalog warns of in the files of these shared catalogs, such as a name that is not used."""
    theirs = tuple(f"{clean(str(shared_folder(paths) / name))}/" for name in names)
    return tuple(problem for problem in check(paths)[1] if problem.file.startswith(theirs))


def to_consent(paths: Paths, names: Collection[str]) -> tuple[tuple[Identity, str, str], ...]:
    """Return what the shared catalogs of these names want to use that the person has not consented to.

    Each is an identity, its key and the exact text.

    Raises InvalidConfig.
    """
    from xswitch.identity.consent import Consents, texts_of

    consents = Consents(paths.state)
    catalog: Catalog = load_for_sync(paths)
    theirs = [one for one in catalog.identities.values() if one.source in names]
    found = [(one, key, text) for one in theirs for key, text in texts_of(one)]
    return tuple((one, key, text) for one, key, text in found if not consents.given(one, key, text))
