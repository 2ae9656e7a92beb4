"""Noting which record serves a request, for the fast commands: see :mod:`xswitch.session.ready`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xswitch import __version__, preferences
from xswitch.aws.endpoints import OVERRIDES
from xswitch.catalog import UNLISTED, VaultRef
from xswitch.errors import XswitchError
from xswitch.files import make_private_folder, write_atomically
from xswitch.govern import audit
from xswitch.identity.sources import basis_of
from xswitch.session import externals, grants, learnt, ready
from xswitch.session.model import Options
from xswitch.session.ready import Basis, Ready, Request
from xswitch.vault.keys import HOLDER_FILE
from xswitch.vault.record import file_name

if TYPE_CHECKING:
    from xswitch.engine.core import Engine
    from xswitch.session.model import Plan, Session

_MOST: Final = 512
"""Notes that are kept: with more, all are thrown away and begun anew."""


def note(engine: Engine, plan: Plan, session: Session) -> None:
    """Note that the request of ``plan`` is served by the record of ``session``, and all that this hangs on.

    What can't be told for sure, or changes while it is looked at, is not noted. Nothing is raised: without a note the
    fast commands are only slower.
    """
    if not session.kept or plan.target.account.environment == UNLISTED.name:
        return
    try:
        made = _made(engine, plan, session)
        if made is not None:
            _write(engine, *made)
    except (XswitchError, OSError):
        return


def _made(engine: Engine, plan: Plan, session: Session) -> tuple[Request, Basis, Ready] | None:
    """Work it out anew, as a process that starts now would, between two looks at the files that it hangs on."""
    from xswitch.engine.people import People

    request = _request(plan)
    hangs_on = basis_of(plan.identity, engine.vault, engine.environ, engine.paths.state)
    if request is None or hangs_on is None:
        return None
    files = [*hangs_on[0], *_own_files(engine, plan)]
    before = {path: ready.stamp_of(path) for path in files}
    people = People(engine)
    again = people.plan(plan.target, plan.options)
    if again.needs_caller or people.broker.record(again) != session.record:
        return None
    since, until = people.steady()
    found = _ready(engine, again, session, people.broker.correction)
    same = preferences.load(engine.paths) == engine.preferences
    if not same or before != {path: ready.stamp_of(path) for path in files}:
        return None
    folders = (engine.paths.config, engine.paths.state, engine.paths.catalog_file)
    place = (__version__, *map(str, folders), engine.os_user, engine.host)
    values = {name: engine.environ.get(name, "") for name in (*OVERRIDES, *hangs_on[1])}
    return request, Basis(place, values, before, engine.catalog.mark, since, until, people.clock_off()), found


def _request(plan: Plan) -> Request | None:
    """Return what was asked for; None where something was asked that a note has no place for."""
    asked = plan.options
    if asked != Options(asked.duration, asked.region, asked.session_name):
        return None
    return Request(plan.target.name, asked.duration or 0, asked.region, asked.session_name)


def _own_files(engine: Engine, plan: Plan) -> list[str]:
    """Return the files of ours that a session hangs on, beside the catalog, which has a mark of its own."""
    references = [hop.external_id for hop in plan.hops if isinstance(hop.external_id, VaultRef)]
    records = [f"{engine.vault.folder}/{file_name(externals.record_name(reference))}" for reference in references]
    holder = f"{engine.vault.folder}/{HOLDER_FILE}"
    return [str(engine.paths.preferences_file), str(engine.paths.state / learnt.FILE), holder, *records]


def _ready(engine: Engine, plan: Plan, session: Session, skew: float) -> Ready:
    return Ready(
        record=session.record,
        grant="" if plan.guard is None else grants.record_name(plan.target, plan.guard),
        skew=skew,
        duration=plan.duration,
        region=plan.region,
        user=audit.user_of(plan, session),
        session_name=audit.name_of(plan, session),
        mfa=bool(plan.mfa_serial),
        chain=[hop.target for hop in plan.hops if hop.target],
        theme=engine.preferences.theme,
        kernel_keyring=engine.preferences.kernel_keyring,
        plaintext_key=engine.preferences.plaintext_key,
    )


def _write(engine: Engine, request: Request, basis: Basis, found: Ready) -> None:
    """Write the note, unless it is there already. Raises OSError."""
    folder = engine.paths.cache / ready.FOLDER
    file, data = folder / request.file, ready.encode(request, basis, found)
    if file.is_file() and file.read_bytes() == data:
        return
    make_private_folder(folder)
    others = list(folder.iterdir())
    if len(others) > _MOST:
        for other in others:
            other.unlink(missing_ok=True)
    write_atomically(file, data, durable=False)
