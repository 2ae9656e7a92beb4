"""The AWS CLI's profiles, taken over into a catalog file of their own: what they would become, and doing it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from xswitch.catalog.loading import identities_without
from xswitch.identity.consent import Consents
from xswitch.sources import install, profiles
from xswitch.sources.aws_import import Imported, imported
from xswitch.sources.shared import to_consent

if TYPE_CHECKING:
    from xswitch.engine.core import Engine

NAME: Final = "aws-config"


def found(engine: Engine, file: Path | None = None) -> Imported:
    """Return what the person's profiles become, or those of another config ``file``. Raises InvalidConfig."""
    known = identities_without(engine.paths, install.file_of(engine.paths, NAME))
    return imported(profiles.read(engine.environ, file), known)


def check(engine: Engine, what: Imported) -> None:
    """Raise InvalidConfig where :func:`take_over` would: identities alone are a beginning."""
    install.check(engine.paths, NAME, what.draft, accountless=True)


def take_over(engine: Engine, what: Imported) -> Path:
    """Write the catalog file and return its path. Raises InvalidConfig, VaultUnavailable; then all is as it was.

    The programs and start URLs taken over are the person's own, who has them in their AWS config: they need no consent.
    """
    path = install.install(engine.paths, NAME, what.draft, accountless=True)
    consents = Consents(engine.paths.state)
    for identity, key, text in to_consent(engine.paths, [NAME]):
        consents.give(identity, key, text)
    return path
