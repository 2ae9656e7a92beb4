"""What the engine shows: sessions, endings, what Enter will do. Plain data, ready to be drawn or printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from xswitch.identity.stored import OLD
from xswitch.session.model import Plan

KINDS: Final = {
    "keys": "IAM user", "sso": "Identity Center", "process": "a program", "profile": "AWS profile",
    "environment": "the environment",
}  # fmt: skip
"""What an identity is, by its kind, in the words of the screens."""

Renewal = Literal["by itself", "no code", "a code", "a login", "confirmation", "can't"]


@dataclass(frozen=True, slots=True)
class Live:
    """A session as the vault's headers tell it, readable without the key. Times are epoch seconds, UTC.

    ``duration`` is its whole life in seconds; ``renewal`` says what renewing it needs; ``in_use_by`` has words such as
    ``shell`` or ``exec terraform`` with the epoch second, by this machine's clock, at which each began. ``why`` says
    what decided the duration, ``asked`` how many seconds were wanted where that was longer, else None.
    """

    target: str
    account_id: str
    account: str
    role: str
    environment: str
    arn: str
    identity: str
    region: str
    issued: float
    expires: float
    duration: int
    renewal: Renewal
    in_use_by: tuple[tuple[str, float], ...]
    why: str = ""
    asked: int | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """A session that is over: it ran out (``by_person`` False) or the person ended it, at ``at``.

    ``restorable`` tells whether :meth:`Engine.restore` can still bring it back (half a minute after an end).
    """

    target: str
    at: float
    by_person: bool
    restorable: bool


@dataclass(frozen=True, slots=True)
class Outlook:
    """What Enter will do for a plan, given what is in the vault now. Made without the key and without the network.

    ``live`` is the session that would be served, if any; ``code`` whether an MFA code will be asked for; ``confirm``
    whether the guard will be asked (it is not where a grant is live, until ``granted_until``); ``login`` whether
    somebody has to sign in to IAM Identity Center first.
    """

    plan: Plan
    live: Live | None
    code: bool
    confirm: bool
    granted_until: float | None
    login: bool = False


@dataclass(frozen=True, slots=True)
class Practice:
    """What the practice authenticator shows: ``code`` (six digits), seconds left, and whether it was spent."""

    code: str
    left: int
    spent: bool


@dataclass(frozen=True, slots=True)
class IdentityView:
    """An identity as `identity list` shows it; what is not known is "" or None.

    ``key_age_days`` is the age of its long-lived key where ``key_age_known``: IAM said when it was made. Else it is for
    how long the vault has had the key, which may be older.
    ``expires`` is when the token of a login ends (epoch seconds), ``renews`` whether it can be refreshed then.
    """

    name: str
    kind: str
    account_id: str
    arn: str
    key_age_days: int | None
    key_age_known: bool = False
    expires: float | None = None
    renews: bool = False

    @property
    def key_is_old(self) -> bool:
        """Tell whether it is time for another key."""
        return self.key_age_days is not None and self.key_age_days > OLD
