"""What makes an interactive shell read the person's own startup files, and then show the marker.

| shell | how |
| --- | --- |
| bash | ``--rcfile F -i``: F reads ``~/.bashrc`` as bash would have |
| zsh | a ZDOTDIR folder whose files read the person's own, and put ZDOTDIR back before any of their code can see it |
| fish | ``-C``, which runs after the person's configuration |
| sh, dash, ksh | ``ENV=F`` |

The marker comes with what renews the session at the prompt, where it is told how (:class:`~xswitch.shell.again.Again`).

The person's files are read, never written. What a switch set is set again after them, since ``export AWS_PROFILE=…`` in
an rc file would otherwise turn the shell to another account; the values are kept in variables of the shell itself, so
that no file here holds a secret. Where the person has their shell trace commands, it traces none that names a value;
it goes on once these files are read. The files live in a private folder for as long as the shell runs; the next start
sweeps away what a killed one left.
"""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xswitch.files import make_private_folder
from xswitch.own_files import COPIED
from xswitch.shell.aws_files import OTHERS
from xswitch.shell.environment import MARKS, PRACTICE, REGIONS, SESSION, SHADOWS
from xswitch.shell.process import runs, start_mark
from xswitch.shell.quoting import fish as fish_quoted
from xswitch.shell.quoting import posix, unset_fish

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import ExitStack

    from xswitch.shell.again import Again
    from xswitch.shell.detect import Kind

_KEPT: Final = "XSWITCH_KEPT_"
_UNTRACED: Final = (
    "{ case $- in (*x*v*|*v*x*) __xswitch_traced=-xv ;; (*x*) __xswitch_traced=-x ;; (*v*) __xswitch_traced=-v ;;"
    " (*) __xswitch_traced=+x ;; esac; \\set +xv; } 2>/dev/null"
)
_TRACED: Final = '\\eval "\\unset __xswitch_traced; \\set $__xswitch_traced"'
"""The lines between which a shell of the Bourne family traces nothing; after them it does what it did before."""


def folder_in(state: Path) -> Path:
    """Return where the startup files are, in the state folder."""
    return state / "shells"


def marker(kind: Kind) -> str:
    """Return the code that shows the marker in a shell of ``kind``."""
    return _code(f"marker.{kind}")


def renewal(kind: Kind, own: Path, again: Again | None) -> str:
    """Return the code that renews the session of a shell of ``kind``, whose private folder is ``own``."""
    if again is None or kind not in _WORDS:
        return ""
    _write(own / "within", _code("within.posix"))
    assign = _WORDS[kind]
    opened = '"$XSWITCH_ACCOUNT_ID/$XSWITCH_ROLE"'
    lines = (
        assign("folder", [str(own)]),
        assign("notes", [str(again.notes)]),
        assign("program", again.program),
        assign("request", again.request),
        f"set -g __xswitch_opened {opened}" if kind == "fish" else f"__xswitch_opened={opened}",
        _code(f"renew.{kind}"),
    )
    return "\n".join(lines)


def prepare(
    kind: Kind, environ: Mapping[str, str], *, folder: Path, stack: ExitStack, again: Again | None = None
) -> tuple[list[str], dict[str, str]]:
    """Return the arguments and the environment that make a shell of ``kind`` show the marker.

    ``stack`` removes the files. Where they can't be written, the shell starts as it is, without a marker.
    """
    if kind == "plain":
        return [], dict(environ)
    try:
        own = own_folder(folder)
        stack.callback(shutil.rmtree, own, ignore_errors=True)
        return _prepared(kind, environ, own, again)
    except OSError:
        return [], dict(environ)


def _prepared(
    kind: Kind, environ: Mapping[str, str], own: Path, again: Again | None
) -> tuple[list[str], dict[str, str]]:
    regions = REGIONS if environ.get("XSWITCH_REGION") else ()
    practice = PRACTICE if environ.get("XSWITCH_PRACTICE") else ()
    files = (*COPIED, *OTHERS) if environ.get("XSWITCH_RENEWING") else ()
    set_here = dict.fromkeys((*SESSION, *MARKS, *files, *practice))
    held = [name for name in (*set_here, *regions) if name in environ]
    gone = [name for name in (*set_here, *SHADOWS) if name not in environ]
    code = "\n".join((marker(kind), renewal(kind, own, again)))
    return _PREPARED[kind](own, environ, held, gone, code)


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


def own_folder(folder: Path) -> Path:
    """Make a folder in ``folder`` that is this process's: it is swept once that is gone. Raises OSError."""
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


def _code(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _posix_words(name: str, words: Sequence[str]) -> str:
    return f"__xswitch_{name}=({' '.join(map(posix, words))})"


def _fish_words(name: str, words: Sequence[str]) -> str:
    return f"set -g __xswitch_{name} {' '.join(map(fish_quoted, words))}"


def _keep(held: Sequence[str]) -> str:
    return "\n".join([_UNTRACED, *(f"__xswitch_kept_{name}=${name}" for name in held), _TRACED])


def _set_again(held: Sequence[str], gone: Sequence[str]) -> str:
    lines = [f'export {name}="$__xswitch_kept_{name}"; unset __xswitch_kept_{name}' for name in held]
    return "\n".join([*lines, f"unset {' '.join(gone)}"])


def _practice_first(environ: Mapping[str, str]) -> str:
    """Return the line that puts the demo's own `aws` before any that the person's files put on PATH."""
    first = 'case $PATH in ("$XSWITCH_PRACTICE_BIN":*) ;; (*) export PATH="$XSWITCH_PRACTICE_BIN:$PATH" ;; esac'
    return first if environ.get("XSWITCH_PRACTICE_BIN") else ""


def _bash(
    own: Path, environ: Mapping[str, str], held: Sequence[str], gone: Sequence[str], code: str
) -> tuple[list[str], dict[str, str]]:
    theirs = "if [ -r ~/.bashrc ]; then . ~/.bashrc; fi"
    # The person's aliases have no place in the code that follows.
    plain = "if \\shopt -q expand_aliases; then __xswitch_aliases=1; \\shopt -u expand_aliases; fi"
    again = 'if [ -n "${__xswitch_aliases-}" ]; then shopt -s expand_aliases; unset __xswitch_aliases; fi'
    ours = (_UNTRACED, plain, _set_again(held, gone), _practice_first(environ), code, again, _TRACED)
    file = _write(own / "bashrc", _keep(held), theirs, *ours)
    return ["--rcfile", str(file), "-i"], dict(environ)


def _zsh(
    own: Path, environ: Mapping[str, str], held: Sequence[str], gone: Sequence[str], code: str
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
    # The person's aliases have no place in the code that follows.
    plain = "if [[ -o aliases ]]; then __xswitch_aliases=1; \\setopt no_aliases; fi"
    again = "if (( ${+__xswitch_aliases} )); then setopt aliases; unset __xswitch_aliases; fi"
    ours = (_UNTRACED, plain, _set_again(held, gone), _practice_first(environ), end, code, again, _TRACED)
    _write(own / ".zshrc", give_back, history, source(".zshrc"), *ours)
    return ["-i"], {**environ, "ZDOTDIR": str(own)}


def _fish(
    own: Path, environ: Mapping[str, str], held: Sequence[str], gone: Sequence[str], code: str
) -> tuple[list[str], dict[str, str]]:
    again = "\n".join(f'set -gx {name} "${_KEPT}{name}"; set -e {_KEPT}{name}' for name in held)
    without = "\n".join(unset_fish(name) for name in gone)
    put = 'test "$PATH[1]" = "$XSWITCH_PRACTICE_BIN"; or set -gx PATH $XSWITCH_PRACTICE_BIN $PATH'
    first = put if environ.get("XSWITCH_PRACTICE_BIN") else ""
    # A local variable hides the person's own, which counts again where the file ends.
    untraced = "set -l fish_trace"
    file = _write(own / "startup.fish", untraced, again, without, first, code)
    kept = {f"{_KEPT}{name}": environ[name] for name in held}
    return ["-i", "-C", f"source {fish_quoted(str(file))}"], {**environ, **kept}


def _posix(
    own: Path, environ: Mapping[str, str], held: Sequence[str], gone: Sequence[str], code: str
) -> tuple[list[str], dict[str, str]]:
    theirs = environ.get("ENV")
    back = "unset ENV" if theirs is None else f"export ENV={posix(theirs)}"
    # A shell expands the value of ENV as it does a word in double quotes (POSIX, sh), then reads the file.
    source = (
        ""
        if theirs is None
        else 'eval "__xswitch_theirs=\\"$ENV\\""\nif [ -r "$__xswitch_theirs" ]; then . "$__xswitch_theirs"; fi'
    )
    ours = (_UNTRACED, _set_again(held, gone), _practice_first(environ), code, _TRACED)
    file = _write(own / "shrc", _keep(held), back, source, *ours)
    return ["-i"], {**environ, "ENV": str(file)}


_WORDS: Final[Mapping[str, Callable[[str, Sequence[str]], str]]] = {
    "bash": _posix_words, "zsh": _posix_words, "fish": _fish_words,
}  # fmt: skip
_PREPARED = {"bash": _bash, "zsh": _zsh, "fish": _fish, "posix": _posix}
