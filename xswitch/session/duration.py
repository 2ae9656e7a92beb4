"""How long a session may last, and what decided it: pure arithmetic on AWS's rules and the catalog's.

Sources: the STS API reference (AssumeRole, DurationSeconds: 900 to the role's MaxSessionDuration, at most 43200,
default 3600) and the IAM User Guide ("Terms and concepts", role chaining: at most one hour).
"""

from __future__ import annotations

from typing import Final

from xswitch.catalog.model import Environment
from xswitch.errors import Usage
from xswitch.session.model import Caller, CallerKind
from xswitch.text import say_duration

SHORTEST: Final = 900
LONGEST: Final = 43200
HOUR: Final = 3600
"""Seconds: the default of AssumeRole, the least that any role allows as its maximum, and the limit of a chain."""
SESSION_TOKEN_LIFE: Final = 43200
"""Seconds that GetSessionToken is asked for: its default, kept to its end so that one code serves many roles."""
CHAIN: Final = "as every chain does"
ROLE: Final = "the role's maximum"
BELOW: Final = "the role gives less than "
"""Begins what is said where AWS refused a longer session and nothing says what the role's maximum is."""
SET: Final = "as its permission set says"
SET_UNKNOWN: Final = "or more, as its permission set says"
"""The session duration of a permission set is an hour at least, and told by what AWS gives alone."""
SHARED: Final = "mfa_session is always"
"""The person's own setting: one code for every role, by GetSessionToken, whose keys give an hour a role."""
GIVEN: Final = "all that AWS gave"
"""AWS's answer ends before what the request asked for."""
SHORTER_BY: Final = 60
"""Seconds by which an answer has to be shorter than the request to be called shorter."""

_HOURLY: Final[dict[CallerKind, str]] = {
    "role": CHAIN,
    "session-token": "all that session keys get",
    "federated": "all that session keys get",
    "root": "all that session keys get",
    "unknown": "until it is known whose keys these are",
}


class RefusedFrom(int):
    """Seconds of a role that AWS refused: less may be given, but that and more is not asked for."""


def below(refused: int, catalogued: int | None) -> tuple[int, str]:
    """Return the seconds to ask for once ``refused`` was too long, the catalog's shorter wish or an hour, and why."""
    shorter = catalogued if catalogued is not None and catalogued < refused else HOUR
    return shorter, f"{BELOW}{say_duration(refused)}"


def ladder(
    asked: int | None,
    catalogued: int | None,
    *,
    chained: bool,
    caller: Caller,
    environment: Environment | None,
    role_maximum: int | None,
    shared: bool = False,
) -> tuple[int, str, int | None]:
    """Return the seconds to ask for, what decided them, and what was wanted where that was longer (else None).

    Asked for, else the catalog's, else an hour; then capped by the chain or the kind of caller, by the environment's
    maximum and by what is known of the role's, the first named where two are equal. What AWS refused is not asked for.
    ``shared`` tells that the MFA code is for every role, whatever is asked.
    """
    wanted = asked or catalogued or HOUR
    caps: list[tuple[int, str]] = []
    if chained:
        caps.append((HOUR, CHAIN))
    elif caller.kind != "user":
        caps.append((HOUR, _HOURLY[caller.kind]))
    elif shared:
        caps.append((HOUR, SHARED))
    if environment is not None and environment.max_duration is not None:
        caps.append((environment.max_duration, f"{environment.name}'s maximum"))
    if role_maximum is not None and not isinstance(role_maximum, RefusedFrom):
        caps.append((role_maximum, ROLE))
    cap, why = min(caps, key=lambda pair: pair[0], default=(LONGEST, "AWS's maximum"))
    if isinstance(role_maximum, RefusedFrom) and min(wanted, cap) >= role_maximum > HOUR:
        cap, why = below(role_maximum, catalogued)
    seconds = max(SHORTEST, min(wanted, cap, LONGEST))
    if wanted > seconds:
        return seconds, why, wanted if asked or catalogued else None
    if asked:
        return seconds, "as asked", None
    if seconds == cap:
        return seconds, why, None
    return seconds, "as the catalog says" if catalogued else "AWS's default", None


def of_permission_set(known: int | None, environment: Environment | None) -> tuple[int, str, int | None]:
    """Return for how many seconds a session of a permission set is used, as :func:`ladder` does for a role's.

    ``known`` is what AWS gave last: nothing can be asked for. An environment's maximum ends its use here before that.
    """
    most = environment.max_duration if environment is not None else None
    if environment is not None and most is not None and most <= (known or HOUR):
        return most, f"{environment.name}'s maximum", known if known and known > most else None
    return (known, SET, None) if known else (HOUR, SET_UNKNOWN, None)


def checked(asked: int | None) -> int | None:
    """Return a duration that a person asked for, in seconds. Raises Usage outside 15 minutes to 12 hours."""
    if asked is not None and not SHORTEST <= asked <= LONGEST:
        raise Usage(f"a session lasts 15m to 12h, not {asked}s", "give --duration a time in between, such as 1h")
    return asked
