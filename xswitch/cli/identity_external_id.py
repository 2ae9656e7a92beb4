"""Put an external id into the vault, for roles whose external_id is { vault = "NAME" } in the catalog.

It is asked for without echo, or read from stdin. The names of a shared catalog are apart from your own: --source says
whose it is.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from xswitch.cli.output import Result
from xswitch.cli.person import Nobody
from xswitch.errors import Usage
from xswitch.secret import Secret
from xswitch.text import clean

if TYPE_CHECKING:
    from xswitch.cli.context import Context


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("name", metavar="NAME", help="what the catalog calls it")
    parser.add_argument("--source", default="", metavar="SOURCE", help="the shared catalog that names it")
    parser.add_argument("--remove", action="store_true", help="forget it")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--no-input", action="store_true", help="never ask; read it from stdin")


def run(args: argparse.Namespace, context: Context) -> Result:
    """Keep it, or forget it."""
    keys = context.engine.own_keys(context.person)
    about = {"name": args.name, "source": args.source or None}
    if args.remove:
        keys.forget_external_id(args.name, args.source)
        return Result(f"the external id {clean(args.name)} is forgotten", {**about, "targets": []})
    wanted = keys.keep_external_id(args.name, args.source, _typed(context))
    notes = () if wanted else ("no target of the catalog refers to it yet",)
    said = f"the external id {clean(args.name)} is in the vault"
    if wanted:
        said += f", for {clean(wanted[0])}" + (f" and {len(wanted) - 1} more" if len(wanted) > 1 else "")
    return Result(said, {**about, "targets": list(wanted)}, notes=notes)


def _typed(context: Context) -> Secret:
    """Read it: from stdin where that is no terminal, else asked for."""
    if not sys.stdin.isatty():
        return Secret(sys.stdin.read(4096).strip())
    if isinstance(context.person, Nobody):
        raise Usage("nobody can be asked for the external id", "give it on stdin")
    return Secret(context.person.hidden("External id: ").strip())
