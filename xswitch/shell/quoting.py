r"""Assignments to eval or to read, every value quoted for the program that reads them.

| form | rule |
| --- | --- |
| bash, zsh | single quotes, ``'`` as ``'\''`` (POSIX, Shell Command Language 2.2.2); sound under zsh's RC_QUOTES too |
| fish | single quotes, in which ``\`` and ``'`` are escaped by ``\`` (fish, "Quotes") |
| powershell | single quotes, each doubled, the typographic U+2018 to U+201B too (about_Quoting_Rules) |
| dotenv | bare, else single quotes; double quotes only where nothing else can hold it (see :func:`_dotenv`) |
| docker | as it is: ``docker run --env-file`` keeps quotes literally and has no escape, so line ends are refused |
| json | one object of names and values |

NUL is refused everywhere: no environment can hold it.
"""

from __future__ import annotations

from xswitch import flatjson

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Final

    from xswitch.errors import Usage

FORMS: Final = ("bash", "zsh", "fish", "powershell", "dotenv", "docker", "json")
SHELLS: Final = ("bash", "zsh", "fish", "powershell")

_BARE: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:@%+=,-")
"""What no shell and no reader of dotenv files takes for anything but itself."""
_POWERSHELL_QUOTES: Final = {ord(quote): quote * 2 for quote in "'\u2018\u2019\u201a\u201b"}


def text(form: str, assignments: Mapping[str, str], removals: Sequence[str] = ()) -> str:
    """Return the lines that make ``assignments`` and undo ``removals`` in ``form``, one of :data:`FORMS`.

    dotenv, docker and json can't take a variable away: there ``removals`` are left out. Raises Usage where a value
    can't be written in that form.
    """
    for name, value in assignments.items():
        if not _is_name(name):
            raise _usage(f"not a name for a variable: {name!r}")
        if "\0" in value:
            raise _usage(f"{name} holds a NUL, which no environment can hold")
    if form == "json":
        return flatjson.indented(assignments) + "\n"
    if form not in _WRITERS:
        raise _usage(f"no such format: {form!r}", f"one of {', '.join(FORMS)}")
    unset, assign = _WRITERS[form]
    # A name that is none (`env 'X$(…)=1'` makes one) can't be unset in a shell, and must not be read by one.
    lines = [unset(name) for name in removals if _is_name(name)] if unset else []
    lines += [assign(name, value) for name, value in assignments.items()]
    return "".join(f"{line}\n" for line in lines)


def failure(form: str) -> str:
    """Return what stands on stdout where ``env`` failed: a shell's ``eval`` of it fails too."""
    return "false\n" if form in SHELLS else ""


def posix(value: str) -> str:
    """Quote ``value`` for bash, zsh, dash and every other POSIX shell."""
    return "'" + value.replace("'", "'\\''") + "'"


def quoted(value: str) -> str:
    """Return ``value`` as a person would type it into a POSIX shell: quoted only where it has to be."""
    return value if value and _BARE.issuperset(value) else "'" + value.replace("'", "'\"'\"'") + "'"


def fish(value: str) -> str:
    """Quote ``value`` for fish."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def powershell(value: str) -> str:
    """Quote ``value`` for PowerShell, as CodeGeneration.EscapeSingleQuotedStringContent does."""
    return "'" + value.translate(_POWERSHELL_QUOTES) + "'"


def _is_name(name: str) -> bool:
    """Tell whether ``name`` is ``[A-Za-z_][A-Za-z0-9_]*``."""
    return name.isascii() and name.isidentifier()


def _usage(message: str, hint: str = "") -> Usage:
    """Return the error for what can't be written; its class is loaded only where one is due."""
    from xswitch.errors import Usage

    return Usage(message, hint)


def _unset_posix(name: str) -> str:
    return f"unset {name}"


def _assign_posix(name: str, value: str) -> str:
    return f"export {name}={posix(value)}"


def unset_fish(name: str) -> str:
    """Return what takes a variable away in fish, and says where it can't.

    A universal variable is the person's in every session, so it is never erased; and fish hands it to every program,
    whatever stands before it but another exported variable of that name.
    """
    said = (
        f"xswitch: {name} is a universal variable of fish, and stays for every program",
        f"  hint: set -eU {name}, or make it a global one in config.fish",
    )
    return f"set -eg {name}; set -qU {name}; and printf '%s\\n' '{said[0]}' '{said[1]}' >&2"


def _assign_fish(name: str, value: str) -> str:
    return f"set -gx {name} {fish(value)}"


def _unset_powershell(name: str) -> str:
    return f"Remove-Item -LiteralPath Env:{name} -ErrorAction Ignore"


def _assign_powershell(name: str, value: str) -> str:
    return f"$env:{name} = {powershell(value)}"


def _assign_dotenv(name: str, value: str) -> str:
    return f"{name}={_dotenv(name, value)}"


def _dotenv(name: str, value: str) -> str:
    r"""Quote ``value`` so that python-dotenv, docker compose and node's dotenv read the same.

    Bare values are read as they are by all. In single quotes none of them expands or unescapes anything, except that
    python-dotenv expands ``${…}`` and unescapes ``\`` there. In double quotes all unescape ``\n``; compose expands
    ``$``. What is left has no spelling that they agree on, and is refused.
    """
    if _BARE.issuperset(value):
        return value
    if not any(mark in value for mark in ("'", "\\", "\n", "\r", "${")):
        return f"'{value}'"
    if not any(mark in value for mark in ('"', "\\", "$", "`")):
        return '"' + value.replace("\n", "\\n").replace("\r", "\\r") + '"'
    raise _usage(f"readers of dotenv files disagree about {name}'s value", "take --format json")


def _assign_docker(name: str, value: str) -> str:
    if "\n" in value or "\r" in value:
        raise _usage(f"{name} holds a line end, which docker's --env-file can't", "take --format json")
    return f"{name}={value}"


_WRITERS: Final[Mapping[str, tuple[Callable[[str], str] | None, Callable[[str, str], str]]]] = {
    "bash": (_unset_posix, _assign_posix),
    "zsh": (_unset_posix, _assign_posix),
    "fish": (unset_fish, _assign_fish),
    "powershell": (_unset_powershell, _assign_powershell),
    "dotenv": (None, _assign_dotenv),
    "docker": (None, _assign_docker),
}
