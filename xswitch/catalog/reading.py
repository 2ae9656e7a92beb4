"""From files to a catalog, or to every problem in them at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from xswitch.catalog import fast
from xswitch.catalog.expand import Expansion
from xswitch.catalog.merge import Merged, merge
from xswitch.catalog.model import Catalog
from xswitch.catalog.origins import OVERRIDES, Candidate, candidates, order, source_of
from xswitch.catalog.parse import NOTHING, Part, parse_part
from xswitch.catalog.rows import Targets
from xswitch.catalog.ways import Ways
from xswitch.errors import InvalidConfig
from xswitch.paths import Paths
from xswitch.tomlfile import Report, parse_document, read_bytes

EMPTY: Final = "there is no account in the catalog"


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
    for candidate in candidates(paths, listing, problems, instead or ()):
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
        hint = "add one: [[accounts]] with id, name and roles; or `xswitch catalog sync` or `import` brings them"
        report.add(parts[0].document, (), EMPTY, hint)
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
