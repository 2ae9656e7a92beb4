"""The arguments of the fast commands, where they are written plainly: argparse has the last word on all others."""

from __future__ import annotations

from xswitch.shell.quoting import FORMS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Final

_VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "credential-process": ("--duration", "--region", "--session-name"),
    "env": ("--duration", "--region", "--session-name", "--format"),
    "exec": ("--duration", "--region", "--session-name", "--min-ttl"),
}
_SHORTEST, _LONGEST = 900, 43200


class Asked:
    """What a call of a fast command asks for. Spans are in seconds; 0 and "" mean that nothing was asked.

    ``argv`` is the command of `exec`, ``form`` that of the assignments of `env`.
    """

    __slots__ = ("argv", "command", "duration", "form", "min_ttl", "region", "session_name", "target")

    def __init__(self, command: str, target: str, given: Mapping[str, str], argv: Sequence[str], shell: str) -> None:
        """Take what was given. Raises ValueError for a value that argparse would refuse."""
        self.command = command
        self.target = target
        self.argv = tuple(argv)
        self.region = given.get("--region", "")
        self.session_name = given.get("--session-name", "")
        self.min_ttl = _seconds(given, "--min-ttl")
        self.duration = _seconds(given, "--duration")
        if self.duration and not _SHORTEST <= self.duration <= _LONGEST:
            raise ValueError
        self.form = given.get("--format") or (shell if shell in ("zsh", "fish") else "bash")
        if self.form not in FORMS:
            raise ValueError


def plain(arguments: Sequence[str], environ: Mapping[str, str], *, terminal: bool) -> Asked | None:
    """Return what is asked for, or None where anything about it is not plain.

    ``terminal`` tells that stdout is one, where `env` shows keys only if it is told to.
    """
    command, *rest = arguments
    if command not in _VALUES:
        return None
    argv: Sequence[str] = ()
    if command == "exec":
        if "--" not in rest:
            return None
        end = rest.index("--")
        rest, argv = rest[:end], rest[end + 1 :]
        if not argv:
            return None
    given: dict[str, str] = {}
    flags = ("--no-input", "--reveal") if command == "env" else ("--no-input",)
    targets = _sorted_out(rest, _VALUES[command], flags, given)
    if targets is None or len(targets) != 1 or not targets[0]:
        return None
    if command == "env" and terminal and "--reveal" not in given:
        return None
    try:
        return Asked(command, targets[0], given, argv, environ.get("SHELL", "").rpartition("/")[2])
    except ValueError:
        return None


def _sorted_out(
    words: Sequence[str], names: Sequence[str], flags: Sequence[str], given: dict[str, str]
) -> list[str] | None:
    """Put options into ``given`` and return what is none; None where an option is not plain, or given twice."""
    targets: list[str] = []
    left = iter(words)
    for word in left:
        if not word.startswith("-"):
            targets.append(word)
        elif word in flags:
            given[word] = "given"
        else:
            name, equals, value = word.partition("=")
            if not equals:
                value = next(left, "")
            if name not in names or name in given or not value or value.startswith("-"):
                return None
            given[name] = value
    return targets


def _seconds(given: Mapping[str, str], name: str) -> int:
    if name not in given:
        return 0
    from xswitch.text import parse_duration

    if given[name].isdigit() and int(given[name][:5]) < _SHORTEST:
        raise ValueError  # a number that small wants a unit
    return parse_duration(given[name])
