"""A command whose first word chooses one of several: each a module of its own, as a command is."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType


def declare(parser: argparse.ArgumentParser, actions: Mapping[str, str]) -> None:
    """Declare the actions, each by the name of its module in this package."""
    choices = parser.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=type(parser))
    for name, module_name in actions.items():
        module = module_of(module_name)
        text = module.__doc__ or ""
        action = choices.add_parser(
            name,
            prog=f"{parser.prog} {name}",
            description=text,
            help=text.partition("\n")[0],
            formatter_class=argparse.RawTextHelpFormatter,
            allow_abbrev=False,
        )
        module.arguments(action)


def module_of(name: str) -> ModuleType:
    """Return the module of an action."""
    return import_module(f"xswitch.cli.{name}")
