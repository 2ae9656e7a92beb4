"""The errors of xswitch, and the exit status that each one ends a command with.

::

    XswitchError            1    base; only its children are raised
    ├── NoSuchTarget        1    the target, selector or query matches nothing
    ├── Usage               2    wrong arguments
    ├── InvalidConfig       3    catalog or configuration; holds every Problem found
    ├── Denied              4    AWS said no; holds its code, its message and the side that denied
    │   ├── WrongCode       4    the MFA code was not accepted
    │   └── CodeReused      4    the MFA code was already spent; holds the seconds to the next one
    ├── PersonNeeded        5    a code, a login or a confirmation, and nobody can be asked
    ├── VaultUnavailable    6    no key, or the vault can't be read or written
    │   └── RecordDamaged   6    one record does not open under the vault's key
    ├── Unreachable         7    AWS can't be reached, kept throttling or answered nonsense
    ├── Findings            8    `policy lint`, `run`: something was found
    ├── NotExecutable     126    the program can't be executed
    ├── NotFound          127    the program does not exist
    └── Cancelled         130    the person stopped it

The command line prints ``xswitch: message`` and ``  hint: hint`` on stderr, or the JSON object of
:meth:`XswitchError.as_json` on stdout. No message, hint or attribute ever holds a secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

Side = Literal["caller", "role", "both", "request", "unknown"]
"""Who can mend a denial: the caller's account, the role's account, both, the request itself, or it can't be told."""


class XswitchError(Exception):
    """An error with one line of message, a hint that says what to do, and an exit status."""

    exit_status: ClassVar[int] = 1
    code: ClassVar[str] = "error"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        return (XswitchError, (self.message, self.hint))

    def told(self) -> tuple[tuple[str, str], ...]:
        """Return everything that is wrong, each with its hint ("" for none)."""
        return ((self.message, self.hint),)

    def as_json(self) -> dict[str, dict[str, object]]:
        """Return the object that ``--json`` prints for this error."""
        return {"error": {"code": self.code, "message": self.message, "hint": self.hint}}


class NoSuchTarget(XswitchError):
    """No target, session or identity of that name, or nothing matches."""

    exit_status = 1
    code = "no-such-target"


class Usage(XswitchError):
    """The command was called wrongly."""

    exit_status = 2
    code = "usage"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file: where (file, 1-based line, dotted key) and what to do."""

    file: str
    line: int | None
    key: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.key}: {self.message}" if self.key else f"{where}: {self.message}"


class InvalidConfig(XswitchError):
    """The catalog or the configuration is invalid; every problem found is in ``problems``."""

    exit_status = 3
    code = "invalid-config"

    def __init__(self, problems: tuple[Problem, ...], hint: str = "") -> None:
        first = str(problems[0]) if problems else "the configuration is invalid"
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(first + more, hint or (problems[0].hint if problems else ""))
        self.problems = problems
        self._of_all = hint

    def told(self) -> tuple[tuple[str, str], ...]:
        """Return every problem with its own hint. That of the whole stands in for a single one's, or a missing last."""
        *others, (last, hint) = [(str(problem), problem.hint) for problem in self.problems] or [(self.message, "")]
        hints = (self._of_all, hint) if not others else (hint, self._of_all)
        return (*others, (last, hints[0] or hints[1] or "mend it there; the next command reads it anew"))

    def as_json(self) -> dict[str, dict[str, object]]:
        """Return the object that ``--json`` prints: with every problem."""
        whole = super().as_json()
        whole["error"]["problems"] = [
            {"file": one.file, "line": one.line, "key": one.key, "message": one.message, "hint": one.hint}
            for one in self.problems
        ]
        return whole


class Denied(XswitchError):
    """AWS refused the call. ``aws_code`` and ``aws_message`` are its own words, made safe to show."""

    exit_status = 4
    code = "denied"

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        aws_code: str = "",
        aws_message: str = "",
        request_id: str = "",
        side: Side = "unknown",
        target: str = "",
    ) -> None:
        super().__init__(message, hint)
        self.aws_code = aws_code
        self.aws_message = aws_message
        self.request_id = request_id
        self.side: Side = side
        self.target = target


class WrongCode(Denied):
    """The MFA code was not accepted."""

    code = "wrong-code"


class CodeReused(Denied):
    """The MFA code was sent before; ``wait`` is the number of seconds until the device shows the next."""

    code = "code-reused"

    def __init__(self, message: str, hint: str = "", *, wait: int = 30, target: str = "") -> None:
        super().__init__(message, hint, side="request", target=target)
        self.wait = wait


class PersonNeeded(XswitchError):
    """A person has to give a code, a login or a confirmation, and nobody can be asked."""

    exit_status = 5
    code = "person-needed"


class VaultUnavailable(XswitchError):
    """The vault can't be opened, read or written."""

    exit_status = 6
    code = "vault"


class RecordDamaged(VaultUnavailable):
    """One record does not open under the vault's key: truncated, altered or of another key."""

    code = "record-damaged"


class Unreachable(XswitchError):
    """AWS can't be reached, kept throttling, or answered something that is not an answer."""

    exit_status = 7
    code = "unreachable"


class Findings(XswitchError):
    """A check found something, or a target of ``run`` failed."""

    exit_status = 8
    code = "findings"


class NotExecutable(XswitchError):
    """The program exists and can't be executed."""

    exit_status = 126
    code = "not-executable"


class NotFound(XswitchError):
    """The program does not exist."""

    exit_status = 127
    code = "not-found"


class Cancelled(XswitchError):
    """The person stopped it."""

    exit_status = 130
    code = "cancelled"

    def __init__(self, message: str = "cancelled", hint: str = "") -> None:
        super().__init__(message, hint)
