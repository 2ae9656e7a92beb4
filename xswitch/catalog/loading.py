"""From files to a catalog, or to every problem in them at once."""

from __future__ import annotations

from xswitch.catalog.expand import Expansion, Ways
from xswitch.catalog.merge import Merged, merge
from xswitch.catalog.model import Catalog
from xswitch.catalog.origins import OVERRIDES, Candidate, candidates, order, source_of
from xswitch.catalog.parse import NOTHING, Part, parse_part
from xswitch.catalog.rows import Targets
from xswitch.errors import InvalidConfig, Problem
from xswitch.paths import Paths
from xswitch.text import clean
from xswitch.tomlfile import Report, parse_document, read_bytes

FIRST_RUN_HINT = "begin with `xswitch catalog import aws-config`, or try `xswitch demo`"


def load(paths: Paths) -> Catalog:
    """Return the catalog. Raises InvalidConfig with every problem of every file."""
    catalog, report, _ = read(paths)
    report.raise_any()
    if catalog is None:
        raise first_run(paths)
    return catalog


def check(paths: Paths) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """Return the errors and the warnings of the catalog."""
    catalog, report, notes = read(paths)
    if catalog is None and not report:
        return first_run(paths).problems, ()
    return report.problems(), notes.problems()


def first_run(paths: Paths) -> InvalidConfig:
    """Return the error for a person who has no catalog yet."""
    return InvalidConfig(
        (Problem(clean(str(paths.catalog_file)), None, "", "there is no catalog yet", FIRST_RUN_HINT),)
    )


def is_first_run(paths: Paths) -> bool:
    """Tell whether there is no file of a catalog at all."""
    problems: list[InvalidConfig] = []
    return not candidates(paths, problems)[0] and not problems


def read(paths: Paths) -> tuple[Catalog | None, Report, Report]:
    """Read all files anew: the catalog (None where there is no file, or what is wrong left none), errors, warnings."""
    report, notes = Report(), Report()
    problems: list[InvalidConfig] = []
    found, _ = candidates(paths, problems)
    files: list[tuple[Candidate, bytes]] = []
    for candidate in found:
        try:
            files.append((candidate, read_bytes(candidate.path)))
        except InvalidConfig as error:
            problems.append(error)
    for problem in problems:
        report.add_whole(problem)
    parts = _parse(files, report)
    if not parts:
        return None, report, notes
    merged = merge(parts, report, notes)
    expansion = Expansion(merged)
    expansion.run()
    Ways(expansion).run()
    if not merged.accounts and not report:
        hint = "add one: [[accounts]] with id, name and roles"
        report.add(parts[0].document, (), "there is no account in the catalog", hint)
    if merged.accounts and not expansion.rows:
        notes.add(parts[0].document, (), "no account has a role: there is nothing to switch to")
    return catalog_of(merged, expansion), report, notes


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
        Targets(expansion.rows),
        tuple(merged.accounts),
        merged.identities,
        merged.environments,
        merged.default_identity,
        own.get("region", ""),
        own.get("duration"),
        own.get("session_name", "{user}"),
    )
