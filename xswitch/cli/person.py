"""Asking a person on the terminal, or finding that nobody can be asked.

A person can be asked when ``/dev/tty`` opens, this process is in its foreground process group, and neither
``--no-input`` nor ``XSWITCH_NO_INPUT=1`` says otherwise. Questions go to that terminal, never to stdout or stderr, so
that ``$(…)`` and pipes see none of them. Nothing typed as a code or a passphrase is echoed.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import sys
import termios
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from xswitch.errors import Cancelled, PersonNeeded
from xswitch.session.model import CodeAsk, GuardAnswer, GuardAsk
from xswitch.text import clean, say_duration, shorten

_COLUMNS: Final = 80
"""Of a terminal that does not say how wide it is."""
_TYPED_AT_LEAST: Final = 12
"""Cells that a question leaves for what is typed."""
_INTERRUPT, _END, _ERASE, _KILL = "\x03", "\x04", ("\x7f", "\b"), "\x15"


def open_terminal(environ: Mapping[str, str], *, no_input: bool) -> int | None:
    """Return a file descriptor of the terminal on which a person can be asked, or None."""
    if no_input or environ.get("XSWITCH_NO_INPUT") == "1":
        return None
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        foreground = os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        foreground = False
    if not foreground:
        os.close(terminal)
        return None
    return terminal


class Nobody:
    """Answers what was given on the command line, and otherwise says that a person is needed."""

    def __init__(self, *, confirm: str = "", reason: str = "", how: str = "run it in a terminal") -> None:
        self.confirm = confirm
        self.reason = reason
        self.how = how

    def code(self, ask: CodeAsk) -> str:
        """Raise PersonNeeded: a code can't be made up."""
        what = ask.problem or f"{ask.target} needs an MFA code, and nobody can be asked"
        raise PersonNeeded(clean(what), f"set XSWITCH_MFA_CODE, give the identity an mfa_process, or {self.how}")

    def guard(self, ask: GuardAsk) -> GuardAnswer:
        """Answer with ``--confirm`` and ``--reason``, or raise PersonNeeded."""
        account = clean(ask.target.account.name)
        if not self.confirm or (ask.environment.reason and not self.reason):
            missing = "--confirm" if not self.confirm else "--reason"
            what = (
                f"{ask.environment.name} is guarded: {clean(ask.target.name)} wants {missing}, and nobody can be asked"
            )
            reason = ' --reason "why"' if ask.environment.reason else ""
            raise PersonNeeded(what, f"add --confirm {account}{reason}, or {self.how}")
        return GuardAnswer(self.confirm, self.reason)

    def passphrase(self, *, first: bool) -> str:  # noqa: ARG002 (the words are the same)
        """Raise PersonNeeded."""
        raise PersonNeeded(
            "the vault wants its passphrase, and nobody can be asked", f"set XSWITCH_PASSPHRASE, or {self.how}"
        )

    def note(self, words: str) -> None:
        """Say nothing: there is nobody to read it."""


class Unattended(Nobody):
    """Nobody, who remembers what a person would have been asked for: ``wanted`` is code, confirmation or ""."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted = ""

    def code(self, ask: CodeAsk) -> str:
        """Raise PersonNeeded."""
        self.wanted = "code"
        return super().code(ask)

    def guard(self, ask: GuardAsk) -> GuardAnswer:
        """Raise PersonNeeded."""
        self.wanted = "confirmation"
        return super().guard(ask)


class TerminalPerson:
    """Asks on a terminal, one question a line. Ctrl+C and Ctrl+D decline: Cancelled."""

    def __init__(
        self,
        terminal: int,
        *,
        confirm: str = "",
        reason: str = "",
        practice: Callable[[], str] | None = None,
    ) -> None:
        self._terminal = terminal
        self._given = Nobody(confirm=confirm, reason=reason)
        self._practice = practice
        self._ahead: deque[str] = deque()
        self._sent = False
        """The last answer was taken without Enter: one that comes by habit is no answer to the next question."""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def code(self, ask: CodeAsk) -> str:
        """Ask for six digits, shown as dots."""
        with _raw(self._terminal):
            return self._code(ask)

    def _code(self, ask: CodeAsk) -> str:
        if ask.problem:
            self._write(f"{clean(ask.problem)}\n")
        if ask.wait:
            self._write(f"The next code comes in {ask.wait}s.\n")
        if ask.covers:
            self._write(f"{clean(ask.covers)}\n")
        if self._practice is not None and (shown := self._practice()):
            self._write(f"{shown}\n")
        while True:
            code = self.hidden(f"MFA code for {clean(ask.user or ask.identity)}: ", mark="·", enough=6)
            code = code.replace(" ", "")
            if len(code) == 6 and code.isascii() and code.isdigit():
                return code
            self._write("A code is six digits.\n")

    def guard(self, ask: GuardAsk) -> GuardAnswer:
        """Ask for the account's name or a yes, and for a reason where the environment wants one."""
        with _raw(self._terminal):
            return self._guard(ask)

    def _guard(self, ask: GuardAsk) -> GuardAnswer:
        environment = ask.environment
        account = clean(ask.target.account.name)
        word, name = clean(environment.name).upper(), clean(ask.target.name)
        self._write(f"{word}  {name}, {say_duration(ask.duration)} to pass freely\n")
        typed, reason = self._given.confirm, self._given.reason
        if typed != ask.target.account.name:
            if typed:
                self._write(f"--confirm {clean(typed)} does not name the account.\n")
            if environment.confirm == "type":
                self._until("Account name: ", lambda line: line == account, f"It is {account}.")
                typed = ask.target.account.name
            elif self.line("Open it [y/N]? ").strip().lower() not in ("y", "yes"):
                raise Cancelled()
            else:
                typed = ask.target.account.name
        if environment.reason and not reason:
            reason = self._until("Reason: ", lambda line: bool(line.strip()), "A reason goes into the audit log.")
        return GuardAnswer(typed, reason.strip())

    def passphrase(self, *, first: bool) -> str:
        """Ask for the vault's passphrase, twice where it is being chosen."""
        while True:
            words = self.hidden("New passphrase for the vault: " if first else "Passphrase of the vault: ")
            if not first or words == self.hidden("Once more: "):
                return words
            self._write("They differ.\n")

    def note(self, words: str) -> None:
        """Say nothing: a call to AWS is over before a line about it is read."""

    def say(self, words: str) -> None:
        """Write lines on the terminal."""
        self._write(f"{words}\n")

    def _until(self, question: str, right: Callable[[str], bool], otherwise: str) -> str:
        for _ in range(5):
            line = self.line(question)
            if right(line):
                return line
            self._write(f"{otherwise}\n")
        raise Cancelled("not confirmed")

    def _write(self, text: str) -> None:
        data = text.encode(errors="replace")
        while data:
            data = data[os.write(self._terminal, data) :]

    def line(self, question: str) -> str:
        """Ask for one line, echoed. Raises Cancelled."""
        return self._typed(question, echo=lambda typed: typed, enough=0)

    def hidden(self, question: str, *, mark: str = "", enough: int = 0) -> str:
        """Ask for one line that is not echoed; ``mark`` stands for each character. Raises Cancelled."""
        return self._typed(question, echo=lambda typed: mark * len(typed), enough=enough)

    def _typed(self, question: str, *, echo: Callable[[str], str], enough: int) -> str:
        """Read one line in our own hands: what is echoed is ours to say. ``enough`` digits end it without Enter."""
        typed = ""
        with _raw(self._terminal):
            self._write(_line_of(question, "", self._columns()))
            while True:
                character = self._key()
                habit, self._sent = self._sent and character in "\r\n", False
                if habit:
                    continue
                if character == _INTERRUPT or (character == _END and not typed):
                    self._write("\n")
                    raise Cancelled()
                if character in "\r\n":
                    self._write("\n")
                    return typed
                if character in _ERASE:
                    typed = typed[:-1]
                elif character == _KILL:
                    typed = ""
                elif character.isprintable():
                    typed += character
                self._write(f"\r\x1b[K{_line_of(question, echo(typed), self._columns())}")
                if enough and len(typed) == enough and typed.isdigit():
                    self._write("\n")
                    self._sent = True
                    return typed

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._terminal).columns or _COLUMNS
        except OSError:
            return _COLUMNS

    def _key(self) -> str:
        """Return the next character typed; what was typed ahead waits here for the next question."""
        while not self._ahead:
            data = os.read(self._terminal, 256)
            self._ahead.extend(self._decoder.decode(data) if data else _END)
        return self._ahead.popleft()


def _line_of(question: str, typed: str, columns: int) -> str:
    """Return a question and the end of what is typed, on one line of a terminal: a wrapped one can't be written anew.

    The last column stays free, since some terminals wrap as soon as it is taken.
    """
    question = shorten(question, max(4, columns - 1 - _TYPED_AT_LEAST))
    room = max(1, columns - 1 - _cells(question))
    if _cells(typed) <= room:
        return question + typed
    kept = len(typed)
    while kept and _cells(typed[kept - 1 :]) < room:
        kept -= 1
    return f"{question}…{typed[kept:]}"


def _cells(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


@contextlib.contextmanager
def _raw(terminal: int) -> Iterator[None]:
    """Take keys as they come, unechoed, with signals off; give the terminal back as it was, whatever happens."""
    before: list[Any] = termios.tcgetattr(terminal)
    after = list(before)
    after[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN)
    after[6] = list(before[6])
    after[6][termios.VMIN], after[6][termios.VTIME] = 1, 0
    termios.tcsetattr(terminal, termios.TCSADRAIN, after)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def person_for(
    environ: Mapping[str, str],
    *,
    no_input: bool,
    confirm: str = "",
    reason: str = "",
    practice: Callable[[], str] | None = None,
) -> TerminalPerson | Nobody:
    """Return whoever can be asked. Whoever called must have flushed what it wrote."""
    terminal = open_terminal(environ, no_input=no_input)
    if terminal is None:
        return Nobody(confirm=confirm, reason=reason)
    sys.stderr.flush()
    return TerminalPerson(terminal, confirm=confirm, reason=reason, practice=practice)
