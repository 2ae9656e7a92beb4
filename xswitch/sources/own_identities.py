"""An identity put into the person's own catalog file: a table at its end, with all before it as it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xswitch.catalog.loading import check_with, load_for_sync
from xswitch.catalog.model import Identity
from xswitch.errors import InvalidConfig
from xswitch.paths import Paths
from xswitch.sources.draft import toml, toml_key
from xswitch.sources.replacing import content_of, replace_own


def known(paths: Paths) -> Mapping[str, Identity]:
    """Return the identities of the catalog, which may hold no account yet. Raises InvalidConfig."""
    return load_for_sync(paths).identities


@dataclass(frozen=True, slots=True)
class Addition:
    """The catalog file as it will be."""

    file: Path
    before: bytes
    content: bytes


def addition(paths: Paths, name: str, settings: Mapping[str, str]) -> Addition:
    """Return the person's catalog file with one more identity; a new file makes it the default one.

    Raises InvalidConfig with every problem that the whole catalog would have, but for its having no account yet.
    """
    file = paths.catalog_file
    before = content_of(file)
    end = "\r\n" if b"\r\n" in before else "\n"
    lines = [f"[identities.{toml_key(name)}]", *(f"{key} = {toml(value)}" for key, value in settings.items())]
    if not before.strip():
        lines = ["version = 1", "", "[defaults]", f"identity = {toml(name)}", "", *lines]
    joint = "" if not before else end if before.endswith(b"\n") else end * 2
    content = before + (joint + end.join([*lines, ""])).encode()
    problems = check_with(paths, file, content, accountless=True)
    if problems:
        raise InvalidConfig(problems, "the catalog is as it was")
    return Addition(file, before, content)


def write(made: Addition) -> None:
    """Write the file, in one step, its mode kept. Raises VaultUnavailable; then it is as it was."""
    replace_own(made.file, made.content, before=made.before)
