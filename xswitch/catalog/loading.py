"""From files to a catalog, or to every problem in them at once."""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from xswitch import __version__
from xswitch.catalog import compiled, fast
from xswitch.catalog.expand import Expansion
from xswitch.catalog.merge import Merged, merge
from xswitch.catalog.model import Account, Catalog, Environment, Identity, Target, VaultRef
from xswitch.catalog.origins import OVERRIDES, Candidate, candidates, listed, named, order, shared_folder, source_of
from xswitch.catalog.parse import NOTHING, Part, parse_part
from xswitch.catalog.rows import Targets
from xswitch.catalog.ways import Ways
from xswitch.errors import InvalidConfig, Problem
from xswitch.paths import Paths
from xswitch.text import clean
from xswitch.tomlfile import Report, parse_document, read_bytes

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
    stamp, changed = fast.stamp_of(listing, __version__)
    young = {path: "" for path, last in changed if last > now - fast.YOUNG}
    with _uncollected():
        reading = read(paths, listing, young)
        reading.report.raise_any()
        if reading.catalog is None:
            raise first_run(paths)
        compiled.write(file, compiled.encode(reading.catalog, stamp, young))
        return reading.catalog


def load_last_good(paths: Paths) -> Catalog | None:
    """Return the catalog as it was when it last loaded, whatever its files are now; None where that is not known."""
    found = compiled.read(compiled_file(paths))
    return None if found is None else compiled.decode(*found)


def find(paths: Paths, text: str, *, clock: Clock = time.time_ns) -> Found | None:
    """Return one target with all that it needs, without reading the rest; None where :func:`load` has to be asked.

    That is where the compiled catalog is missing, stale or damaged, and where it holds no target of that name.
    """
    row = fast.find(
        text,
        catalog_file=str(paths.catalog_file),
        folder=str(paths.catalog_folder),
        shared=str(shared_folder(paths)),
        compiled=str(paths.compiled_catalog),
        version=__version__,
        now=clock(),
    )
    if row is None:
        return None
    target, environment, identity, way = row
    return Found(
        _target(target),
        None if environment is None else Environment(*cast(Any, environment)),
        Identity(*cast(Any, identity)),
        tuple(map(_target, way)),
    )


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
    reading = read(paths, listed(paths), {})
    if reading.catalog is None and not reading.report:
        return first_run(paths).problems, ()
    return reading.report.problems(), reading.notes.problems()


def check_with(paths: Paths, file: Path, content: bytes) -> tuple[Problem, ...]:
    """Return the errors that the catalog would have if ``file``, one of ``catalog.d/``, held ``content``."""
    listing = listed(paths)
    if not any(name == str(file) for name, _, _ in listing):
        own = [entry for entry in listing if not entry[1]]
        at = next((at for at, (name, _, _) in enumerate(own) if at and name > str(file)), len(own))
        listing.insert(at, (str(file), "", 0))
    return read(paths, listing, {}, {file: content}).report.problems()


def first_run(paths: Paths) -> InvalidConfig:
    """Return the error for a person who has no catalog yet."""
    return InvalidConfig(
        (Problem(clean(str(paths.catalog_file)), None, "", "there is no catalog yet", FIRST_RUN_HINT),)
    )


def is_first_run(paths: Paths) -> bool:
    """Tell whether there is no file of a catalog at all."""
    problems: list[InvalidConfig] = []
    return not candidates(paths, listed(paths), problems) and not problems and not named(paths)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the files say: the catalog (None where there is no file that can be read), errors, and warnings."""

    catalog: Catalog | None
    report: Report
    notes: Report


def read(
    paths: Paths, listing: fast.Listing, young: dict[str, str], instead: Mapping[Path, bytes] | None = None
) -> Reading:
    """Read all files anew. For those whose paths are in ``young``, the SHA-256 of what was read is put there.

    ``instead`` has what is to be taken for the content of some.
    """
    report, notes = Report(), Report()
    problems: list[InvalidConfig] = []
    files: list[tuple[Candidate, bytes]] = []
    for candidate in candidates(paths, listing, problems):
        try:
            replaced = (instead or {}).get(candidate.path)
            content = read_bytes(candidate.path) if replaced is None else replaced
        except InvalidConfig as error:
            problems.append(error)
            continue
        files.append((candidate, content))
        if str(candidate.path) in young:
            young[str(candidate.path)] = sha256(content).hexdigest()
    for problem in problems:
        report.add_whole(problem)
    parts = _parse(files, report)
    if not parts:
        return Reading(None, report, notes)
    merged = merge(parts, report, notes)
    expansion = Expansion(merged)
    expansion.run()
    Ways(expansion).run()
    if not merged.accounts and not report.whole and not any(part.document.data.get("accounts") for part in parts):
        hint = "add one: [[accounts]] with id, name and roles"
        report.add(parts[0].document, (), "there is no account in the catalog", hint)
    if merged.accounts and not any(expansion.roles):
        notes.add(parts[0].document, (), "no account has a role: there is nothing to switch to")
    for (
        part
    ) in parts:  # entries point back to their part: without this, all that was parsed would wait for the collector
        part.accounts.clear()
        part.sets.clear()
    return Reading(catalog_of(merged, expansion), report, notes)


def _parse(files: list[tuple[Candidate, bytes]], report: Report) -> list[Part]:
    ranks = order(files)
    parts: list[Part] = []
    for candidate, content in files:
        try:
            document = parse_document(candidate.path, content)
        except InvalidConfig as error:
            report.add_whole(error)
            continue
        source = source_of(candidate, content, ranks)
        overrides = source.kind == "own" and not candidate.main and candidate.path.name == OVERRIDES
        parts.append(parse_part(document, source, report, overrides=overrides, versioned=candidate.main))
    return sorted(parts, key=lambda part: part.source.rank)


def catalog_of(merged: Merged, expansion: Expansion) -> Catalog:
    """Return the catalog of what was merged and expanded."""
    own = merged.defaults.get(0, NOTHING)
    return Catalog(
        Targets(merged.accounts, expansion.roles),
        tuple(merged.accounts),
        merged.identities,
        merged.environments,
        merged.default_identity,
        own.get("region", ""),
        own.get("duration"),
        own.get("session_name", "{user}"),
    )
