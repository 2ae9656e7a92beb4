"""Where the files are, who is calling and on which machine, without pathlib, platformdirs, getpass and socket."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Places:
    """What :class:`xswitch.paths.Paths` has, as texts. ``user`` and ``host`` are those of the engine."""

    __slots__ = ("cache", "catalog_file", "config", "host", "state", "user")

    def __init__(self, config: str, state: str, cache: str, catalog_file: str, user: str) -> None:
        self.config = config
        self.state = state
        self.cache = cache
        self.catalog_file = catalog_file
        self.user = user
        self.host = os.uname().nodename


def places(environ: Mapping[str, str]) -> Places | None:
    """Return where everything is; None where that is not said plainly, by absolute paths."""
    home = environ.get("XSWITCH_HOME")
    if home:
        root = _normal(home)
        folders = (f"{root}/config", f"{root}/state", f"{root}/cache") if root else None
    else:
        folders = _own_folders(environ)
    if folders is None:
        return None
    config, state, cache = folders
    named = environ.get("XSWITCH_CATALOG")
    catalog_file = _normal(named) if named else f"{config}/catalog.toml"
    return Places(config, state, cache, catalog_file, _user(environ)) if catalog_file else None


def _own_folders(environ: Mapping[str, str]) -> tuple[str, str, str] | None:
    """Return the folders for configuration, state and cache that platformdirs gives an application."""
    home = _normal(environ.get("HOME", ""))
    if not home:
        return None
    if sys.platform == "darwin":
        if any(name.startswith("XDG_") for name in environ):  # heard by some versions of platformdirs
            return None
        support = f"{home}/Library/Application Support/xswitch"
        return support, support, f"{home}/Library/Caches/xswitch"
    if sys.platform != "linux" or "ANDROID_DATA" in environ:
        return None
    found: list[str] = []
    for name, standard in (("CONFIG", ".config"), ("STATE", ".local/state"), ("CACHE", ".cache")):
        given = environ.get(f"XDG_{name}_HOME", "")
        folder = _normal(given) if given else f"{home}/{standard}"
        if not folder:
            return None
        found.append(f"{folder}/xswitch")
    config, state, cache = found
    return config, state, cache


def _normal(path: str) -> str:
    """Return an absolute path as pathlib writes it, "" for one that is not absolute, or begins with two slashes."""
    if path[:1] != "/" or path[:2] == "//":
        return ""
    return "".join([f"/{part}" for part in path.split("/") if part not in ("", ".")])


def _user(environ: Mapping[str, str]) -> str:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        if environ.get(name):
            return environ[name]
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except (KeyError, OSError):
        return "unknown"
