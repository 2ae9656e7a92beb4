"""What makes an interactive shell read the person's own startup files, and then show the marker.

| shell | how |
| --- | --- |
| bash | ``--rcfile F -i``: F reads ``~/.bashrc`` as bash would have |
| zsh | a ZDOTDIR folder whose files read the person's own, and put ZDOTDIR back before any of their code can see it |
| fish | ``-C``, which runs after the person's configuration |
| sh, dash, ksh | ``ENV=F`` |

The person's files are read, never written. What a switch set is set again after them, since ``export AWS_PROFILE=…`` in
an rc file would otherwise turn the shell to another account; the values are kept in variables of the shell itself, so
that no file here holds a secret. The files live in a private folder for as long as the shell runs; the next start
sweeps away what a killed one left.
"""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xswitch.files import make_private_folder
from xswitch.shell.environment import MARKS, PRACTICE, REGIONS, SESSION, SHADOWS
from xswitch.shell.process import runs, start_mark
from xswitch.shell.quoting import fish as fish_quoted
from xswitch.shell.quoting import posix, unset_fish

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import ExitStack

    from xswitch.shell.detect import Kind

_KEPT: Final = "XSWITCH_KEPT_"


def folder_in(state: Path) -> Path:
    """Return where the startup files are, in the state folder."""
    return state / "shells"


def marker(kind: Kind) -> str:
    """Return the code that shows the marker in a shell of ``kind``."""
    return (Path(__file__).parent / f"marker.{kind}").read_text(encoding="utf-8")


def prepare(
    kind: Kind, environ: Mapping[str, str], *, folder: Path, stack: ExitStack
) -> tuple[list[str], dict[str, str]]:
    """Return the arguments and the environment that make a shell of ``kind`` show the marker.

    ``stack`` removes the files. Where they can't be written, the shell starts as it is, without a marker.
    """
    if kind == "plain":
        return [], dict(environ)
    try:
        own = _own_folder(folder)
    except OSError:
        return [], dict(environ)
    stack.callback(shutil.rmtree, own, ignore_errors=True)
    regions = REGIONS if environ.get("XSWITCH_REGION") else ()
    practice = PRACTICE if environ.get("XSWITCH_PRACTICE") else ()
    held = [name for name in (*SESSION, *regions, *MARKS, *practice) if name in environ]
    gone = [name for name in (*SESSION, *SHADOWS, *MARKS, *practice) if name not in environ]
    return _PREPARED[kind](own, environ, held, gone)


def sweep(folder: Path) -> None:
    """Remove the folders whose process is gone."""
    try:
        left = list(folder.iterdir())
    except OSError:
        return
    for own in left:
        pid, _, rest = own.name.partition("-")
        if pid.isascii() and pid.isdigit() and not runs(int(pid), rest.rpartition("-")[0]):
            shutil.rmtree(own, ignore_errors=True)


def _own_folder(folder: Path) -> Path:
    make_private_folder(folder)
    sweep(folder)
    own = folder / f"{os.getpid()}-{start_mark(os.getpid())}-{secrets.token_hex(4)}"
    own.mkdir(mode=0o700)
    return own


def _write(file: Path, *parts: str) -> Path:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as stream:
        stream.write("\n".join(parts) + "\n")
    return file


def _keep(held: Sequence[str]) -> str:
    return "\n".join(f"__xswitch_kept_{name}=${name}" for name in held)


def _set_again(held: Sequence[str], gone: Sequence[str]) -> str:
    lines = [f'export {name}="$__xswitch_kept_{name}"; unset __xswitch_kept_{name}' for name in held]
    return "\n".join([*lines, f"unset {' '.join(gone)}"])


def _practice_first(environ: Mapping[str, str]) -> str:
    """Return the line that puts the demo's own `aws` before any that the person's files put on PATH."""
    return 'export PATH="$XSWITCH_PRACTICE_BIN:$PATH"' if environ.get("XSWITCH_PRACTICE_BIN") else ""


def _bash(
    own: Path, environ: Mapping[str, str], held: Sequence[str], gone: Sequence[str]
) -> tuple[list[str], dict[str, str]]:
    theirs = "if [ -r ~/.bashrc ]; then . ~/.bashrc; fi"
    file = _write(own / "bashrc", _keep(held), theirs, _set_again(held, gone), _practice_first(environ), marker("bash"))
    return ["--rcfile", str(file), "-i"], dict(environ)


def _zsh(
    own: Path, environ: Mapping[str, str], held: Sequence[str], gone: Sequence[str]
) -> tuple[list[str], dict[str, str]]:
    theirs = environ.get("ZDOTDIR")
    back = "unset ZDOTDIR" if theirs is None else f"export ZDOTDIR={posix(theirs)}"
    first = f"__xswitch_own={posix(str(own))}"
    remember = "__xswitch_zdotdir=${ZDOTDIR-}; __xswitch_zdotdir_type=${(t)ZDOTDIR}\nZDOTDIR=$__xswitch_own"
    give_back = (
        "case $__xswitch_zdotdir_type in\n"
        "    ('') unset ZDOTDIR ;;\n"
        "    (*export*) export ZDOTDIR=$__xswitch_zdotdir ;;\n"
        "    (*) unset ZDOTDIR; ZDOTDIR=$__xswitch_zdotdir ;;\n"
        "esac"
    )
    history = "if [[ ${HISTFILE-} == $__xswitch_own/* ]]; then HISTFILE=${ZDOTDIR:-$HOME}/${HISTFILE##*/}; fi"

    def source(name: str) -> str:
        return f'if [[ -r ${{ZDOTDIR:-$HOME}}/{name} ]]; then . "${{ZDOTDIR:-$HOME}}/{name}"; fi'

    _write(own / ".zshenv", first, _keep(held), back, source(".zshenv"), remember)
    _write(own / ".zprofile", give_back, source(".zprofile"), remember)
    end = "unset __xswitch_zdotdir __xswitch_zdotdir_type __xswitch_own"
    again = (_set_again(held, gone), _practice_first(environ))
    _write(own / ".zshrc", give_back, history, source(".zshrc"), *again, end, marker("zsh"))
    return ["-i"], {**environ, "ZDOTDIR": str(own)}


def _fish(
    own: Path, environ: Mapping[str, str], held: Sequence[str], gone: Sequence[str]
) -> tuple[list[str], dict[str, str]]:
    again = "\n".join(f'set -gx {name} "${_KEPT}{name}"; set -e {_KEPT}{name}' for name in held)
    without = "\n".join(unset_fish(name) for name in gone)
    first = "set -gx PATH $XSWITCH_PRACTICE_BIN $PATH" if environ.get("XSWITCH_PRACTICE_BIN") else ""
    file = _write(own / "startup.fish", again, without, first, marker("fish"))
    kept = {f"{_KEPT}{name}": environ[name] for name in held}
    return ["-i", "-C", f"source {fish_quoted(str(file))}"], {**environ, **kept}


def _posix(
    own: Path, environ: Mapping[str, str], held: Sequence[str], gone: Sequence[str]
) -> tuple[list[str], dict[str, str]]:
    theirs = environ.get("ENV")
    back = "unset ENV" if theirs is None else f"export ENV={posix(theirs)}"
    # A shell expands the value of ENV as it does a word in double quotes (POSIX, sh), then reads the file.
    source = (
        ""
        if theirs is None
        else 'eval "__xswitch_theirs=\\"$ENV\\""\nif [ -r "$__xswitch_theirs" ]; then . "$__xswitch_theirs"; fi'
    )
    file = _write(
        own / "shrc", _keep(held), back, source, _set_again(held, gone), _practice_first(environ), marker("posix")
    )
    return ["-i"], {**environ, "ENV": str(file)}


_PREPARED = {"bash": _bash, "zsh": _zsh, "fish": _fish, "posix": _posix}
