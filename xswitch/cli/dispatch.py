"""From the arguments to a command, and from whatever happens to an exit status."""

from __future__ import annotations

import argparse
import gc
import importlib
import os
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from xswitch import __version__
from xswitch.cli import OpenTui, output
from xswitch.cli.context import Context
from xswitch.errors import Cancelled, Usage, XswitchError
from xswitch.text import clean

COMMANDS: Final[dict[str, str]] = {
    "tui": "the full-screen picker and session board (what `xswitch` alone opens)",
    "shell": "a subshell with a session of TARGET",
    "exec": "one command with a session of TARGET",
    "env": "assignments to eval, for a shell, docker, dotenv or a program",
    "credential-process": "the credential_process JSON for SDKs; never asks",
    "sessions": "live sessions with the time left; renew or end them",
    "status": "inside a switched shell: what it is and how long it has",
    "prompt": "one short segment for a prompt",
    "identity": "the identities: list, add, login, logout, rotate, remove; external ids",
    "catalog": "the catalog: list, show, check, add, remove, sync, import, export, path",
    "lock": "forget the vault's key until the keyring or the passphrase gives it again",
    "doctor": "check this machine: vault, clock, catalog, shells, endpoint",
    "demo": "everything against a built-in practice organization",
}

_COLLECT_AFTER: Final = 50_000
"""Objects until the collector looks for garbage: a command makes thousands as it loads, and none of them is garbage."""

_HEAD: Final = """\
usage: xswitch [COMMAND] [--help]

Pick an AWS account and role, assume it, and work in a shell that shows how long it lasts.

commands:
"""

_TAIL: Final = """
A TARGET is account-name/role-name, account-id/role-name or a role ARN. `xswitch COMMAND --help` says more.

exit status:
  0 done   1 no such target   2 wrong usage   3 invalid catalog or configuration   4 AWS denied it
  5 a person is needed   6 the vault can't be opened   7 AWS can't be reached   8 findings   130 cancelled
"""


class HelpText(argparse.RawTextHelpFormatter):
    """Help as wide as the terminal; argparse makes one of these for every argument that is declared.

    Its own way to the width loads ``shutil``, and with it what unpacks archives.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    columns = os.environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(1).columns or 80
    except OSError:
        return 80


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are xswitch's own, and whose options are written in full."""

    def error(self, message: str) -> NoReturn:
        """Raise Usage in place of exiting."""
        raise Usage(message, f"{self.prog} --help")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse a word that is none of an argument's, with the nearest one that is."""
        choices = list(action.choices or ())
        if not choices or value in choices:
            return
        name = "/".join(action.option_strings) or str(action.metavar or action.dest)
        raise Usage(f"{name}: no such choice: {clean(str(value))}", _nearest(str(value), choices))

    def options(self, args: argparse.Namespace) -> list[str]:
        """Return the options that may be written with ``args``: this command's and those of its action."""
        known: list[str] = []
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                chosen = action.choices.get(str(getattr(args, action.dest, "")))
                known += chosen.options(args) if isinstance(chosen, Parser) else ()
            elif action.help != argparse.SUPPRESS:
                known += action.option_strings
        return known


def overview() -> str:
    """Return the text of ``xswitch --help``."""
    lines = "".join(f"  {name:<20}{summary}\n" for name, summary in COMMANDS.items())
    return _HEAD + lines + _TAIL


def dispatch(arguments: list[str], environ: Mapping[str, str]) -> int | OpenTui:
    """Run what ``arguments`` ask for. Returns an exit status, or the picker that has to be opened first."""
    as_json = "--json" in _own(arguments)
    try:
        if arguments and arguments[0] in ("-h", "--help", "help"):
            output.write(overview())
            return 0
        if arguments and arguments[0] in ("-V", "--version"):
            output.write(f"xswitch {__version__}\n")
            return 0
        return _command(arguments or ["tui"], environ)
    except KeyboardInterrupt:
        return output.fail(Cancelled(), as_json=as_json)
    except XswitchError as error:
        return output.fail(error, as_json=as_json)


def _own(arguments: list[str]) -> list[str]:
    """Return the arguments that are xswitch's, not those of the program after ``--``."""
    return arguments[: arguments.index("--")] if "--" in arguments else arguments


def _command(arguments: list[str], environ: Mapping[str, str]) -> int | OpenTui:
    name, *rest = arguments
    if name.startswith("-"):
        name, rest = "tui", arguments
    if name not in COMMANDS:
        from xswitch.tomlfile import nearest

        near = nearest(name, [*COMMANDS, "version"]).replace("version", "--version")
        raise Usage(f"no such command: {name}", f"did you mean `xswitch {near}`?" if near else "xswitch --help")
    if name != "tui":
        gc.set_threshold(_COLLECT_AFTER)
    module = importlib.import_module(f"xswitch.cli.{name.replace('-', '_')}")
    parser = Parser(
        prog=f"xswitch {name}",
        description=module.__doc__,
        formatter_class=HelpText,
        allow_abbrev=False,
    )
    module.arguments(parser)
    own = _own(rest)
    try:
        args, stray = parser.parse_known_args(own)
    except SystemExit as ended:  # only --help gets here: error() raises Usage
        return int(ended.code or 0)
    takes_command = bool(getattr(module, "TAKES_COMMAND", False))
    if stray:
        raise _stray(parser, args, stray, lacks_mark=takes_command and len(own) == len(rest))
    args.command = rest[len(own) + 1 :] if len(own) < len(rest) else None
    if args.command is not None and not takes_command:
        raise Usage(f"`xswitch {name}` takes nothing after --", f"xswitch {name} --help")
    context = Context(environ, args)
    result = module.run(args, context)
    if isinstance(result, OpenTui | int):
        return result
    return output.show(result, as_json=bool(getattr(args, "json", False)))


def _stray(parser: Parser, args: argparse.Namespace, stray: list[str], *, lacks_mark: bool) -> Usage:
    """Return the error for words that are no arguments of a command."""
    message = f"unrecognized arguments: {clean(' '.join(stray))}"
    if lacks_mark and not stray[0].startswith("-"):
        return Usage(message, f"write -- before the command: {parser.prog} TARGET -- CMD")
    from xswitch.tomlfile import nearest

    option = next((word.partition("=")[0] for word in stray if word.startswith("--")), "")
    near = nearest(option, parser.options(args)) if option else ""
    return Usage(message, f"did you mean `{near}`?" if near else f"{parser.prog} --help")


def _nearest(word: str, known: list[str]) -> str:
    """Return the hint for a word that is none of ``known``."""
    from xswitch.tomlfile import nearest

    near = nearest(word, known)
    return f"did you mean `{near}`?" if near else f"one of {', '.join(known)}"


def refuse_eval(arguments: list[str]) -> None:
    """Print what makes an ``eval`` of a failed ``xswitch env`` fail, unless another form was asked for."""
    if arguments[:1] != ["env"] or "--json" in _own(arguments):
        return
    for index, argument in enumerate(arguments):
        form = argument.partition("=")[2] if argument.startswith("--format=") else ""
        if argument == "--format" and index + 1 < len(arguments):
            form = arguments[index + 1]
        if form in ("json", "docker", "dotenv"):
            return
    output.write("false\n")
