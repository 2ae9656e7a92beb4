"""Handing the terminal to a shell, and taking it back."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING

from xswitch.errors import XswitchError
from xswitch.secret import scrubbed
from xswitch.shell.environment import reference

if TYPE_CHECKING:
    from xswitch.session.model import Session
    from xswitch.tui.app import XswitchApp


@contextlib.contextmanager
def on_terminal() -> Iterator[None]:
    """Make the terminal itself stdin, stdout and stderr for a while, whatever they are: pipes, files.

    Textual takes its keys from stdin, draws on stderr and asks stdout for the size. Nothing is read of what is piped
    in, and nothing is written to what is read elsewhere; a command that is run afterwards finds all three as they
    were. Raises OSError where there is no terminal.
    """
    terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    kept: list[tuple[int, int]] = []
    try:
        sys.stdout.flush()
        sys.stderr.flush()
        for number in (number for number in (0, 1, 2) if not os.isatty(number)):
            kept.append((os.dup(number), number))
            os.dup2(terminal, number)
        yield
    finally:
        for before, number in kept:
            os.dup2(before, number)
            os.close(before)
        os.close(terminal)


def hand_over(app: XswitchApp, session: Session) -> tuple[int, XswitchError | None]:
    """Run a shell with the session on this terminal; return its status, and what went wrong if it could not run.

    The command is shown first. Nothing raised inside leaves the block, since a suspended app that is left by an
    exception never resumes. Ctrl+C and ctrl+backslash belong to the shell meanwhile, and the terminal's foreground
    process group is ours again afterwards, however the shell ended. A signal that asked to end meanwhile, or a terminal
    that is gone, ends the app.
    """
    failed: Exception | None = None
    status = 0
    asked: list[int] = []
    with app.suspend(), _apart(), app.alarms.meanwhile():
        _write(f"$ xswitch shell {shlex.quote(reference(session))}\n")
        try:
            status = app.engine.shell(session, ending=asked.append)
        except Exception as error:
            failed = error
        _end(app, asked)
    if failed is not None and not isinstance(failed, XswitchError):
        raise failed
    return status, failed


def run_command(app: XswitchApp, argv: list[str], shown: str) -> int:
    """Run another program on this terminal, shown as ``shown``; return its exit status."""
    from xswitch.shell.launch import run

    asked: list[int] = []
    with app.suspend(), _apart():
        _write(f"$ {shown}\n")
        try:
            status = run(argv, scrubbed(app.engine.environ), ending=asked.append)
        except XswitchError as error:
            status = error.exit_status
        _end(app, asked)
    return status


def _end(app: XswitchApp, asked: list[int]) -> None:
    """End the app where a signal asked for it, or nobody is there any more. Inside the block: it may still be drawn."""
    if asked:
        app.leave(asked[0])
    else:
        app.leave_if_gone()


def _write(text: str) -> None:
    if sys.__stderr__ is not None:
        sys.__stderr__.write(text)
        sys.__stderr__.flush()


def _leave(number: int, frame: FrameType | None) -> None:
    """Do nothing: the key was meant for the child."""


@contextlib.contextmanager
def _apart() -> Iterator[None]:
    """Leave the keyboard's signals to the child, and take the terminal's foreground back afterwards.

    They are caught, not ignored: an ignored signal would stay ignored in the child.
    """
    before = {number: signal.signal(number, _leave) for number in (signal.SIGINT, signal.SIGQUIT)}
    try:
        yield
    finally:
        _take_foreground()
        for number, handler in before.items():
            signal.signal(number, handler)


def _take_foreground() -> None:
    stopped = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return
    else:
        with contextlib.suppress(OSError):
            os.tcsetpgrp(terminal, os.getpgrp())
        os.close(terminal)
    finally:
        signal.signal(signal.SIGTTOU, stopped)
