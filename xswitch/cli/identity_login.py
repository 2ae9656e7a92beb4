"""Sign in to IAM Identity Center: in the browser of this machine, or with a code on any device.

The tokens go where the AWS CLI and the SDKs look for them, so a login here is one there. A code is shown where the
browser is not on this machine: over SSH, in a container, without a display, or with --device.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from xswitch.cli.output import Result
from xswitch.cli.person import Nobody
from xswitch.errors import PersonNeeded
from xswitch.text import clean, iso8601, say_duration, time_of_day

if TYPE_CHECKING:
    from xswitch.catalog import Identity
    from xswitch.cli.context import Context
    from xswitch.identity.sso_login import Shown


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--device", action="store_true", help="show a code to type on any device; open no browser")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--no-input", action="store_true", help="fail with status 5: a login needs a person")


def run(args: argparse.Namespace, context: Context) -> Result:
    """Sign in, and say until when."""
    from xswitch.engine import logins
    from xswitch.identity.sso_login import LONGEST, Way
    from xswitch.shell import browser

    engine, person = context.engine, context.person
    identity = logins.identity_of(engine, args.name)
    name = clean(identity.name)
    if isinstance(person, Nobody):
        hint = f"run `xswitch identity login {name}` in a terminal"
        raise PersonNeeded(f"signing in to {name} needs a person, and nobody can be asked", hint)
    device = args.device or not browser.is_here(context.environ)
    way = Way(
        show=lambda shown: person.say(_words(identity, shown, LONGEST)),
        browse=lambda address: browser.open_page(address, context.environ),
        device=device,
        now=engine.now,
    )
    token = logins.sign_in(engine, identity, way)
    now = engine.now()
    lasts = f"the token ends at {time_of_day(token.expires, now)} (in {say_duration(token.expires - now)})"
    lasts += ", and renews itself while the portal's session lasts" if token.refreshable else ""
    data = {"name": identity.name, "expires": iso8601(token.expires), "renewable": token.refreshable}
    return Result(f"signed in to {name}; {lasts}", data)


def _words(identity: Identity, shown: Shown, seconds: float) -> str:
    """Return what the person is told: where to sign in, and the code to compare."""
    portal = clean(urlsplit(identity.start_url).hostname or identity.start_url)
    waiting = f"Waiting for you there, {say_duration(seconds)} at most; Ctrl-C gives up."
    if not shown.code:
        opened = f"Sign in to {portal} in the browser. If no page opens, go to:"
        return f"{opened}\n\n  {clean(shown.address)}\n\n{waiting}"
    compare = f"Allow it only where the page shows this code:  {clean(shown.code)}"
    return f"Sign in to {portal} on any device, at:\n\n  {clean(shown.address)}\n\n{compare}\n\n{waiting}"
