"""Handing a session to a program: a subshell, or one command.

``exec`` that has nothing left to do *becomes* its command: no process waits, so that signals, job control and the
exit status are the command's own. Everything else is waited for as :mod:`xswitch.shell.child` says, which is loaded
only then: `exec` has to cost next to nothing.
"""

from __future__ import annotations

import os
import signal
import sys

from xswitch.shell import uses
from xswitch.shell.environment import Look, switched
from xswitch.shell.programs import RESTORED, refusal, resolve, through_shell
from xswitch.text import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import NoReturn

    from xswitch.errors import Usage
    from xswitch.session.held import HeldSession
    from xswitch.shell.again import Again
    from xswitch.shell.detect import Program


def find(argv: Sequence[str], environ: Mapping[str, str]) -> str:
    """Return the file of the program ``argv``, found on the PATH of ``environ``, which a session leaves as it is.

    Raises NotFound (127), NotExecutable (126) or Usage.
    """
    if not argv:
        raise _usage("no command to run", "xswitch exec TARGET -- CMD")
    if any("\0" in word for word in argv):
        raise _usage("an argument holds a NUL, which no command can take", "leave it out")
    return resolve(argv[0], environ.get("PATH"))


def replace(argv: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    """Become the program ``argv``, found on the PATH of ``environ``, with that environment.

    Raises NotFound (127), NotExecutable (126) or Usage; then nothing has changed.
    """
    import errno

    file = find(argv, environ)
    sys.stdout.flush()
    sys.stderr.flush()
    before = [(number, signal.signal(number, signal.SIG_DFL)) for number in RESTORED]
    try:
        try:
            os.execve(file, list(argv), dict(environ))  # noqa: S606 (a command is what exec is for)
        except OSError as error:
            if error.errno != errno.ENOEXEC:
                raise
        os.execve("/bin/sh", through_shell(file, argv), dict(environ))  # noqa: S606
    except BaseException as error:
        for number, handler in before:
            signal.signal(number, handler)
        if isinstance(error, OSError):
            raise refusal(error, argv[0]) from None
        raise


def run(
    argv: Sequence[str],
    environ: Mapping[str, str],
    *,
    started: Callable[[int], None] | None = None,
    ending: Callable[[int], None] | None = None,
) -> int:
    """Run the program ``argv`` with ``environ`` and wait for it; return its exit status, 128 + n for signal n.

    Signals reach it as if it had been started alone, and a terminal that it left behind broken is mended. ``started``
    is called with its process id, ``ending`` with signals that asked this process to end meanwhile. Blocks; main
    thread only. Raises NotFound (127), NotExecutable (126) or Usage.
    """
    from xswitch.shell import child
    from xswitch.shell.terminal import Terminal

    file = find(argv, environ)
    sys.stdout.flush()
    sys.stderr.flush()
    terminal = Terminal.controlling()
    try:
        return child.run(file, argv, environ, terminal, started=started, ending=ending)
    finally:
        if terminal is not None:
            terminal.close()


def command(
    argv: Sequence[str],
    session: HeldSession,
    environ: Mapping[str, str],
    look: Look | None = None,
    *,
    state: str | os.PathLike[str],
    clock: Callable[[], float],
) -> NoReturn:
    """Become the command ``argv`` with ``session`` injected: what ``exec`` does.

    Raises NotFound (127), NotExecutable (126) or Usage.
    """
    inside = switched(session, environ, look)
    words = f"exec {find(argv, inside).rpartition('/')[2]}"
    use = uses.register(uses.folder_in(state), session.target, words, began=clock())
    try:
        replace(argv, inside)
    except BaseException:
        uses.forget(use)
        raise


def subshell(
    program: Program,
    session: HeldSession,
    environ: Mapping[str, str],
    look: Look | None = None,
    *,
    state: str | os.PathLike[str],
    clock: Callable[[], float],
    again: Again | None = None,
    inside: dict[str, str] | None = None,
    ending: Callable[[int], None] | None = None,
) -> int:
    """Run a shell with ``session`` injected and the marker in its prompt; return its exit status.

    The person's own startup files are read, and not touched. Where stdin is no terminal the shell reads its commands
    from there, without marker and title. ``again`` is how the prompt renews the session; ``inside`` is its environment
    where that is made already, for a session that is renewed; ``ending`` is called with signals that asked this process
    to end meanwhile. Blocks; main thread only. Raises NotFound (127) or NotExecutable (126).
    """
    import contextlib
    from pathlib import Path

    from xswitch.shell import child, startup
    from xswitch.shell.terminal import Terminal

    inside = switched(session, environ, look) if inside is None else inside
    title = " ".join(filter(None, (inside.get("XSWITCH_PROMPT_ENVIRONMENT"), clean(session.target))))
    interactive = os.isatty(0) and os.isatty(2)
    argv = [program.path]
    sys.stdout.flush()
    sys.stderr.flush()

    with contextlib.ExitStack() as stack:

        def started(pid: int) -> None:
            use = uses.register(uses.folder_in(state), session.target, "shell", began=clock(), pid=pid)
            stack.callback(uses.forget, use)

        terminal = Terminal.controlling()
        if terminal is not None:
            stack.callback(terminal.close)
        if interactive:
            arguments, inside = startup.prepare(
                program.kind, inside, folder=startup.folder_in(Path(state)), stack=stack, again=again
            )
            argv += arguments
            if terminal is not None:
                terminal.set_title(title, inside.get("TERM", ""))
        return child.run(program.path, argv, inside, terminal, interactive=interactive, started=started, ending=ending)


def _usage(message: str, hint: str) -> Usage:
    from xswitch.errors import Usage

    return Usage(message, hint)
