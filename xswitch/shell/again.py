"""What a shell needs to renew its session: how to call xswitch, and what the person asked for when it was opened."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xswitch.shell import renewed

if TYPE_CHECKING:
    from xswitch.session.model import Options, Session


@dataclass(frozen=True, slots=True)
class Again:
    """``program``: the words that call xswitch; ``request``: the target and the options to ask for it with again.

    ``notes`` is the folder of :mod:`xswitch.shell.renewed`.
    """

    program: tuple[str, ...]
    request: tuple[str, ...]
    notes: Path

    @classmethod
    def of(cls, session: Session, options: Options, typed: str, state: Path) -> Again:
        """Return what asks for ``session`` again. ``typed`` is the TARGET that the person typed, if any."""
        return cls(
            own_program(sys.argv[0], sys.executable),
            (_reference(session, typed), *_words(options)),
            renewed.folder_in(state),
        )


def own_program(started_as: str, python: str) -> tuple[str, ...]:
    """Return the words that start this very xswitch, whatever PATH and the working folder are by then.

    ``-P`` keeps Python from taking modules from the working folder, which may be anybody's.
    """
    script = Path(started_as).absolute()
    if script.name == "xswitch" and script.is_file() and os.access(script, os.X_OK):
        return (str(script),)
    return (python, "-P", "-m", "xswitch")


def _reference(session: Session, typed: str) -> str:
    """Return a TARGET that outlives a renamed account: by id; a role that the catalog does not hold by its ARN."""
    arn = typed.split(":")
    if arn[0] == "arn" and arn[4:5] == [session.account_id] and typed.endswith(f"/{session.role}"):
        return typed
    return f"{session.account_id}/{session.role}"


def _words(options: Options) -> tuple[str, ...]:
    asked = (
        ("--duration", str(options.duration or "")),
        ("--region", options.region),
        ("--session-name", options.session_name),
    )
    return tuple(f"{name}={value}" for name, value in asked if value)
