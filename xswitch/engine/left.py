"""How much of a session has to be left, and what is said where it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xswitch.errors import PersonNeeded
from xswitch.session.limits import ON_THE_WAY, SERVED_ABOVE
from xswitch.text import clean, say_duration

if TYPE_CHECKING:
    from xswitch.session.model import Plan, Session

SERVED_AT_LEAST: Final = 60
"""``credential-process``: with fewer than this many seconds left there is nothing to serve."""
SDK_PATIENCE: Final = 45.0
"""``credential-process``: seconds to wait for another process that opens the same session. The AWS SDK for Go gives a
``credential_process`` one minute (processcreds.DefaultTimeout); what it then gets is an answer, not a killed child."""
RENEWAL_PATIENCE: Final = 5.0
"""The same, where what is left of a session can be served instead."""


def served_above(plan: Plan) -> int:
    """Return the seconds above which an SDK gets a live session as it is: 15 minutes, or half of what lasts no longer.

    A session that is asked for 15 minutes never has more than that left, and would be renewed at each call.
    """
    return SERVED_ABOVE if plan.duration > SERVED_ABOVE else plan.duration // 2


def check_length(plan: Plan, seconds: int) -> None:
    """Raise PersonNeeded where no session of the plan can have so many seconds left."""
    if seconds > plan.duration:
        raise PersonNeeded(
            f"a session of {clean(plan.target.name)} lasts {say_duration(plan.duration)}, {plan.why}: "
            f"{say_duration(seconds)} can't be had",
            "ask for less with --min-ttl, or for more with --duration",
        )


def has_left(session: Session, now: float, seconds: int) -> bool:
    """Tell whether a session has so many seconds left, but for those on the way from AWS. ``now`` is AWS's time."""
    return session.expires - now >= seconds - ON_THE_WAY


def check_left(session: Session, now: float, seconds: int) -> None:
    """Raise PersonNeeded where a session has less left than it has to. ``now`` is AWS's time, in epoch seconds."""
    if not has_left(session, now, seconds):
        left = session.expires - now
        raise PersonNeeded(
            f"AWS gave {clean(session.target)} {say_duration(left)}: {say_duration(seconds)} can't be had",
            "ask for less, or see whether the role's maximum was lowered",
        )
