"""Asking a person for consent to what a shared catalog wants to use, text by text."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from xswitch.text import clean

if TYPE_CHECKING:
    from xswitch.cli.context import Context


def consent_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what goes with consent."""
    parser.add_argument("--yes", action="store_true", help="consent to every start URL and program that it names")
    parser.add_argument("--no-input", action="store_true", help="never ask")


def ask_consents(context: Context, *, yes: bool) -> tuple[str, ...]:
    """Ask for each text that is not consented to yet; return a note for each that stays without.

    Where nobody can be asked, nothing is consented to: what needs it is refused when it is used.
    """
    from xswitch.cli.person import Nobody
    from xswitch.identity.consent import Consents
    from xswitch.sources.shared import to_consent

    consents, person = Consents(context.paths.state), context.person
    notes: list[str] = []
    for identity, key, text in to_consent(context.paths):
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
