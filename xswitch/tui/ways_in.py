"""The ways to a first catalog: what was found for each, and what Enter does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xswitch.awsfiles import aws_files
from xswitch.errors import XswitchError
from xswitch.sources.install import file_of
from xswitch.text import clean
from xswitch.tui.words import plural

if TYPE_CHECKING:
    from xswitch.engine import Engine
    from xswitch.sources.aws_import import Imported

EXAMPLE: Final = """\
version = 1

[identities.central]
kind = "keys"
account_id = "111122223333"

[[accounts]]
id = "444455556666"
name = "payments-dev"
roles = [{ name = "ReadOnly" }]
"""
_PORTAL: Final = """\
xswitch identity add corp --start-url URL --sso-region REGION
xswitch identity login corp
xswitch catalog sync identity-center
"""
_ORGANIZATION: Final = """\
xswitch identity add central
xswitch catalog sync organizations
"""
_SHARED: Final = "xswitch catalog add GIT-URL\n"


@dataclass(frozen=True, slots=True)
class Way:
    """A way in: what it is, what was found, one more line, and what Enter does; ``refused`` says why it can't.

    ``copied`` is what Enter copies, "" where it does something else: it is shown, as commands or as ``toml``.
    ``facts`` are shown with labels, ``taken`` is what Enter would write.
    """

    name: str
    found: str
    more: str
    enter: str
    key: str
    refused: str = ""
    copied: str = ""
    toml: bool = False
    facts: tuple[tuple[str, str], ...] = ()
    taken: Imported | None = None


def ways(engine: Engine) -> list[Way]:
    """Return the ways in, the nearest at hand first."""
    catalog = clean(_short(engine.paths.catalog_file, engine.environ))
    copies = "copies these commands, for your shell"
    return [
        _profiles(engine),
        Way(
            "Identity Center", "every account and role that is yours", "one login in the browser reads them",
            copies, "copy them", copied=_PORTAL,
        ),
        Way(
            "Organizations", "every account of the organization", "read with your own keys",
            copies, "copy them", copied=_ORGANIZATION,
        ),
        Way(
            "Shared catalog", "your team's, kept in git", "yours comes first, always",
            "copies this command, for your shell", "copy it", copied=_SHARED,
        ),
        Way(
            "Write a catalog", catalog, "then xswitch identity add central, for the key",
            "copies this example, to paste into that file", "copy it", copied=EXAMPLE, toml=True,
        ),
        Way(
            "Practice organization", "no AWS needed", "every screen and command, for trying out",
            "opens it; nothing of yours is read or written", "open it",
        ),
    ]  # fmt: skip


def _profiles(engine: Engine) -> Way:
    """Return the way in by the AWS CLI's profiles, with all that Enter would write."""
    from xswitch.engine import takeover

    name, config = "AWS config", _short(aws_files(engine.environ)[0], engine.environ)
    try:
        what = takeover.found(engine)
    except XswitchError as error:
        return Way(name, "it can't be read", f"{clean(config)}, read only", "", "import", refused=clean(error.message))
    draft, more = what.draft, f"{clean(config)}, read only"
    roles, accounts = sum(len(account.roles) for account in draft.accounts), plural(len(draft.accounts), "account")
    if not what.profiles:
        return Way(name, "no profiles here", more, "", "import", refused=f"there are no profiles in {clean(config)}")
    number = plural(what.profiles, "profile")
    if not roles:
        why = "none of the profiles is for a role; the ways below lead to some"
        return Way(name, f"{number}, none of them for a role", more, "", "import", refused=why)
    found = f"{number}: {plural(roles, 'role')} in {accounts}"
    enter = f"imports {plural(roles, 'role')} in {accounts}, then opens the picker"
    written = clean(_short(file_of(engine.paths, takeover.NAME), engine.environ))
    return Way(name, found, more, enter, "import", facts=_facts(what, written), taken=what)


def _facts(what: Imported, written: str) -> tuple[tuple[str, str], ...]:
    """Return all that would be written, what would be run, and what stays out, a line each."""
    facts = [("written", f"{written}, nothing else")]
    identities = [f"{clean(one.name)} ({clean(str(one.settings['kind']))})" for one in what.draft.identities]
    facts.append(("identities", ", ".join(identities)))
    programs = [one.settings["process"] for one in what.draft.identities if "process" in one.settings]
    facts += [("runs", clean(str(program))) for program in programs]
    facts += [("left out", f"{one.profile or clean(one.place)}: {one.why}".strip(": ")) for one in what.left]
    for account in what.draft.accounts:
        names = ", ".join(clean(role.name) for role in account.roles)
        facts.append(("accounts", f"{clean(account.name)}: {names or 'no roles'}"))
    return tuple(facts)


def _short(path: Path, environ: Mapping[str, str]) -> str:
    """Return a path with ``~`` for the person's home."""
    home = environ.get("HOME", "")
    return f"~/{path.relative_to(home)}" if home and path.is_relative_to(home) else str(path)
