"""The answers of the fast commands: a document, assignments, or another program in this one's place."""

from __future__ import annotations

from time import time

from xswitch.fast.asking import plain
from xswitch.fast.serving import served

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xswitch.errors import XswitchError
    from xswitch.fast.asking import Asked
    from xswitch.fast.serving import Served
    from xswitch.shell.environment import Look


def answer(arguments: Sequence[str], environ: Mapping[str, str], *, terminal: bool) -> str | None:
    """Return what a fast command prints; None where the whole program has to look. `exec` becomes its command.

    ``terminal`` tells that stdout is one. Raises NotFound or NotExecutable where `exec` could not.
    """
    asked = plain(arguments, environ, terminal=terminal)
    if asked is None:
        return None
    try:
        found = served(asked, environ, time())
        text = None if found is None else _text(asked, found, environ)
    except (OSError, LookupError, ValueError):
        return None
    except _error():
        return None
    if found is None or text is None:
        return None
    if asked.command != "credential-process" and not _logged(found):
        return None
    if asked.command == "exec":
        from xswitch.shell import launch

        launch.command(asked.argv, found.session, environ, _look(found), state=found.places.state, clock=time)
    return text


def _text(asked: Asked, found: Served, environ: Mapping[str, str]) -> str:
    """Return what is printed, nothing for `exec`, whose program is there. Raises XswitchError where it can't be."""
    if asked.command == "credential-process":
        from xswitch.shell import document

        return document.credential_process(found.session) + "\n"
    if asked.command == "exec":
        from xswitch.shell.programs import resolve

        resolve(asked.argv[0], environ.get("PATH"))
        return ""
    from xswitch.shell.environment import changes, text

    return text(asked.form, changes(found.session, environ, _look(found)))


def _look(found: Served) -> Look:
    from xswitch.shell.environment import Look

    return Look(found.guarded, found.row.colour, found.ready.theme, round(found.ready.skew))


def _logged(found: Served) -> bool:
    """Write the audit line and leave the visit; False for a guarded switch that can't be logged."""
    from xswitch.catalog import journal
    from xswitch.govern import audit

    now = time()
    session, known, here = found.session, found.ready, found.places
    line = audit.entry(
        session,
        user=known.user,
        session_name=known.session_name,
        chain=known.chain,
        mfa=known.mfa,
        now=now,
        os_user=here.user,
        reason=found.reason,
    )
    try:
        audit.append(f"{here.state}/audit.jsonl", line)
    except OSError:
        if found.guarded:
            return False
    try:
        journal.leave(f"{here.state}/visits.json", session.target, now)
    except OSError:
        return True  # a visit that is not counted moves one row of a list
    return True


def _error() -> type[XswitchError]:
    from xswitch.errors import XswitchError

    return XswitchError
