"""Which shell to start, and which of the shells we know it is."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from xswitch.errors import NotExecutable, NotFound
from xswitch.shell.programs import resolve
from xswitch.text import clean

Kind = Literal["bash", "zsh", "fish", "posix", "plain"]

_KINDS: Final[Mapping[str, Kind]] = {
    "bash": "bash", "zsh": "zsh", "fish": "fish",
    "sh": "posix", "dash": "posix", "ash": "posix", "ksh": "posix", "mksh": "posix", "oksh": "posix", "yash": "posix",
}  # fmt: skip
_NAME: Final = re.compile(r"-?([a-z]+)(?:[-.]?[0-9][0-9.]*)?", re.ASCII)
_NO_SHELLS: Final = ("nologin", "false", "true")


@dataclass(frozen=True, slots=True)
class Program:
    """A shell: its absolute ``path``, and which way the prompt marker gets into it (``plain``: none)."""

    path: str
    kind: Kind


def kind_of(path: str) -> Kind:
    """Return which shell a program is, told from its name: ``/opt/bin/bash-5.2`` is bash."""
    found = _NAME.fullmatch(path.rpartition("/")[2])
    return _KINDS.get(found.group(1), "plain") if found else "plain"


def find(asked: str, environ: Mapping[str, str], *, parent: Callable[[], str] | None = None) -> Program:
    """Return the shell to start: ``asked`` (a path, or a name on PATH), else XSWITCH_SHELL, SHELL, the parent's, sh.

    Raises NotFound (127) or NotExecutable (126) for one that was named and can't be started. An account that has no
    shell (``nologin``) passes to the next.
    """
    for source, name in (("--shell", asked), ("XSWITCH_SHELL", environ.get("XSWITCH_SHELL", ""))):
        if name:
            return _named(str(Path(name).expanduser()) if name.startswith("~") else name, source, environ)
    login = environ.get("SHELL", "")
    if login and login.rpartition("/")[2] not in _NO_SHELLS:
        return _named(login, "SHELL", environ)
    above = (parent or parent_program)()
    if above and kind_of(above) != "plain":
        return Program(above, kind_of(above))
    return Program("/bin/sh", "posix")


def parent_program() -> str:
    """Return the executable of this process's parent, or "" where it can't be told."""
    if sys.platform != "linux":
        return ""
    try:
        return str(Path(f"/proc/{os.getppid()}/exe").readlink())
    except OSError:
        return ""


def _named(name: str, source: str, environ: Mapping[str, str]) -> Program:
    hint = f"{source} named it; --shell PATH takes another"
    try:
        path = str(Path(resolve(name, environ.get("PATH"))).absolute())
    except NotFound as error:
        raise NotFound(f"no such shell: {clean(name)}", hint) from error
    except NotExecutable as error:
        raise NotExecutable(f"not executable: {clean(name)}", hint) from error
    return Program(path, kind_of(path))
