"""What a person is told and asked once a shared catalog is there: its warnings, and consent, text by text."""

from __future__ import annotations

import argparse
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from xswitch.text import clean, plural

if TYPE_CHECKING:
    from xswitch.cli.context import Context

_MOST_WARNINGS: Final = 5
"""How many warnings are shown; the rest are counted."""


def consent_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what goes with consent."""
    parser.add_argument("--yes", action="store_true", help="consent to every start URL and program that it names")
    parser.add_argument("--no-input", action="store_true", help="never ask")


def ask_consents(context: Context, names: Collection[str], *, yes: bool) -> tuple[str, ...]:
    """Ask for each text of these shared catalogs that is not consented to yet; return a note for each that stays so.

    Where nobody can be asked, nothing is consented to: what needs it is refused when it is used.
    """
    from xswitch.cli.person import Nobody
    from xswitch.identity.consent import Consents
    from xswitch.sources.shared import to_consent

    consents, person = Consents(context.paths.state), context.person
    notes: list[str] = []
    for identity, key, text in to_consent(context.paths, names):
        what = f"{clean(identity.source)} wants identity {clean(identity.name)} to use {key}: {clean(text)}"
        given = yes
        if not yes and not isinstance(person, Nobody):
            answer = person.line(f"{what}\nUse it? Type yes, or press Enter to leave it out: ")
            given = answer.strip().lower() == "yes"
        if given:
            consents.give(identity, key, text)
        else:
            notes.append(f"not consented: {what}")
    return tuple(notes)


def warnings_of(context: Context, names: Collection[str]) -> tuple[str, ...]:
    """Return the catalog's warnings of these shared catalogs as notes, the first few of them."""
    from xswitch.sources.shared import warnings

    found = [f"warning: {problem}" for problem in warnings(context.paths, names)]
    more = len(found) - _MOST_WARNINGS
    rest = [f"and {plural(more, 'warning')} more: xswitch catalog check"] if more > 0 else []
    return (*found[:_MOST_WARNINGS], *rest)
