"""The catalog: the compiled one where the files are what they were, else that of the files, which are then compiled."""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from xswitch import __version__
from xswitch.catalog import compiled, fast
from xswitch.catalog.model import Account, Catalog, Environment, Identity, Target, VaultRef
from xswitch.catalog.origins import candidates, listed, named, shared_folder
from xswitch.errors import InvalidConfig, Problem
from xswitch.paths import Paths
from xswitch.text import clean

if TYPE_CHECKING:
    from xswitch.catalog.reading import Reading

FIRST_RUN_HINT = "write it there, as the README shows, or try `xswitch demo`"


Clock = Callable[[], int]
"""Tells the time in nanoseconds since the epoch."""


def load(paths: Paths, *, clock: Clock = time.time_ns) -> Catalog:
    """Return the catalog: the compiled one where the files are what they were, else that of the files.

    Raises InvalidConfig with every problem of every file; then the compiled catalog stays as it was.
    """
    now = clock()
    listing = listed(paths)
    file = compiled_file(paths)
    found = compiled.read(file)
    if found is not None:
        data, head = found
        same = fast.unchanged(head, listing, __version__, now)
        if same is not False:
            catalog = compiled.decode(data, head)
            if catalog is not None:
                if same is None:
                    compiled.write(file, compiled.settled(data, head))
                return catalog
    return _load_anew(paths, listing, file, now)


def _load_anew(paths: Paths, listing: fast.Listing, file: Path, now: int) -> Catalog:
    """Read the files and compile them. What they look like is noted before they are read: a change meanwhile shows."""
    from xswitch.catalog.reading import read

    stamp, changed = fast.stamp_of(listing, __version__)
    young = {path: "" for path, last in changed if last > now - fast.YOUNG}
    with _uncollected():
        reading = read(paths, listing, young)
        reading.report.raise_any()
        if reading.catalog is None:
            raise first_run(paths)
        data = compiled.encode(reading.catalog, stamp, young)
        compiled.write(file, data)
        return replace(reading.catalog, mark=compiled.mark_of(data))


def load_last_good(paths: Paths) -> Catalog | None:
    """Return the catalog as it was when it last loaded, whatever its files are now; None where that is not known."""
    found = compiled.read(compiled_file(paths))
    return None if found is None else compiled.decode(*found)


def find(paths: Paths, text: str, *, clock: Clock = time.time_ns) -> Found | None:
    """Return one target with all that it needs, without reading the rest; None where :func:`load` has to be asked.

    That is where the compiled catalog is missing, stale or damaged, and where it holds no target of that name.
    """
    known = fast.find(
        text,
        catalog_file=str(paths.catalog_file),
        folder=str(paths.catalog_folder),
        shared=str(shared_folder(paths)),
        compiled=str(paths.compiled_catalog),
        version=__version__,
        now=clock(),
    )
    if known is None:
        return None
    target, environment, identity, way = known[0]
    try:
        return Found(
            _target(target),
            None if environment is None else Environment(*cast(Any, environment)),
            Identity(*cast(Any, identity)),
            tuple(map(_target, way)),
        )
    except TypeError:  # its checksums are right, and it has other fields
        return None


def _target(fields: fast.Fields) -> Target:
    values: list[Any] = list(fields)
    values[0] = Account(*values[0])
    if isinstance(values[9], tuple):
        values[9] = VaultRef(*values[9])
    return Target(*values)


@dataclass(frozen=True, slots=True)
class Found:
    """A target with its environment, the identity that its chain begins with, and the targets on the way.

    ``way`` has the target's ``via`` first, then that one's, and so on.
    """

    target: Target
    environment: Environment | None
    identity: Identity
    way: tuple[Target, ...]


def compiled_file(paths: Paths) -> Path:
    """Return where the compiled catalog is kept."""
    return paths.compiled_catalog / fast.compiled_name(str(paths.catalog_file))


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector from walking over what is being read: nothing of it is garbage yet."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def check(paths: Paths) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """Return the errors and the warnings of the catalog."""
    from xswitch.catalog.reading import read

    reading = read(paths, listed(paths), {})
    if reading.catalog is None and not reading.report:
        return first_run(paths).problems, ()
    return reading.report.problems(), reading.notes.problems()


def load_for_sync(paths: Paths) -> Catalog:
    """Return the catalog, where it may hold no account yet: its identities are what a first sync reads others with.

    Raises InvalidConfig with every other problem.
    """
    from xswitch.catalog.reading import read

    try:
        return load(paths)
    except InvalidConfig:
        found = read(paths, listed(paths), {})
        if found.catalog is None or _but_empty(found.report.problems()):
            raise
        return found.catalog


def check_with(paths: Paths, file: Path, content: bytes, *, accountless: bool = False) -> tuple[Problem, ...]:
    """Return the errors that the catalog would have if ``file``, one of ``catalog.d/``, held ``content``.

    With ``accountless`` it may hold no account yet.
    """
    problems = _read_with(paths, file, content).report.problems()
    return _but_empty(problems) if accountless else problems


def _but_empty(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    from xswitch.catalog.reading import EMPTY

    return tuple(problem for problem in problems if problem.message != EMPTY)


def load_with(paths: Paths, file: Path, content: bytes) -> Catalog | None:
    """Return the catalog as it would be if ``file``, one of ``catalog.d/``, held ``content``; None for no catalog."""
    found = _read_with(paths, file, content)
    return None if found.report else found.catalog


def identities_without(paths: Paths, file: Path) -> Mapping[str, Identity]:
    """Return the identities that there are without ``file``, one of ``catalog.d/``, whatever else the catalog lacks."""
    catalog = _read_with(paths, file, b"").catalog
    return {} if catalog is None else catalog.identities


def _read_with(paths: Paths, file: Path, content: bytes) -> Reading:
    from xswitch.catalog.reading import read

    listing = listed(paths)
    if not any(name == str(file) for name, _, _ in listing):
        own = [entry for entry in listing if not entry[1]]
        at = next((at for at, (name, _, _) in enumerate(own) if at and name > str(file)), len(own))
        listing.insert(at, (str(file), "", 0))
    return read(paths, listing, {}, {file: content})


def check_shared(paths: Paths, name: str, files: Mapping[str, bytes]) -> tuple[Problem, ...]:
    """Return the errors that the catalog would have if the share ``name`` held these files, by their paths in it."""
    from xswitch.catalog.reading import read

    current = shared_folder(paths) / name / "current"
    listing = [entry for entry in listed(paths) if entry[1] != name]
    listing += [(str(current / one), name, 0) for one in sorted(files, key=lambda one: (one != "catalog.toml", one))]
    problems = read(paths, listing, {}, {current / one: content for one, content in files.items()}).report.problems()
    return _but_empty(problems)


def first_run(paths: Paths) -> InvalidConfig:
    """Return the error for a person who has no catalog yet."""
    return InvalidConfig(
        (Problem(clean(str(paths.catalog_file)), None, "", "there is no catalog yet", FIRST_RUN_HINT),)
    )


def is_first_run(paths: Paths) -> bool:
    """Tell whether there is no file of a catalog at all."""
    problems: list[InvalidConfig] = []
    return not candidates(paths, listed(paths), problems) and not problems and not named(paths)
