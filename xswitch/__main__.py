"""The front door: opens the TUI or runs a command, and turns every way out into an exit status.

`prompt` leaves first, then the commands of :mod:`xswitch.fast` where a live session answers them; only what is left is
worth the imports of the whole program. So nothing is imported here before it is needed.

Signals that ask a program to end (SIGTERM, SIGHUP) become an exception here, so that whoever holds the terminal, a
lock or a temporary file lets go of it on the way out.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Final, NoReturn

    from xswitch.errors import XswitchError

_FAST: Final = ("credential-process", "env", "exec")


class Ended(BaseException):
    """A signal asked this process to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _end(number: int, _: FrameType | None) -> None:
    raise Ended(number)


def main() -> int:
    """Run what the arguments ask for and return its exit status. Never lets a traceback out."""
    sys.excepthook = lambda _kind, error, _trace: _uncaught(error)
    sys.unraisablehook = lambda unraisable: _uncaught(unraisable.exc_value)
    try:
        _leave_early(sys.argv[1:])
        _take_signals()
        _open_standard_streams()
        status = _run(sys.argv[1:])
        sys.stdout.flush()
    except KeyboardInterrupt:
        status = 130
    except Ended as ended:
        status = 128 + ended.number
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        status = 128 + 13  # SIGPIPE
    except Exception as error:
        status = _fault(error)
    if status and sys.argv[1:2] == ["env"]:
        _refuse_eval()
    return status


def _leave_early(arguments: list[str]) -> None:
    """End here with what `prompt` prints, or a fast command whose session is live; return where there is more to do."""
    if sys.stdin is None or sys.stdout is None or sys.stderr is None:
        return
    try:
        if arguments == ["prompt"]:
            _prompt()
        elif arguments[:1] and arguments[0] in _FAST:
            _take_signals()
            _serve(arguments)
    except _errors() as error:
        from xswitch.cli import output

        _leave(output.fail(error, as_json=False))


def _prompt() -> NoReturn:
    from time import time

    from xswitch.cli import output, prompt

    _leave(output.show(prompt.segment_for(os.environ, time()), as_json=False))


def _serve(arguments: list[str]) -> None:
    import gc

    gc.disable()  # an answer is given before anything is garbage
    from xswitch.fast.answer import answer

    text = answer(arguments, os.environ, terminal=os.isatty(1))
    if text is not None:
        from xswitch.cli import output

        output.write(text)
        _leave(0)
    gc.enable()


def _leave(status: int) -> NoReturn:
    """End at once, with everything written: taking the interpreter apart costs more than a fast command's work."""
    if status and sys.argv[1:2] == ["env"]:
        _refuse_eval()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _take_signals() -> None:
    """Make an exception of a signal that asks to end, unless it is ignored."""
    import signal

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


def _open_standard_streams() -> None:
    """Put /dev/null where stdin, stdout or stderr was closed, so that no file of ours gets its number."""
    import contextlib

    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            with contextlib.suppress(OSError):
                os.fstat(number)
                continue
            os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(number, mode))


def _refuse_eval() -> None:
    """However `env` failed, make the `eval` of what it printed fail."""
    import contextlib

    from xswitch.cli.dispatch import refuse_eval

    with contextlib.suppress(OSError):
        refuse_eval(sys.argv[1:])


def _fault(error: Exception) -> int:
    """Say in one line that xswitch itself failed: where, and never with what values, since one may be a secret."""
    from xswitch.cli import output

    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_globals.get('__name__')}:{place.tb_lineno}" if place is not None else "an unknown place"
    output.say(f"xswitch: a fault of xswitch itself, {type(error).__name__} at {where}")
    output.say("  hint: nothing was lost; report it with this line")
    return 1


def _errors() -> type[XswitchError]:
    """Return the class of our own errors; an ``except`` asks for it only when something was raised."""
    from xswitch.errors import XswitchError

    return XswitchError


def _uncaught(error: BaseException | None) -> None:
    """Say what nobody caught, in a thread, in a destructor or at the end, as :func:`_fault` says it."""
    if isinstance(error, Exception):
        _fault(error)


def _run(arguments: list[str]) -> int:
    import threading

    from xswitch import cli
    from xswitch.secret import HANDED_ONCE

    threading.excepthook = lambda failed: _uncaught(failed.exc_value)
    environ = dict(os.environ)
    for name in HANDED_ONCE:  # a library that starts a program hands it the process's own environment
        os.environ.pop(name, None)
    step = cli.run(arguments, environ)
    while isinstance(step, cli.OpenTui):
        from xswitch import tui

        chosen = tui.run(step.engine, step.query, choose=step.then is not None)
        if isinstance(chosen, int) or step.then is None:
            return chosen if isinstance(chosen, int) else 0
        step = step.then(chosen)
    return step


if __name__ == "__main__":
    sys.exit(main())
