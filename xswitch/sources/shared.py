"""Shared catalogs: a team's own, kept in git, and what a person consents to in them.

::

    state/shared/NAME/source.toml    where it comes from, and which commit is the last good one
    state/shared/NAME/git            git's objects
    state/shared/NAME/v-COMMIT/      the catalog files of a commit
    state/shared/NAME/current        a link to the one that counts, changed in one step

The last good commit stays until a newer one was read whole and makes a catalog that loads. A start URL or program in
it is used only once the person has consented to that exact text (``state/consents.json``).
"""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from xswitch.catalog import Catalog, Identity, check, check_shared, load_for_sync
from xswitch.catalog.origins import shared_folder
from xswitch.errors import InvalidConfig, NoSuchTarget, Problem, Usage, VaultUnavailable
from xswitch.files import make_private_folder, write_atomically
from xswitch.paths import Paths
from xswitch.sources import git
from xswitch.text import clean
from xswitch.tomlfile import nearest, quoted, read_document

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_CURRENT: Final = "current"
_SOURCE: Final = "source.toml"


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


def shares(paths: Paths) -> tuple[Share, ...]:
    """Return the shared catalogs, by name. Raises InvalidConfig for one whose note is damaged."""
    folder = shared_folder(paths)
    names = sorted(one.name for one in folder.iterdir() if NAME.fullmatch(one.name)) if folder.is_dir() else []
    return tuple(_read(folder / name, name) for name in names if (folder / name / _SOURCE).exists())


def share_named(paths: Paths, name: str) -> Share:
    """Return a shared catalog. Raises NoSuchTarget with the nearest name."""
    known = {one.name: one for one in shares(paths)}
    if name not in known:
        near = nearest(name, known)
        hint = f"did you mean {quoted(near)}?" if near else f"known: {', '.join(known) or 'none'}"
        raise NoSuchTarget(f"no shared catalog is called {quoted(name)}", hint)
    return known[name]


def name_of(url: str) -> str:
    """Return the name that a repository's address suggests. Raises Usage where it suggests none."""
    name = url.rstrip("/").rpartition("/")[2].rpartition(":")[2].removesuffix(".git")
    if not NAME.fullmatch(name):
        raise Usage(f"{clean(url)} suggests no name", "give one: --name team")
    return name


def update(paths: Paths, share: Share, environ: Mapping[str, str], *, ask: bool) -> Updated:
    """Fetch a shared catalog and make it the current one, if the whole catalog loads with it. Blocks.

    Raises Usage, Unreachable, NotFound, InvalidConfig, VaultUnavailable; then what was current stays so.
    """
    folder = shared_folder(paths) / share.name
    new = not (folder / _SOURCE).exists()
    try:
        make_private_folder(folder)
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


def remove(paths: Paths, name: str) -> None:
    """Forget a shared catalog, and what was consented to of it. Raises NoSuchTarget, VaultUnavailable."""
    from xswitch.identity.consent import Consents

    share_named(paths, name)
    folder = shared_folder(paths) / name
    aside = folder.with_name(f".{name}.{secrets.token_hex(4)}")
    try:
        Consents(paths.state).forget(name)
        folder.rename(aside)
        shutil.rmtree(aside)
    except OSError as error:
        raise VaultUnavailable(f"{clean(str(folder))} can't be removed: {(error.strerror or '').lower()}") from None


def _discard(folder: Path, *, new: bool) -> None:
    """Leave nothing of a share that was never good."""
    if new:
        shutil.rmtree(folder, ignore_errors=True)


def _place(folder: Path, fetched: git.Fetched) -> None:
    """Write the files of a commit, then turn ``current`` to them in one step. Raises OSError."""
    made = folder / f"v-{fetched.commit}"
    if not made.exists():
        half = folder / f".half-{secrets.token_hex(4)}"
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
    for old in folder.glob("v-*"):
        if old != made:
            shutil.rmtree(old, ignore_errors=True)


def _read(folder: Path, name: str) -> Share:
    data = read_document(folder / _SOURCE).data
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
