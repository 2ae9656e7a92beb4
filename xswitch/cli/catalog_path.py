"""Tell the files that the catalog is read from."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from xswitch.catalog import sources
from xswitch.cli.output import Result
from xswitch.text import clean

if TYPE_CHECKING:
    from xswitch.cli.context import Context


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace, context: Context) -> Result:
    """Tell them."""
    files = [str(path) for path in sources(context.paths)] or [str(context.paths.catalog_file)]
    return Result("\n".join(map(clean, files)), files)
