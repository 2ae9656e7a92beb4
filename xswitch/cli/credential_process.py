"""The credential_process JSON of TARGET for AWS SDKs and the AWS CLI. It never asks anything of anybody."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from xswitch.cli.output import Result
from xswitch.cli.person import Nobody
from xswitch.cli.switching import mention, plan_for, span, switch_arguments
from xswitch.engine.left import SDK_PATIENCE
from xswitch.shell import document

if TYPE_CHECKING:
    from xswitch.cli.context import Context


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("target", metavar="TARGET")
    wait = "how long to wait for another xswitch that opens the same session; 45s by default"
    parser.add_argument("--wait", type=span, metavar="TIME", default=SDK_PATIENCE, help=wait)
    parser.add_argument("--json", action="store_true", help=argparse.SUPPRESS)
    switch_arguments(parser, asks=False)


def run(args: argparse.Namespace, context: Context) -> Result:
    """Return the document that SDKs read."""
    nobody = Nobody(
        confirm=args.confirm or "", reason=args.reason or "", how=f"open it once: xswitch shell {args.target}"
    )
    session = context.engine.serve(plan_for(context, args.target), nobody, patience=args.wait)
    mention(session)
    return Result(document.credential_process(session))
