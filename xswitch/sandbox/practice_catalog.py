"""The catalog of the practice organization: what a team's own catalog.toml looks like, explained as it goes."""

from __future__ import annotations

import json
from typing import Final

from xswitch.sandbox.practice_accounts import DENIALS, DENIED_NAME, IDENTITY_ID, PARTNER_NAME, PLACES, Place

_HEAD: Final = """\
# The practice organization, as xswitch sees it: a catalog like the one you will write for your own accounts.
# Change anything and look what happens: `xswitch catalog check` names every mistake, with its line.
version = 1

# What holds where nothing nearer says otherwise. Each of these may stand on an account or on a role too.
[defaults]
region = "eu-west-1"
identity = "central"
duration = "1h"
session_name = "{{user}}"          # your IAM user name, so that CloudTrail tells who it was

# Who you are before any role: an IAM user, whose access key is in the vault and never in this file.
[identities.central]
kind = "keys"
account_id = "{identity}"
mfa_serial = "{serial}"

# Classes of accounts and their guard rails. In production the account's name has to be typed, a reason is asked for
# and logged, and nothing lasts longer than an hour.
[environments.prod]
colour = "red"
confirm = "type"
reason = true
max_duration = "1h"

[environments.staging]
colour = "yellow"

[environments.dev]
colour = "green"

[environments.sandbox]
colour = "teal"

[environments.security]
colour = "violet"

[environments.shared]
colour = "blue"

[environments.partner]
colour = "orange"

# Role sets: a role given to every account that a selector matches, so that forty accounts need no hundred entries.
[[roles]]
name = "ReadOnly"
accounts = "!env:partner"

[[roles]]
name = "Deploy"
accounts = "env:prod"
mfa = true                       # the trust policy asks for an MFA code

[[roles]]
name = "Deploy"
accounts = "env:staging"
duration = "4h"

[[roles]]
name = "BreakGlass"              # for the bad days: production, everything allowed, MFA and a reason
accounts = "env:prod"
mfa = true

[[roles]]
name = "Admin"
accounts = "env:staging"
duration = "4h"

[[roles]]
name = "Admin"
accounts = "env:dev"
duration = "8h"

[[roles]]
name = "Admin"
accounts = "env:sandbox"
duration = "8h"

[[roles]]
name = "Audit"                   # trusts the hub alone: a chain, which AWS ends after an hour whatever is asked
accounts = "ou:Workloads"
via = "identity-hub/Hub"
"""


def catalog(serial: str) -> str:
    """Return the catalog as TOML; ``serial`` is the person's MFA device."""
    parts = [_HEAD.format(identity=IDENTITY_ID, serial=serial)]
    ou = ""
    for place in PLACES:
        if place.ou != ou:
            ou = place.ou
            parts.append(f"\n# {_said(ou)}\n")
        parts.append(_account(place))
    return "".join(parts)


def _said(ou: str) -> str:
    """Return an OU for a comment, where no control character may stand."""
    return "".join(letter for letter in ou.replace("/", " / ") if letter.isprintable())


def _account(place: Place) -> str:
    lines = [
        "",
        "[[accounts]]",
        f"id = {_text(place.id)}",
        f"name = {_text(place.name)}",
        f"ou = {_text(place.ou)}",
        f"environment = {_text(place.environment)}",
        f"tags = {{ team = {_text(place.team)} }}",
    ]
    if place.region:
        lines.append(f"region = {_text(place.region)}")
    if place.name == PARTNER_NAME:
        lines += [
            "",
            "  [[accounts.roles]]",
            '  name = "Ingest"',
            f"  external_id = {{ vault = {_text(PARTNER_NAME)} }}   # agreed with the vendor; it rests in the vault",
        ]
    elif place.name == DENIED_NAME:
        lines.append("# Each of these is refused by AWS, for a reason of its own: open one and see.")
        lines += [line for name in DENIALS for line in _denial(name)]
    elif place.roles:
        roles = ", ".join(f"{{ name = {_text(role)} }}" for role in place.roles)
        lines.append(f"roles = [{roles}]")
    return "\n".join(lines) + "\n"


def _denial(name: str) -> list[str]:
    lines = ["", "  [[accounts.roles]]", f"  name = {_text(name)}".ljust(40) + f"# {DENIALS[name]}"]
    if name == "OneHourAtMost":
        lines.append('  duration = "4h"')
    if name == "WantsMfaDownTheChain":
        lines += ['  via = "identity-hub/Hub"', "  mfa = true"]
    return lines


def _text(value: str) -> str:
    """Return a TOML basic string: JSON's escapes are TOML's too, within the basic plane."""
    return json.dumps(value)
