"""Which files a catalog is made of, and for whom each one speaks.

* the person's own: ``catalog.toml``, and those of ``catalog.d/`` that are not synced;
* shared: ``catalog.toml`` and ``catalog.d/*.toml`` of each folder ``state/shared/NAME/current/``; the source is NAME;
* synced: files of ``catalog.d/`` whose first line begins with :data:`SYNCED`; the source is the file's name.

Files and folders whose names begin with a dot are passed over; the rest are read in the order of their names.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xswitch.catalog import fast
from xswitch.errors import InvalidConfig
from xswitch.paths import Paths
from xswitch.tomlfile import refusal

if TYPE_CHECKING:
    from xswitch.catalog.parse import Source

SYNCED: Final = b"# xswitch: synced"
"""How a file begins that ``catalog sync`` wrote: its own, to be rewritten by the next sync."""

OVERRIDES: Final = "overrides.toml"
"""The one own file that may repeat accounts and roles of other files."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file of the catalog. ``share`` is the name of the shared source that it belongs to, or ""."""

    path: Path
    share: str = ""
    main: bool = False


def sources(paths: Paths) -> tuple[Path, ...]:
    """Return the files that the catalog is read from: the person's folder first, then the shares.

    Folders that can't be listed are passed over: :func:`xswitch.catalog.load` says so.
    """
    return tuple(candidate.path for candidate in candidates(paths, listed(paths), []))


def listed(paths: Paths) -> fast.Listing:
    """Return the files and folders that a catalog may be made of, as :func:`xswitch.catalog.fast.listing` has them."""
    return fast.listing(str(paths.catalog_file), str(paths.catalog_folder), str(shared_folder(paths)))


def candidates(
    paths: Paths, listing: fast.Listing, problems: list[InvalidConfig], there: Container[Path] = ()
) -> list[Candidate]:
    """Return the files to read, in order. Folders that can't be listed go to ``problems``.

    ``there`` are files that count as existing.
    """
    found: list[Candidate] = []
    for place, (name, share, error) in enumerate(listing):
        path = Path(name)
        if error == errno.ENOTDIR:
            if not share:
                problems.append(refusal(path, "is not a folder", "move it away"))
        elif error:
            problems.append(refusal(path, f"can't be listed: {os.strerror(error).lower()}"))
        elif not place:
            if named(paths) or os.path.lexists(path):
                found.append(Candidate(path, main=True))
        elif not share or path in there or path.exists():
            found.append(Candidate(path, share))
    return found


def shared_folder(paths: Paths) -> Path:
    """Return the folder that holds one folder for each shared source."""
    return paths.state / "shared"


def named(paths: Paths) -> bool:
    """Tell whether the person named a catalog file, so that it has to exist."""
    return paths.catalog_file != paths.config / "catalog.toml"


def source_of(candidate: Candidate, content: bytes, ranks: dict[tuple[int, str], int]) -> Source:
    """Return the source that a file speaks for. ``ranks`` is filled by :func:`order`."""
    from xswitch.catalog.parse import Source

    if candidate.share:
        return Source("shared", candidate.share, ranks[1, candidate.share])
    if is_synced(candidate, content):
        return Source("synced", candidate.path.stem, ranks[2, candidate.path.stem])
    return Source("own", "", 0)


def order(files: list[tuple[Candidate, bytes]]) -> dict[tuple[int, str], int]:
    """Return the rank of each shared (1) and synced (2) source: after the person's own, 0, in the order of names."""
    found = {(1, candidate.share) for candidate, _ in files if candidate.share}
    found |= {(2, candidate.path.stem) for candidate, content in files if is_synced(candidate, content)}
    return {key: rank for rank, key in enumerate(sorted(found), start=1)}


def is_synced(candidate: Candidate, content: bytes) -> bool:
    """Tell whether ``catalog sync`` wrote a file: it says so in its first line."""
    return not candidate.main and not candidate.share and content.startswith(SYNCED)
