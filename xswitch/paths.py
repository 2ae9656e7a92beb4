"""Where xswitch keeps its files. Asking for a path never creates it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Paths:
    """The three folders of xswitch and the files in them.

    ``XSWITCH_HOME``, when set, holds all three; otherwise they are the platform's own folders for an application
    named ``xswitch``. ``XSWITCH_CATALOG`` names another catalog file in place of ``config/catalog.toml``.
    """

    config: Path
    state: Path
    cache: Path
    catalog_file: Path

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Paths:
        """Return the paths that the environment asks for."""
        home = environ.get("XSWITCH_HOME")
        if home:
            root = Path(home).expanduser().absolute()
            config, state, cache = root / "config", root / "state", root / "cache"
        else:
            from platformdirs import PlatformDirs

            dirs = PlatformDirs("xswitch", appauthor=False)
            config, state, cache = dirs.user_config_path, dirs.user_state_path, dirs.user_cache_path
        named = environ.get("XSWITCH_CATALOG")
        catalog_file = Path(named).expanduser().absolute() if named else config / "catalog.toml"
        return cls(config, state, cache, catalog_file)

    @property
    def catalog_folder(self) -> Path:
        """The folder of further catalog files, merged in name order."""
        return self.config / "catalog.d"

    @property
    def preferences_file(self) -> Path:
        """The person's preferences."""
        return self.config / "config.toml"

    @property
    def vault(self) -> Path:
        """The folder of encrypted records."""
        return self.state / "vault"

    @property
    def audit_log(self) -> Path:
        """The local log of switches, one JSON object a line."""
        return self.state / "audit.jsonl"

    @property
    def compiled_catalog(self) -> Path:
        """The folder of the compiled catalog: a cache, safe to remove."""
        return self.cache / "catalog"
