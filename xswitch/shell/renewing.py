"""A program whose session is renewed for as long as it runs: it fetches it from the xswitch that waits for it.

The program gets no keys but the endpoint's address and token, and nothing that its SDKs would prefer to them: its AWS
files are looked through, and stood in for by copies where they have to be (:mod:`xswitch.shell.aws_files`).
"""

from __future__ import annotations

import contextlib
import os
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xswitch import own_files
from xswitch.shell import launch, startup, uses
from xswitch.shell.aws_files import OTHERS, copies
from xswitch.shell.endpoint import CredentialServer
from xswitch.shell.environment import switched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from xswitch.session.model import Session
    from xswitch.shell.environment import Look


@dataclass(frozen=True, slots=True)
class Renewal:
    """How a program's session is kept: ``give`` returns the one to serve, for the role ``role_arn``.

    ``give`` may block, is called from any thread, and raises XswitchError where there is none. ``say`` tells the person
    a line.
    """

    give: Callable[[], Session]
    role_arn: str
    say: Callable[[str], None]


@contextlib.contextmanager
def served(
    renewal: Renewal, session: Session, environ: Mapping[str, str], look: Look | None, *, state: Path
) -> Iterator[dict[str, str]]:
    """Serve the endpoint, and yield the environment of the program that is to fetch from it. ``session`` is the first.

    Raises Unreachable where loopback has no port left.
    """
    with ExitStack() as stack:
        server = stack.enter_context(CredentialServer(renewal.give, role_arn=renewal.role_arn))
        inside = switched(session, environ, look, endpoint=server.endpoint)
        for name in OTHERS:
            inside.pop(name, None)
        found = copies(inside)
        if found is not None:
            for note in found.notes:
                renewal.say(f"xswitch: {note}")
            inside |= own_files.marked(_written(found.texts, renewal, state, stack), inside)
        yield inside


def command(
    argv: Sequence[str],
    session: Session,
    renewal: Renewal,
    environ: Mapping[str, str],
    look: Look | None = None,
    *,
    state: Path,
    clock: Callable[[], float],
) -> int:
    """Run the command ``argv`` with its session renewed, and wait for it; return its exit status.

    Blocks; main thread only. Raises NotFound (127), NotExecutable (126), Usage, Unreachable.
    """
    with ExitStack() as stack:
        inside = stack.enter_context(served(renewal, session, environ, look, state=state))

        def started(pid: int) -> None:
            words = f"exec {argv[0].rpartition('/')[2]}"
            use = uses.register(uses.folder_in(state), session.target, words, began=clock(), pid=pid)
            stack.callback(uses.forget, use)

        return launch.run(argv, inside, started=started)


def _written(texts: Mapping[str, str], renewal: Renewal, state: Path, stack: ExitStack) -> dict[str, str]:
    """Write the copies into a private folder that goes with ``stack``; return the files by variable."""
    try:
        folder = startup.own_folder(startup.folder_in(state))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        written = {name: folder / f"{name.lower()}{own_files.SUFFIX}" for name in texts}
        for name, text in texts.items():
            descriptor = os.open(written[name], os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(text)
    except OSError as error:
        renewal.say(f"xswitch: the copies can't be written ({error.strerror}): empty ones stand for them")
        return dict.fromkeys(texts, own_files.NOWHERE)
    return {name: str(file) for name, file in written.items()}
